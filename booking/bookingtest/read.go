package bookingtest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var listBusyChecks = []check{
	{"it returns the taken times, by start", listBusyTaken},
	{"it returns the IDs that are known", listBusyKnown},
	{"it sees every change that was acknowledged before the call", listBusyFresh},
	{"the view is of one moment", listBusyMoment},
	{"expired holds are not in it", listBusyExpired},
}

var listAppointmentsChecks = []check{
	{"it returns the appointments that match every given field", listFields},
	{"it returns appointments whatever their status", listStatus},
	{"it returns them by start, then id", listOrder},
	{"it returns at most Limit appointments, 100 by default and never more than 1000", listLimit},
	{"an expired hold has status expired", listExpired},
	{"at least one of ID, Phone and a bound of the range must be given", listUnfiltered},
	{"an appointment reads as it was returned", listSame},
}

var listEventsChecks = []check{
	{"it returns the changes of an appointment in order of version", eventsInOrder},
	{"an unknown appointment has no events", eventsUnknown},
	{"simultaneous changes write one event per version", eventsRaced},
}

func listBusyTaken(f *fixture) {
	f.wins(f.claim("at eleven", at(11, 0)))
	f.wins(f.claim("at nine", at(9, 0)))
	c := f.claim("at ten", at(10, 0), one(bello))
	c.Occupied = span(at(9, 50), at(10, 40))
	f.wins(c)
	f.wins(f.claim("the room", at(10, 0), one(room1)))
	nine := booking.Busy{Resource: amara, Span: span(at(9, 0), at(9, 30))}
	ten := booking.Busy{Resource: bello, Span: span(at(9, 50), at(10, 40))}
	eleven := booking.Busy{Resource: amara, Span: span(at(11, 0), at(11, 30))}
	for _, tt := range []struct {
		from, to  time.Time
		resources []booking.ResourceID
		want      []booking.Busy
	}{
		{at(0, 0), at(24, 0), []booking.ResourceID{amara, bello}, []booking.Busy{nine, ten, eleven}},
		{at(0, 0), at(24, 0), []booking.ResourceID{bello, amara, bello}, []booking.Busy{nine, ten, eleven}},
		{at(0, 0), at(24, 0), []booking.ResourceID{bello}, []booking.Busy{ten}},
		{at(0, 0), at(24, 0), []booking.ResourceID{room2}, nil},
		{at(0, 0), at(24, 0), nil, nil},
		{at(9, 30), at(9, 50), []booking.ResourceID{amara, bello}, nil},
		{at(9, 29), at(9, 51), []booking.ResourceID{amara, bello}, []booking.Busy{nine, ten}},
		{at(10, 40), at(11, 0), []booking.ResourceID{amara, bello}, nil},
		{at(10, 10), at(10, 11), []booking.ResourceID{amara, bello}, []booking.Busy{ten}},
		{at(10, 0).AddDate(0, 0, 1), at(11, 0).AddDate(0, 0, 1), []booking.ResourceID{amara, bello}, nil},
	} {
		f.wantBusy(f.listBusy(tt.from, tt.to, tt.resources...), tt.want...)
	}
}

func listBusyKnown(f *fixture) {
	booked := f.wins(f.claim("booked", at(9, 0)))
	cancelled := f.wins(f.claim("cancelled", at(10, 0)))
	f.cancels(cancelled.ID)
	f.loses(f.claim("taken", at(9, 0)))
	want := []booking.ID{booked.ID, cancelled.ID}
	view, err := f.Store.ListBusy(f.ctx, f.org, booking.BusyQuery{IDs: []booking.ID{
		booking.NewID(f.org, "never claimed"), cancelled.ID, f.foreign().ID, "", "no id'; --", booked.ID, booking.NewID(f.org, "taken"),
	}})
	slices.Sort(view.Known)
	slices.Sort(want)
	if err != nil || !slices.Equal(view.Known, want) || len(view.Busy) > 0 {
		f.Fatalf("known are %q, %v, want %q", view.Known, err, want)
	}
}

func listBusyFresh(f *fixture) {
	results := suite.Race(8, func(i int) error {
		r := booking.ResourceID(fmt.Sprint("device-", i))
		for round := range f.rounds(10) {
			c := by(i, hold(f.claim(fmt.Sprint(i, "-", round), at(9, 0), one(r)), time.Hour))
			step := func(what string, err error, start time.Time) error {
				if err != nil {
					return fmt.Errorf("%s: %w", what, err)
				}
				view, err := f.Store.ListBusy(f.ctx, f.org, booking.BusyQuery{
					Resources: []booking.ResourceID{r}, From: at(0, 0), To: at(24, 0), IDs: []booking.ID{c.ID},
				})
				var want []booking.Busy
				if !start.IsZero() {
					want = []booking.Busy{{Resource: r, Span: span(start, start.Add(30*time.Minute))}}
				}
				if err != nil || !slices.Equal(view.Busy, want) || !slices.Equal(view.Known, []booking.ID{c.ID}) {
					return fmt.Errorf("after %s ListBusy returns%s, %d known, %v; want%s", what, showBusy(view.Busy), len(view.Known), err, showBusy(want))
				}
				return nil
			}
			_, err := f.Store.Claim(f.ctx, f.org, c)
			if err := step("a claim", err, at(9, 0)); err != nil {
				return err
			}
			_, err = f.Store.Move(f.ctx, f.org, f.move(c.ID, at(10, 0), one(r)))
			if err := step("a move", err, at(10, 0)); err != nil {
				return err
			}
			_, err = f.confirm(c.ID)
			if err := step("a confirm", err, at(10, 0)); err != nil {
				return err
			}
			_, err = f.cancel(c.ID)
			if err := step("a cancel", err, time.Time{}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, err := range results {
		if err != nil {
			f.Fatalf("%v", err)
		}
	}
}

// listBusyMoment makes appointments and moves one to and fro: every reader must see
// each in one place, and as soon as its id is known.
func listBusyMoment(f *fixture) {
	const readers, made = 3, 40
	q := booking.BusyQuery{Resources: []booking.ResourceID{amara, bello, room1}, From: at(0, 0), To: at(24, 0)}
	wanderer := f.claim("wanderer", at(10, 0), one(amara))
	q.IDs = append(q.IDs, wanderer.ID)
	var claims []booking.Claim
	for n := range made {
		c := f.claim(fmt.Sprint("resident-", n), at(0, 30*n), one(room1))
		claims, q.IDs = append(claims, c), append(q.IDs, c.ID)
	}
	f.wins(wanderer)
	var done atomic.Int64
	results := suite.Race(1+readers, func(i int) error {
		if i == readers {
			for n := 0; done.Load() < readers; n++ {
				r := []booking.ResourceID{bello, amara}[n%2]
				if out, err := f.Store.Move(f.ctx, f.org, f.move(wanderer.ID, at(10, 0), one(r))); err != nil || out.Taken {
					return fmt.Errorf("move: %s", show(out, err))
				}
				if n >= made {
					continue
				}
				if out, err := f.Store.Claim(f.ctx, f.org, claims[n]); err != nil || out.Taken {
					return fmt.Errorf("claim: %s", show(out, err))
				}
			}
			return nil
		}
		defer done.Add(1)
		for range f.rounds(100) {
			view, err := f.Store.ListBusy(f.ctx, f.org, q)
			if err != nil {
				return err
			}
			if len(view.Busy) != len(view.Known) {
				return fmt.Errorf("%d known appointments take%s", len(view.Known), showBusy(view.Busy))
			}
		}
		return nil
	})
	for _, err := range results {
		if err != nil {
			f.Fatalf("%v", err)
		}
	}
}

// listBusyExpired: the expiry need not be written yet.
func listBusyExpired(f *fixture) {
	d := f.shortHold()
	dead := f.wins(hold(f.claim("dead", at(10, 0)), d))
	if before := f.listBusy(at(0, 0), at(24, 0), amara); f.Advance != nil {
		f.wantBusy(before, booking.Busy{Resource: amara, Span: span(at(10, 0), at(10, 30))})
	}
	f.expire(dead.ID, d)
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara))
	f.wins(f.claim("alive", at(11, 0)))
	alive := booking.Busy{Resource: amara, Span: span(at(11, 0), at(11, 30))}
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara), alive)
	f.wantBusy(f.loses(f.claim("loser", at(11, 0))).Busy, alive)
}

// listFields combines the fields, and gives malformed ids and phones, which must
// match no appointment and must not be an error.
func listFields(f *fixture) {
	nine := f.wins(by(1, f.claim("nine", at(9, 0))))
	ten := f.wins(by(2, f.claim("ten", at(10, 0))))
	eleven := f.wins(by(1, f.claim("eleven", at(11, 0))))
	for i, tt := range []struct {
		q    booking.AppointmentFilter
		want []booking.Appointment
	}{
		{booking.AppointmentFilter{ID: ten.ID}, []booking.Appointment{ten}},
		{booking.AppointmentFilter{ID: booking.NewID(f.org, "never claimed")}, nil},
		{booking.AppointmentFilter{ID: "no id'; --"}, nil},
		{booking.AppointmentFilter{ID: f.foreign().ID}, nil},
		{booking.AppointmentFilter{Phone: phone(1)}, []booking.Appointment{nine, eleven}},
		{booking.AppointmentFilter{Phone: phone(3)}, nil},
		{booking.AppointmentFilter{Phone: phone(1)[:9]}, nil},
		{booking.AppointmentFilter{Phone: "%"}, nil},
		{booking.AppointmentFilter{From: at(9, 0), To: at(11, 0)}, []booking.Appointment{nine, ten}},
		{booking.AppointmentFilter{From: at(9, 1), To: at(11, 1)}, []booking.Appointment{ten, eleven}},
		{booking.AppointmentFilter{From: at(10, 0), To: at(10, 0)}, nil},
		{booking.AppointmentFilter{From: at(10, 0)}, []booking.Appointment{ten, eleven}},
		{booking.AppointmentFilter{To: at(10, 0)}, []booking.Appointment{nine}},
		{booking.AppointmentFilter{ID: nine.ID, Phone: phone(1)}, []booking.Appointment{nine}},
		{booking.AppointmentFilter{ID: nine.ID, Phone: phone(2)}, nil},
		{booking.AppointmentFilter{ID: nine.ID, From: at(10, 0)}, nil},
		{booking.AppointmentFilter{Phone: phone(1), From: at(10, 0), To: at(12, 0)}, []booking.Appointment{eleven}},
		{booking.AppointmentFilter{ID: eleven.ID, Phone: phone(1), From: at(11, 0), To: at(11, 1)}, []booking.Appointment{eleven}},
	} {
		if got := f.list(tt.q); showAll(got) != showAll(tt.want) {
			f.Fatalf("case %d: found %s, want %s", i+1, showAll(got), showAll(tt.want))
		}
	}
}

func listStatus(f *fixture) {
	f.cancels(f.wins(f.claim("cancelled", at(9, 0))).ID)
	f.wins(hold(f.claim("held", at(10, 0)), time.Hour))
	f.wins(f.claim("booked", at(11, 0)))
	var got []booking.Status
	for _, a := range f.list(booking.AppointmentFilter{Phone: phone(1)}) {
		got = append(got, a.Status)
	}
	if want := []booking.Status{booking.Cancelled, booking.Held, booking.Booked}; !slices.Equal(got, want) {
		f.Fatalf("found %q, want %q", got, want)
	}
}

func listOrder(f *fixture) {
	var want []booking.ID
	for i := range 6 {
		r := booking.ResourceID(fmt.Sprint("device-", i))
		want = append(want, f.wins(f.claim(fmt.Sprint("at ten ", i), at(10, 0), one(r))).ID)
	}
	slices.Sort(want)
	want = append([]booking.ID{f.wins(f.claim("at nine", at(9, 0))).ID}, want...)
	for _, q := range []booking.AppointmentFilter{{Phone: phone(1)}, {From: at(0, 0)}, {Phone: phone(1), Limit: 4}} {
		var got []booking.ID
		for _, a := range f.list(q) {
			got = append(got, a.ID)
		}
		if q.Limit > 0 {
			want = want[:q.Limit]
		}
		if !slices.Equal(got, want) {
			f.Fatalf("found %q, want %q", got, want)
		}
	}
}

func listLimit(f *fixture) {
	made := 0
	count := func(limit, want int) {
		f.Helper()
		if got := len(f.list(booking.AppointmentFilter{Phone: phone(1), Limit: limit})); got != want {
			f.Fatalf("found %d of %d with limit %d, want %d", got, made, limit, want)
		}
	}
	grow := func(to int) {
		for ; made < to; made++ {
			f.wins(f.claim(fmt.Sprint("n-", made), at(0, 0).Add(time.Duration(made)*30*time.Minute)))
		}
	}
	grow(103)
	count(0, 100)
	count(1, 1)
	count(102, 102)
	count(1000, 103)
	if !f.short {
		grow(1003)
		count(0, 100)
		count(1000, 1000)
		count(5000, 1000)
	}
}

func listExpired(f *fixture) {
	d := f.shortHold()
	dead := f.wins(hold(f.claim("a", at(10, 0)), d))
	f.expire(dead.ID, d)
	for _, q := range []booking.AppointmentFilter{{ID: dead.ID}, {Phone: phone(1)}, {From: at(10, 0), To: at(11, 0)}} {
		got := f.list(q)
		if len(got) != 1 || got[0].Status != booking.Expired || !got[0].Expires.IsZero() {
			f.Fatalf("a hold past its time reads as %s", showAll(got))
		}
	}
}

func listUnfiltered(f *fixture) {
	f.wins(f.claim("a", at(10, 0)))
	for _, q := range []booking.AppointmentFilter{{}, {Limit: 10}} {
		if found, err := f.Store.ListAppointments(f.ctx, f.org, q); err == nil || len(found) > 0 {
			f.Fatalf("an empty filter found %d appointments, error %v", len(found), err)
		}
	}
}

func listSame(f *fixture) {
	c := f.claim("a", at(10, 0), one(bello), one(room2))
	c.Contact = booking.Contact{Phone: phone(1), Name: "Zoë O'Neill-Ọláyínká", Email: "zoe@example.org"}
	c.Call = ""
	a := f.wins(c)
	if a.ID != c.ID || a.Service != c.Service || a.Zone != zone || a.Start.Location().String() != zone || a.End.Location().String() != zone {
		f.Fatalf("claimed %s in %s", showAppointment(a), a.Start.Location())
	}
	f.wantSame("the appointment found", f.get(a.ID), a)
	if got := f.get(a.ID); got.Start.Location().String() != zone {
		f.Fatalf("a start is in %s, want %s", got.Start.Location(), zone)
	}
	c = f.claim("given in another zone", at(11, 0).UTC())
	b := f.wins(c)
	if got := b.Start.Format("15:04 MST"); got != "11:00 BST" {
		f.Fatalf("a start is %s, want 11:00 BST", got)
	}
	f.wantSame("the appointment found", f.get(b.ID), b)
	if got := f.moves(f.move(b.ID, at(12, 0).UTC())).Start.Format("15:04 MST"); got != "12:00 BST" {
		f.Fatalf("a start is moved to %s, want 12:00 BST", got)
	}
}

func eventsInOrder(f *fixture) {
	a := f.wins(hold(f.claim("a", at(10, 0)), time.Hour))
	f.moves(f.move(a.ID, at(11, 0)))
	f.confirms(a.ID)
	f.moves(f.move(a.ID, at(12, 0)))
	f.cancels(a.ID)
	f.wantKinds(a.ID, "held", "moved", "confirmed", "moved", "cancelled")
	events := f.events(a.ID)
	for i, actor := range []string{"vapi:a", "vapi:mover", "vapi:confirmer", "vapi:mover", "vapi:canceller"} {
		if events[i].Actor != actor || events[i].At.IsZero() || i > 0 && events[i].At.Before(events[i-1].At) {
			f.Fatalf("event %d is by %q at %v", i+1, events[i].Actor, events[i].At)
		}
	}
	if got := f.get(a.ID).Version; got != len(events) {
		f.Fatalf("version %d has %d events", got, len(events))
	}
	events[0].Kind = "the caller's own to change"
	f.wantKinds(a.ID, "held", "moved", "confirmed", "moved", "cancelled")
}

func eventsUnknown(f *fixture) {
	f.wins(f.claim("a", at(10, 0)))
	for _, id := range []booking.ID{booking.NewID(f.org, "never claimed"), "", "no id'; --", f.foreign().ID} {
		f.wantKinds(id)
	}
}

// eventsRaced checks that versions have no gap and no duplicate under races.
func eventsRaced(f *fixture) {
	for round := range f.rounds(10) {
		r := booking.ResourceID(fmt.Sprint("device-", round))
		a := f.wins(hold(f.claim(fmt.Sprint("a-", round), at(10, 0), one(r)), time.Hour))
		errs := suite.Race(6, func(i int) error {
			switch {
			case i < 4:
				_, err := f.Store.Move(f.ctx, f.org, f.move(a.ID, at(11+i, 0), one(r)))
				return err
			default:
				_, err := f.confirm(a.ID)
				return err
			}
		})
		for _, err := range errs {
			if err != nil {
				f.Fatalf("round %d: %v", round, err)
			}
		}
		kinds := f.eventKinds(a.ID)
		slices.Sort(kinds[1:])
		if want := []string{"held", "confirmed", "moved", "moved", "moved", "moved"}; !slices.Equal(kinds, want) {
			f.Fatalf("round %d: events are %q, want %q in some order", round, kinds, want)
		}
		if got := f.get(a.ID).Version; got != len(kinds) {
			f.Fatalf("round %d: version %d has %d events", round, got, len(kinds))
		}
	}
}
