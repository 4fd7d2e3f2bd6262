package bookingtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var storeChecks = []check{
	{"every method refuses the zero tenant.ID with an error that wraps tenant.ErrNoOrg", zeroOrg},
	{"the data of another clinic is never seen, changed, counted or collided with", twoClinics},
	{"a store that gives up returns ErrUnavailable if it made no change, and ErrOutcomeUnknown if it may have made one", givesUp},
	{"after a lost answer the same call returns the outcome of the first", lostAnswers},
}

// everyMethod calls each method of a store as clinic org would for c.
func everyMethod(ctx context.Context, s booking.Store, org tenant.ID, c booking.Claim) map[string]error {
	errs := map[string]error{}
	_, errs["Claim"] = s.Claim(ctx, org, c)
	_, errs["Move"] = s.Move(ctx, org, booking.Move{ID: c.ID, Start: c.Start, End: c.End, Occupied: c.Occupied, Needs: c.Needs})
	_, errs["Confirm"] = s.Confirm(ctx, org, c.ID, "vapi:test")
	_, errs["Cancel"] = s.Cancel(ctx, org, c.ID, "vapi:test")
	_, errs["ListBusy"] = s.ListBusy(ctx, org, booking.BusyQuery{Resources: []booking.ResourceID{amara}, From: at(0, 0), To: at(24, 0)})
	_, errs["ListAppointments"] = s.ListAppointments(ctx, org, booking.AppointmentFilter{ID: c.ID})
	_, errs["ListEvents"] = s.ListEvents(ctx, org, c.ID)
	return errs
}

func zeroOrg(f *fixture) {
	for method, err := range everyMethod(f.ctx, f.Store, tenant.ID{}, f.claim("a", at(10, 0))) {
		if !errors.Is(err, tenant.ErrNoOrg) {
			f.Errorf("%s without a clinic: error %v, want %v", method, err, tenant.ErrNoOrg)
		}
	}
}

func twoClinics(f *fixture) {
	ours := f.wins(f.claim("same key", at(10, 0)))
	home := f.org
	f.org = f.Org()
	if found := f.list(booking.AppointmentFilter{From: at(0, 0)}); len(found) > 0 {
		f.Fatalf("a new clinic finds %d appointments", len(found))
	}
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara))
	theirs := f.wins(f.claim("same key", at(10, 0)))
	if theirs.ID == ours.ID || theirs.Contact.ID == ours.Contact.ID {
		f.Fatalf("two clinics share an id")
	}
	_, err := f.cancel(ours.ID)
	f.wantError("a cancel of another clinic's appointment", booking.Appointment{}, err, booking.ErrNotFound)
	f.cancels(theirs.ID)
	f.org = home
	f.wantSame("the first clinic's appointment", f.get(ours.ID), ours)
}

func gaveUp(err error) bool {
	return errors.Is(err, booking.ErrUnavailable) || errors.Is(err, booking.ErrOutcomeUnknown)
}

// givesUp calls every method with a cancelled context.
func givesUp(f *fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	a := f.wins(f.claim("kept", at(9, 0)))
	for method, err := range everyMethod(ctx, f.Store, f.org, f.claim("a", at(10, 0))) {
		if !gaveUp(err) {
			f.Errorf("%s with a cancelled context: error %v, want %v or %v", method, err, booking.ErrUnavailable, booking.ErrOutcomeUnknown)
		}
	}
	if _, err := f.Store.Cancel(ctx, f.org, a.ID, "vapi:test"); errors.Is(err, booking.ErrUnavailable) {
		f.wantSame("what was not cancelled", f.get(a.ID), a)
	}
}

// lostAnswers cuts calls short somewhere on their way.
func lostAnswers(f *fixture) {
	rounds := f.rounds(60)
	cut := func(round int, call func(ctx context.Context) error) error {
		ctx, cancel := context.WithCancel(f.ctx)
		defer cancel()
		return suite.Race(2, func(i int) error {
			if i == 0 {
				return call(ctx)
			}
			late := 2 * time.Millisecond * time.Duration(round) / time.Duration(rounds)
			for start := time.Now(); time.Since(start) < late; {
				continue // a timer is too coarse to hit a call under way
			}
			cancel()
			return nil
		})[0]
	}
	for round := range rounds {
		r := booking.ResourceID(fmt.Sprint("device-", round))
		c := f.claim(fmt.Sprint("a-", round), at(10, 0), one(r))
		var out booking.Outcome
		err := cut(round, func(ctx context.Context) (err error) {
			out, err = f.Store.Claim(ctx, f.org, c)
			return err
		})
		stored := f.list(booking.AppointmentFilter{ID: c.ID})
		switch {
		case err == nil && out.Taken:
			f.Fatalf("round %d: a claim of free time got taken", round)
		case err == nil && len(stored) != 1:
			f.Fatalf("round %d: an acknowledged claim is not kept", round)
		case err != nil && !gaveUp(err):
			f.Fatalf("round %d: a claim cut short: %v", round, err)
		}
		again, err2 := f.Store.Claim(f.ctx, f.org, c)
		if err2 != nil || again.Taken {
			f.Fatalf("round %d: the same claim again: %s", round, show(again, err2))
		}
		if err == nil && !again.Replay {
			f.Fatalf("round %d: the replay of an acknowledged claim is a new one", round)
		}
		if errors.Is(err, booking.ErrUnavailable) && !errors.Is(err, booking.ErrOutcomeUnknown) && again.Replay {
			f.Fatalf("round %d: a claim made a change and returned ErrUnavailable", round)
		}
		f.wantKinds(c.ID, "booked")

		err = cut(round, func(ctx context.Context) error {
			_, err := f.Store.Cancel(ctx, f.org, c.ID, "vapi:canceller")
			return err
		})
		if err != nil && !gaveUp(err) {
			f.Fatalf("round %d: a cancel cut short: %v", round, err)
		}
		before := f.get(c.ID).Status
		if err == nil && before != booking.Cancelled ||
			errors.Is(err, booking.ErrUnavailable) && !errors.Is(err, booking.ErrOutcomeUnknown) && before != booking.Booked {
			f.Fatalf("round %d: after a cancel with error %v the appointment is %s", round, err, before)
		}
		f.cancels(c.ID)
		f.wantKinds(c.ID, "booked", "cancelled")
	}
}
