// Package names holds names of people and places: given names, family names, and
// the towns and states at the end of an address. The lists are facts from general
// knowledge and the public domain; the head of given.txt lists the sources.
package names

import (
	_ "embed"
	"strings"
)

// A List is the text of one file: words in lower case, separated by blanks or line
// ends. Lines that begin with '#' are comments.
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

// Given returns the given names that have no common other meaning.
func Given() List { return given }

// Ambiguous returns the given names that are also words, places or brands.
func Ambiguous() List { return ambiguous }

// Everyday returns the ambiguous names that are more often a word than a name.
func Everyday() List { return everyday }

// Surnames returns family names, including those that are also words.
func Surnames() List { return surnames }

// Places returns towns, boroughs, states and countries, one per line.
func Places() List { return places }

// Lines yields the lines of l except comments.
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
