package phone

import (
	"slices"
	"sync"
	"time"
)

// LoadZones returns the IANA time zones of the given names, each once. It
// returns nil if the machine's database lacks one of them: a zone left out
// could be the one in which the owner of the number is asleep.
func LoadZones(names ...string) []*time.Location {
	var all []*time.Location
	for _, name := range names {
		zone := loadZone(name)
		if zone == nil {
			return nil
		}
		if !slices.Contains(all, zone) {
			all = append(all, zone)
		}
	}
	return all
}

// loadZone reads a zone from the database once, because a message must not wait
// for a file. It returns nil for a zone that the database lacks.
func loadZone(name string) *time.Location {
	if zone, ok := loadedZones.Load(name); ok {
		return zone.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	loaded, _ := loadedZones.LoadOrStore(name, zone)
	return loaded.(*time.Location)
}

var loadedZones sync.Map // *time.Location by name; bounded by the number of zones
