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

// A FollowUpStore is a [followup.Store], a [followup.Queue] and a
// [followup.LinkStore] over the clinics of a [Store], with the same contacts and
// appointments. While a message to a contact is on its way, the contact's bookings
// and opt-outs wait, for half a second at most. Safe for concurrent use. Get it
// from [Store.FollowUps].
type FollowUpStore struct {
	s *Store
}

// FollowUps returns the ports of package followup over the data of s.
func (s *Store) FollowUps() *FollowUpStore { return &FollowUpStore{s} }

// followUps is the part of a clinic that follow-up messages need.
type followUps struct {
	calls     map[string]*call
	inCall    map[string][]*appointment // by the call in which they were booked
	intents   map[followup.IntentID]*intent
	optOuts   map[string]bool // by the carrier's id of the text
	replied   map[string]bool // by the carrier's id of the text
	replies   []followup.Reply
	unmatched map[string]int // messages that belong to no call, by kind
	queue     *taskQueue     // of the store, for all clinics

	// locked has the contacts, by phone, with a message on its way. The channel
	// is closed when the contact is released.
	locked map[string]chan struct{}
}

func newFollowUps(queue *taskQueue) followUps {
	return followUps{
		calls:     map[string]*call{},
		inCall:    map[string][]*appointment{},
		intents:   map[followup.IntentID]*intent{},
		optOuts:   map[string]bool{},
		replied:   map[string]bool{},
		unmatched: map[string]int{},
		queue:     queue,
		locked:    map[string]chan struct{}{},
	}
}

// A contact is a person known to a clinic.
type contact struct {
	booking.Contact
	firstSeen   time.Time
	lastContact time.Time
	unusable    followup.Reason
	ledger      []ledgerEntry // in the order of arrival

	appointments []*appointment
	intents      []*intent
}

// A ledgerEntry is a consent, or an opt-out or its end.
type ledgerEntry struct {
	consent followup.Consent // zero: the entry is an opt-out or, with again, its end
	again   bool
	at      time.Time
}

// A call is the record of a [followup.Call].
type call struct {
	followup.Call
	overAt        time.Time // when the store learned that the call is over; zero: it goes on
	reportedBegan time.Time
	reportedEnded time.Time
	procedureAt   time.Time
	wantedAt      time.Time
}

// UpdateCall implements [followup.CallStore].
func (f *FollowUpStore) UpdateCall(ctx context.Context, org tenant.ID, u followup.CallUpdate) (followup.Call, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return followup.Call{}, err
	}
	c := b.calls[u.Call]
	if c == nil {
		c = &call{Call: followup.Call{ID: u.Call, FirstSeen: b.now}}
		b.calls[c.ID] = c
	}
	c.merge(u, b.now)
	if u.Phone != "" {
		b.upsertContact(booking.Contact{Phone: u.Phone})
	}
	if known := b.contacts[c.Phone]; c.Phone != "" {
		known.lastContact = b.now
	}
	t := followup.Task{Org: org, Kind: followup.TaskCall, ID: c.ID}
	switch again := b.now.Add(u.RecheckAfter); {
	case c.Concluded:
	case c.overAt.IsZero():
		b.queue.reschedule(t, again)
	default:
		b.queue.schedule(t, again)
	}
	return b.readCall(c), nil
}

// merge adds an update to a call. The order of updates makes no difference.
func (c *call) merge(u followup.CallUpdate, now time.Time) {
	c.LastSeen = now
	c.Phone = cmp.Or(c.Phone, u.Phone)
	c.reportedBegan = earliest(c.reportedBegan, u.Began)
	c.reportedEnded = earliest(c.reportedEnded, u.Ended)
	if u.Signal.Over() && c.overAt.IsZero() {
		c.overAt = now
	}
	c.Reported = c.Reported || u.Signal == followup.Reported
	c.ClaimsBooked = c.ClaimsBooked || u.ClaimsBooked
	if u.Procedure != "" && cmp.Or(
		cmp.Compare(u.Evidence, c.Evidence),
		u.At.Compare(c.procedureAt),
		cmp.Compare(u.Procedure, c.Procedure),
	) > 0 {
		c.Procedure, c.Evidence, c.procedureAt = u.Procedure, u.Evidence, u.At
	}
	if !u.Wanted.IsZero() && cmp.Or(u.At.Compare(c.wantedAt), u.Wanted.Compare(c.Wanted)) > 0 {
		c.Wanted, c.wantedAt = u.Wanted, u.At
	}
}

// earliest returns the earlier of two times. A zero time counts as later.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// readCall returns the present state of c.
func (b *clinic) readCall(c *call) followup.Call {
	out := c.Call
	out.Now = b.now
	if out.Began = c.reportedBegan; out.Began.IsZero() {
		out.Began = c.FirstSeen
	}
	if !c.overAt.IsZero() {
		if out.Ended = c.reportedEnded; out.Ended.IsZero() {
			out.Ended = c.overAt
		}
	}
	out.Booked = b.hasBooked(c.ID, c.Phone, c.since())
	if known := b.contacts[c.Phone]; c.Phone != "" {
		out.Consented = slices.ContainsFunc(known.ledger, func(e ledgerEntry) bool { return e.consent.Call == c.ID && e.consent.Call != "" })
	}
	return out
}

// since returns the time from which a booking by the caller counts as made during
// or after the call. It is the earlier of two times because other clocks may be
// ahead of the store's.
func (c *call) since() time.Time { return earliest(c.reportedBegan, c.FirstSeen) }

// hasBooked reports whether an appointment was made, confirmed or moved in a
// call, or by a contact since a time.
func (b *clinic) hasBooked(call, phone string, since time.Time) bool {
	if call != "" && slices.ContainsFunc(b.inCall[call], func(a *appointment) bool { return a.madeSince(time.Time{}) }) {
		return true
	}
	known := b.contacts[phone]
	return phone != "" && known != nil &&
		slices.ContainsFunc(known.appointments, func(a *appointment) bool { return a.madeSince(since) })
}

// madeSince reports whether a was made, confirmed or moved since a time. A hold
// does not count, even if it was moved.
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

// Call implements [followup.CallStore].
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

// PlanIntents implements [followup.IntentStore].
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
	b.queue.ack(t)
	intents := []followup.Intent{}
	for _, i := range planned {
		intents = append(intents, i.Intent)
	}
	return intents, nil
}

// plan returns the intent of a plan, and creates it if it is new.
func (b *clinic) plan(p followup.Plan) *intent {
	if i, known := b.intents[p.ID]; known {
		if i.State == followup.Planned && i.Attempt == 0 {
			i.Procedure = cmp.Or(p.Procedure, i.Procedure)
		}
		if i.State == followup.Suppressed && i.Reason == followup.NoConsent && p.Consented {
			i.setState(followup.Planned, b.now)
			i.Reason, i.Procedure = "", cmp.Or(p.Procedure, i.Procedure)
			b.queue.schedule(b.taskOf(i), b.now)
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
		known := b.upsertContact(booking.Contact{Phone: p.Phone})
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
	b.queue.schedule(b.taskOf(i), due)
	return i
}

// Appointment implements [followup.AppointmentReader].
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

// changed returns when an appointment was booked, or its hold confirmed, and when
// it last changed.
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

// ListIntents implements [followup.IntentStore].
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

// open returns a clinic's data. The caller must hold mu.
func (f *FollowUpStore) open(ctx context.Context, org tenant.ID) (*clinic, error) {
	b, err := f.s.clinicOf(ctx, org)
	return b, asFollowUp(ctx, err)
}

// asFollowUp returns err, with booking.ErrUnavailable replaced by
// [followup.ErrUnavailable].
func asFollowUp(ctx context.Context, err error) error {
	if errors.Is(err, booking.ErrUnavailable) {
		return unavailable(ctx)
	}
	return err
}

func unavailable(ctx context.Context) error {
	return fmt.Errorf("memory: %w: %w", followup.ErrUnavailable, context.Cause(ctx))
}
