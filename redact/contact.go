package redact

// contacts is the recognizer of names, phone numbers, addresses, e-mail
// addresses, dates and identity numbers. It looks every word up once. Only a
// word that begins or announces a fact (a digit, a month, "my name is") is read
// further, by the file of that kind: phone.go, address.go, date.go …
type contacts struct {
	words    *Words // flags of single words (contact_words.go)
	everyday *Words // given names that are usually words: will, mark
	places   *trie  // towns and countries
	v        *vocabulary
}

func newContacts() contacts {
	c := sharedContacts()
	c.v = sharedVocabulary()
	return c
}

func (contacts) Name() string { return "contacts" }

func (c contacts) Find(t *Text, dst []Span) ([]Span, error) {
	s := contactScan{contacts: c, t: t, toks: t.Tokens, out: dst, phoneCue: noCue, idCue: noCue, birthCue: noCue, addrCue: noCue}
	s.run()
	return s.out, nil
}

// noCue is the position of a cue that has not occurred: too far back to count.
const noCue = -1 << 20

// A contactScan is the state of one Find. Its methods take and return indexes of
// words. A method that reads a fact at word i returns the word after the fact,
// or i if it finds no fact; one that returns a number of words returns 0 then.
type contactScan struct {
	contacts
	t    *Text
	toks []Token
	out  []Span

	// The last word that announced a fact of each kind, or noCue.
	phoneCue, idCue, birthCue, addrCue int
}

// run reads the text from the first word to the last.
func (s *contactScan) run() {
	if s.t.At {
		s.writtenEmails()
	}
	for i := 0; i < len(s.toks); {
		tok := &s.toks[i]
		if tok.Shape&HasDigit != 0 {
			i = s.digitWord(i)
			continue
		}
		f := s.words.Flags(tok.Hash)
		if f&startFlags == 0 {
			if tok.End-tok.Start <= 2 {
				if n := s.postcode(i); n > 0 {
					i = s.addPostcode(i, i+n)
					continue
				}
			}
			if f&cStop == 0 {
				i = max(i+1, s.unlistedName(i))
				continue
			}
			i++
			continue
		}
		i = max(i+1, s.word(i, f))
	}
}

// digitWord reads the fact that begins at word i, which contains a digit, and
// returns the next word to read. The order of the tests matters: "12/03/1985"
// is a date before it is a number.
func (s *contactScan) digitWord(i int) int {
	if n := s.postcode(i); n > 0 {
		return s.addPostcode(i, i+n)
	}
	if n := s.numericDate(i); n > 0 {
		return s.add(i, i+n, Date, s.dateSub(i), .9, "date.numeric")
	}
	if n := s.date(i); n > 0 {
		return s.add(i, i+n, Date, s.dateSub(i), .9, "date.day")
	}
	if n := s.street(i); n > 0 {
		return s.add(i, i+n, Address, "street", .9, "address.street")
	}
	return max(i+1, s.number(i))
}

// word reads the fact that word i, with flags f, begins or announces. It returns
// the next word to read; a result up to i means that it found no fact.
func (s *contactScan) word(i int, f uint32) int {
	if f&(cPhoneCue|cIDCue|cBirth|cAddrCue|cPostcode) != 0 {
		if n := s.cue(i, f); n > i {
			return n
		}
	}
	if f&cSpoken != 0 {
		if n := s.url(i); n > i {
			return n
		}
		if n := s.spokenEmail(i); n > i {
			return n
		}
	}
	if f&(cMonth|cMonthWord|cWeekday|cRelative|cPeriod|cNumber) != 0 {
		if n := s.date(i); n > 0 {
			return s.add(i, i+n, Date, s.dateSub(i), .9, "date.word")
		}
	}
	if f&(cNumber|cUnit|cPrefix) != 0 {
		if n := s.street(i); n > 0 {
			return s.add(i, i+n, Address, "street", .9, "address.street")
		}
		if f&cNumber != 0 {
			if n := s.postcode(i); n > 0 {
				return s.addPostcode(i, i+n)
			}
			if n := s.number(i); n > i {
				return n
			}
		}
	}
	if f&(cTitle|cKin|cNameCue|cGiven|cGivenWord|cSurname) != 0 {
		if n := s.person(i, f); n > i {
			return n
		}
	}
	if f&cPlace != 0 {
		if n := s.place(i); n > i {
			return n
		}
	}
	if s.toks[i].End-s.toks[i].Start <= 2 {
		if n := s.postcode(i); n > 0 {
			return s.addPostcode(i, i+n)
		}
	}
	return i
}

// cue records the cue at word i, with flags f, for later numbers and dates, and
// reads the address, identifier or postcode that it announces. It returns the word
// after the fact, or i.
func (s *contactScan) cue(i int, f uint32) int {
	if f&cPhoneCue != 0 && !(f&cLink != 0 && within(s.idCue, i, 3)) { // "NHS number"
		s.phoneCue = i
	}
	if f&cBirth != 0 {
		s.birthCue = i
	}
	if f&cAddrCue != 0 {
		s.addrCue = i
		if n := s.statedAddress(i); n > i {
			return n
		}
	}
	if f&cIDCue != 0 {
		s.idCue = i
		if n := s.statedID(i); n > i {
			return n
		}
	}
	if f&cPostcode != 0 {
		if n := s.statedPostcode(i); n > i {
			return n
		}
	}
	return i
}

// add appends the span of words i to j-1 to the result and returns j.
func (s *contactScan) add(i, j int, kind Kind, sub string, score float32, rule string) int {
	s.out = append(s.out, s.t.Span(i, j, kind, sub, score, rule))
	return j
}

// flags returns the flags of word i, 0 outside the text.
func (s *contactScan) flags(i int) uint32 {
	if i < 0 || i >= len(s.toks) {
		return 0
	}
	return s.words.Flags(s.toks[i].Hash)
}

// is reports whether word i equals folded, like [Text.Is]. It compares lengths
// first, which decides most calls without a hash.
func (s *contactScan) is(i int, folded string) bool {
	if i < 0 || i >= len(s.toks) {
		return false
	}
	tok := &s.toks[i]
	return (tok.End-tok.Start == len(folded) || tok.Shape&(HasApostrophe|HasWide) != 0) && tok.Hash == Hash(folded)
}

// gap returns the gap before word i. Outside the text it ends a sentence.
func (s *contactScan) gap(i int) Gap {
	if i < 0 || i >= len(s.toks) {
		return GapStart
	}
	return s.toks[i].Gap
}

// within reports whether the cue at word c precedes word i by at most n words.
func within(c, i, n int) bool { return c < i && i-c <= n }

// skipLinks skips the words between a cue and its value ("number is, um, ")
// within one sentence.
func (s *contactScan) skipLinks(i, most int) int {
	for n := 0; n < most && s.isLink(i) && !s.gap(i).Sentence(); n++ {
		i++
	}
	return i
}

// isLink reports whether word i can stand between a cue and its value: "is",
// "number's".
func (s *contactScan) isLink(i int) bool {
	if i >= len(s.toks) {
		return false
	}
	if s.flags(i)&(cLink|cFiller) != 0 {
		return true
	}
	return s.toks[i].Shape&HasApostrophe != 0 && s.possessive(i) && s.words.Flags(Hash(s.t.S[s.toks[i].Start:s.possessiveStem(i)]))&cLink != 0
}

// skipFillers skips up to three hesitations at word i: "um", "uh".
func (s *contactScan) skipFillers(i int) int {
	for n := 0; n < 3 && s.flags(i)&cFiller != 0; n++ {
		i++
	}
	return i
}

// known reports whether word i is an everyday or a medical word. A name that is
// in no list must not be a known word.
func (s *contactScan) known(i int) bool {
	h := s.toks[i].Hash
	if s.words.Flags(h)&cStop != 0 {
		return true
	}
	e := s.v.phrases.step(0, h)
	return e.node != 0 && e.flags&^deeper != 0
}

// medical reports whether word i is a medical term in any context. Such a word is
// never part of an address, where it would stay in the text of Split.
func (s *contactScan) medical(i int) bool {
	return s.v.phrases.step(0, s.toks[i].Hash).flags&isTerm != 0
}
