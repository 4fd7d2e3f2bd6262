package redact

// person adds the name that word i, with flags f, begins or announces. It returns
// the next word to read, or i. A name is announced by a title ("Dr Patel"), a cue
// ("my name is …"), a relative ("my husband James"), or begins with a listed name.
func (s *contactScan) person(i int, f uint32) int {
	switch {
	case f&cTitle != 0 && !(f&cKin != 0 && s.owned(i)):
		if end := s.titledName(i, f); end > i {
			return end
		}
	case f&cNameCue != 0:
		if end := s.statedName(i); end > i {
			return end
		}
	}
	if f&cKin != 0 {
		if end := s.relativeName(i); end > i {
			return end
		}
	}
	if f&(cGiven|cGivenWord|cSurname) != 0 {
		return s.listedName(i, f)
	}
	return i
}

// titledName adds a name after the title at word i: "Dr Patel", "mrs . burns",
// "nurse joy". It returns the word after it, or i.
func (s *contactScan) titledName(i int, f uint32) int {
	j := i + 1
	if j >= len(s.toks) || s.toks[j].Gap&^(GapSpace|GapDot|GapLine) != 0 || s.toks[j].Shape&HasDigit != 0 {
		return i
	}
	if s.flags(j)&cTitle != 0 && s.gap(j+1)&^(GapSpace|GapDot) == 0 && s.flags(j+1)&cStop == 0 {
		j++ // Prof. Dr. …
	}
	for n := 0; n < 2 && s.singleLetter(j) && j+1 < len(s.toks) && s.gap(j+1)&^(GapSpace|GapDot) == 0 && s.toks[j+1].Shape&HasDigit == 0; n++ {
		j++ // Dr. A. K. …
	}
	if !s.titleTakesName(i, j, f) {
		return i
	}
	return s.add(i, s.extendName(j+1, j, 2), Person, "titled", .9, "person.title")
}

// titleTakesName reports whether word j is the name that belongs to the title at
// word i, with flags f. Without capitals a title can be an everyday word ("the
// nurse called"), so weaker titles need a listed or an unknown word.
func (s *contactScan) titleTakesName(i, j int, f uint32) bool {
	nf := s.flags(j)
	listed := nf&(cGiven|cGivenWord|cSurname) != 0
	cased := s.toks[j].Shape&FirstUpper != 0 && s.size(j) > 1
	formal, clinical := courtesy.has(s.toks[i].Hash), clinicians.has(s.toks[i].Hash)
	switch {
	case nf&cStop != 0 && !(listed && cased), s.size(j) == 1:
		return false
	case cased:
		return formal || listed || !s.known(j)
	case nf&cGiven != 0:
		return true
	case s.is(i, "miss"): // "i miss …"
		return nf&cSurname != 0
	case s.t.Upper && s.toks[i].Shape&FirstUpper != 0 && !formal: // "Sister came"
		return false
	case plainTitles.has(s.toks[i].Hash): // mr bright
		return listed || s.size(j) > 2 && s.notVerb(j) && s.v.phrases.step(0, s.toks[j].Hash).flags&(isClinic|isTerm) == 0
	case formal:
		return listed || !s.known(j) && s.size(j) > 2
	case f&cKin != 0:
		return false
	}
	return clinical && (listed || !s.known(j) && nf == 0 && s.size(j) > 3 && s.notVerb(j))
}

// notVerb reports whether word i does not end like "calling", "called" or
// "really".
func (s *contactScan) notVerb(i int) bool {
	w := s.t.Word(i)
	n := len(w)
	return n < 4 || w[n-3:] != "ing" && w[n-2:] != "ed" && w[n-2:] != "ly"
}

var (
	// courtesy titles precede a family name; plainTitles do even in lower case.
	courtesy = setOf("mr", "mrs", "ms", "miss", "mister", "missus", "dr", "prof", "madam", "mx", "rev", "reverend", "alhaji",
		"alhaja", "hajia", "mallam", "doctor", "professor")
	plainTitles = setOf("mr", "mrs", "ms", "mister", "missus", "dr")
	// clinicians are titles that are also nouns: "the nurse".
	clinicians = setOf("nurse", "chief", "pastor", "matron", "lady", "lord", "sir", "dame")
)

// statedName adds the name after the cue at word i: "my name is …", "surname …",
// "called …". It returns the word after it, or i.
func (s *contactScan) statedName(i int) int {
	j := i + 1
	weak := s.is(i, "called") || s.is(i, "named") || s.is(i, "names") && s.toks[i].Shape&HasApostrophe == 0 || s.gap(j)&GapComma != 0
	for n := 0; n < 6 && j < len(s.toks) && !s.gap(j).Sentence() && (s.flags(j)&cFiller != 0 || nameLinks.has(s.toks[j].Hash)); n++ {
		j++
	}
	if j < len(s.toks) && s.gap(j)&GapEnd != 0 { // "Your last name? Magnusson."
		weak = true
		if s.toks[j].Shape&FirstUpper == 0 {
			return i
		}
	}
	if j >= len(s.toks) || s.gap(j)&^(GapSpace|GapColon|GapComma|GapQuote|GapLine|GapHyphen|GapEnd) != 0 {
		return i
	}
	if s.flags(j)&cTitle != 0 {
		if end := s.titledName(j, s.flags(j)); end > j {
			return end
		}
	}
	f := s.flags(j)
	cased := s.toks[j].Shape&FirstUpper != 0
	switch {
	case s.toks[j].Shape&HasDigit != 0 || s.size(j) == 1:
		return i
	case f&(cGiven|cSurname|cGivenWord) != 0 && (f&cStop == 0 || cased && !weak):
	case f&(cStop|cIDCue|cPhoneCue|cUnit|cNumber|cNameCue|cKin|cTitle) != 0:
		return i
	case cased && s.t.Upper && (!weak || !s.known(j)):
	case s.known(j), weak: // "it's called …" needs a listed name
		return i
	}
	return s.add(j, s.extendName(j+1, j, 3), Person, "stated", .9, "person.stated")
}

// nameLinks are the words between a name cue and the name.
var nameLinks = setOf("is", "it's", "was", "would", "be", "here", "as", "of", "under", "for", "on", "the", "account", "booking", "appointment",
	"file", "card", "in", "full", "first", "last", "my", "patient", "patients", "please")

// relativeName adds the name after the relative at word i: "my husband James", "my
// mother, Margaret Whitfield". It returns the word after it, or i.
func (s *contactScan) relativeName(i int) int {
	j := i + 1
	if j >= len(s.toks) || s.toks[j].Shape&HasDigit != 0 || s.gap(j)&^(GapSpace|GapComma|GapLine) != 0 {
		return i
	}
	if s.is(j, "called") || s.is(j, "named") {
		return i
	}
	f := s.flags(j)
	cased := s.toks[j].Shape.Title() && s.toks[j].Shape&HasApostrophe == 0
	switch {
	case f&cGiven != 0:
	case cased && f&(cGivenWord|cSurname) != 0, cased && f&cStop == 0 && !s.known(j) && (s.gap(j) == GapSpace || !s.gap(j+1).Plain()):
	case f&cGivenWord != 0 && s.gap(j) == GapSpace && f&(cMonth|cMonthWord) == 0 && s.owned(i) && !auxiliary.has(s.toks[j].Hash) &&
		(!s.everyday.has(s.toks[j].Hash) && f&cStop == 0 || !s.gap(j+1).Plain() || s.flags(j+1)&cAfterName != 0):
	default:
		return i
	}
	return s.add(j, s.extendName(j+1, j, 2), Person, "relative", .85, "person.relative")
}

// owned reports whether a possessive such as "my" precedes word i.
func (s *contactScan) owned(i int) bool {
	return s.is(i-1, "my") || s.is(i-1, "his") || s.is(i-1, "her") || s.is(i-1, "our") || s.is(i-2, "my") || s.is(i-2, "our")
}

// listedName adds a name that begins with the listed name at word i and returns
// the word after it, or i. The less a listed name can be anything else, the less
// evidence it needs: a given name stands alone, a family name needs a cue.
func (s *contactScan) listedName(i int, f uint32) int {
	tok := s.toks[i]
	if tok.Shape&HasApostrophe != 0 && s.size(i) <= 5 && f&cGiven == 0 {
		return i // he'll, we'd are contractions
	}
	end := s.extendName(i+1, i, 3)
	if s.notPerson(i, end) {
		return i
	}
	cased := tok.Shape.Title() || tok.Shape.Caps() && s.size(i) > 2
	score, ok := float32(.7), false
	switch {
	case f&cGiven != 0:
		ok = !(f&cPlace != 0 && end == i+1 && s.somewhere(i))
		if !s.known(i) {
			score = .95 // above a medical ending: Amelia, Ifeoma
		}
	case f&cStop != 0:
		ok = cased && (end > i+1 || s.afterLeadIn(i)) || end > i+1 && s.flags(end)&cAfterName != 0 && s.startsUtterance(i)
	case f&cGivenWord != 0 && cased:
		ok = end > i+1 || s.afterLeadIn(i) || s.flags(i+1)&cAfterName != 0 ||
			!s.gap(i).Sentence() && f&(cStreet|cStreetWeak|cMonth|cMonthWord|cPlace) == 0
	case f&cGivenWord != 0:
		ok = s.lowerName(i, end)
	case cased: // a capitalised family name
		ok = end > i+1 || !s.known(i) && f&cPlace == 0 && (s.announcedName(i) || speakerWords.has(s.hash(i+1)))
	default:
		ok = !s.known(i) && (speakerWords.has(s.hash(i+1)) && s.startsUtterance(i) ||
			nameAnnouncers.has(s.hash(i-1)) && s.nameMayEnd(i+1) && end == i+1 && s.size(i) > 3)
	}
	if !ok {
		return i
	}
	if tok.Gap == GapHyphen && s.flags(i-1)&(cGiven|cGivenWord|cSurname) != 0 {
		i-- // Jean-Pierre
	}
	return s.add(i, end, Person, "", score, "person.name")
}

// lowerName reports whether words i to end-1, in small letters, are a name. Word i
// is a given name that is also a word: "will young rang", "text grace on", but
// not "i will young".
func (s *contactScan) lowerName(i, end int) bool {
	mostlyWord := s.everyday.has(s.toks[i].Hash)
	if end > i+1 {
		return !mostlyWord || s.flags(end)&cAfterName != 0 && s.flags(i+1)&cGiven == 0 ||
			!auxiliary.has(s.toks[i].Hash) && !s.known(i+1) && s.flags(i+1)&cGiven == 0
	}
	if auxiliary.has(s.toks[i].Hash) {
		return false
	}
	if speakerWords.has(s.hash(i+1)) || reportVerbs.has(s.hash(i+1)) {
		return s.startsUtterance(i)
	}
	spokenTo := s.is(i-1, "to") && (s.is(i-2, "speak") || s.is(i-2, "talk") || s.is(i-2, "spoke"))
	return s.afterLeadIn(i) && (!mostlyWord || (spokenTo || personVerbs.has(s.hash(i-1))) && s.nameMayEnd(i+1) ||
		(s.is(i-1, "like") || s.is(i-1, "want")) && s.is(i+1, "to"))
}

// somewhere reports whether word i begins a town's name after "in", "from" or
// "near", so that it is not a person's name.
func (s *contactScan) somewhere(i int) bool {
	return s.places.longest(s.toks, i, 1) > 0 && (s.is(i-1, "in") || s.is(i-1, "from") || s.is(i-1, "near"))
}

// announcedName reports whether the word before word i lets a family name stand
// alone: "it's under Connor".
func (s *contactScan) announcedName(i int) bool {
	return nameAnnouncers.has(s.hash(i-1)) && !s.gap(i).Sentence()
}

var (
	// auxiliary are given names that need a family name: "may", "will".
	auxiliary = setOf("will", "may", "long", "van", "don", "wes", "case", "love", "ever", "well", "major", "young")
	// speakerWords follow the name of the caller: "Sarah here".
	speakerWords = setOf("here", "speaking", "calling", "rang", "phoned")
	// placePrepositions make two capitalised words a place.
	placePrepositions = setOf("in", "at", "near", "from", "the", "on", "outside", "opposite", "off", "behind")
	// reportVerbs follow the name of another person: "grace called me".
	reportVerbs = setOf("told", "said", "asked", "called", "texted", "emailed")
	// nameAnnouncers may precede a family name without a title. personVerbs
	// may precede a name that is in no list or is also a word.
	nameAnnouncers = setOf("under", "text", "call", "ring", "tell", "ask", "remind", "contact", "dear", "for", "with", "by", "see", "spoke", "speak",
		"it's", "i'm", "is", "hi", "hello")
	personVerbs = setOf("hi", "hello", "hey", "text", "call", "ring", "tell", "ask", "remind", "contact", "dear", "see", "saw")
)

// afterLeadIn reports whether the word before word i may be followed by a name:
// "tell", "with".
func (s *contactScan) afterLeadIn(i int) bool {
	if i == 0 || s.gap(i).Sentence() || s.gap(i)&(GapOther|GapSlash) != 0 {
		return false
	}
	before := s.flags(i - 1)
	return before&(cLeadIn|cKin|cTitle) != 0 || before&cFiller != 0 && s.flags(i-2)&cLeadIn != 0
}

// startsUtterance reports whether word i begins a sentence or follows a lead-in or
// a hesitation.
func (s *contactScan) startsUtterance(i int) bool {
	return s.gap(i).Sentence() || s.afterLeadIn(i) || s.flags(i-1)&cFiller != 0
}

// nameMayEnd reports whether a name may end before word i.
func (s *contactScan) nameMayEnd(i int) bool {
	return !s.gap(i).Plain() || s.flags(i)&(cStop|cLeadIn|cLink|cAfterName) != 0
}

// notPerson reports whether words i to end-1 name a street, a clinic or a product
// and not a person.
func (s *contactScan) notPerson(i, end int) bool {
	if end < len(s.toks) && s.gap(end)&^(GapSpace|GapQuote) == 0 && s.flags(end)&cNotPerson != 0 {
		return true
	}
	return s.is(i-1, "the") && end == i+1 && s.flags(i)&cGiven == 0
}

// extendName extends the name of words first to j-1 by up to most words and
// returns the word after it. Particles ("van der") and initials belong to it.
func (s *contactScan) extendName(j, first, most int) int {
	for n := 0; n < most && j < len(s.toks); n++ {
		next := s.nameWord(j, first)
		if next == j {
			break
		}
		j = next
	}
	return j
}

// nameWord reads one more word at word j of the name that begins at word first, with
// the particle before it. It returns the word after it, or j.
func (s *contactScan) nameWord(j, first int) int {
	cased := s.toks[first].Shape&FirstUpper != 0
	g := s.toks[j].Gap
	if s.toks[j-1].Shape&HasApostrophe != 0 && s.possessive(j-1) {
		return j
	}
	if g&^(GapSpace|GapHyphen|GapDot) != 0 || g&GapDot != 0 && !(s.size(j-1) == 1 && j-1 > first) || g&GapHyphen != 0 && g&GapSpace != 0 {
		return j
	}
	f := s.flags(j)
	tok := s.toks[j]
	upper := tok.Shape&FirstUpper != 0
	switch {
	case tok.Shape&HasDigit != 0:
		return j
	case particles.has(tok.Hash) && j+1 < len(s.toks) && s.gap(j+1) == GapSpace &&
		(s.flags(j+1)&(cSurname|cGiven) != 0 && s.flags(j+1)&cStop == 0 || cased && s.toks[j+1].Shape&FirstUpper != 0 && s.flags(j+1)&cStop == 0):
		return j + 2
	case s.size(j) == 1:
		// An initial belongs to the name if a name follows.
		if cased && upper && j+1 < len(s.toks) && s.toks[j+1].Shape.Title() && s.flags(j+1)&cStop == 0 && !s.is(j, "i") {
			return j + 1
		}
		return j
	case f&cStop != 0 && !(cased && upper && f&cSurname != 0):
		return j
	case f&cFiller != 0 || f&(cMonth|cWeekday) != 0 && f&cSurname == 0:
		return j
	case cased && upper:
		// A capitalised word continues the name, unless it begins a title,
		// a place or a cue.
		if f&(cGiven|cSurname|cGivenWord) == 0 && (s.known(j) || f&(cTitle|cPlace|cIDCue|cPhoneCue|cNotPerson) != 0) || s.flags(j+1)&cNotPerson != 0 && s.gap(j+1).Plain() {
			return j
		}
	case f&(cSurname|cGiven) != 0:
		if cased && s.t.Upper && !upper && s.known(j) || !cased && f&cGiven == 0 && s.known(j) && !s.nameMayEnd(j+1) {
			return j
		}
	case cased && s.t.Upper:
		return j
	default:
		// In lower case an unlisted word continues the name only after a
		// given name or a title.
		if f != 0 || s.known(j) || s.size(j) < 4 || !s.notVerb(j) || s.flags(first)&(cGiven|cTitle) == 0 && s.flags(first-1)&(cTitle|cLink) == 0 && !s.introduced(first) {
			return j
		}
	}
	return j + 1
}

// possessive reports whether word i ends in 's.
func (s *contactScan) possessive(i int) bool {
	w := s.t.Word(i)
	return len(w) > 2 && w[len(w)-1]|0x20 == 's' && (w[len(w)-2] == '\'' || w[len(w)-2] == 0x99)
}

// particles are words inside a family name: van, bin, de la.
var particles = setOf("de", "van", "der", "den", "von", "bin", "ibn", "al", "el", "la", "le", "di", "da", "dos", "del", "della",
	"ten", "ter", "st", "mac", "ap", "o")
