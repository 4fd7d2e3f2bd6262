package redact

// statedID reads the number that the cue at word i announces: "my reference is
// BK-20931", "card ending 4242". It returns the word after it, or i.
func (s *contactScan) statedID(i int) int {
	// "I'd" is not "id", and a letter is a cue only in "i d".
	if s.toks[i].Shape&HasApostrophe != 0 && s.size(i) < 4 || s.size(i) == 1 && !s.is(i-1, "i") {
		s.idCue = noCue // "I'd", not "id"
		return i
	}
	// An identifier has at least four digits; after "last four" three suffice.
	j, least := i+1, 4
	if s.is(i, "last") {
		if k := s.cardinal(j); k == j+1 {
			j = k
		}
		if s.is(j, "digits") {
			j++
		}
		if j == i+1 {
			s.idCue = noCue
			return i
		}
		least = 3
	}
	// Skip to the value: "my NHS number, um, it is …". A later cue is nearer.
	for n := 0; n < 8 && j < len(s.toks) && (s.flags(j)&cIDCue != 0 || s.isLink(j)) && !s.gap(j).Sentence(); n++ {
		if s.flags(j)&cIDCue != 0 && s.toks[j].Shape&HasApostrophe == 0 {
			s.idCue = j
		}
		if j++; s.is(j, "i") && s.is(j+1, "d") {
			j += 2
		}
	}
	if s.is(j, "i") && s.is(j+1, "d") {
		j = s.skipLinks(j+2, 4)
	}
	if s.mobile(j) {
		return i // "the patient's number is 07700 900123"
	}
	end := s.identifierEnd(j, least)
	if end == j {
		return i
	}
	return s.add(j, end, ID, "stated", .85, "id.stated")
}

// mobile reports whether a number at word i can only be a phone number.
func (s *contactScan) mobile(i int) bool {
	if i >= len(s.toks) || s.toks[i].Shape&HasDigit == 0 && s.flags(i)&cNumber == 0 {
		return false
	}
	var r digitRun
	s.readRun(i, &r)
	return r.plus && r.n > 7 || r.n == 11 && r.digits[0] == '0' && r.digits[1] >= '7' && r.digits[1] <= '9'
}

// identifierEnd reads an identifier of at least the given number of digits at
// word i: words with digits, dictated digits, and letters next to them. It
// returns the word after it, or i.
func (s *contactScan) identifierEnd(i, least int) int {
	// end is after the last word that surely belongs to the identifier; letters
	// behind it count only if digits follow.
	digits, spoken, end := 0, 0, i
	for j := i; j < len(s.toks) && j < i+24; {
		g := s.toks[j].Gap
		if j > i && (g.Sentence() || g&^(GapSpace|GapHyphen|GapSlash|GapDot|GapUnder|GapLine) != 0) || g&(GapOther|GapPlus) != 0 {
			break
		}
		tok := s.toks[j]
		size := tok.End - tok.Start
		var r digitRun
		switch {
		case tok.Shape&HasDigit != 0:
			for _, c := range []byte(s.t.Word(j)) {
				if c >= '0' && c <= '9' {
					digits++
				}
			}
			j++
			end = j
		case s.t.numberWord(j).kind != notNumber && s.readDigits(j, &r) > j:
			digits += r.n
			j = s.readDigits(j, &r)
			spoken++
			end = j
		case digits > 0 && (s.is(j, "dash") || s.is(j, "hyphen") || s.is(j, "slash") || s.is(j, "stroke")) && s.mayContinue(j+1):
			spoken++
			j++
		case size == 1 && (s.mayContinue(j+1) || j > i && !s.is(j, "i") && !s.is(j, "a")), // b k two zero
			size <= 5 && s.mayContinue(j+1) && (s.gap(j+1)&(GapHyphen|GapSlash|GapUnder) != 0 || tok.Shape.Caps() || j == i && !s.known(j)),
			j > i && size <= 3 && tok.Shape.Caps(),
			j > i && g&(GapHyphen|GapSlash|GapUnder) != 0 && size <= 5:
			j++
			if digits > 0 {
				end = j
			}
		default:
			return s.wholeIdentifier(i, end, digits, spoken, least)
		}
	}
	return s.wholeIdentifier(i, end, digits, spoken, least)
}

// mayContinue reports whether word j may continue an identifier that begins with
// letters: "b k two zero".
func (s *contactScan) mayContinue(j int) bool {
	if j >= len(s.toks) || s.toks[j].Gap.Sentence() || s.toks[j].Gap&^(GapSpace|GapHyphen|GapSlash|GapDot|GapUnder) != 0 {
		return false
	}
	k := s.t.numberWord(j).kind
	return s.toks[j].Shape&HasDigit != 0 || k != notNumber && k != numOrdinal && k != numScale || s.toks[j].End-s.toks[j].Start == 1
}

// wholeIdentifier returns end if words i to end-1 make an identifier, else i. It
// rules out times, amounts, years and dates.
func (s *contactScan) wholeIdentifier(i, end, digits, spoken, least int) int {
	switch {
	case end-i == 1 && digits == 2 && s.size(i) >= 5 && !ordinalFigures(s.t.Word(i)): // Q7R2ZT
		return end
	// Too short.
	case digits < 3, digits < least && end-i == 1 && s.toks[i].Shape.Numeric():
	case spoken == end-i && (spoken < 3 || digits < 4): // "ten thirty" is a time
	// An amount: "20 pounds".
	case end < len(s.toks) && units.has(s.toks[end].Hash) && digits < 7:
	// A year: "since 2019".
	case end-i == 1 && isYear(s.t.Word(i)) && s.flags(i-1)&cDatePrep != 0:
	// A date in figures.
	case s.numericDate(i) == end-i:
	default:
		return end
	}
	return i
}

// units are words after a number that make it an amount: "20 pounds".
var units = setOf("pounds", "pound", "quid", "dollars", "dollar", "euros", "naira", "pence", "cents", "minutes", "minute", "hours",
	"days", "weeks", "months", "years", "people", "percent", "am", "pm", "o'clock", "milligrams", "mg", "units", "times")

// mixedID adds an identifier that its form or checksum proves without a cue: an
// IBAN, a British national insurance number.
func (s *contactScan) mixedID(i int) bool {
	tok := s.toks[i]
	if tok.Shape&HasDigit == 0 || tok.Shape.Numeric() || tok.End-tok.Start < 4 || s.letters(i) != 2 {
		return false
	}
	// Groups of an IBAN are joined until the checksum is right.
	var buf [36]byte
	code := buf[:0]
	for j := i; j < len(s.toks) && j < i+10; j++ {
		if j > i && s.toks[j].Gap&^(GapSpace|GapHyphen) != 0 || len(code)+s.toks[j].End-s.toks[j].Start > 34 {
			break
		}
		for _, c := range []byte(s.t.Word(j)) {
			code = append(code, c&^(c>>1&0x20)) // to upper case; digits stay
		}
		switch {
		case len(code) >= 15 && validIBAN(code):
			s.add(i, j+1, ID, "iban", .95, "id.iban")
			return true
		case j == i && len(code) == 9 && isNationalInsurance(code):
			s.add(i, j+1, ID, "nino", .9, "id.nino")
			return true
		}
	}
	return false
}

// isIPAddress reports whether an IPv4 address begins at word i.
func (s *contactScan) isIPAddress(i int) bool {
	for k := i; k < i+4; k++ {
		if v := s.figureValue(k); v < 0 || v > 255 || k > i && s.toks[k].Gap != GapDot {
			return false
		}
	}
	return true
}

// letters returns the number of letters at the beginning of word i.
func (s *contactScan) letters(i int) int {
	w := s.t.Word(i)
	n := 0
	for n < len(w) && class[w[n]]&(lower|upper) != 0 {
		n++
	}
	return n
}

// isNationalInsurance reports whether code, nine characters that begin with two
// letters, has the form of a British national insurance number.
func isNationalInsurance(code []byte) bool {
	for _, c := range code[2:8] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return code[8] >= 'A' && code[8] <= 'D'
}

// luhn reports whether d passes the checksum of card numbers.
func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// validNHS reports whether d, of ten digits, passes the modulo 11 checksum of NHS
// numbers.
func validNHS(d []byte) bool {
	sum := 0
	for i := range 9 {
		sum += int(d[i]-'0') * (10 - i)
	}
	return (11-sum%11)%11 == int(d[9]-'0')
}

// validIBAN reports whether code, in capitals and without blanks, passes the
// modulo 97 checksum of IBANs (ISO 13616).
func validIBAN(code []byte) bool {
	rest := 0
	for k := range code {
		switch c := code[(k+4)%len(code)]; {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1 && code[2] <= '9' && code[3] <= '9'
}
