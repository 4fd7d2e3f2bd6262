package redact

// addPostcode adds the postcode at words i to j-1 and returns j. If no address
// has begun before it, the street and the town in front belong to it: "Church
// Lane, Woodbridge IP12 1AA".
func (s *contactScan) addPostcode(i, j int) int {
	start := i
	for k := i - 1; k >= 0 && i-k <= 8; k-- {
		// A capitalised or unknown word before the postcode is its town or street. A
		// medical term, a number or the end of a clause ends the search.
		f := s.flags(k)
		if s.toks[k+1].Gap&^(GapSpace|GapComma|GapLine|GapHyphen) != 0 || s.toks[k].Shape&HasDigit != 0 || s.medical(k) {
			break
		}
		if upper := s.toks[k].Shape&FirstUpper != 0; upper && f&cStop == 0 && (f&(cGiven|cTitle) == 0 || f&cPlace != 0) {
			start = k
		} else if !upper && (f&(cPlace|cStreet) != 0 && f&(cStop|cGiven) == 0 || !s.known(k) && f == 0 && s.size(k) > 3) {
			start = k
		} else if !(upper && (streetNames.has(s.toks[k].Hash) || s.is(k, "the"))) {
			break
		}
	}
	return s.add(start, j, Address, "postcode", .9, "address.postcode")
}

// postcode returns the number of words in the British or Canadian postcode at
// word i, written ("W1G 9PF") or spelled ("n w one four r y"), or 0.
func (s *contactScan) postcode(i int) int {
	if i >= len(s.toks) {
		return 0
	}
	if tok := s.toks[i]; tok.Shape&FirstUpper == 0 && tok.Shape&HasLower == 0 || tok.End-tok.Start > 7 ||
		tok.Shape&HasDigit == 0 && (tok.End-tok.Start > 2 || !s.postcodeMayFollow(i)) {
		return 0
	}
	var buf [8]byte
	code := buf[:0]
	for j := i; j < len(s.toks) && j < i+8; j++ {
		tok := s.toks[j]
		if j > i && tok.Gap&^(GapSpace|GapHyphen|GapLine) != 0 {
			return 0
		}
		// Dictated digits become figures, and letters capitals, until the characters
		// are a postcode.
		switch num := s.t.numberWord(j); {
		case tok.Shape&(HasWide|HasApostrophe) != 0:
			return 0
		case num.kind == numUnits && s.size(j) > 1:
			code = append(code, byte('0'+num.value))
		case num.kind == numTeens:
			code = append(code, '1', byte('0'+num.value%10))
		case tok.Shape&HasDigit == 0 && s.size(j) > 2, s.size(j) > 7-len(code):
			return 0
		default:
			for _, c := range []byte(s.t.Word(j)) {
				code = append(code, c&^(c>>1&0x20))
			}
		}
		if len(code) > 7 {
			return 0
		}
		if len(code) >= 5 && isPostcode(code) {
			return j + 1 - i
		}
	}
	return 0
}

// postcodeMayFollow reports that the one or two letters at word i may begin a
// postcode.
func (s *contactScan) postcodeMayFollow(i int) bool {
	j := i + 1
	if s.size(i) == 1 && j < len(s.toks) && s.singleLetter(j) {
		j++
	}
	if j >= len(s.toks) || s.toks[j].Gap&^(GapSpace|GapHyphen) != 0 {
		return false
	}
	if s.toks[j].Shape&HasDigit != 0 {
		return true
	}
	k := s.t.numberWord(j).kind
	return k == numUnits && s.size(j) > 1 || k == numTeens
}

// isPostcode reports whether c, in capitals without blanks, is a postcode. A
// British one has one or two letters of a postal area, a district, a digit and
// two letters other than C, I, K, M, O, V; a Canadian one has the form A1A1A1.
func isPostcode(c []byte) bool {
	letter := func(b byte) bool { return b >= 'A' && b <= 'Z' }
	digit := func(b byte) bool { return b >= '0' && b <= '9' }
	n := len(c)
	if n == 6 && letter(c[0]) && digit(c[1]) && letter(c[2]) && digit(c[3]) && letter(c[4]) && digit(c[5]) {
		return true
	}
	// The second half: a digit and two letters.
	inward := func(b byte) bool {
		return letter(b) && b != 'C' && b != 'I' && b != 'K' && b != 'M' && b != 'O' && b != 'V'
	}
	if !digit(c[n-3]) || !inward(c[n-2]) || !inward(c[n-1]) {
		return false
	}
	// The first half: the area, one or two digits, and in central London a letter.
	out := c[:n-3]
	a := 1
	if len(out) > 1 && letter(out[1]) {
		a = 2
	}
	if len(out) <= a || len(out) > a+2 || !digit(out[a]) || len(out) == a+2 && !digit(out[a+1]) && !letter(out[a+1]) {
		return false
	}
	return postalAreas.has(Hash(string(out[:a])))
}

// postalAreas are the letters that British postcodes begin with.
var postalAreas = setOf("ab", "al", "b", "ba", "bb", "bd", "bf", "bh", "bl", "bn", "br", "bs", "bt", "ca", "cb", "cf", "ch", "cm", "co", "cr",
	"ct", "cv", "cw", "da", "dd", "de", "dg", "dh", "dl", "dn", "dt", "dy", "e", "ec", "eh", "en", "ex", "fk", "fy", "g",
	"gl", "gu", "gy", "ha", "hd", "hg", "hp", "hr", "hs", "hu", "hx", "ig", "im", "ip", "iv", "je", "ka", "kt", "kw", "ky",
	"l", "la", "ld", "le", "ll", "ln", "ls", "lu", "m", "me", "mk", "ml", "n", "ne", "ng", "nn", "np", "nr", "nw", "ol",
	"ox", "pa", "pe", "ph", "pl", "po", "pr", "rg", "rh", "rm", "s", "sa", "se", "sg", "sk", "sl", "sm", "sn", "so", "sp",
	"sr", "ss", "st", "sw", "sy", "ta", "td", "tf", "tn", "tq", "tr", "ts", "tw", "ub", "w", "wa", "wc", "wd", "wf", "wn",
	"wr", "ws", "wv", "yo", "ze")

// statedPostcode reads the code after "postcode", "post code" or "zip" at word i
// and returns the word after it, or i.
func (s *contactScan) statedPostcode(i int) int {
	j := i + 1
	if s.is(j, "code") || s.is(j, "codes") {
		j++
	} else if s.is(i, "post") || s.is(i, "postal") {
		return i
	}
	j = s.skipLinks(j, 5)
	if n := s.postcode(j); n > 0 {
		return s.add(j, j+n, Address, "postcode", .95, "address.postcode")
	}
	if j < len(s.toks) && s.toks[j].Shape.Numeric() && s.size(j) >= 3 && s.size(j) <= 6 {
		return s.add(j, max(j+1, s.zip(j)), Address, "postcode", .9, "address.postcode")
	}
	var r digitRun
	if s.readRun(j, &r); r.n >= 4 && r.n <= 9 {
		return s.add(j, r.end, Address, "postcode", .9, "address.postcode")
	}
	return i
}
