package bookingtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// siloChecks are the silo suite and the sentences that are about appointments.
// All clinics have Dr Amara, caller 1 and one day in common.
var siloChecks = append(tenanttest.SiloChecks((*fixture).silo), []check{
	{"every list and claim without a clinic fails", noClinic},
	{"lists and ranges hold and count the clinic's own only", ownOnly},
	{"a limit counts the clinic's own only", ownLimit},
	{"resources of one name in two clinics do not collide", noCollision},
	{"Busy and Known hold the clinic's own only", ownBusy},
	{"one phone is a contact of its own in each clinic", ownContact},
	{"one key in two clinics makes two appointments", ownKey},
	{"an id that another clinic uses is free to claim, and is no replay", ownID},
	{"of simultaneous claims in many clinics one wins in each", ownWinner},
}...)

// siloDays is how many days the silo checks look at.
const siloDays = 30

// silo describes the store to the silo suite.
func (f *fixture) silo() tenanttest.Silo {
	put := func(holdFor time.Duration) func(context.Context, tenant.ID, int) (string, error) {
		return func(ctx context.Context, org tenant.ID, n int) (string, error) {
			c := hold(f.in(org).claim(fmt.Sprint("key-", n), at(n, 0)), holdFor)
			out, err := f.Store.Claim(ctx, org, c)
			if err == nil && (out.Taken || out.Replay) {
				err = fmt.Errorf("a claim of free time: taken %t, replay %t", out.Taken, out.Replay)
			}
			return string(c.ID), err
		}
	}
	return tenanttest.Silo{
		Org:     f.Org,
		Short:   f.short,
		Kinds:   []func(context.Context, tenant.ID, int) (string, error){put(0), put(time.Hour)},
		Unknown: func(org tenant.ID) string { return string(booking.NewID(org, "never claimed")) },
		Contents: func(ctx context.Context, org tenant.ID) (string, error) {
			return contents(ctx, f.Store, org)
		},
		ByID: f.methodsByID(),
		Own: []func(context.Context, tenant.ID, string, int) error{
			func(ctx context.Context, org tenant.ID, id string, _ int) error {
				found, err := f.Store.ListAppointments(ctx, org, booking.AppointmentFilter{ID: booking.ID(id), Phone: phone(1)})
				if err != nil || len(found) != 1 || string(found[0].ID) != id {
					return fmt.Errorf("a clinic finds %d of its own by id, error %v", len(found), err)
				}
				return nil
			},
			func(ctx context.Context, org tenant.ID, _ string, records int) error {
				found, err := f.Store.ListAppointments(ctx, org, booking.AppointmentFilter{From: at(0, 0)})
				if err != nil || len(found) != records {
					return fmt.Errorf("a clinic finds %d of its own %d, error %v", len(found), records, err)
				}
				return nil
			},
			func(ctx context.Context, org tenant.ID, id string, _ int) error {
				if a, err := f.Store.Confirm(ctx, org, booking.ID(id), "vapi:call-1"); err != nil || string(a.ID) != id {
					return fmt.Errorf("a clinic confirms its own: error %v", err)
				}
				return nil
			},
		},
	}
}

func (f *fixture) methodsByID() []tenanttest.Method {
	return []tenanttest.Method{
		{Name: "Confirm", NotFound: booking.ErrNotFound, Call: func(ctx context.Context, org tenant.ID, id string) (any, error) {
			return f.Store.Confirm(ctx, org, booking.ID(id), "vapi:intruder")
		}},
		{Name: "Cancel", NotFound: booking.ErrNotFound, Call: func(ctx context.Context, org tenant.ID, id string) (any, error) {
			return f.Store.Cancel(ctx, org, booking.ID(id), "vapi:intruder")
		}},
		{Name: "Move", NotFound: booking.ErrNotFound, Call: func(ctx context.Context, org tenant.ID, id string) (any, error) {
			return f.Store.Move(ctx, org, f.move(booking.ID(id), at(500, 0)))
		}},
		{Name: "ListAppointments", Call: func(ctx context.Context, org tenant.ID, id string) (any, error) {
			return f.Store.ListAppointments(ctx, org, booking.AppointmentFilter{ID: booking.ID(id)})
		}},
		{Name: "ListAppointments by id, phone and range", Call: func(ctx context.Context, org tenant.ID, id string) (any, error) {
			return f.Store.ListAppointments(ctx, org, booking.AppointmentFilter{ID: booking.ID(id), Phone: phone(1), From: at(0, 0)})
		}},
		{Name: "ListEvents", Call: func(ctx context.Context, org tenant.ID, id string) (any, error) {
			return f.Store.ListEvents(ctx, org, booking.ID(id))
		}},
		{Name: "ListBusy", Call: func(ctx context.Context, org tenant.ID, id string) (any, error) {
			view, err := f.Store.ListBusy(ctx, org, booking.BusyQuery{IDs: []booking.ID{booking.ID(id)}})
			return view.Known, err
		}},
	}
}

// contents returns everything that a clinic can read of its own.
func contents(ctx context.Context, s booking.Store, org tenant.ID) (string, error) {
	from, to := at(0, 0), at(24*siloDays, 0)
	view, err := s.ListBusy(ctx, org, booking.BusyQuery{Resources: []booking.ResourceID{amara}, From: from, To: to})
	if err != nil {
		return "", err
	}
	found, err := s.ListAppointments(ctx, org, booking.AppointmentFilter{From: from, To: to, Limit: 1000})
	if err != nil {
		return "", err
	}
	text := fmt.Sprint(view)
	for _, a := range found {
		events, err := s.ListEvents(ctx, org, a.ID)
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("\n%+v %q %q %q %v", a, a.Contact.Phone, a.Contact.Name, a.Contact.Email, events)
	}
	return text, nil
}

// in returns f in another clinic.
func (f *fixture) in(org tenant.ID) *fixture {
	other := *f
	other.org = org
	return &other
}

// two returns two clinics: the fixture's own and another.
func (f *fixture) two() (a, b *fixture) { return f, f.in(f.Org()) }

// contents returns everything that the clinic can read of its own.
func (f *fixture) contents() string {
	f.Helper()
	text, err := contents(f.ctx, f.Store, f.org)
	if err != nil {
		f.Fatalf("a clinic cannot read its own: %v", err)
	}
	return text
}

func noClinic(f *fixture) {
	f.wins(f.claim("key", at(10, 0)))
	for _, q := range []booking.AppointmentFilter{{Phone: phone(1)}, {From: at(0, 0)}} {
		if found, err := f.Store.ListAppointments(f.ctx, tenant.ID{}, q); !errors.Is(err, tenant.ErrNoOrg) || len(found) > 0 {
			f.Errorf("ListAppointments without a clinic: %d found, error %v", len(found), err)
		}
	}
	out, err := f.Store.Claim(f.ctx, tenant.ID{}, f.in(tenant.ID{}).claim("key", at(10, 0)))
	if !errors.Is(err, tenant.ErrNoOrg) || out.Appointment.ID != "" {
		f.Errorf("Claim without a clinic: error %v", err)
	}
}

func ownOnly(f *fixture) {
	var clinics []*fixture
	for i := range 5 {
		c := f.in(f.Org())
		for n := range i {
			c.wins(c.claim(fmt.Sprint("key-", n), at(9+n, 0)))
		}
		clinics = append(clinics, c)
	}
	for i, c := range clinics {
		for _, q := range []booking.AppointmentFilter{
			{Phone: phone(1)},
			{From: at(0, 0), To: at(24, 0)},
			{From: at(0, 0)},
			{To: at(24, 0)},
			{Phone: phone(1), From: at(0, 0), To: at(24, 0)},
		} {
			found := c.list(q)
			if len(found) != i {
				f.Fatalf("a clinic with %d appointments finds %d", i, len(found))
			}
			for n, a := range found {
				if a.ID != booking.NewID(c.org, fmt.Sprint("key-", n)) {
					f.Fatalf("a clinic finds an appointment that is not its own")
				}
			}
		}
	}
}

func ownLimit(f *fixture) {
	a, b := f.two()
	for n := range 6 {
		b.wins(b.claim(fmt.Sprint("key-", n), at(8+n, 0)))
	}
	mine := a.wins(a.claim("key", at(20, 0))) // after all of theirs
	found := a.list(booking.AppointmentFilter{From: at(0, 0), Limit: 2})
	if len(found) != 1 || found[0].ID != mine.ID {
		f.Fatalf("within a limit of 2, a clinic with one appointment finds %d", len(found))
	}
}

func noCollision(f *fixture) {
	a, b := f.two()
	ours, theirs := a.wins(a.claim("a", at(10, 0))), b.wins(b.claim("b", at(10, 0)))
	for _, start := range []time.Time{at(12, 0), at(14, 0)} {
		a.moves(a.move(ours.ID, start))
		b.moves(b.move(theirs.ID, start))
	}
	a.cancels(ours.ID)
	if busy := b.listBusy(at(0, 0), at(24*siloDays, 0), amara); len(busy) != 1 {
		f.Fatalf("a cancellation in one clinic leaves %d times taken in another, want 1", len(busy))
	}
}

func ownBusy(f *fixture) {
	a, b := f.two()
	ten, eleven := b.wins(b.claim("at ten", at(10, 0))), b.wins(b.claim("at eleven", at(11, 0)))
	view, err := a.Store.ListBusy(f.ctx, a.org, booking.BusyQuery{
		Resources: []booking.ResourceID{amara}, From: at(0, 0), To: at(24*siloDays, 0), IDs: []booking.ID{ten.ID, eleven.ID},
	})
	if err != nil || len(view.Busy) > 0 || len(view.Known) > 0 {
		f.Fatalf("an empty clinic sees %v taken and %d ids known, error %v", view.Busy, len(view.Known), err)
	}
	a.wins(a.claim("at twelve", at(12, 0)))
	second := a.claim("at twelve, too", at(12, 0))
	if out := a.loses(second); len(out.Busy) != 1 || out.Busy[0].Span != second.Occupied {
		f.Fatalf("a loser gets %v as busy; want the one time its clinic has taken", out.Busy)
	}
}

func ownContact(f *fixture) {
	a, b := f.two()
	introduce := func(c *fixture, key, name string, start time.Time) booking.Contact {
		want := c.claim(key, start)
		want.Contact.Name = name
		return c.wins(want).Contact
	}
	ours := introduce(a, "first", "Known To A", at(10, 0))
	theirs := introduce(b, "first", "", at(10, 0))
	if theirs.Name != "" || theirs.ID == ours.ID {
		f.Fatalf("a clinic knows a caller from another")
	}
	introduce(b, "second", "Known To B", at(11, 0))
	if again := introduce(a, "second", "", at(11, 0)); again != ours {
		f.Fatalf("a caller's name has reached another clinic")
	}
	for _, found := range a.list(booking.AppointmentFilter{Phone: phone(1)}) {
		if found.Contact != ours {
			f.Fatalf("a caller's name has reached another clinic")
		}
	}
}

func ownKey(f *fixture) {
	a, b := f.two()
	if ours, theirs := a.wins(a.claim("key", at(10, 0))), b.wins(b.claim("key", at(15, 0))); ours.ID == theirs.ID {
		f.Fatalf("one key made one id for two clinics")
	}
}

func ownID(f *fixture) {
	a, b := f.two()
	theirs := b.wins(b.claim("key", at(10, 0)))
	before := b.contents()
	c := a.claim("key", at(15, 0))
	c.ID, c.Digest = theirs.ID, "other content"
	out, err := f.Store.Claim(f.ctx, a.org, c)
	if err != nil || out.Taken || out.Replay || !out.Appointment.Start.Equal(at(15, 0)) {
		f.Fatalf("a claim with an id that another clinic uses: %s; want an appointment of its own", show(out, err))
	}
	a.cancels(theirs.ID)
	if b.contents() != before {
		f.Fatalf("a clinic was changed through an id that two clinics use")
	}
	if events := b.events(theirs.ID); len(events) != 1 {
		f.Fatalf("an appointment whose id another clinic uses has %d events, want 1", len(events))
	}
}

func ownWinner(f *fixture) {
	const clinics, callers = 8, 5
	var orgs []*fixture
	for range clinics {
		orgs = append(orgs, f.in(f.Org()))
	}
	type result struct {
		won bool
		err error
	}
	results := suite.Race(clinics*callers, func(i int) result {
		c := orgs[i%clinics]
		out, err := c.Store.Claim(f.ctx, c.org, c.claim(fmt.Sprint("caller-", i/clinics), at(10, 0)))
		return result{err == nil && !out.Taken, err}
	})
	won := make([]int, clinics)
	for i, r := range results {
		if r.err != nil {
			f.Fatalf("a claim: %v", r.err)
		}
		if r.won {
			won[i%clinics]++
		}
	}
	for _, n := range won {
		if n != 1 {
			f.Fatalf("winners by clinic are %v, want one in each", won)
		}
	}
}
