package booking

import (
	"context"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Query asks for what is free.
type Query struct {
	Service  ServiceID
	Resource ResourceID // this one only; empty: any

	// From and To bound the starts: From <= start < To. The clinic's notice
	// and window bound them too.
	From, To time.Time

	Limit int // at most this many; 0: 100, the most is 10,000
}

// Slots returns the free slots, by start, from one read of the store. They
// belong to nobody: another caller may be faster. The error is
// ErrUnknownService, ErrUnknownResource, a [*InvalidError] or ErrUnavailable.
func (s *Service) Slots(ctx context.Context, org tenant.ID, q Query) ([]Slot, error) {
	switch {
	case q.From.IsZero() || !q.From.Before(q.To):
		return nil, &InvalidError{"Query.To", "is not after From"}
	case q.Limit < 0 || q.Limit > 10_000:
		return nil, &InvalidError{"Query.Limit", "is outside 0 to 10000"}
	case q.Limit == 0:
		q.Limit = 100
	}
	cat, err := s.Catalog(ctx, org)
	if err != nil {
		return nil, err
	}
	w, err := cat.want(org, Selection{Service: q.Service, Start: q.From, Resource: q.Resource})
	if err != nil {
		return nil, err
	}
	within := cat.bookable(schedule.Span{Start: ceilSecond(q.From), End: ceilSecond(q.To)}, s.cfg.Now())
	if within.Start >= within.End {
		return nil, nil
	}
	view, err := s.look(ctx, org, cat, w, within, nil)
	if err != nil {
		return nil, err
	}
	starts := cat.starts(w, view.Busy, within)
	if len(starts) > q.Limit {
		starts = starts[:q.Limit]
	}
	return cat.slots(org, w, view.Busy, starts), nil
}

// Explanation says whether a time can be booked.
type Explanation struct {
	// Reasons are why it cannot be; none if it can.
	Reasons []Reason

	// Nearest are the free slots nearest to it, by start. If it can be
	// booked, it is one of them.
	Nearest []Slot
}

// Explain says whether a time can be booked, why not, and what is free near
// it, from one read of the store. The error is ErrUnknownService,
// ErrUnknownResource, ErrUnknownSlot, a [*InvalidError] or ErrUnavailable.
func (s *Service) Explain(ctx context.Context, org tenant.ID, w Selection) (Explanation, error) {
	cat, err := s.Catalog(ctx, org)
	if err != nil {
		return Explanation{}, err
	}
	to, err := cat.want(org, w)
	if err != nil {
		return Explanation{}, err
	}
	now := s.cfg.Now()
	sight := cat.sight(to, now)
	view, err := s.look(ctx, org, cat, to, sight, nil)
	if err != nil {
		return Explanation{}, err
	}
	seats, reasons := cat.seats(to, now)
	if len(reasons) == 0 && !to.free(view.Busy, seats) {
		reasons = []Reason{Taken}
	}
	return Explanation{reasons, s.nearest(org, cat, to, sight, view.Busy)}, nil
}

// look reads what is taken on the resources of w around a span of starts.
func (s *Service) look(ctx context.Context, org tenant.ID, cat *Catalog, w want, starts schedule.Span, ids []ID) (BusyView, error) {
	q := BusyQuery{Resources: w.service.all, IDs: ids}
	q.From, q.To = cat.around(w, starts)
	return s.cfg.Store.ListBusy(ctx, org, q)
}

// refuse answers a want that the clinic's rules forbid, with the nearest
// alternatives in sight. known is true if one of ids exists already.
func (s *Service) refuse(ctx context.Context, org tenant.ID, cat *Catalog, w want, sight schedule.Span, ids []ID, reasons []Reason) (known bool, err error) {
	view, err := s.look(ctx, org, cat, w, sight, ids)
	if err != nil {
		return false, err
	}
	return len(view.Known) > 0, &NotBookableError{reasons, s.nearest(org, cat, w, sight, view.Busy)}
}

func (s *Service) conflict(org tenant.ID, cat *Catalog, w want, sight schedule.Span, busy []Busy) error {
	return &ConflictError{s.nearest(org, cat, w, sight, busy)}
}

// nearest returns the free slots nearest to w among those in sight, by start.
func (s *Service) nearest(org tenant.ID, cat *Catalog, w want, sight schedule.Span, busy []Busy) []Slot {
	starts := schedule.Nearest(nil, w.start, s.cfg.Alternatives, sight, func(dst []int64, in schedule.Span) []int64 {
		return append(dst, cat.starts(w, busy, in)...)
	})
	slices.Sort(starts)
	return cat.slots(org, w, busy, starts)
}

// How far around the wanted time alternatives are looked for.
const (
	sightBefore = 2 * 24 * time.Hour
	sightAfter  = 8 * 24 * time.Hour
)

// sight is the span of starts that alternatives to w come from. For a want
// outside what can be booked, it lies at the nearer end.
func (c *Catalog) sight(w want, now time.Time) schedule.Span {
	all := c.bookable(schedule.Span{Start: now.Unix(), End: now.Add(c.window).Unix() + 1}, now)
	at := min(max(w.start, all.Start), all.End)
	return schedule.Span{Start: max(at-seconds(sightBefore), all.Start), End: min(at+seconds(sightAfter), all.End)}
}

// around is the time that appointments with these starts, and their buffers,
// can occupy.
func (c *Catalog) around(w want, starts schedule.Span) (from, to time.Time) {
	return c.time(starts.Start - seconds(w.service.Before)),
		c.time(starts.End + seconds(w.service.Duration+w.service.After))
}

// bookable cuts a span of starts to what notice and window leave of it.
func (c *Catalog) bookable(s schedule.Span, now time.Time) schedule.Span {
	first := max(now.Unix()+1, ceilSecond(now.Add(c.notice)))
	return schedule.Span{Start: max(s.Start, first), End: min(s.End, now.Add(c.window).Unix()+1)}
}

// starts returns every start of w.service in within that is free of busy.
func (c *Catalog) starts(w want, busy []Busy, within schedule.Span) []int64 {
	until := within.End + seconds(w.service.Duration)
	open := c.rules.Open(nil, within.Start, until)
	spec := c.spec(w.service)
	spec.Range = within
	grid := schedule.Starts(nil, open, nil, spec)
	if w.service.overlap {
		var needs [][]Candidate
		return slices.DeleteFunc(grid, func(start int64) bool {
			at := want{w.service, start, w.resource}
			needs = at.present(needs)
			return !at.free(busy, needs)
		})
	}
	taken := bySeat(busy)
	for _, any := range w.service.needs {
		var met []int64
		for _, r := range any {
			if w.pins(any) && r.ID != w.resource {
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

// present returns who can serve w by their own hours, need by need; a need may
// be left with none. It uses the memory of needs, an earlier answer for the
// same service, or nil.
func (w want) present(needs [][]Candidate) [][]Candidate {
	if needs == nil {
		needs = make([][]Candidate, len(w.service.needs))
	}
	for i, any := range w.service.needs {
		needs[i] = needs[i][:0]
		for _, r := range any {
			if (!w.pins(any) || r.ID == w.resource) && r.there(w) {
				needs[i] = append(needs[i], Candidate{r.ID, r.Capacity})
			}
		}
	}
	return needs
}

// anybody returns who can serve w whatever their hours.
func (w want) anybody() [][]Candidate {
	needs := make([][]Candidate, len(w.service.needs))
	for i, any := range w.service.needs {
		for _, r := range any {
			if !w.pins(any) || r.ID == w.resource {
				needs[i] = append(needs[i], Candidate{r.ID, r.Capacity})
			}
		}
	}
	return needs
}

// bySeat sorts what is taken by resource and seat, keeping the order of starts.
func bySeat(busy []Busy) map[Busy][]schedule.Span {
	by := make(map[Busy][]schedule.Span)
	for _, b := range busy {
		key := Busy{Resource: b.Resource, Seat: b.Seat}
		by[key] = append(by[key], b.Span)
	}
	return by
}

// slots makes slots of free starts, which are in order.
func (c *Catalog) slots(org tenant.ID, w want, busy []Busy, starts []int64) []Slot {
	var longest int64
	for _, b := range busy {
		longest = max(longest, b.End-b.Start)
	}
	slots := make([]Slot, len(starts))
	var needs [][]Candidate
	var chosen []ResourceID
	for i, start := range starts {
		at := want{w.service, start, w.resource}
		for len(busy) > 0 && busy[0].Start+longest <= at.occupied().Start {
			busy = busy[1:] // over before this start, and before all later ones
		}
		needs = at.present(needs)
		chosen, _ = at.choose(chosen[:0], busy, needs)
		slots[i] = Slot{
			ID:        newSlotID(org, w.service.ID, w.resource, start),
			Service:   w.service.ID,
			Start:     c.time(start),
			End:       c.time(at.end()),
			Resource:  w.resource,
			Resources: w.service.inOrder(chosen),
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
