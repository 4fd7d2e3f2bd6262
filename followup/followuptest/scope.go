package followuptest

import (
	"context"
	"errors"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

var scopeChecks = []check[*storeFixture]{
	{"every method refuses the zero tenant.ID with an error that wraps tenant.ErrNoOrg", zeroOrg},

	{"no method reads or changes data of another clinic", twoClinics},

	{"a store that cannot be reached returns ErrUnavailable", unreachable},
	{"every method may be called again with the same arguments", repeatedCalls},
}

// everyMethod calls each method of a store for a clinic.
func everyMethod(ctx context.Context, s followup.Store, org tenant.ID, p followup.Plan) map[string]error {
	errs := map[string]error{}
	_, errs["Record"] = s.UpdateCall(ctx, org, followup.CallUpdate{Call: "call", Signal: followup.Ended, Phone: p.Phone, RecheckAfter: time.Hour})
	_, errs["Call"] = s.Call(ctx, org, "call")
	_, errs["Plan"] = s.PlanIntents(ctx, org, followup.Task{}, []followup.Plan{p})
	_, errs["Appointment"] = s.Appointment(ctx, org, string(p.ID))
	_, errs["Begin"] = s.BeginSending(ctx, org, []followup.IntentID{p.ID}, time.Hour, always(followup.IntentDecision{Action: followup.Suppress}))
	errs["Finish"] = s.RecordResults(ctx, org, []followup.Result{{Intent: p.ID, Attempt: 1, State: followup.Accepted}})
	_, errs["Status"] = s.RecordStatus(ctx, org, followup.StatusUpdate{Intent: p.ID, State: followup.Accepted})
	errs["Consent"] = s.RecordConsent(ctx, org, followup.Consent{Phone: p.Phone, Purpose: followup.Information, Call: "call", At: p.Deadline})
	errs["OptOut"] = s.RecordOptOut(ctx, org, followup.OptOut{Phone: p.Phone, Source: "text", Message: "m1"})
	_, errs["Reply"] = s.RecordReply(ctx, org, followup.Reply{Phone: p.Phone, Message: "m1", Kind: followup.ReplyStop})
	errs["Quarantine"] = s.CountUnmatched(ctx, org, "end-of-call-report")
	_, errs["Lookup"] = s.Summary(ctx, org, p.Phone)
	_, errs["Intents"] = s.ListIntents(ctx, org, followup.IntentFilter{Phone: p.Phone})
	return errs
}

func zeroOrg(f *storeFixture) {
	for method, err := range everyMethod(f.ctx, f.Store, tenant.ID{}, f.planFor("a", 1)) {
		if !errors.Is(err, tenant.ErrNoOrg) {
			f.Errorf("%s without a clinic: error %v, want %v", method, err, tenant.ErrNoOrg)
		}
	}
}

func unreachable(f *storeFixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	for method, err := range everyMethod(ctx, f.Store, f.org, f.planFor("a", 1)) {
		if !errors.Is(err, followup.ErrUnavailable) {
			f.Errorf("%s with a cancelled context: error %v, want %v", method, err, followup.ErrUnavailable)
		}
	}
}

// twoClinics have a caller in common, and all ids.
func twoClinics(f *storeFixture) {
	hash := [32]byte{1}
	copy(hash[1:], f.org.String())
	home := f.org
	ours := f.planFor("same", 1)
	ours.Call = "same"
	f.updateCall(followup.CallUpdate{Call: "same", Signal: followup.Ended, Phone: phone(1), At: f.now(), Procedure: "botox", Evidence: followup.FromTool, RecheckAfter: time.Hour})
	f.recordConsent(followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "same", At: f.now()})
	f.planIntents(followup.Task{}, ours)
	appointment := f.book("same", 2, "same call", 0)
	f.beginAndRelease(time.Hour, always(followup.IntentDecision{Action: followup.Send, Link: &followup.Link{
		Hash: hash, Intent: ours.ID, Document: "a.pdf", Expires: f.now().Add(time.Hour), MaxViews: 9,
	}}), ours.ID)
	intent, call := f.intent(ours.ID), f.call("same")
	theirs := f.planFor("other", 1)
	f.planIntents(followup.Task{}, theirs)

	f.newClinic()
	if _, err := f.Store.Call(f.ctx, f.org, "same"); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("another clinic's call: error %v", err)
	}
	if _, err := f.Store.Appointment(f.ctx, f.org, string(appointment)); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("another clinic's appointment: error %v", err)
	}
	if _, err := f.Store.RecordStatus(f.ctx, f.org, followup.StatusUpdate{Intent: ours.ID, State: followup.Delivered}); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("a carrier's word about another clinic's intent: error %v", err)
	}
	if m := f.summary(1); m != (followup.ContactSummary{}) {
		f.Errorf("another clinic's contact is known: %+v", struct{ followup.ContactSummary }{m})
	}
	equal(f, "another clinic's intents found", len(f.listIntents(followup.IntentFilter{})), 0)
	f.beginAndRelease(time.Hour, func(followup.DecisionInput) followup.IntentDecision {
		f.Errorf("another clinic's intent is shown")
		return followup.IntentDecision{Action: followup.Suppress}
	}, theirs.ID)
	f.recordResults(followup.Result{Intent: ours.ID, Attempt: 1, State: followup.Dead})
	f.noError("RevokeLinks", f.Links.RevokeLinks(f.ctx, f.org, phone(1)))
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "call"})
	f.book("same", 1, "same", 0)
	second := f.planIntents(followup.Task{}, followup.Plan{ID: ours.ID, Kind: followup.Offer, Phone: phone(3), Deadline: ours.Deadline})[0]
	equal(f, "the kind of an intent with an id that another clinic has", second.Kind, followup.Offer)
	if c := f.updateCall(followup.CallUpdate{Call: "same", Signal: followup.Seen, RecheckAfter: time.Hour}); c.Phone != "" || c.Procedure != "" || c.Consented || !c.Ended.IsZero() {
		f.Errorf("a call has what another clinic's call of the same id has")
	}
	foreign := f.org

	f.org = home
	got := f.intent(ours.ID)
	if got.State != intent.State || got.Kind != intent.Kind || got.Attempt != intent.Attempt || got.Phone != intent.Phone {
		f.Errorf("an intent was changed by another clinic: %+v", struct{ followup.Intent }{got})
	}
	if c := f.call("same"); c.Phone != call.Phone || c.Booked || !c.Consented || c.Procedure != "botox" {
		f.Errorf("a call was changed by another clinic")
	}
	c := f.decisionInput(theirs.ID)
	equal(f, "opted out at another clinic", c.OptedOut, false)
	equal(f, "booked at another clinic", c.Booked, false)
	equal(f, "the call of the consent at one's own clinic", c.Consent.Call, "same")
	if org, l, err := f.Links.Link(f.ctx, hash); err != nil || org != home || l.Intent != ours.ID {
		f.Errorf("a link whose contact's links were revoked at another clinic: of %v, error %v", org, err)
	}
	f.noError("Drop", f.Queue.Ack(f.ctx, followup.Task{Org: foreign, Kind: followup.TaskAppointment, ID: string(appointment)}))
	f.expectDue(followup.TaskAppointment, string(appointment))
}

// repeatedCalls calls what changes something a second time, late: what happened in
// between stands.
func repeatedCalls(f *storeFixture) {
	p := f.planFor("a", 1)
	consent := followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "call", At: f.now()}
	result := followup.Result{Intent: p.ID, Attempt: 1, State: followup.Accepted, Provider: "SM1"}
	word := followup.StatusUpdate{Intent: p.ID, Provider: "SM1", State: followup.Sent}
	facts := followup.CallUpdate{Call: "call", Signal: followup.Ended, Phone: phone(1), At: f.now(), Procedure: "botox", Evidence: followup.FromTool, RecheckAfter: time.Hour}
	for range 2 {
		f.updateCall(facts)
		f.recordConsent(consent)
		f.planIntents(followup.Task{}, p)
		f.beginAndRelease(time.Hour, send, p.ID)
		f.recordResults(result)
		f.recordStatus(word)
	}
	i := f.expectState(p.ID, followup.Sent)
	equal(f, "the attempts of an intent that was begun twice", i.Attempt, 1)
	equal(f, "the intents that were planned", len(f.listIntents(followup.IntentFilter{Phone: phone(1)})), 1)

	f.tick()
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m1"})
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m2", Again: true})
	f.tick()
	f.recordConsent(consent)
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m1"})
	c := f.decisionInput(f.planIntent("b", 1))
	equal(f, "opted out by a text that came again", c.OptedOut, false)
	if c.Consent.Call != "" {
		f.Errorf("a consent that was written again outlives the opt-out that came after it")
	}
}
