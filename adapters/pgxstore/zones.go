package pgxstore

import (
	"sync"
	"time"
)

// zones caches time zones by name, of which there are about six hundred:
// loading one reads a file. Safe for concurrent use.
type zones struct{ byName sync.Map }

func (z *zones) load(name string) (*time.Location, error) {
	if zone, cached := z.byName.Load(name); cached {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	z.byName.Store(name, zone)
	return zone, nil
}
