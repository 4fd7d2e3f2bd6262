package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A doorbell keeps what is to come due, of all clinics. The store's mu guards it.
type doorbell struct {
	tasks map[tenant.ID]map[task]*due
	turns []tenant.ID   // whose tasks are taken next
	rung  bool          // since somebody last looked
	asked time.Time     // when somebody last looked
	woken chan struct{} // closed when it is rung
}

type task struct {
	kind followup.TaskKind
	id   string
}

// due is when a task comes due. lease is the mark of who has taken it, and zero
// if it has come due anew since; last is the last there was.
type due struct {
	at          time.Time
	lease, last time.Time
}

func newDoorbell() *doorbell {
	return &doorbell{tasks: map[tenant.ID]map[task]*due{}, woken: make(chan struct{})}
}

// ring makes a task come due at a time, or earlier if it already was to.
func (d *doorbell) ring(t followup.Task, at time.Time) {
	if known := d.tasks[t.Org][task{t.Kind, t.ID}]; known != nil && known.at.Before(at) {
		at = known.at
	}
	d.set(t, at)
}

// set makes a task come due at a time and no other.
func (d *doorbell) set(t followup.Task, at time.Time) {
	tasks := d.tasks[t.Org]
	if tasks == nil {
		tasks = map[task]*due{}
		d.tasks[t.Org] = tasks
		d.turns = append(d.turns, t.Org)
	}
	known := tasks[task{t.Kind, t.ID}]
	if known == nil {
		known = &due{}
		tasks[task{t.Kind, t.ID}] = known
	}
	known.at, known.lease = at, time.Time{}
	d.rung = true
	close(d.woken)
	d.woken = make(chan struct{})
}

// drop puts a task away, unless it has come due anew since it was taken.
func (d *doorbell) drop(t followup.Task) {
	known := d.tasks[t.Org][task{t.Kind, t.ID}]
	if known == nil || !t.Lease.IsZero() && !t.Lease.Equal(known.lease) {
		return
	}
	delete(d.tasks[t.Org], task{t.Kind, t.ID})
	if len(d.tasks[t.Org]) == 0 {
		delete(d.tasks, t.Org)
		d.turns = slices.DeleteFunc(d.turns, func(org tenant.ID) bool { return org == t.Org })
	}
}

// take hands out tasks that are due, of each clinic in turn, the earliest first.
func (d *doorbell) take(now time.Time, n, perOrg int, lease time.Duration, except []tenant.ID) []followup.Task {
	d.rung, d.asked = false, now
	waiting := map[tenant.ID][]task{}
	for _, org := range d.turns {
		if !slices.Contains(except, org) {
			waiting[org] = d.waiting(org, now)
		}
	}
	var taken []followup.Task
	for round := 0; round < perOrg && len(taken) < n; round++ {
		before := len(taken)
		for _, org := range slices.Clone(d.turns) {
			if len(taken) == n || len(waiting[org]) <= round {
				continue
			}
			taken = append(taken, d.lease(org, waiting[org][round], now.Add(lease)))
			d.pass(org)
		}
		if len(taken) == before {
			break
		}
	}
	return taken
}

// waiting is what is due of a clinic, the earliest first.
func (d *doorbell) waiting(org tenant.ID, now time.Time) []task {
	type timed struct {
		task
		at time.Time
	}
	var all []timed
	for t, due := range d.tasks[org] {
		if !due.at.After(now) {
			all = append(all, timed{t, due.at})
		}
	}
	slices.SortFunc(all, func(a, b timed) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	tasks := make([]task, len(all))
	for i, t := range all {
		tasks[i] = t.task
	}
	return tasks
}

// lease keeps a task from others until a time. No two leases of a task have
// the same mark.
func (d *doorbell) lease(org tenant.ID, t task, until time.Time) followup.Task {
	known := d.tasks[org][t]
	if until.Equal(known.last) {
		until = until.Add(time.Microsecond)
	}
	*known = due{at: until, lease: until, last: until}
	return followup.Task{Org: org, Kind: t.kind, ID: t.id, Lease: until}
}

// pass makes a clinic the last in turn.
func (d *doorbell) pass(org tenant.ID) {
	i := slices.Index(d.turns, org)
	d.turns = append(slices.Delete(d.turns, i, i+1), org)
}

// next is how long it is until something comes due that nobody has looked at;
// at most most.
func (d *doorbell) next(now time.Time, most time.Duration) time.Duration {
	if d.rung {
		d.rung = false
		for _, tasks := range d.tasks {
			for _, due := range tasks {
				if !due.at.After(now) {
					return 0
				}
			}
		}
	}
	next := most
	for _, tasks := range d.tasks {
		for _, due := range tasks {
			if due.at.After(d.asked) {
				next = min(next, due.at.Sub(now))
			}
		}
	}
	return next
}

// Take implements [followup.Queue].
func (f *FollowUpStore) Dequeue(ctx context.Context, n, perOrg int, lease time.Duration, except []tenant.ID) ([]followup.Task, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, unavailable(ctx)
	}
	return f.s.bell.take(f.s.moment(), n, perOrg, lease, except), nil
}

// Wait implements [followup.Queue]. It measures by the real clock how long the
// store's has to go.
func (f *FollowUpStore) Wait(ctx context.Context, most time.Duration) error {
	end := time.NewTimer(most)
	defer end.Stop()
	for {
		f.s.mu.Lock()
		now, woken := f.s.moment(), f.s.bell.woken
		next := f.s.bell.next(now, most)
		if next <= 0 {
			f.s.bell.asked = now
		}
		f.s.mu.Unlock()
		if next <= 0 {
			return nil
		}
		come := time.NewTimer(next)
		select {
		case <-woken:
			come.Stop()
			continue
		case <-come.C:
			continue
		case <-end.C:
			come.Stop()
			return nil
		case <-ctx.Done():
			come.Stop()
			return ctx.Err()
		}
	}
}

// Drop implements [followup.Queue].
func (f *FollowUpStore) Ack(ctx context.Context, t followup.Task) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, t.Org)
	if err != nil {
		return err
	}
	b.bell.drop(t)
	return nil
}
