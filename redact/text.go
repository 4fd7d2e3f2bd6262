package redact

// A Text is a string cut into words, once for all recognizers.
//
// A word is a run of letters and digits. Apostrophes and combining marks inside
// a word belong to it ("o'connor", "don't"); every other character separates.
// Words are compared by [Hash], which ignores letter case, diacritics and
// apostrophes, so "Don’t", "don't" and "dont" are one word.
//
// Recognizers must not change a Text and must not keep it after Find returns.
type Text struct {
	S      string // the text, or a window of a long one
	Tokens []Token

	// Digits and At report whether S contains a digit, or an '@'. A
	// recognizer that needs one can return at once.
	Digits, At bool
	// Upper reports whether a word of S has a capital letter. Without any, as
	// in most speech-to-text, small letters do not rule out a name.
	Upper bool
	// Lower reports whether a word of S has a small letter. Without any,
	// capitals do not indicate a name.
	Lower bool
}

// A Token is one word of a [Text], S[Start:End].
type Token struct {
	Start, End int
	Hash       uint64 // Hash of the word; never 0
	Shape      Shape
	Gap        Gap // characters between the previous word and this one
}

// A Shape is the set of character classes in a word.
type Shape uint16

// The flags of a Shape.
const (
	FirstUpper    Shape = 1 << iota // the first character is a capital
	HasUpper                        // a later character is a capital
	HasLower                        // some character is a small letter
	HasDigit                        // some character is a digit
	HasApostrophe                   // contains ' or ’
	HasWide                         // contains a character outside ASCII
)

// Title reports whether the word is written like "Sarah".
func (s Shape) Title() bool { return s&(FirstUpper|HasUpper|HasDigit) == FirstUpper && s&HasLower != 0 }

// Caps reports whether the word is two or more capital letters, like "ADHD".
func (s Shape) Caps() bool { return s&(FirstUpper|HasUpper|HasLower) == FirstUpper|HasUpper }

// Numeric reports whether the word consists of ASCII digits only.
func (s Shape) Numeric() bool { return s == HasDigit }

// Alpha reports whether the word has no digit.
func (s Shape) Alpha() bool { return s&HasDigit == 0 }

// A Gap is the set of separators between a word and the word before it.
type Gap uint32

// The flags of a Gap. A Gap of 0 means that the words touch.
const (
	GapSpace    Gap = 1 << iota // blanks and tabs
	GapLine                     // line ends
	GapHyphen                   // - and dashes
	GapDot                      // .
	GapEnd                      // ! ? …
	GapComma                    // ,
	GapColon                    // : ;
	GapSlash                    // / \
	GapAt                       // @
	GapPlus                     // +
	GapQuote                    // " “ ” and ' not inside a word
	GapBracket                  // ( ) [ ] { } < >
	GapUnder                    // _
	GapHash                     // #
	GapOther                    // anything else, invalid UTF-8 included
	GapStart                    // the first word of the text
	GapRedacted                 // a placeholder such as [REDACTED: PHONE]
)

// Plain reports whether a phrase may continue across the gap: it holds only
// blanks, line breaks and hyphens, or is empty.
func (g Gap) Plain() bool { return g&^(GapSpace|GapHyphen|GapLine) == 0 }

// Sentence reports whether the gap ends a sentence: it holds '!' or '?', or a
// full stop and a blank. A full stop after a title ("Dr. Heart") counts as an
// end; a recognizer that cares must look at the word before. A placeholder also
// ends a sentence, so that redacted text passes a second redaction unchanged.
func (g Gap) Sentence() bool {
	return g&(GapEnd|GapStart|GapRedacted) != 0 || g&GapDot != 0 && g&(GapSpace|GapLine) != 0
}

// Word returns word i as written.
func (t *Text) Word(i int) string { return t.S[t.Tokens[i].Start:t.Tokens[i].End] }

// Gap returns the characters before word i as written. i may be len(t.Tokens),
// for the characters after the last word.
func (t *Text) Gap(i int) string {
	from, to := 0, len(t.S)
	if i > 0 {
		from = t.Tokens[i-1].End
	}
	if i < len(t.Tokens) {
		to = t.Tokens[i].Start
	}
	return t.S[from:to]
}

// Is reports whether word i exists and equals folded, which must be in lower
// case without apostrophes. To test for many words use a [Words].
func (t *Text) Is(i int, folded string) bool {
	if i < 0 || i >= len(t.Tokens) {
		return false
	}
	tok := &t.Tokens[i]
	if tok.Shape&(HasApostrophe|HasWide) != 0 {
		return tok.Hash == Hash(folded)
	}
	if tok.End-tok.Start != len(folded) {
		return false
	}
	for k := range len(folded) {
		if t.S[tok.Start+k]|0x20 != folded[k] {
			return false
		}
	}
	return true
}

// Span returns the span that covers words i to j-1.
func (t *Text) Span(i, j int, kind Kind, sub string, score float32, rule string) Span {
	return Span{t.Tokens[i].Start, t.Tokens[j-1].End, kind, sub, score, rule}
}

// NewText returns the Text of s. Tests of recognizers need it; engines reuse a
// Text through [Text.Reset].
func NewText(s string) *Text {
	t := new(Text)
	t.Reset(s)
	return t
}

// Reset makes t the Text of s and reuses the memory of t.
func (t *Text) Reset(s string) {
	t.S, t.At = s, false
	toks := t.Tokens[:0]
	gap := GapStart
	var all Shape
	for i := 0; i < len(s); {
		c := class[s[i]]
		switch {
		case c&wordBits != 0:
		case c&(wide|special) == 0:
			g := gapOf[s[i]]
			gap |= g
			t.At = t.At || g == GapAt
			i++
			continue
		default:
			if g, n := oddGap(s[i:]); n > 0 {
				gap |= g
				i += n
				continue
			}
		}
		tok := Token{Start: i, Gap: gap}
		tok.End, tok.Hash, tok.Shape = plainWord(s, i)
		if tok.End < len(s) && class[s[tok.End]]&(apostrophe|wide) != 0 {
			tok.End, tok.Hash, tok.Shape = slowWord(s, i)
		}
		all |= tok.Shape
		toks = append(toks, tok)
		gap = 0
		i = tok.End
	}
	t.Tokens = toks
	t.Digits, t.Upper, t.Lower = all&HasDigit != 0, all&(FirstUpper|HasUpper) != 0, all&HasLower != 0
}
