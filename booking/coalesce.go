package booking

import (
	"context"
	"slices"
	"sync"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A coalescer joins simultaneous claims of one time into one call: one leader
// claims from the store, and one waiter reads the store for all others. Five
// hundred callers for one slot then cost the database one claim and one read
// instead of five hundred claims. A coalescer never decides: between processes,
// and between coalescers, the store's constraint does.
//
// A result is never older than its request: the read begins after every
// waiter that it answers has joined, because a remembered "taken" could be
// cancelled by now.
type coalescer struct {
	mu    sync.Mutex
	calls map[claimKey]*call
}

// claimKey is common to the claims that one call joins.
type claimKey struct {
	org      tenant.ID
	service  ServiceID
	resource ResourceID
	start    int64
}

// A call exists while a leader claims or a reader reads. Neither is among its
// waiters.
type call struct{ waiters []*waiter }

type waiter struct {
	id      ID
	wake    chan wakeup // buffered: sending never blocks
	covered bool        // joined before the present read began; under coalescer.mu
}

// A wakeup ends a wait: the waiter must read for all, or err is its answer.
type wakeup struct {
	read bool
	err  error
}

// lead waits until the caller may claim c from the store, and then returns
// true; the caller must call s.claims.next(key) after the claim. Otherwise the
// error answers the caller.
func (s *Service) lead(ctx context.Context, key claimKey, f search, c Claim) (leads bool, err error) {
	w := s.claims.join(key, c.ID)
	if w == nil {
		return true, nil
	}
	if read, err := s.claims.wait(ctx, key, w); !read {
		return false, err
	}
	defer func() {
		if !leads {
			s.claims.next(key)
		}
	}()
	q := f.busyQuery()
	q.IDs = s.claims.cover(key, w)
	view, err := s.cfg.Store.ListBusy(ctx, key.org, q)
	switch {
	case ctx.Err() != nil: // the failure is this reader's own
		return false, ctx.Err()
	case err != nil:
		view.Known = nil
	case f.isFree(view.Busy, c.Needs): // cancelled meanwhile
		return true, nil
	default:
		err = &ConflictError{f.nearest(view.Busy)}
	}
	s.claims.answer(key, view.Known, err)
	if slices.Contains(view.Known, w.id) { // a replay: the store answers it
		return true, nil
	}
	return false, err
}

// join adds a waiter to the call of key. If there is no such call it begins
// one and returns nil: the caller leads.
func (g *coalescer) join(key claimKey, id ID) *waiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.calls[key]
	if c == nil {
		if g.calls == nil {
			g.calls = make(map[claimKey]*call)
		}
		g.calls[key] = &call{}
		return nil
	}
	w := &waiter{id: id, wake: make(chan wakeup, 1)}
	c.waiters = append(c.waiters, w)
	return w
}

// wait returns true if w must read, or else its answer. When ctx ends, w
// leaves the call; a read that it was given meanwhile goes to the next waiter.
func (g *coalescer) wait(ctx context.Context, key claimKey, w *waiter) (read bool, err error) {
	select {
	case u := <-w.wake:
		return u.read, u.err
	case <-ctx.Done():
	}
	g.mu.Lock()
	waits := false
	if c := g.calls[key]; c != nil {
		if i := slices.Index(c.waiters, w); i >= 0 {
			c.waiters = slices.Delete(c.waiters, i, i+1)
			waits = true
		}
	}
	g.mu.Unlock()
	if !waits {
		if u := <-w.wake; u.read {
			g.next(key)
		}
	}
	return false, ctx.Err()
}

// cover marks every waiter as covered by the read of w that now begins, and
// returns the ids of all, that of w first.
func (g *coalescer) cover(key claimKey, w *waiter) []ID {
	g.mu.Lock()
	defer g.mu.Unlock()
	ids := []ID{w.id}
	for _, o := range g.calls[key].waiters {
		o.covered = true
		ids = append(ids, o.id)
	}
	return ids
}

// answer wakes every covered waiter with err. A waiter whose appointment is
// known keeps waiting for a turn at the store, which answers a replay.
func (g *coalescer) answer(key claimKey, known []ID, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.calls[key]
	c.waiters = slices.DeleteFunc(c.waiters, func(w *waiter) bool {
		if !w.covered || slices.Contains(known, w.id) {
			return false
		}
		w.wake <- wakeup{err: err}
		return true
	})
}

// next makes the longest waiter the reader, or ends a call without waiters.
func (g *coalescer) next(key claimKey) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.calls[key]
	if len(c.waiters) == 0 {
		delete(g.calls, key)
		return
	}
	w := c.waiters[0]
	c.waiters = c.waiters[1:]
	w.wake <- wakeup{read: true}
}
