package procedures

import (
	"unicode"
	"unicode/utf8"
)

// A phrasebook knows phrases by their words and what they mean: all of them
// together as one tree of words, so that a text is read once, however many
// there are.
type phrasebook struct {
	words map[string]uint32 // folded, numbered from 1
	next  map[branch]uint32 // nodes, numbered from 1; the root is 0
	means []meaning         // by node
	word  int               // bytes of the longest word
	depth int               // words of the longest phrase
}

type branch struct{ node, word uint32 }

// meaning is what a phrase means: from 0 the number of a procedure, below that
// one of these.
type meaning int32

const (
	nothing  meaning = -1 - iota
	negates          // what follows within four words, up to the end of the sentence
	declines         // the same up to the next comma: "no, Botox" asks for it
	joins            // what was ruled out just before with what follows
	harmless         // it only looks like the above
)

// particles are the phrases that rule something out, or do not.
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

// add gives a phrase its meaning, and returns the one it has: the first it was
// given. ok is false if the phrase has no word.
func (b *phrasebook) add(phrase string, m meaning) (has meaning, ok bool) {
	if b.words == nil {
		b.words, b.next, b.means = map[string]uint32{}, map[branch]uint32{}, []meaning{nothing}
	}
	r := wordReader{text: phrase, limit: len(phrase) * utf8.UTFMax}
	node, depth := uint32(0), 0
	for ; r.read(); depth++ {
		word, known := b.words[string(r.word)]
		if !known {
			word = uint32(len(b.words) + 1)
			b.words[string(r.word)] = word
			b.word = max(b.word, len(r.word))
		}
		next, known := b.next[branch{node, word}]
		if !known {
			next = uint32(len(b.means))
			b.next[branch{node, word}] = next
			b.means = append(b.means, nothing)
		}
		node = next
	}
	if depth == 0 {
		return nothing, false
	}
	b.depth = max(b.depth, depth)
	if b.means[node] == nothing {
		b.means[node] = m
	}
	return b.means[node], true
}

// mentions tells when a procedure was last named, as the number of the word
// from 1: 0 if it was not, and negative if it was to be ruled out.
type mentions struct{ caller, assistant int }

// A listener notes what is mentioned in a text. It keeps no words.
type listener struct {
	book *phrasebook
	said []mentions // by procedure

	who     speaker
	at      int     // the number of the first word in waiting
	waiting []heard // words of the book in a row: a phrase may begin with the first

	until    int  // what begins up to this word is ruled out
	declined bool // by a "no"
	ruledOut int  // the word after a name that was ruled out
}

// heard is a word of the phrasebook and what follows it.
type heard struct {
	word uint32
	then stop
}

// listen reports whether the text is a transcript.
func (l *listener) listen(text string) (transcript bool) {
	r := wordReader{text: text, limit: l.book.word + len("ss")} // a longer word is not in the book
	l.at, l.waiting = 1, make([]heard, 0, l.book.depth)
	for r.read() {
		if r.mark != nobody {
			l.decideAll()
			l.who, l.until, l.ruledOut, transcript = r.mark, 0, 0, true
			continue
		}
		word, known := l.book.words[string(r.word)]
		if !known {
			l.decideAll()
			l.at++
			l.rest(r.then)
			continue
		}
		l.waiting = append(l.waiting, heard{word, r.then})
		if len(l.waiting) == l.book.depth {
			l.decide()
		}
	}
	l.decideAll()
	return transcript
}

func (l *listener) decideAll() {
	for len(l.waiting) > 0 {
		l.decide()
	}
}

// decide takes the longest phrase that the waiting words begin with, or else
// the first word.
func (l *listener) decide() {
	node, words, means := uint32(0), 1, nothing
	for i, h := range l.waiting {
		node = l.book.next[branch{node, h.word}]
		if node == 0 {
			break
		}
		if m := l.book.means[node]; m != nothing {
			words, means = i+1, m
		}
	}
	then := l.waiting[words-1].then
	l.waiting = l.waiting[:copy(l.waiting, l.waiting[words:])]
	l.take(means, words)
	l.at += words
	l.rest(then)
}

// take notes a phrase of so many words that begins at l.at.
func (l *listener) take(means meaning, words int) {
	switch means {
	case nothing, harmless:
	case negates, declines:
		l.until, l.declined = l.at+words+3, means == declines
	case joins:
		if l.at == l.ruledOut {
			l.until = l.at + 2 // "or the other", but not "and I would like the other"
		}
	default:
		when := l.at
		l.ruledOut = 0
		if l.at <= l.until {
			when, l.ruledOut = -when, l.at+words
		}
		l.until = 0
		if l.who == theAssistant {
			l.said[means].assistant = when
		} else {
			l.said[means].caller = when
		}
	}
}

// rest notes what stands between two words.
func (l *listener) rest(s stop) {
	if s == fullStop || s == shortStop && l.declined {
		l.until, l.ruledOut = 0, 0
	}
}

// speaker is who says what follows in a transcript.
type speaker int

const (
	nobody speaker = iota
	theCaller
	theAssistant
)

// stop is what stands behind a word.
type stop int

const (
	noStop    stop = iota
	shortStop      // a comma or a dash
	fullStop       // the end of a sentence or a line
)

// wordReader reads words: letters, digits and marks, in lower case, without
// apostrophes and without an "s" at their end, as one injection is as good as
// two.
type wordReader struct {
	text  string
	limit int // of a word longer than this many bytes, the beginning is read
	at    int

	word []byte
	then stop
	mark speaker // the word and its colon say who speaks
}

// read reads the next word; false: there is none.
func (r *wordReader) read() bool {
	if r.at == 0 {
		r.skip()
	}
	for r.at < len(r.text) {
		start := r.at
		r.fold()
		r.mark = r.marked(start)
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

// skip goes to the next word.
func (r *wordReader) skip() {
	r.then = noStop
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
			r.then = fullStop
		case ' ', '\t', '\r':
			if before == '.' || before == ':' || before == ';' {
				r.then = fullStop
			} else if before == '-' {
				r.then = max(r.then, shortStop)
			}
		case ',', '–', '—':
			r.then = max(r.then, shortStop)
		}
		before = c
		r.at += size
	}
}

// marked returns who speaks if the word that begins at start, and ends here, is
// the mark of a speaker.
func (r *wordReader) marked(start int) speaker {
	if r.at >= len(r.text) || r.text[r.at] != ':' ||
		r.at+1 < len(r.text) && !space(r.text[r.at+1]) || start > 0 && !space(r.text[start-1]) {
		return nobody
	}
	switch r.text[start:r.at] {
	case "User", "Customer", "Caller":
		return theCaller
	case "AI", "Assistant", "Bot":
		return theAssistant
	}
	return nobody
}

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return folded[r] != 0
	}
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !apostrophe(r)
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' }

// folded is the lower case of ASCII letters and digits, and 0 for the rest.
var folded = func() (table [utf8.RuneSelf]byte) {
	for c := range table {
		if r := rune(c); unicode.IsLetter(r) || unicode.IsDigit(r) {
			table[c] = byte(unicode.ToLower(r))
		}
	}
	return table
}()
