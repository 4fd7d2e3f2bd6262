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

// Calls returns the project's labelled utterances of callers. Each comes twice: as
// written, and as speech-to-text without formatting (source "…-asr").
func Calls() []Doc { return both(calls, "own-calls", callsDev, "calls") }

// Clean returns sentences without a medical fact, most of them idioms that look
// like one, in the same two forms.
func Clean() []Doc { return both(clean, "own-clean", cleanDev, "clean") }

// Blind returns calls and consultations that a second author wrote and labelled
// without seeing the lexicon. Their score predicts the score on unknown text.
func Blind() []Doc { return both(callsBlind, "blind-calls", consultsBlind, "blind-consults") }

// BlindClean returns sentences without a medical fact by the same author.
func BlindClean() []Doc { return both(cleanBlind, "blind-clean") }

// both parses pairs of text and source name and adds the spoken form of each.
func both(files ...string) []Doc {
	var docs []Doc
	for i := 0; i < len(files); i += 2 {
		parsed, err := parseLines(files[i+1], files[i])
		if err != nil {
			panic(fmt.Sprint("redacttest: invalid embedded data: ", err)) // fails every test
		}
		docs = append(docs, parsed...)
	}
	for _, d := range docs {
		docs = append(docs, Spoken(d))
	}
	return docs
}
