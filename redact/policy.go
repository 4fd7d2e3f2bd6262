package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// An Operator writes to dst what stands in the place of found, a piece of text
// of that kind, and returns the extended dst. It must be safe for concurrent
// use.
type Operator func(dst []byte, kind Kind, found string) []byte

// A Policy says what is done with each kind. [Replace] is done with kinds it
// does not name.
type Policy map[Kind]Operator

const placeholderStart = "[REDACTED: "

// Replace writes the kind, "[REDACTED: MEDICAL]".
func Replace(dst []byte, kind Kind, _ string) []byte {
	dst = append(dst, placeholderStart...)
	dst = append(dst, kind...)
	return append(dst, ']')
}

// ReplaceWith writes the same text for everything.
func ReplaceWith(text string) Operator {
	return func(dst []byte, _ Kind, _ string) []byte { return append(dst, text...) }
}

// Mask writes a '*' for each letter and digit but the last keep ones, and
// leaves what is between them: "***** ***123".
func Mask(keep int) Operator {
	return func(dst []byte, _ Kind, found string) []byte {
		hide := -keep
		for _, r := range found {
			if isWordRune(r, utf8.RuneLen(r)) {
				hide++
			}
		}
		for _, r := range found {
			switch {
			case r == utf8.RuneError: // whatever these bytes are
				dst = append(dst, '*')
			case isWordRune(r, utf8.RuneLen(r)) && hide > 0:
				dst = append(dst, '*')
				hide--
			default:
				dst = utf8.AppendRune(dst, r)
			}
		}
		return dst
	}
}

// Pseudonym writes "[REDACTED: PERSON 5d41402abc4b2a76]": the same 16 digits
// for the same words (letter case and spaces apart) under the same key, and
// nothing that can be linked under another. Each tenant needs a key of its
// own.
func Pseudonym(key []byte) Operator {
	key = append([]byte(nil), key...)
	return func(dst []byte, kind Kind, found string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(kind))
		mac.Write([]byte{0})
		mac.Write([]byte(strings.ToLower(strings.Join(strings.Fields(found), " "))))
		dst = append(dst, placeholderStart...)
		dst = append(dst, kind...)
		dst = append(dst, ' ')
		dst = hex.AppendEncode(dst, mac.Sum(nil)[:8])
		return append(dst, ']')
	}
}

// Drop writes nothing.
func Drop(dst []byte, _ Kind, _ string) []byte { return dst }

// Keep leaves the text as it is.
func Keep(dst []byte, _ Kind, found string) []byte { return append(dst, found...) }

// placeholder returns the length of the placeholder s begins with, 0 if none:
// what [Replace] and [Pseudonym] write is not read again.
func placeholder(s string) int {
	if !strings.HasPrefix(s, placeholderStart) {
		return 0
	}
	i := len(placeholderStart)
	start := i
	for i < len(s) && ('A' <= s[i] && s[i] <= 'Z' || s[i] == '_') {
		i++
	}
	if i == start || i-start > 32 {
		return 0
	}
	if i+17 < len(s) && s[i] == ' ' && strings.Trim(s[i+1:i+17], "0123456789abcdef") == "" {
		i += 17
	}
	if i < len(s) && s[i] == ']' {
		return i + 1
	}
	return 0
}
