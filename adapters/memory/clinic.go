package memory

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A clinic holds all data of one clinic. Store.mu guards it.
type clinic struct {
	org          tenant.ID
	now          time.Time // of the present call
	appointments map[booking.ID]*appointment
	contacts     map[string]*contact // by phone
	followUps

	// taken lists the owners of each seat, by start. No two owners of a seat
	// overlap: an expired hold is removed before its time is given away.
	taken map[seat][]occupancy
	seats map[booking.ResourceID]int // number of seats of a resource that were ever taken
}

// An appointment is the record of a [booking.Appointment]. Resources and
// Contact are filled in by read.
type appointment struct {
	booking.Appointment
	digest   string
	zone     *time.Location
	contact  *contact
	occupied schedule.Span
	seats    []seat // one for each need
	events   []booking.Event
}

type seat struct {
	resource booking.ResourceID
	number   int
}

type occupancy struct {
	schedule.Span
	owner *appointment
}

// status returns a's status now: a hold past its time has expired, whether the
// expiry is written or not.
func (b *clinic) status(a *appointment) booking.Status {
	if a.Status == booking.Held && !b.now.Before(a.Expires) {
		return booking.Expired
	}
	return a.Status
}

// read returns a as it is now.
func (b *clinic) read(a *appointment) booking.Appointment {
	out := a.Appointment
	out.Contact = a.contact.Contact
	for _, s := range a.seats {
		out.Resources = append(out.Resources, s.resource)
	}
	if out.Status = b.status(a); out.Status != booking.Held {
		out.Expires = time.Time{}
	}
	return out
}

// changeable returns an appointment that can be confirmed or moved. It writes
// the expiry of a hold past its time.
func (b *clinic) changeable(id booking.ID) (*appointment, error) {
	a, known := b.appointments[id]
	if !known {
		return nil, booking.ErrNotFound
	}
	switch b.status(a) {
	case booking.Held, booking.Booked:
		return a, nil
	case booking.Expired:
		b.expire(a)
		return nil, booking.ErrExpired
	}
	return nil, booking.ErrNotOpen
}

// expire writes the expiry of a hold past its time, once.
func (b *clinic) expire(a *appointment) {
	if a.Status != booking.Held {
		return
	}
	a.Status, a.Expires = booking.Expired, time.Time{}
	b.free(a)
	b.recordEvent(a, "expired", "")
}

// recordEvent counts a change of a as its next version, records the event, and
// schedules the task that plans messages about the appointment.
func (b *clinic) recordEvent(a *appointment, kind, actor string) {
	b.queue.schedule(followup.Task{Org: b.org, Kind: followup.TaskAppointment, ID: string(a.ID)}, b.now)
	a.Version++
	a.events = append(a.events, booking.Event{
		Appointment: a.ID, Version: a.Version, Kind: kind, Actor: actor, At: b.now,
	})
}

// upsertContact finds a contact by phone or creates it. A given name or e-mail
// replaces the kept one.
func (b *clinic) upsertContact(c booking.Contact) *contact {
	known := b.contacts[c.Phone]
	if known == nil {
		known = &contact{
			Contact:   booking.Contact{ID: booking.ContactID(tenant.NewID().String()), Phone: c.Phone},
			firstSeen: b.now,
		}
		b.contacts[c.Phone] = known
	}
	known.Name = cmp.Or(c.Name, known.Name)
	known.Email = cmp.Or(c.Email, known.Email)
	return known
}

// assignSeats returns a free seat for every need; ok is false if a need cannot
// be met. The time of mover, if it is not nil, counts as free. The expiry of
// holds in the way is written.
func (b *clinic) assignSeats(needs [][]booking.Candidate, span schedule.Span, mover *appointment) (seats []seat, ok bool) {
	var picked []seat
	for _, need := range needs {
		s, ok := b.assignSeat(need, span, mover, picked)
		if !ok {
			return nil, false
		}
		picked = append(picked, s)
	}
	return picked, true
}

func (b *clinic) assignSeat(need []booking.Candidate, span schedule.Span, mover *appointment, picked []seat) (seat, bool) {
	for _, of := range need {
		for n := range of.Capacity {
			s := seat{of.Resource, n}
			if !slices.Contains(picked, s) && b.isFree(s, span, mover) {
				return s, true
			}
		}
	}
	return seat{}, false
}

func (b *clinic) isFree(s seat, span schedule.Span, mover *appointment) bool {
	for _, o := range slices.Clone(overlapping(b.taken[s], span)) {
		if b.status(o.owner) == booking.Expired {
			b.expire(o.owner)
		} else if o.owner != mover {
			return false
		}
	}
	return true
}

// overlapping returns the part of a list, sorted by start, that overlaps span.
func overlapping(list []occupancy, span schedule.Span) []occupancy {
	first := sort.Search(len(list), func(i int) bool { return list[i].End > span.Start })
	list = list[first:]
	return list[:sort.Search(len(list), func(i int) bool { return list[i].Start >= span.End })]
}

// occupy gives free seats to a for the span.
func (b *clinic) occupy(a *appointment, span schedule.Span, seats []seat) {
	a.occupied, a.seats = span, seats
	for _, s := range seats {
		list := b.taken[s]
		at := sort.Search(len(list), func(i int) bool { return list[i].Start >= span.Start })
		b.taken[s] = slices.Insert(list, at, occupancy{span, a})
		b.seats[s.resource] = max(b.seats[s.resource], s.number+1)
	}
}

// free makes a's seats free for others. a keeps them in its record.
func (b *clinic) free(a *appointment) {
	for _, s := range a.seats {
		b.taken[s] = slices.DeleteFunc(b.taken[s], func(o occupancy) bool { return o.owner == a })
	}
}

// busy returns the taken times of some resources between from and to, by start.
func (b *clinic) busy(resources []booking.ResourceID, from, to time.Time) []booking.Busy {
	span := schedule.Span{Start: from.Unix(), End: to.Unix()}
	if to.Nanosecond() > 0 {
		span.End++
	}
	var busy []booking.Busy
	for _, r := range slices.Compact(slices.Sorted(slices.Values(resources))) {
		for n := range b.seats[r] {
			for _, o := range overlapping(b.taken[seat{r, n}], span) {
				if b.status(o.owner) != booking.Expired {
					busy = append(busy, booking.Busy{Resource: r, Seat: n, Span: o.Span})
				}
			}
		}
	}
	slices.SortStableFunc(busy, func(a, b booking.Busy) int { return cmp.Compare(a.Start, b.Start) })
	return busy
}

// isAt reports whether a already has the times of m, and for each need any of
// its candidates: a repeated move must not shift it to another candidate that
// has become free since.
func (a *appointment) isAt(m booking.Move) bool {
	if !a.Start.Equal(m.Start) || !a.End.Equal(m.End) || a.occupied != m.Occupied || len(a.seats) != len(m.Needs) {
		return false
	}
	for i, need := range m.Needs {
		if !slices.ContainsFunc(need, func(s booking.Candidate) bool { return s.Resource == a.seats[i].resource }) {
			return false
		}
	}
	return true
}

func resources(needs [][]booking.Candidate) []booking.ResourceID {
	var ids []booking.ResourceID
	for _, need := range needs {
		for _, s := range need {
			ids = append(ids, s.Resource)
		}
	}
	return ids
}
