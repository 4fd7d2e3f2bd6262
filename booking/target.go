package booking

import (
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// target is a [Selection] that the catalog knows.
type target struct {
	service  *service
	start    int64
	resource ResourceID // empty: any
}

// resolve finds the target of a selection in the catalog.
func (c *Catalog) resolve(org tenant.ID, sel Selection) (target, error) {
	if sel.Slot != "" {
		return c.resolveSlot(org, sel.Slot)
	}
	s := c.byID[sel.Service]
	switch {
	case s == nil:
		return target{}, ErrUnknownService
	case sel.Resource != "" && !slices.Contains(s.all, sel.Resource):
		return target{}, ErrUnknownResource
	case sel.Start.IsZero():
		return target{}, &InvalidError{"Selection.Start", "is missing: give a time or an offered slot"}
	}
	return target{s, sel.Start.Unix(), sel.Resource}, nil
}

func (t target) end() int64 { return t.start + seconds(t.service.Duration) }

// occupied is the time kept from others: the appointment and its buffers.
func (t target) occupied() schedule.Span {
	return schedule.Span{Start: t.start - seconds(t.service.Before), End: t.end() + seconds(t.service.After)}
}

// accepts reports whether r may meet a need of the service: only the resource
// that the caller asked for, where the need lists it.
func (t target) accepts(need []*resource, r *resource) bool {
	return t.resource == "" || r.ID == t.resource ||
		!slices.ContainsFunc(need, func(o *resource) bool { return o.ID == t.resource })
}

// candidates returns the resources that can serve t by the clinic's rules,
// need by need, or the reasons why no booking is possible, whatever is taken.
func (c *Catalog) candidates(t target, now time.Time) ([][]Candidate, []Reason) {
	if reasons := c.violations(t, now); len(reasons) > 0 {
		return nil, reasons
	}
	needs := t.availableCandidates(nil)
	for _, candidates := range needs {
		if len(candidates) == 0 {
			return nil, []Reason{Away}
		}
	}
	return needs, nil
}

// violations applies the clinic's own rules: past, notice, window, hours, grid.
func (c *Catalog) violations(t target, now time.Time) (reasons []Reason) {
	switch at := time.Unix(t.start, 0); {
	case !at.After(now):
		reasons = append(reasons, Past)
	case at.Before(now.Add(c.notice)):
		reasons = append(reasons, Notice)
	case at.After(now.Add(c.window)):
		reasons = append(reasons, Window)
	}
	open := c.rules.Open(nil, t.start, t.end())
	switch schedule.Fits(open, nil, c.spec(t.service), t.start) {
	case schedule.Closed, schedule.Overruns:
		reasons = append(reasons, Closed)
	case schedule.OffGrid:
		reasons = append(reasons, OffGrid)
	}
	return reasons
}

// availableCandidates returns the resources that can serve t by their own
// hours and absences, need by need; a need may be left without any. It reuses
// the memory of needs, an earlier result for the same service, or nil.
func (t target) availableCandidates(needs [][]Candidate) [][]Candidate {
	if needs == nil {
		needs = make([][]Candidate, len(t.service.needs))
	}
	for i, need := range t.service.needs {
		needs[i] = needs[i][:0]
		for _, r := range need {
			if t.accepts(need, r) && r.available(t) {
				needs[i] = append(needs[i], Candidate{r.ID, r.Capacity})
			}
		}
	}
	return needs
}

// allCandidates returns the resources that can serve t whatever their hours.
func (t target) allCandidates() [][]Candidate {
	needs := make([][]Candidate, len(t.service.needs))
	for i, need := range t.service.needs {
		for _, r := range need {
			if t.accepts(need, r) {
				needs[i] = append(needs[i], Candidate{r.ID, r.Capacity})
			}
		}
	}
	return needs
}

// available reports whether the resource's own hours and absences allow t.
func (r *resource) available(t target) bool {
	if r.rules != nil {
		spec := schedule.Spec{Duration: t.service.Duration}
		switch schedule.Fits(r.rules.Open(nil, t.start, t.end()), nil, spec, t.start) {
		case schedule.Free, schedule.OffGrid: // the grid is the clinic's
		default:
			return false
		}
	}
	occupied := t.occupied()
	return !slices.ContainsFunc(r.off, func(off schedule.Span) bool {
		return off.Start < occupied.End && occupied.Start < off.End
	})
}

// isFree reports whether the needs can be met beside what is taken.
func (t target) isFree(busy []Busy, needs [][]Candidate) bool {
	_, ok := t.choose(nil, busy, needs)
	return ok
}

// choose meets each need with the first resource that has a free seat, as a
// [Store] does, and appends the resources to chosen.
func (t target) choose(chosen []ResourceID, busy []Busy, needs [][]Candidate) (_ []ResourceID, ok bool) {
	busy = overlapping(busy, t.occupied())
	for _, candidates := range needs {
		met := slices.IndexFunc(candidates, func(c Candidate) bool {
			seats := freeSeats(c, busy)
			for _, id := range chosen {
				if id == c.Resource {
					seats-- // for an earlier need
				}
			}
			return seats > 0
		})
		if met < 0 {
			return chosen, false
		}
		chosen = append(chosen, candidates[met].Resource)
	}
	return chosen, true
}

// overlapping returns the part of busy that overlaps a span.
func overlapping(busy []Busy, span schedule.Span) []Busy {
	var found []Busy
	for _, b := range busy {
		if b.Start >= span.End {
			break // the rest begins later
		}
		if b.End > span.Start {
			found = append(found, b)
		}
	}
	return found
}

func freeSeats(c Candidate, busy []Busy) (n int) {
	for seat := range c.Capacity {
		if !slices.ContainsFunc(busy, func(b Busy) bool { return b.Resource == c.Resource && b.Seat == seat }) {
			n++
		}
	}
	return n
}

// putFirst moves the candidates among ids to the front of each need.
func putFirst(needs [][]Candidate, ids []ResourceID) {
	position := func(c Candidate) int {
		if slices.Contains(ids, c.Resource) {
			return 0
		}
		return 1
	}
	for _, candidates := range needs {
		slices.SortStableFunc(candidates, func(a, b Candidate) int { return position(a) - position(b) })
	}
}

// inOrder puts resources, which are in the order of service.needs (the
// narrowest first), into the order of ServiceType.Needs.
func (s *service) inOrder(met []ResourceID) []ResourceID {
	out := make([]ResourceID, len(met))
	for i, at := range s.order[:len(met)] {
		out[at] = met[i]
	}
	return out
}

// local returns an appointment with its times in the clinic's zone and its
// resources in the order of the service's needs.
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
