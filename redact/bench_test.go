package redact

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// speechLike returns n bytes of what callers say: mostly everyday words, some
// facts, numbers and addresses.
func speechLike(n int) string {
	lines := []string{
		"okay and alright and so this started about a week ago has it been fairly constant since it started or does it come and go\n",
		"yeah i stay pretty close to the house i've been doing some light housekeeping and i think i seem to be doing okay\n",
		"I'd like to move my appointment to Wednesday at eleven, or Thursday at four if that suits you better.\n",
		"My mother has dementia and Parkinson's, and I've had back pain since the fall.\n",
		"It is good to see you too. I have been good. We have a small house by the bay just two miles away from your office.\n",
		"I live at 12 Harley Street, London W1G 9PF, and my number is 07700 900123.\n",
		"The receptionist said you would call me back after lunch, but nobody did, so I am calling again.\n",
		"uh i don't know maybe i'm not drinking enough water yeah i drink i think i don't drink enough water\n",
		"So, what else do you like? What are your hobbies? Are you eating and drinking okay?\n",
		"No, I've never been to your clinic before. Could you spell the name of the street for me, please?\n",
	}
	rng := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(lines[rng.IntN(len(lines))])
	}
	return b.String()[:n]
}

// measure times op, which reads text, and reports the best run: as a rate, and
// as a multiple of the least a redactor must do, look at every byte once. Both
// are best runs of one process, so that a busy machine cancels out.
func measure(b *testing.B, text string, op func()) {
	var sum uint
	floor := best(9, func() {
		for i := 0; i < len(text); i++ {
			sum += uint(class[text[i]])
		}
	})
	runtime.KeepAlive(sum)
	op() // fills the pools
	fastest := time.Duration(1 << 62)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		op()
		fastest = min(fastest, time.Since(start))
	}
	b.ReportMetric(float64(len(text))/fastest.Seconds()/1e6, "best-MB/s")
	b.ReportMetric(float64(fastest)/float64(floor), "x-byte-loop")
}

func best(n int, op func()) time.Duration {
	fastest := time.Duration(1 << 62)
	for range n {
		start := time.Now()
		op()
		fastest = min(fastest, time.Since(start))
	}
	return fastest
}

func BenchmarkWords(b *testing.B) {
	text := speechLike(64 << 10)
	var t Text
	measure(b, text, func() {
		for i := 0; i < len(text); i += windowSize {
			t.Reset(text[i:min(len(text), i+windowSize)])
		}
	})
}

// BenchmarkLexicon finds phrases out of 20,000: cutting into words included.
func BenchmarkLexicon(b *testing.B) {
	text := speechLike(64 << 10)
	var phrases trie
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 0; n < 20_000; n++ {
		words := make([]string, 1+rng.IntN(3))
		for i := range words {
			words[i] = fmt.Sprintf("%c%xitis", 'a'+rng.IntN(26), rng.IntN(9_000))
		}
		phrases.addText(strings.Join(words, " "), 1)
	}
	var t Text
	found := 0
	measure(b, text, func() {
		for i := 0; i < len(text); i += windowSize {
			t.Reset(text[i:min(len(text), i+windowSize)])
			for j := range t.Tokens {
				found += phrases.longest(t.Tokens, j, 1)
			}
		}
	})
}

func BenchmarkMedical(b *testing.B) {
	benchEngine(b, Config{Recognizers: []Recognizer{newMedical()}}, speechLike(64<<10))
}

func BenchmarkPipeline(b *testing.B) {
	benchEngine(b, Config{}, speechLike(64<<10))
}

func BenchmarkStrict(b *testing.B) {
	benchEngine(b, Config{Strict: true}, speechLike(64<<10))
}

func BenchmarkNothingFound(b *testing.B) {
	benchEngine(b, Config{}, "so what else do you like and what are your hobbies")
}

func BenchmarkHostile(b *testing.B) {
	for _, unit := range []string{"a ", "1", "1 ", "@", "a@", "a.", "'", "my ", "\xff", "é", "[REDACTED: ", "i have ", "seven ", "pain in my ", "1 high street "} {
		b.Run(strings.TrimSpace(unit), func(b *testing.B) {
			benchEngine(b, Config{}, strings.Repeat(unit, (1<<20)/len(unit)))
		})
	}
}

func benchEngine(b *testing.B, cfg Config, text string) {
	e, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, 0, 4*len(text))
	measure(b, text, func() { dst = e.AppendRedact(dst[:0], text) })
}

// BenchmarkUtterance redacts 200 words and reports percentiles.
func BenchmarkUtterance(b *testing.B) {
	e, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Join(strings.Fields(speechLike(4096))[:200], " ")
	times := make([]time.Duration, 0, 1<<16)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		dst = e.AppendRedact(dst[:0], text)
		if len(times) < cap(times) {
			times = append(times, time.Since(start))
		}
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2])/1e3, "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100])/1e3, "p99-µs")
}

func BenchmarkWriter(b *testing.B) {
	e, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	text := speechLike(64 << 10)
	measure(b, text, func() {
		w := NewWriter(io.Discard, e)
		for chunk := range slices.Chunk([]byte(text), 100) {
			_, _ = w.Write(chunk)
		}
		_ = w.Close()
	})
}

// BenchmarkStart compiles the vocabulary, which New does once per program.
func BenchmarkStart(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	keep := compile()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(keep)
	fastest := time.Duration(1 << 62)
	for b.Loop() {
		fastest = min(fastest, best(1, func() { compile() }))
	}
	b.ReportMetric(float64(fastest)/1e6, "best-ms")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB-kept")
}

// BenchmarkHandler logs a clean record with and without the redacting handler
// and reports the difference.
func BenchmarkHandler(b *testing.B) {
	e, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	bare := slog.NewTextHandler(io.Discard, nil)
	read := NewHandler(bare, e)
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "call ended", 0)
	r.AddAttrs(slog.String("org", "0193f7c2-6f0e-7c1a-b6b8-2f7f0d1c9a55"), slog.String("call", "c-123"),
		slog.Int("intents", 1), slog.Duration("took", time.Millisecond), slog.String("reason", "customer-ended-call"))
	ctx := context.Background()
	const batch = 1000
	without := best(30, func() {
		for range batch {
			_ = bare.Handle(ctx, r)
		}
	})
	with := best(30, func() {
		for range batch {
			_ = read.Handle(ctx, r)
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		_ = read.Handle(ctx, r)
	}
	b.ReportMetric(float64(with-without)/batch, "overhead-ns")
	b.ReportMetric(float64(with)/float64(without), "x-bare")
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("pools do not hold under the race detector")
	}
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, 0, 4096)
	for text, most := range map[string]float64{
		"so what else do you like and what are your hobbies": 0,
		"I have heart disease, call me on 07700 900123.":     1,
	} {
		e.Redact(text) // fills the pools
		if n := testing.AllocsPerRun(200, func() { dst = e.AppendRedact(dst[:0], text) }); n > most {
			t.Errorf("%q: %v allocations, want at most %v", text, n, most)
		}
	}
	var buf bytes.Buffer
	h := NewHandler(slog.NewTextHandler(&buf, nil), e)
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "call ended", 0)
	r.AddAttrs(slog.String("reason", "customer-ended-call"), slog.Int("n", 1))
	if n := testing.AllocsPerRun(200, func() { buf.Reset(); _ = h.Handle(context.Background(), r) }); n > 0 {
		t.Errorf("clean record: %v allocations", n)
	}
}
