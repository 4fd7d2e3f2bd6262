// Package jsonscan reads a JSON text in one pass, value by value, for the
// packages of vapi.
package jsonscan

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects may nest; encoding/json's own limit.
const maxDepth = 10_000

// Scanner walks one JSON text once, from left to right, and returns the
// requested values; the rest is checked and skipped. It accepts the texts that
// [json.Valid] accepts: a fuzz test compares the two.
//
// It exists because most of a real message is not for us: Vapi repeats the
// assistant and the whole conversation on every tool call, and the caller
// waits on the line while that is read. To skip it here costs a tenth of the
// time that reflection takes.
//
// The first error sticks and moves the Scanner to the end of the text, so that
// callers check once. Values share the text's memory.
type Scanner struct {
	text  []byte
	at    int
	depth int
	bad   bool
}

// New returns a Scanner at the beginning of text.
func New(text []byte) *Scanner { return &Scanner{text: text} }

// Failed reports whether the text is not JSON, as far as it was read.
func (s *Scanner) Failed() bool { return s.bad }

// Offset returns how many bytes were read.
func (s *Scanner) Offset() int { return s.at }

func (s *Scanner) fail() {
	s.bad = true
	s.at = len(s.text)
}

// Peek returns the first byte of the next value without taking it; 0 at the end.
func (s *Scanner) Peek() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take steps over c, which must come next.
func (s *Scanner) take(c byte) {
	if s.Peek() != c {
		s.fail()
		return
	}
	s.at++
}

// End checks that only white space is left.
func (s *Scanner) End() {
	if s.Peek() != 0 || s.at < len(s.text) {
		s.fail()
	}
}

// Object calls member for each member of the next value, in order; member must
// take the member's value. A value that is not an object is stepped over.
func (s *Scanner) Object(member func(key []byte)) {
	s.members('{', '}', func() {
		key := s.key()
		s.take(':')
		if !s.bad {
			member(key)
		}
	})
}

// Array calls item for each item of the next value, in order; item must take
// the item. A value that is not an array is stepped over.
func (s *Scanner) Array(item func()) { s.members('[', ']', item) }

func (s *Scanner) members(open, end byte, each func()) {
	if s.Peek() != open {
		s.Skip()
		return
	}
	s.at++
	if s.depth++; s.depth > maxDepth {
		s.fail()
		return
	}
	if s.Peek() == end {
		s.at++
		s.depth--
		return
	}
	for !s.bad {
		each()
		switch s.Peek() {
		case ',':
			s.at++
		case end:
			s.at++
			s.depth--
			return
		default:
			s.fail()
		}
	}
}

// key takes a member's name.
func (s *Scanner) key() []byte {
	if s.Peek() != '"' {
		s.fail()
		return nil
	}
	quoted := s.Raw()
	if s.bad {
		return nil
	}
	if bytes.IndexByte(quoted, '\\') >= 0 {
		return []byte(Unquote(quoted))
	}
	return quoted[1 : len(quoted)-1]
}

// Raw takes the next value and returns its text.
func (s *Scanner) Raw() []byte {
	s.Peek()
	from := s.at
	s.Skip()
	if s.bad {
		return nil
	}
	return s.text[from:s.at:s.at]
}

// Scalar takes the next value as text, however it was written: a string, the
// literal of a number or a boolean; "" for null, an object or an array.
func (s *Scanner) Scalar() string {
	value := s.Raw()
	if s.bad {
		return ""
	}
	switch value[0] {
	case '"':
		return Unquote(value)
	case '{', '[', 'n':
		return ""
	}
	return string(value)
}

// Skip steps over the next value.
func (s *Scanner) Skip() {
	switch c := s.Peek(); c {
	case '{':
		s.members('{', '}', s.skipMember)
	case '[':
		s.members('[', ']', s.Skip)
	case '"':
		s.skipString()
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.skipNumber()
	}
}

func (s *Scanner) skipMember() {
	if s.Peek() != '"' {
		s.fail()
		return
	}
	s.skipString()
	s.take(':')
	s.Skip()
}

func (s *Scanner) skipString() {
	text := s.text
	for i := s.at + 1; i < len(text); i++ {
		c := text[i]
		if c > '\\' || c > '"' && c < '\\' || c == '!' || c == ' ' {
			continue
		}
		switch {
		case c == '"':
			s.at = i + 1
			return
		case c != '\\': // a control character
			s.fail()
			return
		}
		if i++; i == len(text) {
			break
		}
		switch text[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if i+4 >= len(text) || !hex4(text[i+1:i+5]) {
				s.fail()
				return
			}
			i += 4
		default:
			s.fail()
			return
		}
	}
	s.fail()
}

func hex4(digits []byte) bool {
	for _, c := range digits {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}

func (s *Scanner) literal(word string) {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		s.fail()
		return
	}
	s.at += len(word)
}

func (s *Scanner) skipNumber() {
	s.next('-')
	if !s.next('0') && !s.digits() {
		s.fail()
		return
	}
	if s.next('.') && !s.digits() {
		s.fail()
		return
	}
	if s.next('e') || s.next('E') {
		if !s.next('+') {
			s.next('-')
		}
		if !s.digits() {
			s.fail()
		}
	}
}

// next steps over c if it comes next, without white space before it.
func (s *Scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *Scanner) digits() bool {
	from := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}

// Unquote returns the text of a valid JSON string; like encoding/json it turns
// bytes that are not UTF-8 into U+FFFD.
func Unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return ""
	}
	return text
}
