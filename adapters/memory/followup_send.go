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
	// lockTimeout bounds how long a contact stays locked without a Release.
	lockTimeout = 500 * time.Millisecond

	// lockedRetry is the delay before an intent of a locked contact is due again.
	lockedRetry = 50 * time.Millisecond

	// recentWindow bounds the age of the messages in DecisionInput.Recent.
	recentWindow = 30 * 24 * time.Hour
)

// An intent is the record of a [followup.Intent].
type intent struct {
	followup.Intent
	lease time.Time // a worker owns the intent until then; zero: no worker does
}

// setState ends the lease and, if s is another state, records when it changed.
func (i *intent) setState(s followup.State, now time.Time) {
	if i.State != s {
		i.State, i.Changed = s, now
	}
	i.lease = time.Time{}
}

func (b *clinic) taskOf(i *intent) followup.Task {
	return followup.Task{Org: b.org, Kind: followup.TaskIntent, ID: string(i.ID)}
}

// BeginSending implements [followup.IntentStore]. It calls decide twice because
// the contract requires it: with one lock for the whole store, no booking can commit
// between the two decisions.
func (f *FollowUpStore) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return followup.Batch{}, err
	}
	t := &sendingBatch{clinic: b, links: f.s.links, lease: lease, decide: decide}
	for _, id := range ids {
		if i := b.openIntent(id); i != nil {
			t.decideFirst(i)
		}
	}
	for _, p := range t.sending {
		t.decideSecond(p)
	}
	t.batch.LockedUntil = time.Now().Add(lockTimeout)
	t.batch.Release = f.lockContacts(b, t.batch.Send)
	return t.batch, nil
}

// openIntent returns an open intent without a lease and with an unlocked contact,
// or nil. It schedules an intent that is leased or locked, and acknowledges the
// task of one that has ended.
func (b *clinic) openIntent(id followup.IntentID) *intent {
	i, known := b.intents[id]
	switch {
	case !known || !i.State.Open():
		b.queue.ack(followup.Task{Org: b.org, Kind: followup.TaskIntent, ID: string(id)})
	case b.now.Before(i.lease):
		b.queue.reschedule(b.taskOf(i), i.lease)
	case b.locked[i.Phone] != nil:
		b.queue.reschedule(b.taskOf(i), b.now.Add(lockedRetry))
	default:
		if i.State == followup.Sending {
			i.setState(followup.Unknown, b.now)
			i.Reason = followup.LeaseExpired
		}
		return i
	}
	return nil
}

// A sendingBatch is the state of one call of BeginSending.
type sendingBatch struct {
	*clinic
	links   map[[32]byte]*link
	lease   time.Duration
	decide  followup.Decider
	sending []pendingSend
	batch   followup.Batch
}

// A pendingSend is an intent with the first decision Send.
type pendingSend struct {
	*intent
	before   intent // as it was before the decision, to undo it
	decision followup.IntentDecision
}

// decideFirst applies the first decision about an intent.
func (t *sendingBatch) decideFirst(i *intent) {
	before := *i
	d := t.decide(t.decisionInput(i))
	t.apply(i, d)
	if d.Action != followup.Send {
		return
	}
	if d.Link != nil {
		t.links[d.Link.Hash] = &link{org: t.org, phone: i.Phone, Link: *d.Link}
	}
	t.sending = append(t.sending, pendingSend{i, before, d})
}

// decideSecond decides again about an intent to be sent. A decision other than
// Send replaces the first: the intent and its link are restored before it is
// applied.
func (t *sendingBatch) decideSecond(p pendingSend) {
	d := t.decide(t.decisionInput(p.intent))
	if d.Action == followup.Send {
		t.batch.Send = append(t.batch.Send, followup.DecidedIntent{Intent: p.Intent, Decision: p.decision})
		return
	}
	*p.intent = p.before
	if p.decision.Link != nil {
		delete(t.links, p.decision.Link.Hash)
	}
	t.apply(p.intent, d)
}

// apply writes a decision about an intent, schedules or acknowledges its task, and
// adds it to the batch.
func (t *sendingBatch) apply(i *intent, d followup.IntentDecision) {
	i.Reason = d.Reason
	switch d.Action {
	case followup.Wait:
		t.queue.reschedule(t.taskOf(i), d.At)
	case followup.Send:
		i.setState(followup.Sending, t.now)
		i.Attempt++
		i.Reconciliations, i.Code = 0, ""
		i.Tried, i.Digest = t.now, d.Digest
		t.leaseIntent(i)
	case followup.Reconcile:
		i.Reconciliations++
		t.leaseIntent(i)
		t.batch.Reconcile = append(t.batch.Reconcile, followup.DecidedIntent{Intent: i.Intent, Decision: d})
	default:
		t.batch.Ended = append(t.batch.Ended, followup.DecidedIntent{Intent: i.Intent, Decision: d})
		i.setState(map[followup.Action]followup.State{
			followup.Suppress: followup.Suppressed, followup.Expire: followup.Expired, followup.DeadLetter: followup.Dead,
		}[d.Action], t.now)
		t.queue.ack(t.taskOf(i))
	}
}

// leaseIntent leases an intent. It is due when the lease expires, in case the
// worker dies.
func (t *sendingBatch) leaseIntent(i *intent) {
	i.lease = t.now.Add(t.lease)
	t.queue.reschedule(t.taskOf(i), i.lease)
}

// decisionInput returns an intent with the present data of its contact.
func (b *clinic) decisionInput(i *intent) followup.DecisionInput {
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
		if o != i && !o.Kind.AboutAppointment() && sent && b.now.Sub(o.Tried) < recentWindow {
			c.Recent = append(c.Recent, o.Tried)
		}
	}
	slices.SortFunc(c.Recent, func(a, b time.Time) int { return b.Compare(a) })
	return c
}

// lockContacts keeps the contacts of intents from booking and opting out until
// release is called, or until lockTimeout: a worker that dies must not lock a
// contact for ever. release may be called more than once and frees no later lock.
func (f *FollowUpStore) lockContacts(b *clinic, intents []followup.DecidedIntent) (release func()) {
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
	late := time.AfterFunc(lockTimeout, once)
	return func() {
		late.Stop()
		once()
	}
}

// RecordResults implements [followup.IntentStore].
func (f *FollowUpStore) RecordResults(ctx context.Context, org tenant.ID, results []followup.Result) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return err
	}
	for _, r := range results {
		if i, known := b.intents[r.Intent]; known && i.Attempt == r.Attempt {
			b.recordResult(i, r)
		}
	}
	return nil
}

// recordResult applies the result of an intent's last attempt. A result for an
// ended intent adds only the carrier's id.
func (b *clinic) recordResult(i *intent, r followup.Result) {
	i.Provider = cmp.Or(i.Provider, r.Provider)
	if !i.State.Open() {
		return
	}
	i.setState(r.State, b.now)
	i.Reason, i.Code = r.Reason, r.Code
	b.markUnusable(i, r.Unusable)
	if i.State.Open() {
		b.queue.reschedule(b.taskOf(i), b.now.Add(r.After))
	} else {
		b.queue.ack(b.taskOf(i))
	}
}

// markUnusable records why the contact of an intent cannot be texted. An empty
// reason leaves the contact as it is.
func (b *clinic) markUnusable(i *intent, unusable followup.Reason) {
	if unusable != "" && i.Phone != "" {
		b.contacts[i.Phone].unusable = unusable
	}
}

// RecordStatus implements [followup.IntentStore].
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
		i.setState(u.State, b.now)
		i.Reason, i.Code = u.Reason, u.Code
		b.markUnusable(i, u.Unusable)
		b.queue.ack(b.taskOf(i))
	}
	return i.Intent, nil
}
