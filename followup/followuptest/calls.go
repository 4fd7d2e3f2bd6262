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

// known is what facts make of a call, whenever they came.
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
	equal(f, "ended while it goes on", c.Ended.IsZero(), true)
	if c.FirstSeen.Before(before) || c.LastSeen.Before(c.FirstSeen) || c.Now.Before(c.LastSeen) {
		f.Errorf("FirstSeen %v, LastSeen %v, Now %v, of a call first heard of at %v", c.FirstSeen, c.LastSeen, c.Now, before)
	}
	f.tick()
	last := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Reported, Ended: now, At: now, Procedure: "botox", Evidence: followup.FromTranscript, Wanted: appointmentStart, RecheckAfter: time.Hour})
	equal(f, "the phone, which was told before", last.Phone, phone(1))
	equal(f, "the procedure", last.Procedure, "botox")
	equal(f, "its evidence", last.Evidence, followup.FromTranscript)
	equal(f, "reported", last.Reported, true)
	f.equalTime("Ended", last.Ended, now)
	f.equalTime("Wanted", last.Wanted, appointmentStart)
	f.equalTime("FirstSeen", last.FirstSeen, c.FirstSeen)
	if !last.LastSeen.After(c.LastSeen) {
		f.Errorf("LastSeen is %v after more was heard, and was %v before", last.LastSeen, c.LastSeen)
	}
}

func createsCallAndContact(f *storeFixture) {
	equal(f, "known before they called", f.summary(1).Known, false)
	f.beginCall("c", 1)
	equal(f, "known after they called", f.summary(1).Known, true)
	_, err := f.Booking.Claim(f.ctx, f.org, booking.Claim{
		ID: booking.NewID(f.org, "k"), Start: appointmentStart, End: appointmentStart.Add(time.Hour), Zone: "UTC",
		Occupied: hour(appointmentStart), Needs: room("k"),
		Contact: booking.Contact{Phone: phone(1), Name: "Ada", Email: "ada@example.com"},
	})
	f.noError("Claim", err)
	f.beginCall("d", 1)
	found, err := f.Booking.ListAppointments(f.ctx, f.org, booking.AppointmentFilter{Phone: phone(1)})
	f.noError("Find", err)
	if len(found) != 1 || found[0].Contact.Name != "Ada" || found[0].Contact.Email != "ada@example.com" {
		f.Errorf("a call took a contact's name or e-mail")
	}
}

// updatesOf is all that is told of a call.
func updatesOf(call string, now time.Time) []followup.CallUpdate {
	facts := []followup.CallUpdate{
		{Signal: followup.Seen, Phone: phone(1), Began: now.Add(-5 * time.Minute), At: now.Add(-5 * time.Minute)},
		{Signal: followup.Seen, Procedure: "botox", Evidence: followup.FromTool, At: now.Add(-4 * time.Minute), Wanted: appointmentStart},
		{Signal: followup.Seen, Procedure: "peel", Evidence: followup.FromTool, At: now.Add(-3 * time.Minute), Wanted: appointmentStart.Add(time.Hour)},
		{Signal: followup.Hang, At: now.Add(-2 * time.Minute)},
		{Signal: followup.Ended, Phone: phone(1), Ended: now.Add(-time.Minute), At: now.Add(-time.Minute)},
		{Signal: followup.Reported, Began: now.Add(-4 * time.Minute), Ended: now, Procedure: "filler", Evidence: followup.FromTranscript, At: now, ClaimsBooked: true},
		{Signal: followup.Reported, Procedure: "laser", Evidence: followup.FromAnalysis, At: now},
	}
	for i := range facts {
		facts[i].Call, facts[i].RecheckAfter = call, time.Hour
	}
	return facts
}

func anyOrder(f *storeFixture) {
	now := f.now()
	var want string
	for n := range 1 + f.Rounds/10 {
		facts := updatesOf(fmt.Sprint("call ", n), now)
		if n > 0 {
			for range f.rng.IntN(5) {
				facts = append(facts, facts[f.rng.IntN(len(facts))])
			}
			f.rng.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		}
		var last followup.Call
		for _, fact := range facts {
			last = f.updateCall(fact)
		}
		id := last.ID
		last.ID = ""
		if n == 0 {
			want = callText(last)
		}
		if got := callText(last); got != want {
			f.Fatalf("seed %d: %s in the order %v is\n%s, want\n%s", f.Seed, id, facts, got, want)
		}
	}
}

func concurrentUpdates(f *storeFixture) {
	now := f.now()
	first := followup.Call{}
	for _, fact := range updatesOf("one after another", now) {
		first = f.updateCall(fact)
	}
	for n := range 1 + f.Rounds/40 {
		facts := updatesOf(fmt.Sprint("at once ", n), now)
		facts = append(facts, facts...)
		for _, err := range suite.Race(len(facts), func(i int) error {
			_, err := f.Store.UpdateCall(f.ctx, f.org, facts[i])
			return err
		}) {
			f.noError("one of many Records at once", err)
		}
		got := f.call(facts[0].Call)
		got.ID = first.ID
		if callText(got) != callText(first) {
			f.Fatalf("facts told at once are\n%s, want\n%s", callText(got), callText(first))
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
	tell := func(p followup.ProcedureID, e followup.Evidence, at time.Duration, want followup.ProcedureID) {
		f.Helper()
		c := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Seen, Procedure: p, Evidence: e, At: now.Add(at * time.Second), RecheckAfter: time.Hour})
		equal(f, fmt.Sprintf("the procedure, after %s by evidence %d at second %d", p, e, at), c.Procedure, want)
	}
	tell("filler", followup.FromTranscript, 9, "filler")
	tell("laser", followup.FromAnalysis, 8, "laser")
	tell("botox", followup.FromTool, 2, "botox")
	tell("peel", followup.FromTool, 3, "peel")
	tell("earlier", followup.FromTool, 1, "peel")
	tell("later-but-weaker", followup.FromAnalysis, 20, "peel")
	tell("", followup.NoEvidence, 30, "peel")
	for _, wanted := range []struct{ at, want int }{{2, 2}, {3, 3}, {1, 3}} {
		c := f.updateCall(followup.CallUpdate{
			Call: "c", Signal: followup.Seen, At: now.Add(time.Duration(wanted.at) * time.Second),
			Wanted: appointmentStart.AddDate(0, 0, wanted.at), RecheckAfter: time.Hour,
		})
		f.equalTime(fmt.Sprint("Wanted, after what was told at second ", wanted.at), c.Wanted, appointmentStart.AddDate(0, 0, wanted.want))
	}
}

func flagsStayTrue(f *storeFixture) {
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Reported, ClaimsBooked: true, RecheckAfter: time.Hour})
	c := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Ended, RecheckAfter: time.Hour})
	if !c.Reported || !c.ClaimsBooked || c.Booked {
		f.Errorf("reported %v, claims booked %v, booked %v; want true, true and, as nothing was, false", c.Reported, c.ClaimsBooked, c.Booked)
	}
}

func beganAndEnded(f *storeFixture) {
	c := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Seen, RecheckAfter: time.Hour})
	f.equalTime("Began, of which nothing was told", c.Began, c.FirstSeen)
	f.tick()
	over := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Ended, RecheckAfter: time.Hour})
	f.equalTime("Ended, of which nothing was told", over.Ended, over.LastSeen)
	f.tick()
	later := f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Reported, RecheckAfter: time.Hour})
	f.equalTime("Ended, when it was told again that the call is over", later.Ended, over.Ended)
}

func callBooked(f *storeFixture) {
	earlier := f.book("earlier", 1, "another call", 0)
	held := f.book("held", 2, "another call", 24*time.Hour)
	f.tick()
	for n := range 5 {
		f.beginCall(fmt.Sprint("call ", n), n)
	}
	booked := func(n int, what string, want bool) {
		f.Helper()
		equal(f, what, f.call(fmt.Sprint("call ", n)).Booked, want)
	}
	booked(1, "booked by an appointment that was made before the call", false)
	booked(2, "booked by a hold", false)
	f.book("new", 0, "", 0)
	booked(0, "booked by an appointment that its contact made on another channel", true)
	f.noError("Move", f.moveAppointment("earlier", 1))
	booked(1, "booked by an appointment that its contact moved", true)
	f.noError("Confirm", f.confirm(held))
	booked(2, "booked by a hold that its contact confirmed", true)
	f.book("for a friend", 9, "call 3", 0)
	booked(3, "booked by an appointment that was made in it for somebody else", true)
	f.book("hold in call", 4, "call 4", time.Hour)
	booked(4, "booked by a hold that was made in it", false)
	f.noError("Cancel", f.cancel(earlier))
	f.updateCall(followup.CallUpdate{Call: "call before", Signal: followup.Seen, Began: f.now().Add(-time.Hour), Phone: phone(0), RecheckAfter: time.Hour})
	equal(f, "booked in a call that began before, as was told later", f.call("call before").Booked, true)
	f.updateCall(followup.CallUpdate{Call: "withheld", Signal: followup.Seen, RecheckAfter: time.Hour})
	equal(f, "booked in a call of nobody", f.call("withheld").Booked, false)
}

func callConsented(f *storeFixture) {
	f.beginCall("c", 1)
	f.beginCall("d", 1)
	f.recordConsent(followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "c", At: f.now()})
	equal(f, "consented in the call", f.call("c").Consented, true)
	equal(f, "consented in another call", f.call("d").Consented, false)
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
		equal(f, "due: call "+id, got, want)
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
	told := f.updateCall(updatesOf("c", f.now())[0])
	if got := f.call("c"); callText(got) != callText(told) {
		f.Errorf("Call is %s, and Record said %s", callText(got), callText(told))
	}
	if _, err := f.Store.Call(f.ctx, f.org, "nobody's"); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("an unknown call: error %v, want %v", err, followup.ErrNotFound)
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
			f.Errorf("it is %+v, want %s of %s with status %s", struct{ followup.Appointment }{a}, id, phone(1), status)
		}
		return a
	}
	id := f.book("a", 1, "c", time.Hour)
	held := get(id, booking.Held)
	equal(f, "made while it is held", held.Made.IsZero(), true)
	f.equalTime("its start", held.Start, appointmentStart)
	f.tick()
	f.noError("Confirm", f.confirm(id))
	made := get(id, booking.Booked)
	equal(f, "made when its hold was confirmed", made.Made.IsZero(), false)
	f.equalTime("Changed when it was confirmed", made.Changed, made.Made)
	f.tick()
	f.noError("Move", f.moveAppointment("a", 1))
	moved := get(id, booking.Booked)
	f.equalTime("its start, moved", moved.Start, appointmentStart.AddDate(0, 0, 1))
	f.equalTime("Made, moved", moved.Made, made.Made)
	equal(f, "Changed later than Made when it was moved", moved.Changed.After(moved.Made), true)
	f.tick()
	f.noError("Cancel", f.cancel(id))
	cancelled := get(id, booking.Cancelled)
	equal(f, "Changed later when it was cancelled", cancelled.Changed.After(moved.Changed), true)
	f.equalTime("Made, cancelled", cancelled.Made, made.Made)

	lapsed := f.book("b", 1, "c", f.interval())
	f.elapse(f.interval())
	equal(f, "made of a hold that lapsed", get(lapsed, booking.Expired).Made.IsZero(), true)
	if _, err := f.Store.Appointment(f.ctx, f.org, string(followup.NewIntentID(f.org, "none"))); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("an unknown appointment: error %v, want %v", err, followup.ErrNotFound)
	}
}

func changesScheduleTask(f *storeFixture) {
	var id booking.ID
	for _, change := range []struct {
		what string
		make func() error
	}{
		{"held", func() (err error) { id, err = f.tryBook("a", 1, "c", 24*time.Hour); return err }},
		{"confirmed", func() error { return f.confirm(id) }},
		{"moved", func() error { return f.moveAppointment("a", 1) }},
		{"cancelled", func() error { return f.cancel(id) }},
		{"booked", func() (err error) { id, err = f.tryBook("b", 1, "c", 0); return err }},
	} {
		f.noError(change.what, change.make())
		due := f.dequeueAll(time.Hour)
		task, ok := find(due, followup.TaskAppointment, string(id))
		if !ok {
			f.Fatalf("an appointment that was %s does not come due: %v", change.what, due)
		}
		f.noError("Drop", f.Queue.Ack(f.ctx, task))
	}
	lapsed := f.book("c", 1, "c", f.interval())
	f.noError("Drop", f.Queue.Ack(f.ctx, f.expectDue(followup.TaskAppointment, string(lapsed))))
	f.elapse(f.interval())
	if err := f.confirm(lapsed); !errors.Is(err, booking.ErrExpired) {
		f.Fatalf("a confirmation of a hold that lapsed: error %v", err)
	}
	f.expectDue(followup.TaskAppointment, string(lapsed))
}
