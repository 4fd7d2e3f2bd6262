package redact

import "strings"

// writtenEmails adds the e-mail addresses that contain an '@'.
func (s *contactScan) writtenEmails() {
	text := s.t.S
	for from := 0; ; {
		at := strings.IndexByte(text[from:], '@')
		if at < 0 {
			return
		}
		at += from
		from = at + 1
		start, end := at, at+1
		if start > 0 && text[start-1] == ' ' && end < len(text) && text[end] == ' ' {
			start, end = start-1, end+1 // john @ example.com
		}
		localEnd, domainStart := start, end
		for start > 0 && localEnd-start < 64 && isLocal(text[start-1]) {
			start--
		}
		for end < len(text) && end-domainStart < 255 && isDomain(text[end]) {
			end++
		}
		// A full stop or a hyphen at the end belongs to the sentence.
		for end > domainStart && class[text[end-1]]&wordBits == 0 && text[end-1] < 0x80 {
			end--
		}
		for start < localEnd && (text[start] == '.' || text[start] == '\'' || text[start] == '-') {
			start++
		}
		// The domain needs a dot and two letters after it: "@harleyclinic" is a name in
		// a social network.
		dot := strings.LastIndexByte(text[domainStart:end], '.')
		if start == localEnd || dot <= 0 || end-domainStart-dot < 3 {
			continue
		}
		s.out = append(s.out, Span{start, end, Email, "", .98, "email.written"})
		from = end
	}
}

// isLocal reports whether c may stand in the part before the '@'.
func isLocal(c byte) bool {
	return class[c]&(wordBits|wide) != 0 || strings.IndexByte(".+-_%'!#$&*/=?^`{|}~", c) >= 0
}

// isDomain reports whether c may stand in the part after the '@'.
func isDomain(c byte) bool { return class[c]&(wordBits|wide) != 0 || c == '.' || c == '-' }

// spokenEmail reads a spoken e-mail address around the "at" at word i: "sarah dot
// connor at gmail dot com". It returns the word after it, or i.
func (s *contactScan) spokenEmail(i int) int {
	if !s.is(i, "at") {
		return i
	}
	from := i + 1
	if s.is(i+1, "the") && s.is(i+2, "rate") { // Indian and Nigerian English
		if from = i + 3; s.is(from, "of") {
			from++
		}
	} else if s.is(i+1, "sign") { // "at sign"
		from++
	}
	end := s.domainEnd(from)
	if end == from || i == 0 {
		return i
	}
	start := s.localStart(i)
	if start == i {
		return i
	}
	return s.add(start, end, Email, "spoken", .95, "email.spoken")
}

// domainEnd reads "gmail dot com", "gmail.com", "bright hyphen smile dot co dot
// uk" at word i and returns the word after it, or i.
func (s *contactScan) domainEnd(i int) int {
	j := i
	for range 4 { // labels, each of a few words: "bright smile"
		n := 0
		for n < 4 && j < len(s.toks) && (n == 0 || !s.isDot(j) && s.toks[j].Gap != GapDot) {
			if n > 0 && !s.toks[j].Gap.Plain() {
				return i
			}
			j++
			n++
		}
		// A label must end in a dot, spoken or written.
		if j >= len(s.toks) || !s.isDot(j) && s.toks[j].Gap != GapDot {
			return i
		}
		if s.isDot(j) {
			if j++; j >= len(s.toks) || !s.toks[j].Gap.Plain() {
				return i
			}
		}
		if topLevel.has(s.toks[j].Hash) {
			return s.skipTopLevels(j + 1)
		}
	}
	return i
}

// skipTopLevels skips further top levels at word j: "dot uk" after "dot co".
func (s *contactScan) skipTopLevels(j int) int {
	for j < len(s.toks) {
		k := j
		if s.isDot(j) {
			k++
		} else if s.toks[j].Gap != GapDot {
			break
		}
		if k >= len(s.toks) || !topLevel.has(s.toks[k].Hash) {
			break
		}
		j = k + 1
	}
	return j
}

// isDot reports whether word j is a spoken dot.
func (s *contactScan) isDot(j int) bool { return s.is(j, "dot") }

// localStart returns the first word of the part before the "at" at word i, or i
// if no address precedes it: "meet me at gmail".
func (s *contactScan) localStart(i int) int {
	start := i - 1
	if s.gap(i)&^(GapSpace|GapHyphen|GapLine|GapComma) != 0 || s.flags(start)&cStop != 0 && s.size(start) > 1 &&
		s.t.numberWord(start).kind == notNumber && !s.isSeparator(start-1) {
		return i // "meet me at gmail dot com"
	}
	for start > 0 && i-start < 16 && s.localContinues(start) {
		start--
	}
	// After "my email is" every word belongs to the address.
	for j := start; j > 0 && start-j < 6; j-- {
		if s.is(j-1, "is") || s.is(j-1, "its") || s.is(j-1, "email") {
			for k := max(0, j-6); k < j; k++ {
				if s.is(k, "email") || s.is(k, "mail") || s.is(k, "emails") {
					return s.skipFillers(j)
				}
			}
			break
		}
		if s.flags(j-1)&cStop != 0 || !s.toks[j].Gap.Plain() {
			break
		}
	}
	return start
}

// localContinues reports whether a spoken address that contains word i also
// contains the word before it: punctuation joins the two, or one is a single
// letter or a number.
func (s *contactScan) localContinues(i int) bool {
	prev, gap := i-1, s.toks[i].Gap
	switch {
	case gap.Sentence() || gap&(GapComma|GapColon|GapQuote|GapBracket) != 0:
		return false
	case gap&^(GapDot|GapUnder|GapHyphen|GapPlus) == 0, s.isSeparator(i), s.isSeparator(prev):
		return true // sarah.connor, sarah dot connor
	// Spelled letters belong to the address; "i" and "a" are words.
	case s.size(prev) == 1:
		return !s.is(prev, "i") && !s.is(prev, "a")
		// So do numbers.
	case s.t.numberWord(prev).kind != notNumber:
		return s.flags(prev)&cLink == 0
	}
	return s.t.numberWord(i).kind != notNumber && s.flags(prev)&(cStop|cLink) == 0
}

// isSeparator reports whether word i stands for punctuation in a spoken address:
// "dot", "underscore".
func (s *contactScan) isSeparator(i int) bool {
	return i > 0 && separators.has(s.toks[i].Hash)
}

// separators are the spoken forms of punctuation; the flag is the index of the
// character in ".._-+".
var separators = func() *Words {
	w := new(Words)
	w.Add(1, "dot", "point")
	w.Add(2, "underscore", "underline")
	w.Add(3, "hyphen", "dash", "minus")
	w.Add(4, "plus")
	return w
}()

// topLevel are the top-level domains of callers' addresses.
var topLevel = setOf("com", "org", "net", "edu", "gov", "info", "biz", "co", "uk", "us", "ng", "ie", "in", "io", "me", "eu", "fr",
	"de", "es", "it", "nl", "ca", "au", "nz", "za", "gh", "ke", "pk", "app", "dev", "ai", "tv", "ac", "nhs", "clinic",
	"dental", "health", "doctor", "care", "london", "nyc", "lagos", "africa", "online", "live", "mail", "email")
