package pgxstore

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Many claims of one clinic at a time travel together: one transaction, one
// commit, for all that were waiting. A clinic has at most two round trips of
// claims on the way, so a rush on one leaves the connections to the others. A
// claim that finds the way free goes at once and pays nothing for this.
const (
	shippers = 2  // round trips on the way for a clinic; more were slower
	load     = 32 // claims in one of them, at most
)

type lanes struct {
	mu    sync.Mutex
	byOrg map[tenant.ID]*lane
}

// lane is a clinic with claims on the way.
type lane struct {
	shipping int
	waiting  []*parcel
}

// A parcel is a claim that waits to be shipped.
type parcel struct {
	ctx   context.Context // whose claim it is; its end does not end the group
	claim booking.Claim
	needs needs
	done  chan delivery // buffered: who ships does not wait
}

type delivery struct {
	outcome booking.Outcome
	err     error
	alone   bool // the group was rolled back: nothing happened, go alone
}

// Claim implements [booking.Store].
func (s *Store) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	n, err := s.checkClaim(org, c)
	if err != nil {
		return booking.Outcome{}, err
	}
	p := s.lanes.enter(ctx, org, c, n)
	if p == nil {
		defer s.leave(org)
		return s.claimIn(ctx, s, org, c, n)
	}
	select {
	case d := <-p.done:
		if d.alone {
			return s.claimIn(ctx, s, org, c, n)
		}
		return d.outcome, d.err
	case <-ctx.Done():
		if s.lanes.withdraw(org, p) {
			return booking.Outcome{}, givenUp(ctx, booking.ErrUnavailable)
		}
		return booking.Outcome{}, givenUp(ctx, booking.ErrOutcomeUnknown)
	}
}

// enter returns nil if the claim can go at once; then leave follows it.
func (l *lanes) enter(ctx context.Context, org tenant.ID, c booking.Claim, n needs) *parcel {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.byOrg[org]
	if of == nil {
		of = &lane{}
		l.byOrg[org] = of
	}
	if of.shipping < shippers {
		of.shipping++
		return nil
	}
	p := &parcel{ctx, c, n, make(chan delivery, 1)}
	of.waiting = append(of.waiting, p)
	return p
}

// withdraw takes a parcel back, unless it is on the way.
func (l *lanes) withdraw(org tenant.ID, p *parcel) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.byOrg[org]
	if of == nil {
		return false
	}
	i := slices.Index(of.waiting, p)
	if i >= 0 {
		of.waiting = slices.Delete(of.waiting, i, i+1)
	}
	return i >= 0
}

// leave ends a round trip and sends off those who have waited for it, in a
// goroutine that lives as long as they do: nobody who has his answer works on.
func (s *Store) leave(org tenant.ID) {
	if s.lanes.ends(org) {
		return
	}
	go func() {
		for {
			// Who has just been answered may have more to ask: they share
			// the next commit if they may run first.
			runtime.Gosched()
			group := s.lanes.next(org)
			if group == nil {
				return
			}
			s.ship(org, group)
		}
	}()
}

// ends ends a round trip after which nobody waits.
func (l *lanes) ends(org tenant.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.byOrg[org]
	if len(of.waiting) > 0 {
		return false
	}
	l.end(org, of)
	return true
}

func (l *lanes) end(org tenant.ID, of *lane) {
	if of.shipping--; of.shipping == 0 {
		delete(l.byOrg, org)
	}
}

// next returns those who go next; nil if nobody waits. Of claims for one
// contact only the first goes.
func (l *lanes) next(org tenant.ID) (group []*parcel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.byOrg[org]
	if len(of.waiting) == 0 {
		if of.shipping--; of.shipping == 0 {
			delete(l.byOrg, org)
		}
		return nil
	}
	of.waiting = slices.DeleteFunc(of.waiting, func(p *parcel) bool {
		goes := len(group) < load && !slices.ContainsFunc(group, p.sameContact)
		if goes {
			group = append(group, p)
		}
		return goes
	})
	return group
}

func (p *parcel) sameContact(q *parcel) bool { return p.claim.Contact.Phone == q.claim.Contact.Phone }

// ship claims for a group in one transaction. If it is rolled back, each goes
// alone; if its outcome is unknown, that is what each is told.
func (s *Store) ship(org tenant.ID, group []*parcel) {
	// As the locks do, so that whoever waits on a row waits in one order.
	slices.SortStableFunc(group, func(a, b *parcel) int { return cmp.Compare(a.needs.resource[0], b.needs.resource[0]) })
	ctx, cancel := context.WithTimeout(context.WithoutCancel(group[0].ctx), s.patience)
	defer cancel()

	answers := make([]answer, len(group))
	err := s.inOrgTries(ctx, org, true, 1, []ask{askClaims(org, group, answers)})
	for i, p := range group {
		switch {
		case err == nil:
			out, err := answers[i].outcomeOf(&s.zones)
			p.done <- delivery{outcome: out, err: err}
		case isUnknown(err):
			p.done <- delivery{err: err}
		default:
			p.done <- delivery{alone: true}
		}
	}
}

// askClaims is the statement that claims for a group, in its order.
func askClaims(org tenant.ID, group []*parcel, answers []answer) ask {
	var ids, digests, services, zones, phones, names, emails, calls, actors, resources []string
	var starts, ends, froms, tos, seeFroms, seeTos []time.Time
	var lows, highs, needs, capacities []int32
	var holds []int64
	for _, p := range group {
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
		seeFroms = append(seeFroms, c.BusyFrom)
		seeTos = append(seeTos, c.BusyTo)
	}
	return ask{
		sql: `
			select ` + answerColumns + `
			from callwaiting.claim_batch($1::uuid, $2::uuid[], $3::text[], $4::text[],
				$5::timestamptz[], $6::timestamptz[], $7::text[],
				$8::timestamptz[], $9::timestamptz[],
				$10::int[], $11::int[], $12::int[], $13::text[], $14::int[],
				$15::bigint[],
				$16::text[], $17::text[], $18::text[], $19::text[], $20::text[],
				$21::timestamptz[], $22::timestamptz[])`,
		args: []any{
			org.String(), ids, digests, services, starts, ends, zones, froms, tos,
			lows, highs, needs, resources, capacities, holds,
			phones, names, emails, calls, actors, seeFroms, seeTos,
		},
		read: func(rows pgx.Rows) error {
			for i := range answers {
				if err := answers[i].read(rows); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
