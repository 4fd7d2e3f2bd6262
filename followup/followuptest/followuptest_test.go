package followuptest_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// harness returns a harness of an intact store in memory.
func harness() followuptest.StoreHarness {
	var mu sync.Mutex
	now := time.Date(2031, time.June, 1, 12, 0, 0, 0, time.UTC)
	s := memory.New(memory.Clock(func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}))
	f := s.FollowUps()
	return followuptest.StoreHarness{
		Store: f, Queue: f, Links: f, Booking: s, Unmatched: f.Unmatched, Rounds: 1000,
		Advance: func(d time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(d)
		},
	}
}

func TestFailingStore(t *testing.T) {
	t.Run("an intact store fails no sentence", func(t *testing.T) {
		h := harness()
		h.Rounds = 0
		require.Empty(t, followuptest.FailingStore(h))
	})
	t.Run("an unknown sentence is returned as failing", func(t *testing.T) {
		require.Equal(t, []string{"the store makes coffee"}, followuptest.FailingStore(harness(), "the store makes coffee"))
	})
}

// The red controls of the store suite: each store has a fault that a real one had
// or might have, and the suite must return the sentences that it breaks.
func TestFailingStore_BrokenStore(t *testing.T) {
	const (
		seesBookings = "until Batch.Release no booking of these contacts commits: decide has seen all that committed before"
		seesOptOuts  = "until Batch.Release no opt-out of these contacts commits: decide has seen all that committed before"
		anyOrder     = "neither the order of updates nor a repeated one makes a difference"
		oneEach      = "of many workers that begin the same intents at once, one sends each"
	)
	for _, tt := range []struct {
		name    string
		broken  func(h *followuptest.StoreHarness)
		fails   []string
		working []string
	}{
		{
			"contacts are not locked", func(h *followuptest.StoreHarness) { h.Store = doesNotLock{h.Store} },
			[]string{seesBookings, seesOptOuts, "BeginSending skips an intent of a locked contact, and schedules it again soon"},
			[]string{oneEach, "Send makes an intent Sending, leases it for the time of lease and counts the attempt"},
		},
		{
			"the second decision is left out", func(h *followuptest.StoreHarness) { h.Store = decidesOnce{h.Store} },
			[]string{
				"BeginSending calls decide a second time about intents to be sent, which are now Sending",
				"a second decision other than Send replaces the first",
			},
			[]string{oneEach},
		},
		{
			"decisions do not see bookings and opt-outs", func(h *followuptest.StoreHarness) { h.Store = staleInput{h.Store} },
			[]string{
				seesBookings, seesOptOuts,
				"Booked reports that an appointment was made, confirmed or moved in the call that the intent follows, or by its contact on any channel since that call began",
			},
			[]string{oneEach},
		},
		{
			"an attempt with an expired lease is repeated", func(h *followuptest.StoreHarness) { h.Store = retriesUnknown{h.Store} },
			[]string{"a Sending intent with an expired lease becomes Unknown first; BeginSending skips an intent with a valid lease"},
			[]string{oneEach},
		},
		{
			"leases expire at once", func(h *followuptest.StoreHarness) { h.Store = zeroLease{h.Store} },
			[]string{oneEach, "a Sending intent with an expired lease becomes Unknown first; BeginSending skips an intent with a valid lease"},
			[]string{"RecordResults writes the results of attempts"},
		},
		{
			"results of earlier attempts are written", func(h *followuptest.StoreHarness) { h.Store = unfenced{h.Store} },
			[]string{"a result of an attempt that is not the intent's last changes nothing"},
			[]string{"RecordResults writes the results of attempts"},
		},
		{
			"the last update replaces the procedure", func(h *followuptest.StoreHarness) {
				h.Store = &lastProcedure{Store: h.Store, kept: map[string]followup.ProcedureID{}}
			},
			[]string{
				anyOrder,
				"the procedure with the strongest evidence stands, and of equal evidence the one with the later At; of Wanted the one with the later At",
			},
			[]string{"Reported and ClaimsBooked stay true"},
		},
		{
			"the last status replaces the state", func(h *followuptest.StoreHarness) {
				h.Store = &lastStatus{Store: h.Store, last: map[followup.IntentID]followup.State{}}
			},
			[]string{
				"reports in any order lead to the same state",
				"any other state adds only a missing carrier's id",
			},
			[]string{"a state that outranks the intent's replaces it and ends an unknown outcome"},
		},
		{
			"an opt-out is written after the return", func(h *followuptest.StoreHarness) { h.Store = optsOutLater{h.Store} },
			[]string{seesOptOuts, "when RecordOptOut returns, every message that is sent later was released by BeginSending before"},
			[]string{seesBookings},
		},
		{
			"the end of an opt-out restores consents", func(h *followuptest.StoreHarness) { h.Store = &restoresConsent{Store: h.Store} },
			[]string{"Consent is the last that the contact gave for this kind of message; zero if there is none, or if an opt-out came after it"},
			[]string{"RecordConsent appends to the ledger that a contact agreed to be texted"},
		},
		{
			"a contact is shared by all clinics", func(h *followuptest.StoreHarness) { h.Store = &sharedContacts{Store: h.Store} },
			[]string{"no method reads or changes data of another clinic"},
			[]string{"Summary returns the summary of a contact"},
		},
		{
			"a repeated plan makes a second intent", func(h *followuptest.StoreHarness) { h.Store = newIntentIDs{h.Store} },
			[]string{
				"concurrent plans of one intent write it once",
				"a plan of an existing intent changes nothing, except that an intent that is Planned and was never attempted takes the plan's procedure, if the plan has one",
			},
			[]string{anyOrder},
		},
		{
			"Ack removes a task that was scheduled again", func(h *followuptest.StoreHarness) {
				h.Queue = acksAlways{h.Queue}
				h.Store = plansAckAlways{h.Store}
			},
			[]string{
				"Ack removes a task, unless it was scheduled again after it was dequeued",
				"PlanIntents must not acknowledge a task that was scheduled again after it was dequeued",
			},
			[]string{"Dequeue returns up to n due tasks"},
		},
		{
			"the clinic with the most tasks is served first", func(h *followuptest.StoreHarness) { h.Queue = busiestFirst{h.Queue} },
			[]string{"the tasks of one clinic must not delay another's", "Dequeue returns at most perOrg tasks of one clinic and none of the clinics in except"},
			[]string{"Ack removes a task, unless it was scheduled again after it was dequeued"},
		},
		{
			"a task is returned to two callers", func(h *followuptest.StoreHarness) { h.Queue = &dequeuesTwice{Queue: h.Queue} },
			[]string{"of concurrent calls of Dequeue, one returns each task", "Dequeue returns up to n due tasks"},
			[]string{"Wait returns after max at the latest"},
		},
		{
			"a view is counted after it was allowed", func(h *followuptest.StoreHarness) { h.Links = checksThenCounts{h.Links} },
			[]string{"of any number of concurrent calls of UseLink, at most MaxViews succeed"},
			[]string{"UseLink counts a view of a link that Link would return, and returns it", "RevokeLinks ends all links that were sent to a contact"},
		},
		{
			"the error of a dead link differs", func(h *followuptest.StoreHarness) { h.Links = revealsLink{h.Links} },
			[]string{"the error is ErrNotFound, with the same text, for a link that is unknown, expired, revoked or used up"},
			[]string{"Link returns the link with this hash and its clinic"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := harness()
			tt.broken(&h)
			require.ElementsMatch(t, tt.fails, followuptest.FailingStore(h, tt.fails...))
			require.Empty(t, followuptest.FailingStore(h, tt.working...))
		})
	}
}

// doesNotLock releases the contacts before a message is on its way.
type doesNotLock struct{ followup.Store }

func (s doesNotLock) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	b, err := s.Store.BeginSending(ctx, org, ids, lease, decide)
	if err == nil {
		b.Release()
		b.Release = func() {}
	}
	return b, err
}

// decidesOnce repeats the first decision instead of a second one.
type decidesOnce struct{ followup.Store }

func (s decidesOnce) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	first := map[followup.IntentID]followup.IntentDecision{}
	return s.Store.BeginSending(ctx, org, ids, lease, func(c followup.DecisionInput) followup.IntentDecision {
		if _, decided := first[c.ID]; !decided {
			first[c.ID] = decide(c)
		}
		return first[c.ID]
	})
}

// staleInput hides bookings and opt-outs from decide.
type staleInput struct{ followup.Store }

func (s staleInput) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	return s.Store.BeginSending(ctx, org, ids, lease, func(c followup.DecisionInput) followup.IntentDecision {
		c.Booked, c.OptedOut = false, false
		return decide(c)
	})
}

// retriesUnknown shows decide an attempt of unknown outcome as one that was not
// made.
type retriesUnknown struct{ followup.Store }

func (s retriesUnknown) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	return s.Store.BeginSending(ctx, org, ids, lease, func(c followup.DecisionInput) followup.IntentDecision {
		if c.State == followup.Unknown {
			c.State = followup.Planned
		}
		return decide(c)
	})
}

// zeroLease leases intents for no time, so that two workers send one intent.
type zeroLease struct{ followup.Store }

func (s zeroLease) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, _ time.Duration, decide followup.Decider) (followup.Batch, error) {
	return s.Store.BeginSending(ctx, org, ids, 0, decide)
}

// unfenced records each result as one of the last attempt.
type unfenced struct{ followup.Store }

func (s unfenced) RecordResults(ctx context.Context, org tenant.ID, results []followup.Result) error {
	results = slices.Clone(results)
	for i, r := range results {
		found, err := s.Store.ListIntents(ctx, org, followup.IntentFilter{ID: r.Intent})
		if err != nil {
			return err
		}
		if len(found) == 1 {
			results[i].Attempt = found[0].Attempt
		}
	}
	return s.Store.RecordResults(ctx, org, results)
}

// lastProcedure returns the procedure of the last update.
type lastProcedure struct {
	followup.Store
	mu   sync.Mutex
	kept map[string]followup.ProcedureID
}

func (s *lastProcedure) UpdateCall(ctx context.Context, org tenant.ID, f followup.CallUpdate) (followup.Call, error) {
	c, err := s.Store.UpdateCall(ctx, org, f)
	s.mu.Lock()
	defer s.mu.Unlock()
	key := org.String() + f.Call
	s.kept[key] = cmp.Or(f.Procedure, s.kept[key])
	c.Procedure = s.kept[key]
	return c, err
}

// lastStatus returns the state of the last status.
type lastStatus struct {
	followup.Store
	last map[followup.IntentID]followup.State
}

func (s *lastStatus) RecordStatus(ctx context.Context, org tenant.ID, u followup.StatusUpdate) (followup.Intent, error) {
	i, err := s.Store.RecordStatus(ctx, org, u)
	if err == nil {
		s.last[i.ID], i.State = u.State, u.State
	}
	return i, err
}

func (s *lastStatus) ListIntents(ctx context.Context, org tenant.ID, q followup.IntentFilter) ([]followup.Intent, error) {
	found, err := s.Store.ListIntents(ctx, org, q)
	for i := range found {
		found[i].State = cmp.Or(s.last[found[i].ID], found[i].State)
	}
	return found, err
}

// optsOutLater returns before the opt-out is written.
type optsOutLater struct{ followup.Store }

func (s optsOutLater) RecordOptOut(ctx context.Context, org tenant.ID, o followup.OptOut) error {
	go s.Store.RecordOptOut(ctx, org, o)
	return nil
}

// restoresConsent records the consents again at the end of an opt-out.
type restoresConsent struct {
	followup.Store
	given []followup.Consent
}

func (s *restoresConsent) RecordConsent(ctx context.Context, org tenant.ID, c followup.Consent) error {
	s.given = append(s.given, c)
	return s.Store.RecordConsent(ctx, org, c)
}

func (s *restoresConsent) RecordOptOut(ctx context.Context, org tenant.ID, o followup.OptOut) error {
	err := s.Store.RecordOptOut(ctx, org, o)
	for _, c := range s.given {
		if o.Again && c.Phone == o.Phone {
			c.At = c.At.AddDate(1, 0, 0)
			err = cmp.Or(err, s.Store.RecordConsent(ctx, org, c))
		}
	}
	return err
}

// sharedContacts looks up a contact in every clinic.
type sharedContacts struct {
	followup.Store
	orgs []tenant.ID
}

func (s *sharedContacts) UpdateCall(ctx context.Context, org tenant.ID, f followup.CallUpdate) (followup.Call, error) {
	s.orgs = append(s.orgs, org)
	return s.Store.UpdateCall(ctx, org, f)
}

func (s *sharedContacts) Summary(ctx context.Context, org tenant.ID, phone string) (followup.ContactSummary, error) {
	m, err := s.Store.Summary(ctx, org, phone)
	for _, other := range s.orgs {
		if m.Known || err != nil {
			break
		}
		m, err = s.Store.Summary(ctx, other, phone)
	}
	return m, err
}

// newIntentIDs gives every plan a new id.
type newIntentIDs struct{ followup.Store }

func (s newIntentIDs) PlanIntents(ctx context.Context, org tenant.ID, t followup.Task, plans []followup.Plan) ([]followup.Intent, error) {
	plans = slices.Clone(plans)
	for i := range plans {
		plans[i].ID = followup.IntentID(tenant.NewID().String())
	}
	return s.Store.PlanIntents(ctx, org, t, plans)
}

// acksAlways and plansAckAlways acknowledge a task even if it was scheduled again.
type acksAlways struct{ followup.Queue }

func (q acksAlways) Ack(ctx context.Context, t followup.Task) error {
	t.Lease = time.Time{}
	return q.Queue.Ack(ctx, t)
}

type plansAckAlways struct{ followup.Store }

func (s plansAckAlways) PlanIntents(ctx context.Context, org tenant.ID, t followup.Task, plans []followup.Plan) ([]followup.Intent, error) {
	t.Lease = time.Time{}
	return s.Store.PlanIntents(ctx, org, t, plans)
}

// busiestFirst returns the tasks of the clinic with the most tasks first.
type busiestFirst struct{ followup.Queue }

func (q busiestFirst) Dequeue(ctx context.Context, n, _ int, lease time.Duration, except []tenant.ID) ([]followup.Task, error) {
	all, err := q.Queue.Dequeue(ctx, 1000, 1000, lease, except)
	count := map[tenant.ID]int{}
	for _, t := range all {
		count[t.Org]++
	}
	slices.SortStableFunc(all, func(a, b followup.Task) int { return cmp.Compare(count[b.Org], count[a.Org]) })
	return all[:min(n, len(all))], err
}

// dequeuesTwice returns the tasks of the last call again.
type dequeuesTwice struct {
	followup.Queue
	mu   sync.Mutex
	last []followup.Task
}

func (q *dequeuesTwice) Dequeue(ctx context.Context, n, perOrg int, lease time.Duration, except []tenant.ID) ([]followup.Task, error) {
	tasks, err := q.Queue.Dequeue(ctx, n, perOrg, lease, except)
	q.mu.Lock()
	defer q.mu.Unlock()
	again := q.last
	if q.last = tasks; len(tasks) == 0 {
		again = nil
	}
	return append(slices.Clone(tasks), again...), err
}

// checksThenCounts allows a view before it counts it.
type checksThenCounts struct{ followup.LinkStore }

func (s checksThenCounts) UseLink(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	org, l, err := s.LinkStore.Link(ctx, hash)
	if err != nil {
		return org, l, err
	}
	time.Sleep(time.Millisecond) // as for a round trip to the database
	s.LinkStore.UseLink(ctx, hash)
	l.Views++
	return org, l, nil
}

// revealsLink returns a different error for each link.
type revealsLink struct{ followup.LinkStore }

func (s revealsLink) UseLink(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	org, l, err := s.LinkStore.UseLink(ctx, hash)
	if err != nil {
		err = fmt.Errorf("%w: link %x", err, hash[:2])
	}
	return org, l, err
}

// A store that releases contacts too early breaks one of two sentences.
func ExampleFailingStore() {
	h := harness()
	h.Store = doesNotLock{h.Store}
	for _, sentence := range followuptest.FailingStore(h,
		"Suppress, Expire and DeadLetter end it",
		"BeginSending skips an intent of a locked contact, and schedules it again soon",
	) {
		fmt.Println("does not hold:", sentence)
	}
	// Output:
	// does not hold: BeginSending skips an intent of a locked contact, and schedules it again soon
}
