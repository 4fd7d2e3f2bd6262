// Package prosener adapts the named-entity recognizer of the prose library to
// package redact, as a second opinion on names and places:
//
//	engine, err := redact.New(redact.Config{
//		Recognizers: append(redact.Builtin(), prosener.New()),
//		Threshold:   0.4,
//	})
//
// Its spans score 0.4: below the engine's default threshold, and low enough to
// lose to any other recognizer. It can only add names that the other recognizers
// miss, and only if the threshold is lowered.
//
// It is about five hundred times slower than the built-in recognizers (20 ms for
// 200 words), finds no names in text without capitals, and knows no medical
// terms. It should run outside of a call, on transcripts to be archived, and must
// not be the only recognizer.
package prosener

import (
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/jdkato/prose/v2"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// Errors of Find. On any of them the engine drops the whole text.
var (
	ErrNotUTF8  = errors.New("prosener: invalid text: not UTF-8")
	ErrTooLong  = errors.New("prosener: text too long: split it below 64 KB")
	ErrPanicked = errors.New("prosener: panic in prose")
)

// maxText is the longest text of one Find, in bytes. Prose takes 22 µs per byte,
// and its tokenizer takes quadratic time for a long word. The windows of an
// engine are far below.
const maxText = 1 << 16

// score is the score of every span, below that of any built-in recognizer.
const score = 0.4

// sharedModel is loaded at first use (0.3 s, 40 MB) and shared: without it prose
// loads a model for every document.
var sharedModel = sync.OnceValue(func() *prose.Model { return prose.ModelFromData("callwaiting") })

// A Recognizer finds names of persons, and places where a person lives or comes
// from.
// It is safe for concurrent use.
type Recognizer struct{}

// New returns a recognizer. The model is loaded at the first text with a
// capitalised word.
func New() Recognizer { return Recognizer{} }

// Name returns "prose".
func (Recognizer) Name() string { return "prose" }

// Find implements [redact.Recognizer]. Its error is [ErrNotUTF8], [ErrTooLong] or
// [ErrPanicked] and never quotes the text.
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
	found, err := entities(t.S)
	if err != nil {
		return dst, err
	}
	from := 0
	for _, e := range found {
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

// worthwhile reports whether t has a capitalised word other than its first and
// "I". Prose finds no names in a text without one.
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

// pronoun reports whether word is "I", "I'm", "I'd" and so on.
func pronoun(word string) bool {
	return word == "I" || strings.HasPrefix(word, "I'") || strings.HasPrefix(word, "I’")
}

// entities runs prose on text. Prose slices a word at an index that it found in
// the lower-case form, and panics if that form has another length ("ȺȺȺȺ's").
func entities(text string) (found []prose.Entity, err error) {
	defer func() {
		if recover() != nil {
			found, err = nil, ErrPanicked
		}
	}()
	// Prose loses an entity at the end of the text, so a full stop is added.
	doc, err := prose.NewDocument(text+" .", prose.UsingModel(sharedModel()), prose.WithSegmentation(false))
	if err != nil {
		return nil, ErrPanicked // the error of prose may quote the text
	}
	return doc.Entities(), nil
}

// align returns the bytes of an entity in text, at or after byte from. Prose joins
// the words of an entity by single blanks and straightens its quotes. align
// returns -1 if the entity cannot be found.
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

// rest returns the end of words if text[at:] begins with them, separated only by
// blanks, else -1.
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

// cutQuoted returns text without the leading word. A straight quote in word also
// matches a curly one.
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

// inWord reports whether byte i is inside a word, not at its beginning.
func inWord(text string, i int) bool {
	if i == 0 {
		return false
	}
	c := text[i-1]
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= utf8.RuneSelf && !strings.HasSuffix(text[:i], "“") && !strings.HasSuffix(text[:i], "‘")
}

// isName reports whether the bytes that prose calls a person are likely a name:
// not a single word that begins a sentence or is known to mislead prose.
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

// isHome reports whether a word such as "live" or "from" precedes the place at byte
// start by at most four words.
func isHome(t *redact.Text, start int) bool {
	i := wordAt(t, start)
	for n := 1; n <= 4 && i-n >= 0; n++ {
		if homes.Flags(t.Tokens[i-n].Hash) != 0 {
			return true
		}
	}
	return false
}

// wordAt returns the index of the first word at or after byte start, or -1.
func wordAt(t *redact.Text, start int) int {
	for i, tok := range t.Tokens {
		if tok.Start >= start {
			return i
		}
	}
	return -1
}

// misleading are words that prose takes for names of persons.
var misleading = words("hi", "hello", "hey", "um", "uh", "ok", "okay", "yes", "yeah", "no", "thanks", "thank", "please", "sorry",
	"doctor", "nurse", "sir", "madam", "clinic", "botox", "ozempic", "invisalign", "monday", "tuesday", "wednesday",
	"thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "june", "july", "august",
	"september", "october", "november", "december", "nhs", "gp", "mri", "ct", "street", "road", "avenue")

// homes are words before the place where a person lives.
var homes = words("live", "lives", "living", "lived", "address", "from", "near", "moved", "stay", "staying", "based")

// words returns a set of words.
func words(list ...string) *redact.Words {
	w := new(redact.Words)
	w.Add(1, list...)
	return w
}
