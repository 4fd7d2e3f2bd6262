// Command lexicon compares the phrase matcher of package redact with the fastest
// Aho-Corasick module for Go, in turns, on the same text and the same 20,000
// phrases. Run it from the root of the module:
//
//	go run -modfile=tools.mod ./.ci/lexicon
//
// It is a program and not a benchmark, so that the other module does not become a
// dependency of this one.
package main

import (
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	ahocorasick "github.com/petar-dambovaliev/aho-corasick"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
)

func main() {
	phrases, err := phrases(20_000)
	if err != nil {
		log.Fatal(err)
	}
	text := text(512 << 10)

	// An engine without recognizers of its own finds only the tenant's terms.
	engine, err := redact.New(redact.Config{Recognizers: []redact.Recognizer{}})
	if err != nil {
		log.Fatal(err)
	}
	redactBuild := timed(func() { engine = engine.ForTenant(redact.Tenant{Terms: phrases}) })
	var automaton ahocorasick.AhoCorasick
	automatonBuild := timed(func() {
		builder := ahocorasick.NewAhoCorasickBuilder(ahocorasick.Opts{
			AsciiCaseInsensitive: true, MatchOnlyWholeWords: true,
			MatchKind: ahocorasick.LeftMostLongestMatch, DFA: true,
		})
		automaton = builder.Build(phrases)
	})
	fmt.Printf("built from %d phrases: redact %v, Aho-Corasick DFA %v\n", len(phrases), redactBuild.Round(time.Millisecond), automatonBuild.Round(time.Millisecond))

	// The two take turns, so that both meet the same load of the machine.
	best := [2]time.Duration{1 << 62, 1 << 62}
	found := [2]int{}
	for range 20 {
		best[0] = min(best[0], timed(func() {
			result, err := engine.Analyze(text)
			if err != nil {
				log.Fatal(err)
			}
			found[0] = len(result.Spans)
		}))
		best[1] = min(best[1], timed(func() { found[1] = len(automaton.FindAll(text)) }))
	}
	rate := func(d time.Duration) float64 { return float64(len(text)) / d.Seconds() / 1e6 }
	fmt.Printf("phrases found in %d KB: redact %d, Aho-Corasick %d\n", len(text)>>10, found[0], found[1])
	fmt.Printf("best of 20: redact %.0f MB/s, Aho-Corasick %.0f MB/s, ratio %.1f (goal 4)\n",
		rate(best[0]), rate(best[1]), float64(best[1])/float64(best[0]))
}

// timed returns the time that op takes.
func timed(op func()) time.Duration {
	start := time.Now()
	op()
	return time.Since(start)
}

// phrases returns n phrases: the terms of the lexicon, then combinations of them.
func phrases(n int) ([]string, error) {
	seen := make(map[string]bool, n)
	var all []string
	add := func(p string) {
		if len(p) > 3 && !strings.HasPrefix(p, "#") && !seen[p] && len(all) < n {
			seen[p] = true
			all = append(all, p)
		}
	}
	for _, name := range []string{"conditions", "symptoms", "drugs", "procedures", "aesthetic", "wordnet"} {
		list, err := os.ReadFile("redact/internal/lexicon/" + name + ".txt")
		if err != nil {
			return nil, fmt.Errorf("lexicon not found: run from the root of the module: %w", err)
		}
		for line := range strings.Lines(string(list)) {
			add(strings.TrimSpace(line))
		}
	}
	// 7919 is a prime, so that the pairs spread over the list.
	for i := 0; len(all) < n; i++ {
		add(all[i] + " " + strings.Fields(all[(i*7919)%9000])[0])
	}
	return all, nil
}

// text returns size bytes of the project's calls and clean sentences, in random
// order.
func text(size int) string {
	docs := append(redacttest.Calls(), redacttest.Clean()...)
	rng := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(docs[rng.IntN(len(docs))].Text)
		b.WriteByte('\n')
	}
	return b.String()[:size]
}
