package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// FollowUps is a [followup.Store], a [followup.Queue] and a
// [followup.LinkStore] over the clinics of a [Store]: its contacts and
// appointments are those that are booked with. While a message is on its way
// to a contact, their bookings and opt-outs wait; after half a second they no
// longer do. Safe for concurrent use. Get it from [Store.FollowUps].
type FollowUpStore struct {
	s *Store
}

// FollowUps returns the store as package followup knows it.
func (s *Store) FollowUps() *FollowUpStore { return &FollowUpStore{s} }

// followUps is the part of a book that messages need.
type followUps struct {
	calls      map[string]*call
	inCall     map[string][]*appointment // that were made in it
	intents    map[followup.IntentID]*intent
	optOuts    map[string]bool // by the carrier's id of their text
	replied    map[string]bool // likewise
	replies    []followup.Reply
	quarantine map[string]int // by kind
	bell       *doorbell      // the store's

	// locked are the contacts, by phone, with a message on its way. Each has
	// what is closed when they are let go.
	locked map[string]chan struct{}
}

func newFollowUps(bell *doorbell) followUps {
	return followUps{
		calls:      map[string]*call{},
		inCall:     map[string][]*appointment{},
		intents:    map[followup.IntentID]*intent{},
		optOuts:    map[string]bool{},
		replied:    map[string]bool{},
		quarantine: map[string]int{},
		bell:       bell,
		locked:     map[string]chan struct{}{},
	}
}

// A contact is a person known to a clinic.
type contact struct {
	booking.Contact
	firstSeen   time.Time
	lastContact time.Time
	unusable    followup.Reason
	ledger      []entry

	appointments []*appointment
	intents      []*intent
}

// An entry is a consent, or an opt-out or its end, in the order they came.
type entry struct {
	consent followup.Consent // zero: it is none
	again   bool
	at      time.Time
}

// A call is what a store keeps of a [followup.Call].
type call struct {
	followup.Call
	over        time.Time // when that was learned; zero: it goes on
	toldBegan   time.Time
	toldEnded   time.Time
	procedureAt time.Time
	wantedAt    time.Time
}

// Record implements [followup.Store].
func (f *FollowUpStore) UpdateCall(ctx context.Context, org tenant.ID, facts followup.CallUpdate) (followup.Call, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return followup.Call{}, err
	}
	c := b.calls[facts.Call]
	if c == nil {
		c = &call{Call: followup.Call{ID: facts.Call, FirstSeen: b.now}}
		b.calls[c.ID] = c
	}
	c.merge(facts, b.now)
	if facts.Phone != "" {
		b.meet(booking.Contact{Phone: facts.Phone})
	}
	if known := b.contacts[c.Phone]; c.Phone != "" {
		known.lastContact = b.now
	}
	t := followup.Task{Org: org, Kind: followup.TaskCall, ID: c.ID}
	switch again := b.now.Add(facts.RecheckAfter); {
	case c.Concluded:
	case c.over.IsZero():
		b.bell.set(t, again)
	default:
		b.bell.ring(t, again)
	}
	return b.readCall(c), nil
}

// merge learns what facts tell: the same in whatever order they come.
func (c *call) merge(f followup.CallUpdate, now time.Time) {
	c.LastSeen = now
	c.Phone = cmp.Or(c.Phone, f.Phone)
	c.toldBegan = earliest(c.toldBegan, f.Began)
	c.toldEnded = earliest(c.toldEnded, f.Ended)
	if f.Signal.Over() && c.over.IsZero() {
		c.over = now
	}
	c.Reported = c.Reported || f.Signal == followup.Reported
	c.ClaimsBooked = c.ClaimsBooked || f.ClaimsBooked
	if f.Procedure != "" && cmp.Or(
		cmp.Compare(f.Evidence, c.Evidence),
		f.At.Compare(c.procedureAt),
		cmp.Compare(f.Procedure, c.Procedure),
	) > 0 {
		c.Procedure, c.Evidence, c.procedureAt = f.Procedure, f.Evidence, f.At
	}
	if !f.Wanted.IsZero() && cmp.Or(f.At.Compare(c.wantedAt), f.Wanted.Compare(c.Wanted)) > 0 {
		c.Wanted, c.wantedAt = f.Wanted, f.At
	}
}

// earliest returns the earlier of two times of which either may be none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// readCall returns c as it is now.
func (b *book) readCall(c *call) followup.Call {
	out := c.Call
	out.Now = b.now
	if out.Began = c.toldBegan; out.Began.IsZero() {
		out.Began = c.FirstSeen
	}
	if !c.over.IsZero() {
		if out.Ended = c.toldEnded; out.Ended.IsZero() {
			out.Ended = c.over
		}
	}
	out.Booked = b.hasBooked(c.ID, c.Phone, c.since())
	if known := b.contacts[c.Phone]; c.Phone != "" {
		out.Consented = slices.ContainsFunc(known.ledger, func(e entry) bool { return e.consent.Call == c.ID && e.consent.Call != "" })
	}
	return out
}

// since is from when on a booking by the caller counts as made during or after
// the call: other clocks may be ahead of the store's.
func (c *call) since() time.Time { return earliest(c.toldBegan, c.FirstSeen) }

// hasBooked reports whether an appointment was made, confirmed or moved in a
// call, or by a contact since a time.
func (b *book) hasBooked(call, phone string, since time.Time) bool {
	if call != "" && slices.ContainsFunc(b.inCall[call], func(a *appointment) bool { return a.madeSince(time.Time{}) }) {
		return true
	}
	known := b.contacts[phone]
	return phone != "" && known != nil &&
		slices.ContainsFunc(known.appointments, func(a *appointment) bool { return a.madeSince(since) })
}

// madeSince reports whether a was made, confirmed or moved since a time. A hold
// is not made yet, wherever it is moved.
func (a *appointment) madeSince(since time.Time) bool {
	made := false
	for _, e := range a.events {
		made = made || e.Kind == "booked" || e.Kind == "confirmed"
		if made && (e.Kind == "booked" || e.Kind == "confirmed" || e.Kind == "moved") && !e.At.Before(since) {
			return true
		}
	}
	return false
}

// Call implements [followup.Store].
func (f *FollowUpStore) Call(ctx context.Context, org tenant.ID, id string) (followup.Call, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return followup.Call{}, err
	}
	c, known := b.calls[id]
	if !known {
		return followup.Call{}, followup.ErrNotFound
	}
	return b.readCall(c), nil
}

// Plan implements [followup.Store].
func (f *FollowUpStore) PlanIntents(ctx context.Context, org tenant.ID, t followup.Task, plans []followup.Plan) ([]followup.Intent, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return nil, err
	}
	planned := []*intent{}
	for _, p := range plans {
		planned = append(planned, b.plan(p))
	}
	if c, known := b.calls[t.ID]; known && t.Kind == followup.TaskCall {
		c.Concluded = true
	}
	t.Org = org
	b.bell.drop(t)
	intents := []followup.Intent{}
	for _, i := range planned {
		intents = append(intents, i.Intent)
	}
	return intents, nil
}

// plan finds the intent of a plan, or makes it.
func (b *book) plan(p followup.Plan) *intent {
	if i, known := b.intents[p.ID]; known {
		if i.State == followup.Planned && i.Attempt == 0 {
			i.Procedure = cmp.Or(p.Procedure, i.Procedure)
		}
		if i.State == followup.Suppressed && i.Reason == followup.NoConsent && p.Consented {
			i.enter(followup.Planned, b.now)
			i.Reason, i.Procedure = "", cmp.Or(p.Procedure, i.Procedure)
			b.bell.ring(b.taskOf(i), b.now)
		}
		return i
	}
	i := &intent{Intent: followup.Intent{
		ID: p.ID, Kind: p.Kind, State: followup.Planned, Reason: p.Suppress,
		Phone: p.Phone, Call: p.Call, Appointment: p.Appointment, Procedure: p.Procedure, Start: p.Start,
		Planned: b.now, Due: p.Due, Deadline: p.Deadline, Changed: b.now,
	}}
	b.intents[i.ID] = i
	if p.Phone == "" {
		i.Reason = cmp.Or(i.Reason, followup.NoNumber)
	} else {
		known := b.meet(booking.Contact{Phone: p.Phone})
		known.intents = append(known.intents, i)
	}
	if i.Reason != "" {
		i.State = followup.Suppressed
		return i
	}
	due := b.now
	if p.Due.After(due) {
		due = p.Due
	}
	b.bell.ring(b.taskOf(i), due)
	return i
}

// Appointment implements [followup.Store].
func (f *FollowUpStore) Appointment(ctx context.Context, org tenant.ID, id string) (followup.Appointment, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return followup.Appointment{}, err
	}
	a, known := b.appointments[booking.ID(id)]
	if !known {
		return followup.Appointment{}, followup.ErrNotFound
	}
	out := followup.Appointment{
		ID: id, Phone: a.contact.Phone, Start: a.Start, Zone: a.Zone, Status: string(b.status(a)), Now: b.now,
	}
	out.Made, out.Changed = a.changed()
	return out, nil
}

// changed is when an appointment was booked, or its hold confirmed, and when it
// was last changed.
func (a *appointment) changed() (made, last time.Time) {
	for _, e := range a.events {
		switch e.Kind {
		case "booked", "confirmed":
			made, last = e.At, e.At
		case "moved", "cancelled":
			last = e.At
		}
	}
	return made, last
}

// Intents implements [followup.Store].
func (f *FollowUpStore) ListIntents(ctx context.Context, org tenant.ID, q followup.IntentFilter) ([]followup.Intent, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return nil, err
	}
	var found []followup.Intent
	for _, i := range b.intents {
		if q.ID != "" && i.ID != q.ID || q.Phone != "" && i.Phone != q.Phone ||
			q.Call != "" && i.Call != q.Call || q.State != "" && i.State != q.State {
			continue
		}
		found = append(found, i.Intent)
	}
	slices.SortFunc(found, func(a, b followup.Intent) int {
		return cmp.Or(b.Planned.Compare(a.Planned), cmp.Compare(a.ID, b.ID))
	})
	limit := min(q.Limit, 1000)
	if limit <= 0 {
		limit = 100
	}
	return found[:min(limit, len(found))], nil
}

// open opens a clinic's book. The caller has locked mu.
func (f *FollowUpStore) open(ctx context.Context, org tenant.ID) (*book, error) {
	b, err := f.s.open(ctx, org)
	return b, asFollowUp(ctx, err)
}

// asFollowUp is an error of open as package followup knows it.
func asFollowUp(ctx context.Context, err error) error {
	if errors.Is(err, booking.ErrUnavailable) {
		return unavailable(ctx)
	}
	return err
}

func unavailable(ctx context.Context) error {
	return fmt.Errorf("memory: %w: %w", followup.ErrUnavailable, context.Cause(ctx))
}
