package redacttest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
)

func newEngine(t testing.TB, extra ...redact.Recognizer) *redact.Engine {
	e, err := redact.New(redact.Config{Recognizers: append(redact.Builtin(), extra...)})
	require.NoError(t, err)
	return e
}

func analyze(e *redact.Engine) func(string) ([]redact.Span, error) {
	return func(text string) ([]redact.Span, error) {
		r, err := e.Analyze(text)
		return r.Spans, err
	}
}

func TestRecognizer(t *testing.T) {
	for _, r := range redact.Builtin() {
		t.Run(r.Name(), func(t *testing.T) { redacttest.Recognizer(t, r) })
	}
}

func TestEngine(t *testing.T) {
	t.Parallel()
	redacttest.Engine(t, func(t *testing.T, extra redact.Recognizer) *redact.Engine { return newEngine(t, extra) })
}

// A threshold is a goal for one kind on a set of labelled utterances.
type threshold struct {
	kind              redact.Kind
	recall, precision float64
	sources           []string // all calls if none
}

var thresholds = []threshold{
	{redact.Medical, .92, .95, nil},
	{redact.Email, .99, .99, nil},
	{redact.Phone, .97, .95, nil},
	{redact.Address, .93, .93, nil},
	{redact.Date, .95, .93, nil},
	{redact.ID, .95, .93, nil},
	{redact.Person, .90, .90, []string{"own-calls", "calls"}},
	{redact.Person, .80, .85, []string{"own-calls-asr", "calls-asr"}},
}

// requireScore scores the built-in recognizers on docs against thresholds and
// logs every miss of a kind that fails.
func requireScore(t *testing.T, docs []redacttest.Doc, thresholds []threshold) {
	t.Helper()
	table, misses, err := redacttest.Score(docs, analyze(newEngine(t)))
	require.NoError(t, err)
	for _, want := range thresholds {
		got := table.Of(want.kind, want.sources...)
		t.Logf("%-8s %v: recall %.3f, precision %.3f, char recall %.3f (%d labels)",
			want.kind, want.sources, got.Recall(), got.Precision(), got.CharRecall(), got.Labelled)
		if got.Recall() < want.recall || got.Precision() < want.precision {
			t.Errorf("%s: recall %.3f, precision %.3f; want %.2f and %.2f", want.kind, got.Recall(), got.Precision(), want.recall, want.precision)
			for _, m := range misses {
				if m.Label.Kind == want.kind {
					t.Logf("%s false=%v %q in %q", m.Doc.ID, m.False, m.Doc.Text[m.Label.Start:m.Label.End], m.Doc.Text)
				}
			}
		}
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	t.Run("recall and precision reach the goals", func(t *testing.T) {
		t.Parallel()
		requireScore(t, redacttest.Calls(), thresholds)
	})
	t.Run("the set has at least 150 calls and 60 clean sentences", func(t *testing.T) {
		t.Parallel()
		count := map[string]int{}
		for _, d := range append(redacttest.Calls(), redacttest.Clean()...) {
			count[d.Source]++
		}
		require.GreaterOrEqual(t, count["own-calls"], 150)
		require.GreaterOrEqual(t, count["own-clean"], 60)
	})
}

func TestClean(t *testing.T) {
	t.Parallel()
	t.Run("there is at most one false medical span per 100 sentences", func(t *testing.T) {
		t.Parallel()
		for _, set := range []struct {
			docs  []redacttest.Doc
			limit float64 // false medical spans per 100 sentences
		}{{redacttest.Clean(), 1}, {redacttest.BlindClean(), 1}} {
			table, misses, err := redacttest.Score(set.docs, analyze(newEngine(t)))
			require.NoError(t, err)
			medical := table.Of(redact.Medical)
			wrong := 100 * float64(medical.Found-medical.Right) / float64(len(set.docs))
			t.Logf("%.1f false medical spans per 100 of %d sentences", wrong, len(set.docs))
			if wrong > set.limit {
				t.Errorf("want %.1f at most", set.limit)
				for _, m := range misses {
					if m.Label.Kind == redact.Medical {
						t.Logf("%q in %q", m.Doc.Text[m.Label.Start:m.Label.End], m.Doc.Text)
					}
				}
			}
		}
	})
}

func TestRead(t *testing.T) {
	t.Parallel()
	// The development set is not part of the repository, because its
	// transcripts may not be copied.
	t.Run("recall and precision on the development set reach the goals", func(t *testing.T) {
		t.Parallel()
		f, err := os.Open(filepath.Join("..", "..", "..", "shared", "redact-eval", "dev.jsonl"))
		if err != nil {
			t.Skip("development set missing")
		}
		defer f.Close()
		docs, err := redacttest.Read(f)
		require.NoError(t, err)
		var calls []redacttest.Doc
		for _, d := range docs {
			if !strings.HasPrefix(d.Source, "clean") {
				calls = append(calls, d)
			}
		}
		requireScore(t, calls, thresholds)
	})
	t.Run("byte offsets are preferred to code points", func(t *testing.T) {
		t.Parallel()
		docs, err := redacttest.Read(strings.NewReader(`{"id":"1","source":"s","text":"né Ann","spans":[{"start":3,"end":6,"bstart":4,"bend":7,"label":"PERSON"}]}` + "\n"))
		require.NoError(t, err)
		l := docs[0].Labels[0]
		require.Equal(t, "Ann", docs[0].Text[l.Start:l.End])
		for _, bad := range []string{`{`, `{"text":"a","spans":[{"start":0,"end":2}]}`, `{"text":"a","spans":[{"start":1,"end":1}]}`} {
			_, err := redacttest.Read(strings.NewReader(bad))
			require.Error(t, err, bad)
		}
	})
}

func TestBlind(t *testing.T) {
	t.Parallel()
	// A floor may be raised but not lowered.
	t.Run("recall and precision reach their floors", func(t *testing.T) {
		t.Parallel()
		requireScore(t, redacttest.Blind(), []threshold{
			{redact.Medical, .92, .95, nil},
			{redact.Email, .99, .99, nil},
			{redact.Phone, .97, .95, nil},
			{redact.Address, .93, .93, nil},
			{redact.Date, .95, .93, nil},
			{redact.ID, .95, .93, nil},
			{redact.Person, .90, .90, []string{"blind-calls", "blind-consults"}},
			{redact.Person, .80, .85, []string{"blind-calls-asr", "blind-consults-asr"}},
		})
	})
}

func TestScore(t *testing.T) {
	t.Parallel()
	// The red control: the score must be able to fail.
	t.Run("an engine without findings has recall 0", func(t *testing.T) {
		t.Parallel()
		table, misses, err := redacttest.Score(redacttest.Calls(), func(string) ([]redact.Span, error) { return nil, nil })
		require.NoError(t, err)
		require.Zero(t, table.Of(redact.Medical).Recall())
		require.NotEmpty(t, misses)
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	t.Run("labels are cut out of the text", func(t *testing.T) {
		t.Parallel()
		text, labels, err := redacttest.Parse("I take {MEDICAL:warfarin}, {?MEDICAL:café} too")
		require.NoError(t, err)
		require.Equal(t, "I take warfarin, café too", text)
		require.Equal(t, []redacttest.Label{{7, 15, redact.Medical, false}, {17, 22, redact.Medical, true}}, labels)
		for _, bad := range []string{"{MEDICAL:x", "{MEDICAL}", "x}", "{A:{B:c}}", "{A:}"} {
			_, _, err := redacttest.Parse(bad)
			require.Error(t, err, bad)
		}
	})
}

func TestSpoken(t *testing.T) {
	t.Parallel()
	t.Run("labels move with the text", func(t *testing.T) {
		t.Parallel()
		text, labels, err := redacttest.Parse("Hi, it's {PERSON:Dr. Émile O'Hara}; call {PHONE:(202) 555-0137}, please.")
		require.NoError(t, err)
		d := redacttest.Spoken(redacttest.Doc{ID: "1", Source: "calls", Text: text, Labels: labels})
		require.Equal(t, "hi it's dr émile o'hara call 202 555-0137 please", d.Text)
		require.Equal(t, "dr émile o'hara", d.Text[d.Labels[0].Start:d.Labels[0].End])
		require.Equal(t, "202 555-0137", d.Text[d.Labels[1].Start:d.Labels[1].End])
		require.Equal(t, "calls-asr", d.Source)
	})
}
