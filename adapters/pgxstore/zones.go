package pgxstore

import (
	"sync"
	"time"
)

// zones remembers time zones by name: loading one reads a file. There are
// about six hundred.
type zones struct{ byName sync.Map }

func (z *zones) named(name string) (*time.Location, error) {
	if zone, known := z.byName.Load(name); known {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	z.byName.Store(name, zone)
	return zone, nil
}
