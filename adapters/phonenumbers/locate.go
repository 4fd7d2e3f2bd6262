package phonenumbers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

//go:generate go run ./nanp ../../tenant/phone/nanp.txt

var _ phone.NumberingPlan = Parser{}

// Locate implements phone.Locator. A landline is in its area; any other number may
// be anywhere in its country. Package phone locates the numbers of the North
// American plan: it knows the states, and the area codes with two time zones.
func (Parser) Locate(e164 string) phone.Place {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return phone.Place{}
	}
	if n.GetCountryCode() == 1 {
		return phone.NorthAmerica{}.Locate(e164)
	}
	p := phone.Place{Country: country(n), Line: line(n)}
	if p.Line == phone.Landline {
		p.Zones = zones(phonenumbers.Format(n, phonenumbers.E164))
	}
	if p.Zones == nil {
		p.Zones = zones(fmt.Sprint(n.GetCountryCode()))
	}
	return p
}

// country returns the country of a number, or "" for a service without a
// country. Some British mobile networks have ranges that are also in use in
// Guernsey, Jersey and the Isle of Man, and that the library assigns to these.
func country(n *phonenumbers.PhoneNumber) string {
	const britain = 44
	if n.GetCountryCode() == britain {
		return "GB"
	}
	for _, region := range []string{
		phonenumbers.GetRegionCodeForNumber(n),
		phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode())), // for a number that is not assigned
	} {
		if len(region) == 2 && region != phonenumbers.UNKNOWN_REGION {
			return region
		}
	}
	return ""
}

// line returns the type of a number's line, as far as the plan is sure.
func line(n *phonenumbers.PhoneNumber) phone.Line {
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE:
		return phone.Mobile
	case phonenumbers.FIXED_LINE:
		return phone.Landline
	case phonenumbers.TOLL_FREE:
		return phone.TollFree
	}
	if forFiction(phonenumbers.Format(n, phonenumbers.E164)) {
		return phone.Mobile
	}
	return phone.UnknownLine
}

// zones returns the time zones of the numbers that begin with prefix, or nil if
// the library or the machine's database lacks one of them.
func zones(prefix string) []*time.Location {
	names, err := phonenumbers.GetTimezonesForPrefix(strings.TrimPrefix(prefix, "+"))
	if err != nil || slices.Contains(names, phonenumbers.UNKNOWN_TIMEZONE) {
		return nil
	}
	return phone.LoadZones(names...)
}
