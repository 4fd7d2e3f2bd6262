package redact

// Distances in words within which context changes the meaning of a term.
const (
	cueReach       = 3 // from an ambiguous term to a cue
	candidateReach = 8 // from an ambiguous term to a strong candidate
	figureReach    = 8 // from a term to the thing it is a figure of speech for
)

// context drops the candidates that only sound medical, and the ambiguous ones
// without confirmation nearby. Vetoes come first, because a dropped candidate
// must not confirm another.
func (r *medicalScan) context() {
	for i := range r.words {
		if n, _ := r.at(i, isVeto); n > 0 {
			r.veto(i, i+n)
		}
	}
	for k := range r.candidates {
		f := &r.candidates[k]
		if r.isHarmless(f) || r.isName(f) || r.isFigurative(f) || r.isImpersonal(f) {
			f.score = 0
		}
	}
	r.strong = append(r.strong[:0], make([]bool, len(r.words))...)
	for _, f := range r.candidates {
		for i := f.from; i < f.to && !f.weak && f.score > 0; i++ {
			r.strong[i] = true
		}
	}
	for k := range r.candidates {
		f := &r.candidates[k]
		if f.weak && f.score > 0 && !r.confirmed(f) {
			f.score = 0
		}
	}
	n := 0
	for _, f := range r.candidates {
		if f.score > 0 {
			r.candidates[n] = f
			n++
		}
	}
	r.candidates = r.candidates[:n]
}

// veto drops the candidates within words [from, to), and those of the grammar
// that contain these words. A term that extends beyond them stays: the idiom
// "have a heart" does not veto "heart attack".
func (r *medicalScan) veto(from, to int) {
	for k := range r.candidates {
		f := &r.candidates[k]
		within := from <= f.from && f.to <= to
		around := f.from <= from && to <= f.to && f.rule != ruleTerm
		if within || around {
			f.score = 0
		}
	}
}

// isHarmless reports whether f is a clinic word, or a function word such as "me"
// or "down". In capitals among small letters a function word is a term ("ME").
func (r *medicalScan) isHarmless(f *candidate) bool {
	if n, _ := r.at(f.from, isClinic); n >= f.to-f.from {
		return true
	}
	return f.weak && f.to-f.from == 1 && r.grammar(f.from) != 0 && !(r.t.Tokens[f.from].Shape.Caps() && r.t.Lower)
}

// isName reports whether f is part of a name: "Bath Road", "Cancer Research",
// "Mrs Burns".
func (r *medicalScan) isName(f *candidate) bool {
	if r.adjacent(f.to) {
		if n, _ := r.at(f.to, nameAfter); n > 0 && (!r.t.Upper || r.capitalised(f.to)) {
			return true
		}
	}
	if f.to-f.from > 1 || f.from == 0 {
		return false
	}
	gap := r.t.Tokens[f.from].Gap
	return gap&^(GapSpace|GapDot) == 0 && r.is(f.from-1, nameBefore) && (!r.t.Upper || r.capitalised(f.from))
}

// capitalised reports whether word i begins with a capital letter.
func (r *medicalScan) capitalised(i int) bool { return r.t.Tokens[i].Shape&FirstUpper != 0 }

// isFigurative reports whether f is a figure of speech about a thing: "our server
// had a heart attack", "the printer is allergic to blue ink". A person between
// the two makes f literal.
func (r *medicalScan) isFigurative(f *candidate) bool {
	figure := f.rule == ruleTrigger
	for i := f.from; i < f.to && !figure; i++ {
		n, _ := r.at(i, isFigure)
		figure = n > 0
	}
	if !figure {
		return false
	}
	for i := f.from - 1; i >= max(0, f.from-figureReach) && r.joined(i+1); i-- {
		if n, _ := r.at(i, isThing); n > 0 {
			return true
		}
		if r.grammar(i)&isPerson != 0 {
			return false
		}
	}
	for i := f.to; i < min(len(r.words), f.to+3) && r.joined(i) && r.grammar(i)&isPerson == 0; i++ {
		if n, _ := r.at(i, isThing); n > 0 {
			return true
		}
	}
	return false
}

// isImpersonal reports whether f, a word that is often a figure of speech, stands
// in a sentence about a thing, without a person and without another candidate:
// "the market has a fever for houses".
func (r *medicalScan) isImpersonal(f *candidate) bool {
	if f.to-f.from > 1 || !r.is(f.from, isFigure) {
		return false
	}
	start := f.from
	for start > 0 && f.from-start < 2*figureReach && r.joined(start) {
		start--
		if r.grammar(start)&isPerson != 0 {
			return false
		}
	}
	if r.grammar(start)&(isThe|isOwner|isImpersonalSubject) == 0 {
		return false
	}
	for i := f.to; i < len(r.words) && i < f.to+figureReach && r.joined(i); i++ {
		if r.grammar(i)&isPerson != 0 {
			return false
		}
	}
	for k := range r.candidates {
		if g := &r.candidates[k]; g.score > 0 && (g.to <= f.from && g.to > start || g.from >= f.to && g.from < f.to+figureReach) {
			return false
		}
	}
	// The subject decides. After "we", "it" or "there" only a thing makes it a
	// figure of speech ("it could be arthritis" is medical); a word of the
	// clinic or a body part makes it literal.
	subject := isSafe | isThing
	if r.grammar(start)&isImpersonalSubject != 0 {
		subject = isThing
	}
	found := false
	for i := start + 1; i < f.from; i++ {
		if r.is(i, isClinic|isBody|isCommon|isHead|isWeakHead) {
			return false
		}
		found = found || r.grammar(i) == 0 && r.is(i, subject)
	}
	return found
}

// confirmed reports whether a cue or a strong candidate is near f, an ambiguous
// candidate, in the same sentence.
func (r *medicalScan) confirmed(f *candidate) bool {
	for i := f.from - 1; i >= max(0, f.from-candidateReach-1) && r.joined(i+1); i-- {
		if r.strong[i] {
			return true
		}
		if n, _ := r.at(i, isCue); n > 0 && i+n <= f.from && f.from-(i+n) <= cueReach {
			return true
		}
	}
	for i := f.to; i < min(len(r.words), f.to+candidateReach+1) && r.joined(i); i++ {
		if r.strong[i] {
			return true
		}
		if n, _ := r.at(i, isCueAfter); n > 0 && i < f.to+cueReach {
			return true
		}
	}
	return false
}
