package pgxstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Claims of one clinic that wait at the same time share one transaction and
// its commit. One clinic has at most maxFlushes round trips of claims in
// flight, so a rush on it leaves connections to the other clinics. A claim that
// finds fewer in flight is sent at once, alone and without a delay.
const (
	// maxFlushes is the number of round trips in flight for one clinic. With 64
	// callers 2 reached 1.06 of the rate of bare inserts, 4 reached .88 and 8
	// reached .78: more transactions wait for each other's locks.
	maxFlushes = 2

	// maxBatch bounds the claims in one round trip, and so the time that its
	// locks are held.
	maxBatch = 32
)

// batcher groups the claims of each clinic into batches.
type batcher struct {
	mu    sync.Mutex
	byOrg map[tenant.ID]*claimQueue // clinics with claims in flight
}

type claimQueue struct {
	inFlight int // round trips
	pending  []*pendingClaim
}

// A pendingClaim waits for the next flush of its clinic.
type pendingClaim struct {
	claim booking.Claim
	needs needs
	done  chan claimResult // buffered: flush does not wait for the caller
}

type claimResult struct {
	outcome booking.Outcome
	err     error
	alone   bool // the batch was rolled back: the claim must be sent again, alone
}

// Claim implements [booking.Store].
func (s *Store) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	n, err := s.checkClaim(org, c)
	if err != nil {
		return booking.Outcome{}, err
	}
	if p := s.batcher.join(org, c, n); p == nil {
		defer s.flushPending(ctx, org)
	} else {
		select {
		case r := <-p.done:
			if !r.alone {
				return r.outcome, r.err
			}
		case <-ctx.Done():
			state := booking.ErrOutcomeUnknown
			if s.batcher.withdraw(org, p) {
				state = booking.ErrUnavailable // the claim was never sent
			}
			return booking.Outcome{}, fmt.Errorf("pgxstore: %w: %w", state, context.Cause(ctx))
		}
	}
	var row appointmentRow
	if err := s.db.Run(ctx, scope{Org: org, Writes: true}, claimStatement(org, c, n, &row)); err != nil {
		return booking.Outcome{}, err
	}
	return row.toOutcome(s.zones)
}

// join returns nil if the claim can be sent at once; flushPending must follow.
// Otherwise it returns the claim as one that waits.
func (b *batcher) join(org tenant.ID, c booking.Claim, n needs) *pendingClaim {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.byOrg[org]
	if q == nil {
		q = &claimQueue{}
		b.byOrg[org] = q
	}
	if q.inFlight < maxFlushes {
		q.inFlight++
		return nil
	}
	p := &pendingClaim{c, n, make(chan claimResult, 1)}
	q.pending = append(q.pending, p)
	return p
}

// withdraw removes a claim that waits. It reports false if the claim is in
// flight or has its result.
func (b *batcher) withdraw(org tenant.ID, p *pendingClaim) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.byOrg[org]
	if q == nil {
		return false
	}
	i := slices.Index(q.pending, p)
	if i >= 0 {
		q.pending = slices.Delete(q.pending, i, i+1)
	}
	return i >= 0
}

// flushPending ends a round trip and flushes the claims that waited for its
// end, in a goroutine that ends when no claim waits: a caller that has its
// result does no further work.
func (s *Store) flushPending(ctx context.Context, org tenant.ID) {
	if s.batcher.endIfIdle(org) {
		return
	}
	go func() {
		for {
			// Callers that have just been answered may claim again: they
			// share the next commit if they may run first.
			runtime.Gosched()
			batch := s.batcher.next(org)
			if batch == nil {
				return
			}
			s.flush(context.WithoutCancel(ctx), org, batch)
		}
	}()
}

// endIfIdle ends a round trip if no claim waits for its end, and reports
// whether it did.
func (b *batcher) endIfIdle(org tenant.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.byOrg[org]
	if len(q.pending) > 0 {
		return false
	}
	b.end(org, q)
	return true
}

func (b *batcher) end(org tenant.ID, q *claimQueue) {
	if q.inFlight--; q.inFlight == 0 {
		delete(b.byOrg, org)
	}
}

// next returns the claims of the next round trip. If no claim waits it ends the
// previous round trip and returns nil. Of several claims for one contact it
// returns the first only: claims for one contact run one after the other.
func (b *batcher) next(org tenant.ID) (batch []*pendingClaim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.byOrg[org]
	if len(q.pending) == 0 {
		b.end(org, q)
		return nil
	}
	q.pending = slices.DeleteFunc(q.pending, func(p *pendingClaim) bool {
		next := len(batch) < maxBatch && !slices.ContainsFunc(batch, p.sameContact)
		if next {
			batch = append(batch, p)
		}
		return next
	})
	return batch
}

func (p *pendingClaim) sameContact(q *pendingClaim) bool {
	return p.claim.Contact.Phone == q.claim.Contact.Phone
}

// flush sends a batch in one transaction. If that is rolled back, each caller
// sends its claim alone; if its outcome is unknown, so is that of each claim.
func (s *Store) flush(ctx context.Context, org tenant.ID, batch []*pendingClaim) {
	// In the order of the locks, so that transactions wait for rows in one order.
	slices.SortStableFunc(batch, func(a, b *pendingClaim) int { return cmp.Compare(a.needs.resource[0], b.needs.resource[0]) })
	ctx, cancel := context.WithTimeout(ctx, s.deadline)
	defer cancel()

	rows := make([]appointmentRow, len(batch))
	err := s.db.Run(ctx, scope{Org: org, Writes: true, Once: true}, claimBatchStatement(org, batch, rows))
	for i, p := range batch {
		switch {
		case err == nil:
			out, err := rows[i].toOutcome(s.zones)
			p.done <- claimResult{outcome: out, err: err}
		case errors.Is(err, booking.ErrOutcomeUnknown):
			p.done <- claimResult{err: err}
		default:
			// One bad claim must not fail the others: each has its own error.
			p.done <- claimResult{alone: true}
		}
	}
}

// claimBatchStatement returns the statement that makes the claims of a batch
// and reads one row for each, in order.
func claimBatchStatement(org tenant.ID, batch []*pendingClaim, results []appointmentRow) statement {
	var ids, digests, services, zones, phones, names, emails, calls, actors, resources []string
	var starts, ends, froms, tos, busyFroms, busyTos []time.Time
	var lows, highs, needs, capacities []int32
	var holds []int64
	for _, p := range batch {
		c := p.claim
		ids = append(ids, string(c.ID))
		digests = append(digests, c.Digest)
		services = append(services, string(c.Service))
		starts = append(starts, c.Start)
		ends = append(ends, c.End)
		zones = append(zones, c.Zone)
		froms = append(froms, instant(c.Occupied.Start))
		tos = append(tos, instant(c.Occupied.End))
		lows = append(lows, int32(len(needs)+1))
		needs = append(needs, p.needs.number...)
		resources = append(resources, p.needs.resource...)
		capacities = append(capacities, p.needs.capacity...)
		highs = append(highs, int32(len(needs)))
		holds = append(holds, c.HoldFor.Microseconds())
		phones = append(phones, c.Contact.Phone)
		names = append(names, c.Contact.Name)
		emails = append(emails, c.Contact.Email)
		calls = append(calls, c.Call)
		actors = append(actors, c.Actor)
		busyFroms = append(busyFroms, c.BusyFrom)
		busyTos = append(busyTos, c.BusyTo)
	}
	return statement{
		SQL: `
			select ` + resultColumns + `
			from callwaiting.claim_batch($1::uuid, $2::uuid[], $3::text[], $4::text[],
				$5::timestamptz[], $6::timestamptz[], $7::text[],
				$8::timestamptz[], $9::timestamptz[],
				$10::int[], $11::int[], $12::int[], $13::text[], $14::int[],
				$15::bigint[],
				$16::text[], $17::text[], $18::text[], $19::text[], $20::text[],
				$21::timestamptz[], $22::timestamptz[])`,
		Args: []any{
			org.String(), ids, digests, services, starts, ends, zones, froms, tos,
			lows, highs, needs, resources, capacities, holds,
			phones, names, emails, calls, actors, busyFroms, busyTos,
		},
		Read: func(rows sqltx.Rows) error {
			for i := range results {
				if err := results[i].read(rows); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
