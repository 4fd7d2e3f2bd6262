package phone

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"time"
)

// nanpText has one line per set of area codes in the same state and zones:
// country, state ("-" outside the US), zones, codes. The go:generate line in
// adapters/phonenumbers writes it.
//
//go:embed nanp.txt
var nanpText string

// areaCodes is the table of the North American Numbering Plan.
type areaCodes struct {
	places map[string]Place // by area code

	// mainland has the zones of the United States and Canada. It serves
	// toll-free numbers and area codes newer than the table. The zones of the
	// whole plan reach from Samoa to Guam: no hour is daytime in all of them.
	mainland []*time.Location
}

var tollFree = []string{"800", "833", "844", "855", "866", "877", "888"}

// locateAreaCode returns the origin of the numbers of an area code. The zones
// are the caller's own copy.
func locateAreaCode(code string) Place {
	table := loadAreaCodes()
	if slices.Contains(tollFree, code) {
		return Place{Zones: slices.Clone(table.mainland), Line: TollFree}
	}
	if p, ok := table.places[code]; ok {
		p.Zones = slices.Clone(p.Zones)
		return p
	}
	return Place{Zones: slices.Clone(table.mainland)}
}

// loadAreaCodes parses the table once, when the first number is located.
var loadAreaCodes = sync.OnceValue(func() areaCodes {
	table := areaCodes{places: map[string]Place{}}
	var mainland []string
	for line := range strings.Lines(nanpText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		column := strings.Fields(line) // country, state, zones, codes
		names := strings.Split(column[2], ",")
		p := Place{Country: column[0], Region: strings.Trim(column[1], "-"), Zones: LoadZones(names...)}
		for _, code := range strings.Split(column[3], ",") {
			table.places[code] = p
		}
		if p.Country == "US" || p.Country == "CA" {
			mainland = append(mainland, names...)
		}
	}
	table.mainland = LoadZones(mainland...)
	return table
})
