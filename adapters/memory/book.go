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

// A book is all that is known of one clinic.
type book struct {
	org          tenant.ID
	now          time.Time // when it was opened
	appointments map[booking.ID]*appointment
	contacts     map[string]*contact // by phone
	followUps

	// taken is who owns what, by start. No two owners of a seat overlap: a
	// hold that has expired is taken out before its time is given away.
	taken map[seat][]occupancy
	seats map[booking.ResourceID]int // how many of a resource were ever taken
}

// An appointment is what a store keeps of a [booking.Appointment]. Its
// Resources and Contact are filled in when it is read.
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

// status is a's status now: a hold past its time has expired, written or not.
func (b *book) status(a *appointment) booking.Status {
	if a.Status == booking.Held && !b.now.Before(a.Expires) {
		return booking.Expired
	}
	return a.Status
}

// read returns a as it is now.
func (b *book) read(a *appointment) booking.Appointment {
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

// changeable returns an appointment that can be confirmed or moved. If it is a
// hold past its time, its expiry is written.
func (b *book) changeable(id booking.ID) (*appointment, error) {
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
func (b *book) expire(a *appointment) {
	if a.Status != booking.Held {
		return
	}
	a.Status, a.Expires = booking.Expired, time.Time{}
	b.free(a)
	b.write(a, "expired", "")
}

// write makes the change of a that was just made its next version, with its
// event, and has it looked at for messages.
func (b *book) write(a *appointment, kind, actor string) {
	b.queue.schedule(followup.Task{Org: b.org, Kind: followup.TaskAppointment, ID: string(a.ID)}, b.now)
	a.Version++
	a.events = append(a.events, booking.Event{
		Appointment: a.ID, Version: a.Version, Kind: kind, Actor: actor, At: b.now,
	})
}

// meet finds a contact by phone or makes it, and learns what is new of it.
func (b *book) meet(c booking.Contact) *contact {
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

// pick chooses a free seat for every need, or says that it cannot. The time of
// mover, if there is one, counts as free; expired holds are written off.
func (b *book) pick(needs [][]booking.Candidate, span schedule.Span, mover *appointment) ([]seat, bool) {
	var picked []seat
	for _, need := range needs {
		s, ok := b.pickOne(need, span, mover, picked)
		if !ok {
			return nil, false
		}
		picked = append(picked, s)
	}
	return picked, true
}

func (b *book) pickOne(need []booking.Candidate, span schedule.Span, mover *appointment, picked []seat) (seat, bool) {
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

func (b *book) isFree(s seat, span schedule.Span, mover *appointment) bool {
	for _, o := range slices.Clone(meeting(b.taken[s], span)) {
		if b.status(o.owner) == booking.Expired {
			b.expire(o.owner)
		} else if o.owner != mover {
			return false
		}
	}
	return true
}

// meeting returns the part of by-start list that overlaps span.
func meeting(list []occupancy, span schedule.Span) []occupancy {
	first := sort.Search(len(list), func(i int) bool { return list[i].End > span.Start })
	list = list[first:]
	return list[:sort.Search(len(list), func(i int) bool { return list[i].Start >= span.End })]
}

// occupy gives a the seats for the span; they are free.
func (b *book) occupy(a *appointment, span schedule.Span, seats []seat) {
	a.occupied, a.seats = span, seats
	for _, s := range seats {
		list := b.taken[s]
		at := sort.Search(len(list), func(i int) bool { return list[i].Start >= span.Start })
		b.taken[s] = slices.Insert(list, at, occupancy{span, a})
		b.seats[s.resource] = max(b.seats[s.resource], s.number+1)
	}
}

// free takes a's seats from it, not its memory of them.
func (b *book) free(a *appointment) {
	for _, s := range a.seats {
		b.taken[s] = slices.DeleteFunc(b.taken[s], func(o occupancy) bool { return o.owner == a })
	}
}

// busy is what is taken on some resources between from and to, by start.
func (b *book) busy(resources []booking.ResourceID, from, to time.Time) []booking.Busy {
	span := schedule.Span{Start: from.Unix(), End: to.Unix()}
	if to.Nanosecond() > 0 {
		span.End++
	}
	var busy []booking.Busy
	for _, r := range slices.Compact(slices.Sorted(slices.Values(resources))) {
		for n := range b.seats[r] {
			for _, o := range meeting(b.taken[seat{r, n}], span) {
				if b.status(o.owner) != booking.Expired {
					busy = append(busy, booking.Busy{Resource: r, Seat: n, Span: o.Span})
				}
			}
		}
	}
	slices.SortStableFunc(busy, func(a, b booking.Busy) int { return cmp.Compare(a.Start, b.Start) })
	return busy
}

// isAt reports whether a is where m would move it. Which of a need's resources
// it has does not matter: a repeated move must not shift it to another one
// that has become free since.
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
