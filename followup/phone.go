package followup

import (
	"strings"
	"time"
)

// A PhoneNormalizer reads phone numbers and knows where they are from.
// [NorthAmerica] knows the North American plan and numbers that are written in
// full; adapter phonenumbers knows every country's. Safe for concurrent use.
type PhoneNormalizer interface {
	// ParsePhone returns the E.164 form of text, read as in country (ISO
	// 3166-1 alpha-2). ok is false for what is not surely one number.
	ParsePhone(text, country string) (e164 string, ok bool)

	// Locate tells where a number is from, as far as it shows. Nobody is
	// there for sure: numbers move with people and between networks.
	Locate(e164 string) Place
}

// Place is where a phone number is from.
type Place struct {
	Country string // ISO 3166-1 alpha-2; empty if unknown
	Region  string // in the US the state, such as "TX"; empty if unknown

	// Zones are all time zones its owner may plausibly be in; none if unknown.
	Zones []*time.Location

	Line Line
}

// Line is what kind of number it is.
type Line int

// Only Fixed is sure not to take texts; in North America a number shows nothing.
const (
	AnyLine Line = iota
	Mobile
	Fixed
	TollFree
)

// NorthAmerica is the default [PhoneNormalizer]. It knows the area codes of the
// North American plan, numbers of other countries that are written in full, and
// where those of a few countries with one time zone are from. The zero value is
// ready to use.
type NorthAmerica struct{}

// ParsePhone implements [PhoneNormalizer]: "+", the country's code and the
// number, with nothing but spaces, hyphens, full stops and parentheses between
// the digits. Where country is "US" or "CA", the ten digits of a number may
// stand alone or after a 1. What carriers send in place of a number that is
// withheld is none.
func (NorthAmerica) ParsePhone(text, country string) (e164 string, ok bool) {
	text = strings.TrimSpace(text)
	digits, international := strings.CutPrefix(text, "+")
	if strings.Contains(digits, "(0)") { // it would have to be guessed away
		return "", false
	}
	digits = separators.Replace(digits)
	if Withheld("+"+digits) || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return "", false
	}
	if !international {
		if country != "US" && country != "CA" {
			return "", false
		}
		if len(digits) == 10 {
			digits = "1" + digits
		}
		if !northAmerican(digits) {
			return "", false
		}
	}
	if len(digits) < 8 || len(digits) > 15 || digits[0] == '0' ||
		digits[0] == '1' && !northAmerican(digits) {
		return "", false
	}
	return "+" + digits, true
}

// northAmerican reports whether digits are a 1 and a number that the North
// American plan can have: neither the area code nor the exchange begins with 0
// or 1, and no area code is of the kind of 911.
func northAmerican(digits string) bool {
	return len(digits) == 11 && digits[0] == '1' && digits[1] >= '2' && digits[4] >= '2' && digits[2:4] != "11"
}

var separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "")

// Withheld reports whether e164 is what carriers send in place of a number that
// the caller withholds: a word spelled on a keypad. Some of them read as numbers.
func Withheld(e164 string) bool {
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

// Locate implements [PhoneNormalizer].
func (NorthAmerica) Locate(e164 string) Place {
	digits, ok := strings.CutPrefix(e164, "+")
	switch {
	case !ok:
		return Place{}
	case northAmerican(digits):
		return northAmericanPlace(digits[1:4])
	}
	for _, c := range oneZoneCountries {
		if number, ok := strings.CutPrefix(digits, c.code); ok {
			return c.place(number)
		}
	}
	return Place{}
}

// A country is one whose people all live by one clock.
type country struct {
	code string // for calls
	iso  string
	zone string

	// mobile and fixed are what the country's numbers of these kinds begin
	// with; others may be of any kind.
	mobile, fixed []string
}

// oneZoneCountries are those that are near or that clinics here have callers
// from. Which numbers are mobile is told where the national plan is plain.
var oneZoneCountries = []country{
	{code: "44", iso: "GB", zone: "Europe/London", mobile: []string{"71", "72", "73", "74", "75", "77", "78", "79"}, fixed: []string{"1", "2", "3"}},
	{code: "353", iso: "IE", zone: "Europe/Dublin", mobile: []string{"82", "83", "85", "86", "87", "88", "89"}, fixed: []string{"1", "2", "4", "5", "6", "9"}},
	{code: "234", iso: "NG", zone: "Africa/Lagos", mobile: []string{"70", "80", "81", "90", "91"}},
	{code: "27", iso: "ZA", zone: "Africa/Johannesburg"},
	{code: "31", iso: "NL", zone: "Europe/Amsterdam"},
	{code: "32", iso: "BE", zone: "Europe/Brussels"},
	{code: "33", iso: "FR", zone: "Europe/Paris"},
	{code: "39", iso: "IT", zone: "Europe/Rome"},
	{code: "41", iso: "CH", zone: "Europe/Zurich"},
	{code: "43", iso: "AT", zone: "Europe/Vienna"},
	{code: "45", iso: "DK", zone: "Europe/Copenhagen"},
	{code: "46", iso: "SE", zone: "Europe/Stockholm"},
	{code: "47", iso: "NO", zone: "Europe/Oslo"},
	{code: "48", iso: "PL", zone: "Europe/Warsaw"},
	{code: "49", iso: "DE", zone: "Europe/Berlin"},
	{code: "65", iso: "SG", zone: "Asia/Singapore"},
	{code: "81", iso: "JP", zone: "Asia/Tokyo"},
	{code: "91", iso: "IN", zone: "Asia/Kolkata"},
	{code: "233", iso: "GH", zone: "Africa/Accra"},
	{code: "254", iso: "KE", zone: "Africa/Nairobi"},
	{code: "971", iso: "AE", zone: "Asia/Dubai"},
	{code: "972", iso: "IL", zone: "Asia/Jerusalem"},
}

func (c country) place(number string) Place {
	p := Place{Country: c.iso, Zones: zones(c.zone)}
	switch {
	case beginsWithAny(number, c.mobile):
		p.Line = Mobile
	case beginsWithAny(number, c.fixed):
		p.Line = Fixed
	}
	return p
}

func beginsWithAny(number string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(number, p) {
			return true
		}
	}
	return false
}
