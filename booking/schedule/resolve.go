package schedule

import (
	"math"
	"time"
)

// Wall says how often a wall time happens.
type Wall int

// A wall time happens once, except near a clock change.
const (
	Once  Wall = iota // as nearly every wall time
	Gap               // never: the clock is put forward over it
	Twice             // the clock is put back over it
)

// String returns "once", "gap" or "twice".
func (w Wall) String() string { return [...]string{"once", "gap", "twice"}[w] }

// Resolve returns the one instant, in loc, that the wall time t on day d
// means, and how often that wall time happens. A time in a gap is the first
// instant after the gap; a time that happens twice is the first of the two.
// [Midnight24] is midnight at the start of the next day.
func Resolve(loc *time.Location, d Date, t TimeOfDay) (time.Time, Wall) {
	at, wall := resolve(loc, d.day()*secondsPerDay+int64(t)*60)
	return time.Unix(at, 0).In(loc), wall
}

// slack is further than any zone is from UTC, and further than any clock is
// put forward or back: what is known about two days around a moment decides
// what the wall clock showed at it. (The widest in the IANA database are
// 16 hours and 24 hours.)
const slack = 48 * 60 * 60

// resolve is [Resolve] with the wall time in seconds, counted as if it were
// UTC. An instant u shows wall if u + offset(u) = wall, so each zone period
// near wall has one candidate, which counts if it lies in that period.
func resolve(loc *time.Location, wall int64) (int64, Wall) {
	var found, gap int64
	seen, skipped := Gap, false
	for at := wall - slack; at < wall+slack; {
		offset, end := period(loc, at)
		switch u := wall - offset; {
		case u < at: // the period starts later on the clock than wall
			if !skipped {
				gap, skipped = at, true
			}
		case u < end && seen == Once:
			return found, Twice
		case u < end:
			found, seen = u, Once
		}
		at = end
	}
	if seen == Gap {
		return gap, Gap
	}
	return found, Once
}

// period returns the offset of loc at an instant, in seconds east of UTC, and
// an instant after it until which the offset lasts.
func period(loc *time.Location, at int64) (offset, end int64) {
	t := time.Unix(at, 0).In(loc)
	_, seconds := t.Zone()
	_, next := t.ZoneBounds()
	switch {
	case next.IsZero():
		end = math.MaxInt64
	case next.Unix() <= at:
		// Where a zone follows a yearly rule, package time counts 365 days to
		// the year's end, which on 31 December of a leap year is past.
		end = (floorDiv(at, secondsPerDay) + 1) * secondsPerDay
	default:
		end = next.Unix()
	}
	return int64(seconds), end
}

// floorDiv rounds down, also before 1970.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
