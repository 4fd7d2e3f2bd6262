package procedures

import (
	"unicode"
	"unicode/utf8"
)

// phrases is a trie of phrases by their words, with the meaning of each: a text
// is scanned once, however many phrases there are.
type phrases struct {
	words map[string]uint32 // folded, numbered from 1
	next  map[edge]uint32   // nodes; the root is 0
	means []meaning         // by node
	word  int               // bytes of the longest word
	depth int               // words of the longest phrase
}

type edge struct{ node, word uint32 }

// meaning is the meaning of a phrase: from 0 the number of a procedure, below 0
// one of these.
type meaning int32

const (
	noMeaning meaning = -1 - iota
	negates           // rules out the next four words, up to the end of the sentence
	declines          // the same up to the next comma: "no, Botox" asks for it
	joins             // extends the last negation to the next name
	harmless          // resembles a negation only
)

// particles are the phrases that rule something out, or resemble one.
var particles = []struct {
	phrase string
	means  meaning
}{
	{"no", declines},
	{"not", negates}, {"never", negates}, {"neither", negates}, {"without", negates},
	{"don't", negates}, {"doesn't", negates}, {"didn't", negates}, {"won't", negates}, {"wouldn't", negates},
	{"can't", negates}, {"cannot", negates}, {"isn't", negates}, {"wasn't", negates},
	{"instead of", negates}, {"rather than", negates},
	{"or", joins}, {"nor", joins}, {"and", joins},
	{"don't know", harmless}, {"do not know", harmless}, {"don't mind", harmless}, {"don't think so", harmless},
	{"can't decide", harmless}, {"can't wait", harmless}, {"not sure", harmless}, {"not only", harmless},
	{"not just", harmless}, {"why not", harmless}, {"never had", harmless}, {"never done", harmless},
	{"never tried", harmless}, {"no problem", harmless}, {"no worries", harmless},
}

// add gives a phrase its meaning, unless the phrase has one. It returns the
// phrase's meaning; ok is false if the phrase has no word.
func (p *phrases) add(phrase string, m meaning) (has meaning, ok bool) {
	if p.words == nil {
		p.words, p.next, p.means = map[string]uint32{}, map[edge]uint32{}, []meaning{noMeaning}
	}
	r := wordReader{text: phrase, limit: len(phrase) * utf8.UTFMax}
	node, depth := uint32(0), 0
	for ; r.read(); depth++ {
		word, known := p.words[string(r.word)]
		if !known {
			word = uint32(len(p.words) + 1)
			p.words[string(r.word)] = word
			p.word = max(p.word, len(r.word))
		}
		next, known := p.next[edge{node, word}]
		if !known {
			next = uint32(len(p.means))
			p.next[edge{node, word}] = next
			p.means = append(p.means, noMeaning)
		}
		node = next
	}
	if depth == 0 {
		return noMeaning, false
	}
	p.depth = max(p.depth, depth)
	if p.means[node] == noMeaning {
		p.means[node] = m
	}
	return p.means[node], true
}

// mention is where each speaker last named a procedure, as the number of the word
// from 1: 0 if never, and negative if it was ruled out. Words without a speaker
// count as the caller's.
type mention struct{ caller, assistant int }

// A scanner finds the procedures that a text mentions. It keeps no words.
type scanner struct {
	phrases  *phrases
	mentions []mention // by procedure

	speaker speaker
	at      int     // the number of the first pending word
	pending []token // known words in a row: a phrase may begin with the first

	negatedTo int  // names that begin up to this word are ruled out
	declined  bool // by a "no"
	ruledOut  int  // the word after a name that was ruled out
}

// token is a known word and the punctuation after it.
type token struct {
	word  uint32
	after punctuation
}

// scan records the mentions of a text, and reports whether it is a transcript.
func (s *scanner) scan(text string) (transcript bool) {
	r := wordReader{text: text, limit: s.phrases.word + len("ss")} // a longer word is in no phrase
	s.at, s.pending = 1, make([]token, 0, s.phrases.depth)
	for r.read() {
		if r.speaker != noSpeaker {
			s.flush()
			s.speaker, s.negatedTo, s.ruledOut, transcript = r.speaker, 0, 0, true
			continue
		}
		word, known := s.phrases.words[string(r.word)]
		if !known {
			s.flush()
			s.at++
			s.punctuate(r.after)
			continue
		}
		s.pending = append(s.pending, token{word, r.after})
		if len(s.pending) == s.phrases.depth {
			s.next()
		}
	}
	s.flush()
	return transcript
}

func (s *scanner) flush() {
	for len(s.pending) > 0 {
		s.next()
	}
}

// next consumes the longest phrase at the start of the pending words, or else the
// first word.
func (s *scanner) next() {
	node, words, means := uint32(0), 1, noMeaning
	for i, t := range s.pending {
		node = s.phrases.next[edge{node, t.word}]
		if node == 0 {
			break
		}
		if m := s.phrases.means[node]; m != noMeaning {
			words, means = i+1, m
		}
	}
	after := s.pending[words-1].after
	s.pending = s.pending[:copy(s.pending, s.pending[words:])]
	s.apply(means, words)
	s.at += words
	s.punctuate(after)
}

// apply applies the meaning of a phrase of so many words that begins at s.at.
func (s *scanner) apply(means meaning, words int) {
	switch means {
	case noMeaning, harmless:
	case negates, declines:
		s.negatedTo, s.declined = s.at+words+3, means == declines
	case joins:
		if s.at == s.ruledOut {
			s.negatedTo = s.at + 2 // "or the other", but not "and I would like the other"
		}
	default:
		at := s.at
		s.ruledOut = 0
		if s.at <= s.negatedTo {
			at, s.ruledOut = -at, s.at+words
		}
		s.negatedTo = 0
		if s.speaker == assistant {
			s.mentions[means].assistant = at
		} else {
			s.mentions[means].caller = at
		}
	}
}

// punctuate ends a negation at the end of a sentence, and a "no" at a comma.
func (s *scanner) punctuate(p punctuation) {
	if p == fullStop || p == comma && s.declined {
		s.negatedTo, s.ruledOut = 0, 0
	}
}

// speaker is the speaker of the next words in a transcript.
type speaker int

const (
	noSpeaker speaker = iota
	caller
	assistant
)

// punctuation is the punctuation after a word.
type punctuation int

const (
	none     punctuation = iota
	comma                // or a dash
	fullStop             // the end of a sentence or a line
)

// wordReader reads words: letters, digits and marks, in lower case, without
// apostrophes and without a final "s", so that a plural matches.
type wordReader struct {
	text  string
	limit int // bytes of a word; the rest of a longer word is skipped
	at    int

	word    []byte
	after   punctuation
	speaker speaker // of a word that is a speaker's label, such as "User:"
}

// read reads the next word, and reports whether there is one.
func (r *wordReader) read() bool {
	if r.at == 0 {
		r.skip()
	}
	for r.at < len(r.text) {
		start := r.at
		r.fold()
		r.speaker = r.label(start)
		r.skip()
		if n := len(r.word); n > 0 && r.word[n-1] == 's' {
			r.word = r.word[:n-1]
		}
		if len(r.word) > 0 {
			return true
		}
	}
	return false
}

// fold reads the letters of a word.
func (r *wordReader) fold() {
	r.word = r.word[:0]
	for r.at < len(r.text) {
		if c := r.text[r.at]; c < utf8.RuneSelf {
			if f := folded[c]; f != 0 {
				if len(r.word) < r.limit {
					r.word = append(r.word, f)
				}
				r.at++
				continue
			}
		}
		c, size := utf8.DecodeRuneInString(r.text[r.at:])
		switch {
		case wordRune(c):
			if len(r.word) < r.limit {
				r.word = utf8.AppendRune(r.word, unicode.ToLower(c))
			}
		case apostrophe(c):
			if next, _ := utf8.DecodeRuneInString(r.text[r.at+size:]); !wordRune(next) {
				return
			}
		default:
			return
		}
		r.at += size
	}
}

// skip moves to the next word.
func (r *wordReader) skip() {
	r.after = none
	var before rune
	for r.at < len(r.text) {
		c, size := rune(r.text[r.at]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(r.text[r.at:])
		}
		if wordRune(c) {
			return
		}
		switch c {
		case '\n', '!', '?', '…':
			r.after = fullStop
		case ' ', '\t', '\r':
			if before == '.' || before == ':' || before == ';' {
				r.after = fullStop
			} else if before == '-' {
				r.after = max(r.after, comma)
			}
		case ',', '–', '—':
			r.after = max(r.after, comma)
		}
		before = c
		r.at += size
	}
}

// label returns the speaker if the word that begins at start, and ends here, is a
// speaker's label.
func (r *wordReader) label(start int) speaker {
	if r.at >= len(r.text) || r.text[r.at] != ':' ||
		r.at+1 < len(r.text) && !space(r.text[r.at+1]) || start > 0 && !space(r.text[start-1]) {
		return noSpeaker
	}
	switch r.text[start:r.at] {
	case "User", "Customer", "Caller":
		return caller
	case "AI", "Assistant", "Bot":
		return assistant
	}
	return noSpeaker
}

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return folded[r] != 0
	}
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !apostrophe(r)
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' }

// folded is the lower case of each ASCII letter and digit; 0 for the rest.
var folded = func() (table [utf8.RuneSelf]byte) {
	for c := range table {
		if r := rune(c); unicode.IsLetter(r) || unicode.IsDigit(r) {
			table[c] = byte(unicode.ToLower(r))
		}
	}
	return table
}()
