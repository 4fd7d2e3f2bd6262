package followuptest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// A storing is a fresh clinic in the stores under test, and what the checks say
// about it. Methods that fail end the check; call them from its goroutine only.
type storeFixture struct {
	suite.Reporter
	StoreHarness
	ctx context.Context
	org tenant.ID
	rng *rand.Rand
}

// fixture gives a check a clinic and two minutes, and more for many rounds: what
// takes longer is stuck.
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

// move goes on in a new clinic. It has a call, by which the store's clock is read.
func (f *storeFixture) newClinic() {
	f.Helper()
	f.org = f.Org()
	f.updateCall(followup.CallUpdate{Call: "clock", Signal: followup.Ended})
	f.planIntents(followup.Task{Kind: followup.TaskCall, ID: "clock"})
}

// now is the time of the store's clock.
func (f *storeFixture) now() time.Time {
	f.Helper()
	return f.call("clock").Now
}

// a while is long enough for a call to be made in it, and short enough to be
// waited for.
func (f *storeFixture) interval() time.Duration {
	if f.Advance != nil {
		return 10 * time.Minute
	}
	return 300 * time.Millisecond
}

// pass lets d pass.
func (f *storeFixture) elapse(d time.Duration) {
	if f.Advance != nil {
		f.Advance(d)
		return
	}
	time.Sleep(d)
}

// tick lets the store's clock show another time.
func (f *storeFixture) tick() { f.elapse(2 * time.Millisecond) }

// must expects no error.
func (f *storeFixture) noError(what string, err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%s: %v", what, err)
	}
}

// is expects two things to be the same.
func equal[T comparable](f *storeFixture, what string, got, want T) {
	f.Helper()
	if got != want {
		f.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// at expects two times to be the same, as finely as databases tell time.
func (f *storeFixture) equalTime(what string, got, want time.Time) {
	f.Helper()
	if d := got.Sub(want); d.Abs() >= time.Microsecond {
		f.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (f *storeFixture) updateCall(facts followup.CallUpdate) followup.Call {
	f.Helper()
	c, err := f.Store.UpdateCall(f.ctx, f.org, facts)
	f.noError("Record", err)
	return c
}

func (f *storeFixture) call(id string) followup.Call {
	f.Helper()
	c, err := f.Store.Call(f.ctx, f.org, id)
	f.noError("Call", err)
	return c
}

// began records that a call of person n began.
func (f *storeFixture) beginCall(id string, n int) followup.Call {
	f.Helper()
	return f.updateCall(followup.CallUpdate{Call: id, Signal: followup.Seen, Phone: phone(n), RecheckAfter: 24 * time.Hour})
}

func (f *storeFixture) planIntents(t followup.Task, plans ...followup.Plan) []followup.Intent {
	f.Helper()
	intents, err := f.Store.PlanIntents(f.ctx, f.org, t, plans)
	f.noError("Plan", err)
	if len(intents) != len(plans) {
		f.Fatalf("%d plans returned %d intents", len(plans), len(intents))
	}
	return intents
}

// planFor is a plan of a document for person n.
func (f *storeFixture) planFor(key string, n int) followup.Plan {
	f.Helper()
	return followup.Plan{
		ID: followup.NewIntentID(f.org, key), Kind: followup.Information, Phone: phone(n),
		Procedure: "botox", Deadline: f.now().Add(24 * time.Hour),
	}
}

// planned plans a document for person n.
func (f *storeFixture) planIntent(key string, n int) followup.IntentID {
	f.Helper()
	return f.planIntents(followup.Task{}, f.planFor(key, n))[0].ID
}

// get is what is stored of an intent that exists.
func (f *storeFixture) intent(id followup.IntentID) followup.Intent {
	f.Helper()
	found := f.listIntents(followup.IntentFilter{ID: id})
	if len(found) != 1 {
		f.Fatalf("found %d intents by one id", len(found))
	}
	return found[0]
}

func (f *storeFixture) listIntents(q followup.IntentFilter) []followup.Intent {
	f.Helper()
	found, err := f.Store.ListIntents(f.ctx, f.org, q)
	f.noError("Intents", err)
	return found
}

// state expects an intent to be in a state, and returns it.
func (f *storeFixture) expectState(id followup.IntentID, want followup.State) followup.Intent {
	f.Helper()
	i := f.intent(id)
	if i.State != want {
		f.Fatalf("the intent is %s, want %s", i, want)
	}
	return i
}

// A decider decides about what Begin shows.
type decider = followup.Decider

func always(v followup.IntentDecision) decider {
	return func(followup.DecisionInput) followup.IntentDecision { return v }
}

// textDigest is the digest of the text that send sends.
var textDigest = sha256.Sum256([]byte("text"))

var send = always(followup.IntentDecision{Action: followup.Send, Digest: textDigest})

// begin decides about intents and keeps the contacts of those to be sent.
func (f *storeFixture) begin(lease time.Duration, decide decider, ids ...followup.IntentID) followup.Batch {
	f.Helper()
	b, err := f.Store.BeginSending(f.ctx, f.org, ids, lease, decide)
	f.noError("Begin", err)
	if b.Release == nil {
		f.Fatalf("Begin returned a Batch without a Release")
	}
	return b
}

// begins decides about intents and lets the contacts go.
func (f *storeFixture) beginAndRelease(lease time.Duration, decide decider, ids ...followup.IntentID) followup.Batch {
	f.Helper()
	b := f.begin(lease, decide, ids...)
	b.Release()
	b.Release() // it may be called more than once
	return b
}

// sends sends an intent and returns it as it is then.
func (f *storeFixture) sendIntent(id followup.IntentID) followup.Intent {
	f.Helper()
	b := f.beginAndRelease(time.Hour, send, id)
	if len(b.Send) != 1 || b.Send[0].ID != id {
		f.Fatalf("Begin sends %v, want %s", b.Send, id)
	}
	return b.Send[0].Intent
}

func (f *storeFixture) recordResults(results ...followup.Result) {
	f.Helper()
	f.noError("Finish", f.Store.RecordResults(f.ctx, f.org, results))
}

// accepted sends an intent, which the carrier accepts.
func (f *storeFixture) acceptIntent(id followup.IntentID) followup.Intent {
	f.Helper()
	i := f.sendIntent(id)
	f.recordResults(followup.Result{Intent: id, Attempt: i.Attempt, State: followup.Accepted, Provider: "SM-" + string(id)})
	return f.expectState(id, followup.Accepted)
}

func (f *storeFixture) recordStatus(u followup.StatusUpdate) followup.Intent {
	f.Helper()
	i, err := f.Store.RecordStatus(f.ctx, f.org, u)
	f.noError("Status", err)
	return i
}

// candidate is what Begin shows of an intent, which is left alone.
func (f *storeFixture) decisionInput(id followup.IntentID) followup.DecisionInput {
	f.Helper()
	var seen []followup.DecisionInput
	f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		seen = append(seen, c)
		return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(time.Hour)}
	}, id)
	if len(seen) != 1 {
		f.Fatalf("Begin showed %d candidates of one intent that waits", len(seen))
	}
	return seen[0]
}

func (f *storeFixture) recordConsent(c followup.Consent) {
	f.Helper()
	f.noError("Consent", f.Store.RecordConsent(f.ctx, f.org, c))
}

func (f *storeFixture) recordOptOut(o followup.OptOut) {
	f.Helper()
	f.noError("OptOut", f.Store.RecordOptOut(f.ctx, f.org, o))
}

func (f *storeFixture) summary(n int) followup.ContactSummary {
	f.Helper()
	m, err := f.Store.Summary(f.ctx, f.org, phone(n))
	f.noError("Lookup", err)
	return m
}

// take takes all that is due of the clinic. What is due of others is taken
// along, and let be.
func (f *storeFixture) dequeueAll(lease time.Duration) []followup.Task {
	f.Helper()
	var ours []followup.Task
	for {
		tasks, err := f.Queue.Dequeue(f.ctx, 500, 500, lease, nil)
		f.noError("Take", err)
		if len(tasks) == 0 {
			return ours
		}
		for _, t := range tasks {
			if t.Org == f.org {
				ours = append(ours, t)
			}
		}
	}
}

// due expects a task to be due, takes it, and returns it.
func (f *storeFixture) expectDue(kind followup.TaskKind, id string) followup.Task {
	f.Helper()
	t, ok := find(f.dequeueAll(time.Hour), kind, id)
	if !ok {
		f.Fatalf("%s %s is not due", kind, id)
	}
	return t
}

// notDue expects a task not to be due.
func (f *storeFixture) expectNotDue(kind followup.TaskKind, id string) {
	f.Helper()
	if _, ok := find(f.dequeueAll(time.Hour), kind, id); ok {
		f.Fatalf("%s %s is due", kind, id)
	}
}

// dueAfter expects a task to come due when d has passed and, by a clock that
// does not run by itself, not before.
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

func find(tasks []followup.Task, kind followup.TaskKind, id string) (followup.Task, bool) {
	i := slices.IndexFunc(tasks, func(t followup.Task) bool { return t.Kind == kind && t.ID == id })
	if i < 0 {
		return followup.Task{}, false
	}
	return tasks[i], true
}

// appointmentStart is when appointments are that do not say otherwise.
var appointmentStart = time.Date(2051, time.July, 3, 10, 0, 0, 0, time.UTC)

// booked claims a time of its own for person n: a hold if holdFor is not zero.
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
		err = fmt.Errorf("the time is taken")
	}
	return id, err
}

// shift moves an appointment by some days.
func (f *storeFixture) moveAppointment(key string, days int) error {
	start := appointmentStart.AddDate(0, 0, days)
	out, err := f.Booking.Move(f.ctx, f.org, booking.Move{
		ID: booking.NewID(f.org, key), Start: start, End: start.Add(time.Hour),
		Occupied: hour(start), Needs: room(key), Actor: "test",
	})
	if err == nil && out.Taken {
		err = fmt.Errorf("the time is taken")
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

// room is a need for a room that only key uses.
func room(key string) [][]booking.Candidate {
	return [][]booking.Candidate{{{Resource: booking.ResourceID("room-" + key), Capacity: 1}}}
}
