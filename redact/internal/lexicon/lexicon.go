// Package lexicon holds the words that express medical facts in speech, and the
// words that prevent false findings in everyday speech.
//
// Each list is a text file with one entry per line. "# name" begins a section;
// lines that begin with "##" are comments. Entries are spoken words, folded:
//
//   - lower case, ASCII (é is e), single spaces between words;
//   - a hyphen, a slash or a dot inside is a space ("x-ray" is "x ray");
//   - an apostrophe is written but ignored: "parkinson's" stands for "parkinsons"
//     too. A reader of text must therefore tell "I'll" from "ill";
//   - singular, unless the plural is the usual form ("haemorrhoids"): plurals are
//     made by rule, and [Irregulars] holds the exceptions;
//   - British spelling; [Terms] and [Spellings] add the American one.
//
// A list is parsed when it is ranged over. Entries share memory with the program's
// read-only data, so a list that is not kept uses no heap.
package lexicon

import (
	_ "embed"
	"strings"
)

// A List is the text of one file of entries.
type List string

// All yields each entry of l, in file order, with its section.
func (l List) All(yield func(entry, section string) bool) {
	section := ""
	for line := range strings.Lines(string(l)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "##"):
		case line[0] == '#':
			section = strings.TrimSpace(line[1:])
		default:
			if !yield(line, section) {
				return
			}
		}
	}
}

// The medical vocabulary. Sections are categories: condition, symptom, injury,
// drug, procedure, test, treatment, device, dental, aesthetic, specialist.
// [Terms] reads all of them.
var (
	//go:embed conditions.txt
	conditions List
	//go:embed symptoms.txt
	symptoms List
	//go:embed drugs.txt
	drugs List
	//go:embed procedures.txt
	procedures List
	//go:embed aesthetic.txt
	aesthetic List
	//go:embed abbreviations.txt
	abbreviations List
	//go:embed misheard.txt
	misheard List
	//go:embed ambiguous.txt
	ambiguous List
	//go:embed wordnet.txt
	wordnet List
	//go:embed wordnet_ambiguous.txt
	wordnetAmbiguous List
)

// Terms yields each medical phrase in both spellings, with its category. An
// ambiguous phrase is medical only near a cue ([Cues] or another medical phrase).
// Any other phrase is medical unless a phrase of [Vetoes] covers it. A phrase may
// come more than once, always with the same ambiguity.
func Terms(yield func(phrase string, ambiguous bool, category string) bool) {
	for _, l := range []struct {
		list      List
		ambiguous bool
	}{
		{conditions, false}, {symptoms, false}, {drugs, false}, {procedures, false}, {aesthetic, false},
		{abbreviations, false}, {misheard, false}, {ambiguous, true}, {wordnet, false}, {wordnetAmbiguous, true},
	} {
		for term, category := range l.list.All {
			if !yield(term, l.ambiguous, category) {
				return
			}
			if us := american(term); us != term && !yield(us, l.ambiguous, category) {
				return
			}
		}
	}
}

// The grammar of complaints: words that are medical only in combination.
var (
	// BodyParts are parts of the body in singular. Those of section "plain"
	// rarely mean anything else; those of "common" have other meanings
	// ("back", "hand", "face") and need a possessive or a problem word that is
	// not figurative.
	//
	//go:embed bodyparts.txt
	BodyParts List

	// Problems are complaints about a body part, by their position. Section
	// "after": "my knee is swollen". "before": "pain in my hip", "a lump on my
	// neck". "compound", directly after it: "knee pain", "stomach problems".
	// "attribute", directly before it: "sore throat", "broken arm".
	//
	//go:embed problems.txt
	Problems List

	// Injuries are verbs, in all forms, with a body part as object:
	// "sprained my ankle", "broke his wrist", "can't bend my knee".
	//
	//go:embed injuries.txt
	Injuries List

	// Heads are the last words of medical phrases that begin with unknown or
	// ambiguous words: "… cancer", "… syndrome", "… scan". Section "strong":
	// any word that is not [Safe] may precede. Section "weak" ("…
	// treatment", "… test", "… injection"): only a body part, a term or a
	// word of [Modifiers] may.
	//
	//go:embed heads.txt
	Heads List

	// Modifiers make a weak head medical: "keyhole surgery", "chronic pain".
	//
	//go:embed modifiers.txt
	Modifiers List

	// Triggers announce a medical phrase of any words. Section "any": all
	// words to the next stop belong to it ("diagnosed with …"). Section
	// "drug": the same for medicines ("milligrams of …"). Section "weak" ("i
	// take …", "i have …"): only if its first word is not [Safe].
	//
	//go:embed triggers.txt
	Triggers List

	// Stops are the words that end the phrase after a trigger.
	//
	//go:embed stops.txt
	Stops List

	// Cues are the words that make an ambiguous phrase nearby medical.
	//
	//go:embed cues.txt
	Cues List
)

// Words and phrases that are not medical.
var (
	// Vetoes are phrases without a medical word: "cold call", "stroke of
	// luck", "harley street", "cancer research". A veto drops the findings
	// inside it. A term that extends beyond it stays: "have a heart" does not
	// affect "heart attack".
	//
	//go:embed vetoes.txt
	Vetoes List

	// Figurative terms are not medical in a sentence about a thing: "our
	// server had a heart attack", "bleeding on the marketing budget". Section
	// "thing" lists things (server, market, budget), section "term" the
	// terms. A person between the two makes the term literal.
	//
	//go:embed figurative.txt
	Figurative List

	// ProperNouns are words that make a term next to them a name. Section
	// "after": the term precedes ("Bath Road", "Stroke Association"). Section
	// "before": the term follows ("Mrs Burns"). Whole names are in [Vetoes].
	//
	//go:embed propernouns.txt
	ProperNouns List

	// Clinic words occur in every call and are not facts about a patient:
	// "appointment", "doctor", "treatment room". They must not be terms,
	// except ambiguous ones.
	//
	//go:embed clinic.txt
	Clinic List

	// Safe are the everyday words that strict mode leaves in the text.
	//
	//go:embed safe.txt
	Safe List
)

// Word forms.
var (
	// Suffixes mark a single word as medical: "itis", "ectomy", "statin".
	// The section is the category. A word must have at least three letters
	// before the suffix and not be in [SuffixStops] or [Safe].
	//
	//go:embed suffixes.txt
	Suffixes List

	// SuffixStops are words that end like medical ones: "analysis", "whose".
	//
	//go:embed suffixstops.txt
	SuffixStops List

	// Irregulars are plurals and inflections without a rule: two words per
	// line, the form and its base ("feet foot").
	//
	//go:embed irregulars.txt
	Irregulars List
)
