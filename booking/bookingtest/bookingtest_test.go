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

func TestFailing_CorrectStore(t *testing.T) {
	t.Parallel()
	require.Empty(t, bookingtest.Failing(bookingtest.Harness{Store: memory.New()}))
}

// Each store is broken as a real one was or might be, and fails the sentences
// that it breaks.
func TestFailing_BrokenStore(t *testing.T) {
	t.Parallel()
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
				"concurrent random calls return the results of some sequential order",
			},
			[]string{"back-to-back appointments do not collide", "if a need cannot be met, Busy lists the taken times"},
		},
		{
			locksTheExactStart{memory.New()},
			[]string{"of simultaneous claims whose occupied times overlap on a resource, exactly one wins", "buffers are occupied too"},
			[]string{"one winner per slot among five callers for each of three"},
		},
		{
			holdsOccupyNothing{memory.New()},
			[]string{"a hold that has not expired blocks a claim", "sequential random calls return the results of the model"},
			[]string{"one winner among fifty callers"},
		},
		{
			confirmsTheExpired{memory.New()},
			[]string{
				"of a confirm and a claim that race at a hold's expiry, exactly one wins",
				"the error is ErrNotFound, ErrExpired (the expiry is then written) or ErrNotOpen",
			},
			[]string{"it makes a held appointment booked"},
		},
		{
			&forgetsKeys{Store: memory.New()},
			[]string{
				"a claim with a known ID is a replay without a change",
				"simultaneous claims with one ID create one appointment, and all return it",
				"after a lost answer the same call returns the outcome of the first",
			},
			[]string{"one winner among fifty callers"},
		},
		{
			booksHalf{memory.New()},
			[]string{"all needs are met, or no resource is occupied"},
			[]string{"one winner among fifty callers", "each need gets the first free seat of its candidates"},
		},
		{
			freesBeforeItOwns{memory.New()},
			[]string{
				"it frees the old ones only if the appointment owns the new ones",
				"sequential random calls return the results of the model",
			},
			[]string{"one winner among fifty callers", "it makes a held appointment booked"},
		},
		{
			namesTheWinner{memory.New()},
			[]string{"Busy never identifies an owner"},
			[]string{"if a need cannot be met, Busy lists the taken times"},
		},
		{
			&cachesViews{Store: memory.New(), kept: map[string]booking.BusyView{}},
			[]string{"it sees every change that was acknowledged before the call", "expired holds are not in it"},
			[]string{"it returns the IDs that are known", "one winner among fifty callers"},
		},
		{
			&mixesMoments{memory.New()},
			[]string{"the view is of one moment"},
			[]string{"it sees every change that was acknowledged before the call"},
		},
		{
			&searchesAllClinics{Store: memory.New()},
			[]string{
				"the data of another clinic is never seen, changed, counted or collided with",
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
			t.Parallel()
			h := bookingtest.Harness{Store: tt.store}
			require.ElementsMatch(t, tt.broken, bookingtest.Failing(h, tt.broken...))
			require.Empty(t, bookingtest.Failing(h, tt.working...))
		})
	}
}

// checkThenInsert reads whether the time is free, and then takes it. Between
// the two, other callers can do the same.
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

// locksTheExactStart serializes claims of the same start only.
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

// holdsOccupyNothing gives held times away.
type holdsOccupyNothing struct{ booking.Store }

func (s holdsOccupyNothing) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	if c.HoldFor > 0 {
		c.Needs = renamed(c.Needs, "-held")
	}
	return s.Store.Claim(ctx, org, c)
}

// confirmsTheExpired reads the clock too early.
type confirmsTheExpired struct{ booking.Store }

func (s confirmsTheExpired) Confirm(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	a, err := s.Store.Confirm(ctx, org, id, actor)
	if errors.Is(err, booking.ErrExpired) {
		return booking.Appointment{ID: id, Status: booking.Booked}, nil
	}
	return a, err
}

// forgetsKeys treats a retry as a new claim.
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

// booksHalf keeps the resources it got before a need could not be met.
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

// namesTheWinner returns the winner's contact to the losers.
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

// cachesViews returns the view of the first call for ever.
type cachesViews struct {
	booking.Store
	mu   sync.Mutex
	kept map[string]booking.BusyView
}

func (s *cachesViews) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
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

// mixesMoments makes a view of several moments.
type mixesMoments struct{ booking.Store }

func (s *mixesMoments) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
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

// searchesAllClinics cancels appointments of other clinics.
type searchesAllClinics struct {
	booking.Store
	mu   sync.Mutex
	orgs []tenant.ID
}

func (s *searchesAllClinics) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	s.mu.Lock()
	s.orgs = append(s.orgs, org)
	s.mu.Unlock()
	return s.Store.Claim(ctx, org, c)
}

func (s *searchesAllClinics) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
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

// writesTwice returns the last event twice.
type writesTwice struct{ booking.Store }

func (s writesTwice) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	events, err := s.Store.ListEvents(ctx, org, id)
	if len(events) > 0 {
		events = append(events, events[len(events)-1])
	}
	return events, err
}

// A store that only serializes equal starts fails where starts differ.
func ExampleFailing() {
	store := locksTheExactStart{memory.New()}
	for _, sentence := range bookingtest.Failing(bookingtest.Harness{Store: store},
		"one winner among five callers",
		"of simultaneous claims whose occupied times overlap on a resource, exactly one wins",
	) {
		fmt.Println("does not hold:", sentence)
	}
	// Output:
	// does not hold: of simultaneous claims whose occupied times overlap on a resource, exactly one wins
}
