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

// nanp is the table by area code, with the zones of toll-free numbers, which
// are those of all, and of a code that is too new for the table, which are
// those of the United States and Canada.
type nanp struct {
	places               map[string]nanpPlace
	everywhere, mainland []*time.Location
}

var tollFree = []string{"800", "833", "844", "855", "866", "877", "888"}

func northAmericanPlace(areaCode string) Place {
	table := nanpTable()
	if slices.Contains(tollFree, areaCode) {
		return Place{Zones: slices.Clone(table.everywhere), Line: TollFree}
	}
	if p, ok := table.places[areaCode]; ok {
		return Place{Country: p.country, Region: p.region, Zones: slices.Clone(p.zones)}
	}
	return Place{Zones: slices.Clone(table.mainland)}
}

var nanpTable = sync.OnceValue(func() nanp {
	table := nanp{places: map[string]nanpPlace{}}
	var everywhere, mainland []string
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
		everywhere = append(everywhere, names...)
		if p.country == "US" || p.country == "CA" {
			mainland = append(mainland, names...)
		}
	}
	table.everywhere, table.mainland = zones(everywhere...), zones(mainland...)
	return table
})

// zones loads time zones, each once. They are unknown, all of them, if the
// machine's database lacks one: to leave out some would be to forget that
// somebody may be asleep there.
func zones(names ...string) []*time.Location {
	slices.Sort(names)
	var all []*time.Location
	for _, name := range slices.Compact(names) {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return nil
		}
		all = append(all, zone)
	}
	return all
}
