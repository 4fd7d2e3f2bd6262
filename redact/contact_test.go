package redact_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
)

// checkKind requires that the engine finds exactly the spans of kind that are in
// braces in each sentence, as written and as speech-to-text writes it.
func checkKind(t *testing.T, kind redact.Kind, sentences ...string) {
	t.Helper()
	e := engine(t, redact.Config{})
	for _, want := range sentences {
		doc := redacttest.Doc{Text: strings.NewReplacer("{", "", "}", "").Replace(want)}
		for i, rest := 0, want; ; {
			plain, fact, found := strings.Cut(rest, "{")
			if !found {
				break
			}
			fact, rest, _ = strings.Cut(fact, "}")
			i += len(plain)
			doc.Labels = append(doc.Labels, redacttest.Label{Start: i, End: i + len(fact), Kind: kind})
			i += len(fact)
		}
		for _, d := range []redacttest.Doc{doc, redacttest.Spoken(doc)} {
			res, err := e.Analyze(d.Text)
			require.NoError(t, err)
			var got, wanted []string
			for _, s := range res.Spans {
				if s.Kind == kind {
					got = append(got, d.Text[s.Start:s.End])
				}
			}
			for _, l := range d.Labels {
				wanted = append(wanted, d.Text[l.Start:l.End])
			}
			require.Equal(t, wanted, got, "%s in %q", kind, d.Text)
		}
	}
}

// contacts returns the built-in recognizer of that name.
func contacts(t testing.TB) redact.Recognizer {
	t.Helper()
	for _, r := range redact.Builtin() {
		if r.Name() == "contacts" {
			return r
		}
	}
	t.Fatal("recognizer missing: contacts")
	return nil
}

func TestBuiltin(t *testing.T) {
	t.Run("the recognizer of contacts does not allocate without findings", func(t *testing.T) {
		r := contacts(t)
		text := redact.NewText("okay and alright so this started about a week ago and it has been fairly constant since it started two or three of us saw it at one place")
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = r.Find(text, nil) }))
	})
}

// BenchmarkContacts reads the calls and texts that would take quadratic time in a
// careless recognizer. MB/s must be of the same order for all of them.
func BenchmarkContacts(b *testing.B) {
	var all []string
	for _, d := range append(redacttest.Calls(), redacttest.Clean()...) {
		all = append(all, d.Text)
	}
	r := contacts(b)
	for _, text := range []struct{ name, text string }{
		{"calls", strings.Join(all, " ")},
		{"a", strings.Repeat("a ", 1<<17)},
		{"digits", strings.Repeat("1 ", 1<<17)},
		{"at", strings.Repeat("@", 1<<18)},
		{"house", strings.Repeat("12 high ", 1<<15)},
		{"houses", strings.Repeat("12 high street, ", 1<<14)},
		{"names", strings.Repeat("my name is grace will ", 1<<13)},
		{"emails", strings.Repeat("at a dot ", 1<<14)},
		{"spelling", strings.Repeat("n w 1 ", 1<<15)},
	} {
		b.Run(text.name, func(b *testing.B) {
			t := redact.NewText(text.text)
			spans, _ := r.Find(t, nil)
			b.SetBytes(int64(len(text.text)))
			b.ReportAllocs()
			for b.Loop() {
				spans, _ = r.Find(t, spans[:0])
			}
		})
	}
}
