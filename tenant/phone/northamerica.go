package phone

import "strings"

// NorthAmerica is the default [NumberingPlan]. It knows the area codes of the
// North American Numbering Plan, numbers of other countries that are written in
// full, and the origin of numbers of a few countries that have one time zone.
// The zero value is ready to use.
type NorthAmerica struct{}

// Parse implements [Parser]. It reads "+", the country code and the number, with
// spaces, hyphens, full stops and parentheses allowed between the digits. Where
// country is "US" or "CA", the ten digits of a number may stand alone or after a
// 1. ok is false for the numbers that carriers send in place of a withheld one.
func (NorthAmerica) Parse(text, country string) (e164 string, ok bool) {
	text = strings.TrimSpace(text)
	digits, international := strings.CutPrefix(text, "+")
	if strings.Contains(digits, "(0)") { // a reader would have to guess it away
		return "", false
	}
	digits = separators.Replace(digits)
	if withheld("+" + digits) {
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
	e164 = "+" + digits
	if !Valid(e164) || digits[0] == '1' && !northAmerican(digits) {
		return "", false
	}
	return e164, true
}

var separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "")

// northAmerican reports whether digits are a 1 and a number that the North
// American plan can have: neither the area code nor the exchange begins with 0
// or 1, and the area code is not a service code such as 911.
func northAmerican(digits string) bool {
	return len(digits) == 11 && digits[0] == '1' && digits[1] >= '2' && digits[4] >= '2' && digits[2:4] != "11"
}

// Locate implements [Locator].
func (NorthAmerica) Locate(e164 string) Place {
	digits, ok := strings.CutPrefix(e164, "+")
	switch {
	case !ok:
		return Place{}
	case northAmerican(digits):
		return locateAreaCode(digits[1:4])
	}
	return locateCountry(digits)
}
