package bookingtest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var confirmChecks = []check{
	{"it makes a held appointment booked", confirmHeld},
	{"confirming twice succeeds; the second confirm changes no data", confirmTwice},
	{"confirming twice at once writes one event", confirmAtOnce},
	{"the error is ErrNotFound, ErrExpired (the expiry is then written) or ErrNotOpen", confirmErrors},
	{"of a confirm and a claim that race at a hold's expiry, exactly one wins", confirmRacesClaim},
	{"of a confirm and a cancel that race, the cancel prevails", confirmRacesCancel},
}

var cancelChecks = []check{
	{"it frees an appointment's time and no other", cancelFrees},
	{"cancelling twice succeeds; the second cancel changes no data", cancelTwice},
	{"cancelling twice at once writes one event", cancelAtOnce},
	{"cancelling an expired hold succeeds without a change", cancelExpired},
	{"the error is ErrNotFound for an unknown appointment", cancelErrors},
	{"a cancelled time goes to one of five callers", cancelRacesClaims},
}

func confirmHeld(f *fixture) {
	held := f.wins(hold(f.claim("a", at(10, 0), one(amara), one(room1)), time.Hour))
	got := f.confirms(held.ID)
	want := held
	want.Status, want.Expires, want.Version = booking.Booked, time.Time{}, 2
	f.wantSame("the result of Confirm", got, want)
	f.wantSame("the appointment after it", f.get(held.ID), want)
	f.wantKinds(held.ID, "held", "confirmed")
	if e := f.events(held.ID)[1]; e.Actor != "vapi:confirmer" {
		f.Fatalf("the event is by %q", e.Actor)
	}
	if f.Advance != nil {
		f.Advance(2 * time.Hour)
		f.wantSame("the appointment after the hold would have ended", f.get(held.ID), want)
	}
	f.loses(by(2, f.claim("b", at(10, 0), one(room1))))
}

func confirmTwice(f *fixture) {
	held := f.wins(hold(f.claim("a", at(10, 0)), time.Hour))
	first := f.confirms(held.ID)
	f.wantSame("the second confirm", f.confirms(held.ID), first)
	f.wantKinds(held.ID, "held", "confirmed")
	booked := f.wins(f.claim("b", at(11, 0)))
	f.wantSame("the confirm of what was booked at once", f.confirms(booked.ID), booked)
	f.wantKinds(booked.ID, "booked")
}

// change is a Confirm or Cancel by a store's method.
type change func(id booking.ID) (booking.Appointment, error)

func (f *fixture) confirm(id booking.ID) (booking.Appointment, error) {
	return f.Store.Confirm(f.ctx, f.org, id, "vapi:confirmer")
}

func (f *fixture) cancel(id booking.ID) (booking.Appointment, error) {
	return f.Store.Cancel(f.ctx, f.org, id, "vapi:canceller")
}

// atOnce makes one change of one appointment several times at once.
func (f *fixture) atOnce(change change, id booking.ID) {
	f.Helper()
	type result struct {
		a   booking.Appointment
		err error
	}
	results := suite.Race(8, func(int) result {
		a, err := change(id)
		return result{a, err}
	})
	for _, r := range results {
		if r.err != nil {
			f.Fatalf("one of 8 equal changes at once: %v", r.err)
		}
		f.wantSame("the result of one of 8 equal changes at once", r.a, results[0].a)
	}
}

// confirmAtOnce checks that the event is part of the change: equal changes that
// race must not write two.
func confirmAtOnce(f *fixture) {
	for round := range f.rounds(10) {
		held := f.wins(hold(f.claim(fmt.Sprint("a-", round), at(8+round, 0)), time.Hour))
		f.atOnce(f.confirm, held.ID)
		f.wantKinds(held.ID, "held", "confirmed")
	}
}

func cancelAtOnce(f *fixture) {
	for round := range f.rounds(10) {
		a := f.wins(f.claim(fmt.Sprint("a-", round), at(10, 0)))
		f.atOnce(f.cancel, a.ID)
		f.wantKinds(a.ID, "booked", "cancelled")
	}
}

func confirmErrors(f *fixture) {
	d := f.shortHold()
	gone := f.wins(hold(f.claim("cancelled", at(10, 0)), time.Hour))
	f.cancels(gone.ID)
	dead := f.wins(hold(by(2, f.claim("expired", at(11, 0))), d))
	f.expire(dead.ID, d)
	for _, tt := range []struct {
		what string
		id   booking.ID
		want error
	}{
		{"an unknown appointment", booking.NewID(f.org, "never claimed"), booking.ErrNotFound},
		{"no id", "", booking.ErrNotFound},
		{"text that is not an id", "appointment 1'; --", booking.ErrNotFound},
		{"a cancelled appointment", gone.ID, booking.ErrNotOpen},
		{"an expired hold", dead.ID, booking.ErrExpired},
		{"a hold whose expiry is written", dead.ID, booking.ErrExpired},
	} {
		a, err := f.confirm(tt.id)
		f.wantError("a confirm of "+tt.what, a, err, tt.want)
	}
	f.wantKinds(gone.ID, "held", "cancelled")
	f.wantKinds(dead.ID, "held", "expired")
	f.wins(by(3, f.claim("next", at(11, 0))))
}

// confirmRacesClaim is the race that a hold which is merely ignored after its
// time loses: both sides read the clock, then both write.
func confirmRacesClaim(f *fixture) {
	for round := range f.rounds(60) {
		d := f.shortHold()
		if f.Advance == nil {
			d = time.Duration(1+round%4) * time.Millisecond
		}
		r := booking.ResourceID(fmt.Sprint("device-", round))
		held := f.wins(hold(by(1, f.claim(fmt.Sprint("a-", round), at(10, 0), one(r))), d))
		rival := fmt.Sprint("b-", round)
		var claims atomic.Int64
		results := suite.Race(3, func(i int) error {
			switch i {
			case 0: // confirms somewhere around the end
				if f.Advance == nil {
					time.Sleep(d - 500*time.Microsecond)
				}
				_, err := f.confirm(held.ID)
				return err
			case 1: // claims until an appointment owns the time for good
				for {
					key := fmt.Sprint(rival, "-", claims.Add(1))
					out, err := f.Store.Claim(f.ctx, f.org, by(2, f.claim(key, at(10, 15), one(r))))
					if err != nil || !out.Taken {
						return err
					}
					if found, err := f.Store.ListAppointments(f.ctx, f.org, booking.AppointmentFilter{ID: held.ID}); err != nil || found[0].Status == booking.Booked {
						return errors.Join(err, booking.ErrConflict)
					}
				}
			default: // time passes
				if f.Advance != nil {
					f.Advance(d)
				}
				return nil
			}
		})
		confirmed, claimed := results[0] == nil, results[1] == nil
		if !confirmed && !errors.Is(results[0], booking.ErrExpired) || !claimed && !errors.Is(results[1], booking.ErrConflict) {
			f.Fatalf("round %d: confirm %v, claim %v", round, results[0], results[1])
		}
		if confirmed == claimed {
			f.Fatalf("round %d: confirmed is %t and claimed is %t: want one winner", round, confirmed, claimed)
		}
		f.disjoint(r)
		want := []string{"held", "confirmed"}
		if claimed {
			want = []string{"held", "expired"}
		}
		f.wantKinds(held.ID, want...)
	}
}

func confirmRacesCancel(f *fixture) {
	for round := range f.rounds(20) {
		held := f.wins(hold(f.claim(fmt.Sprint("a-", round), at(10, 0)), time.Hour))
		results := suite.Race(2, func(i int) error {
			if i == 0 {
				_, err := f.confirm(held.ID)
				return err
			}
			_, err := f.cancel(held.ID)
			return err
		})
		if results[1] != nil || results[0] != nil && !errors.Is(results[0], booking.ErrNotOpen) {
			f.Fatalf("round %d: confirm %v, cancel %v", round, results[0], results[1])
		}
		want := []string{"held", "confirmed", "cancelled"}
		if results[0] != nil {
			want = []string{"held", "cancelled"}
		}
		f.wantKinds(held.ID, want...)
		if got := f.get(held.ID).Status; got != booking.Cancelled {
			f.Fatalf("round %d: the appointment is %s", round, got)
		}
	}
}

func cancelFrees(f *fixture) {
	n := needs(one(amara), one(room1))
	before := f.wins(f.claim("before", at(9, 30), n...))
	a := f.wins(f.claim("a", at(10, 0), n...))
	after := f.wins(f.claim("after", at(10, 30), n...))
	got := f.cancels(a.ID)
	want := a
	want.Status, want.Version = booking.Cancelled, 2
	f.wantSame("the result of Cancel", got, want)
	f.wantSame("the appointment after it", f.get(a.ID), want)
	f.wantSame("the one before", f.get(before.ID), before)
	f.wantSame("the one after", f.get(after.ID), after)
	f.wantKinds(a.ID, "booked", "cancelled")
	if e := f.events(a.ID)[1]; e.Actor != "vapi:canceller" {
		f.Fatalf("the event is by %q", e.Actor)
	}
	f.loses(by(2, f.claim("the one before's", at(9, 45), n...)))
	f.loses(by(2, f.claim("the one after's", at(10, 15), n...)))
	f.wins(by(2, f.claim("in its place", at(10, 0), n...)))
	held := f.wins(hold(f.claim("held", at(12, 0), n...), time.Hour))
	if got := f.cancels(held.ID); got.Status != booking.Cancelled || !got.Expires.IsZero() {
		f.Fatalf("a cancelled hold is %s", showAppointment(got))
	}
	f.wins(by(2, f.claim("in the hold's place", at(12, 0), n...)))
}

func cancelTwice(f *fixture) {
	a := f.wins(f.claim("a", at(10, 0)))
	first := f.cancels(a.ID)
	next := f.wins(by(2, f.claim("in its place", at(10, 0))))
	f.wantSame("the second cancel", f.cancels(a.ID), first)
	f.wantKinds(a.ID, "booked", "cancelled")
	f.wantSame("who has the time now", f.get(next.ID), next)
	f.loses(by(3, f.claim("still taken", at(10, 0))))
}

func cancelExpired(f *fixture) {
	d := f.shortHold()
	dead := f.wins(hold(f.claim("a", at(10, 0)), d))
	f.expire(dead.ID, d)
	for range 2 {
		if got := f.cancels(dead.ID); got.Status != booking.Expired || !got.Expires.IsZero() {
			f.Fatalf("a cancelled expired hold is %s, want expired", showAppointment(got))
		}
	}
	if slices.ContainsFunc(f.events(dead.ID), func(e booking.Event) bool { return e.Kind == "cancelled" }) {
		f.Fatalf("an expired hold was cancelled: %s", showEvents(f.events(dead.ID)))
	}
	f.wins(by(2, f.claim("in its place", at(10, 0))))
	f.cancels(dead.ID)
	f.wantKinds(dead.ID, "held", "expired")
}

// cancelErrors compares the texts of the errors: they must not reveal that
// another clinic has the appointment.
func cancelErrors(f *fixture) {
	var texts []string
	for _, id := range []booking.ID{
		booking.NewID(f.org, "never claimed"),
		f.foreign().ID,
		"",
		"appointment 1'; --",
	} {
		a, err := f.cancel(id)
		f.wantError("a cancel of an unknown appointment", a, err, booking.ErrNotFound)
		texts = append(texts, err.Error())
	}
	if len(slices.Compact(texts)) != 1 {
		f.Fatalf("the errors for unknown and foreign appointments differ: %q", texts)
	}
}

// foreign is an appointment of another clinic.
func (f *fixture) foreign() booking.Appointment {
	f.Helper()
	home := f.org
	defer func() { f.org = home }()
	f.org = f.Org()
	return f.wins(f.claim("foreign", at(10, 0)))
}

// cancelRacesClaims accepts zero or one winner: a claim may come before the
// cancellation. It never accepts two.
func cancelRacesClaims(f *fixture) {
	for round := range f.rounds(10) {
		r := booking.ResourceID(fmt.Sprint("device-", round))
		a := f.wins(f.claim(fmt.Sprint("a-", round), at(10, 0), one(r)))
		results := suite.Race(6, func(i int) result {
			if i == 0 {
				_, err := f.cancel(a.ID)
				return result{booking.Outcome{Taken: true}, err}
			}
			out, err := f.Store.Claim(f.ctx, f.org, by(i, f.claim(fmt.Sprint("b-", round, "-", i), at(10, 0), one(r))))
			return result{out, err}
		})
		if won := f.winners(results); len(won) > 1 {
			f.Fatalf("round %d: %d callers got one cancelled time", round, len(won))
		}
		f.disjoint(r)
	}
}
