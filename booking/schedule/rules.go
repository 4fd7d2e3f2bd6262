package schedule

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant/walltime"
)

// Rules are [Hours] in a zone, made ready for [Rules.Open]. They do not
// change, and are safe for concurrent use.
type Rules struct {
	loc   *time.Location
	week  Week
	dates []dateRule // by day
}

type dateRule struct {
	day     int64
	windows []Window
}

// Compile returns the rules of a copy of h in loc. The error is that of
// [Hours.Validate], or a missing loc.
func Compile(h Hours, loc *time.Location) (*Rules, error) {
	if loc == nil {
		return nil, errors.New("schedule: no location: load the clinic's zone with time.LoadLocation")
	}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	r := &Rules{loc: loc}
	for day, windows := range h.Week {
		r.week[day] = slices.Clone(windows)
	}
	for d, windows := range h.Dates {
		r.dates = append(r.dates, dateRule{d.day(), slices.Clone(windows)})
	}
	slices.SortFunc(r.dates, func(a, b dateRule) int { return cmp.Compare(a.day, b.day) })
	return r, nil
}

// Open appends the spans in which r is open and that overlap [from, to), in
// order and without overlap. A span is whole, not cut at from and to, because
// its start anchors the grid. Each window of the hours makes one span, with
// the real length it has on that day; spans touch where windows do, as
// 24:00 and the next day's 00:00. A window that lies in the gap of a clock
// change makes no span.
//
// The cost is linear in the days from from to to.
func (r *Rules) Open(dst []Span, from, to int64) []Span {
	if from >= to {
		return dst
	}
	day := floorDiv(from-walltime.MaxOffset, secondsPerDay)
	last := floorDiv(to+walltime.MaxOffset, secondsPerDay)
	next, _ := slices.BinarySearchFunc(r.dates, day, func(rule dateRule, day int64) int { return cmp.Compare(rule.day, day) })
	dates := r.dates[next:]
	clock := walltime.NewCursor(r.loc, day*secondsPerDay)
	for weekday := weekdayOf(day); day <= last; day++ {
		windows := r.week[weekday]
		if len(dates) > 0 && dates[0].day == day {
			windows, dates = dates[0].windows, dates[1:]
		}
		for _, w := range windows {
			midnight := day * secondsPerDay
			span := Span{
				Start: clock.Resolve(midnight + int64(w.From)*60),
				End:   clock.Resolve(midnight + int64(w.To)*60),
			}
			if span.Start >= to {
				return dst
			}
			if span.Start < span.End && span.End > from {
				dst = append(dst, span)
			}
		}
		if weekday++; weekday > time.Saturday {
			weekday = time.Sunday
		}
	}
	return dst
}

// floorDiv rounds down, also before 1970.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
