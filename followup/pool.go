package followup

import (
	"context"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// collectFor bounds how long a pool lets due tasks collect while more than half
// of it is busy: the clinics of a slow carrier may hold that half for long.
const collectFor = 50 * time.Millisecond

// A pool bounds the tasks in progress, of all clinics and of each.
type pool struct {
	limit, perClinic int

	mu       sync.Mutex
	byClinic map[tenant.ID]int // tasks in progress
	total    int
	version  int    // counts the increases of capacity
	notify   func() // called when the capacity grows; nil: no goroutine waits
	running  sync.WaitGroup
}

// A capacity holds how many tasks a pool can start, and which clinics are at their
// limit. A later capacity has a higher version if it is larger.
type capacity struct {
	free    int
	full    []tenant.ID
	version int
}

func newPool(limit, perClinic int) *pool {
	return &pool{limit: limit, perClinic: perClinic, byClinic: map[tenant.ID]int{}}
}

func (p *pool) capacity() capacity {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := capacity{free: p.limit - p.total, version: p.version}
	for org, n := range p.byClinic {
		if n >= p.perClinic {
			c.full = append(c.full, org)
		}
	}
	return c
}

// start runs work, which counts as so many tasks of a clinic.
func (p *pool) start(org tenant.ID, tasks int, work func()) {
	p.mu.Lock()
	p.byClinic[org] += tasks
	p.total += tasks
	p.mu.Unlock()
	p.running.Go(func() {
		defer p.done(org, tasks)
		work()
	})
}

// done ends tasks of a clinic. The capacity grows when the clinic or the pool falls
// below its limit, and when half of the pool becomes free.
func (p *pool) done(org tenant.ID, tasks int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ofClinic, ofAll := p.byClinic[org], p.total
	p.total -= tasks
	if p.byClinic[org] -= tasks; p.byClinic[org] == 0 {
		delete(p.byClinic, org)
	}
	if ofClinic >= p.perClinic && p.byClinic[org] < p.perClinic ||
		ofAll >= p.limit && p.total < p.limit || 2*ofAll >= p.limit && 2*p.total < p.limit {
		p.version++
		if p.notify != nil {
			p.notify()
		}
	}
}

// onCapacity calls notify when the capacity grows, or at once if it has grown since
// version. The function it returns ends that.
func (p *pool) onCapacity(version int, notify func()) (stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.version != version {
		notify()
	}
	p.notify = notify
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.notify = nil
	}
}

// collect waits until half of the pool is free, or for collectFor. Tasks that
// are dequeued together are decided together, which costs little more than one:
// under load it pays to dequeue many.
func (p *pool) collect(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, collectFor)
	defer cancel()
	for version := p.capacity().version; ctx.Err() == nil && !p.halfFree(); version = p.capacity().version {
		p.waitCapacity(ctx, version)
	}
}

// waitCapacity returns when the capacity has grown since version, or when ctx ends.
func (p *pool) waitCapacity(ctx context.Context, version int) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := p.onCapacity(version, cancel)
	defer stop()
	<-ctx.Done()
}

func (p *pool) halfFree() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return 2*p.total < p.limit
}

func (p *pool) wait() { p.running.Wait() }
