package bookingtest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// An operation is a step of a concurrent history: called and returned at two
// readings of one counter.
type operation struct {
	step
	worker           int
	called, returned int64
	got              string
}

// randomHistories runs random scripts against each other and searches for a
// sequential order of all calls that explains them: a call never comes before
// one that had returned before it began, and the model returns the same
// results as the store (Herlihy & Wing, "Linearizability", 1990).
func randomHistories(f *fixture) {
	const workers, calls = 4, 6
	for round := range uint64(f.rounds(100)) {
		f.org = f.Org()
		var clock atomic.Int64
		histories := suite.Race(workers, func(w int) []operation {
			s := newScript(f, f.Seed+round*workers+uint64(w))
			s.exact = false
			var ops []operation
			for range calls {
				op := operation{step: s.next(), worker: w}
				op.called = clock.Add(1)
				op.got = op.run(f.ctx, f.Store, f.org)
				op.returned = clock.Add(1)
				ops = append(ops, op)
			}
			return ops
		})
		ops := slices.Concat(histories...)
		explained := explain(f, &model{contacts: map[string]booking.Contact{}}, ops, 0, map[string]bool{})
		if !explained && f.ctx.Err() != nil {
			f.Fatalf("seed %d: no order of %d calls was found in time that explains their results", f.Seed+round*workers, len(ops))
		}
		if !explained {
			slices.SortFunc(ops, func(a, b operation) int { return int(a.called - b.called) })
			var lines []string
			for _, op := range ops {
				lines = append(lines, fmt.Sprintf("[%d-%d] worker %d: %s\n\t→ %s", op.called, op.returned, op.worker, op.text, op.got))
			}
			f.Fatalf("seed %d: no order of these calls explains their results\n%s", f.Seed+round*workers, strings.Join(lines, "\n"))
		}
	}
}

// explain reports whether the operations that are not done, by the bits of
// done, can follow m in some order. refuted holds the states that cannot.
func explain(f *fixture, m *model, ops []operation, done uint64, refuted map[string]bool) bool {
	if done == 1<<len(ops)-1 {
		return true
	}
	state := fmt.Sprint(done, m.state())
	if refuted[state] || f.ctx.Err() != nil {
		return false
	}
	first := int64(1 << 62) // return of the calls that are not done
	for i, op := range ops {
		if done&(1<<i) == 0 {
			first = min(first, op.returned)
		}
	}
	for i, op := range ops {
		if done&(1<<i) != 0 || op.called > first {
			continue
		}
		next := m.clone()
		if op.run(f.ctx, next, f.org) == op.got && explain(f, next, ops, done|1<<i, refuted) {
			return true
		}
	}
	refuted[state] = true
	return false
}
