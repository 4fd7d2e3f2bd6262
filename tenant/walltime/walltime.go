// Package walltime converts between wall time, which a clock on the wall of a
// clinic shows, and instants. It is the one place of this module that decides
// what a wall time near a clock change means:
//
//   - A wall time that a clock change skips means the first instant after the
//     gap.
//   - A wall time that happens twice means the first of the two, unless the
//     caller asks for the last.
//
// Package time and PostgreSQL decide otherwise, and differently from each
// other: for half of the gaps and half of the repeated hours of all 553 zones
// from 2026 to 2030, time.Date and "at time zone" disagree.
//
// A wall time is a number of seconds since 1970-01-01T00:00 on that clock, as
// if the clock showed UTC: midnight of a day is a multiple of 86,400 whatever
// the zone. An instant is Unix time. All functions are safe for concurrent use.
package walltime

import (
	"math"
	"time"
)

// MaxOffset is a bound in seconds: no zone is further from UTC, and no clock
// change is longer. The widest in the IANA database are 16 hours and 24 hours.
// So the periods within MaxOffset of a moment decide what the clock shows at it.
const MaxOffset = 48 * 60 * 60

const secondsPerDay = 24 * 60 * 60

// Occurrence reports how often a wall time happens.
type Occurrence int

// A wall time happens once, except near a clock change.
const (
	Once  Occurrence = iota // as nearly every wall time
	Gap                     // never: the clock is put forward over it
	Twice                   // the clock is put back over it
)

// String returns "once", "gap" or "twice".
func (o Occurrence) String() string { return [...]string{"once", "gap", "twice"}[o] }

// Of returns the wall time that a clock in t's location shows at t, in whole
// seconds.
func Of(t time.Time) int64 {
	_, offset := t.Zone()
	return t.Unix() + int64(offset)
}

// Resolve returns the first and the last instant at which a clock in loc shows
// wall. They differ only for a wall time that happens twice. In a gap both are
// the first instant after the gap.
//
// An instant u shows wall if u + offset(u) = wall. Each period of constant
// offset near wall therefore has one candidate, which counts if it lies in
// that period.
func Resolve(loc *time.Location, wall int64) (first, last int64, occurrence Occurrence) {
	var afterGap int64
	found, skipped := 0, false
	for at := wall - MaxOffset; at < wall+MaxOffset; {
		offset, end := period(loc, at)
		switch u := wall - offset; {
		case u < at: // the clock already shows a later time when the period starts
			if !skipped {
				afterGap, skipped = at, true
			}
		case u < end:
			if found == 0 {
				first = u
			}
			last = u
			found++
		}
		at = end
	}
	switch found {
	case 0:
		return afterGap, afterGap, Gap
	case 1:
		return first, last, Once
	}
	return first, last, Twice
}

// A Cursor resolves wall times that never decrease to the first instant, as
// [Resolve] does, but looks each period of constant offset up once instead of
// twice per wall time. It is not safe for concurrent use.
//
// A Cursor leaves a period when a wall time lies past everything that the
// period shows, so no later wall time can have been shown in a period left.
type Cursor struct {
	loc        *time.Location
	start, end int64 // the current period
	offset     int64
}

// NewCursor returns a cursor for wall times from wall on. It starts MaxOffset
// early: no period before that can show any of them.
func NewCursor(loc *time.Location, wall int64) Cursor {
	c := Cursor{loc: loc, start: wall - MaxOffset}
	c.offset, c.end = period(loc, c.start)
	return c
}

// Resolve returns the first instant that wall means. wall must not be less
// than that of an earlier call.
func (c *Cursor) Resolve(wall int64) int64 {
	at := wall - c.offset
	for at >= c.end {
		c.start = c.end
		c.offset, c.end = period(c.loc, c.start)
		at = wall - c.offset
	}
	if at < c.start {
		at, _, _ = Resolve(c.loc, wall) // in the gap before this period
	}
	return at
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
