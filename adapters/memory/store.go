package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Store is a [booking.Store] of any number of clinics. It is safe for concurrent
// use. Make one with [New].
type Store struct {
	now func() time.Time

	mu      sync.Mutex // makes every method one atomic step
	clinics map[tenant.ID]*clinic
	queue   *taskQueue
	links   map[[32]byte]*link
}

// An Option changes how a [Store] works.
type Option func(*Store)

// Clock makes holds expire by now instead of [time.Now].
func Clock(now func() time.Time) Option {
	return func(s *Store) { s.now = now }
}

// New returns an empty store.
func New(options ...Option) *Store {
	s := &Store{
		now:     time.Now,
		clinics: map[tenant.ID]*clinic{},
		queue:   newTaskQueue(),
		links:   map[[32]byte]*link{},
	}
	for _, o := range options {
		o(s)
	}
	return s
}

// Claim implements [booking.Store].
func (s *Store) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.lockContact(ctx, org, func(*clinic) string { return c.Contact.Phone })
	if err != nil {
		return booking.Outcome{}, err
	}
	if a, known := b.appointments[c.ID]; known {
		if a.digest != c.Digest {
			return booking.Outcome{}, booking.ErrKeyReused
		}
		return booking.Outcome{Appointment: b.read(a), Replay: true}, nil
	}
	zone, err := zoneOf(c)
	if err != nil {
		return booking.Outcome{}, err
	}
	if c.Occupied.Start >= c.Occupied.End {
		return booking.Outcome{}, &booking.InvalidError{Field: "Occupied", Problem: "ends before it starts: give a later end"}
	}
	seats, ok := b.assignSeats(c.Needs, c.Occupied, nil)
	if !ok {
		return booking.Outcome{Taken: true, Busy: b.busy(resources(c.Needs), c.BusyFrom, c.BusyTo)}, nil
	}
	a := &appointment{
		Appointment: booking.Appointment{
			ID:      c.ID,
			Service: c.Service,
			Start:   c.Start.In(zone),
			End:     c.End.In(zone),
			Zone:    c.Zone,
			Status:  booking.Booked,
			Call:    c.Call,
		},
		digest:  c.Digest,
		zone:    zone,
		contact: b.upsertContact(c.Contact),
	}
	b.appointments[a.ID] = a
	a.contact.appointments = append(a.contact.appointments, a)
	b.inCall[a.Call] = append(b.inCall[a.Call], a)
	b.occupy(a, c.Occupied, seats)
	if c.HoldFor > 0 {
		a.Status, a.Expires = booking.Held, b.now.Add(c.HoldFor).In(zone)
	}
	b.recordEvent(a, string(a.Status), c.Actor)
	return booking.Outcome{Appointment: b.read(a)}, nil
}

// Move implements [booking.Store].
func (s *Store) Move(ctx context.Context, org tenant.ID, m booking.Move) (booking.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.lockContact(ctx, org, contactOf(m.ID))
	if err != nil {
		return booking.Outcome{}, err
	}
	a, err := b.changeable(m.ID)
	if err != nil {
		return booking.Outcome{}, err
	}
	if m.Occupied.Start >= m.Occupied.End {
		return booking.Outcome{}, &booking.InvalidError{Field: "Occupied", Problem: "ends before it starts: give a later end"}
	}
	if a.isAt(m) {
		return booking.Outcome{Appointment: b.read(a), Replay: true}, nil
	}
	seats, ok := b.assignSeats(m.Needs, m.Occupied, a)
	if !ok {
		return booking.Outcome{Taken: true, Busy: b.busy(resources(m.Needs), m.BusyFrom, m.BusyTo)}, nil
	}
	b.free(a)
	b.occupy(a, m.Occupied, seats)
	a.Start, a.End = m.Start.In(a.zone), m.End.In(a.zone)
	b.recordEvent(a, "moved", m.Actor)
	return booking.Outcome{Appointment: b.read(a)}, nil
}

// Confirm implements [booking.Store].
func (s *Store) Confirm(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.lockContact(ctx, org, contactOf(id))
	if err != nil {
		return booking.Appointment{}, err
	}
	a, err := b.changeable(id)
	if err != nil {
		return booking.Appointment{}, err
	}
	if a.Status == booking.Held {
		a.Status, a.Expires = booking.Booked, time.Time{}
		b.recordEvent(a, "confirmed", actor)
	}
	return b.read(a), nil
}

// Cancel implements [booking.Store].
func (s *Store) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.clinicOf(ctx, org)
	if err != nil {
		return booking.Appointment{}, err
	}
	a, known := b.appointments[id]
	if !known {
		return booking.Appointment{}, booking.ErrNotFound
	}
	switch b.status(a) {
	case booking.Held, booking.Booked:
		a.Status, a.Expires = booking.Cancelled, time.Time{}
		b.free(a)
		b.recordEvent(a, "cancelled", actor)
	case booking.Cancelled, booking.Expired:
	default:
		return booking.Appointment{}, booking.ErrNotOpen
	}
	return b.read(a), nil
}

// ListBusy implements [booking.Store].
func (s *Store) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.clinicOf(ctx, org)
	if err != nil {
		return booking.BusyView{}, err
	}
	view := booking.BusyView{Busy: b.busy(q.Resources, q.From, q.To)}
	for _, id := range q.IDs {
		if _, known := b.appointments[id]; known {
			view.Known = append(view.Known, id)
		}
	}
	return view, nil
}

// ListAppointments implements [booking.Store].
func (s *Store) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.clinicOf(ctx, org)
	if err != nil {
		return nil, err
	}
	if f.ID == "" && f.Phone == "" && f.From.IsZero() && f.To.IsZero() {
		return nil, &booking.InvalidError{Field: "AppointmentFilter", Problem: "is empty: give an ID, a Phone or a range"}
	}
	candidates := b.appointments
	if f.ID != "" {
		candidates = nil
		if a, known := b.appointments[f.ID]; known {
			candidates = map[booking.ID]*appointment{a.ID: a}
		}
	}
	var found []booking.Appointment
	for _, a := range candidates {
		if f.Phone != "" && a.contact.Phone != f.Phone ||
			!f.From.IsZero() && a.Start.Before(f.From) ||
			!f.To.IsZero() && !a.Start.Before(f.To) {
			continue
		}
		found = append(found, b.read(a))
	}
	slices.SortFunc(found, func(a, b booking.Appointment) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
	})
	limit := min(f.Limit, 1000)
	if limit <= 0 {
		limit = 100
	}
	return found[:min(limit, len(found))], nil
}

// ListEvents implements [booking.Store].
func (s *Store) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.clinicOf(ctx, org)
	if err != nil {
		return nil, err
	}
	a, known := b.appointments[id]
	if !known {
		return nil, nil
	}
	return slices.Clone(a.events), nil
}

// clinicOf returns a clinic's data at the present time. The caller must have
// locked mu.
func (s *Store) clinicOf(ctx context.Context, org tenant.ID) (*clinic, error) {
	if org.IsZero() {
		return nil, fmt.Errorf("memory: %w", tenant.ErrNoOrg)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("memory: %w: %w", booking.ErrUnavailable, context.Cause(ctx))
	}
	b := s.clinics[org]
	if b == nil {
		b = &clinic{
			org:          org,
			appointments: map[booking.ID]*appointment{},
			contacts:     map[string]*contact{},
			followUps:    newFollowUps(s.queue),
			taken:        map[seat][]occupancy{},
			seats:        map[booking.ResourceID]int{},
		}
		s.clinics[org] = b
	}
	b.now = s.clock()
	return b, nil
}

// clock returns the present time in microseconds, the resolution of databases.
func (s *Store) clock() time.Time { return s.now().Truncate(time.Microsecond) }

// lockContact returns a clinic's data as soon as no message to the contact is
// being sent. The caller must have locked mu; others may lock it during the
// wait.
func (s *Store) lockContact(ctx context.Context, org tenant.ID, phone func(*clinic) string) (*clinic, error) {
	for {
		b, err := s.clinicOf(ctx, org)
		if err != nil {
			return nil, err
		}
		released, locked := b.locked[phone(b)]
		if !locked {
			return b, nil
		}
		s.mu.Unlock()
		select {
		case <-released:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
}

// contactOf returns a function that finds the phone of an appointment's contact.
func contactOf(id booking.ID) func(*clinic) string {
	return func(b *clinic) string {
		if a, known := b.appointments[id]; known {
			return a.contact.Phone
		}
		return ""
	}
}

// zoneOf returns the zone of c. Start is usually in it already.
func zoneOf(c booking.Claim) (*time.Location, error) {
	if zone := c.Start.Location(); zone.String() == c.Zone {
		return zone, nil
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, &booking.InvalidError{Field: "Zone", Problem: "is not an IANA zone: give a name such as Europe/London"}
	}
	return zone, nil
}
