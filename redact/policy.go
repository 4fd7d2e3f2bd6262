package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// An Operator appends the replacement of found, a piece of text of that kind,
// to dst and returns dst. It must be safe for concurrent use.
type Operator func(dst []byte, kind Kind, found string) []byte

// A Policy maps each kind to its operator. [Replace] serves the kinds that a
// Policy does not name.
type Policy map[Kind]Operator

const placeholderStart = "[REDACTED: "

// Replace writes the kind: "[REDACTED: MEDICAL]".
func Replace(dst []byte, kind Kind, _ string) []byte {
	dst = append(dst, placeholderStart...)
	dst = append(dst, kind...)
	return append(dst, ']')
}

// ReplaceWith returns an operator that writes the same text for every finding.
func ReplaceWith(text string) Operator {
	return func(dst []byte, _ Kind, _ string) []byte { return append(dst, text...) }
}

// Mask returns an operator that writes '*' for each letter and digit except the
// last keep ones. Other characters stay: "***** ***123".
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
			case r == utf8.RuneError: // invalid bytes may be part of a name
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

// Pseudonym returns an operator that writes "[REDACTED: PERSON
// 5d41402abc4b2a76]". The same words under the same key give the same 16 hex
// digits, without regard to letter case and spacing. Pseudonyms under different
// keys cannot be linked, so each tenant must have its own key.
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

// Drop removes the finding.
func Drop(dst []byte, _ Kind, _ string) []byte { return dst }

// Keep leaves the finding in the text.
func Keep(dst []byte, _ Kind, found string) []byte { return append(dst, found...) }

// placeholder returns the length of the placeholder that s begins with, else
// 0. The output of [Replace] and [Pseudonym] is recognized, so that redacted
// text passes a second redaction unchanged.
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
