package redact

// A Text is a string cut into words, once, for all recognizers.
//
// A word is a run of letters and digits; apostrophes and marks inside it
// belong to it ("o'connor", "don't"), everything else separates. Words are
// compared by [Hash], which folds letter case and diacritics and drops
// apostrophes, so "Don’t", "don't" and "dont" are one word.
//
// Recognizers must not change a Text nor keep it after Find returns.
type Text struct {
	S      string // the text, or a window of a long one
	Tokens []Token

	// Digits and At tell whether S contains a digit or an '@'. A recognizer
	// that needs one can return at once.
	Digits, At bool
	// Upper tells whether S contains an ASCII capital letter at all; where
	// it does not (speech-to-text), capitals carry no information.
	Upper bool
	// Lower tells the same of small letters.
	Lower bool
}

// A Token is one word of a [Text], S[Start:End].
type Token struct {
	Start, End int
	Hash       uint64 // Hash(word); never 0
	Shape      Shape
	Gap        Gap // what lies between the previous word and this one
}

// A Shape tells of what characters a word consists.
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

// Title reports a word written like "Sarah".
func (s Shape) Title() bool { return s&(FirstUpper|HasUpper|HasDigit) == FirstUpper && s&HasLower != 0 }

// Caps reports a word in capitals of at least two letters, such as "ADHD".
func (s Shape) Caps() bool { return s&(FirstUpper|HasUpper|HasLower) == FirstUpper|HasUpper }

// Numeric reports a word of ASCII digits only.
func (s Shape) Numeric() bool { return s == HasDigit }

// Alpha reports a word without digits.
func (s Shape) Alpha() bool { return s&HasDigit == 0 }

// A Gap tells what separates a word from the one before it.
type Gap uint32

// The flags of a Gap. A gap of 0 means that the words touch.
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

// Plain reports a gap that a phrase may run across: blanks, or one line
// break, or a hyphen, or nothing.
func (g Gap) Plain() bool { return g&^(GapSpace|GapHyphen|GapLine) == 0 }

// Sentence reports a gap that ends a sentence: ! ? or a full stop followed by
// blank space. A full stop after a title ("Dr. Heart") is one too: a caller
// who cares looks at the word before. So is a placeholder, which keeps a text
// that was redacted before as it is.
func (g Gap) Sentence() bool {
	return g&(GapEnd|GapStart|GapRedacted) != 0 || g&GapDot != 0 && g&(GapSpace|GapLine) != 0
}

// Word returns word i as written.
func (t *Text) Word(i int) string { return t.S[t.Tokens[i].Start:t.Tokens[i].End] }

// Gap returns what stands before word i, as written. i may be len(t.Tokens)
// for the end of the text.
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

// Is reports whether word i exists and is folded, which must be lower case
// without apostrophes. It is meant for rare questions; sets of words belong
// in a [Words].
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

// Span makes the span that covers words i to j-1.
func (t *Text) Span(i, j int, kind Kind, sub string, score float32, rule string) Span {
	return Span{t.Tokens[i].Start, t.Tokens[j-1].End, kind, sub, score, rule}
}

// NewText cuts s into words. Engines reuse texts through [Text.Reset].
func NewText(s string) *Text {
	t := new(Text)
	t.Reset(s)
	return t
}

// Reset makes t a Text of s, reusing its memory.
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
