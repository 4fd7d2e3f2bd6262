// Package redacttest measures and attacks whatever redacts: a scorer over
// labelled utterances, this project's own labelled calls and clean sentences,
// and a leak suite for any [redact.Recognizer] or [redact.Engine].
package redacttest

import (
	_ "embed"
	"fmt"
)

var (
	//go:embed testdata/calls.txt
	calls string
	//go:embed testdata/calls-dev.txt
	callsDev string
	//go:embed testdata/clean.txt
	clean string
	//go:embed testdata/clean-dev.txt
	cleanDev string
	//go:embed testdata/calls-blind.txt
	callsBlind string
	//go:embed testdata/consults-blind.txt
	consultsBlind string
	//go:embed testdata/clean-blind.txt
	cleanBlind string
)

// Calls returns labelled utterances of callers: as written, and in lower case
// without punctuation (sources "…-asr").
func Calls() []Doc { return both(calls, "own-calls", callsDev, "calls") }

// Clean returns sentences without a medical fact, idioms that look like one
// above all, in the same two forms.
func Clean() []Doc { return both(clean, "own-clean", cleanDev, "clean") }

// Blind returns calls and consultations labelled by a second hand who had not
// seen the lexicon: what they score is nearer to what strangers will.
func Blind() []Doc { return both(callsBlind, "blind-calls", consultsBlind, "blind-consults") }

// BlindClean returns sentences without a medical fact by the same hand.
func BlindClean() []Doc { return both(cleanBlind, "blind-clean") }

func both(files ...string) []Doc {
	var docs []Doc
	for i := 0; i < len(files); i += 2 {
		parsed, err := parseLines(files[i+1], files[i])
		if err != nil {
			panic(fmt.Sprint("redacttest: embedded data: ", err)) // seen by any test
		}
		docs = append(docs, parsed...)
	}
	for _, d := range docs {
		docs = append(docs, Spoken(d))
	}
	return docs
}
