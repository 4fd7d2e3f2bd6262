package redact

import "strings"

// street returns the number of words in the address at word i, or 0: "12 Harley
// Street, London W1G 9PF", "flat two eleven bourdillon road ikoyi lagos", "Plot
// 19, Block C, Lekki Gardens".
func (s *contactScan) street(i int) int {
	j, units := s.unit(i), 0
	for j > i {
		units++
		k := s.unit(j)
		if k == j && s.flags(j)&cStreet != 0 && s.figureValue(j+1) > 0 && s.gap(j+1) == GapSpace {
			k = j + 2 // House 12, Road 4: roads of an estate have numbers
		}
		if k == j || s.gap(j)&^(GapSpace|GapComma|GapLine) != 0 {
			break
		}
		j = k
	}
	if end := s.houseAndStreet(j, i); end > j {
		return s.addressTail(end, true) - i
	}
	if units == 0 {
		return max(0, s.foreign(i)-i)
	}
	if k := s.building(j); k > j {
		return s.addressTail(k, true) - i
	}
	// Units without a street are an address if there are several, if the
	// unit has no other meaning ("suite 5"), if a place follows, or if a cue
	// precedes.
	end := s.addressTail(j, false)
	switch {
	case units > 1, strongUnits.has(s.toks[i].Hash) && s.toks[j-1].Shape&HasDigit != 0:
		end = s.addressTail(j, true)
	case end > j && (end > j+1 || s.afterAddressCue(i)):
	case end == j && s.afterAddressCue(i) && !weakUnits.has(s.toks[i].Hash):
	default:
		return 0
	}
	return end - i
}

// foreign reads a street with its number at the end, at word i: "Calle Mayor 12",
// "Hauptstraße 5, 10115 Berlin". It returns the word after the address, or i.
func (s *contactScan) foreign(i int) int {
	j := i + 1
	if s.flags(i)&cPrefix != 0 {
		j = s.streetName(j)
		if j == i+1 || s.toks[i].Shape&FirstUpper == 0 && (s.is(i, "via") || s.is(i, "boulevard") || s.is(i, "plaza")) {
			return i
		}
	} else if !foreignStreet(s.t.Word(i)) {
		return i
	}
	if s.figureValue(j) <= 0 || s.gap(j)&^GapSpace != 0 {
		return i
	}
	return s.addressTail(j+1, true)
}

// foreignStreet reports whether word ends like a street's name in German, Dutch or
// a Scandinavian language.
func foreignStreet(word string) bool {
	for _, end := range [...]string{"strasse", "straße", "gasse", "platz", "allee", "straat", "laan", "gatan", "vägen", "gata", "veien"} {
		if n := len(word) - len(end); n > 2 && strings.EqualFold(word[n:], end) {
			return true
		}
	}
	return false
}

// afterAddressCue reports whether an address cue precedes word i by at most six
// words.
func (s *contactScan) afterAddressCue(i int) bool { return within(s.addrCue, i, 6) }

// unit reads "flat 4", "apartment 5b", "p.o. box 104" or "block C" at word i and
// returns the word after it, or i.
func (s *contactScan) unit(i int) int {
	j := i
	if s.is(j, "p") && s.is(j+1, "o") && s.is(j+2, "box") {
		j += 2
	} else if s.is(j, "po") && s.is(j+1, "box") {
		j++
	}
	// The unit word, then its number, its letter or both: "4", "c", "4B", "six b".
	if s.flags(j)&cUnit == 0 || s.size(j) == 1 || s.gap(j+1)&^(GapSpace|GapDot|GapHash|GapLine) != 0 {
		return i
	}
	j++
	if s.is(j, "number") || s.is(j, "no") {
		j++
	}
	if j >= len(s.toks) {
		return i
	}
	tok := s.toks[j]
	switch {
	case tok.Shape&HasDigit != 0 && s.size(j) <= 6:
		j++
	// "block C". In lower case "a" is the article.
	case s.size(j) == 1 && !s.is(j, "i") && (tok.Shape&FirstUpper != 0 || !s.is(j, "a") || s.t.Upper):
		return j + 1
	case s.t.numberWord(j).kind == numUnits, s.t.numberWord(j).kind == numTeens:
		j++
	case s.t.numberWord(j).kind == numTens:
		j = max(j+1, s.twoDigits(j))
	default:
		return i
	}
	if s.singleLetter(j) && s.gap(j).Plain() && !s.is(j, "i") && !s.is(j, "a") && s.flags(j)&cCompass == 0 {
		j++ // "six b"
	}
	return j
}

// singleLetter reports whether word j is a single letter.
func (s *contactScan) singleLetter(j int) bool {
	return j < len(s.toks) && s.size(j) == 1 && s.toks[j].Shape&HasDigit == 0
}

// houseAndStreet reads a house number and a street at word i of an address that
// begins at word from. It returns the word after the street, or i. A street word
// that is also an everyday word ("way", "place") needs more evidence: capitals,
// a cue, or a town after it.
func (s *contactScan) houseAndStreet(i, from int) int {
	if i >= len(s.toks) || i > from && s.gap(i)&^(GapSpace|GapComma|GapLine|GapDot) != 0 {
		return i
	}
	j := s.houseNumber(i)
	if j == i {
		return i
	}
	figures := s.toks[i].Shape&HasDigit != 0
	if j < len(s.toks) && s.flags(j)&cPrefix != 0 && s.gap(j)&^(GapSpace|GapComma) == 0 {
		if k := s.streetName(j + 1); k > j+1 { // 5 Rue de Rivoli
			return k
		}
	}
	if j >= len(s.toks) || s.gap(j)&^(GapSpace|GapComma|GapLine) != 0 || !figures && !s.gap(j).Plain() {
		return i
	}
	the := s.is(j, "the") // 18 The Crescent
	if the {
		j++
	}
	end, weak, title, known := s.streetWords(j, the)
	if end == j {
		return s.houseWithoutStreet(i, j)
	}
	known = known || the
	if s.toks[end-1].Gap == GapHyphen && s.is(end-1, "way") { // "two-way"
		return i
	}
	if s.is(j, "way") || s.is(end-1, "way") && s.flags(end-2)&cStop != 0 {
		return i
	}
	switch {
	// Strong evidence: capitals, a cue, or a town after the street.
	case title, s.afterAddressCue(i), s.addressTail(end, false) > end:
	// Otherwise a weak street word or everyday words are not an address: "ten
	// minute drive", "two of them went the wrong way".
	case weak && (!figures || known), !figures && known:
		return i
	}
	return end
}

// streetWords reads the name of a street at word j, up to its last street word: "12
// Church Road Close". the reports that "the" precedes. It returns the word after the
// name, or j, and the evidence: whether all its street words are also everyday words
// (weak), whether the other words are capitalised (title), and whether they are
// everyday words (known).
func (s *contactScan) streetWords(j int, the bool) (end int, weak, title, known bool) {
	end, weak, title, known = j, true, s.t.Upper, true
	// Six words at most: "Old St Mary Church Road".
	for k := j; k < len(s.toks) && k < j+6; k++ {
		f := s.flags(k)
		g := s.toks[k].Gap
		if k > j && g&^(GapSpace|GapHyphen|GapLine|GapDot) != 0 || k > j && g.Sentence() && !s.abbreviated(k-1) {
			break
		}
		if f&(cStreet|cStreetWeak) != 0 && (k > j || the || soleStreets.has(s.toks[k].Hash)) && s.size(k) > 1 {
			weak = weak && f&cStreet == 0
			end = k + 1
			if f&cStop == 0 {
				continue
			}
		}
		if s.stopsStreet(k) {
			break
		}
		if s.toks[k].Shape&FirstUpper == 0 && s.toks[k].Shape&HasDigit == 0 {
			title = false
		}
		if end == j && !s.known(k) && f&cNumber == 0 {
			known = false
		}
	}
	return end, weak, title, known
}

// houseNumber reads "221B", "77-12" or "one twenty two" at word i and returns the
// word after it, or i.
func (s *contactScan) houseNumber(i int) int {
	tok := s.toks[i]
	if tok.Shape&HasDigit != 0 {
		// "57th" is part of a street's name, "A12" a road.
		if s.size(i) > 6 || s.letters(i) > 0 || ordinalFigures(s.t.Word(i)) {
			return i
		}
		j := i + 1
		if j < len(s.toks) && s.toks[j].Gap&^GapSpace == GapHyphen && s.toks[j].Shape&HasDigit != 0 && s.size(j) <= 4 {
			j++
		} else if s.singleLetter(j) && s.gap(j).Plain() && (s.is(j, "a") || s.is(j, "b") || s.is(j, "c") || s.is(j, "d")) {
			j++
		}
		return j
	}
	j := s.cardinal(i)
	if j > i && s.t.numberWord(j).kind == numOrdinal && s.t.numberWord(j-1).kind == numTens && j-1 > i {
		j-- // two hundred | thirty third street
	}
	if j > i && s.singleLetter(j) && s.gap(j).Plain() && j+1 < len(s.toks) && !s.known(j+1) {
		j++ // nineteen a lordship lane
	}
	return j
}

// ordinalFigures reports whether w, which begins with a digit, is an ordinal:
// "57th".
func ordinalFigures(w string) bool {
	return len(w) > 2 && (w[len(w)-1]|0x20 == 'h' || w[len(w)-1]|0x20 == 'd' || w[len(w)-2]|0x20 == 's') && class[w[len(w)-2]]&(lower|upper) != 0
}

// houseWithoutStreet reads a house without a street word after a cue: "my address
// is 10 The Pines, Oakham". Words i to j-1 are its number.
func (s *contactScan) houseWithoutStreet(i, j int) int {
	if !within(s.addrCue, i, 4) || !residenceWords.has(s.toks[s.addrCue].Hash) || s.toks[i].Shape&HasDigit == 0 {
		return i
	}
	k := j
	if s.is(k, "the") {
		k++
	}
	end := s.streetName(k)
	if end == k || s.t.Upper && s.toks[k].Shape&FirstUpper == 0 || !s.t.Upper && s.known(k) {
		return i
	}
	return end
}

// streetName skips up to four words at word i that can be in a street's or a
// building's name.
func (s *contactScan) streetName(i int) int {
	j := i
	for j < len(s.toks) && j < i+4 && !s.stopsStreet(j) && (j == i || s.gap(j).Plain()) {
		j++
	}
	return j
}

// building reads a name that ends in a street word, without a number: "Marlowe
// House", "Lekki Gardens". It returns the word after it, or i.
func (s *contactScan) building(i int) int {
	end := i
	for k := i + 1; k <= s.streetName(i); k++ {
		if s.flags(k-1)&(cStreet|cStreetWeak) != 0 && (k > i+1 || soleStreets.has(s.toks[i].Hash)) {
			end = k
		}
	}
	return end
}

// stopsStreet reports whether word i cannot be part of a street's name.
func (s *contactScan) stopsStreet(i int) bool {
	tok := s.toks[i]
	if tok.Shape.Numeric() || s.flags(i)&(cFiller|cIDCue|cBirth) != 0 && !streetNames.has(tok.Hash) {
		return true
	}
	if tok.Shape&HasDigit != 0 {
		return !ordinalFigures(s.t.Word(i))
	}
	return s.flags(i)&cStop != 0 && !streetNames.has(tok.Hash) || units.has(tok.Hash)
}

// statedAddress adds a street without a number after the cue at word i: "I live on
// Harley Street". It returns the word after it, or i.
func (s *contactScan) statedAddress(i int) int {
	if !residenceWords.has(s.toks[i].Hash) {
		return i
	}
	j := i + 1
	for n := 0; n < 3 && (s.is(j, "is") || s.is(j, "at") || s.is(j, "on") || s.is(j, "in") || s.is(j, "off") || s.flags(j)&cFiller != 0); n++ {
		j++
	}
	if j == i+1 && !s.is(i, "address") || j >= len(s.toks) || s.gap(j)&^(GapSpace|GapColon|GapComma) != 0 {
		return i
	}
	for k := j; k < len(s.toks) && k < j+4 && !s.stopsStreet(k) && (k == j || s.gap(k).Plain()); k++ {
		if k > j && s.flags(k)&cStreet != 0 && s.toks[k].Shape&HasDigit == 0 && !s.toks[j].Shape.Numeric() {
			end := s.addressTail(k+1, true)
			return s.add(j, end, Address, "street", .8, "address.stated")
		}
	}
	return i
}

// place adds a town or country at word i if a preposition makes it a person's
// place: "in", "from", "near", "to". It returns the word after it, or i.
func (s *contactScan) place(i int) int {
	n := s.places.longest(s.toks, i, 1)
	// Without a preposition a place may be a brand or a name.
	if n == 0 || !(s.is(i-1, "in") || s.is(i-1, "from") || s.is(i-1, "near") || s.is(i-1, "to")) {
		return i
	}
	if s.toks[i].Shape&FirstUpper == 0 && n == 1 && (s.size(i) < 5 || s.known(i)) {
		return i
	}
	if s.flags(i+n)&(cStreet|cStreetWeak) != 0 && s.gap(i+n).Plain() {
		return i
	}
	return s.add(i, i+n, Location, "", .6, "location.place")
}

var (
	// streetNames are everyday words that occur in names of streets.
	streetNames = setOf("high", "long", "little", "new", "great", "old", "full", "half", "hope", "head", "court", "order",
		"march", "may", "june", "april", "first", "second", "third", "side", "back", "best", "king", "open", "surgery",
		"hospital", "clinic", "place", "short", "white", "patient", "royal", "english", "british", "american", "irish",
		"polish", "french", "german", "italian", "st", "upper", "lower", "dr", "dame", "sir", "de", "la", "le", "of", "july",
		"august", "september", "october", "november", "december", "january", "february", "fine", "hall", "straight", "point",
		"free", "still", "moon", "way", "end", "national", "nigerian", "live", "visit", "work", "test", "left")
	// soleStreets need no other word in their name: 1 Broadway.
	soleStreets = setOf("broadway", "strand", "embankment")
	// strongUnits are units of addresses only; weakUnits have other meanings.
	strongUnits = setOf("apartment", "apt", "suite", "p", "po")
	weakUnits   = setOf("room", "floor", "house", "block", "box")
	// residenceWords introduce a person's own address.
	residenceWords = setOf("live", "lives", "living", "lived", "address", "stay", "stays", "staying", "reside", "resides")
)
