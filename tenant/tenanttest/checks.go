package tenanttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func noClinic(ctx context.Context, t reporter, s silos) {
	a := s.silo().book(ctx, t, "key", hour(10))
	nobody := silo{s.Store, tenant.ID{}}
	for _, try := range byID {
		if _, err := try.try(ctx, nobody, a.ID); !errors.Is(err, tenant.ErrNoOrg) {
			t.Errorf("%s without a clinic: error %v, want %v", try.method, err, tenant.ErrNoOrg)
		}
	}
	for _, f := range []booking.AppointmentFilter{{Phone: caller}, {From: hour(0)}} {
		if found, err := s.Store.ListAppointments(ctx, tenant.ID{}, f); !errors.Is(err, tenant.ErrNoOrg) || len(found) > 0 {
			t.Errorf("Find without a clinic: %d found, error %v", len(found), err)
		}
	}
	if out, err := s.Store.Claim(ctx, tenant.ID{}, claim(booking.NewID(tenant.ID{}, "key"), hour(10))); !errors.Is(err, tenant.ErrNoOrg) || out.Appointment.ID != "" {
		t.Errorf("Claim without a clinic: error %v", err)
	}
}

func unknownAlike(ctx context.Context, t reporter, s silos) {
	a, b := s.silo(), s.silo()
	theirs := b.book(ctx, t, "key", hour(10)).ID
	unknown := booking.NewID(a.org, "never claimed")
	for _, try := range byID {
		if wrong := try.refused(ctx, a, theirs); wrong != "" {
			t.Errorf("on another clinic's appointment %s", wrong)
		}
		got, err := try.try(ctx, a, theirs)
		want, wantErr := try.try(ctx, a, unknown)
		if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) || reflect.TypeOf(err) != reflect.TypeOf(wantErr) {
			t.Errorf("%s tells another clinic's appointment from an unknown one: %v, for the unknown one %v", try.method, err, wantErr)
		}
	}
}

func nothingChanged(ctx context.Context, t reporter, s silos) {
	a, b := s.silo(), s.silo()
	booked := b.book(ctx, t, "booked", hour(10))
	held := claim(booking.NewID(b.org, "held"), hour(11))
	held.HoldFor = time.Hour
	b.win(ctx, t, held)
	before := b.contents(ctx, t)
	for _, id := range []booking.ID{booked.ID, held.ID} {
		for _, try := range byID {
			if wrong := try.refused(ctx, a, id); wrong != "" {
				t.Errorf("on another clinic's appointment %s", wrong)
			}
		}
	}
	if b.contents(ctx, t) != before {
		t.Fatalf("a clinic was changed by another")
	}
	if own := a.contents(ctx, t); own != (silo{s.Store, s.Org()}).contents(ctx, t) {
		t.Fatalf("a clinic got something out of another")
	}
}

func ownOnly(ctx context.Context, t reporter, s silos) {
	var clinics []silo
	for i := range 5 {
		c := s.silo()
		for n := range i {
			c.book(ctx, t, fmt.Sprint("key-", n), hour(9+n))
		}
		clinics = append(clinics, c)
	}
	for i, c := range clinics {
		for _, f := range []booking.AppointmentFilter{
			{Phone: caller},
			{From: hour(0), To: hour(24)},
			{From: hour(0)},
			{To: hour(24)},
			{Phone: caller, From: hour(0), To: hour(24)},
		} {
			found := c.find(ctx, t, f)
			if len(found) != i {
				t.Fatalf("a clinic with %d appointments finds %d", i, len(found))
			}
			for n, a := range found {
				if a.ID != booking.NewID(c.org, fmt.Sprint("key-", n)) {
					t.Fatalf("a clinic finds an appointment that is not its own")
				}
			}
		}
	}
}

func ownLimit(ctx context.Context, t reporter, s silos) {
	a, b := s.silo(), s.silo()
	for n := range 6 {
		b.book(ctx, t, fmt.Sprint("key-", n), hour(8+n))
	}
	mine := a.book(ctx, t, "key", hour(20)) // after all of theirs
	found := a.find(ctx, t, booking.AppointmentFilter{From: hour(0), Limit: 2})
	if len(found) != 1 || found[0].ID != mine.ID {
		t.Fatalf("within a limit of 2, a clinic with one appointment finds %d", len(found))
	}
}

func noCollision(ctx context.Context, t reporter, s silos) {
	a, b := s.silo(), s.silo()
	ours, theirs := a.book(ctx, t, "a", hour(10)), b.book(ctx, t, "b", hour(10))
	for _, c := range []struct {
		silo
		id booking.ID
	}{{a, ours.ID}, {b, theirs.ID}} {
		for _, start := range []time.Time{hour(12), hour(14)} {
			if out, err := c.store.Move(ctx, c.org, move(c.id, start)); err != nil || out.Taken {
				t.Fatalf("a move to a time that another clinic has taken: taken %t, error %v", out.Taken, err)
			}
		}
	}
	if _, err := a.store.Cancel(ctx, a.org, ours.ID, "vapi:call-1"); err != nil {
		t.Fatalf("cancel: %v", err)
	}
	if busy := b.look(ctx, t).Busy; len(busy) != 1 {
		t.Fatalf("a cancellation in one clinic leaves %d times taken in another, want 1", len(busy))
	}
}

func ownBusy(ctx context.Context, t reporter, s silos) {
	a, b := s.silo(), s.silo()
	theirs := b.book(ctx, t, "at ten", hour(10))
	b.book(ctx, t, "at eleven", hour(11))
	if view := a.look(ctx, t, theirs.ID, booking.NewID(b.org, "at eleven")); len(view.Busy) > 0 || len(view.Known) > 0 {
		t.Fatalf("an empty clinic sees %v taken and %d ids known", view.Busy, len(view.Known))
	}
	c := claim(booking.NewID(a.org, "at twelve"), hour(12))
	a.win(ctx, t, c)
	c.ID = booking.NewID(a.org, "at twelve, too")
	out, err := a.store.Claim(ctx, a.org, c)
	if err != nil || !out.Taken || len(out.Busy) != 1 || out.Busy[0].Span != c.Occupied {
		t.Fatalf("a loser is told of %v, error %v; want the one time its clinic has taken", out.Busy, err)
	}
}

func ownContact(ctx context.Context, t reporter, s silos) {
	a, b := s.silo(), s.silo()
	say := func(c silo, key, name string, start time.Time) booking.Contact {
		want := claim(booking.NewID(c.org, key), start)
		want.Contact.Name = name
		return c.win(ctx, t, want).Contact
	}
	ours := say(a, "first", "Known To A", hour(10))
	theirs := say(b, "first", "", hour(10))
	if theirs.Name != "" || theirs.ID == ours.ID {
		t.Fatalf("a clinic knows a caller from another")
	}
	say(b, "second", "Known To B", hour(11))
	if again := say(a, "second", "", hour(11)); again != ours {
		t.Fatalf("what a caller told one clinic has reached another")
	}
	for _, found := range a.find(ctx, t, booking.AppointmentFilter{Phone: caller}) {
		if found.Contact != ours {
			t.Fatalf("what a caller told one clinic has reached another")
		}
	}
}

func ownKey(ctx context.Context, t reporter, s silos) {
	a, b := s.silo(), s.silo()
	if ours, theirs := a.book(ctx, t, "key", hour(10)), b.book(ctx, t, "key", hour(15)); ours.ID == theirs.ID {
		t.Fatalf("one key made one id for two clinics")
	}
}

func ownID(ctx context.Context, t reporter, s silos) {
	a, b := s.silo(), s.silo()
	theirs := b.book(ctx, t, "key", hour(10))
	before := b.contents(ctx, t)
	c := claim(theirs.ID, hour(15))
	c.Digest = "other content"
	ours := a.win(ctx, t, c)
	if !ours.Start.Equal(hour(15)) {
		t.Fatalf("a claim was answered with another clinic's appointment")
	}
	if _, err := a.store.Cancel(ctx, a.org, ours.ID, "vapi:call-1"); err != nil {
		t.Fatalf("cancel of the own appointment whose id another clinic uses: %v", err)
	}
	if b.contents(ctx, t) != before {
		t.Fatalf("a clinic was changed through an id that two clinics use")
	}
	events, err := b.store.ListEvents(ctx, b.org, theirs.ID)
	if err != nil || len(events) != 1 {
		t.Fatalf("an appointment whose id another clinic uses has %d events, error %v", len(events), err)
	}
}

func ownWinner(ctx context.Context, t reporter, s silos) {
	const clinics, callers = 8, 5
	var orgs []silo
	for range clinics {
		orgs = append(orgs, s.silo())
	}
	type result struct {
		won bool
		err error
	}
	results := atOnce(clinics*callers, func(i int) result {
		c := orgs[i%clinics]
		out, err := c.store.Claim(ctx, c.org, claim(booking.NewID(c.org, fmt.Sprint("caller-", i/clinics)), hour(10)))
		return result{err == nil && !out.Taken, err}
	})
	won := make([]int, clinics)
	for i, r := range results {
		if r.err != nil {
			t.Fatalf("a claim: %v", r.err)
		}
		if r.won {
			won[i%clinics]++
		}
	}
	for _, n := range won {
		if n != 1 {
			t.Fatalf("winners by clinic are %v, want one in each", won)
		}
	}
}

// attempts are made by workers that share the store, so that one clinic's call
// follows another's on one connection, in one cache, in one pool. Among ten
// attempts there is a call on the clinic's own appointments, which succeeds:
// a store that answers nothing has no silos.
func attempts(ctx context.Context, t reporter, s silos) {
	const workers, clinics, each = 8, 4, 10
	total := 10_000
	if s.short {
		total = 800
	}
	var orgs []silo
	var ids [][]booking.ID
	var before []string
	for range clinics {
		c := s.silo()
		var own []booking.ID
		for n := range each {
			own = append(own, c.book(ctx, t, fmt.Sprint("key-", n), hour(n)).ID)
		}
		orgs, ids = append(orgs, c), append(ids, own)
		before = append(before, c.contents(ctx, t))
	}
	seed := uint64(time.Now().UnixNano())
	type result struct {
		tried, controls int
		wrong           string
	}
	results := atOnce(workers, func(w int) (r result) {
		random := rand.New(rand.NewPCG(seed, uint64(w)))
		for n := range total / workers {
			us := random.IntN(clinics)
			if n%10 == 0 {
				if r.wrong = ownCall(ctx, orgs[us], ids[us][random.IntN(each)], each, random.IntN(3)); r.wrong != "" {
					return r
				}
				r.controls++
			}
			them := (us + 1 + random.IntN(clinics-1)) % clinics
			try := byID[random.IntN(len(byID))]
			if r.wrong = try.refused(ctx, orgs[us], ids[them][random.IntN(each)]); r.wrong != "" {
				return r
			}
			r.tried++
		}
		return r
	})
	tried, controls := 0, 0
	for _, r := range results {
		if r.wrong != "" {
			t.Fatalf("seed %d, after %d attempts of one worker: %s", seed, r.tried, r.wrong)
		}
		tried, controls = tried+r.tried, controls+r.controls
	}
	if tried != total || controls != total/10 {
		t.Fatalf("%d attempts and %d calls on the own, want %d and %d", tried, controls, total, total/10)
	}
	for i, c := range orgs {
		if c.contents(ctx, t) != before[i] {
			t.Fatalf("seed %d: a clinic was changed by another", seed)
		}
	}
}

// ownCall makes a call that a clinic may make and that changes nothing. It
// returns what is wrong with the answer.
func ownCall(ctx context.Context, c silo, id booking.ID, count, kind int) string {
	switch kind {
	case 0:
		found, err := c.store.ListAppointments(ctx, c.org, booking.AppointmentFilter{ID: id, Phone: caller})
		if err != nil || len(found) != 1 || found[0].ID != id {
			return fmt.Sprintf("a clinic finds %d of its own by id, error %v", len(found), err)
		}
	case 1:
		found, err := c.store.ListAppointments(ctx, c.org, booking.AppointmentFilter{From: hour(0)})
		if err != nil || len(found) != count {
			return fmt.Sprintf("a clinic finds %d of its own %d, error %v", len(found), count, err)
		}
	default:
		if a, err := c.store.Confirm(ctx, c.org, id, "vapi:call-1"); err != nil || a.ID != id {
			return fmt.Sprintf("a clinic confirms its own: error %v", err)
		}
	}
	return ""
}
