package redact

import (
	"strings"
	"sync"

	"github.com/callwaiting-ai/callwaiting/redact/internal/lexicon"
)

// Flags of a phrase of the vocabulary, held by its trie edge. The low bits hold
// the category of a term. In the examples "…" is the other part of a fact.
const (
	categoryBits uint32 = 0xf

	isTerm        uint32 = 1 << (iota + 3) // medical wherever it stands
	isAmbiguous                            // medical only near a cue
	isBody                                 // a body part: knee
	isCommon                               // a body part with other meanings: back, hand
	isAfter                                // … is swollen
	isBefore                               // pain in …
	isCompound                             // knee pain
	isAttribute                            // sore throat
	isInjury                               // sprained …
	isHead                                 // … syndrome
	isWeakHead                             // … treatment
	isModifier                             // chronic …
	isTrigger                              // diagnosed with …
	isDrugTrigger                          // milligrams of …
	isWeakTrigger                          // i take …
	isStop                                 // ends the phrase after a trigger
	isCue                                  // confirms an ambiguous term after it
	isCueAfter                             // … before it
	isVeto                                 // an idiom or a name without a medical word: cold call
	isThing                                // a server …
	isFigure                               // … had a heart attack
	nameAfter                              // … road
	nameBefore                             // mrs …
	isClinic                               // belongs to every clinic call: appointment
	isSafe                                 // everyday word that strict mode lets through
	isSuffixStop                           // ends like a medical word: analysis
)

// A vocabulary is the compiled form of package lexicon.
type vocabulary struct {
	phrases  trie
	suffixes Words         // hash of a suffix → its category
	lengths  []int         // lengths of the suffixes
	endings  [26 * 26]bool // last two letters of the suffixes, a cheap first test
}

// categories are the sections of the term lists; Span.Sub holds one.
var categories = []string{"", "condition", "symptom", "injury", "drug", "procedure", "test", "treatment",
	"device", "dental", "aesthetic", "specialist"}

// sharedVocabulary is compiled at first use and shared by all engines: it takes
// tens of milliseconds and 4 MB.
var sharedVocabulary = sync.OnceValue(compile)

// compile builds the vocabulary from the lexicon's lists. Phrases are added with
// their plurals and other forms, so that a lookup needs no stemming.
func compile() *vocabulary {
	v := new(vocabulary)
	v.phrases.edges = make([]edge, 1<<18) // the lexicon's size, so that it need not grow
	v.phrases.firstWins = categoryBits    // a phrase of two lists is of the first's category
	category := make(map[string]uint32)
	for i, name := range categories {
		category[name] = uint32(i)
	}
	// Irregular plurals by their singular: foot → feet.
	plurals := make(map[string][]string)
	for line := range lexicon.Irregulars.All {
		if form, base, ok := strings.Cut(line, " "); ok {
			plurals[base] = append(plurals[base], form)
		}
	}
	add := func(phrase string, flags uint32, inflect bool) {
		v.add(phrase, flags, inflect, plurals)
		for _, form := range personForms(phrase) {
			v.add(form, flags, inflect, plurals)
		}
	}
	addTerms(add, category)
	addLists(add)
	v.addSuffixes(category)
	return v
}

// addTerms adds the medical terms. Short ones are added spelled out as well, and
// pairs of words as one, because speech-to-text writes both.
func addTerms(add func(phrase string, flags uint32, inflect bool), category map[string]uint32) {
	lexicon.Terms(func(phrase string, ambiguous bool, cat string) bool {
		flags := isTerm | category[cat]
		if ambiguous {
			flags = isAmbiguous | category[cat]
		}
		add(phrase, flags, true)
		if first, second, ok := strings.Cut(phrase, " "); !ok && len(phrase) <= 5 {
			add(strings.Join(strings.Split(phrase, ""), " "), flags, false) // a d h d
		} else if ok && !strings.Contains(second, " ") {
			add(first+second, flags, true) // face lift, facelift
		}
		return true
	})
}

// addLists adds the grammar of complaints and the lists that prevent false
// findings. The section "" of the table stands for all other sections.
func addLists(add func(phrase string, flags uint32, inflect bool)) {
	for _, l := range []struct {
		list     lexicon.List
		inflect  bool
		sections map[string]uint32 // "" stands for any other
	}{
		{lexicon.BodyParts, true, map[string]uint32{"common": isCommon, "": isBody}},
		{lexicon.Problems, true, map[string]uint32{"after": isAfter, "before": isBefore, "compound": isCompound, "attribute": isAttribute}},
		{lexicon.Injuries, false, map[string]uint32{"": isInjury}},
		{lexicon.Heads, true, map[string]uint32{"weak": isWeakHead, "": isHead}},
		{lexicon.Modifiers, false, map[string]uint32{"": isModifier}},
		{lexicon.Triggers, false, map[string]uint32{"drug": isDrugTrigger, "weak": isWeakTrigger, "": isTrigger}},
		{lexicon.Stops, false, map[string]uint32{"": isStop}},
		{lexicon.Cues, false, map[string]uint32{"after": isCueAfter, "": isCue}},
		{lexicon.Vetoes, true, map[string]uint32{"": isVeto}},
		{lexicon.Figurative, true, map[string]uint32{"thing": isThing, "term": isFigure}},
		{lexicon.ProperNouns, false, map[string]uint32{"after": nameAfter, "before": nameBefore}},
		{lexicon.Clinic, true, map[string]uint32{"": isClinic}},
		{lexicon.Safe, false, map[string]uint32{"": isSafe}},
		{lexicon.SuffixStops, true, map[string]uint32{"": isSuffixStop}},
	} {
		for phrase, section := range l.list.All {
			flags, ok := l.sections[section]
			if !ok {
				flags = l.sections[""]
			}
			add(phrase, flags, l.inflect)
		}
	}
}

// addSuffixes adds the endings of medical words, singular and plural.
func (v *vocabulary) addSuffixes(category map[string]uint32) {
	// Both spellings and the plural of each suffix: "aemia", "emia", "ectomies".
	seen := make(map[int]bool)
	for suffix, section := range lexicon.Suffixes.All {
		for _, s := range lexicon.Spellings(suffix) {
			for _, s := range []string{s, plural(s)} {
				v.suffixes.Add(1<<8|category[section], s)
				v.endings[ending(s, len(s))] = true
				if !seen[len(s)] {
					seen[len(s)] = true
					v.lengths = append(v.lengths, len(s))
				}
			}
		}
	}
}

// add sets flags on a phrase and, if inflect is set, on its plurals. Phrases of
// more than 16 words are left out.
func (v *vocabulary) add(phrase string, flags uint32, inflect bool, irregular map[string][]string) {
	var words [16]uint64
	n, last := 0, ""
	for word := range strings.FieldsSeq(phrase) {
		// Longer phrases do not occur in the lists.
		if n == len(words) {
			return
		}
		words[n], last = Hash(word), word
		n++
	}
	v.phrases.add(words[:n], flags)
	if !inflect {
		return
	}
	words[n-1] = Hash(plural(last))
	v.phrases.add(words[:n], flags)
	for _, form := range irregular[last] {
		words[n-1] = Hash(form)
		v.phrases.add(words[:n], flags)
	}
}

// personForms returns the forms of a phrase about other persons: "blood in my
// urine" has "blood in your urine".
func personForms(phrase string) (list []string) {
	for _, f := range []struct {
		word   string
		others []string
	}{
		{"my", []string{"your", "his", "her", "their"}},
		{"can't", []string{"cannot", "can not", "ca n't", "couldn't"}},
	} {
		if !strings.Contains(phrase, f.word) {
			continue
		}
		for word := range strings.FieldsSeq(phrase) {
			// Only whole words: "my" is also part of "myalgia".
			if word != f.word {
				continue
			}
			for _, other := range f.others {
				list = append(list, strings.Replace(phrase, word, other, 1))
			}
			break
		}
	}
	return list
}

// plural returns the regular plural of a word. It may be a word that does not
// exist, which is harmless: it never matches.
func plural(word string) string {
	n := len(word)
	switch {
	// "hepatitis c" gets "hepatitis cs", which never occurs.
	case n < 2:
		return word + "s"
	case strings.HasSuffix(word, "sis"), strings.HasSuffix(word, "xis"):
		return word[:n-2] + "es"
	case word[n-1] == 's', word[n-1] == 'x', word[n-1] == 'z', strings.HasSuffix(word, "ch"), strings.HasSuffix(word, "sh"):
		return word + "es"
	case word[n-1] == 'y' && !strings.ContainsRune("aeiou", rune(word[n-2])):
		return word[:n-1] + "ies"
	}
	return word + "s"
}

// suffix returns the category of the medical suffix of word i. At least three
// letters must precede the suffix. A word with digits or accents has no suffix.
func (v *vocabulary) suffix(t *Text, i int) (category uint32, ok bool) {
	// The test of the last two letters fails for most words and costs no hash.
	tok := t.Tokens[i]
	n := tok.End - tok.Start
	if n < 6 || tok.Shape&(HasDigit|HasWide|HasApostrophe) != 0 || !v.endings[ending(t.S, tok.End)] {
		return 0, false
	}
	for _, k := range v.lengths {
		if n >= k+3 {
			if c := v.suffixes.Flags(hashRange(t.S, tok.End-k, tok.End)); c != 0 {
				return c & categoryBits, true
			}
		}
	}
	return 0, false
}

// ending returns the index in endings for the last two letters of s[:end].
func ending(s string, end int) int {
	return int(s[end-2]|0x20-'a')*26 + int(s[end-1]|0x20-'a')
}
