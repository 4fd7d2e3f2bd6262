package booking

import (
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// want is a [Selection] that the catalog knows.
type want struct {
	service  *service
	start    int64
	resource ResourceID // empty: any
}

func (c *Catalog) want(org tenant.ID, w Selection) (want, error) {
	if w.Slot != "" {
		return c.openSlot(org, w.Slot)
	}
	s := c.byID[w.Service]
	switch {
	case s == nil:
		return want{}, ErrUnknownService
	case w.Resource != "" && !slices.Contains(s.all, w.Resource):
		return want{}, ErrUnknownResource
	case w.Start.IsZero():
		return want{}, &InvalidError{"Selection.Start", "is missing: give a time or an offered slot"}
	}
	return want{s, w.Start.Unix(), w.Resource}, nil
}

func (w want) end() int64 { return w.start + seconds(w.service.Duration) }

// occupied is what is kept from others: the appointment and its buffers.
func (w want) occupied() schedule.Span {
	return schedule.Span{Start: w.start - seconds(w.service.Before), End: w.end() + seconds(w.service.After)}
}

// seats returns who and what can serve w by the clinic's rules, need by need,
// or the reasons why it cannot be booked, whoever else wants it.
func (c *Catalog) seats(w want, now time.Time) ([][]Candidate, []Reason) {
	if reasons := c.forbids(w, now); len(reasons) > 0 {
		return nil, reasons
	}
	needs := make([][]Candidate, len(w.service.needs))
	for i, any := range w.service.needs {
		for _, r := range any {
			if w.pins(any) && r.ID != w.resource || !r.there(w) {
				continue
			}
			needs[i] = append(needs[i], Candidate{r.ID, r.Capacity})
		}
		if len(needs[i]) == 0 {
			return nil, []Reason{Away}
		}
	}
	return needs, nil
}

// pins reports whether w asks for one of these in person.
func (w want) pins(any []*resource) bool {
	return w.resource != "" && slices.ContainsFunc(any, func(r *resource) bool { return r.ID == w.resource })
}

// forbids applies the clinic's own rules: past, notice, window, hours, grid.
func (c *Catalog) forbids(w want, now time.Time) (reasons []Reason) {
	switch at := time.Unix(w.start, 0); {
	case !at.After(now):
		reasons = append(reasons, Past)
	case at.Before(now.Add(c.notice)):
		reasons = append(reasons, Notice)
	case at.After(now.Add(c.window)):
		reasons = append(reasons, Window)
	}
	open := c.rules.Open(nil, w.start, w.end())
	switch schedule.Fits(open, nil, c.spec(w.service), w.start) {
	case schedule.Closed, schedule.Overruns:
		reasons = append(reasons, Closed)
	case schedule.OffGrid:
		reasons = append(reasons, OffGrid)
	}
	return reasons
}

// there reports whether the resource's own hours and absences allow w.
func (r *resource) there(w want) bool {
	if r.rules != nil {
		spec := schedule.Spec{Duration: w.service.Duration}
		switch schedule.Fits(r.rules.Open(nil, w.start, w.end()), nil, spec, w.start) {
		case schedule.Free, schedule.OffGrid:
		default:
			return false
		}
	}
	return !slices.ContainsFunc(r.off, func(off schedule.Span) bool { return overlap(off, w.occupied()) })
}

// free reports whether the needs could be met, given what is taken.
func (w want) free(busy []Busy, needs [][]Candidate) bool {
	_, ok := w.choose(nil, busy, needs)
	return ok
}

// choose meets each need with the first seat that is free, as a [Store] does,
// and appends what it chose.
func (w want) choose(chosen []ResourceID, busy []Busy, needs [][]Candidate) (_ []ResourceID, ok bool) {
	busy = meeting(busy, w.occupied())
	for _, any := range needs {
		met := slices.IndexFunc(any, func(s Candidate) bool {
			seats := freeSeats(s, busy)
			for _, c := range chosen {
				if c == s.Resource {
					seats-- // for an earlier need
				}
			}
			return seats > 0
		})
		if met < 0 {
			return chosen, false
		}
		chosen = append(chosen, any[met].Resource)
	}
	return chosen, true
}

// meeting returns what of busy meets a span.
func meeting(busy []Busy, span schedule.Span) []Busy {
	var met []Busy
	for _, b := range busy {
		if b.Start >= span.End {
			break // the rest begins later
		}
		if b.End > span.Start {
			met = append(met, b)
		}
	}
	return met
}

func freeSeats(s Candidate, busy []Busy) (n int) {
	for seat := range s.Capacity {
		if !slices.ContainsFunc(busy, func(b Busy) bool { return b.Resource == s.Resource && b.Seat == seat }) {
			n++
		}
	}
	return n
}

// prefer puts the given resources first wherever they may serve.
func prefer(needs [][]Candidate, first []ResourceID) [][]Candidate {
	for _, any := range needs {
		slices.SortStableFunc(any, func(a, b Candidate) int {
			return rank(slices.Contains(first, b.Resource)) - rank(slices.Contains(first, a.Resource))
		})
	}
	return needs
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// inOrder puts resources, met narrow need first, into the order of the
// service type's needs.
func (s *service) inOrder(met []ResourceID) []ResourceID {
	out := make([]ResourceID, len(met))
	for i, at := range s.order[:len(met)] {
		out[at] = met[i]
	}
	return out
}

// local shows an appointment in the clinic's zone.
func (c *Catalog) local(a Appointment) Appointment {
	a.Start, a.End = a.Start.In(c.zone), a.End.In(c.zone)
	if !a.Expires.IsZero() {
		a.Expires = a.Expires.In(c.zone)
	}
	if s := c.byID[a.Service]; s != nil && len(a.Resources) == len(s.order) {
		a.Resources = s.inOrder(a.Resources)
	}
	return a
}

func (c *Catalog) time(unix int64) time.Time { return time.Unix(unix, 0).In(c.zone) }

func (c *Catalog) spec(s *service) schedule.Spec {
	return schedule.Spec{Duration: s.Duration, Before: s.Before, After: s.After, Grid: c.grid}
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func overlap(a, b schedule.Span) bool { return a.Start < b.End && b.Start < a.End }

// printable reports whether s is text on one line and at most max bytes long.
func printable(s string, max int) bool {
	if len(s) > max || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}
