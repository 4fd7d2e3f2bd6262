package vapi

import "github.com/callwaiting-ai/callwaiting/followup"

// A PhoneParser reads a phone number as a person says it and as a carrier
// sends it. Adapter phonenumbers knows how numbers are written in each country;
// [E164] only knows numbers that are written in full.
type PhoneParser interface {
	// ParsePhone returns the E.164 form of text, read as in country (ISO
	// 3166-1 alpha-2). ok is false for what is not surely one number: the
	// caller is then asked, and nothing is guessed.
	ParsePhone(text, country string) (e164 string, ok bool)
}

// E164 is the strict [PhoneParser]: "+", the country's code and the number,
// with nothing but spaces, hyphens, full stops and parentheses between the
// digits. It leaves no room for "(0)", which would have to be guessed away.
type E164 struct{}

// ParsePhone implements [PhoneParser].
func (E164) ParsePhone(text, _ string) (e164 string, ok bool) {
	return followup.NorthAmerica{}.ParsePhone(text, "")
}

// parsePhone is p without the numbers that nobody has.
func parsePhone(p PhoneParser, text, country string) (e164 string, ok bool) {
	e164, ok = p.ParsePhone(text, country)
	if !ok || followup.Withheld(e164) {
		return "", false
	}
	return e164, true
}
