package redact

// compassWords returns 1 if word i is the compass direction of a street, as in
// "Pennsylvania Avenue NW", else 0.
func (s *contactScan) compassWords(i int) int {
	if s.flags(i)&cCompass != 0 && s.size(i) <= 2 && s.gap(i).Plain() {
		return 1
	}
	return 0
}

// abbreviated reports whether word i is an abbreviation such as "St.": a full
// stop after it does not end a sentence.
func (s *contactScan) abbreviated(i int) bool {
	return i >= 0 && s.size(i) <= 4 && s.flags(i)&(cStreet|cStreetWeak|cUnit|cTitle) != 0
}

// addressTail skips the parts that follow a street at word i: town, state,
// postcode, country, floor, in any order and number. sure reports that the
// street is certain; then capitalised words after a comma are taken for a town.
// It returns the word after the address.
func (s *contactScan) addressTail(i int, sure bool) int {
	end := i + s.compassWords(i)
	placed := false // a town or state precedes, so figures may be a ZIP code
	for end < len(s.toks) && end < i+24 {
		g := s.toks[end].Gap
		if g&^(GapSpace|GapComma|GapLine|GapHyphen|GapDot) != 0 || g.Sentence() && !s.abbreviated(end-1) {
			break
		}
		next, place := s.addressPart(end, sure, placed)
		if next == end {
			break
		}
		end, placed = next, placed || place
	}
	return end
}

// addressPart reads one part of an address after its street, at word j, and returns
// the word after it, or j. place reports that the part is a place or a postcode.
func (s *contactScan) addressPart(j int, sure, placed bool) (next int, place bool) {
	separated := s.toks[j].Gap&(GapComma|GapLine) != 0
	// W1G 9PF
	if n := s.postcode(j); n > 0 {
		return j + n, true
	}
	// 12 Harley Street, Flat 4
	if k := s.unit(j); k > j {
		return k, false
	}
	// a known town, state or country
	if n := s.places.longest(s.toks, j, 1); n > 0 {
		return j + n, true
	}
	// Two letters are a state in capitals or before a ZIP code: "NY", "ny 11215".
	if s.flags(j)&cState != 0 && (s.toks[j].Shape.Caps() || s.zip(j+1) > j+1) && s.size(j) == 2 {
		return j + 1, true
	}
	// A ZIP code needs a place before or after it, or a comma after a certain
	// street: five digits may also be an amount.
	if k := s.zip(j); k > j && (placed || sure && separated || k < len(s.toks) && s.places.longest(s.toks, k, 1) > 0) {
		return k, false
	}
	// 12 Harley Street in London
	if s.is(j, "in") && j+1 < len(s.toks) {
		if n := s.places.longest(s.toks, j+1, 1); n > 0 && s.gap(j+1).Plain() {
			return j + 1 + n, true
		}
	}
	// Marlowe House, 3 Bond Street
	if sure && separated && s.t.numberWord(j).kind == numFigures {
		if k := s.houseAndStreet(j, j); k > j && s.toks[k-1].End-s.toks[j].Start > 4 {
			return k, false
		}
	}
	// Woodbridge IP12 1AA
	if k := s.townBeforePostcode(j); k > j {
		return k, true
	}
	if sure && separated {
		if k := s.town(j); k > j {
			return k, true
		}
	}
	return j, false
}

// town reads up to four capitalised words after a comma, at word i, and returns
// the word after them, or i if they may be a person's name or a medical fact.
func (s *contactScan) town(i int) int {
	j := i
	for j < len(s.toks) && j < i+4 && s.toks[j].Shape&FirstUpper != 0 && s.toks[j].Shape&HasDigit == 0 && (j == i || s.gap(j)&^(GapSpace|GapHyphen) == 0) {
		if s.medical(j) || s.flags(j)&cStop != 0 && !streetNames.has(s.toks[j].Hash) || s.toks[j].Shape&HasApostrophe != 0 && s.size(j) <= 4 {
			break
		}
		j++
	}
	// A town is followed by punctuation, a function word or a number.
	if j == i || j < len(s.toks) && s.gap(j).Plain() && s.flags(j)&(cStop|cLink|cLeadIn) == 0 && !s.t.numberWord(j).ok() && s.toks[j].Shape&HasDigit == 0 {
		return i
	}
	// "…, Sarah" or "…, Monday" after an address is not its town.
	if s.flags(i)&(cGiven|cTitle|cMonth|cWeekday) != 0 && s.flags(i)&cPlace == 0 {
		return i
	}
	return j
}

// townBeforePostcode reads up to four words and a postcode at word i: the postcode
// proves that the words are a town. It returns the word after it, or i.
func (s *contactScan) townBeforePostcode(i int) int {
	for j := i; j < len(s.toks) && j < i+5; j++ {
		if j > i && s.gap(j)&^(GapSpace|GapComma|GapLine|GapHyphen) != 0 {
			return i
		}
		if n := s.postcode(j); n > 0 && j > i {
			return j + n
		}
		if s.flags(j)&cStop != 0 || s.toks[j].Shape&HasDigit != 0 || s.medical(j) {
			return i
		}
	}
	return i
}

// zip reads a ZIP or postal code at word i, in figures or dictated: five digits,
// six in Nigeria, or nine in two groups. It returns the word after it, or i.
func (s *contactScan) zip(i int) int {
	if i >= len(s.toks) {
		return i
	}
	if s.toks[i].Shape.Numeric() {
		if n := s.size(i); n != 5 && n != 6 {
			return i
		}
		if i+1 < len(s.toks) && s.toks[i+1].Gap == GapHyphen && s.toks[i+1].Shape.Numeric() && s.size(i+1) == 4 {
			return i + 2
		}
		return i + 1
	}
	if !s.gap(i).Plain() || s.t.numberWord(i).kind == notNumber || s.t.numberWord(i).kind == numOrdinal {
		return i
	}
	// one one two one five
	var r digitRun
	s.readRun(i, &r)
	if r.n == 5 {
		return r.end
	}
	if j := s.cardinal(i); j > i+1 && (s.t.numberWord(i+1).kind == numScale && s.t.numberWord(i+1).value == 1000 || s.t.numberWord(i+2).kind == numScale && s.t.numberWord(i+2).value == 1000) {
		return j // ten thousand sixteen
	}
	return i
}
