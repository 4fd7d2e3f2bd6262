package followuptest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var dequeueChecks = []check[*storeFixture]{
	{"Dequeue returns up to n due tasks", dequeuesUpToN},
	{"Dequeue returns at most perOrg tasks of one clinic and none of the clinics in except", dequeuesPerOrg},
	{"Dequeue leases tasks for the time of lease: a task that is not acknowledged by then is due again", taskLeaseExpires},
	{"the tasks of one clinic must not delay another's", servesOrgsInTurn},
	{"of concurrent calls of Dequeue, one returns each task", concurrentDequeues},
}

// quiet takes all that other checks have left, for so long that they do not
// come back in this one.
func (f *storeFixture) drainQueue() { f.dequeueAll(30 * 24 * time.Hour) }

// many plans n intents at once, each for somebody else, which come due.
func (f *storeFixture) planMany(n int) {
	f.Helper()
	var plans []followup.Plan
	deadline := f.now().Add(time.Hour)
	for i := range n {
		plans = append(plans, followup.Plan{ID: followup.NewIntentID(f.org, fmt.Sprint(i)), Kind: followup.Information, Phone: phone(i), Deadline: deadline})
	}
	f.planIntents(followup.Task{}, plans...)
}

// takes takes tasks and counts them by clinic.
func (f *storeFixture) dequeue(n, perOrg int, lease time.Duration, except ...tenant.ID) (tasks []followup.Task, by map[tenant.ID]int) {
	f.Helper()
	tasks, err := f.Queue.Dequeue(f.ctx, n, perOrg, lease, except)
	f.noError("Take", err)
	by = map[tenant.ID]int{}
	for _, t := range tasks {
		by[t.Org]++
		if t.Lease.IsZero() || t.Kind == "" || t.ID == "" {
			f.Fatalf("a task is incomplete: %+v", t)
		}
	}
	return tasks, by
}

func dequeuesUpToN(f *storeFixture) {
	f.drainQueue()
	f.planMany(20)
	if tasks, _ := f.dequeue(7, 100, time.Hour); len(tasks) != 7 {
		f.Errorf("7 tasks of 20 are %d", len(tasks))
	}
	if tasks, _ := f.dequeue(100, 100, time.Hour); len(tasks) != 13 {
		f.Errorf("the others are %d, want 13", len(tasks))
	}
	if tasks, _ := f.dequeue(100, 100, time.Hour); len(tasks) != 0 {
		f.Errorf("after all of them, %d", len(tasks))
	}
}

func dequeuesPerOrg(f *storeFixture) {
	f.drainQueue()
	first := f.org
	f.planMany(20)
	f.newClinic()
	second := f.org
	f.planMany(20)
	_, by := f.dequeue(100, 5, time.Hour)
	if by[first] != 5 || by[second] != 5 {
		f.Errorf("5 of each clinic are %d and %d", by[first], by[second])
	}
	_, by = f.dequeue(100, 100, time.Hour, first)
	if by[first] != 0 || by[second] != 15 {
		f.Errorf("all but the first clinic's are %d of it and %d, want 0 and 15", by[first], by[second])
	}
	_, by = f.dequeue(100, 100, time.Hour)
	equal(f, "the first clinic's others", by[first], 15)
}

func taskLeaseExpires(f *storeFixture) {
	interval := f.interval()
	id := f.book("a", 1, "", 0)
	first, ok := find(f.dequeueAll(interval), followup.TaskAppointment, string(id))
	equal(f, "due", ok, true)
	if f.Advance != nil {
		f.expectNotDue(followup.TaskAppointment, string(id))
	}
	f.elapse(interval + time.Millisecond)
	second := f.expectDue(followup.TaskAppointment, string(id))
	f.noError("Drop", f.Queue.Ack(f.ctx, first)) // whose lease is over
	if second.Lease.Equal(first.Lease) {
		f.Errorf("two leases have one mark")
	}
	f.noError("Drop", f.Queue.Ack(f.ctx, second))
	if f.Advance != nil {
		f.elapse(2 * time.Hour)
		f.expectNotDue(followup.TaskAppointment, string(id))
	}
}

func servesOrgsInTurn(f *storeFixture) {
	f.drainQueue()
	noisy := f.org
	f.planMany(500)
	var small []tenant.ID
	for range 3 {
		f.newClinic()
		f.planMany(2)
		small = append(small, f.org)
	}
	got := map[tenant.ID]int{}
	for range 4 {
		_, by := f.dequeue(8, 8, time.Hour)
		for org, n := range by {
			got[org] += n
		}
	}
	for _, org := range small {
		if got[org] != 2 {
			f.Errorf("a clinic with 2 tasks got %d of the first 32, beside one with 500", got[org])
		}
	}
	if got[noisy] == 0 {
		f.Errorf("a clinic with 500 tasks got none of the first 32")
	}
}

func concurrentDequeues(f *storeFixture) {
	f.drainQueue()
	for round := range 1 + f.Rounds/100 {
		f.newClinic()
		f.planMany(100)
		var mu sync.Mutex
		got := map[string]int{}
		errs := suite.Race(8, func(int) error {
			for f.ctx.Err() == nil {
				tasks, err := f.Queue.Dequeue(f.ctx, 5, 5, time.Hour, nil)
				if err != nil || len(tasks) == 0 {
					return err
				}
				mu.Lock()
				for _, t := range tasks {
					if t.Org == f.org {
						got[t.ID]++
					}
				}
				mu.Unlock()
			}
			return f.ctx.Err()
		})
		for _, err := range errs {
			f.noError("one of many Takes at once", err)
		}
		for id, n := range got {
			if n != 1 {
				f.Fatalf("round %d: a task was handed out %d times within one lease: %s", round, n, id)
			}
		}
		// What somebody else was looking at may have been passed over by all.
		equal(f, "the tasks that were taken, and those left", len(got)+len(f.dequeueAll(time.Hour)), 100)
	}
}

var waitChecks = []check[*storeFixture]{
	{"Wait returns when a task may be due", waitSeesPlan},
	{"Wait returns when the time comes at which a task is due", waitSeesDueTime},
	{"Wait returns after max at the latest", waitEndsAfterMax},
	{"Wait returns when ctx ends", waitEndsWithContext},
}

// await waits and takes until a task is there.
func (f *storeFixture) waitFor(id followup.IntentID) error {
	for {
		if err := f.Queue.Wait(f.ctx, time.Hour); err != nil {
			return err
		}
		tasks, err := f.Queue.Dequeue(f.ctx, 500, 500, 30*24*time.Hour, nil)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			if t.Org == f.org && t.ID == string(id) {
				return nil
			}
		}
	}
}

func waitSeesPlan(f *storeFixture) {
	f.drainQueue()
	for n := range 1 + f.Rounds/20 {
		p := f.planFor(fmt.Sprint(n), n)
		woken := make(chan error, 1)
		go func() { woken <- f.waitFor(p.ID) }()
		time.Sleep(f.jitter())
		f.planIntents(followup.Task{}, p)
		f.noError("a Wait for a task that is planned meanwhile", <-woken)
	}
}

func waitSeesDueTime(f *storeFixture) {
	if f.Advance != nil {
		return // such a clock wakes nobody
	}
	f.drainQueue()
	p := f.planFor("a", 1)
	p.Due = f.now().Add(f.interval())
	f.planIntents(followup.Task{}, p)
	f.noError("a Wait for a task that comes due", f.waitFor(p.ID))
}

func waitEndsAfterMax(f *storeFixture) {
	f.drainQueue()
	f.noError("a Wait of 10 ms", f.Queue.Wait(f.ctx, 10*time.Millisecond))
}

func waitEndsWithContext(f *storeFixture) {
	f.drainQueue()
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil { // it may return early
			f.Queue.Wait(ctx, time.Hour)
		}
	}()
	cancel()
	select {
	case <-done:
	case <-f.ctx.Done():
		f.Fatalf("a Wait goes on after its ctx has ended")
	}
}

var ackChecks = []check[*storeFixture]{
	{"Ack removes a task, unless it was scheduled again after it was dequeued", acks},
}

func acks(f *storeFixture) {
	id := f.book("a", 1, "", 0)
	taken := f.expectDue(followup.TaskAppointment, string(id))
	f.noError("Cancel", f.cancel(id))
	f.noError("Drop", f.Queue.Ack(f.ctx, taken))
	f.elapse(2 * time.Millisecond)
	anew := f.expectDue(followup.TaskAppointment, string(id))
	f.noError("Drop", f.Queue.Ack(f.ctx, taken))
	f.noError("Drop", f.Queue.Ack(f.ctx, anew))
	f.noError("Drop", f.Queue.Ack(f.ctx, anew))

	other := f.book("b", 1, "", 0)
	f.noError("Drop", f.Queue.Ack(f.ctx, followup.Task{Org: f.org, Kind: followup.TaskAppointment, ID: string(other)}))
	f.expectNotDue(followup.TaskAppointment, string(other))
	if f.Advance != nil {
		f.elapse(2 * time.Hour)
		f.expectNotDue(followup.TaskAppointment, string(id))
	}
}
