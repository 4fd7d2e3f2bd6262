// Package phonenumbers reads phone numbers the way each country writes them,
// with github.com/nyaruka/phonenumbers, a port of Google's libphonenumber.
//
//	p := phonenumbers.Parser{}
//	p.Parse("07700 900 456", "GB") // +447700900456, true
package phonenumbers

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// Parser is a phone.NumberingPlan of every country. The zero value is ready to
// use. Safe for concurrent use.
type Parser struct{}

// Parse returns the E.164 form of text, read as in country (ISO 3166-1
// alpha-2). The number may be national, international with "+" or with the
// country's own prefix for it, and may have a "(0)". ok is false unless text is one number that its
// country's numbering plan assigns, or that is set aside for fiction. A number
// with an extension, with letters for digits or with less than eight digits,
// its country's code among them, is not read.
func (Parser) Parse(text, country string) (e164 string, ok bool) {
	if strings.ContainsFunc(text, notInANumber) {
		return "", false
	}
	n, err := phonenumbers.Parse(text, country)
	if err != nil || n.GetExtension() != "" {
		return "", false
	}
	e164 = phonenumbers.Format(n, phonenumbers.E164)
	if len(e164) < len("+12345678") || !phonenumbers.IsValidNumber(n) && !forFiction(e164) {
		return "", false
	}
	return e164, true
}

// notInANumber reports whether r is part of a word, a URI or a second number:
// text that the library would drop without an error.
func notInANumber(r rune) bool {
	return unicode.IsLetter(r) || strings.ContainsRune("@;,<>*#", r)
}

// forFiction reports whether Ofcom keeps e164 for film and tests among the
// mobile numbers. The library calls those numbers invalid, unlike those of the
// North American plan (555-01xx).
func forFiction(e164 string) bool {
	return strings.HasPrefix(e164, "+447700900") && len(e164) == len("+447700900456")
}
