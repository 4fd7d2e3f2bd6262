// Command nanp writes the table of North American area codes that package
// tenant/phone embeds: the country, the state and the time zones of each code.
// The data are those of github.com/nyaruka/phonenumbers.
//
//	go generate ./adapters/phonenumbers
package main

import (
	"cmp"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: nanp FILE")
	}
	text, err := table()
	if err == nil {
		err = os.WriteFile(os.Args[1], []byte(text), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

const head = `# Area codes of the North American plan: country, state (US), zones, codes.
# Made by adapters/phonenumbers/nanp; do not edit.
`

// zonesOf corrects the library, which lists too few zones for these area codes or
// zones without residents. An overlay has the zones of the area under it, and a
// code that straddles a zone boundary has both zones.
var zonesOf = map[string]string{
	"208": "America/Boise,America/Los_Angeles", // Idaho
	"986": "America/Boise,America/Los_Angeles",
	"219": "America/Chicago,America/New_York", // Indiana
	"574": "America/Chicago,America/New_York",
	"812": "America/Chicago,America/New_York",
	"930": "America/Chicago,America/New_York",
	"270": "America/Chicago,America/New_York", // Kentucky
	"364": "America/Chicago,America/New_York",
	"606": "America/Chicago,America/New_York",
	"308": "America/Chicago,America/Denver",   // Nebraska
	"432": "America/Chicago,America/Denver",   // Texas: Culberson County
	"423": "America/Chicago,America/New_York", // Tennessee
	"931": "America/Chicago,America/New_York",
	"448": "America/Chicago,America/New_York", // Florida
	"850": "America/Chicago,America/New_York",
	"689": "America/New_York",
	"458": "America/Boise,America/Los_Angeles", // Oregon: Malheur County
	"541": "America/Boise,America/Los_Angeles",
	"605": "America/Chicago,America/Denver", // South Dakota
	"620": "America/Chicago,America/Denver", // Kansas
	"785": "America/Chicago,America/Denver",
	"701": "America/Chicago,America/Denver",     // North Dakota
	"775": "America/Denver,America/Los_Angeles", // Nevada: West Wendover
	"906": "America/Chicago,America/New_York",   // Michigan: four counties in the west
	"907": "America/Adak,America/Anchorage",     // Alaska
	"928": "America/Denver,America/Phoenix",     // Arizona: the Navajo Nation
	"236": "America/Edmonton,America/Vancouver", // British Columbia
	"250": "America/Edmonton,America/Vancouver",
	"257": "America/Edmonton,America/Vancouver",
	"672": "America/Edmonton,America/Vancouver",
	"778": "America/Edmonton,America/Vancouver",
	"367": "America/Halifax,America/Toronto", // Quebec
	"418": "America/Halifax,America/Toronto",
	"581": "America/Halifax,America/Toronto",
	"306": "America/Edmonton,America/Regina", // Saskatchewan: Lloydminster
	"474": "America/Edmonton,America/Regina",
	"639": "America/Edmonton,America/Regina",
	"709": "America/Halifax,America/St_Johns", // Newfoundland and Labrador
	"879": "America/Halifax,America/St_Johns",
}

// place is the key of a line of the table: its area codes share all three.
type place struct{ country, state, zones string }

// table returns the text of the file.
func table() (string, error) {
	codes := map[place][]string{}
	for code := 200; code <= 999; code++ {
		npa := fmt.Sprint(code)
		p, ok, err := locate(npa)
		if err != nil {
			return "", err
		}
		if ok {
			codes[p] = append(codes[p], npa)
		}
	}
	var b strings.Builder
	b.WriteString(head)
	for _, p := range slices.SortedFunc(maps.Keys(codes), func(a, b place) int {
		return strings.Compare(a.country+a.state+a.zones, b.country+b.state+b.zones)
	}) {
		fmt.Fprintln(&b, p.country, p.state, p.zones, strings.Join(codes[p], ","))
	}
	return b.String(), nil
}

// locate looks up every exchange of an area code in the library. ok is false for
// a code that is not assigned to a place.
func locate(npa string) (p place, ok bool, err error) {
	zones, states := map[string]bool{}, map[string]int{}
	for exchange := 200; exchange <= 999; exchange++ {
		n, err := phonenumbers.Parse(fmt.Sprintf("+1%s%d0143", npa, exchange), "")
		if err != nil {
			return place{}, false, err
		}
		kind := phonenumbers.GetNumberType(n)
		if kind != phonenumbers.FIXED_LINE_OR_MOBILE && kind != phonenumbers.FIXED_LINE && kind != phonenumbers.MOBILE {
			continue
		}
		p.country = phonenumbers.GetRegionCodeForNumber(n)
		names, err := phonenumbers.GetTimezonesForNumber(n)
		if err != nil {
			return place{}, false, err
		}
		for _, name := range names {
			zones[name] = true
		}
		where, err := phonenumbers.GetGeocodingForNumber(n, "en")
		if err != nil {
			return place{}, false, err
		}
		states[state(where)]++
	}
	delete(zones, phonenumbers.UNKNOWN_TIMEZONE)
	delete(states, "")
	p.state = "-"
	if npa == "564" { // an overlay that is too new for the library
		states["WA"]++
	}
	if p.country == "US" {
		for name, n := range states {
			if n > states[p.state] {
				p.state = name
			}
		}
	}
	p.zones = cmp.Or(zonesOf[npa], strings.Join(slices.Sorted(maps.Keys(zones)), ","))
	return p, p.country != "", nil
}

// state returns the state in the library's name of a place, such as "Pensacola,
// FL" or "Florida", or "" if the name has no state.
func state(where string) string {
	if i := strings.LastIndex(where, ", "); i >= 0 {
		return where[i+2:]
	}
	return states[where]
}

var states = map[string]string{
	"Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA",
	"Colorado": "CO", "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA",
	"Hawaii": "HI", "Idaho": "ID", "Illinois": "IL", "Indiana": "IN", "Iowa": "IA",
	"Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME", "Maryland": "MD",
	"Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS", "Missouri": "MO",
	"Montana": "MT", "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH", "New Jersey": "NJ",
	"New Mexico": "NM", "New York": "NY", "North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH",
	"Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA", "Rhode Island": "RI", "South Carolina": "SC",
	"South Dakota": "SD", "Tennessee": "TN", "Texas": "TX", "Utah": "UT", "Vermont": "VT",
	"Virginia": "VA", "Washington": "WA", "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
	"Washington D.C.": "DC", "Washington, D.C.": "DC",
}
