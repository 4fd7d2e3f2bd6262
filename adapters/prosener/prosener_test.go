package prosener_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jdkato/prose/v2"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/prosener"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
)

func ExampleNew() {
	engine, err := redact.New(redact.Config{
		Recognizers: []redact.Recognizer{prosener.New()},
		Threshold:   0.4,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(engine.Redact("My name is John Smith"))
	// Output:
	// My name is [REDACTED: PERSON]
}

// found returns the kinds and words of the spans of Find.
func found(t *testing.T, text string) []string {
	t.Helper()
	spans, err := prosener.New().Find(redact.NewText(text), nil)
	require.NoError(t, err)
	var out []string
	for _, s := range spans {
		require.Less(t, s.Score, float32(0.5), "the score must be under the default threshold")
		out = append(out, string(s.Kind)+" "+text[s.Start:s.End])
	}
	return out
}

func TestRecognizer(t *testing.T) {
	redacttest.Recognizer(t, prosener.New())
}

func TestRecognizer_Find(t *testing.T) {
	t.Parallel()
	t.Run("names and places with capitals are found", func(t *testing.T) {
		t.Parallel()
		for text, want := range map[string][]string{
			"My name is John Smith":                            {"PERSON John Smith"}, // at the end of the text, where prose loses it
			"I saw David Brown and “David Brown” again today.": {"PERSON David Brown", "PERSON David Brown"},
			"my name is john smith":                            nil, // prose needs capitals
			"I have a headache.":                               nil,
			"Hi. Um. OK. Yes.":                                 nil, // prose takes these for places and persons
			"I live in London now.":                            {"LOCATION London"},
			"London is expensive.":                             nil, // without a word such as "live"
		} {
			require.Equal(t, want, found(t, text), "%q", text)
		}
	})
	// The red control: prose alone panics on these words.
	t.Run("an input that panics prose is an error", func(t *testing.T) {
		t.Parallel()
		model := prose.ModelFromData("bare")
		engine, err := redact.New(redact.Config{Recognizers: []redact.Recognizer{prosener.New()}, Threshold: 0.4})
		require.NoError(t, err)
		for _, word := range []string{"ȺȺȺȺ's", "\xa2\xd3's"} {
			text := "I am Sarah " + word
			require.Panics(t, func() { _, _ = prose.NewDocument(text, prose.UsingModel(model), prose.WithSegmentation(false)) }, "%q", text)

			spans, err := prosener.New().Find(redact.NewText(text), nil)
			require.Error(t, err)
			require.Empty(t, spans)
			require.NotContains(t, err.Error(), "Sarah")
			require.Equal(t, "[REDACTED: ERROR]", engine.Redact(text), "the engine fails closed")
		}
		require.EqualValues(t, 2, engine.Faults())
	})
	t.Run("a text above 64 KB is refused", func(t *testing.T) {
		t.Parallel()
		_, err := prosener.New().Find(redact.NewText("I am Sarah "+strings.Repeat("so ", 1<<16)), nil)
		require.ErrorIs(t, err, prosener.ErrTooLong)
	})
}

func FuzzFind(f *testing.F) {
	for _, text := range []string{"My name is John Smith", "ȺȺȺȺ's Bob", "\xa2\xd3's", "“O’Connor” and O'Connor's", "Mr. A. B. C.", "\u2019S \u201cBob"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 512 {
			return
		}
		spans, err := prosener.New().Find(redact.NewText(text), nil)
		if err != nil {
			return
		}
		from := 0
		for _, s := range spans {
			if s.Start < from || s.End <= s.Start || s.End > len(text) || !utf8.ValidString(text[s.Start:s.End]) {
				t.Fatalf("span %d to %d of %q", s.Start, s.End, text)
			}
			from = s.End
		}
	})
}

// BenchmarkRatio reports how many times faster the built-in recognizers redact
// than prose finds names, with one shared model, in one run.
func BenchmarkRatio(b *testing.B) {
	var all []string
	for _, d := range redacttest.Calls() {
		all = append(all, d.Text)
	}
	text := strings.Join(all, " ")
	short := text[:2000]
	engine, err := redact.New(redact.Config{})
	require.NoError(b, err)
	model := prose.ModelFromData("shared")
	pipeline := best(20, func() { engine.Redact(text) }) / time.Duration(len(text)/1000)
	bare := best(5, func() {
		_, _ = prose.NewDocument(short, prose.UsingModel(model), prose.WithSegmentation(false))
	}) / time.Duration(len(short)/1000)
	buf := make([]byte, 0, 2*len(text))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		buf = engine.AppendRedact(buf[:0], text)
	}
	b.ReportMetric(float64(bare)/float64(pipeline), "x-faster-than-prose")
	b.ReportMetric(float64(time.Second)/float64(bare)/1000, "prose-MB/s")
}

// best returns the shortest of n runs of f.
func best(n int, f func()) time.Duration {
	var took []time.Duration
	for range n {
		start := time.Now()
		f()
		took = append(took, time.Since(start))
	}
	return slices.Min(took)
}
