package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// RecordConsent implements [followup.ContactStore].
func (f *FollowUpStore) RecordConsent(ctx context.Context, org tenant.ID, c followup.Consent) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return err
	}
	known := b.upsertContact(booking.Contact{Phone: c.Phone})
	same := func(e ledgerEntry) bool {
		return e.consent.Purpose == c.Purpose && e.consent.Call == c.Call && e.consent.Wording == c.Wording && e.consent.At.Equal(c.At)
	}
	if !slices.ContainsFunc(known.ledger, same) {
		known.ledger = append(known.ledger, ledgerEntry{consent: c, at: b.now})
	}
	return nil
}

// RecordOptOut implements [followup.ContactStore]. It waits while a message to the
// contact is on its way.
func (f *FollowUpStore) RecordOptOut(ctx context.Context, org tenant.ID, o followup.OptOut) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.s.lockContact(ctx, org, func(*clinic) string { return o.Phone })
	if err != nil {
		return asFollowUp(ctx, err)
	}
	if o.Message != "" && b.optOuts[o.Message] {
		return nil
	}
	b.optOuts[o.Message] = true
	known := b.upsertContact(booking.Contact{Phone: o.Phone})
	known.ledger = append(known.ledger, ledgerEntry{again: o.Again, at: b.now})
	return nil
}

// optedOut reports whether the last opt-out of the contact was not followed by its
// end.
func (c *contact) optedOut() bool {
	for _, e := range slices.Backward(c.ledger) {
		if e.consent == (followup.Consent{}) {
			return !e.again
		}
	}
	return false
}

// consent returns the last consent to messages of a kind, or the zero Consent if
// an opt-out came after it, by the order of the ledger or by the clock. It checks
// both because a consent may be recorded late, with the time at which it was given.
func (c *contact) consent(kind followup.Kind) followup.Consent {
	var last followup.Consent
	for _, e := range c.ledger {
		switch {
		case e.consent != (followup.Consent{}):
			if e.consent.Purpose == kind && !e.consent.At.Before(last.At) {
				last = e.consent
			}
		case !e.again:
			last = followup.Consent{}
		}
	}
	for _, e := range c.ledger {
		if e.consent == (followup.Consent{}) && !e.again && e.at.After(last.At) {
			return followup.Consent{}
		}
	}
	return last
}

// RecordReply implements [followup.ContactStore].
func (f *FollowUpStore) RecordReply(ctx context.Context, org tenant.ID, r followup.Reply) (bool, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return false, err
	}
	if r.Message != "" && b.replied[r.Message] {
		return false, nil
	}
	b.replied[r.Message] = true
	r.At = b.now
	b.replies = append(b.replies, r)
	b.upsertContact(booking.Contact{Phone: r.Phone}).lastContact = b.now
	return true, nil
}

// ListReplies implements [followup.ContactStore].
func (f *FollowUpStore) ListReplies(ctx context.Context, org tenant.ID, limit int) ([]followup.Reply, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return nil, err
	}
	latest := slices.Clone(b.replies[max(0, len(b.replies)-max(0, limit)):])
	slices.Reverse(latest)
	return latest, nil
}

// CountUnmatched implements [followup.CallStore].
func (f *FollowUpStore) CountUnmatched(ctx context.Context, org tenant.ID, kind string) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return err
	}
	b.unmatched[kind]++
	return nil
}

// Unmatched returns the number of messages that belong to no call, by kind.
func (f *FollowUpStore) Unmatched(ctx context.Context, org tenant.ID) (map[string]int, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return nil, err
	}
	return maps.Clone(b.unmatched), nil
}

// Summary implements [followup.ContactStore].
func (f *FollowUpStore) Summary(ctx context.Context, org tenant.ID, phone string) (followup.ContactSummary, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	b, err := f.open(ctx, org)
	if err != nil {
		return followup.ContactSummary{}, err
	}
	known := b.contacts[phone]
	if known == nil || phone == "" {
		return followup.ContactSummary{}, nil
	}
	m := followup.ContactSummary{
		Known: true, FirstSeen: known.firstSeen, LastContact: known.lastContact, OptedOut: known.optedOut(),
		Unusable: known.unusable,
	}
	var asked, wanted time.Time
	for _, c := range b.calls {
		if c.Phone != phone {
			continue
		}
		if c.Procedure != "" && !c.procedureAt.Before(asked) {
			m.Procedure, asked = c.Procedure, c.procedureAt
		}
		if !c.Wanted.IsZero() && !c.wantedAt.Before(wanted) {
			m.Wanted, wanted = c.Wanted, c.wantedAt
		}
	}
	for _, i := range known.intents {
		if i.Kind == followup.Information && i.State.AtCarrier() && i.Tried.After(m.Informed) {
			m.Informed = i.Tried
		}
	}
	for _, a := range known.appointments {
		m.Upcoming = m.Upcoming || b.status(a) == booking.Booked && a.Start.After(b.now)
	}
	return m, nil
}
