package followuptest

import (
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var updateCallChecks = []check[*storeFixture]{
	{"UpdateCall merges u into the state of its call and returns the new state", merges},

	{"UpdateCall creates the call, and the contact of u.Phone, if they are new", createsCallAndContact},
	{"neither the order of updates nor a repeated one makes a difference", anyOrder},

	{"concurrent updates are all merged", concurrentUpdates},
	{"the earliest Began and the earliest Ended stand, and the first Phone", earliestStand},

	{"the procedure with the strongest evidence stands, and of equal evidence the one with the later At; of Wanted the one with the later At", strongestStands},

	{"Reported and ClaimsBooked stay true", flagsStayTrue},
	{"without a time in the updates, Began is FirstSeen, and Ended is when the store learned that the call is over", beganAndEnded},

	{"Booked reports that an appointment was made, confirmed or moved in this call, or by its contact on any channel since it began", callBooked},

	{"Consented reports that the caller agreed in this call to be texted", callConsented},

	{"a call that is over is due u.RecheckAfter from now, or earlier if it already was", endedCallIsDue},
	{"a call that goes on is due u.RecheckAfter after its last update", openCallIsDue},
	{"a concluded call is not due", concludedCallIsNotDue},
}

var callChecks = []check[*storeFixture]{
	{"Call returns the state of a call; the error is ErrNotFound for an unknown one", returnsCall},
}

// callText returns the fields of a call that do not depend on when its updates
// arrived.
func callText(c followup.Call) string {
	return fmt.Sprint(c.ID, " phone ", c.Phone, " began ", c.Began.UnixMicro(), " ended ", c.Ended.UnixMicro(), " reported ", c.Reported,
		" procedure ", c.Procedure, c.Evidence, " wanted ", c.Wanted.UnixMicro(), " claims booked ", c.ClaimsBooked, " concluded ", c.Concluded)
}

func merges(f *storeFixture) {
	before := f.now()
	now := before
	c := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Seen, Phone: phone(1), Began: now.Add(-time.Minute), At: now, RecheckAfter: time.Hour})
	equal(f, "the phone", c.Phone, phone(1))
	f.equalTime("Began", c.Began, now.Add(-time.Minute))
	equal(f, "Ended is zero while the call goes on", c.Ended.IsZero(), true)
	if c.FirstSeen.Before(before) || c.LastSeen.Before(c.FirstSeen) || c.Now.Before(c.LastSeen) {
		f.Errorf("FirstSeen is %v, LastSeen %v and Now %v, want this order after %v", c.FirstSeen, c.LastSeen, c.Now, before)
	}
	f.tick()
	last := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Reported, Ended: now, At: now, Procedure: "botox", Evidence: followup.FromTranscript, Wanted: appointmentStart, RecheckAfter: time.Hour})
	equal(f, "the phone, of an earlier update", last.Phone, phone(1))
	equal(f, "the procedure", last.Procedure, "botox")
	equal(f, "the evidence", last.Evidence, followup.FromTranscript)
	equal(f, "Reported", last.Reported, true)
	f.equalTime("Ended", last.Ended, now)
	f.equalTime("Wanted", last.Wanted, appointmentStart)
	f.equalTime("FirstSeen", last.FirstSeen, c.FirstSeen)
	if !last.LastSeen.After(c.LastSeen) {
		f.Errorf("LastSeen is %v after a second update, want later than %v", last.LastSeen, c.LastSeen)
	}
}

func createsCallAndContact(f *storeFixture) {
	equal(f, "Known before the call", f.summary(1).Known, false)
	f.beginCall("c", 1)
	equal(f, "Known after the call", f.summary(1).Known, true)
	_, err := f.Booking.Claim(f.ctx, f.org, booking.Claim{
		ID: booking.NewID(f.org, "k"), Start: appointmentStart, End: appointmentStart.Add(time.Hour), Zone: "UTC",
		Occupied: hour(appointmentStart), Needs: room("k"),
		Contact: booking.Contact{Phone: phone(1), Name: "Ada", Email: "ada@example.com"},
	})
	f.noError("Claim", err)
	f.beginCall("d", 1)
	found, err := f.Booking.ListAppointments(f.ctx, f.org, booking.AppointmentFilter{Phone: phone(1)})
	f.noError("ListAppointments", err)
	if len(found) != 1 || found[0].Contact.Name != "Ada" || found[0].Contact.Email != "ada@example.com" {
		f.Errorf("UpdateCall changed the name or the e-mail of a contact")
	}
}

// updatesOf returns the updates of one call, in the order of their At.
func updatesOf(call string, now time.Time) []followup.CallUpdate {
	updates := []followup.CallUpdate{
		{Signal: followup.Seen, Phone: phone(1), Began: now.Add(-5 * time.Minute), At: now.Add(-5 * time.Minute)},
		{Signal: followup.Seen, Procedure: "botox", Evidence: followup.FromTool, At: now.Add(-4 * time.Minute), Wanted: appointmentStart},
		{Signal: followup.Seen, Procedure: "peel", Evidence: followup.FromTool, At: now.Add(-3 * time.Minute), Wanted: appointmentStart.Add(time.Hour)},
		{Signal: followup.Hang, At: now.Add(-2 * time.Minute)},
		{Signal: followup.Ended, Phone: phone(1), Ended: now.Add(-time.Minute), At: now.Add(-time.Minute)},
		{Signal: followup.Reported, Began: now.Add(-4 * time.Minute), Ended: now, Procedure: "filler", Evidence: followup.FromTranscript, At: now, ClaimsBooked: true},
		{Signal: followup.Reported, Procedure: "laser", Evidence: followup.FromAnalysis, At: now},
	}
	for i := range updates {
		updates[i].Call, updates[i].RecheckAfter = call, time.Hour
	}
	return updates
}

func anyOrder(f *storeFixture) {
	now := f.now()
	var want string
	for n := range 1 + f.Rounds/10 {
		updates := updatesOf(fmt.Sprint("call ", n), now)
		if n > 0 {
			for range f.rng.IntN(5) {
				updates = append(updates, updates[f.rng.IntN(len(updates))])
			}
			f.rng.Shuffle(len(updates), func(i, j int) { updates[i], updates[j] = updates[j], updates[i] })
		}
		var last followup.Call
		for _, u := range updates {
			last = f.updateCall(u)
		}
		id := last.ID
		last.ID = ""
		if n == 0 {
			want = callText(last)
		}
		if got := callText(last); got != want {
			f.Fatalf("seed %d: %s, with the updates in the order %v, is\n%s\nwant\n%s", f.Seed, id, updates, got, want)
		}
	}
}

func concurrentUpdates(f *storeFixture) {
	now := f.now()
	first := followup.Call{}
	for _, u := range updatesOf("one after another", now) {
		first = f.updateCall(u)
	}
	for n := range 1 + f.Rounds/40 {
		updates := updatesOf(fmt.Sprint("concurrent ", n), now)
		updates = append(updates, updates...)
		for _, err := range suite.Race(len(updates), func(i int) error {
			_, err := f.Store.UpdateCall(f.ctx, f.org, updates[i])
			return err
		}) {
			f.noError("a concurrent UpdateCall", err)
		}
		got := f.call(updates[0].Call)
		got.ID = first.ID
		if callText(got) != callText(first) {
			f.Fatalf("the call after concurrent updates is\n%s\nwant\n%s", callText(got), callText(first))
		}
	}
}

func earliestStand(f *storeFixture) {
	now := f.now()
	for _, began := range []time.Duration{3, 1, 2} {
		f.updateCall(followup.CallUpdate{
			Call: "c", Signal: followup.Ended, Phone: phone(int(began)), RecheckAfter: time.Hour,
			Began: now.Add(began * time.Second), Ended: now.Add(began * time.Minute),
		})
	}
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Ended, RecheckAfter: time.Hour})
	c := f.call("c")
	f.equalTime("Began", c.Began, now.Add(time.Second))
	f.equalTime("Ended", c.Ended, now.Add(time.Minute))
	equal(f, "the phone", c.Phone, phone(3))
}

func strongestStands(f *storeFixture) {
	now := f.now()
	update := func(p followup.ProcedureID, e followup.Evidence, at time.Duration, want followup.ProcedureID) {
		f.Helper()
		c := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Seen, Procedure: p, Evidence: e, At: now.Add(at * time.Second), RecheckAfter: time.Hour})
		equal(f, fmt.Sprintf("the procedure after %q with evidence %d at second %d", p, e, at), c.Procedure, want)
	}
	update("filler", followup.FromTranscript, 9, "filler")
	update("laser", followup.FromAnalysis, 8, "laser")
	update("botox", followup.FromTool, 2, "botox")
	update("peel", followup.FromTool, 3, "peel")
	update("earlier", followup.FromTool, 1, "peel")
	update("later-but-weaker", followup.FromAnalysis, 20, "peel")
	update("", followup.NoEvidence, 30, "peel")
	for _, wanted := range []struct{ at, want int }{{2, 2}, {3, 3}, {1, 3}} {
		c := f.updateCall(followup.CallUpdate{
			Call: "c", Signal: followup.Seen, At: now.Add(time.Duration(wanted.at) * time.Second),
			Wanted: appointmentStart.AddDate(0, 0, wanted.at), RecheckAfter: time.Hour,
		})
		f.equalTime(fmt.Sprint("Wanted after an update at second ", wanted.at), c.Wanted, appointmentStart.AddDate(0, 0, wanted.want))
	}
}

func flagsStayTrue(f *storeFixture) {
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Reported, ClaimsBooked: true, RecheckAfter: time.Hour})
	c := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Ended, RecheckAfter: time.Hour})
	if !c.Reported || !c.ClaimsBooked || c.Booked {
		f.Errorf("Reported is %v, ClaimsBooked %v and Booked %v; want true, true and, without an appointment, false", c.Reported, c.ClaimsBooked, c.Booked)
	}
}

func beganAndEnded(f *storeFixture) {
	c := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Seen, RecheckAfter: time.Hour})
	f.equalTime("Began without one in an update", c.Began, c.FirstSeen)
	f.tick()
	over := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Ended, RecheckAfter: time.Hour})
	f.equalTime("Ended without one in an update", over.Ended, over.LastSeen)
	f.tick()
	later := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Reported, RecheckAfter: time.Hour})
	f.equalTime("Ended after a second update of a call that is over", later.Ended, over.Ended)
}

func callBooked(f *storeFixture) {
	earlier := f.book("earlier", 1, "another call", 0)
	held := f.book("held", 2, "another call", 24*time.Hour)
	f.tick()
	for n := range 5 {
		f.beginCall(fmt.Sprint("call ", n), n)
	}
	booked := func(n int, name string, want bool) {
		f.Helper()
		equal(f, name, f.call(fmt.Sprint("call ", n)).Booked, want)
	}
	booked(1, "Booked after an appointment made before the call", false)
	booked(2, "Booked with a hold", false)
	f.book("new", 0, "", 0)
	booked(0, "Booked after an appointment by its contact on another channel", true)
	f.noError("Move", f.moveAppointment("earlier", 1))
	booked(1, "Booked after a move by its contact", true)
	f.noError("Confirm", f.confirm(held))
	booked(2, "Booked after a confirmation by its contact", true)
	f.book("for a friend", 9, "call 3", 0)
	booked(3, "Booked after an appointment made in the call for another contact", true)
	f.book("hold in call", 4, "call 4", time.Hour)
	booked(4, "Booked with a hold made in the call", false)
	f.noError("Cancel", f.cancel(earlier))
	f.updateCall(followup.CallUpdate{Call: "call before", Signal: followup.Seen, Began: f.now().Add(-time.Hour), Phone: phone(0), RecheckAfter: time.Hour})
	equal(f, "Booked of a call that began before the appointment, as a later update reports", f.call("call before").Booked, true)
	f.updateCall(followup.CallUpdate{Call: "withheld", Signal: followup.Seen, RecheckAfter: time.Hour})
	equal(f, "Booked of a call with a withheld number", f.call("withheld").Booked, false)
}

func callConsented(f *storeFixture) {
	f.beginCall("c", 1)
	f.beginCall("d", 1)
	f.recordConsent(followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "c", At: f.now()})
	equal(f, "Consented of the call of the consent", f.call("c").Consented, true)
	equal(f, "Consented of another call", f.call("d").Consented, false)
}

func endedCallIsDue(f *storeFixture) {
	interval := f.interval()
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Seen, RecheckAfter: 100 * interval})
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Ended, RecheckAfter: interval})
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Reported, RecheckAfter: 50 * interval})
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Seen, RecheckAfter: 50 * interval})
	f.expectDueAfter(interval, followup.TaskCall, "c")
}

func openCallIsDue(f *storeFixture) {
	interval := f.interval()
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Hang, RecheckAfter: interval})
	f.updateCall(followup.CallUpdate{Call: "d", Signal: followup.Seen, RecheckAfter: time.Hour})
	f.updateCall(followup.CallUpdate{Call: "d", Signal: followup.Hang, RecheckAfter: interval})
	f.updateCall(followup.CallUpdate{Call: "e", Signal: followup.Hang, RecheckAfter: interval})
	f.updateCall(followup.CallUpdate{Call: "e", Signal: followup.Seen, RecheckAfter: 24 * time.Hour})
	f.elapse(interval)
	due := f.dequeueAll(time.Hour)
	for id, want := range map[string]bool{"c": true, "d": true, "e": false} {
		_, got := find(due, followup.TaskCall, id)
		equal(f, "a task is due of call "+id, got, want)
	}
}

func concludedCallIsNotDue(f *storeFixture) {
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Ended})
	f.planIntents(f.expectDue(followup.TaskCall, "c"))
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Reported})
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Seen})
	f.expectNotDue(followup.TaskCall, "c")
}

func returnsCall(f *storeFixture) {
	want := f.updateCall(updatesOf("c", f.now())[0])
	if got := f.call("c"); callText(got) != callText(want) {
		f.Errorf("Call returned %s, want %s as UpdateCall returned", callText(got), callText(want))
	}
	if _, err := f.Store.Call(f.ctx, f.org, "unknown"); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("Call of an unknown call: error %v, want %v", err, followup.ErrNotFound)
	}
}

var appointmentChecks = []check[*storeFixture]{
	{"Appointment returns the part of an appointment that messages need; the error is ErrNotFound for an unknown one", returnsAppointment},

	{"every change of an appointment schedules a task with its id, in the transaction of the change", changesScheduleTask},
}

func returnsAppointment(f *storeFixture) {
	get := func(id booking.ID, status booking.Status) followup.Appointment {
		f.Helper()
		a, err := f.Store.Appointment(f.ctx, f.org, string(id))
		f.noError("Appointment", err)
		if a.ID != string(id) || a.Phone != phone(1) || a.Zone != "UTC" || a.Status != string(status) || a.Now.Before(f.call("clock").FirstSeen) {
			f.Errorf("Appointment returned %+v, want %s of %s with status %s", struct{ followup.Appointment }{a}, id, phone(1), status)
		}
		return a
	}
	id := f.book("a", 1, "c", time.Hour)
	held := get(id, booking.Held)
	equal(f, "Made is zero while the appointment is held", held.Made.IsZero(), true)
	f.equalTime("Start", held.Start, appointmentStart)
	f.tick()
	f.noError("Confirm", f.confirm(id))
	made := get(id, booking.Booked)
	equal(f, "Made is zero after a confirmation", made.Made.IsZero(), false)
	f.equalTime("Changed after a confirmation", made.Changed, made.Made)
	f.tick()
	f.noError("Move", f.moveAppointment("a", 1))
	moved := get(id, booking.Booked)
	f.equalTime("Start after a move", moved.Start, appointmentStart.AddDate(0, 0, 1))
	f.equalTime("Made after a move", moved.Made, made.Made)
	equal(f, "Changed is later than Made after a move", moved.Changed.After(moved.Made), true)
	f.tick()
	f.noError("Cancel", f.cancel(id))
	cancelled := get(id, booking.Cancelled)
	equal(f, "Changed is later after a cancellation", cancelled.Changed.After(moved.Changed), true)
	f.equalTime("Made after a cancellation", cancelled.Made, made.Made)

	expired := f.book("b", 1, "c", f.interval())
	f.elapse(f.interval())
	equal(f, "Made is zero for an expired hold", get(expired, booking.Expired).Made.IsZero(), true)
	if _, err := f.Store.Appointment(f.ctx, f.org, string(followup.NewIntentID(f.org, "none"))); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("Appointment of an unknown appointment: error %v, want %v", err, followup.ErrNotFound)
	}
}

func changesScheduleTask(f *storeFixture) {
	var id booking.ID
	for _, change := range []struct {
		name string
		make func() error
	}{
		{"held", func() (err error) { id, err = f.tryBook("a", 1, "c", 24*time.Hour); return err }},
		{"confirmed", func() error { return f.confirm(id) }},
		{"moved", func() error { return f.moveAppointment("a", 1) }},
		{"cancelled", func() error { return f.cancel(id) }},
		{"booked", func() (err error) { id, err = f.tryBook("b", 1, "c", 0); return err }},
	} {
		f.noError(change.name, change.make())
		due := f.dequeueAll(time.Hour)
		task, ok := find(due, followup.TaskAppointment, string(id))
		if !ok {
			f.Fatalf("no task is due of an appointment that was %s, only %v", change.name, due)
		}
		f.noError("Ack", f.Queue.Ack(f.ctx, task))
	}
	expired := f.book("c", 1, "c", f.interval())
	f.noError("Ack", f.Queue.Ack(f.ctx, f.expectDue(followup.TaskAppointment, string(expired))))
	f.elapse(f.interval())
	if err := f.confirm(expired); !errors.Is(err, booking.ErrExpired) {
		f.Fatalf("Confirm of an expired hold: error %v, want %v", err, booking.ErrExpired)
	}
	f.expectDue(followup.TaskAppointment, string(expired))
}
