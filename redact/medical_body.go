package redact

// Indexes of categories that the grammar assigns.
const (
	conditionCategory uint32 = iota + 1
	symptomCategory
	injuryCategory
	drugCategory
	procedureCategory
)

// bodyComplaints adds complaints about body parts:
//
//	knee pain, stomach problems          body, compound
//	sore throat, broken left arm         attribute, sides, body
//	my tooth really is aching            body, links and fillers, complaint
//	pain in my lower back                complaint, preposition, owner, body
//	sprained my ankle                    injury, owner, body
func (r *medicalScan) bodyComplaints() {
	for i := 0; i < len(r.words); i++ {
		n, has := r.at(i, isBody|isCommon)
		if n == 0 {
			continue
		}
		common := has&isBody == 0
		from, to := i, i+n
		if k, _ := r.at(to, isCompound); k > 0 && r.adjacent(to) {
			// "back and knee pain" is one complaint.
			for from >= 2 && r.grammar(from-1)&isAnd != 0 && r.is(from-2, isBody|isCommon) && r.adjacent(from) && r.adjacent(from-1) {
				from -= 2
			}
			r.add(r.modified(from), to+k, symptomCategory, 0.9, "medical.body.compound")
		}
		r.complaintBefore(i, to, common)
		r.complaintAfter(i, to, common)
		i = to - 1
	}
}

// ambiguousComplaints adds complaints about ambiguous terms, which a complaint
// confirms: "my bridge came loose", "the wound is leaking".
func (r *medicalScan) ambiguousComplaints() {
	for _, f := range r.candidates {
		hurt := f.category == conditionCategory || f.category == injuryCategory
		if f.weak && (r.owned(f.from) || hurt && r.grammar(f.from-1)&isThe != 0) {
			r.complaintAfter(f.from, f.to, false)
		}
	}
}

// complaintBefore adds the complaint to the left of the body part [body, to).
func (r *medicalScan) complaintBefore(body, to int, common bool) {
	i := body - 1
	owned, determined := false, false
	for steps := 0; steps < 4 && i >= 0 && r.joined(i+1); steps++ {
		g := r.grammar(i)
		switch {
		case g&isOwner != 0 && r.t.Tokens[i+1].Gap.Plain():
			owned = true
		case g&(isThe|isSide) != 0 && r.t.Tokens[i+1].Gap.Plain():
			determined = determined || g&isThe != 0
		default:
			steps = 4
			continue
		}
		i--
	}
	if i < 0 || !r.joined(i+1) {
		return
	}
	if !owned && !determined {
		if start := r.endsAt(i, isAttribute); start >= 0 && r.adjacent(i+1) {
			r.add(r.modified(start), to, symptomCategory, 0.85, "medical.body.attribute")
			return
		}
	}
	if start := r.endsAt(i, isInjury); start >= 0 && (owned || determined && !common) {
		r.add(start, to, injuryCategory, 0.85, "medical.body.injury")
		return
	}
	if start := r.endsAt(i, isAfter); start >= 0 && owned && !common { // "removed my gallbladder"
		r.add(start, to, procedureCategory, 0.8, "medical.body.injury")
		return
	}
	if r.grammar(i)&isPrep != 0 && i > 0 && r.joined(i) && (owned || !common || !determined) {
		j := i - 1
		for steps := 0; steps < 2 && j > 0 && r.grammar(j)&(isPrep|isFiller|isSide) != 0 && !r.is(j, isBefore) && r.joined(j); steps++ {
			j-- // "pain down in my leg"
		}
		if start := r.endsAt(j, isBefore|isAmbiguous); start >= 0 && (owned || r.endsAt(j, isBefore) >= 0) {
			r.add(r.modified(start), to, symptomCategory, 0.85, "medical.body.in")
		} else if owned && r.unknown(j) { // "a dimple on my cheek"
			r.add(j, to, symptomCategory, 0.6, "medical.body.in")
		}
	}
}

// complaintAfter adds the complaint to the right of the body part [body, to).
func (r *medicalScan) complaintAfter(body, to int, common bool) {
	if common && !r.owned(body) {
		return
	}
	linked := r.t.Tokens[to-1].Shape&HasApostrophe != 0 // "my throat's raw"
	for i, steps := to, 0; steps < 6 && r.joined(i); i, steps = i+1, steps+1 {
		if n, has := r.at(i, isAfter|isInjury); n > 0 && (linked || has&isAfter != 0 && (r.grammar(i)&isLink != 0 || i == to && !common)) {
			to := i + n
			for r.joined(to+1) && r.grammar(to)&isAnd != 0 { // itchy and watery
				k, _ := r.at(to+1, isAfter)
				if k == 0 {
					break
				}
				to += 1 + k
			}
			r.add(body, to, symptomCategory, 0.85, "medical.body.is")
			return
		}
		g := r.grammar(i)
		switch {
		case g&isLink != 0:
			linked = true
		case g&(isFiller|isNot) != 0, r.is(i, isModifier):
		case g&(isPrep|isSide|isThe|isOwner) != 0 && !linked:
			// "the skin on my arms is peeling": another body part follows.
		case !linked && r.is(i, isBody|isCommon):
		case linked && !common && g&isFine == 0 && r.owned(body) && !r.is(i, isClinic|isStop):
			// A caller describes a body part because of a complaint, in any
			// words: "my ankle's the size of a melon".
			end := i + 1
			for end < i+4 && r.sameClause(end) && !r.stops(end, false) {
				end++
			}
			r.add(body, end, symptomCategory, 0.6, "medical.body.is")
			return
		default:
			return
		}
	}
}

// owned reports whether a possessive precedes the body part at word i: "my left
// …".
func (r *medicalScan) owned(i int) bool {
	for i--; i >= 0 && r.joined(i+1); i-- {
		g := r.grammar(i)
		if g&isOwner != 0 {
			return true
		}
		if g&isSide == 0 {
			return false
		}
	}
	return false
}

// unknown reports whether word i is neither in the vocabulary nor a name.
func (r *medicalScan) unknown(i int) bool {
	tok := r.t.Tokens[i]
	return r.begins[i] == 0 && r.grammar(i) == 0 && tok.Shape.Alpha() && !tok.Shape.Title() && tok.End-tok.Start > 3 && !r.named(i)
}

// endsAt returns the first word of the longest phrase that ends with word i and
// has one of the flags, or -1.
func (r *medicalScan) endsAt(i int, flags uint32) int {
	for from := max(0, i-4); from <= i; from++ {
		for _, p := range r.phrases[r.first[from]:r.first[from+1]] {
			if p.flags&flags != 0 && from+int(p.n) == i+1 {
				return from
			}
		}
	}
	if r.is(i, flags) {
		return i
	}
	return -1
}

// modified returns the first word of the phrase at word i including the modifiers
// before it: "chronic", "left".
func (r *medicalScan) modified(i int) int {
	from := i
	for from > 0 && r.adjacent(from) {
		if r.is(from-1, isModifier|isAttribute|isBody) {
			i = from - 1
		} else if r.grammar(from-1)&isSide == 0 {
			break
		}
		from--
	}
	return i
}

// heads adds phrases by their last word: "goodpasture syndrome", "keyhole
// surgery". A weak head needs a body part, a term or a modifier before it; a
// strong head needs any word that is not an everyday word.
func (r *medicalScan) heads() {
	for i := 1; i < len(r.words); i++ {
		n, has := r.at(i, isHead|isWeakHead)
		if n == 0 || !r.adjacent(i) {
			continue
		}
		start := r.endsAt(i-1, isTerm|isAmbiguous|isBody|isCommon|isModifier)
		if start < 0 && has&isHead != 0 && !r.is(i-1, isSafe|isClinic|isStop) && r.grammar(i-1) == 0 && r.t.Tokens[i-1].Shape.Alpha() {
			start = i - 1
		}
		if start >= 0 {
			r.add(r.modified(start), i+n, procedureCategory, 0.85, "medical.head")
		}
	}
}
