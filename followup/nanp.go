package followup

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"time"
)

// nanp.txt has a line for all area codes that are in the same state and zones:
// country, state ("-" outside the US), zones and codes. See go:generate in
// adapters/phonenumbers.
//
//go:embed nanp.txt
var nanpText string

// nanpPlace is where an area code is.
type nanpPlace struct {
	country, region string
	zones           []*time.Location
}

// nanp is the table by area code, with the zones of the United States and
// Canada: of toll-free numbers, and of a code that is too new for the table.
// The plan's zones reach from Samoa to Guam, where hours that are open for all
// do not exist.
type nanp struct {
	places   map[string]nanpPlace
	mainland []*time.Location
}

var tollFree = []string{"800", "833", "844", "855", "866", "877", "888"}

func northAmericanPlace(areaCode string) Place {
	table := nanpTable()
	if slices.Contains(tollFree, areaCode) {
		return Place{Zones: slices.Clone(table.mainland), Line: TollFree}
	}
	if p, ok := table.places[areaCode]; ok {
		return Place{Country: p.country, Region: p.region, Zones: slices.Clone(p.zones)}
	}
	return Place{Zones: slices.Clone(table.mainland)}
}

var nanpTable = sync.OnceValue(func() nanp {
	table := nanp{places: map[string]nanpPlace{}}
	var mainland []string
	for line := range strings.Lines(nanpText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		column := strings.Fields(line) // country, state, zones, codes
		names := strings.Split(column[2], ",")
		p := nanpPlace{country: column[0], region: strings.Trim(column[1], "-"), zones: zones(names...)}
		for _, code := range strings.Split(column[3], ",") {
			table.places[code] = p
		}
		if p.country == "US" || p.country == "CA" {
			mainland = append(mainland, names...)
		}
	}
	table.mainland = zones(mainland...)
	return table
})

// zones loads time zones, each once. They are unknown, all of them, if the
// machine's database lacks one: to leave out some would be to forget that
// somebody may be asleep there.
func zones(names ...string) []*time.Location {
	slices.Sort(names)
	var all []*time.Location
	for _, name := range slices.Compact(names) {
		zone := Zone(name)
		if zone == nil {
			return nil
		}
		all = append(all, zone)
	}
	return all
}

// Zone returns an IANA time zone, or nil if the machine's database lacks it. It
// is read from the database once: a message must not wait for a file.
func Zone(name string) *time.Location {
	if zone, known := loaded.Load(name); known {
		return zone.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	loaded.Store(name, zone)
	return zone
}

var loaded sync.Map // *time.Location by name: as many as there are zones
