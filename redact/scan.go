package redact

import (
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// Classes of bytes, as flags.
const (
	digit      uint8 = 1 << 0
	lower      uint8 = 1 << 1
	upper      uint8 = 1 << 2
	apostrophe uint8 = 1 << 3
	wide       uint8 = 1 << 4 // part of a character outside ASCII
	special    uint8 = 1 << 5 // may begin a placeholder or a percent escape

	wordBits = digit | lower | upper
)

// class holds the class of each byte, so that the scan branches on one load.
var class = func() (c [256]uint8) {
	for b := range c {
		switch {
		case '0' <= b && b <= '9':
			c[b] = digit
		case 'a' <= b && b <= 'z':
			c[b] = lower
		case 'A' <= b && b <= 'Z':
			c[b] = upper
		case b == '\'':
			c[b] = apostrophe
		case b >= utf8.RuneSelf:
			c[b] = wide
		case b == '[' || b == '%':
			c[b] = special
		}
	}
	return c
}()

// gapOf holds the Gap of each ASCII character between words.
var gapOf = func() (g [128]Gap) {
	for b := range g {
		g[b] = GapOther
	}
	for chars, gap := range map[string]Gap{
		" \t": GapSpace, "\n\r\v\f": GapLine, "-": GapHyphen, ".": GapDot, "!?": GapEnd,
		",": GapComma, ":;": GapColon, "/\\": GapSlash, "@": GapAt, "+": GapPlus,
		"\"'`": GapQuote, "()[]{}<>": GapBracket, "_": GapUnder, "#": GapHash,
	} {
		for _, c := range chars {
			g[c] = gap
		}
	}
	return g
}()

// Masks for eight bytes in one word: 1 and the high bit of each byte.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainWord reads the word of ASCII letters and digits at s[i:], eight bytes
// at a time, and returns its end, hash and shape. In letters, digits and
// capitals the high bit of each byte is the flag for that byte. Words are most
// of a text, so this loop sets the speed of the package.
func plainWord(s string, i int) (end int, hash uint64, shape Shape) {
	hash = hashSeed
	for first := true; ; first = false {
		var x uint64
		if i+8 <= len(s) {
			x = load8(s, i)
		} else {
			for k := 0; i+k < len(s); k++ {
				x |= uint64(s[i+k]) << (8 * k)
			}
		}
		// Bytes in lower case. The offsets of the comparisons make the high bit of a
		// byte the result, and no carry reaches the next byte: 7 bits are compared.
		y := x | foldCase
		ascii := ^x & highs
		y7, x7 := y&^highs, x&^highs
		letters := (y7 + (0x80-'a')*ones) &^ (y7 + (0x7f-'z')*ones) & ascii
		digits := (x7 + (0x80-'0')*ones) &^ (x7 + (0x7f-'9')*ones) & ascii
		n := bits.TrailingZeros64(^(letters | digits) & highs) // bit 7 of the first other byte, else 64
		if n < 64 {
			n -= 7
			word := uint64(1)<<n - 1
			y &= word
			letters &= word
			digits &= word
		}
		// Bit 5 is clear in a capital letter; shifted, it meets the high bit.
		capitals := letters & (^x << 2)
		if letters&^capitals != 0 {
			shape |= HasLower
		}
		if digits != 0 {
			shape |= HasDigit
		}
		if capitals != 0 {
			if first && capitals&0x80 != 0 {
				shape |= FirstUpper
				capitals &^= 0x80
			}
			if capitals != 0 {
				shape |= HasUpper
			}
		}
		// Folding keeps digits, which have the bit of lower case already.
		if n > 0 {
			hash = mix(hash, y)
		}
		if n < 64 {
			return i + n/8, hash | 1, shape
		}
		i += 8
	}
}

// oddGap reads a gap that cannot be classified by its first byte: a placeholder,
// a percent escape, a character outside ASCII. It returns the gap and its length
// in bytes, or 0 if a word begins here.
func oddGap(s string) (g Gap, n int) {
	if s[0] == '[' {
		if n := placeholder(s); n > 0 {
			return GapRedacted, n
		}
	}
	if s[0] == '%' && escaped(s) { // %20 in a URL
		return GapSpace, 3
	}
	if s[0] < utf8.RuneSelf {
		return gapOf[s[0]], 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if isWordRune(r, n) {
		return 0, 0
	}
	return wideGap(r, n), n
}

// escaped reports whether s begins with a percent-encoded byte that is not a
// letter or digit.
func escaped(s string) bool {
	if len(s) < 3 {
		return false
	}
	hi, lo := unhex(s[1]), unhex(s[2])
	return hi < 16 && lo < 16 && class[hi<<4|lo]&wordBits == 0
}

// unhex returns the value of a hexadecimal digit, else 16.
func unhex(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		return (b | 0x20) - 'a' + 10
	}
	return 16
}

// wideGap returns the gap of a character outside ASCII; n is its length in
// bytes.
func wideGap(r rune, n int) Gap {
	switch {
	case r == utf8.RuneError && n <= 1:
		return GapOther
	// hyphens, dashes, minus
	case r >= 0x2010 && r <= 0x2015, r == 0x2212:
		return GapHyphen
	// …, 。, ！, ？
	case r == 0x2026, r == 0x3002, r == 0xff01, r == 0xff1f:
		return GapEnd
	// ‘ ’ “ ” « »
	case r >= 0x2018 && r <= 0x201f, r == 0xab, r == 0xbb:
		return GapQuote
	case r == 0x85, r == 0x2028, r == 0x2029:
		return GapLine
	case unicode.IsSpace(r):
		return GapSpace
	}
	return GapOther
}

// isWordRune reports whether r, of n bytes, belongs to a word.
func isWordRune(r rune, n int) bool {
	if r == utf8.RuneError && n <= 1 {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// ignorable reports whether r does not change the word it stands in: a combining
// mark, a joiner, a soft hyphen. Otherwise such a character would hide a fact.
func ignorable(r rune) bool {
	return unicode.Is(unicode.Mn, r) || r == 0xad || r >= 0x200b && r <= 0x200d || r == 0x2060 || r == 0xfeff
}

// slowWord reads the word at s[i:], which contains an apostrophe or a character
// outside ASCII, and returns the same as plainWord. It folds the word to ASCII
// before it hashes it.
func slowWord(s string, i int) (end int, hash uint64, shape Shape) {
	var buf [64]byte
	folded := buf[:0]
	first := true
	end = i
	for j := i; j < len(s); {
		b := s[j]
		if c := class[b]; c&wordBits != 0 {
			if c&upper != 0 {
				if first {
					shape |= FirstUpper
				} else {
					shape |= HasUpper
				}
			}
			if c&lower != 0 {
				shape |= HasLower
			}
			if c&digit != 0 {
				shape |= HasDigit
			}
			folded = append(folded, b|0x20)
			j++
			end, first = j, false
			continue
		}
		r, n := utf8.DecodeRuneInString(s[j:])
		switch {
		// An apostrophe belongs to the word only if the word goes on: "don't", but not
		// the closing quote of 'yes'.
		case !first && (r == '\'' || r == '’' || r == 'ʼ'):
			if !wordAt(s, j+n) {
				goto done
			}
			shape |= HasApostrophe
			j += n
		case isWordRune(r, n):
			shape |= HasWide
			if unicode.IsUpper(r) {
				if first {
					shape |= FirstUpper
				} else {
					shape |= HasUpper
				}
			} else {
				shape |= HasLower
			}
			folded = appendFolded(folded, r)
			j += n
			end, first = j, false
		case n > 0 && r != utf8.RuneError && ignorable(r):
			// A mark belongs to the letter before it; a joiner only counts
			// when the word goes on after it.
			shape |= HasWide
			j += n
			if unicode.Is(unicode.Mn, r) {
				end = j
			}
		default:
			goto done
		}
	}
done:
	return end, hashBytes(folded), shape
}

// wordAt reports whether a word character begins at s[i:].
func wordAt(s string, i int) bool {
	if i >= len(s) {
		return false
	}
	if s[i] < utf8.RuneSelf {
		return class[s[i]]&wordBits != 0
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	return isWordRune(r, n)
}

// appendFolded appends r in lower case without its diacritics.
func appendFolded(dst []byte, r rune) []byte {
	if r >= 0xff01 && r <= 0xff5e { // full-width forms of ASCII
		r -= 0xfee0
	}
	r = unicode.ToLower(r)
	if r < utf8.RuneSelf {
		return append(dst, byte(r))
	}
	if r >= 0xdf && int(r-0xdf) < len(plainLatin) {
		if p := plainLatin[r-0xdf]; p != "." {
			return append(dst, p...)
		}
	}
	return utf8.AppendRune(dst, r)
}

// plainLatin holds the ASCII spelling of the small letters from U+00DF to
// U+017F; "." stands for a letter without one.
var plainLatin = func() (t [0x180 - 0xdf]string) {
	for i := range t {
		t[i] = "."
	}
	for plain, letters := range map[string]string{
		"a": "àáâãäåāăą", "ae": "æ", "c": "çćĉċč", "d": "ðďđ", "e": "èéêëēĕėęě", "g": "ĝğġģ",
		"h": "ĥħ", "i": "ìíîïĩīĭįı", "j": "ĵ", "k": "ķ", "l": "ĺļľŀł", "n": "ñńņňŉ", "o": "òóôõöøōŏő",
		"oe": "œ", "r": "ŕŗř", "s": "śŝşšſ", "ss": "ß", "t": "ţťŧ", "th": "þ", "u": "ùúûüũūŭůűų",
		"w": "ŵ", "y": "ýÿŷ", "z": "źżž",
	} {
		for _, r := range letters {
			t[r-0xdf] = plain
		}
	}
	return t
}()
