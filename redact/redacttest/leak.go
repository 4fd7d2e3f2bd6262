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

// hostile are texts that have broken scanners before.
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

func texts() []string {
	all := slices.Clone(hostile)
	for _, d := range append(Calls(), Clean()...) {
		all = append(all, d.Text)
	}
	return all
}

// Recognizer tests what the engine relies on in any recognizer.
func Recognizer(t *testing.T, r redact.Recognizer) {
	find := func(t *testing.T, text string) ([]redact.Span, bool) {
		t.Helper()
		spans, err := r.Find(redact.NewText(text), nil)
		if err != nil && len(text) > 20 && strings.Contains(err.Error(), text) {
			t.Errorf("the error of %s quotes the text", r.Name())
		}
		return spans, err == nil
	}
	t.Run("it has a name", func(t *testing.T) {
		if r.Name() == "" {
			t.Error("the name is empty")
		}
	})
	t.Run("a span lies within the text on character boundaries", func(t *testing.T) {
		for _, text := range texts() {
			spans, _ := find(t, text)
			for _, s := range spans {
				if !valid(text, s) {
					t.Fatalf("%s: bytes %d to %d of %q", s.Rule, s.Start, s.End, text)
				}
				if s.Kind == "" || s.Score <= 0 || s.Score > 1 || s.Rule == "" {
					t.Fatalf("incomplete span %+v in %q", s, text)
				}
			}
		}
	})
	t.Run("it appends to dst and keeps what is there", func(t *testing.T) {
		before := redact.Span{Start: 1, End: 2, Kind: "BEFORE", Score: 1, Rule: "before"}
		for _, text := range texts() {
			alone, ok := find(t, text)
			spans, err := r.Find(redact.NewText(text), []redact.Span{before})
			if !ok && err != nil {
				continue
			}
			if len(spans) != len(alone)+1 || spans[0] != before || !slices.Equal(spans[1:], alone) {
				t.Fatalf("dst was changed on %q", text)
			}
		}
	})
	t.Run("it keeps nothing between texts, also when used concurrently", func(t *testing.T) {
		all := texts()
		want := make([][]redact.Span, len(all))
		for i, text := range all {
			want[i], _ = find(t, text)
		}
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := g; i < len(all); i += 2 {
					if got, _ := r.Find(redact.NewText(all[i]), nil); !slices.Equal(got, want[i]) {
						t.Errorf("a second reading of %q differs", all[i])
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

func valid(text string, s redact.Span) bool {
	return s.Start >= 0 && s.Start < s.End && s.End <= len(text) && boundary(text, s.Start) && boundary(text, s.End)
}

func boundary(text string, i int) bool { return i == len(text) || utf8.RuneStart(text[i]) }

// Marker is a word that the recognizer in [Engine] flags as medical, in any
// letter case, wherever it stands.
const Marker = "qzxmarkerxzq"

type marker struct{}

func (marker) Name() string { return "marker" }

func (marker) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	for i := range t.Tokens {
		if t.Is(i, Marker) {
			dst = append(dst, t.Span(i, i+1, redact.Medical, "marker", 1, "marker"))
		}
	}
	return dst, nil
}

// Engine tests that nothing that a recognizer flags leaves an engine. build
// makes one with the extra recognizer beside its own and a policy that keeps
// nothing of what is medical.
func Engine(t *testing.T, build func(t *testing.T, extra redact.Recognizer) *redact.Engine) {
	e := build(t, marker{})
	t.Run("spans are sorted, disjoint and within the text", func(t *testing.T) {
		for _, text := range texts() {
			result, err := e.Analyze(text)
			if err != nil {
				continue
			}
			from := 0
			for _, s := range result.Spans {
				if s.Start < from || !valid(text, s) {
					t.Fatalf("bytes %d to %d of %q", s.Start, s.End, text)
				}
				from = s.End
			}
		}
	})
	t.Run("an injected marker never leaves, however it is written", func(t *testing.T) {
		for n, text := range texts() {
			word := []string{Marker, strings.ToUpper(Marker), "Q" + Marker[1:]}[n%3]
			for _, at := range wordBreaks(text, 6) {
				marked := text[:at] + " " + word + " " + text[at:]
				outs := []string{e.Redact(marked), string(e.AppendRedact([]byte("kept "), marked))}
				if medical(t, e, marked, word) {
					_, safe := e.Split(marked)
					outs = append(outs, safe)
				}
				for _, out := range outs {
					if strings.Contains(strings.ToLower(out), Marker) {
						t.Fatalf("the marker leaves %q", marked)
					}
				}
			}
		}
	})
	t.Run("a stream gives what the whole gives, however it is split", func(t *testing.T) {
		random := rand.New(rand.NewPCG(4, 2)) //nolint:gosec // repeatable on purpose
		stream := strings.Join(texts(), " "+Marker+". ")
		want := e.Redact(stream)
		if strings.Contains(want, Marker) {
			t.Fatal("the marker leaves the whole")
		}
		for _, size := range []func() int{
			func() int { return 1 }, func() int { return 3 }, func() int { return len(Marker) - 1 },
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
				t.Fatalf("a split stream differs at byte %d", differAt(out.String(), want))
			}
		}
	})
	t.Run("what was written is not read again", func(t *testing.T) {
		for _, text := range texts() {
			once := e.Redact(text)
			if twice := e.Redact(once); twice != once {
				t.Fatalf("%q becomes %q, then %q", text, once, twice)
			}
		}
	})
}

// medical reports that word is not part of a contact fact ("Dr Burns"), which
// Split would rightly keep.
func medical(t *testing.T, e *redact.Engine, text, word string) bool {
	t.Helper()
	result, err := e.Analyze(text)
	at := strings.Index(text, word)
	return err != nil || slices.ContainsFunc(result.Spans, func(s redact.Span) bool {
		return s.Kind == redact.Medical && s.Start <= at && at+len(word) <= s.End
	})
}

// wordBreaks returns up to n places in text that do not cut a word.
func wordBreaks(text string, n int) []int {
	at := []int{0, len(text)}
	toks := redact.NewText(text).Tokens
	for i := 0; i < len(toks); i += len(toks)/n + 1 {
		at = append(at, toks[i].Start)
	}
	return at
}

func differAt(a, b string) int {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return i
}
