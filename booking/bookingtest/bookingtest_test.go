package bookingtest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/bookingtest"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func TestAStoreThatIsNotBrokenFailsNothing(t *testing.T) {
	require.Empty(t, bookingtest.Failing(bookingtest.Harness{Store: memory.New()}))
}

// Each store is broken as a real one was or might be, and the suite says so.
func TestABrokenStoreFailsTheSentenceItBreaks(t *testing.T) {
	for _, tt := range []struct {
		store   booking.Store
		broken  []string
		working []string
	}{
		{
			checkThenInsert{memory.New(), make(chan struct{})},
			[]string{
				"one winner among fifty callers",
				"of ten callers for three seats three win, each a seat of its own",
				"random calls at once are answered as if they had been made one after another",
			},
			[]string{"back-to-back appointments do not collide", "if a need cannot be met Busy says what is taken"},
		},
		{
			locksTheExactStart{memory.New()},
			[]string{"one wins of simultaneous claims whose occupied times overlap", "buffers are kept from others"},
			[]string{"one winner per slot among five callers for each of three"},
		},
		{
			holdsOccupyNothing{memory.New()},
			[]string{"a hold that has not expired stands in the way", "random calls one after another are answered as by the model"},
			[]string{"one winner among fifty callers"},
		},
		{
			confirmsTheExpired{memory.New()},
			[]string{
				"of a confirm and a claim that race at a hold's expiry, one wins",
				"the error is ErrNotFound, ErrExpired (the expiry is then written) or ErrNotOpen",
			},
			[]string{"it makes a held appointment booked"},
		},
		{
			&forgetsKeys{Store: memory.New()},
			[]string{
				"a claim whose ID is known is a replay and changes nothing",
				"simultaneous claims with one ID make one appointment that all get",
				"after a lost answer the same call tells what happened",
			},
			[]string{"one winner among fifty callers"},
		},
		{
			booksHalf{memory.New()},
			[]string{"all needs or none"},
			[]string{"one winner among fifty callers", "it takes the first seat that is free"},
		},
		{
			freesBeforeItOwns{memory.New()},
			[]string{
				"it frees the old ones only if it owns the new ones",
				"random calls one after another are answered as by the model",
			},
			[]string{"one winner among fifty callers", "it makes a held appointment booked"},
		},
		{
			namesTheWinner{memory.New()},
			[]string{"losers are told of the winner's time and of nobody"},
			[]string{"if a need cannot be met Busy says what is taken"},
		},
		{
			&cachesLooks{Store: memory.New(), kept: map[string]booking.BusyView{}},
			[]string{"it sees every change that was acknowledged before it was called", "expired holds are not in it"},
			[]string{"it says which IDs are known", "one winner among fifty callers"},
		},
		{
			&looksTwice{memory.New()},
			[]string{"it is what the store saw at one moment"},
			[]string{"it sees every change that was acknowledged before it was called"},
		},
		{
			&asksEverybody{Store: memory.New()},
			[]string{
				"what another clinic has is never seen, changed, counted or collided with",
				"the error is ErrNotFound for an unknown appointment",
			},
			[]string{"it returns them by start, then id"},
		},
		{
			writesTwice{memory.New()},
			[]string{"one event is written", "confirming twice at once writes one event", "simultaneous changes write one event per version"},
			[]string{"one winner among fifty callers"},
		},
	} {
		name := fmt.Sprintf("%T", tt.store)
		t.Run(name[strings.IndexByte(name, '.')+1:], func(t *testing.T) {
			h := bookingtest.Harness{Store: tt.store}
			require.ElementsMatch(t, tt.broken, bookingtest.Failing(h, tt.broken...))
			require.Empty(t, bookingtest.Failing(h, tt.working...))
		})
	}
}

// checkThenInsert looks whether the time is free, and then takes it. Between
// the two, callers have time to meet.
type checkThenInsert struct {
	booking.Store
	meet chan struct{}
}

// many is a capacity that is never met.
const many = 1000

func (s checkThenInsert) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	free := c
	free.Needs = nil
	for _, need := range c.Needs {
		var some []booking.Candidate
		for _, r := range need {
			view, err := s.Store.ListBusy(ctx, org, booking.BusyQuery{Resources: []booking.ResourceID{r.Resource}, From: c.Start, To: c.End, IDs: []booking.ID{c.ID}})
			if err != nil || len(view.Known) > 0 {
				return s.Store.Claim(ctx, org, c)
			}
			if len(view.Busy) < r.Capacity {
				some = append(some, booking.Candidate{Resource: r.Resource, Capacity: many})
			}
		}
		free.Needs = append(free.Needs, some)
	}
	select {
	case s.meet <- struct{}{}:
	case <-s.meet:
	case <-time.After(50 * time.Millisecond): // alone
	}
	if slices.ContainsFunc(free.Needs, func(need []booking.Candidate) bool { return len(need) == 0 }) {
		return s.Store.Claim(ctx, org, c)
	}
	return s.Store.Claim(ctx, org, free)
}

// locksTheExactStart keeps callers apart who want the same start.
type locksTheExactStart struct{ booking.Store }

func (s locksTheExactStart) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	suffix := fmt.Sprint("@", c.Start.Unix())
	c.Needs = renamed(c.Needs, suffix)
	out, err := s.Store.Claim(ctx, org, c)
	for i := range out.Busy {
		out.Busy[i].Resource = booking.ResourceID(strings.TrimSuffix(string(out.Busy[i].Resource), suffix))
	}
	return out, err
}

func renamed(needs [][]booking.Candidate, suffix string) (out [][]booking.Candidate) {
	for _, need := range needs {
		need = slices.Clone(need)
		for i := range need {
			need[i].Resource += booking.ResourceID(suffix)
		}
		out = append(out, need)
	}
	return out
}

// holdsOccupyNothing lets others have what is only held.
type holdsOccupyNothing struct{ booking.Store }

func (s holdsOccupyNothing) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	if c.HoldFor > 0 {
		c.Needs = renamed(c.Needs, "-held")
	}
	return s.Store.Claim(ctx, org, c)
}

// confirmsTheExpired read the clock too early.
type confirmsTheExpired struct{ booking.Store }

func (s confirmsTheExpired) Confirm(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	a, err := s.Store.Confirm(ctx, org, id, actor)
	if errors.Is(err, booking.ErrExpired) {
		return booking.Appointment{ID: id, Status: booking.Booked}, nil
	}
	return a, err
}

// forgetsKeys takes a retry for a new caller.
type forgetsKeys struct {
	booking.Store
	mu sync.Mutex
	n  int
}

func (s *forgetsKeys) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	view, err := s.Store.ListBusy(ctx, org, booking.BusyQuery{IDs: []booking.ID{c.ID}})
	if err != nil {
		return booking.Outcome{}, err
	}
	if len(view.Known) > 0 {
		s.mu.Lock()
		s.n++
		c.ID = booking.NewID(org, fmt.Sprint("another ", s.n))
		s.mu.Unlock()
	}
	return s.Store.Claim(ctx, org, c)
}

// booksHalf leaves behind what it got before a need could not be met.
type booksHalf struct{ booking.Store }

func (s booksHalf) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	out, err := s.Store.Claim(ctx, org, c)
	if out.Taken && len(c.Needs) > 1 {
		c.ID = booking.NewID(org, string(c.ID)+" half")
		c.Needs = c.Needs[:1]
		if _, err := s.Store.Claim(ctx, org, c); err != nil {
			return booking.Outcome{}, err
		}
	}
	return out, err
}

// freesBeforeItOwns moves by giving the old time away first.
type freesBeforeItOwns struct{ booking.Store }

func (s freesBeforeItOwns) Move(ctx context.Context, org tenant.ID, m booking.Move) (booking.Outcome, error) {
	out, err := s.Store.Move(ctx, org, m)
	if out.Taken {
		if _, err := s.Store.Cancel(ctx, org, m.ID, m.Actor); err != nil {
			return booking.Outcome{}, err
		}
	}
	return out, err
}

// namesTheWinner tells losers whose appointment is in their way.
type namesTheWinner struct{ booking.Store }

func (s namesTheWinner) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	out, err := s.Store.Claim(ctx, org, c)
	if out.Taken {
		found, err := s.Store.ListAppointments(ctx, org, booking.AppointmentFilter{From: c.Start, To: c.End})
		if err != nil || len(found) == 0 {
			return out, err
		}
		out.Appointment.Contact = found[0].Contact
	}
	return out, err
}

// cachesLooks remembers what was taken when it was first asked.
type cachesLooks struct {
	booking.Store
	mu   sync.Mutex
	kept map[string]booking.BusyView
}

func (s *cachesLooks) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	view, err := s.Store.ListBusy(ctx, org, q)
	if err != nil {
		return view, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprint(org, q)
	if _, known := s.kept[key]; !known {
		s.kept[key] = view
	}
	return s.kept[key], nil
}

// looksTwice puts a view together from two moments.
type looksTwice struct{ booking.Store }

func (s *looksTwice) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	var view booking.BusyView
	for _, r := range slices.Compact(slices.Sorted(slices.Values(q.Resources))) {
		part := q
		part.Resources = []booking.ResourceID{r}
		seen, err := s.Store.ListBusy(ctx, org, part)
		if err != nil {
			return booking.BusyView{}, err
		}
		view.Busy, view.Known = append(view.Busy, seen.Busy...), seen.Known
		time.Sleep(time.Millisecond) // the way to the database
	}
	return view, nil
}

// asksEverybody looks in other clinics for what a clinic does not have.
type asksEverybody struct {
	booking.Store
	mu   sync.Mutex
	orgs []tenant.ID
}

func (s *asksEverybody) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	s.mu.Lock()
	s.orgs = append(s.orgs, org)
	s.mu.Unlock()
	return s.Store.Claim(ctx, org, c)
}

func (s *asksEverybody) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	a, err := s.Store.Cancel(ctx, org, id, actor)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.orgs {
		if !errors.Is(err, booking.ErrNotFound) {
			break
		}
		a, err = s.Store.Cancel(ctx, other, id, actor)
	}
	return a, err
}

// writesTwice has an event too many.
type writesTwice struct{ booking.Store }

func (s writesTwice) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	events, err := s.Store.ListEvents(ctx, org, id)
	if len(events) > 0 {
		events = append(events, events[len(events)-1])
	}
	return events, err
}

// A store that forgets to look at other starts is found out.
func ExampleFailing() {
	store := locksTheExactStart{memory.New()}
	for _, sentence := range bookingtest.Failing(bookingtest.Harness{Store: store},
		"one winner among five callers",
		"one wins of simultaneous claims whose occupied times overlap",
	) {
		fmt.Println("does not hold:", sentence)
	}
	// Output:
	// does not hold: one wins of simultaneous claims whose occupied times overlap
}
