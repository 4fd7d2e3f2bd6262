// Package prosener lends the named-entity recognizer of the prose library to
// package redact, as a second opinion on names and places:
//
//	engine, err := redact.New(redact.Config{
//		Recognizers: append(redact.Builtin(), prosener.New()),
//		Threshold:   0.4,
//	})
//
// Its spans score 0.4: below the engine's default threshold, and low enough to
// lose to any other recognizer. So it adds names that nothing else found, for
// those who ask for it, and decides nothing.
//
// It is some five hundred times slower than the built-in recognizers (20 ms
// for 200 words), finds nothing in text without capitals, and knows no medical
// terms. Use it off the path of a call, on transcripts that are being
// archived, and never as the only guard.
package prosener

import (
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/jdkato/prose/v2"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// What Find returns instead of spans. An engine drops the text then.
var (
	ErrNotUTF8  = errors.New("prosener: the text is not UTF-8")
	ErrTooLong  = errors.New("prosener: the text is too long")
	ErrPanicked = errors.New("prosener: prose panicked")
)

// maxText bounds one reading; prose takes 22 µs for a byte and its tokenizer
// quadratic time for a word. An engine's windows are far below.
const maxText = 1 << 16

// score is what a finding is worth: less than any other recognizer's.
const score = 0.4

// theModel is loaded at first use (0.3 s, 40 MB) and shared: prose loads one
// for every document that brings none.
var theModel = sync.OnceValue(func() *prose.Model { return prose.ModelFromData("callwaiting") })

// A Recognizer finds persons, and places that someone lives in or comes from.
// It is safe for concurrent use.
type Recognizer struct{}

// New returns a recognizer. The model is loaded when it first reads a text
// with capitals.
func New() Recognizer { return Recognizer{} }

// Name is "prose".
func (Recognizer) Name() string { return "prose" }

// Find implements [redact.Recognizer].
func (Recognizer) Find(t *redact.Text, dst []redact.Span) (spans []redact.Span, err error) {
	if !worthwhile(t) {
		return dst, nil
	}
	if !utf8.ValidString(t.S) {
		return dst, ErrNotUTF8
	}
	if len(t.S) > maxText {
		return dst, ErrTooLong
	}
	entities, err := read(t.S)
	if err != nil {
		return dst, err
	}
	from := 0
	for _, e := range entities {
		start, end := align(t.S, from, strings.Trim(e.Text, ` "'.,;:!?()[]`))
		if start < 0 {
			continue
		}
		from = end
		switch e.Label {
		case "PERSON":
			if isName(t, start, end) {
				dst = append(dst, redact.Span{Start: start, End: end, Kind: redact.Person, Score: score, Rule: "prose.person"})
			}
		case "GPE":
			if isHome(t, start) {
				dst = append(dst, redact.Span{Start: start, End: end, Kind: redact.Location, Score: score, Rule: "prose.gpe"})
			}
		}
	}
	return dst, nil
}

// worthwhile reports a capitalised word other than the first and "I": prose
// finds nothing without.
func worthwhile(t *redact.Text) bool {
	if !t.Upper {
		return false
	}
	for i := 1; i < len(t.Tokens); i++ {
		if t.Tokens[i].Shape&redact.FirstUpper != 0 && !pronoun(t.Word(i)) {
			return true
		}
	}
	return false
}

func pronoun(word string) bool {
	return word == "I" || strings.HasPrefix(word, "I'") || strings.HasPrefix(word, "I’")
}

// read runs prose. It slices a word at an index found in its lower-case form,
// which panics where that has another length ("ȺȺȺȺ's").
func read(text string) (entities []prose.Entity, err error) {
	defer func() {
		if recover() != nil {
			entities, err = nil, ErrPanicked
		}
	}()
	// Prose forgets an entity that ends the text: it shall not end there.
	doc, err := prose.NewDocument(text+" .", prose.UsingModel(theModel()), prose.WithSegmentation(false))
	if err != nil {
		return nil, ErrPanicked // its text might quote ours
	}
	return doc.Entities(), nil
}

// align finds an entity, whose words prose has joined by blanks and whose
// quotes it has straightened, in text from byte from on. It returns -1 if
// prose changed it beyond recognition.
func align(text string, from int, entity string) (start, end int) {
	words := strings.Fields(entity)
	if len(words) == 0 {
		return -1, -1
	}
	for at := from; ; {
		i := strings.Index(text[at:], words[0])
		if i < 0 {
			return -1, -1
		}
		start = at + i
		if end = rest(text, start+len(words[0]), words[1:]); end >= 0 && !inWord(text, start) {
			return start, end
		}
		at = start + len(words[0])
	}
}

// rest returns where the words end if they follow one another at text[at:]
// with no more than blanks between, else -1.
func rest(text string, at int, words []string) int {
	for _, w := range words {
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " \t\r\n"))
		after, ok := cutQuoted(text[at:], w)
		if !ok {
			return -1
		}
		at = len(text) - len(after)
	}
	return at
}

// cutQuoted cuts the word off text; straight quotes in it stand for curly ones
// as well.
func cutQuoted(text, word string) (after string, ok bool) {
	for _, r := range word {
		c, n := utf8.DecodeRuneInString(text)
		if c != r && !(r == '\'' && (c == '‘' || c == '’')) && !(r == '"' && (c == '“' || c == '”')) {
			return text, false
		}
		text = text[n:]
	}
	return text, true
}

// inWord reports that byte i is not the first of its word.
func inWord(text string, i int) bool {
	if i == 0 {
		return false
	}
	c := text[i-1]
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= utf8.RuneSelf && !strings.HasSuffix(text[:i], "“") && !strings.HasSuffix(text[:i], "‘")
}

// isName keeps what prose calls a person unless it is one word that begins a
// sentence or is known to mislead it.
func isName(t *redact.Text, start, end int) bool {
	first := wordAt(t, start)
	if first < 0 {
		return false
	}
	if first+1 < len(t.Tokens) && t.Tokens[first+1].Start < end {
		return true
	}
	tok := t.Tokens[first]
	return !tok.Gap.Sentence() && misleading.Flags(tok.Hash) == 0
}

// isHome reports that the place at byte start is where someone lives.
func isHome(t *redact.Text, start int) bool {
	i := wordAt(t, start)
	for n := 1; n <= 4 && i-n >= 0; n++ {
		if homes.Flags(t.Tokens[i-n].Hash) != 0 {
			return true
		}
	}
	return false
}

func wordAt(t *redact.Text, start int) int {
	for i, tok := range t.Tokens {
		if tok.Start >= start {
			return i
		}
	}
	return -1
}

// misleading are words that prose takes for persons.
var misleading = words("hi", "hello", "hey", "um", "uh", "ok", "okay", "yes", "yeah", "no", "thanks", "thank", "please", "sorry",
	"doctor", "nurse", "sir", "madam", "clinic", "botox", "ozempic", "invisalign", "monday", "tuesday", "wednesday",
	"thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "june", "july", "august",
	"september", "october", "november", "december", "nhs", "gp", "mri", "ct", "street", "road", "avenue")

var homes = words("live", "lives", "living", "lived", "address", "from", "near", "moved", "stay", "staying", "based")

func words(list ...string) *redact.Words {
	w := new(redact.Words)
	w.Add(1, list...)
	return w
}
