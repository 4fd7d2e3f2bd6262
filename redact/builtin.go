package redact

// Builtin returns the recognizers of this package: one for medical facts, one
// for names, numbers, addresses, dates and identity numbers.
func Builtin() []Recognizer { return []Recognizer{newMedical(), newContacts()} }

// A termList recognizes the medical phrases of one tenant.
type termList struct{ phrases *trie }

func (termList) Name() string { return "tenant" }

func (l termList) Find(t *Text, dst []Span) ([]Span, error) {
	for i := 0; i < len(t.Tokens); i++ {
		if n := l.phrases.longest(t.Tokens, i, 1); n > 0 {
			dst = append(dst, t.Span(i, i+n, Medical, "tenant", 1, "tenant.term"))
		}
	}
	return dst, nil
}
