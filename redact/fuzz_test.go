package redact_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/callwaiting-ai/callwaiting/redact"
)

const fuzzMarker = "zqMARKERqz"

func fuzzEngine(f *testing.F) *redact.Engine {
	for _, s := range append(calls,
		"", "\x00", "a", "'", "@", "[REDACTED: MEDICAL]", "[REDACTED: ", "\xff\xfe", "ȺȺȺȺ's", "\xa2\xd3's", "e\u0301\u0301\u200d'", "ʼ", "ʼn ʼ",
		strings.Repeat("a ", 3000), strings.Repeat("1", 5000), strings.Repeat("\x80", 9000), strings.Repeat("@.", 4000),
		strings.Repeat("pain in my ", 700), strings.Repeat("oh seven double ", 400)+fuzzMarker+strings.Repeat(" 1 high street", 300),
		"diagnosed with "+fuzzMarker, "my name is "+fuzzMarker+", M1 4BT") {
		f.Add(s, uint64(len(s)))
	}
	return engine(f, redact.Config{Recognizers: append(redact.Builtin(), wordRecognizer{fuzzMarker: {Kind: "MARK", Score: 0.6}})})
}

func FuzzAnalyze(f *testing.F) {
	e := fuzzEngine(f)
	f.Fuzz(func(t *testing.T, text string, at uint64) {
		if len(text) > 0 { // the marker may be anywhere
			i := int(at % uint64(len(text)))
			text = text[:i] + fuzzMarker + text[i:]
		}
		res, err := e.Analyze(text)
		if err != nil {
			t.Fatal(err)
		}
		end := 0
		for _, s := range res.Spans {
			if s.Start < end || s.End <= s.Start || s.End > len(text) || s.Kind == "" || s.Rule == "" && s.Kind != "MARK" {
				t.Fatalf("bad span %+v after byte %d", s, end)
			}
			if !utf8.RuneStart(text[s.Start]) && utf8.ValidString(text) {
				t.Fatalf("span %+v begins inside a character", s)
			}
			end = s.End
		}
		if strings.Contains(e.Redact(text), fuzzMarker) {
			t.Fatal("a flagged marker is in the output")
		}
		if _, safe := e.Split(text); len(res.Spans) == 0 && safe != text {
			t.Fatal("Split changed a text without findings")
		}
	})
}

func FuzzWriter(f *testing.F) {
	e := fuzzEngine(f)
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		if len(text) > 0 && seed%3 == 0 {
			text = strings.Repeat(text, 1+rng.IntN(1+9000/len(text)))
		}
		want := e.Redact(text)
		if got := inPieces(t, e, text, rng); got != want {
			t.Fatalf("in pieces %q, as a whole %q", got, want)
		}
		if strings.Contains(want, fuzzMarker) {
			t.Fatal("a flagged marker is in the output")
		}
	})
}
