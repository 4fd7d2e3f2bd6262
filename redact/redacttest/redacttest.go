// Package redacttest tests and scores redaction. [Recognizer] and [Engine] are
// conformance suites for implementations; [Score] measures recall and precision
// on labelled utterances, such as the ones that come with the package ([Calls],
// [Clean], [Blind], [BlindClean]).
package redacttest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// hostile are texts that have broken scanners.
var hostile = []string{
	"", " ", "\n", ".", "'", "''", "@", "@@@@", "a@", "@b.c", "0", "+", "+4", "--", "\x00", "\xff\xfe", "\xe2\x80", "a\xcc\x81",
	"é", "’", "o’connor’s", "ȺȺȺȺ's", "\xa2\xd3's", "İİİ", "ﬃ", "👩‍⚕️", "\u202e0077", "\u200b0\u200b7\u200b7", "٠٧٧٠٠٩٠٠١٢٣", "１２３",
	"my name is", "my name is ", "dr", "dr.", "mrs . ", "i live at", "my address is 1", "flat", "p o box", "the 14th of", "twenty",
	"double", "double double double", "oh oh oh oh oh oh oh oh oh oh oh", "nhs", "card ending", "born", "postcode", "at dot com",
	"x at y dot", "dot dot dot at dot dot", "[REDACTED: MEDICAL]", "[REDACTED: ", "allergic to", "i have", "i'm on",
	strings.Repeat("a ", 500), strings.Repeat("1 ", 500), strings.Repeat("1", 500), strings.Repeat("@", 500),
	strings.Repeat("a@", 300), strings.Repeat("a.", 300), strings.Repeat("dr ", 300), strings.Repeat("one ", 300),
	strings.Repeat("flat 1 ", 200), strings.Repeat("12 high ", 200), strings.Repeat("n w 1 ", 200), strings.Repeat("at a dot ", 200),
	strings.Repeat("my name is ", 100), strings.Repeat("it's ", 200), strings.Repeat("-", 500), strings.Repeat("é", 300),
}

// texts returns the hostile texts and the corpus.
func texts() []string {
	all := slices.Clone(hostile)
	for _, d := range append(Calls(), Clean()...) {
		all = append(all, d.Text)
	}
	return all
}

// Recognizer tests the contract of [redact.Recognizer]. Each subtest quotes it.
func Recognizer(t *testing.T, r redact.Recognizer) {
	// A recognizer may return an error, but the error must not quote the text.
	find := func(t *testing.T, text string) ([]redact.Span, bool) {
		t.Helper()
		spans, err := r.Find(redact.NewText(text), nil)
		if err != nil && len(text) > 20 && strings.Contains(err.Error(), text) {
			t.Errorf("the error of %s quotes the text", r.Name())
		}
		return spans, err == nil
	}
	t.Run("Name must not be empty", func(t *testing.T) {
		if r.Name() == "" {
			t.Error("Name returns an empty string")
		}
	})
	t.Run("a span must lie within t.S, on character boundaries, and have a kind, a rule and a score", func(t *testing.T) {
		for _, text := range texts() {
			spans, _ := find(t, text)
			for _, s := range spans {
				if !valid(text, s) {
					t.Fatalf("%s: span of bytes %d to %d is not within %q on character boundaries", s.Rule, s.Start, s.End, text)
				}
				if s.Kind == "" || s.Score <= 0 || s.Score > 1 || s.Rule == "" {
					t.Fatalf("incomplete span %+v in %q", s, text)
				}
			}
		}
	})
	t.Run("Find appends its spans to dst and returns dst", func(t *testing.T) {
		before := redact.Span{Start: 1, End: 2, Kind: "BEFORE", Score: 1, Rule: "before"}
		for _, text := range texts() {
			alone, ok := find(t, text)
			spans, err := r.Find(redact.NewText(text), []redact.Span{before})
			if !ok && err != nil {
				continue
			}
			if len(spans) != len(alone)+1 || spans[0] != before || !slices.Equal(spans[1:], alone) {
				t.Fatalf("Find returns %d spans for %q; want the one in dst and the %d it finds", len(spans), text, len(alone))
			}
		}
	})
	t.Run("it must be safe for concurrent use and must not keep any part of the text", func(t *testing.T) {
		all := texts()
		want := make([][]redact.Span, len(all))
		for i, text := range all {
			want[i], _ = find(t, text)
		}
		var wg sync.WaitGroup
		// Four goroutines, two of them on the same texts.
		for g := range 4 {
			wg.Go(func() {
				for i := g; i < len(all); i += 2 {
					if got, _ := r.Find(redact.NewText(all[i]), nil); !slices.Equal(got, want[i]) {
						t.Errorf("a second Find on %q returns other spans", all[i])
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

// valid reports whether s lies within text on character boundaries.
func valid(text string, s redact.Span) bool {
	return s.Start >= 0 && s.Start < s.End && s.End <= len(text) && boundary(text, s.Start) && boundary(text, s.End)
}

func boundary(text string, i int) bool { return i == len(text) || utf8.RuneStart(text[i]) }

// marker is a word that markerRecognizer flags as medical, in any letter case and
// any context.
const marker = "qzxmarkerxzq"

type markerRecognizer struct{}

func (markerRecognizer) Name() string { return "marker" }

func (markerRecognizer) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	for i := range t.Tokens {
		if t.Is(i, marker) {
			dst = append(dst, t.Span(i, i+1, redact.Medical, "marker", 1, "marker"))
		}
	}
	return dst, nil
}

// Engine tests that an engine never returns text that a recognizer has flagged.
// build must return an engine with the extra recognizer besides its own ones, and
// with a policy that replaces medical facts.
func Engine(t *testing.T, build func(t *testing.T, extra redact.Recognizer) *redact.Engine) {
	e := build(t, markerRecognizer{})
	t.Run("Analyze returns sorted and disjoint spans within the text", func(t *testing.T) {
		for _, text := range texts() {
			result, err := e.Analyze(text)
			if err != nil {
				continue
			}
			from := 0
			for _, s := range result.Spans {
				if s.Start < from || !valid(text, s) {
					t.Fatalf("span of bytes %d to %d overlaps or is not within %q", s.Start, s.End, text)
				}
				from = s.End
			}
		}
	})
	t.Run("Redact, AppendRedact and Split replace a flagged marker in any letter case", func(t *testing.T) {
		for n, text := range texts() {
			// Three spellings in turn.
			word := []string{marker, strings.ToUpper(marker), "Q" + marker[1:]}[n%3]
			for _, at := range wordBreaks(text, 6) {
				marked := text[:at] + " " + word + " " + text[at:]
				outs := []string{e.Redact(marked), string(e.AppendRedact([]byte("kept "), marked))}
				if isMedical(t, e, marked, word) {
					_, safe := e.Split(marked)
					outs = append(outs, safe)
				}
				for _, out := range outs {
					if strings.Contains(strings.ToLower(out), marker) {
						t.Fatalf("the output for %q contains the marker", marked)
					}
				}
			}
		}
	})
	t.Run("Writer returns the same as Redact, however the text is divided", func(t *testing.T) {
		// Writes of one byte, of less than the marker, and of random length, up to two
		// windows.
		random := rand.New(rand.NewPCG(4, 2)) //nolint:gosec // repeatable on purpose
		stream := strings.Join(texts(), " "+marker+". ")
		want := e.Redact(stream)
		if strings.Contains(want, marker) {
			t.Fatal("the output of Redact contains the marker")
		}
		for _, size := range []func() int{
			func() int { return 1 }, func() int { return 3 }, func() int { return len(marker) - 1 },
			func() int { return 1 + random.IntN(40) }, func() int { return 1 + random.IntN(9000) },
		} {
			var out strings.Builder
			w := redact.NewWriter(&out, e)
			for rest := stream; rest != ""; {
				n := min(size(), len(rest))
				if _, err := w.Write([]byte(rest[:n])); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if out.String() != want {
				t.Fatalf("the output of Writer differs from Redact at byte %d", firstDifference(out.String(), want))
			}
		}
	})
	t.Run("Redact returns redacted text unchanged", func(t *testing.T) {
		for _, text := range texts() {
			once := e.Redact(text)
			if twice := e.Redact(once); twice != once {
				t.Fatalf("%q becomes %q, then %q", text, once, twice)
			}
		}
	})
}

// isMedical reports whether e finds word medical. Split rightly keeps a word that
// is part of a contact fact ("Dr Burns").
func isMedical(t *testing.T, e *redact.Engine, text, word string) bool {
	t.Helper()
	result, err := e.Analyze(text)
	at := strings.Index(text, word)
	return err != nil || slices.ContainsFunc(result.Spans, func(s redact.Span) bool {
		return s.Kind == redact.Medical && s.Start <= at && at+len(word) <= s.End
	})
}

// wordBreaks returns up to n+2 offsets in text that do not divide a word.
func wordBreaks(text string, n int) []int {
	at := []int{0, len(text)}
	toks := redact.NewText(text).Tokens
	for i := 0; i < len(toks); i += len(toks)/n + 1 {
		at = append(at, toks[i].Start)
	}
	return at
}

// firstDifference returns the length of the common prefix of a and b.
func firstDifference(a, b string) int {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return i
}
