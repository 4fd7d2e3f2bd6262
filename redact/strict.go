package redact

// unknownWords is the recognizer behind Config.Strict: it reports every word
// that is not on the list of harmless words as medical.
type unknownWords struct{}

func (unknownWords) Name() string { return "strict" }

func (unknownWords) Find(t *Text, dst []Span) ([]Span, error) {
	v := sharedVocabulary()
	start := -1
	for i := 0; i <= len(t.Tokens); i++ {
		if i < len(t.Tokens) && (start < 0 || t.Tokens[i].Gap.Plain()) && !harmless(v, t, i) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			dst = append(dst, t.Span(start, i, Medical, "unknown", 0.5, "strict.unknown"))
			start = -1
			i--
		}
	}
	return dst, nil
}

// suspect are the flags of words that can be part of a medical fact, even if
// they are also everyday words ("back", "running").
const suspect = isTerm | isAmbiguous | isBody | isCommon | isAfter | isBefore | isCompound | isAttribute | isInjury | isHead | isWeakHead

// harmless reports whether word i is a number, a word of every clinic call or a
// safe everyday word.
func harmless(v *vocabulary, t *Text, i int) bool {
	tok := t.Tokens[i]
	if tok.Shape.Numeric() || t.numberWord(i).kind != notNumber {
		return true
	}
	flags := v.phrases.step(0, tok.Hash).flags
	return flags&isClinic != 0 || flags&isSafe != 0 && flags&suspect == 0
}
