package tenanttest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// silos is a store to make clinics in.
type silos struct {
	Harness
	short bool
}

// A silo is one clinic in the store.
type silo struct {
	store booking.Store
	org   tenant.ID
}

func (s silos) silo() silo { return silo{s.Store, s.Org()} }

// All clinics have this practitioner, this caller and this day.
const (
	practitioner = booking.ResourceID("dr-amara")
	caller       = "+447700900456"
)

func day() time.Time { return time.Date(2031, time.July, 1, 0, 0, 0, 0, time.UTC) }

func hour(h int) time.Time { return day().Add(time.Duration(h) * time.Hour) }

func claim(id booking.ID, start time.Time) booking.Claim {
	end := start.Add(30 * time.Minute)
	return booking.Claim{
		ID: id, Digest: "content", Service: "consultation", Start: start, End: end, Zone: "UTC",
		Occupied: schedule.Span{Start: start.Unix(), End: end.Unix()},
		Needs:    [][]booking.Candidate{{{Resource: practitioner, Capacity: 1}}},
		Contact:  booking.Contact{Phone: caller},
		Call:     "call-1", Actor: "vapi:call-1",
		BusyFrom: hour(0), BusyTo: hour(24 * 30),
	}
}

func move(id booking.ID, start time.Time) booking.Move {
	c := claim(id, start)
	return booking.Move{
		ID: id, Start: c.Start, End: c.End, Occupied: c.Occupied, Needs: c.Needs,
		Actor: c.Actor, BusyFrom: c.BusyFrom, BusyTo: c.BusyTo,
	}
}

// book makes an appointment under a key; it must succeed.
func (s silo) book(ctx context.Context, t reporter, key string, start time.Time) booking.Appointment {
	t.Helper()
	return s.win(ctx, t, claim(booking.NewID(s.org, key), start))
}

func (s silo) win(ctx context.Context, t reporter, c booking.Claim) booking.Appointment {
	t.Helper()
	out, err := s.store.Claim(ctx, s.org, c)
	if err != nil || out.Taken || out.Replay {
		t.Fatalf("a clinic's claim of free time: taken %t, replay %t, error %v", out.Taken, out.Replay, err)
	}
	return out.Appointment
}

func (s silo) find(ctx context.Context, t reporter, f booking.AppointmentFilter) []booking.Appointment {
	t.Helper()
	found, err := s.store.ListAppointments(ctx, s.org, f)
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	return found
}

func (s silo) look(ctx context.Context, t reporter, ids ...booking.ID) booking.BusyView {
	t.Helper()
	view, err := s.store.ListBusy(ctx, s.org, booking.BusyQuery{
		Resources: []booking.ResourceID{practitioner}, From: hour(0), To: hour(24 * 30), IDs: ids,
	})
	if err != nil {
		t.Fatalf("look: %v", err)
	}
	return view
}

// contents is everything a clinic can read of its own.
func (s silo) contents(ctx context.Context, t reporter) string {
	t.Helper()
	found := s.find(ctx, t, booking.AppointmentFilter{From: hour(0), To: hour(24 * 30), Limit: 1000})
	text := fmt.Sprint(s.look(ctx, t))
	for _, a := range found {
		events, err := s.store.ListEvents(ctx, s.org, a.ID)
		if err != nil {
			t.Fatalf("events: %v", err)
		}
		text += fmt.Sprintf("\n%+v %q %q %q %v", a, a.Contact.Phone, a.Contact.Name, a.Contact.Email, events)
	}
	return text
}

// An attempt is what a clinic that tries its luck does with an appointment's
// id, and what it is told.
type attempt struct {
	method string
	try    func(ctx context.Context, s silo, id booking.ID) (any, error)
	want   error // nil: an empty answer
}

var byID = []attempt{
	{"Confirm", func(ctx context.Context, s silo, id booking.ID) (any, error) {
		return s.store.Confirm(ctx, s.org, id, "vapi:intruder")
	}, booking.ErrNotFound},
	{"Cancel", func(ctx context.Context, s silo, id booking.ID) (any, error) {
		return s.store.Cancel(ctx, s.org, id, "vapi:intruder")
	}, booking.ErrNotFound},
	{"Move", func(ctx context.Context, s silo, id booking.ID) (any, error) {
		return s.store.Move(ctx, s.org, move(id, hour(500)))
	}, booking.ErrNotFound},
	{"Find", func(ctx context.Context, s silo, id booking.ID) (any, error) {
		return s.store.ListAppointments(ctx, s.org, booking.AppointmentFilter{ID: id})
	}, nil},
	{"Find by id, phone and range", func(ctx context.Context, s silo, id booking.ID) (any, error) {
		return s.store.ListAppointments(ctx, s.org, booking.AppointmentFilter{ID: id, Phone: caller, From: hour(0)})
	}, nil},
	{"Events", func(ctx context.Context, s silo, id booking.ID) (any, error) {
		return s.store.ListEvents(ctx, s.org, id)
	}, nil},
	{"Look", func(ctx context.Context, s silo, id booking.ID) (any, error) {
		view, err := s.store.ListBusy(ctx, s.org, booking.BusyQuery{IDs: []booking.ID{id}})
		return view.Known, err
	}, nil},
}

// refused reports what is wrong with the answer to an attempt; "" if nothing is.
func (a attempt) refused(ctx context.Context, s silo, id booking.ID) string {
	got, err := a.try(ctx, s, id)
	switch {
	case !errors.Is(err, a.want):
		return fmt.Sprintf("%s: error %v, want %v", a.method, err, a.want)
	case a.want == nil && reflect.ValueOf(got).Len() > 0, a.want != nil && !reflect.ValueOf(got).IsZero():
		return a.method + " answered with something"
	}
	return ""
}

// atOnce does n things at once and returns what each returned.
func atOnce[R any](n int, do func(i int) R) []R {
	results := make([]R, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			results[i] = do(i)
		}()
	}
	wg.Wait()
	return results
}
