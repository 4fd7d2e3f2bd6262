// Package names holds what people and places are called: given names, family
// names and the towns and states that end an address. The lists are facts
// from general knowledge and the public domain; given.txt says which.
package names

import (
	_ "embed"
	"strings"
)

// A List is the text of one file: words in lower case, separated by blanks or
// lines; lines that begin with '#' are remarks.
type List string

var (
	//go:embed given.txt
	given List
	//go:embed ambiguous.txt
	ambiguous List
	//go:embed everyday.txt
	everyday List
	//go:embed surnames.txt
	surnames List
	//go:embed places.txt
	places List
)

// Given returns the given names that are hardly anything else.
func Given() List { return given }

// Ambiguous returns the given names that are words, places or brands too.
func Ambiguous() List { return ambiguous }

// Everyday returns those among the ambiguous names that are mostly words.
func Everyday() List { return everyday }

// Surnames returns family names, those that are words too among them.
func Surnames() List { return surnames }

// Places returns towns, boroughs, states and countries, one a line.
func Places() List { return places }

// Lines yields the lines of l but the remarks.
func (l List) Lines(yield func(string) bool) {
	for line := range strings.Lines(string(l)) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' && !yield(line) {
			return
		}
	}
}

// Words yields the words of l.
func (l List) Words(yield func(string) bool) {
	for line := range l.Lines {
		for word := range strings.FieldsSeq(line) {
			if !yield(word) {
				return
			}
		}
	}
}
