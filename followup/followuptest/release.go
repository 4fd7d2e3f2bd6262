package followuptest

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
)

var releaseChecks = []check[*storeFixture]{
	{"until Batch.Release no booking of these contacts commits: decide has seen all that committed before", bookingsAreSeen},

	{"until Batch.Release no opt-out of these contacts commits: decide has seen all that committed before", optOutsAreSeen},

	{"while a contact is locked, other contacts book", othersAreNotLocked},
	{"a booking gives up at the deadline of its ctx while its contact is locked", bookingTimesOut},
	{"the store releases a contact by itself", releasesByItself},
}

// minLockTime is the time for which a store must keep contacts locked without a
// Release. A check that took longer does not judge the lock.
const minLockTime = 300 * time.Millisecond

// A change is a booking or an opt-out by a contact during the decision about a
// message to them.
type change struct {
	prepare func(f *storeFixture, key string, n int) // before the call begins
	make    func(f *storeFixture, key string, n int) error
}

var bookings = []change{
	{
		func(*storeFixture, string, int) {},
		func(f *storeFixture, key string, n int) error { _, err := f.tryBook(key, n, "", 0); return err },
	},
	{
		func(f *storeFixture, key string, n int) { f.book(key, n, "", 24*time.Hour) },
		func(f *storeFixture, key string, _ int) error { return f.confirm(booking.NewID(f.org, key)) },
	},
	{
		func(f *storeFixture, key string, n int) { f.book(key, n, "", 0) },
		func(f *storeFixture, key string, _ int) error { return f.moveAppointment(key, 1) },
	},
}

func bookingsAreSeen(f *storeFixture) { f.interleave(bookings) }

func optOutsAreSeen(f *storeFixture) {
	f.interleave([]change{{
		func(*storeFixture, string, int) {},
		func(f *storeFixture, key string, n int) error {
			return f.Store.RecordOptOut(f.ctx, f.org, followup.OptOut{Phone: phone(n), Source: "text", Message: key})
		},
	}})
}

// interleave races changes with decisions, with random pauses. A message may be
// sent after a change only if the change committed after Release: otherwise decide
// must have seen the change.
func (f *storeFixture) interleave(changes []change) {
	f.Helper()
	sent, seen := 0, 0
	for round := range f.Rounds {
		if round%500 == 499 {
			f.newClinic() // phone has a thousand numbers
		}
		key, n, change := fmt.Sprint("round ", round), round%500, changes[round%len(changes)]
		change.prepare(f, key, n)
		f.tick()
		f.beginCall(key, n)
		p := f.planFor(key, n)
		p.Call = key
		f.planIntents(followup.Task{}, p)

		var steps atomic.Int64
		var committed int64
		before, after, keep := f.jitter(), f.jitter(), f.jitter()
		changed := make(chan error, 1)
		go func() {
			time.Sleep(before)
			err := change.make(f, key, n)
			committed = steps.Add(1)
			changed <- err
		}()
		time.Sleep(after)
		b, start, err := f.beginUntilDecided(p.ID)
		time.Sleep(keep)
		kept := time.Since(start) < minLockTime
		released := steps.Add(1)
		if err == nil {
			b.Release()
		}
		f.noError("a change during a decision", <-changed)
		f.noError("BeginSending", err)
		switch {
		case len(b.Send) == 0:
			seen++
			f.expectState(p.ID, followup.Suppressed)
		case kept && committed < released:
			f.Fatalf("seed %d, round %d: a message is sent after a change that committed before Release", f.Seed, round)
		default:
			sent++
		}
	}
	if f.Rounds > 100 && (sent == 0 || seen == 0) {
		f.Fatalf("seed %d: of %d messages %d were sent and %d were not, so no change raced with a decision", f.Seed, f.Rounds, sent, seen)
	}
}

// beginUntilDecided calls BeginSending until it decides about an intent. It skips
// the intent while the contact's booking has the lock.
func (f *storeFixture) beginUntilDecided(id followup.IntentID) (b followup.Batch, start time.Time, err error) {
	for {
		start = time.Now()
		b, err = f.Store.BeginSending(f.ctx, f.org, []followup.IntentID{id}, time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
			if c.Booked || c.OptedOut {
				return followup.IntentDecision{Action: followup.Suppress, Reason: followup.Booked}
			}
			return send(c)
		})
		if err != nil || len(b.Send) > 0 || f.intent(id).State != followup.Planned {
			return b, start, err
		}
		b.Release()
	}
}

// jitter returns a random pause of about the length of a store's call: up to 1.5 ms
// for a store in memory, or up to 12 ms for one over a network.
func (f *storeFixture) jitter() time.Duration {
	most := 1500
	if f.rng.IntN(2) == 0 {
		most = 12000
	}
	return time.Duration(f.rng.IntN(most)) * time.Microsecond
}

func othersAreNotLocked(f *storeFixture) {
	b := f.begin(time.Hour, send, f.planIntent("a", 1))
	defer b.Release()
	f.book("another's", 2, "", 0)
	f.recordOptOut(followup.OptOut{Phone: phone(3), Source: "call"})
	f.planIntent("b", 1)
	f.beginCall("c", 1)
}

func bookingTimesOut(f *storeFixture) {
	b := f.begin(time.Hour, send, f.planIntent("a", 1))
	defer b.Release()
	start := time.Now()
	ctx, cancel := context.WithTimeout(f.ctx, 20*time.Millisecond)
	defer cancel()
	patient := *f
	patient.ctx = ctx
	_, err := patient.tryBook("k", 1, "", 0)
	if err == nil && time.Since(start) < minLockTime {
		f.Errorf("a booking committed while its contact was locked")
	}
	if err != nil && ctx.Err() == nil {
		f.Errorf("a booking failed before the deadline of its ctx: error %v", err)
	}
}

func releasesByItself(f *storeFixture) {
	b := f.begin(time.Hour, send, f.planIntent("a", 1))
	f.book("k", 1, "", 0)
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "call"})
	b.Release()
	second := f.begin(time.Hour, send, f.planIntent("b", 1))
	b.Release() // of the first batch: no effect on the second
	start := time.Now()
	ctx, cancel := context.WithTimeout(f.ctx, 20*time.Millisecond)
	defer cancel()
	if err := f.Store.RecordOptOut(ctx, f.org, followup.OptOut{Phone: phone(1), Source: "call"}); err == nil && time.Since(start) < minLockTime {
		f.Errorf("a second Release of an earlier batch released the contacts of a later one")
	}
	second.Release()
}
