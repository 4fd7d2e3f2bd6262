package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A taskQueue holds the scheduled tasks of all clinics. The store's mu guards it.
type taskQueue struct {
	tasks   map[tenant.ID]map[taskKey]*scheduledTask
	orgs    []tenant.ID   // clinics with tasks, the next to be served first
	changed bool          // a task was scheduled after the last check
	checked time.Time     // time of the last dequeue, or of a Wait that found a due task
	notify  chan struct{} // closed when a task is scheduled
}

type taskKey struct {
	kind followup.TaskKind
	id   string
}

// A scheduledTask has the time at which a task is due and its leases.
type scheduledTask struct {
	at        time.Time
	lease     time.Time // mark of the present lease; zero: scheduled after it was dequeued
	lastLease time.Time // mark of the last lease, present or past
}

func newTaskQueue() *taskQueue {
	return &taskQueue{tasks: map[tenant.ID]map[taskKey]*scheduledTask{}, notify: make(chan struct{})}
}

// schedule makes a task due at a time, unless it is already due earlier.
func (q *taskQueue) schedule(t followup.Task, at time.Time) {
	if known := q.tasks[t.Org][taskKey{t.Kind, t.ID}]; known != nil && known.at.Before(at) {
		at = known.at
	}
	q.reschedule(t, at)
}

// reschedule makes a task due at a time and replaces the time it had.
func (q *taskQueue) reschedule(t followup.Task, at time.Time) {
	tasks := q.tasks[t.Org]
	if tasks == nil {
		tasks = map[taskKey]*scheduledTask{}
		q.tasks[t.Org] = tasks
		q.orgs = append(q.orgs, t.Org)
	}
	known := tasks[taskKey{t.Kind, t.ID}]
	if known == nil {
		known = &scheduledTask{}
		tasks[taskKey{t.Kind, t.ID}] = known
	}
	known.at, known.lease = at, time.Time{}
	q.changed = true
	close(q.notify)
	q.notify = make(chan struct{})
}

// ack removes a task, unless it was scheduled again after it was dequeued.
func (q *taskQueue) ack(t followup.Task) {
	known := q.tasks[t.Org][taskKey{t.Kind, t.ID}]
	if known == nil || !t.Lease.IsZero() && !t.Lease.Equal(known.lease) {
		return
	}
	delete(q.tasks[t.Org], taskKey{t.Kind, t.ID})
	if len(q.tasks[t.Org]) == 0 {
		delete(q.tasks, t.Org)
		q.orgs = slices.DeleteFunc(q.orgs, func(org tenant.ID) bool { return org == t.Org })
	}
}

// dequeue returns due tasks, one of each clinic in turn, the earliest first. A
// clinic that was served goes to the end of the list, so that a clinic with many
// tasks does not delay the others.
func (q *taskQueue) dequeue(now time.Time, n, perOrg int, lease time.Duration, except []tenant.ID) []followup.Task {
	q.changed, q.checked = false, now
	due := map[tenant.ID][]taskKey{}
	for _, org := range q.orgs {
		if !slices.Contains(except, org) {
			due[org] = q.due(org, now)
		}
	}
	var tasks []followup.Task
	for round := 0; round < perOrg && len(tasks) < n; round++ {
		before := len(tasks)
		for _, org := range slices.Clone(q.orgs) {
			if len(tasks) == n || len(due[org]) <= round {
				continue
			}
			tasks = append(tasks, q.lease(org, due[org][round], now.Add(lease)))
			q.moveToEnd(org)
		}
		if len(tasks) == before {
			break
		}
	}
	return tasks
}

// due returns the due tasks of a clinic, the earliest first.
func (q *taskQueue) due(org tenant.ID, now time.Time) []taskKey {
	type timed struct {
		taskKey
		at time.Time
	}
	var all []timed
	for key, t := range q.tasks[org] {
		if !t.at.After(now) {
			all = append(all, timed{key, t.at})
		}
	}
	slices.SortFunc(all, func(a, b timed) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	keys := make([]taskKey, len(all))
	for i, t := range all {
		keys[i] = t.taskKey
	}
	return keys
}

// lease hides a task until a time. The time is also the mark of the lease, so it
// moves by a microsecond if the last lease had the same one.
func (q *taskQueue) lease(org tenant.ID, t taskKey, until time.Time) followup.Task {
	known := q.tasks[org][t]
	if until.Equal(known.lastLease) {
		until = until.Add(time.Microsecond)
	}
	*known = scheduledTask{at: until, lease: until, lastLease: until}
	return followup.Task{Org: org, Kind: t.kind, ID: t.id, Lease: until}
}

// moveToEnd makes a clinic the last to be served.
func (q *taskQueue) moveToEnd(org tenant.ID) {
	i := slices.Index(q.orgs, org)
	q.orgs = append(slices.Delete(q.orgs, i, i+1), org)
}

// untilDue returns the time until the next task is due, at most max. A task that
// was due at the last check counts only if a task was scheduled after that check:
// otherwise Wait would return at once for a task that a caller of Dequeue left
// because of its limits.
func (q *taskQueue) untilDue(now time.Time, max time.Duration) time.Duration {
	if q.changed {
		q.changed = false
		for _, tasks := range q.tasks {
			for _, t := range tasks {
				if !t.at.After(now) {
					return 0
				}
			}
		}
	}
	next := max
	for _, tasks := range q.tasks {
		for _, t := range tasks {
			if t.at.After(q.checked) {
				next = min(next, t.at.Sub(now))
			}
		}
	}
	return next
}

// Dequeue implements [followup.Queue].
func (f *FollowUpStore) Dequeue(ctx context.Context, n, perOrg int, lease time.Duration, except []tenant.ID) ([]followup.Task, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, unavailable(ctx)
	}
	return f.s.queue.dequeue(f.s.clock(), n, perOrg, lease, except), nil
}

// Wait implements [followup.Queue]. It sleeps by the real clock for the time that
// the store's clock has to go. A [Clock] that is moved by hand does not wake it.
func (f *FollowUpStore) Wait(ctx context.Context, max time.Duration) error {
	deadline := time.NewTimer(max)
	defer deadline.Stop()
	for {
		f.s.mu.Lock()
		now, notify := f.s.clock(), f.s.queue.notify
		next := f.s.queue.untilDue(now, max)
		if next <= 0 {
			f.s.queue.checked = now
		}
		f.s.mu.Unlock()
		if next <= 0 {
			return nil
		}
		due := time.NewTimer(next)
		select {
		case <-notify:
			due.Stop()
			continue
		case <-due.C:
			continue
		case <-deadline.C:
			due.Stop()
			return nil
		case <-ctx.Done():
			due.Stop()
			return ctx.Err()
		}
	}
}

// Ack implements [followup.Queue].
func (f *FollowUpStore) Ack(ctx context.Context, t followup.Task) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, t.Org)
	if err != nil {
		return err
	}
	b.queue.ack(t)
	return nil
}
