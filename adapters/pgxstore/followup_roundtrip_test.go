package pgxstore_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// The proxy counts round trips on the wire; no time is measured.
func TestFollowUpStore_RoundTrips(t *testing.T) {
	t.Parallel()
	p := pgtest.DB(t).Proxy(t)
	store := open(t, p.URL, 1)
	f, org, ctx := store.FollowUps(), tenant.NewID(), t.Context()
	out, err := store.Claim(ctx, org, claimOf(org, "key", day(9, 0)))
	require.NoError(t, err)

	const phone = "+12025550123"
	key := "" // differs between rounds
	var batch followup.Batch
	plans := func() (plans []followup.Plan, ids []followup.IntentID, hash [32]byte) {
		for _, k := range []string{"a", "b"} {
			id := followup.NewIntentID(org, key+k)
			ids = append(ids, id)
			plans = append(plans, followup.Plan{ID: id, Kind: followup.Information, Phone: phone, Call: key, Deadline: time.Now().Add(time.Hour)})
		}
		return plans, ids, sha256.Sum256([]byte(key))
	}
	send := func(c followup.DecisionInput) followup.IntentDecision {
		_, ids, hash := plans()
		v := followup.IntentDecision{Action: followup.Send}
		if c.ID == ids[0] {
			v.Link = &followup.Link{Hash: hash, Intent: c.ID, Document: "x.pdf", Expires: time.Now().Add(time.Hour), MaxViews: 3}
		}
		return v
	}
	steps := []struct {
		name string
		want int64
		do   func() error
	}{
		{"UpdateCall", 1, func() error {
			_, err := f.UpdateCall(ctx, org, followup.CallUpdate{Call: key, Signal: followup.Ended, Phone: phone, RecheckAfter: time.Hour})
			return err
		}},
		{"Call", 1, func() error { _, err := f.Call(ctx, org, key); return err }},
		{"RecordConsent", 1, func() error {
			return f.RecordConsent(ctx, org, followup.Consent{Phone: phone, Purpose: followup.Information, Call: key, At: time.Now()})
		}},
		{"PlanIntents of two", 1, func() error {
			p, _, _ := plans()
			_, err := f.PlanIntents(ctx, org, followup.Task{Kind: followup.TaskCall, ID: key}, p)
			return err
		}},
		{"Dequeue", 1, func() error { _, err := f.Dequeue(ctx, 10, 10, time.Minute, []tenant.ID{tenant.NewID()}); return err }},
		{"BeginSending that sends two", 2, func() error {
			_, ids, _ := plans()
			batch, err = f.BeginSending(ctx, org, ids, time.Minute, send)
			require.Len(t, batch.Send, 2)
			return err
		}},
		{"Release", 1, func() error { batch.Release(); return nil }},
		{"Release again", 0, func() error { batch.Release(); return nil }},
		{"RecordResults of two", 1, func() error {
			_, ids, _ := plans()
			return f.RecordResults(ctx, org, []followup.Result{
				{Intent: ids[0], Attempt: 1, State: followup.Accepted, Provider: "SM1"}, {Intent: ids[1], Attempt: 1, State: followup.Planned},
			})
		}},
		{"BeginSending that sends none", 2, func() error {
			_, ids, _ := plans()
			_, err := f.BeginSending(ctx, org, ids[1:], time.Minute, func(followup.DecisionInput) followup.IntentDecision {
				return followup.IntentDecision{Action: followup.Suppress, Reason: followup.Booked}
			})
			return err
		}},
		{"RecordStatus", 1, func() error {
			_, ids, _ := plans()
			_, err := f.RecordStatus(ctx, org, followup.StatusUpdate{Intent: ids[0], State: followup.Delivered})
			return err
		}},
		{"Ack", 1, func() error {
			return f.Ack(ctx, followup.Task{Org: org, Kind: followup.TaskCall, ID: key, Lease: time.Now()})
		}},
		{"Link", 1, func() error { _, _, hash := plans(); _, _, err := f.Link(ctx, hash); return err }},
		{"UseLink", 1, func() error { _, _, hash := plans(); _, _, err := f.UseLink(ctx, hash); return err }},
		{"RevokeLinks", 1, func() error { return f.RevokeLinks(ctx, org, phone) }},
		{"RecordReply", 1, func() error {
			_, err := f.RecordReply(ctx, org, followup.Reply{Phone: phone, Message: key, Kind: followup.ReplyStop})
			return err
		}},
		{"RecordOptOut", 1, func() error {
			return f.RecordOptOut(ctx, org, followup.OptOut{Phone: phone, Source: "text", Message: key})
		}},
		{"ListReplies", 1, func() error {
			replies, err := f.ListReplies(ctx, org, 1)
			require.Len(t, replies, 1)
			require.Equal(t, followup.Reply{Phone: phone, Message: key, Kind: followup.ReplyStop, At: replies[0].At}, replies[0])
			return err
		}},
		{"Summary", 1, func() error { _, err := f.Summary(ctx, org, phone); return err }},
		{"ListIntents", 1, func() error { _, err := f.ListIntents(ctx, org, followup.IntentFilter{Phone: phone}); return err }},
		{"Appointment", 1, func() error { _, err := f.Appointment(ctx, org, string(out.Appointment.ID)); return err }},
		{"CountUnmatched", 1, func() error { return f.CountUnmatched(ctx, org, "hang") }},
	}
	key = "first" // statements are prepared once
	for _, s := range steps {
		require.NoError(t, s.do(), s.name)
	}
	key = "second"
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			before := p.Trips()
			require.NoError(t, s.do())
			require.Equal(t, s.want, p.Trips()-before)
		})
	}
}
