package bookingtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

var modelChecks = []check{
	{"sequential random calls return the results of the model", randomSequences},
	{"concurrent random calls return the results of some sequential order", randomHistories},
}

// A step is one call on a store. It returns the result as text, to compare.
type step struct {
	text string
	run  func(ctx context.Context, s booking.Store, org tenant.ID) string

	// expires is an appointment whose hold must expire before the next step.
	expires booking.ID
}

// A script makes random steps over a few keys, times, resources and callers,
// so that they meet often.
type script struct {
	*rand.Rand
	*fixture
	times []time.Time
	ids   []booking.ID
	// exact scripts compare whole results. Others leave out the parts that may
	// change between an attempt and the result of it.
	exact bool
}

func newScript(f *fixture, seed uint64) *script {
	s := &script{Rand: rand.New(rand.NewPCG(seed, 0)), fixture: f, exact: true}
	for q := range 8 {
		s.times = append(s.times, at(9, 0).Add(time.Duration(q)*15*time.Minute))
	}
	for i := range 12 {
		s.ids = append(s.ids, booking.NewID(f.org, fmt.Sprint("key-", i)))
	}
	return s
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func (s *script) needs() [][]booking.Candidate {
	return pick(s.Rand,
		needs(one(amara)),
		needs(one(bello)),
		needs(one(amara, bello)),
		needs(one(bello, amara), seats(2, room1)),
		needs(one(amara), one(amara, bello)),
		needs(seats(2, room1)),
		needs(seats(2, room1), seats(2, room1)),
		needs(one(amara, bello), one(room2)),
	)
}

// claim is a random claim under key k: a key often comes back with the same
// content, sometimes with other.
func (s *script) claim(k int) booking.Claim {
	start := s.times[(k*5+pick(s.Rand, 0, 0, 0, 0, 1))%len(s.times)]
	content := rand.New(rand.NewPCG(uint64(k), uint64(start.Unix())))
	c := s.fixture.claim(fmt.Sprint("key-", k), start, (&script{Rand: content}).needs()...)
	if pick(content, false, false, true) { // a longer one with buffers
		c.End = start.Add(45 * time.Minute)
		c.Occupied = span(start.Add(-5*time.Minute), c.End.Add(10*time.Minute))
	}
	if pick(content, false, true) {
		c = hold(c, time.Hour)
	}
	caller := k % 3
	c = by(caller, digested(c))
	if s.exact {
		c.Contact.Name = pick(s.Rand, "", fmt.Sprint("Caller ", caller), fmt.Sprint("Caller ", caller, " again"))
		c.Contact.Email = pick(s.Rand, "", "", fmt.Sprintf("caller%d@example.org", caller))
	}
	c.BusyFrom, c.BusyTo = s.span()
	return c
}

func (s *script) span() (from, to time.Time) {
	from = pick(s.Rand, at(0, 0), at(9, 20), at(10, 0))
	return from, pick(s.Rand, at(24, 0), at(10, 30), at(10, 5))
}

func (s *script) outcome(out booking.Outcome, err error) string {
	if !s.exact {
		out.Busy = nil
	}
	return show(out, err)
}

// next is a random step.
func (s *script) next() step {
	k := s.IntN(len(s.ids))
	id := s.ids[k]
	actor := fmt.Sprint("vapi:", s.IntN(100))
	switch n := s.IntN(100); {
	case n < 35:
		c := s.claim(k)
		c.Actor = actor
		return step{
			text: fmt.Sprintf("claim key %d, %s+%v for %v, hold %v, needs %v", k, c.Start.Format("15:04"), c.End.Sub(c.Start), c.Contact.Phone, c.HoldFor, c.Needs),
			run: func(ctx context.Context, to booking.Store, org tenant.ID) string {
				return s.outcome(to.Claim(ctx, org, c))
			},
		}
	case n < 52:
		m := s.fixture.move(id, pick(s.Rand, s.times...), s.needs()...)
		m.Actor = actor
		m.BusyFrom, m.BusyTo = s.span()
		return step{
			text: fmt.Sprintf("move key %d to %s, needs %v", k, m.Start.Format("15:04"), m.Needs),
			run: func(ctx context.Context, to booking.Store, org tenant.ID) string {
				out, err := to.Move(ctx, org, m)
				out.Replay = false // a store may report an unnecessary move either way
				return s.outcome(out, err)
			},
		}
	case n < 64:
		return s.change("confirm", k, actor, booking.Store.Confirm)
	case n < 78:
		return s.change("cancel", k, actor, booking.Store.Cancel)
	case n < 86:
		q := booking.BusyQuery{Resources: pick(s.Rand, []booking.ResourceID{amara}, []booking.ResourceID{bello, room1}, []booking.ResourceID{amara, bello, room1, room2})}
		q.From, q.To = s.span()
		q.IDs = []booking.ID{id, s.ids[0]}
		return step{
			text: fmt.Sprintf("look at %v %s-%s", q.Resources, q.From.Format("15:04"), q.To.Format("15:04")),
			run: func(ctx context.Context, to booking.Store, org tenant.ID) string {
				view, err := to.ListBusy(ctx, org, q)
				if err != nil {
					return showError(err)
				}
				return fmt.Sprintf("known %q; busy%s", slices.Compact(slices.Sorted(slices.Values(view.Known))), showBusy(view.Busy))
			},
		}
	case n < 94:
		q := pick(s.Rand,
			booking.AppointmentFilter{ID: id},
			booking.AppointmentFilter{Phone: phone(k % 3)},
			booking.AppointmentFilter{From: at(9, 30), To: at(10, 15)},
			booking.AppointmentFilter{Phone: phone(k % 3), From: at(9, 30), Limit: 2})
		return step{
			text: fmt.Sprintf("find key %d or caller %d, limit %d", k, k%3, q.Limit),
			run: func(ctx context.Context, to booking.Store, org tenant.ID) string {
				found, err := to.ListAppointments(ctx, org, q)
				if err != nil {
					return showError(err)
				}
				return showAll(found)
			},
		}
	default:
		return step{
			text: fmt.Sprintf("events of key %d", k),
			run: func(ctx context.Context, to booking.Store, org tenant.ID) string {
				events, err := to.ListEvents(ctx, org, id)
				if err != nil {
					return showError(err)
				}
				return showEvents(events)
			},
		}
	}
}

func (s *script) change(verb string, k int, actor string, method func(booking.Store, context.Context, tenant.ID, booking.ID, string) (booking.Appointment, error)) step {
	id := s.ids[k]
	return step{
		text: fmt.Sprintf("%s key %d", verb, k),
		run: func(ctx context.Context, to booking.Store, org tenant.ID) string {
			a, err := method(to, ctx, org, id, actor)
			return show(booking.Outcome{Appointment: a}, err)
		},
	}
}

// shortClaim is a claim for a hold that is over before the next step. Its key is
// used once, so that the hold is made with its first step.
func (s *script) shortClaim(n int) step {
	c := by(4, s.fixture.claim(fmt.Sprint("brief-", n), pick(s.Rand, s.times...), s.needs()...))
	c = hold(c, s.fixture.shortHold())
	return step{
		text: fmt.Sprintf("claim %s for a brief hold, needs %v", c.Start.Format("15:04"), c.Needs),
		run: func(ctx context.Context, to booking.Store, org tenant.ID) string {
			return s.outcome(to.Claim(ctx, org, c))
		},
		expires: c.ID,
	}
}

func randomSequences(f *fixture) {
	for round := range uint64(f.rounds(25)) {
		f.org = f.Org()
		s := newScript(f, f.Seed+round)
		m := &model{contacts: map[string]booking.Contact{}}
		var steps []string
		for n := range 80 {
			var st step
			switch s.IntN(20) {
			case 0:
				st = s.shortClaim(n)
			case 1:
				if f.Advance == nil {
					continue
				}
				d := pick(s.Rand, time.Minute, 20*time.Minute, 40*time.Minute)
				f.Advance(d)
				m.tick(d)
				steps = append(steps, fmt.Sprintf("%d. %v pass", n, d))
				continue
			default:
				st = s.next()
			}
			want := st.run(f.ctx, m, f.org)
			got := st.run(f.ctx, f.Store, f.org)
			steps = append(steps, fmt.Sprintf("%d. %s\n\t→ %s", n, st.text, got))
			if got != want {
				f.Fatalf("seed %d: the model returns\n\t→ %s\nafter\n%s", f.Seed+round, want, strings.Join(steps, "\n"))
			}
			if a := m.find(st.expires); a != nil {
				f.expire(a.ID, f.shortHold())
				if f.Advance != nil {
					m.tick(f.shortHold()) // for all holds
				}
				a.Status = booking.Expired
			}
		}
		for _, id := range s.ids {
			f.eventKinds(id)
		}
	}
}
