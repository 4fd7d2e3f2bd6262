package redact

// triggers adds the phrases that words announce, known or unknown: "diagnosed with
// …", "allergic to …", "milligrams of …". A weak trigger ("i take …") announces
// only the word that follows directly, unless it is an everyday word or a name.
func (r *medicalScan) triggers() {
	for i := 0; i < len(r.words); i++ {
		n, has := r.at(i, isTrigger|isDrugTrigger|isWeakTrigger)
		if n == 0 {
			continue
		}
		weak := has&(isTrigger|isDrugTrigger) == 0
		if last := r.grammar(i + n - 1); weak && last&isIntake == 0 || last&(isOwner|isHave) != 0 {
			continue // "i have …" and "my …" precede anything: a question, a dog
		}
		f := candidate{category: conditionCategory, score: 0.8, rule: ruleTrigger}
		if has&isDrugTrigger != 0 || weak {
			f.category = drugCategory
		}
		if weak {
			f.score = 0.6
		}
		f.from, f.to = r.announced(i+n, weak)
		known := r.within(i, i+n)
		switch {
		case f.from == f.to || r.vague(f.from, f.to) || r.is(f.from, isSafe) && !r.allergy(i, i+n),
			f.category == drugCategory && (r.everyday(f.to-1) || r.sameClause(f.to) && r.everyday(f.to)):
			if known != nil && known.weak {
				known.score = 0 // "allergic to anything?" states no fact
			}
			continue
		case known != nil && f.from == i+n:
			known.to, known.weak = f.to, false // "allergic to cats" is one fact
		default:
			r.candidates = append(r.candidates, f)
		}
		if !weak && r.lastOfList(f.to) {
			f.from, f.to = f.to+1, f.to+2
			r.candidates = append(r.candidates, f)
		}
		if k, _ := r.at(f.from, isTerm); f.from+k > f.to {
			f.to = f.from + k // "sulfa drugs" is one term, though "drugs" is a stop
		}
		for r.allergy(i, i+n) {
			if f.from, f.to = r.nextOfList(f.to); f.from == f.to {
				break
			}
			r.candidates = append(r.candidates, f)
		}
	}
}

// announced returns the words that the trigger before word i announces: after
// fillers and amounts, up to a stop.
func (r *medicalScan) announced(i int, weak bool) (from, to int) {
	from = i
	for !weak && r.sameClause(from) && (r.grammar(from)&(isThe|isFiller|isOwner) != 0 && !r.is(from, isStop|isTerm) || r.isAmount(from)) {
		from++
	}
	to = from
	for to < from+5 && r.sameClause(to) && !r.stops(to, weak) {
		to++
	}
	// The phrase must not end in a filler or a preposition.
	for to > from && r.grammar(to-1)&(isPrep|isAnd|isThe|isOwner|isFiller|isLink) != 0 && !r.is(to-1, isTerm) {
		to--
	}
	return from, to
}

// allergy reports whether the trigger [from, to) is about an allergy, which
// everyday things cause: "allergic to wool".
func (r *medicalScan) allergy(from, to int) bool {
	for i := from; i < to; i++ {
		if r.grammar(i)&isAllergy != 0 {
			return true
		}
	}
	return false
}

// everyday reports whether word i makes the words before it an everyday phrase:
// "he takes badminton lessons".
func (r *medicalScan) everyday(i int) bool {
	return r.is(i, isSafe) && r.words[i]&(isTerm|isAmbiguous|isWeakHead|isStop|isClinic) == 0 && r.grammar(i) == 0
}

// isAmount reports whether word i is a number or a unit: "20 milligrams of".
func (r *medicalScan) isAmount(i int) bool {
	return r.t.numberWord(i).kind != notNumber || grammarWords.Flags(r.t.Tokens[i].Hash)&isUnit != 0
}

// within returns the first candidate within words [from, to), or nil.
func (r *medicalScan) within(from, to int) *candidate {
	for k := range r.candidates {
		if f := &r.candidates[k]; from <= f.from && f.to <= to && f.score > 0 {
			return f
		}
	}
	return nil
}

// lastOfList reports whether word i is the "and" before the last item, word i+1,
// of an announced list: "allergic to cats and latex".
func (r *medicalScan) lastOfList(i int) bool {
	return r.sameClause(i) && r.grammar(i)&isAnd != 0 && r.sameClause(i+1) && !r.stops(i+1, true) &&
		(!r.sameClause(i+2) || r.stops(i+2, false))
}

// nextOfList returns the next item of a list at word i, of at most two words:
// "allergic to cats, wool and cow's milk". Everyday words are items too.
func (r *medicalScan) nextOfList(i int) (from, to int) {
	if i >= len(r.words) || !r.listed(i) {
		return i, i
	}
	from = i
	if r.grammar(i)&isAnd != 0 {
		from++
	}
	for to = from; to < min(from+2, len(r.words)) && (to == i || r.sameClause(to)) && !r.stops(to, false) && !r.t.Tokens[to].Shape.Title(); {
		to++
	}
	if r.sameClause(to) && r.grammar(to)&isAnd == 0 {
		return from, from // a new clause: "call me back"
	}
	return from, to
}

// vague reports whether words [from, to) hold no fact: only clinic words, function
// words, and body parts without a complaint.
func (r *medicalScan) vague(from, to int) bool {
	for i := from; i < to; i++ {
		if !r.is(i, isClinic|isBody|isCommon|isStop) && r.grammar(i) == 0 {
			return false
		}
	}
	return true
}

// sameClause reports whether word i continues the clause of the word before it.
func (r *medicalScan) sameClause(i int) bool {
	return i > 0 && i < len(r.t.Tokens) && r.t.Tokens[i].Gap.Plain()
}

// stops reports whether word i ends the phrase after a trigger. After a weak
// trigger every common, short or capitalised word does.
func (r *medicalScan) stops(i int, weak bool) bool {
	if n, _ := r.at(i, isStop); n > 0 {
		return true
	}
	if !weak {
		return false
	}
	s := r.t.Tokens[i].Shape
	return r.is(i, isSafe|isClinic|isCommon|isAmbiguous|isFigure|isThing|isVeto) || r.grammar(i) != 0 || !s.Alpha() || s.Title() || r.named(i) || r.t.Tokens[i].End-r.t.Tokens[i].Start < 5
}

// lists adds the unknown word in a list of terms: "Flomax, Darvocet and ibuprofen",
// "metformin and Xigduo."
func (r *medicalScan) lists() {
	for k := 0; k < len(r.candidates); k++ { // grows: each added word may continue the list
		f := r.candidates[k]
		if f.weak || f.score == 0 || f.rule != ruleTerm && f.rule != ruleList {
			continue
		}
		i := f.to
		if i >= len(r.words) || !r.listed(i) {
			continue
		}
		if r.grammar(i)&isAnd != 0 {
			i++
		}
		if i >= len(r.words) || i > f.to && !r.sameClause(i) || r.begins[i] != 0 || r.grammar(i) != 0 || r.named(i) ||
			!r.t.Tokens[i].Shape.Alpha() || r.t.Tokens[i].End-r.t.Tokens[i].Start < 5 {
			continue
		}
		if last := i+1 == len(r.words) || !r.sameClause(i+1); last && i > f.to || r.strongAfter(i+1) {
			r.candidates = append(r.candidates, candidate{i, i + 1, f.category, 0.6, ruleList, false})
		}
	}
}

// listed reports whether a list continues at word i: after a comma or with "and".
func (r *medicalScan) listed(i int) bool {
	gap := r.t.Tokens[i].Gap
	return gap&^(GapComma|GapSpace) == 0 && (gap&GapComma != 0 || r.grammar(i)&isAnd != 0)
}

// strongAfter reports whether the list continues at word i with a term.
func (r *medicalScan) strongAfter(i int) bool {
	if i >= len(r.words) || !r.listed(i) {
		return false
	}
	if r.grammar(i)&isAnd != 0 {
		i++
	}
	n, _ := r.at(i, isTerm)
	return n > 0
}
