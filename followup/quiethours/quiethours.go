// Package quiethours finds the hours in which a person may be texted: by the
// clinic's window, by law, and on every clock that the person may be looking at.
package quiethours

import (
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
	"github.com/callwaiting-ai/callwaiting/tenant/walltime"
)

// MinOpen is how much of the open hours must be left, so that a message can be
// delivered in them.
const MinOpen = time.Minute

const (
	// searchDays bounds the search for open hours: a window that is not open
	// within a week and a day is never open.
	searchDays = 8

	secondsPerDay = 24 * 60 * 60
)

// A Window is a part of a day, in minutes after midnight.
type Window struct{ Open, Close int }

// and returns the part of a day in which both windows are open.
func (w Window) and(o Window) Window { return Window{max(w.Open, o.Open), min(w.Close, o.Close)} }

// Hours are the hours in which a person may be texted: the week's windows, on
// every clock the person may be looking at. Safe for concurrent use.
type Hours struct {
	zones []*time.Location
	week  [7]Window
}

// Of returns the hours in which org may text a number from place. window is the
// org's own, which the law narrows. ok is false if the number's time zone is
// unknown.
func Of(org tenant.Org, window Window, place phone.Place) (h Hours, ok bool) {
	if len(place.Zones) == 0 && place.Country != org.Country {
		return Hours{}, false
	}
	h.zones = append(slices.Clone(place.Zones), org.Zone)
	state, strict := states[place.Region]
	for d := range h.week {
		h.week[d] = federal.and(window)
		if strict && place.Country == "US" {
			h.week[d] = h.week[d].and(state[d])
		}
	}
	return h, true
}

// Next returns the first moment from now on at which every clock is in its
// window, and when the first of them leaves it. ok is false if no moment is.
func (h Hours) Next(now time.Time) (opens, closes time.Time, ok bool) {
	opens = now
	for common := false; !common; {
		common, closes = true, time.Time{}
		for _, zone := range h.zones {
			zoneOpens, zoneCloses := h.next(zone, opens)
			if zoneOpens.IsZero() || zoneOpens.Sub(now) > searchDays*24*time.Hour {
				return time.Time{}, time.Time{}, false
			}
			if zoneOpens.After(opens) {
				opens, common = zoneOpens, false
			}
			if closes.IsZero() || zoneCloses.Before(closes) {
				closes = zoneCloses
			}
		}
	}
	return opens, closes, true
}

// next returns the first moment from at on at which one clock is in its window,
// and when it leaves it; zero if no moment is. A window opens at the last
// occurrence of its wall time and closes at the first, so that a repeated hour
// never widens it.
func (h Hours) next(zone *time.Location, at time.Time) (opens, closes time.Time) {
	today := walltime.Of(at.In(zone)) / secondsPerDay
	for d := today; d <= today+searchDays; d++ {
		w := h.week[(int(time.Thursday)+int(d%7))%7] // 1 January 1970 was a Thursday
		if w.Open >= w.Close {
			continue
		}
		_, last, _ := walltime.Resolve(zone, d*secondsPerDay+int64(w.Open)*60)
		first, _, _ := walltime.Resolve(zone, d*secondsPerDay+int64(w.Close)*60)
		opens, closes = time.Unix(last, 0).UTC(), time.Unix(first, 0).UTC()
		if opens.Before(at) {
			opens = at
		}
		if closes.Sub(opens) >= MinOpen {
			return opens, closes
		}
	}
	return time.Time{}, time.Time{}
}
