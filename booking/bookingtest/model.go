package bookingtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A model is the contract as a sequential program: one clinic's appointments
// in a list that every call searches from end to end. It is the oracle for
// random sequences of calls, and for histories of concurrent ones. It reads no
// clock: tick expires holds.
type model struct {
	list     []modelled
	contacts map[string]booking.Contact
	elapsed  time.Duration
}

// modelled is an appointment in a model. It is never changed in place, so that
// a model can be copied by copying its list.
type modelled struct {
	booking.Appointment // without a contact but its phone, and without Expires
	digest              string
	occupied            schedule.Span
	seats               []int
	ends                time.Duration // of a hold, on the clock of elapsed
	events              []booking.Event
}

var _ booking.Store = (*model)(nil)

// clone returns an independent copy of m.
func (m *model) clone() *model {
	c := &model{list: slices.Clone(m.list), contacts: map[string]booking.Contact{}, elapsed: m.elapsed}
	for phone, k := range m.contacts {
		c.contacts[phone] = k
	}
	return c
}

// state returns equal texts for models that will return equal results.
func (m *model) state() string {
	var lines []string
	for i := range m.list {
		a := &m.list[i]
		lines = append(lines, showAppointment(m.read(a)), fmt.Sprint(a.seats, a.occupied, a.digest, showEvents(a.events)))
	}
	slices.Sort(lines) // the order of claims is forgotten
	return strings.Join(lines, "\n")
}

// tick advances the clock of m by d.
func (m *model) tick(d time.Duration) {
	m.elapsed += d
	for i := range m.list {
		if a := &m.list[i]; a.Status == booking.Held && m.elapsed >= a.ends {
			a.Status = booking.Expired
		}
	}
}

func (m *model) find(id booking.ID) *modelled {
	for i := range m.list {
		if m.list[i].ID == id {
			return &m.list[i]
		}
	}
	return nil
}

func (m *model) read(a *modelled) booking.Appointment {
	out := a.Appointment
	out.Contact = m.contacts[a.Contact.Phone]
	if out.Status == booking.Held {
		out.Expires = time.Unix(1, 0) // any time will do
	}
	return out
}

func (a *modelled) write(kind, actor string) {
	a.Version++
	a.events = append(slices.Clone(a.events), booking.Event{Appointment: a.ID, Version: a.Version, Kind: kind, Actor: actor})
}

// assign meets the needs, or returns nil.
func (m *model) assign(needs [][]booking.Candidate, span schedule.Span, mover booking.ID) (resources []booking.ResourceID, numbers []int) {
	type place struct {
		resource booking.ResourceID
		number   int
	}
	taken := map[place]bool{}
	for _, a := range m.list {
		if a.Status.Occupies() && a.ID != mover && a.occupied.Start < span.End && span.Start < a.occupied.End {
			for i, r := range a.Resources {
				taken[place{r, a.seats[i]}] = true
			}
		}
	}
	for _, need := range needs {
		var free []place
		for _, s := range need {
			for n := range s.Capacity {
				if p := (place{s.Resource, n}); !taken[p] {
					free = append(free, p)
				}
			}
		}
		if len(free) == 0 {
			return nil, nil
		}
		taken[free[0]] = true
		resources, numbers = append(resources, free[0].resource), append(numbers, free[0].number)
	}
	return resources, numbers
}

func (m *model) busy(resources []booking.ResourceID, from, to time.Time) []booking.Busy {
	var busy []booking.Busy
	for _, a := range m.list {
		for i, r := range a.Resources {
			if a.Status.Occupies() && slices.Contains(resources, r) && a.occupied.Start < to.Unix() && from.Unix() < a.occupied.End {
				busy = append(busy, booking.Busy{Resource: r, Seat: a.seats[i], Span: a.occupied})
			}
		}
	}
	return sortBusy(busy)
}

func named(needs [][]booking.Candidate) (resources []booking.ResourceID) {
	for _, need := range needs {
		for _, s := range need {
			resources = append(resources, s.Resource)
		}
	}
	return resources
}

func (m *model) Claim(_ context.Context, _ tenant.ID, c booking.Claim) (booking.Outcome, error) {
	if a := m.find(c.ID); a != nil && a.digest == c.Digest {
		return booking.Outcome{Appointment: m.read(a), Replay: true}, nil
	} else if a != nil {
		return booking.Outcome{}, booking.ErrKeyReused
	}
	resources, numbers := m.assign(c.Needs, c.Occupied, "")
	if resources == nil {
		return booking.Outcome{Taken: true, Busy: m.busy(named(c.Needs), c.BusyFrom, c.BusyTo)}, nil
	}
	k := m.contacts[c.Contact.Phone]
	m.contacts[c.Contact.Phone] = booking.Contact{
		Phone: c.Contact.Phone,
		Name:  cmp.Or(c.Contact.Name, k.Name),
		Email: cmp.Or(c.Contact.Email, k.Email),
	}
	a := modelled{
		Appointment: booking.Appointment{
			ID: c.ID, Service: c.Service, Resources: resources, Start: c.Start, End: c.End, Zone: c.Zone,
			Status: booking.Booked, Contact: booking.Contact{Phone: c.Contact.Phone}, Call: c.Call,
		},
		digest: c.Digest, occupied: c.Occupied, seats: numbers,
	}
	if c.HoldFor > 0 {
		a.Status, a.ends = booking.Held, m.elapsed+c.HoldFor
	}
	a.write(string(a.Status), c.Actor)
	m.list = append(m.list, a)
	return booking.Outcome{Appointment: m.read(&a)}, nil
}

func (m *model) Move(_ context.Context, _ tenant.ID, v booking.Move) (booking.Outcome, error) {
	a := m.find(v.ID)
	if err := closed(a); err != nil {
		return booking.Outcome{}, err
	}
	met := a.Start.Equal(v.Start) && a.End.Equal(v.End) && a.occupied == v.Occupied && len(a.Resources) == len(v.Needs)
	for i := 0; met && i < len(v.Needs); i++ {
		met = slices.Contains(named(v.Needs[i:i+1]), a.Resources[i])
	}
	if met {
		return booking.Outcome{Appointment: m.read(a), Replay: true}, nil
	}
	resources, numbers := m.assign(v.Needs, v.Occupied, v.ID)
	if resources == nil {
		return booking.Outcome{Taken: true, Busy: m.busy(named(v.Needs), v.BusyFrom, v.BusyTo)}, nil
	}
	a.Resources, a.seats, a.occupied = resources, numbers, v.Occupied
	a.Start, a.End = v.Start, v.End
	a.write("moved", v.Actor)
	return booking.Outcome{Appointment: m.read(a)}, nil
}

// closed returns why an appointment cannot be moved or confirmed.
func closed(a *modelled) error {
	switch {
	case a == nil:
		return booking.ErrNotFound
	case a.Status == booking.Expired:
		return booking.ErrExpired
	case a.Status != booking.Held && a.Status != booking.Booked:
		return booking.ErrNotOpen
	}
	return nil
}

func (m *model) Confirm(_ context.Context, _ tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	a := m.find(id)
	if err := closed(a); err != nil {
		return booking.Appointment{}, err
	}
	if a.Status == booking.Held {
		a.Status = booking.Booked
		a.write("confirmed", actor)
	}
	return m.read(a), nil
}

func (m *model) Cancel(_ context.Context, _ tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	a := m.find(id)
	if a == nil {
		return booking.Appointment{}, booking.ErrNotFound
	}
	if a.Status.Occupies() {
		a.Status = booking.Cancelled
		a.write("cancelled", actor)
	}
	return m.read(a), nil
}

func (m *model) ListBusy(_ context.Context, _ tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	view := booking.BusyView{Busy: m.busy(q.Resources, q.From, q.To)}
	for _, id := range q.IDs {
		if m.find(id) != nil {
			view.Known = append(view.Known, id)
		}
	}
	return view, nil
}

func (m *model) ListAppointments(_ context.Context, _ tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	var found []booking.Appointment
	for i := range m.list {
		a := m.read(&m.list[i])
		if (f.ID == "" || a.ID == f.ID) && (f.Phone == "" || a.Contact.Phone == f.Phone) &&
			(f.From.IsZero() || !a.Start.Before(f.From)) && (f.To.IsZero() || a.Start.Before(f.To)) {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b booking.Appointment) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
	})
	return found[:min(len(found), cmp.Or(f.Limit, 100))], nil
}

func (m *model) ListEvents(_ context.Context, _ tenant.ID, id booking.ID) ([]booking.Event, error) {
	if a := m.find(id); a != nil {
		return a.events, nil
	}
	return nil, nil
}
