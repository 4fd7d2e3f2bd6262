// Package phone reads phone numbers. Every other package of this module takes a
// number as the E.164 text that a [Parser] returned, and asks a [Locator] where
// the number is from.
//
//	e164, ok := phone.Parse(phone.NorthAmerica{}, "(202) 555-0143", "US") // +12025550143
//
// [NorthAmerica] knows the North American Numbering Plan and numbers written in
// full. Adapter phonenumbers knows the numbering plan of every country.
package phone

import "time"

// A Parser reads a phone number as people say it and as carriers send it. Safe
// for concurrent use.
type Parser interface {
	// Parse returns the E.164 form of text, read as a number written in country
	// (ISO 3166-1 alpha-2). ok is false unless text is surely one number: the
	// caller is then asked again, because a guess would reach a stranger.
	Parse(text, country string) (e164 string, ok bool)
}

// A Locator knows where phone numbers are from. Safe for concurrent use.
type Locator interface {
	// Locate returns where a number in E.164 is from, as far as its digits show.
	// The owner may be elsewhere: numbers move with people and between networks.
	Locate(e164 string) Place
}

// A NumberingPlan reads phone numbers and knows where they are from.
type NumberingPlan interface {
	Parser
	Locator
}

// Place is where a phone number is from. The zero Place is unknown.
type Place struct {
	Country string // ISO 3166-1 alpha-2; empty if unknown
	Region  string // in the US the state, such as "TX"; empty if unknown

	// Zones are all time zones the owner may plausibly be in; empty if unknown.
	Zones []*time.Location

	Line Line
}

// Line is the type of the line behind a number.
type Line int

// A Landline takes no texts; every other type may. A number of the North
// American plan shows no type but TollFree.
const (
	UnknownLine Line = iota
	Mobile
	Landline
	TollFree
)

// Parse returns p's reading of text. ok is also false for a number that
// carriers send in place of a withheld one, even if p reads it as a number.
func Parse(p Parser, text, country string) (e164 string, ok bool) {
	e164, ok = p.Parse(text, country)
	if !ok || withheld(e164) {
		return "", false
	}
	return e164, true
}

// Valid reports whether s is strictly E.164 (ITU-T): a plus sign and 8 to 15
// digits, of which the first is not 0.
func Valid(s string) bool {
	if len(s) < len("+12345678") || len(s) > len("+123456789012345") || s[0] != '+' || s[1] == '0' {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// withheld reports whether carriers send e164 in place of a number that the
// caller withholds: a word spelled on a keypad. Some of these words read as
// numbers.
func withheld(e164 string) bool {
	switch e164 {
	case "+266696687", // ANONYMOUS
		"+7378742833",  // RESTRICTED
		"+86282452253", // UNAVAILABLE
		"+2562533",     // BLOCKED
		"+8656696":     // UNKNOWN
		return true
	}
	return false
}

// E164 is the strict [Parser]. It reads numbers in full only: "+", the country
// code and the number, with spaces, hyphens, full stops and parentheses allowed
// between the digits. It refuses "(0)", which a reader would have to guess away.
type E164 struct{}

// Parse implements [Parser]; it ignores the country.
func (E164) Parse(text, _ string) (e164 string, ok bool) { return NorthAmerica{}.Parse(text, "") }
