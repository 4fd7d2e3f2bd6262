package followup

import (
	"slices"
	"sort"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

const (
	// shortestSlot is how much of the open hours must be left for a message to
	// be delivered in it.
	shortestSlot = time.Minute

	// searchDays is how far ahead hours are looked for: what is not open in a
	// week and a day is never open.
	searchDays = 8

	// longestValid is how long a carrier tries at most.
	longestValid = time.Hour
)

// ValidFor is how long a carrier may try to deliver a message that is sent now
// and must have been delivered until then: an hour at most, in whole seconds,
// as carriers count. It is 0 if there is no time left.
func ValidFor(now, until time.Time) time.Duration {
	return max(0, min(longestValid, until.Sub(now))).Truncate(time.Second)
}

// quiet knows when a person may be texted: within the week's hours on every
// clock they may be looking at.
type quiet struct {
	zones []*time.Location
	week  [7]hours
}

// quietHours returns when a contact of the clinic whose number is from place
// may be texted. known is false if nobody can say which clock they look at.
func quietHours(clinic *Settings, place phone.Place) (q quiet, known bool) {
	org := clinic.Org()
	if len(place.Zones) == 0 && place.Country != org.Country {
		return quiet{}, false
	}
	q.zones = append(slices.Clone(place.Zones), org.Zone)
	open, close := clinic.Hours()
	week, strict := stateHours[place.Region]
	for d := range q.week {
		q.week[d] = everyone.meet(hours{open, close})
		if strict && place.Country == "US" {
			q.week[d] = q.week[d].meet(week[d])
		}
	}
	return q, true
}

// next returns the first moment from now on that is open on every clock, and
// when it ceases to be; ok is false if there is none.
func (q quiet) next(now time.Time) (at, until time.Time, ok bool) {
	at = now
	for settled := false; !settled; {
		settled, until = true, time.Time{}
		for _, zone := range q.zones {
			opens, closes := q.open(zone, at)
			if opens.IsZero() || opens.Sub(now) > searchDays*day {
				return time.Time{}, time.Time{}, false
			}
			if opens.After(at) {
				at, settled = opens, false
			}
			if until.IsZero() || closes.Before(until) {
				until = closes
			}
		}
	}
	return at, until, true
}

// open returns the first moment from at on that is open on one clock, and when
// it ceases to be; zero if there is none.
func (q quiet) open(zone *time.Location, at time.Time) (opens, closes time.Time) {
	today := wallSeconds(zone, at) / secondsADay
	for d := today; d <= today+searchDays; d++ {
		h := q.week[(int(time.Thursday)+int(d%7))%7] // 1 January 1970 was a Thursday
		if h.open >= h.close {
			continue
		}
		_, opens = wallTime(zone, d*secondsADay+int64(h.open)*60)
		closes, _ = wallTime(zone, d*secondsADay+int64(h.close)*60)
		if opens.Before(at) {
			opens = at
		}
		if closes.Sub(opens) >= shortestSlot {
			return opens, closes
		}
	}
	return time.Time{}, time.Time{}
}

const secondsADay = 24 * 60 * 60

// wallSeconds is what the clock on the wall shows, in seconds as if it were
// that of UTC.
func wallSeconds(zone *time.Location, at time.Time) int64 {
	_, offset := at.In(zone).Zone()
	return at.Unix() + int64(offset)
}

// wallTime returns the first and the last moment at which the clock on the wall
// shows wall: the same one, but where the clock is put back. Where it is put
// forward over wall, both are the first moment after.
func wallTime(zone *time.Location, wall int64) (first, last time.Time) {
	offset := func(at int64) int64 { return wallSeconds(zone, time.Unix(at, 0)) - at }
	about := wall - offset(wall)
	from, to := about-secondsADay, about+secondsADay
	before, after := offset(from), offset(to)
	if before == after {
		return time.Unix(wall-after, 0).UTC(), time.Unix(wall-after, 0).UTC()
	}
	change := from + int64(sort.Search(secondsADay*2, func(s int) bool { return offset(from+int64(s)) == after }))
	early, late := wall-before, wall-after // as each of the two offsets has it
	switch {
	case early >= change && late < change: // put forward over it
		return time.Unix(change, 0).UTC(), time.Unix(change, 0).UTC()
	case early >= change:
		early = late
	case late < change:
		late = early
	}
	return time.Unix(early, 0).UTC(), time.Unix(late, 0).UTC()
}
