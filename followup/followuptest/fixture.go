package followuptest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// A storeFixture is a fresh clinic in the stores under test, and the reporter of
// one check. Its methods fail the check with Fatalf, so they must be called from
// the goroutine of the check.
type storeFixture struct {
	suite.Reporter
	StoreHarness
	ctx context.Context
	org tenant.ID
	rng *rand.Rand
}

// fixture returns the fixture of one check. Its ctx ends after two minutes, and
// 50 ms more for each round: a check that takes longer is stuck.
func (h StoreHarness) fixture(r suite.Reporter) (*storeFixture, func()) {
	if h.Org == nil {
		h.Org = tenant.NewID
	}
	h.Rounds = cmp.Or(h.Rounds, 400)
	if suite.Short(r) {
		h.Rounds = max(1, h.Rounds/5)
	}
	h.Seed = cmp.Or(h.Seed, uint64(time.Now().UnixNano()))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute+time.Duration(h.Rounds)*50*time.Millisecond)
	f := &storeFixture{Reporter: r, StoreHarness: h, ctx: ctx, rng: rand.New(rand.NewPCG(h.Seed, 0))}
	f.newClinic()
	return f, cancel
}

// newClinic replaces f's clinic by a new one. The new clinic has a concluded call
// "clock", from which now reads the store's clock.
func (f *storeFixture) newClinic() {
	f.Helper()
	f.org = f.Org()
	f.updateCall(followup.CallUpdate{Call: "clock", Signal: followup.Ended})
	f.planIntents(followup.Task{Kind: followup.TaskCall, ID: "clock"})
}

// now returns the time of the store's clock.
func (f *storeFixture) now() time.Time {
	f.Helper()
	return f.call("clock").Now
}

// interval returns a duration that is longer than a call of the store and short
// enough to wait for.
func (f *storeFixture) interval() time.Duration {
	if f.Advance != nil {
		return 10 * time.Minute
	}
	return 300 * time.Millisecond
}

// elapse advances the store's clock by d, or sleeps if it is the real clock.
func (f *storeFixture) elapse(d time.Duration) {
	if f.Advance != nil {
		f.Advance(d)
		return
	}
	time.Sleep(d)
}

// tick advances the store's clock enough that two times differ in any database.
func (f *storeFixture) tick() { f.elapse(2 * time.Millisecond) }

// noError fails the check if an operation returned an error.
func (f *storeFixture) noError(operation string, err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%s: error %v", operation, err)
	}
}

// equal reports an error if got and want differ.
func equal[T comparable](f *storeFixture, name string, got, want T) {
	f.Helper()
	if got != want {
		f.Errorf("%s: got %v, want %v", name, got, want)
	}
}

// equalTime reports an error if two times differ by a microsecond or more, the
// resolution of PostgreSQL.
func (f *storeFixture) equalTime(name string, got, want time.Time) {
	f.Helper()
	if d := got.Sub(want); d.Abs() >= time.Microsecond {
		f.Errorf("%s: got %v, want %v", name, got, want)
	}
}

func (f *storeFixture) updateCall(u followup.CallUpdate) followup.Call {
	f.Helper()
	c, err := f.Store.UpdateCall(f.ctx, f.org, u)
	f.noError("UpdateCall", err)
	return c
}

func (f *storeFixture) call(id string) followup.Call {
	f.Helper()
	c, err := f.Store.Call(f.ctx, f.org, id)
	f.noError("Call", err)
	return c
}

// beginCall records that a call of person n began.
func (f *storeFixture) beginCall(id string, n int) followup.Call {
	f.Helper()
	return f.updateCall(followup.CallUpdate{Call: id, Signal: followup.Seen, Phone: phone(n), RecheckAfter: 24 * time.Hour})
}

func (f *storeFixture) planIntents(t followup.Task, plans ...followup.Plan) []followup.Intent {
	f.Helper()
	intents, err := f.Store.PlanIntents(f.ctx, f.org, t, plans)
	f.noError("PlanIntents", err)
	if len(intents) != len(plans) {
		f.Fatalf("PlanIntents returned %d intents for %d plans", len(intents), len(plans))
	}
	return intents
}

// planFor returns a plan to send person n a document.
func (f *storeFixture) planFor(key string, n int) followup.Plan {
	f.Helper()
	return followup.Plan{
		ID: followup.NewIntentID(f.org, key), Kind: followup.Information, Phone: phone(n),
		Procedure: "botox", Deadline: f.now().Add(24 * time.Hour),
	}
}

// planIntent plans to send person n a document.
func (f *storeFixture) planIntent(key string, n int) followup.IntentID {
	f.Helper()
	return f.planIntents(followup.Task{}, f.planFor(key, n))[0].ID
}

// intent returns the stored state of an existing intent.
func (f *storeFixture) intent(id followup.IntentID) followup.Intent {
	f.Helper()
	found := f.listIntents(followup.IntentFilter{ID: id})
	if len(found) != 1 {
		f.Fatalf("ListIntents returned %d intents for one id, want 1", len(found))
	}
	return found[0]
}

func (f *storeFixture) listIntents(q followup.IntentFilter) []followup.Intent {
	f.Helper()
	found, err := f.Store.ListIntents(f.ctx, f.org, q)
	f.noError("ListIntents", err)
	return found
}

// expectState fails the check unless an intent is in a state, and returns it.
func (f *storeFixture) expectState(id followup.IntentID, want followup.State) followup.Intent {
	f.Helper()
	i := f.intent(id)
	if i.State != want {
		f.Fatalf("the intent is %s, want %s", i, want)
	}
	return i
}

// always returns a decider that returns d about every intent.
func always(d followup.IntentDecision) followup.Decider {
	return func(followup.DecisionInput) followup.IntentDecision { return d }
}

// textDigest is the digest of the text that send sends.
var textDigest = sha256.Sum256([]byte("text"))

// send decides Send about every intent.
var send = always(followup.IntentDecision{Action: followup.Send, Digest: textDigest})

// begin calls BeginSending and leaves the contacts of the intents to send locked.
func (f *storeFixture) begin(lease time.Duration, decide followup.Decider, ids ...followup.IntentID) followup.Batch {
	f.Helper()
	b, err := f.Store.BeginSending(f.ctx, f.org, ids, lease, decide)
	f.noError("BeginSending", err)
	if b.Release == nil {
		f.Fatalf("BeginSending returned a Batch without a Release")
	}
	return b
}

// beginAndRelease calls BeginSending and releases the contacts.
func (f *storeFixture) beginAndRelease(lease time.Duration, decide followup.Decider, ids ...followup.IntentID) followup.Batch {
	f.Helper()
	b := f.begin(lease, decide, ids...)
	b.Release()
	b.Release() // Release may be called more than once
	return b
}

// sendIntent makes an intent Sending and returns its state.
func (f *storeFixture) sendIntent(id followup.IntentID) followup.Intent {
	f.Helper()
	b := f.beginAndRelease(time.Hour, send, id)
	if len(b.Send) != 1 || b.Send[0].ID != id {
		f.Fatalf("BeginSending returned %v to send, want %s", b.Send, id)
	}
	return b.Send[0].Intent
}

func (f *storeFixture) recordResults(results ...followup.Result) {
	f.Helper()
	f.noError("RecordResults", f.Store.RecordResults(f.ctx, f.org, results))
}

// acceptIntent makes an intent Accepted, as after a send without an error.
func (f *storeFixture) acceptIntent(id followup.IntentID) followup.Intent {
	f.Helper()
	i := f.sendIntent(id)
	f.recordResults(followup.Result{Intent: id, Attempt: i.Attempt, State: followup.Accepted, Provider: "SM-" + string(id)})
	return f.expectState(id, followup.Accepted)
}

func (f *storeFixture) recordStatus(u followup.StatusUpdate) followup.Intent {
	f.Helper()
	i, err := f.Store.RecordStatus(f.ctx, f.org, u)
	f.noError("RecordStatus", err)
	return i
}

// decisionInput returns the input of the decision about an intent, and decides
// Wait, which leaves the intent as it is.
func (f *storeFixture) decisionInput(id followup.IntentID) followup.DecisionInput {
	f.Helper()
	var seen []followup.DecisionInput
	f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		seen = append(seen, c)
		return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(time.Hour)}
	}, id)
	if len(seen) != 1 {
		f.Fatalf("BeginSending called decide %d times about an intent that waits, want once", len(seen))
	}
	return seen[0]
}

func (f *storeFixture) recordConsent(c followup.Consent) {
	f.Helper()
	f.noError("RecordConsent", f.Store.RecordConsent(f.ctx, f.org, c))
}

func (f *storeFixture) recordOptOut(o followup.OptOut) {
	f.Helper()
	f.noError("RecordOptOut", f.Store.RecordOptOut(f.ctx, f.org, o))
}

func (f *storeFixture) summary(n int) followup.ContactSummary {
	f.Helper()
	m, err := f.Store.Summary(f.ctx, f.org, phone(n))
	f.noError("Summary", err)
	return m
}

// dequeueAll returns all due tasks of the clinic. It leases the due tasks of other
// clinics too and ignores them.
func (f *storeFixture) dequeueAll(lease time.Duration) []followup.Task {
	f.Helper()
	var own []followup.Task
	for {
		tasks, err := f.Queue.Dequeue(f.ctx, 500, 500, lease, nil)
		f.noError("Dequeue", err)
		if len(tasks) == 0 {
			return own
		}
		for _, t := range tasks {
			if t.Org == f.org {
				own = append(own, t)
			}
		}
	}
}

// expectDue fails the check unless a task is due, and returns it leased.
func (f *storeFixture) expectDue(kind followup.TaskKind, id string) followup.Task {
	f.Helper()
	t, ok := find(f.dequeueAll(time.Hour), kind, id)
	if !ok {
		f.Fatalf("%s %s is not due", kind, id)
	}
	return t
}

// expectNotDue fails the check if a task is due.
func (f *storeFixture) expectNotDue(kind followup.TaskKind, id string) {
	f.Helper()
	if _, ok := find(f.dequeueAll(time.Hour), kind, id); ok {
		f.Fatalf("%s %s is due", kind, id)
	}
}

// expectDueAfter fails the check unless a task is due after d. With Advance it also
// checks that the task is not due a millisecond earlier; by the real clock that
// check would depend on the speed of the machine.
func (f *storeFixture) expectDueAfter(d time.Duration, kind followup.TaskKind, id string) followup.Task {
	f.Helper()
	if f.Advance != nil {
		f.elapse(d - time.Millisecond)
		f.expectNotDue(kind, id)
		f.elapse(2 * time.Millisecond)
	} else {
		f.elapse(d)
	}
	return f.expectDue(kind, id)
}

// find returns the task of a kind and an id, and whether it is among tasks.
func find(tasks []followup.Task, kind followup.TaskKind, id string) (followup.Task, bool) {
	i := slices.IndexFunc(tasks, func(t followup.Task) bool { return t.Kind == kind && t.ID == id })
	if i < 0 {
		return followup.Task{}, false
	}
	return tasks[i], true
}

// appointmentStart is the start of appointments for which a check gives no other.
var appointmentStart = time.Date(2051, time.July, 3, 10, 0, 0, 0, time.UTC)

// book claims an appointment for person n in a room that only key uses. It is a
// hold if holdFor is not zero.
func (f *storeFixture) book(key string, n int, call string, holdFor time.Duration) booking.ID {
	f.Helper()
	id, err := f.tryBook(key, n, call, holdFor)
	f.noError("Claim", err)
	return id
}

func (f *storeFixture) tryBook(key string, n int, call string, holdFor time.Duration) (booking.ID, error) {
	id := booking.NewID(f.org, key)
	out, err := f.Booking.Claim(f.ctx, f.org, booking.Claim{
		ID: id, Digest: "d", Service: "botox", Start: appointmentStart, End: appointmentStart.Add(time.Hour), Zone: "UTC",
		Occupied: hour(appointmentStart), Needs: room(key), HoldFor: holdFor,
		Contact: booking.Contact{Phone: phone(n)}, Call: call, Actor: "test",
	})
	if err == nil && out.Taken {
		err = errors.New("the slot is taken")
	}
	return id, err
}

// moveAppointment moves an appointment by a number of days.
func (f *storeFixture) moveAppointment(key string, days int) error {
	start := appointmentStart.AddDate(0, 0, days)
	out, err := f.Booking.Move(f.ctx, f.org, booking.Move{
		ID: booking.NewID(f.org, key), Start: start, End: start.Add(time.Hour),
		Occupied: hour(start), Needs: room(key), Actor: "test",
	})
	if err == nil && out.Taken {
		err = errors.New("the slot is taken")
	}
	return err
}

func (f *storeFixture) confirm(id booking.ID) error {
	_, err := f.Booking.Confirm(f.ctx, f.org, id, "test")
	return err
}

func (f *storeFixture) cancel(id booking.ID) error {
	_, err := f.Booking.Cancel(f.ctx, f.org, id, "test")
	return err
}

func hour(start time.Time) schedule.Span {
	return schedule.Span{Start: start.Unix(), End: start.Add(time.Hour).Unix()}
}

// room returns the need for a room that only key uses.
func room(key string) [][]booking.Candidate {
	return [][]booking.Candidate{{{Resource: booking.ResourceID("room-" + key), Capacity: 1}}}
}
