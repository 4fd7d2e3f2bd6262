package booking

import (
	"context"
	"slices"
	"sync"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A gate lets one caller at a time claim a wanted time, and answers all who
// wait for it with one read. Five hundred callers for one slot then cost the
// database one claim and one read instead of five hundred claims. It decides
// nothing: between processes, and between gates, the store's constraint does.
//
// An answer is never older than the question: the read begins after everybody
// it answers had joined, because a remembered "taken" could be cancelled by now.
type gate struct {
	mu    sync.Mutex
	rooms map[wantKey]*room
}

// wantKey is what callers must share to wait for one another.
type wantKey struct {
	org      tenant.ID
	service  ServiceID
	resource ResourceID
	start    int64
}

type room struct{ waiting []*waiter }

type waiter struct {
	id    ID
	turn  chan turn // buffered: whoever gives a turn never waits
	asked bool      // joined before a read began; under gate.mu
}

type turn struct {
	act action
	err error // of answer
}

type action int

const (
	lead   action = iota // nobody claims now: claim
	read                 // read once for all who wait
	answer               // somebody read for you: err
)

// attempt is what a gate can do for one kind of want.
type attempt struct {
	claim func(context.Context) (Appointment, error)

	// look reads once and says which ids are known already, and what to tell
	// the others: a conflict, or nil if the time is free again.
	look func(ctx context.Context, ids []ID) (known []ID, conflict, err error)
}

// enter claims through the gate. id names the caller's appointment-to-be.
func (g *gate) enter(ctx context.Context, key wantKey, id ID, do attempt) (Appointment, error) {
	g.mu.Lock()
	r, busy := g.rooms[key]
	if !busy {
		if g.rooms == nil {
			g.rooms = make(map[wantKey]*room)
		}
		g.rooms[key] = &room{}
		g.mu.Unlock()
		return g.lead(ctx, key, do)
	}
	w := &waiter{id: id, turn: make(chan turn, 1)}
	r.waiting = append(r.waiting, w)
	g.mu.Unlock()

	for {
		select {
		case t := <-w.turn:
			switch t.act {
			case lead:
				return g.lead(ctx, key, do)
			case answer:
				return Appointment{}, t.err
			case read:
				a, err, again := g.read(ctx, key, w, do)
				if !again {
					return a, err
				}
			}
		case <-ctx.Done():
			g.leave(key, w)
			return Appointment{}, ctx.Err()
		}
	}
}

// lead claims, then hands the room on.
func (g *gate) lead(ctx context.Context, key wantKey, do attempt) (Appointment, error) {
	defer g.next(key, read)
	return do.claim(ctx)
}

// read answers everybody in the room, w among them, from one look. again is
// true if w has been given another turn.
func (g *gate) read(ctx context.Context, key wantKey, w *waiter, do attempt) (_ Appointment, _ error, again bool) {
	g.mu.Lock()
	ids := []ID{w.id}
	for _, o := range g.rooms[key].waiting {
		o.asked = true
		ids = append(ids, o.id)
	}
	g.mu.Unlock()

	known, conflict, err := do.look(ctx, ids)
	switch {
	case ctx.Err() != nil: // this reader gave up: its failure is its own
		g.next(key, read)
		return Appointment{}, ctx.Err(), false
	case err == nil && conflict == nil: // free again
		g.mu.Lock()
		r := g.rooms[key]
		r.waiting = append([]*waiter{w}, r.waiting...)
		g.mu.Unlock()
		g.next(key, lead)
		return Appointment{}, nil, true
	case err != nil:
		conflict, known = err, nil
	}

	// Whoever's appointment exists already asks the store for it: a replay.
	g.mu.Lock()
	r := g.rooms[key]
	replay := func(id ID) bool { return slices.Contains(known, id) }
	r.waiting = slices.DeleteFunc(r.waiting, func(o *waiter) bool {
		if replay(o.id) || !o.asked {
			return false
		}
		o.turn <- turn{answer, conflict}
		return true
	})
	g.mu.Unlock()
	if replay(w.id) {
		a, err := g.lead(ctx, key, do)
		return a, err, false
	}
	g.next(key, read)
	return Appointment{}, conflict, false
}

// next gives the turn to the one who has waited longest, or closes the room.
func (g *gate) next(key wantKey, act action) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.rooms[key]
	if len(r.waiting) == 0 {
		delete(g.rooms, key)
		return
	}
	w := r.waiting[0]
	r.waiting = r.waiting[1:]
	w.turn <- turn{act: act}
}

// leave takes w out of the room; a turn it was given meanwhile goes on.
func (g *gate) leave(key wantKey, w *waiter) {
	g.mu.Lock()
	r := g.rooms[key]
	if r != nil {
		if i := slices.Index(r.waiting, w); i >= 0 {
			r.waiting = slices.Delete(r.waiting, i, i+1)
			g.mu.Unlock()
			return
		}
	}
	g.mu.Unlock()
	if t := <-w.turn; t.act != answer {
		g.next(key, t.act)
	}
}
