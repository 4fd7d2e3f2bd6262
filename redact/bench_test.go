package redact_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/internal/lexicon"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
)

// corpus returns the project's labelled utterances, about 2,600 different texts of
// 122 KB: calls, consultations and sentences without a fact, as written and as
// speech-to-text writes them. Benchmarks run over all of it. Ten lines again and
// again were measured three times as fast (70 against 23 MB/s), because the word
// lists that they touch fit into the processor's cache; and a Handler remembers
// strings without findings.
func corpus() []string {
	var texts []string
	seen := make(map[string]bool)
	for _, docs := range [][]redacttest.Doc{redacttest.Calls(), redacttest.Clean(), redacttest.Blind(), redacttest.BlindClean()} {
		for _, d := range docs {
			if !seen[d.Text] {
				seen[d.Text] = true
				texts = append(texts, d.Text)
			}
		}
	}
	return texts
}

// measure runs op on each text once per iteration, in another order each time, and
// reports the rate. Beside it, it reports the time as a multiple of the least work
// of any redactor, to look at every byte once. Both are sums of the best times of
// blocks of texts in one process, so that a busy machine cancels out.
func measure(b *testing.B, texts []string, op func(text string)) time.Duration {
	rng := rand.New(rand.NewPCG(7, 7))
	var class [256]uint8
	class[' '] = 1
	var sum uint
	blocks := inBlocks(texts)
	var floor, fastest bestTimes
	b.SetBytes(size(texts))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer() // once per iteration: it stops the world
		for i, block := range blocks {
			rng.Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
			floor.add(i, func() {
				for _, text := range block {
					for k := 0; k < len(text); k++ {
						sum += uint(class[text[k]])
					}
				}
			})
		}
		b.StartTimer()
		for i, block := range blocks {
			fastest.add(i, func() {
				for _, text := range block {
					op(text)
				}
			})
		}
	}
	runtime.KeepAlive(sum)
	b.ReportMetric(rate(texts, fastest.sum()), "best-MB/s")
	b.ReportMetric(float64(fastest.sum())/float64(floor.sum()), "x-byte-loop")
	return fastest.sum()
}

// inBlocks divides texts into blocks of at least 4 KB. A block takes some tens of
// microseconds, less than a time slice of a busy machine.
func inBlocks(texts []string) (blocks [][]string) {
	for start, end := 0, 1; end <= len(texts); end++ {
		if end == len(texts) || size(texts[start:end]) >= 4<<10 {
			blocks = append(blocks, texts[start:end])
			start = end
		}
	}
	return blocks
}

// bestTimes holds the best time of each block.
type bestTimes []time.Duration

// add runs op, which works on block i.
func (t *bestTimes) add(i int, op func()) {
	if i == len(*t) {
		*t = append(*t, 1<<62)
	}
	(*t)[i] = min((*t)[i], timed(op))
}

func (t bestTimes) sum() (sum time.Duration) {
	for _, d := range t {
		sum += d
	}
	return sum
}

// timed returns the time that op takes.
func timed(op func()) time.Duration {
	start := time.Now()
	op()
	return time.Since(start)
}

// size returns the number of bytes in texts.
func size(texts []string) (n int64) {
	for _, text := range texts {
		n += int64(len(text))
	}
	return n
}

// rate returns MB per second.
func rate(texts []string, took time.Duration) float64 {
	return float64(size(texts)) / took.Seconds() / 1e6
}

// BenchmarkWords cuts the corpus into words.
func BenchmarkWords(b *testing.B) {
	var t redact.Text
	measure(b, corpus(), t.Reset)
}

// BenchmarkLexicon cuts the corpus into words and finds phrases of a set of 20,000:
// the terms of the lexicon and, to make up the number, pairs of them.
func BenchmarkLexicon(b *testing.B) {
	terms := strongTerms()
	var phrases redact.Phrases
	for i := range 20_000 {
		if i < len(terms) {
			phrases.Add(terms[i])
		} else {
			phrases.Add(terms[i-len(terms)] + " " + terms[(i*7919)%len(terms)])
		}
	}
	var t redact.Text
	found := 0
	measure(b, corpus(), func(text string) {
		t.Reset(text)
		for i := range t.Tokens {
			if phrases.Longest(&t, i) > 0 {
				found++
			}
		}
	})
	if found == 0 {
		b.Fatal("no phrase found")
	}
}

// strongTerms returns the terms of the lexicon that are medical in any context.
func strongTerms() []string {
	var terms []string
	seen := make(map[string]bool)
	lexicon.Terms(func(phrase string, ambiguous bool, _ string) bool {
		if !ambiguous && !seen[phrase] {
			seen[phrase] = true
			terms = append(terms, phrase)
		}
		return true
	})
	return terms
}

func BenchmarkMedical(b *testing.B) {
	benchEngine(b, redact.Config{Recognizers: redact.Builtin()[:1]}, corpus())
}

// BenchmarkPipeline redacts each utterance of the corpus. For comparison it reports
// the rate of the shortest redactor that one can write with the standard library:
// a strings.Replacer of the same terms, and one regular expression for contact
// facts. The Replacer alone is faster than the engine, but it has no grammar, no
// context and no contacts; both together do less than the engine and take longer.
func BenchmarkPipeline(b *testing.B) {
	texts := corpus()
	var pairs []string
	for _, term := range strongTerms() {
		pairs = append(pairs, term, "[REDACTED: MEDICAL]")
	}
	terms := strings.NewReplacer(pairs...)
	contacts := regexp.MustCompile(`[\w.+-]+@[\w-]+\.[\w.]+` + // e-mail
		`|\+?\(?\d[\d ()-]{6,}\d` + // phone, card, identity numbers
		`|\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b` + // postcode
		`|\b\d{1,2}/\d{1,2}/\d{2,4}\b` + // date
		`|\b\d+ [a-z]+ (?:street|road|avenue|lane)\b`)
	var replacer, both bestTimes
	for range 20 {
		for i, block := range inBlocks(texts) {
			replacer.add(i, func() {
				for _, text := range block {
					terms.Replace(strings.ToLower(text))
				}
			})
			both.add(i, func() {
				for _, text := range block {
					contacts.ReplaceAllString(terms.Replace(strings.ToLower(text)), "[REDACTED: CONTACT]")
				}
			})
		}
	}
	fastest := benchEngine(b, redact.Config{}, texts)
	b.ReportMetric(rate(texts, replacer.sum()), "replacer-MB/s")
	b.ReportMetric(rate(texts, both.sum()), "stdlib-MB/s")
	b.ReportMetric(float64(both.sum())/float64(fastest), "x-faster-than-stdlib")
}

func BenchmarkStrict(b *testing.B) {
	benchEngine(b, redact.Config{Strict: true}, corpus())
}

// BenchmarkHostile redacts a megabyte of each unit. MB/s must be of the same order
// for all of them: the work must grow linearly with the text.
func BenchmarkHostile(b *testing.B) {
	for _, unit := range []string{"a ", "1", "1 ", "@", "a@", "a.", "'", "my ", "\xff", "é", "[REDACTED: ", "i have ", "seven ", "pain in my ", "1 high street "} {
		b.Run(strings.TrimSpace(unit), func(b *testing.B) {
			benchEngine(b, redact.Config{}, []string{strings.Repeat(unit, (1<<20)/len(unit))})
		})
	}
}

func benchEngine(b *testing.B, cfg redact.Config, texts []string) time.Duration {
	e := engine(b, cfg)
	dst := make([]byte, 0, 4*len(slices.MaxFunc(texts, func(a, b string) int { return len(a) - len(b) })))
	return measure(b, texts, func(text string) { dst = e.AppendRedact(dst[:0], text) })
}

// BenchmarkUtterance redacts 200 words per call and reports percentiles. Each call
// gets another part of the corpus, which is shuffled anew when it is used up.
func BenchmarkUtterance(b *testing.B) {
	e := engine(b, redact.Config{})
	texts := corpus()
	rng := rand.New(rand.NewPCG(7, 7))
	var words []string
	times := make([]time.Duration, 0, 1<<16)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		if len(words) < 200 {
			rng.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
			words = strings.Fields(strings.Join(texts, " "))
		}
		text := strings.Join(words[:200], " ")
		words = words[200:]
		b.StartTimer()
		took := timed(func() { dst = e.AppendRedact(dst[:0], text) })
		if len(times) < cap(times) {
			times = append(times, took)
		}
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2])/1e3, "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100])/1e3, "p99-µs")
}

// BenchmarkWriter redacts the corpus in streams of about 12 KB, in chunks of 100
// bytes.
func BenchmarkWriter(b *testing.B) {
	e := engine(b, redact.Config{})
	var streams []string
	for texts := range slices.Chunk(corpus(), 256) {
		streams = append(streams, strings.Join(texts, "\n"))
	}
	measure(b, streams, func(text string) {
		w := redact.NewWriter(io.Discard, e)
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
	keep := redact.Compile()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(keep)
	fastest := time.Duration(1 << 62)
	for b.Loop() {
		fastest = min(fastest, timed(func() { redact.Compile() }))
	}
	b.ReportMetric(float64(fastest)/1e6, "best-ms")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB-kept")
}

// BenchmarkHandler logs records with and without a redacting Handler and reports
// the time per record of both, and the difference. In "varied" each record of an
// iteration has another text, and the Handler is new, so that its cache of clean
// strings never answers. In "repeated" all records are alike, as those of a server
// mostly are, and the cache answers.
func BenchmarkHandler(b *testing.B) {
	var varied, repeated []slog.Record
	for i, text := range corpus() {
		varied = append(varied, logRecord(i, text))
		repeated = append(repeated, logRecord(0, "customer-ended-call"))
	}
	b.Run("varied", func(b *testing.B) { benchHandler(b, varied) })
	b.Run("repeated", func(b *testing.B) { benchHandler(b, repeated) })
}

// logRecord returns a typical record of a call with text as its reason. Calls have a
// UUID, as those of Vapi have.
func logRecord(call int, text string) slog.Record {
	r := slog.NewRecord(time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC), slog.LevelInfo, "call ended", 0)
	r.AddAttrs(slog.String("org", "0193f7c2-6f0e-7c1a-b6b8-2f7f0d1c9a55"), slog.String("call", fmt.Sprintf("0193f7c2-6f0e-7c1a-b6b8-%012d", call)),
		slog.Int("intents", 1), slog.Duration("took", time.Millisecond), slog.String("reason", text))
	return r
}

func benchHandler(b *testing.B, records []slog.Record) {
	e := engine(b, redact.Config{})
	text, json := slog.NewTextHandler(io.Discard, nil), slog.NewJSONHandler(io.Discard, nil)
	ctx := context.Background()
	handle := func(h slog.Handler, records []slog.Record) func() {
		return func() {
			for _, r := range records {
				_ = h.Handle(ctx, r)
			}
		}
	}
	blocks := slices.Collect(slices.Chunk(records, 32))
	var fastest, bareText, bareJSON bestTimes
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for i, block := range blocks {
			bareText.add(i, handle(text, block))
			bareJSON.add(i, handle(json, block))
		}
		h := redact.NewHandler(text, e)
		b.StartTimer()
		for i, block := range blocks {
			fastest.add(i, handle(h, block))
		}
	}
	each := func(t bestTimes) float64 { return float64(t.sum()) / float64(len(records)) }
	b.ReportMetric(each(fastest), "ns/record")
	b.ReportMetric(each(bareText), "ns/record-text-bare")
	b.ReportMetric(each(bareJSON), "ns/record-json-bare")
	b.ReportMetric(each(fastest)-each(bareText), "overhead-ns")
	b.ReportMetric(each(fastest)/each(bareText), "x-bare")
}

// TestEngine_AppendRedact is not parallel, because AllocsPerRun counts the
// allocations of all tests that run.
func TestEngine_AppendRedact(t *testing.T) {
	if raceEnabled {
		t.Skip("pools do not hold under the race detector")
	}
	e := engine(t, redact.Config{})
	dst := make([]byte, 0, 4096)
	for text, most := range map[string]float64{
		"so what else do you like and what are your hobbies": 0,
		"I have heart disease, call me on 07700 900123.":     1,
	} {
		t.Run(fmt.Sprintf("%q costs at most %v allocations", text, most), func(t *testing.T) {
			e.Redact(text) // fills the pools
			require.LessOrEqual(t, testing.AllocsPerRun(200, func() { dst = e.AppendRedact(dst[:0], text) }), most)
		})
	}
}

func TestHandler_Handle(t *testing.T) {
	if raceEnabled {
		t.Skip("pools do not hold under the race detector")
	}
	t.Run("a record without findings costs no allocation", func(t *testing.T) {
		h := redact.NewHandler(slog.NewTextHandler(io.Discard, nil), engine(t, redact.Config{}))
		r := slog.NewRecord(time.Now(), slog.LevelInfo, "call ended", 0)
		r.AddAttrs(slog.String("reason", "customer-ended-call"), slog.Int("n", 1))
		require.Zero(t, testing.AllocsPerRun(200, func() { _ = h.Handle(context.Background(), r) }))
	})
}
