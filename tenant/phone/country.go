package phone

import "strings"

// locateCountry returns the origin of a number that begins with the code of one
// of the countries below.
func locateCountry(digits string) Place {
	for _, c := range countries {
		if number, ok := strings.CutPrefix(digits, c.code); ok {
			return c.place(number)
		}
	}
	return Place{}
}

// A country has one time zone for all its people.
type country struct {
	code string // for calls
	iso  string
	zone string

	// mobile and landline are the first digits of the country's numbers of
	// these types; other numbers may be of any type.
	mobile, landline []string
}

// countries are those that are near, or that clinics here have callers from.
// Where the national plan is plain, a country lists its mobile numbers.
var countries = []country{
	{code: "44", iso: "GB", zone: "Europe/London", mobile: []string{"71", "72", "73", "74", "75", "77", "78", "79"}, landline: []string{"1", "2", "3"}},
	{code: "353", iso: "IE", zone: "Europe/Dublin", mobile: []string{"82", "83", "85", "86", "87", "88", "89"}, landline: []string{"1", "2", "4", "5", "6", "9"}},
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
	p := Place{Country: c.iso, Zones: LoadZones(c.zone)}
	switch {
	case beginsWithAny(number, c.mobile):
		p.Line = Mobile
	case beginsWithAny(number, c.landline):
		p.Line = Landline
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
