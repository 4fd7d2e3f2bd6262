package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

const (
	// releaseAfter is when contacts are let go that nobody has released.
	releaseAfter = 500 * time.Millisecond

	// soon is when an intent is decided about whose contact was locked.
	soon = 50 * time.Millisecond

	// recently is how far back messages to a contact are counted.
	recently = 30 * 24 * time.Hour
)

// An intent is what a store keeps of a [followup.Intent]. Until lease it is
// somebody's.
type intent struct {
	followup.Intent
	lease time.Time
}

// enter makes the intent's state another.
func (i *intent) enter(s followup.State, now time.Time) {
	if i.State != s {
		i.State, i.Changed = s, now
	}
	i.lease = time.Time{}
}

func (b *book) taskOf(i *intent) followup.Task {
	return followup.Task{Org: b.org, Kind: followup.TaskIntent, ID: string(i.ID)}
}

// Begin implements [followup.Store]. Nothing can happen here between the first
// decision and the second, but decide is asked twice as everywhere.
func (f *FollowUpStore) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return followup.Batch{}, err
	}
	t := &trial{book: b, links: f.s.links, lease: lease, decide: decide}
	for _, id := range ids {
		if i := b.toDecide(id); i != nil {
			t.first(i)
		}
	}
	for _, p := range t.sending {
		t.second(p)
	}
	t.batch.LockedUntil = time.Now().Add(releaseAfter)
	t.batch.Release = f.hold(b, t.batch.Send)
	return t.batch, nil
}

// toDecide returns an open intent that nobody has and whose contact is free; of
// any other it says when it comes due again.
func (b *book) toDecide(id followup.IntentID) *intent {
	i, known := b.intents[id]
	switch {
	case !known || !i.State.Open():
		b.bell.drop(followup.Task{Org: b.org, Kind: followup.TaskIntent, ID: string(id)})
	case b.now.Before(i.lease):
		b.bell.set(b.taskOf(i), i.lease)
	case b.locked[i.Phone] != nil:
		b.bell.set(b.taskOf(i), b.now.Add(soon))
	default:
		if i.State == followup.Sending {
			i.enter(followup.Unknown, b.now)
			i.Reason = followup.LeaseExpired
		}
		return i
	}
	return nil
}

// A trial is one call of Begin.
type trial struct {
	*book
	links   map[[32]byte]*link
	lease   time.Duration
	decide  followup.Decider
	sending []pending
	batch   followup.Batch
}

// pending is an intent that is to be sent, what it was before, and the first
// decision about it.
type pending struct {
	*intent
	before   intent
	decision followup.IntentDecision
}

func (t *trial) first(i *intent) {
	before := *i
	v := t.decide(t.candidate(i))
	t.carryOut(i, v)
	if v.Action != followup.Send {
		return
	}
	if v.Link != nil {
		t.links[v.Link.Hash] = &link{org: t.org, phone: i.Phone, Link: *v.Link}
	}
	t.sending = append(t.sending, pending{i, before, v})
}

// second asks again about an intent that is to be sent. Another verdict than
// before takes the first one's place.
func (t *trial) second(p pending) {
	v := t.decide(t.candidate(p.intent))
	if v.Action == followup.Send {
		t.batch.Send = append(t.batch.Send, followup.DecidedIntent{Intent: p.Intent, Decision: p.decision})
		return
	}
	*p.intent = p.before
	if p.decision.Link != nil {
		delete(t.links, p.decision.Link.Hash)
	}
	t.carryOut(p.intent, v)
}

// carryOut writes a verdict.
func (t *trial) carryOut(i *intent, v followup.IntentDecision) {
	i.Reason = v.Reason
	switch v.Action {
	case followup.Wait:
		t.bell.set(t.taskOf(i), v.At)
	case followup.Send:
		i.enter(followup.Sending, t.now)
		i.Attempt++
		i.Reconciliations, i.Code = 0, ""
		i.Tried, i.Digest = t.now, v.Digest
		t.keep(i)
	case followup.Reconcile:
		i.Reconciliations++
		t.keep(i)
		t.batch.Reconcile = append(t.batch.Reconcile, followup.DecidedIntent{Intent: i.Intent, Decision: v})
	default:
		t.batch.Ended = append(t.batch.Ended, followup.DecidedIntent{Intent: i.Intent, Decision: v})
		i.enter(map[followup.Action]followup.State{
			followup.Suppress: followup.Suppressed, followup.Expire: followup.Expired, followup.DeadLetter: followup.Dead,
		}[v.Action], t.now)
		t.bell.drop(t.taskOf(i))
	}
}

// keep keeps an intent from others for the time of the lease.
func (t *trial) keep(i *intent) {
	i.lease = t.now.Add(t.lease)
	t.bell.set(t.taskOf(i), i.lease)
}

// candidate is an intent with what is known of its contact now.
func (b *book) candidate(i *intent) followup.DecisionInput {
	c := followup.DecisionInput{Intent: i.Intent, Now: b.now}
	known := b.contacts[i.Phone]
	c.OptedOut, c.Unusable, c.Consent = known.optedOut(), known.unusable, known.consent(i.Kind)
	since := i.Planned
	if call, known := b.calls[i.Call]; known {
		since = call.since()
	}
	c.Booked = b.hasBooked(i.Call, i.Phone, since)
	for _, a := range known.appointments {
		if b.status(a) == booking.Held && a.Expires.After(c.HeldUntil) {
			c.HeldUntil = a.Expires
		}
	}
	if a, known := b.appointments[booking.ID(i.Appointment)]; known {
		c.AppointmentStatus, c.AppointmentStart = string(b.status(a)), a.Start
		_, c.AppointmentChanged = a.changed()
	}
	for _, o := range known.intents {
		sent := o.State == followup.Sending || o.State == followup.Unknown || o.State.AtCarrier()
		if o != i && !o.Kind.AboutAppointment() && sent && b.now.Sub(o.Tried) < recently {
			c.Recent = append(c.Recent, o.Tried)
		}
	}
	slices.SortFunc(c.Recent, func(a, b time.Time) int { return b.Compare(a) })
	return c
}

// hold keeps the contacts of intents from booking and opting out until they
// are released.
func (f *FollowUpStore) hold(b *book, intents []followup.DecidedIntent) (release func()) {
	if len(intents) == 0 {
		return func() {}
	}
	released := make(chan struct{})
	for _, i := range intents {
		b.locked[i.Phone] = released
	}
	once := sync.OnceFunc(func() {
		f.s.mu.Lock()
		defer f.s.mu.Unlock()
		for _, i := range intents {
			delete(b.locked, i.Phone)
		}
		close(released)
	})
	late := time.AfterFunc(releaseAfter, once)
	return func() {
		late.Stop()
		once()
	}
}

// Finish implements [followup.Store].
func (f *FollowUpStore) RecordResults(ctx context.Context, org tenant.ID, results []followup.Result) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return err
	}
	for _, r := range results {
		if i, known := b.intents[r.Intent]; known && i.Attempt == r.Attempt {
			b.finish(i, r)
		}
	}
	return nil
}

func (b *book) finish(i *intent, r followup.Result) {
	i.Provider = cmp.Or(i.Provider, r.Provider)
	if !i.State.Open() {
		return
	}
	i.enter(r.State, b.now)
	i.Reason, i.Code = r.Reason, r.Code
	b.mark(i, r.Unusable)
	if i.State.Open() {
		b.bell.set(b.taskOf(i), b.now.Add(r.After))
	} else {
		b.bell.drop(b.taskOf(i))
	}
}

// mark notes why the contact of an intent cannot be texted, if it is told.
func (b *book) mark(i *intent, unusable followup.Reason) {
	if unusable != "" && i.Phone != "" {
		b.contacts[i.Phone].unusable = unusable
	}
}

// Status implements [followup.Store].
func (f *FollowUpStore) RecordStatus(ctx context.Context, org tenant.ID, u followup.StatusUpdate) (followup.Intent, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return followup.Intent{}, err
	}
	i, known := b.intents[u.Intent]
	if !known {
		return followup.Intent{}, followup.ErrNotFound
	}
	i.Provider = cmp.Or(i.Provider, u.Provider)
	if u.State.Outranks(i.State) {
		i.enter(u.State, b.now)
		i.Reason, i.Code = u.Reason, u.Code
		b.mark(i, u.Unusable)
		b.bell.drop(b.taskOf(i))
	}
	return i.Intent, nil
}
