package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
)

// score prints recall, precision and speed of the engine on labelled utterances.
func score(engine *redact.Engine, docs []redacttest.Doc, out io.Writer) error {
	table, _, err := redacttest.Score(docs, func(text string) ([]redact.Span, error) {
		result, err := engine.Analyze(text)
		return result.Spans, err
	})
	if err != nil {
		return err
	}
	// A row per kind over all sources, after the rows of each source.
	for _, kind := range []redact.Kind{redact.Medical, redact.Person, redact.Address, redact.Phone, redact.Email, redact.Date, redact.ID} {
		table = append(table, redacttest.Row{Source: "all", Kind: kind, Tally: table.Of(kind)})
	}
	if _, err := table.WriteTo(out); err != nil {
		return err
	}
	return speed(engine, docs, out)
}

// speed prints the throughput of the engine and the time for an utterance of 200
// words, measured on this machine. Each utterance is another part of the text.
func speed(engine *redact.Engine, docs []redacttest.Doc, out io.Writer) error {
	var all []string
	for _, d := range docs {
		all = append(all, d.Text)
	}
	text := strings.Join(all, " ")
	words := strings.Fields(text)
	if len(words) < 200 {
		return nil
	}
	var buf []byte
	least := time.Hour
	// The best of 20 runs: other programs can only make a run slower.
	for range 20 {
		start := time.Now()
		buf = engine.AppendRedact(buf[:0], text)
		least = min(least, time.Since(start))
	}
	var took []time.Duration
	for i := range 2000 {
		// 37 words further each time, so that consecutive utterances differ.
		at := i * 37 % (len(words) - 199)
		utterance := strings.Join(words[at:at+200], " ")
		start := time.Now()
		buf = engine.AppendRedact(buf[:0], utterance)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	_, err := fmt.Fprintf(out, "\n%d texts, %d bytes: %.1f MB/s; 200 words: p50 %v, p99 %v\n", len(docs), len(text),
		float64(len(text))/least.Seconds()/1e6, took[len(took)/2], took[len(took)*99/100])
	return err
}
