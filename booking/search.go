package booking

import (
	"context"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// How far around the wanted time alternatives are looked for.
const (
	searchBefore = 2 * 24 * time.Hour
	searchAfter  = 8 * 24 * time.Hour
)

// A search finds free slots for a target near its start.
type search struct {
	target
	org          tenant.ID
	catalog      *Catalog
	starts       schedule.Span // slots start here
	alternatives int           // how many nearest returns
}

// newSearch returns a search for alternatives to t. For a start before or
// after the bookable time, it covers the nearer end.
func (s *Service) newSearch(org tenant.ID, cat *Catalog, t target, now time.Time) search {
	all := cat.bookable(schedule.Span{Start: now.Unix(), End: now.Add(cat.window).Unix() + 1}, now)
	at := min(max(t.start, all.Start), all.End)
	return search{
		target: t, org: org, catalog: cat, alternatives: s.cfg.Alternatives,
		starts: schedule.Span{Start: max(at-seconds(searchBefore), all.Start), End: min(at+seconds(searchAfter), all.End)},
	}
}

// bookable cuts a span of starts to the part that notice and window allow.
func (c *Catalog) bookable(s schedule.Span, now time.Time) schedule.Span {
	first := max(now.Unix()+1, ceilSecond(now.Add(c.notice)))
	return schedule.Span{Start: max(s.Start, first), End: min(s.End, now.Add(c.window).Unix()+1)}
}

// busyQuery asks for all that is taken where appointments with these starts,
// and their buffers, can lie.
func (f search) busyQuery() BusyQuery {
	return BusyQuery{
		Resources: f.service.all,
		From:      f.catalog.time(f.starts.Start - seconds(f.service.Before)),
		To:        f.catalog.time(f.starts.End + seconds(f.service.Duration+f.service.After)),
	}
}

// refuse answers a target that the clinic's rules forbid, with the nearest
// alternatives. known is true if one of ids exists already.
func (s *Service) refuse(ctx context.Context, f search, reasons []Reason, ids ...ID) (known bool, err error) {
	q := f.busyQuery()
	q.IDs = ids
	view, err := s.cfg.Store.ListBusy(ctx, f.org, q)
	if err != nil {
		return false, err
	}
	return len(view.Known) > 0, &NotBookableError{reasons, f.nearest(view.Busy)}
}

// nearest returns the free slots nearest to the target, by start.
func (f search) nearest(busy []Busy) []Slot {
	starts := schedule.Nearest(nil, f.start, f.alternatives, f.starts, func(dst []int64, in schedule.Span) []int64 {
		return append(dst, f.freeStarts(busy, in)...)
	})
	slices.Sort(starts)
	return f.slots(busy, starts)
}

// freeStarts returns every start within a span that is free beside busy.
func (f search) freeStarts(busy []Busy, within schedule.Span) []int64 {
	until := within.End + seconds(f.service.Duration)
	open := f.catalog.rules.Open(nil, within.Start, until)
	spec := f.catalog.spec(f.service)
	spec.Range = within
	grid := schedule.Starts(nil, open, nil, spec)
	if f.service.overlap {
		var needs [][]Candidate
		return slices.DeleteFunc(grid, func(start int64) bool {
			t := target{f.service, start, f.resource}
			needs = t.availableCandidates(needs)
			return !t.isFree(busy, needs)
		})
	}
	taken := bySeat(busy)
	for _, need := range f.service.needs {
		var met []int64
		for _, r := range need {
			if !f.accepts(need, r) {
				continue
			}
			hours := open
			if r.rules != nil {
				hours = r.rules.Open(nil, within.Start, until)
			}
			for seat := range r.Capacity {
				blocked := schedule.Union(nil, r.off, taken[Busy{Resource: r.ID, Seat: seat}])
				met = schedule.UnionStarts(nil, met, schedule.Keep(nil, grid, hours, blocked, spec))
			}
		}
		grid = met
	}
	return grid
}

// bySeat groups the taken time by resource and seat, in the order of starts.
func bySeat(busy []Busy) map[Busy][]schedule.Span {
	by := make(map[Busy][]schedule.Span)
	for _, b := range busy {
		key := Busy{Resource: b.Resource, Seat: b.Seat}
		by[key] = append(by[key], b.Span)
	}
	return by
}

// slots returns the slots of free starts, which are in order.
func (f search) slots(busy []Busy, starts []int64) []Slot {
	var longest int64
	for _, b := range busy {
		longest = max(longest, b.End-b.Start)
	}
	slots := make([]Slot, len(starts))
	var needs [][]Candidate
	var chosen []ResourceID
	for i, start := range starts {
		t := target{f.service, start, f.resource}
		for len(busy) > 0 && busy[0].Start+longest <= t.occupied().Start {
			busy = busy[1:] // over before this start, and before all later ones
		}
		needs = t.availableCandidates(needs)
		chosen, _ = t.choose(chosen[:0], busy, needs)
		slots[i] = Slot{
			ID:        newSlotID(f.org, f.service.ID, f.resource, start),
			Service:   f.service.ID,
			Start:     f.catalog.time(start),
			End:       f.catalog.time(t.end()),
			Resource:  f.resource,
			Resources: f.service.inOrder(chosen),
		}
	}
	return slots
}

func ceilSecond(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}
