package booking

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Query asks for free slots of a service.
type Query struct {
	Service  ServiceID
	Resource ResourceID // slots with this resource only; empty: any

	// From and To bound the starts: From <= start < To. The clinic's notice
	// and window bound them too.
	From, To time.Time

	Limit int // at most this many; 0: 100, the most is 10,000
}

// Slots returns the free slots, by start, from one read of the store. A slot is
// an offer without an owner: another caller may be faster. The error is
// ErrUnknownService, ErrUnknownResource, a [*InvalidError] or ErrUnavailable.
func (s *Service) Slots(ctx context.Context, org tenant.ID, q Query) ([]Slot, error) {
	switch {
	case q.From.IsZero() || !q.From.Before(q.To):
		return nil, &InvalidError{"Query.To", "is not after From: give a later time"}
	case q.Limit < 0 || q.Limit > 10_000:
		return nil, &InvalidError{"Query.Limit", "is out of range: use 0 to 10000"}
	case q.Limit == 0:
		q.Limit = 100
	}
	cat, err := s.Catalog(ctx, org)
	if err != nil {
		return nil, err
	}
	t, err := cat.resolve(org, Selection{Service: q.Service, Start: q.From, Resource: q.Resource})
	if err != nil {
		return nil, err
	}
	f := search{target: t, org: org, catalog: cat}
	f.starts = cat.bookable(schedule.Span{Start: ceilSecond(q.From), End: ceilSecond(q.To)}, s.cfg.Now())
	if f.starts.Start >= f.starts.End {
		return nil, nil
	}
	view, err := s.cfg.Store.ListBusy(ctx, org, f.busyQuery())
	if err != nil {
		return nil, err
	}
	starts := f.freeStarts(view.Busy, f.starts)
	return f.slots(view.Busy, starts[:min(q.Limit, len(starts))]), nil
}

// Explanation is the reason why a time can or cannot be booked.
type Explanation struct {
	// Reasons forbid the time; empty if it can be booked.
	Reasons []Reason

	// Nearest are the free slots nearest to the time, by start. A time that
	// can be booked is among them.
	Nearest []Slot
}

// Explain returns the reasons against a time and the free slots near it, from
// one read of the store. The error is ErrUnknownService,
// ErrUnknownResource, ErrUnknownSlot, a [*InvalidError] or ErrUnavailable.
func (s *Service) Explain(ctx context.Context, org tenant.ID, sel Selection) (Explanation, error) {
	cat, err := s.Catalog(ctx, org)
	if err != nil {
		return Explanation{}, err
	}
	t, err := cat.resolve(org, sel)
	if err != nil {
		return Explanation{}, err
	}
	now := s.cfg.Now()
	f := s.newSearch(org, cat, t, now)
	view, err := s.cfg.Store.ListBusy(ctx, org, f.busyQuery())
	if err != nil {
		return Explanation{}, err
	}
	needs, reasons := cat.candidates(t, now)
	if len(reasons) == 0 && !t.isFree(view.Busy, needs) {
		reasons = []Reason{Taken}
	}
	return Explanation{reasons, f.nearest(view.Busy)}, nil
}
