// Package lexicon holds the words by which medical facts are found in speech,
// and the words that keep everyday talk from being taken for one.
//
// Each list is a text file: one entry a line, "# name" opens a section, lines
// that begin with "##" are remarks. Entries are what a person says, folded:
//
//   - lower case, ASCII (é is e), single spaces between words;
//   - a hyphen, a slash or a dot inside is a space ("x-ray" is "x ray");
//   - an apostrophe is written but does not count: "parkinson's" stands for
//     "parkinsons" too. Mind that "I'll" is then not "ill";
//   - singular, unless the plural is the usual form ("haemorrhoids"): the
//     reader of a text strips or adds plurals by rule, [Irregulars] has the rest;
//   - British spelling; [Terms] and [Spellings] add the American one.
//
// Nothing is parsed before a list is ranged over, and entries share memory with
// the program's read-only data, so a list that is not kept costs nothing.
package lexicon

import (
	_ "embed"
	"strings"
)

// A List is the text of one file of entries.
type List string

// All yields each entry of l, in file order, with the section it stands in.
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
// ambiguous phrase is medical only next to a cue ([Cues], another medical
// phrase); any other is medical wherever no [Vetoes] phrase covers it. A phrase
// may come more than once, always with the same ambiguity.
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

// The grammar of complaints: words that are medical only in company.
var (
	// BodyParts are what can hurt or be operated on, in singular. Section
	// "plain" is rarely anything but a body part; "common" has other uses
	// ("back", "hand", "face") and needs a possessive or a problem word that
	// is not figurative.
	//
	//go:embed bodyparts.txt
	BodyParts List

	// Problems go with a body part: section "after" in "my knee is swollen",
	// "before" in "pain in my hip", "a lump on my neck", "compound" directly
	// after it ("knee pain", "stomach problems"), "attribute" directly before
	// it ("sore throat", "broken arm", "numb toes").
	//
	//go:embed problems.txt
	Problems List

	// Injuries are verbs, in all forms, that take a body part as object:
	// "sprained my ankle", "broke his wrist", "can't bend my knee".
	//
	//go:embed injuries.txt
	Injuries List

	// Heads end a medical phrase whose first words may be unknown or
	// ambiguous: "… cancer", "… syndrome", "… scan". Section "strong": any
	// unsafe word before it joins in. Section "weak" ("… treatment", "…
	// test", "… injection"): only a body part, a term or a [Modifiers] word
	// does.
	//
	//go:embed heads.txt
	Heads List

	// Modifiers make a weak head medical: "keyhole surgery", "chronic pain".
	//
	//go:embed modifiers.txt
	Modifiers List

	// Triggers announce a medical phrase whatever its words. Section "any":
	// all words to the next stop belong to it ("diagnosed with …"). Section
	// "drug" likewise, for medicines ("milligrams of …"). Section "weak" ("i
	// take …", "i have …"): only if its first word is not a [Safe] one.
	//
	//go:embed triggers.txt
	Triggers List

	// Stops end the phrase after a trigger.
	//
	//go:embed stops.txt
	Stops List

	// Cues turn an ambiguous phrase near them into a medical one.
	//
	//go:embed cues.txt
	Cues List
)

// What is not medical.
var (
	// Vetoes are phrases in which no word is medical: "cold call", "stroke of
	// luck", "harley street", "cancer research". A veto takes what lies inside
	// it, and what it overlaps only if it has more words: "blood test" stands
	// in "a blood test call me", "a stroke" falls in "a stroke of luck".
	//
	//go:embed vetoes.txt
	Vetoes List

	// Figurative terms are not medical when said of a thing: "our server had
	// a heart attack", "bleeding on the marketing budget". Section "thing"
	// names things (server, market, budget), section "term" the words said of
	// them. A person between the two makes the term literal again.
	//
	//go:embed figurative.txt
	Figurative List

	// ProperNouns tell names from terms. Section "after": a word that makes a
	// name of the term before it ("Bath Road", "Stroke Association"); section
	// "before": one that makes a name of the term after it ("Mrs Burns").
	// Whole names are [Vetoes].
	//
	//go:embed propernouns.txt
	ProperNouns List

	// Clinic words belong to every call and say nothing of a patient:
	// "appointment", "doctor", "treatment room". None is a strong term.
	//
	//go:embed clinic.txt
	Clinic List

	// Safe are the everyday words which strict mode lets through.
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

	// Irregulars are plurals and inflections that rules do not give: two
	// words a line, the form and what it is a form of ("feet foot").
	//
	//go:embed irregulars.txt
	Irregulars List
)
