package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/callwaiting-ai/callwaiting/redact/internal/lexicon"
)

// safeWords returns the n most common lemmas of WordNet's tagged texts with their
// regular inflections, and the words of everyday.txt, without names and without
// words that may be medical.
func (db *database) safeWords(medical map[string]string, out string, n int) (map[string]bool, error) {
	count := map[string]map[byte]int{} // by lemma and part of speech
	total := map[string]int{}
	for lemma, senses := range db.senses {
		share, _ := db.prior(lemma, medical)
		if share >= 0.05 || !db.common[lemma] || strings.ContainsAny(lemma, "_-./'0123456789") {
			continue
		}
		count[lemma] = map[byte]int{}
		for _, s := range senses {
			count[lemma][s.synset[0]] += s.count
			total[lemma] += s.count
		}
	}
	lemmas := slices.SortedFunc(maps.Keys(total), func(a, b string) int {
		return cmp.Or(total[b]-total[a], strings.Compare(a, b))
	})
	safe := map[string]bool{}
	for _, lemma := range lemmas[:min(n, len(lemmas))] {
		safe[lemma] = true
		for _, form := range inflections(lemma, count[lemma]) {
			safe[form] = true
		}
	}
	everyday, err := os.ReadFile(filepath.Join(out, "gen", "everyday.txt"))
	if err != nil {
		return nil, err
	}
	for word := range lexicon.List(everyday).All {
		safe[word] = true
	}
	unsafe, err := unsafeWords(out)
	maps.DeleteFunc(safe, func(word string, _ bool) bool { return unsafe[word] })
	return safe, err
}

// inflections returns the regular forms of a lemma in the parts of speech of
// count.
func inflections(lemma string, count map[byte]int) (forms []string) {
	last := lemma[len(lemma)-1]
	stem, y := strings.CutSuffix(lemma, "y")
	y = y && len(stem) > 0 && !strings.ContainsRune("aeiou", rune(stem[len(stem)-1]))
	s := lemma + "s"
	switch {
	case strings.HasSuffix(lemma, "sis"):
		s = lemma[:len(lemma)-2] + "es"
	case y:
		s = stem + "ies"
	case strings.HasSuffix(lemma, "ch"), strings.HasSuffix(lemma, "sh"), strings.ContainsRune("sxz", rune(last)):
		s = lemma + "es"
	}
	if count['n'] > 0 || count['v'] > 0 {
		forms = append(forms, s)
	}
	if count['v'] == 0 {
		return forms
	}
	past, present := lemma+"ed", lemma+"ing"
	switch {
	case y:
		past = stem + "ied"
	case strings.HasSuffix(lemma, "ee"), strings.HasSuffix(lemma, "ye"), strings.HasSuffix(lemma, "oe"):
		past = lemma + "d"
	case last == 'e':
		past, present = lemma+"d", lemma[:len(lemma)-1]+"ing"
	case doubles(lemma):
		past, present = lemma+string(last)+"ed", lemma+string(last)+"ing"
	}
	if irregular[lemma] {
		return append(forms, present)
	}
	return append(forms, past, present)
}

// irregular are the verbs without a form in "-ed"; their forms are in
// everyday.txt.
var irregular = words(`arise awake be bear beat become begin bend bet bid bind bite bleed blow break breed bring
build burst buy cast catch choose cling come cost creep cut deal dig do draw drink drive eat fall feed feel fight
find flee fling fly forbid forget forgive freeze get give go grind grow hang have hear hide hit hold hurt keep know
lay lead leave lend let lie lose make mean meet overcome pay put quit read ride ring rise run say see seek sell send
set shake shed shine shoot show shrink shut sing sink sit sleep slide speak spend spin split spread spring stand
steal stick sting stride strike string strive swear sweep swim swing take teach tear tell think throw tread
understand undergo undertake wake wear weave weep win wind withdraw withhold withstand wring write`)

// doubling are verbs of several syllables that double their last letter.
var doubling = words(`admit begin cancel commit compel confer control counsel defer deter dispel equip excel expel fuel
incur label level model occur omit patrol permit prefer propel quarrel rebel recur refer regret signal submit total
transfer transmit travel`)

// words returns the set of the words in list.
func words(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// doubles reports whether a verb doubles its last letter: a verb of one syllable
// that ends in consonant, vowel, consonant ("stop", "stopped"), or one in
// doubling.
func doubles(verb string) bool {
	vowel := func(i int) bool { return strings.ContainsRune("aeiou", rune(verb[i])) }
	n := len(verb)
	return doubling[verb] || n >= 3 && n <= 4 && !vowel(n-1) && vowel(n-2) && !vowel(n-3) && !strings.ContainsRune("wxy", rune(verb[n-1]))
}

// unsafeWords returns all terms of one word in all their forms, and the words of
// the grammar of complaints. gen/unsafe.txt adds words, and exempts those that
// are common in everyday speech too ("back", "running").
func unsafeWords(out string) (map[string]bool, error) {
	unsafe := map[string]bool{}
	add := func(names ...string) error {
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(out, name+".txt"))
			if err != nil {
				return err
			}
			for term := range lexicon.List(text).All {
				if strings.Contains(term, " ") {
					continue
				}
				for _, form := range lexicon.Spellings(term) {
					unsafe[form] = true
					for _, f := range inflections(form, map[byte]int{'n': 1, 'v': 1}) {
						unsafe[f] = true
					}
				}
			}
		}
		return nil
	}
	if err := add("bodyparts", "problems", "injuries"); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(out, "gen", "unsafe.txt"))
	if err != nil {
		return nil, err
	}
	for word, section := range lexicon.List(text).All {
		unsafe[word] = section != "keep"
	}
	return unsafe, add("conditions", "symptoms", "drugs", "procedures", "aesthetic", "abbreviations", "misheard",
		"ambiguous", "wordnet", "wordnet_ambiguous")
}

// writeSafe writes safe.txt, sorted.
func writeSafe(path string, words map[string]bool) error {
	var text strings.Builder
	fmt.Fprintln(&text, "## Generated by gen from WordNet 3.1 (see NOTICE) and gen/everyday.txt.\n\n# word")
	for _, word := range slices.Sorted(maps.Keys(words)) {
		fmt.Fprintln(&text, word)
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}
