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

// drainQueue leases the due tasks that other checks have left, for longer than this
// check takes.
func (f *storeFixture) drainQueue() { f.dequeueAll(30 * 24 * time.Hour) }

// planMany plans n intents of n contacts, due now.
func (f *storeFixture) planMany(n int) {
	f.Helper()
	var plans []followup.Plan
	deadline := f.now().Add(time.Hour)
	for i := range n {
		plans = append(plans, followup.Plan{ID: followup.NewIntentID(f.org, fmt.Sprint(i)), Kind: followup.Information, Phone: phone(i), Deadline: deadline})
	}
	f.planIntents(followup.Task{}, plans...)
}

// dequeue returns the tasks of one Dequeue, and their number by clinic.
func (f *storeFixture) dequeue(n, perOrg int, lease time.Duration, except ...tenant.ID) (tasks []followup.Task, by map[tenant.ID]int) {
	f.Helper()
	tasks, err := f.Queue.Dequeue(f.ctx, n, perOrg, lease, except)
	f.noError("Dequeue", err)
	by = map[tenant.ID]int{}
	for _, t := range tasks {
		by[t.Org]++
		if t.Lease.IsZero() || t.Kind == "" || t.ID == "" {
			f.Fatalf("Dequeue returned an incomplete task: %+v", t)
		}
	}
	return tasks, by
}

func dequeuesUpToN(f *storeFixture) {
	f.drainQueue()
	f.planMany(20)
	if tasks, _ := f.dequeue(7, 100, time.Hour); len(tasks) != 7 {
		f.Errorf("Dequeue returned %d of 20 tasks with n 7, want 7", len(tasks))
	}
	if tasks, _ := f.dequeue(100, 100, time.Hour); len(tasks) != 13 {
		f.Errorf("Dequeue returned %d of the other tasks, want 13", len(tasks))
	}
	if tasks, _ := f.dequeue(100, 100, time.Hour); len(tasks) != 0 {
		f.Errorf("Dequeue returned %d tasks after all were leased, want 0", len(tasks))
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
		f.Errorf("Dequeue with perOrg 5 returned %d and %d tasks of two clinics, want 5 of each", by[first], by[second])
	}
	_, by = f.dequeue(100, 100, time.Hour, first)
	if by[first] != 0 || by[second] != 15 {
		f.Errorf("Dequeue except the first clinic returned %d of its tasks and %d of the second, want 0 and 15", by[first], by[second])
	}
	_, by = f.dequeue(100, 100, time.Hour)
	equal(f, "the other tasks of the first clinic", by[first], 15)
}

func taskLeaseExpires(f *storeFixture) {
	interval := f.interval()
	id := f.book("a", 1, "", 0)
	first, ok := find(f.dequeueAll(interval), followup.TaskAppointment, string(id))
	equal(f, "a task is due of the appointment", ok, true)
	if f.Advance != nil {
		f.expectNotDue(followup.TaskAppointment, string(id))
	}
	f.elapse(interval + time.Millisecond)
	second := f.expectDue(followup.TaskAppointment, string(id))
	f.noError("Ack", f.Queue.Ack(f.ctx, first)) // its lease has expired: no effect
	if second.Lease.Equal(first.Lease) {
		f.Errorf("two leases of a task have the same mark %v", first.Lease)
	}
	f.noError("Ack", f.Queue.Ack(f.ctx, second))
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
			f.Errorf("the first 32 tasks have %d of a clinic with 2, beside one with 500; want 2", got[org])
		}
	}
	if got[noisy] == 0 {
		f.Errorf("the first 32 tasks have none of the clinic with 500")
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
			f.noError("a concurrent Dequeue", err)
		}
		for id, n := range got {
			if n != 1 {
				f.Fatalf("round %d: Dequeue returned the task %s %d times within one lease", round, id, n)
			}
		}
		// A task may be left: every worker may have skipped it while another had it
		// locked.
		equal(f, "the tasks that were dequeued, and those left", len(got)+len(f.dequeueAll(time.Hour)), 100)
	}
}

var waitChecks = []check[*storeFixture]{
	{"Wait returns when a task may be due", waitSeesPlan},
	{"Wait returns when the time comes at which a task is due", waitSeesDueTime},
	{"Wait returns after max at the latest", waitEndsAfterMax},
	{"Wait returns when ctx ends", waitEndsWithContext},
}

// waitFor calls Wait and Dequeue until the task of an intent is returned.
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
		f.noError("Wait for an intent that is planned meanwhile", <-woken)
	}
}

func waitSeesDueTime(f *storeFixture) {
	if f.Advance != nil {
		return // Wait sleeps by the real clock
	}
	f.drainQueue()
	p := f.planFor("a", 1)
	p.Due = f.now().Add(f.interval())
	f.planIntents(followup.Task{}, p)
	f.noError("Wait for an intent that comes due", f.waitFor(p.ID))
}

func waitEndsAfterMax(f *storeFixture) {
	f.drainQueue()
	f.noError("Wait of 10 ms", f.Queue.Wait(f.ctx, 10*time.Millisecond))
}

func waitEndsWithContext(f *storeFixture) {
	f.drainQueue()
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil { // Wait may return early
			f.Queue.Wait(ctx, time.Hour)
		}
	}()
	cancel()
	select {
	case <-done:
	case <-f.ctx.Done():
		f.Fatalf("Wait did not return after its ctx ended")
	}
}

var ackChecks = []check[*storeFixture]{
	{"Ack removes a task, unless it was scheduled again after it was dequeued", acks},
}

func acks(f *storeFixture) {
	id := f.book("a", 1, "", 0)
	first := f.expectDue(followup.TaskAppointment, string(id))
	f.noError("Cancel", f.cancel(id))
	f.noError("Ack", f.Queue.Ack(f.ctx, first))
	f.elapse(2 * time.Millisecond)
	second := f.expectDue(followup.TaskAppointment, string(id))
	f.noError("Ack", f.Queue.Ack(f.ctx, first))
	f.noError("Ack", f.Queue.Ack(f.ctx, second))
	f.noError("Ack", f.Queue.Ack(f.ctx, second))

	other := f.book("b", 1, "", 0)
	f.noError("Ack", f.Queue.Ack(f.ctx, followup.Task{Org: f.org, Kind: followup.TaskAppointment, ID: string(other)}))
	f.expectNotDue(followup.TaskAppointment, string(other))
	if f.Advance != nil {
		f.elapse(2 * time.Hour)
		f.expectNotDue(followup.TaskAppointment, string(id))
	}
}
