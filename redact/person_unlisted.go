package redact

// unlistedName adds a name at word i, which is in no list: "I'm Bojka Zilih",
// "Xanthe here", "i am ekaette udofia". It returns the word after it, or i. An
// unknown word is a name only in a position where a name is expected.
func (s *contactScan) unlistedName(i int) int {
	tok := s.toks[i]
	if tok.Shape&HasApostrophe != 0 && s.possessive(i) {
		return s.possessiveName(i)
	}
	upper := tok.Shape&FirstUpper != 0
	if !upper && !s.nameMayBegin(i) || s.size(i) < 4 && !upper && !speakerWords.has(s.hash(i+1)) || s.size(i) < 2 || tok.Shape&HasDigit != 0 || s.known(i) {
		return i
	}
	// A capitalised word before a number may be a street: "Calle Mayor 12".
	if s.gap(i+1) == GapSpace && s.figureValue(i+1) > 0 {
		if end := s.foreign(i); end > i {
			return s.add(i, end, Address, "street", .8, "address.foreign")
		}
	}
	end := s.extendName(i+1, i, 3)
	if s.notPerson(i, end) {
		return i
	}
	// Two unknown words are a name more often than one.
	pair := end > i+1 && s.flags(end-1)&(cStop|cPlace) == 0 && !s.known(end-1)
	switch {
	// "Adetokunbo"
	case likeGiven(s.t.Word(i)):
	// "Xanthe here"
	case speakerWords.has(s.hash(end)) && s.gap(end)&^(GapSpace|GapComma) == 0 && (upper || s.startsUtterance(i)):
	// "I'm Bojka Zilih", "it's under Zilih"
	case s.introduced(i) && (pair && (upper || s.nameMayEnd(end) && !s.is(i-1, "its")) || (s.is(i-1, "me") || s.is(i-1, "under")) && s.nameMayEnd(end)):
	// An unknown word before a family name: "Zubin Connor".
	case pair && s.flags(end-1)&cSurname != 0:
	case !upper || !tok.Shape.Title():
		return i
	// Two capitalised words, unless they are a place: "near Ashby Heath".
	case pair && !placePrepositions.has(s.hash(i-1)):
	// "tell Zorp I called"
	case personVerbs.has(s.hash(i-1)) && !s.gap(i).Sentence() && s.nameMayEnd(end):
	default:
		return i
	}
	return s.add(i, end, Person, "", .6, "person.unlisted")
}

// nameMayBegin reports whether a name in small letters may begin at word i. It is
// the cheap test that most unlisted words fail.
func (s *contactScan) nameMayBegin(i int) bool {
	next := s.flags(i + 1)
	return s.gap(i+1) == GapSpace && s.figureValue(i+1) > 0 || next&cSurname != 0 && next&cStop == 0 && s.gap(i+1) == GapSpace && !s.known(i+1) ||
		s.flags(i-1)&cLeadIn != 0 && s.introduced(i) || next&cAfterName != 0 && speakerWords.has(s.hash(i+1)) || likeGiven(s.t.Word(i))
}

// introduced reports whether words such as "I'm" or "this is" precede word i.
func (s *contactScan) introduced(i int) bool {
	return s.is(i-1, "im") || s.is(i-1, "its") || s.is(i-1, "am") && s.is(i-2, "i") || s.is(i-1, "is") && s.is(i-2, "this") ||
		s.is(i-1, "this") || s.is(i-1, "me") && (s.is(i-2, "call") || s.is(i-2, "calls") || s.is(i-2, "called")) || s.booked(i)
}

// booked reports whether words such as "it's under" or "booked under" precede
// word i.
func (s *contactScan) booked(i int) bool {
	return s.is(i-1, "under") && (s.is(i-2, "its") || s.is(i-2, "is") || s.is(i-2, "booked") || s.is(i-2, "booking") || s.is(i-2, "name"))
}

// possessiveName reads word i without its 's: a name ("sarah's daughter") or a cue
// ("my surname's O'Rourke").
func (s *contactScan) possessiveName(i int) int {
	end := s.possessiveStem(i)
	f := s.words.Flags(Hash(s.t.S[s.toks[i].Start:end]))
	if f&(cNameCue|cPhoneCue|cIDCue|cAddrCue|cBirth|cPostcode|cKin) != 0 {
		return s.word(i, f&^(cGiven|cGivenWord|cSurname))
	}
	if f&cGiven != 0 || f&cSurname != 0 && f&(cStop|cPlace) == 0 && s.toks[i].Shape&FirstUpper != 0 && !s.gap(i).Sentence() {
		s.out = append(s.out, Span{s.toks[i].Start, end, Person, "", .7, "person.owner"})
		return i + 1
	}
	return i
}

// possessiveStem returns the byte at which word i ends without its 's.
func (s *contactScan) possessiveStem(i int) int {
	end := s.toks[i].End - 2
	if s.t.S[end] != '\'' { // ’ has three bytes
		end -= 2
	}
	return end
}

// likeGiven reports whether word begins like a Yoruba or Igbo given name. There
// are more of these names than a list can hold.
func likeGiven(word string) bool {
	if len(word) < 6 {
		return false
	}
	var buf [8]byte
	n := copy(buf[:], word)
	for k := range n {
		buf[k] |= 0x20
	}
	// The exceptions keep other words out: adenoid, adequate, Chinese, olanzapine.
	head := buf[:n]
	switch head[0] {
	case 'a':
		return hasLonger(head, "ade") && head[3] != 'n' && head[3] != 'q' || hasLonger(head, "ayo") || hasLonger(head, "akin") || hasLonger(head, "abio")
	case 'b':
		return hasLonger(head, "babat") || hasLonger(head, "babaj")
	case 'c':
		return hasLonger(head, "chuk") || hasLonger(head, "chinw") || hasLonger(head, "chine") && head[5] != 's' || hasLonger(head, "chid") && head[4] != 'e'
	case 'e':
		return hasLonger(head, "enio")
	case 'i':
		return hasLonger(head, "ifea") || hasLonger(head, "ifeo") || hasLonger(head, "ikech")
	case 'm':
		return hasLonger(head, "mobol") || hasLonger(head, "morol")
	case 'n':
		return hasLonger(head, "nwa") || hasLonger(head, "nwo")
	case 'o':
		return hasLonger(head, "olu") || hasLonger(head, "ola") && head[3] != 'n' || hasLonger(head, "oye") || hasLonger(head, "ogun") ||
			hasLonger(head, "omol") || hasLonger(head, "okech") || hasLonger(head, "onye")
	case 't':
		return hasLonger(head, "temi") || hasLonger(head, "tolu")
	case 'u':
		return hasLonger(head, "ugoc") || hasLonger(head, "uchen")
	}
	return false
}

// hasLonger reports whether head begins with prefix and goes on.
func hasLonger(head []byte, prefix string) bool {
	return len(head) > len(prefix) && string(head[:len(prefix)]) == prefix
}
