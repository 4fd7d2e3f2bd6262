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

// everyMethod calls each method of a store for a clinic and returns the errors by
// method.
func everyMethod(ctx context.Context, s followup.Store, org tenant.ID, p followup.Plan) map[string]error {
	errs := map[string]error{}
	_, errs["UpdateCall"] = s.UpdateCall(ctx, org, followup.CallUpdate{Call: "call", Signal: followup.Ended, Phone: p.Phone, RecheckAfter: time.Hour})
	_, errs["Call"] = s.Call(ctx, org, "call")
	_, errs["PlanIntents"] = s.PlanIntents(ctx, org, followup.Task{}, []followup.Plan{p})
	_, errs["Appointment"] = s.Appointment(ctx, org, string(p.ID))
	_, errs["BeginSending"] = s.BeginSending(ctx, org, []followup.IntentID{p.ID}, time.Hour, always(followup.IntentDecision{Action: followup.Suppress}))
	errs["RecordResults"] = s.RecordResults(ctx, org, []followup.Result{{Intent: p.ID, Attempt: 1, State: followup.Accepted}})
	_, errs["RecordStatus"] = s.RecordStatus(ctx, org, followup.StatusUpdate{Intent: p.ID, State: followup.Accepted})
	errs["RecordConsent"] = s.RecordConsent(ctx, org, followup.Consent{Phone: p.Phone, Purpose: followup.Information, Call: "call", At: p.Deadline})
	errs["RecordOptOut"] = s.RecordOptOut(ctx, org, followup.OptOut{Phone: p.Phone, Source: "text", Message: "m1"})
	_, errs["RecordReply"] = s.RecordReply(ctx, org, followup.Reply{Phone: p.Phone, Message: "m1", Kind: followup.ReplyStop})
	errs["CountUnmatched"] = s.CountUnmatched(ctx, org, "end-of-call-report")
	_, errs["Summary"] = s.Summary(ctx, org, p.Phone)
	_, errs["ListIntents"] = s.ListIntents(ctx, org, followup.IntentFilter{Phone: p.Phone})
	return errs
}

func zeroOrg(f *storeFixture) {
	for method, err := range everyMethod(f.ctx, f.Store, tenant.ID{}, f.planFor("a", 1)) {
		if !errors.Is(err, tenant.ErrNoOrg) {
			f.Errorf("%s of the zero tenant.ID: error %v, want %v", method, err, tenant.ErrNoOrg)
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

// twoClinics gives two clinics the same caller and the same ids, which makes a
// query without its clinic visible.
func twoClinics(f *storeFixture) {
	hash := [32]byte{1}
	copy(hash[1:], f.org.String())
	home := f.org
	own := f.planFor("same", 1)
	own.Call = "same"
	f.updateCall(followup.CallUpdate{Call: "same", Signal: followup.Ended, Phone: phone(1), At: f.now(), Procedure: "botox", Evidence: followup.FromTool, RecheckAfter: time.Hour})
	f.recordConsent(followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "same", At: f.now()})
	f.planIntents(followup.Task{}, own)
	appointment := f.book("same", 2, "same call", 0)
	f.beginAndRelease(time.Hour, always(followup.IntentDecision{Action: followup.Send, Link: &followup.Link{
		Hash: hash, Intent: own.ID, Document: "a.pdf", Expires: f.now().Add(time.Hour), MaxViews: 9,
	}}), own.ID)
	intent, call := f.intent(own.ID), f.call("same")
	other := f.planFor("other", 1)
	f.planIntents(followup.Task{}, other)

	f.newClinic()
	if _, err := f.Store.Call(f.ctx, f.org, "same"); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("Call of another clinic's call: error %v, want %v", err, followup.ErrNotFound)
	}
	if _, err := f.Store.Appointment(f.ctx, f.org, string(appointment)); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("Appointment of another clinic's appointment: error %v, want %v", err, followup.ErrNotFound)
	}
	if _, err := f.Store.RecordStatus(f.ctx, f.org, followup.StatusUpdate{Intent: own.ID, State: followup.Delivered}); !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("RecordStatus of another clinic's intent: error %v, want %v", err, followup.ErrNotFound)
	}
	if m := f.summary(1); m != (followup.ContactSummary{}) {
		f.Errorf("Summary of another clinic's contact is %+v, want zero", struct{ followup.ContactSummary }{m})
	}
	equal(f, "the number of another clinic's intents in the list", len(f.listIntents(followup.IntentFilter{})), 0)
	f.beginAndRelease(time.Hour, func(followup.DecisionInput) followup.IntentDecision {
		f.Errorf("decide was called about another clinic's intent")
		return followup.IntentDecision{Action: followup.Suppress}
	}, other.ID)
	f.recordResults(followup.Result{Intent: own.ID, Attempt: 1, State: followup.Dead})
	f.noError("RevokeLinks", f.Links.RevokeLinks(f.ctx, f.org, phone(1)))
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "call"})
	f.book("same", 1, "same", 0)
	second := f.planIntents(followup.Task{}, followup.Plan{ID: own.ID, Kind: followup.Offer, Phone: phone(3), Deadline: own.Deadline})[0]
	equal(f, "the kind of an intent with the id of another clinic's", second.Kind, followup.Offer)
	if c := f.updateCall(followup.CallUpdate{Call: "same", Signal: followup.Seen, RecheckAfter: time.Hour}); c.Phone != "" || c.Procedure != "" || c.Consented || !c.Ended.IsZero() {
		f.Errorf("a call has fields of another clinic's call with the same id")
	}
	foreign := f.org

	f.org = home
	got := f.intent(own.ID)
	if got.State != intent.State || got.Kind != intent.Kind || got.Attempt != intent.Attempt || got.Phone != intent.Phone {
		f.Errorf("another clinic changed an intent to %+v", struct{ followup.Intent }{got})
	}
	if c := f.call("same"); c.Phone != call.Phone || c.Booked || !c.Consented || c.Procedure != "botox" {
		f.Errorf("another clinic changed a call")
	}
	c := f.decisionInput(other.ID)
	equal(f, "OptedOut after an opt-out at another clinic", c.OptedOut, false)
	equal(f, "Booked after an appointment at another clinic", c.Booked, false)
	equal(f, "Consent.Call of the first clinic", c.Consent.Call, "same")
	if org, l, err := f.Links.Link(f.ctx, hash); err != nil || org != home || l.Intent != own.ID {
		f.Errorf("Link after RevokeLinks of another clinic: of %v, error %v; want of %v and no error", org, err, home)
	}
	f.noError("Ack", f.Queue.Ack(f.ctx, followup.Task{Org: foreign, Kind: followup.TaskAppointment, ID: string(appointment)}))
	f.expectDue(followup.TaskAppointment, string(appointment))
}

// repeatedCalls repeats each call that writes. The repetition comes late: changes
// made after the first call must remain.
func repeatedCalls(f *storeFixture) {
	p := f.planFor("a", 1)
	consent := followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "call", At: f.now()}
	result := followup.Result{Intent: p.ID, Attempt: 1, State: followup.Accepted, Provider: "SM1"}
	status := followup.StatusUpdate{Intent: p.ID, Provider: "SM1", State: followup.Sent}
	update := followup.CallUpdate{Call: "call", Signal: followup.Ended, Phone: phone(1), At: f.now(), Procedure: "botox", Evidence: followup.FromTool, RecheckAfter: time.Hour}
	for range 2 {
		f.updateCall(update)
		f.recordConsent(consent)
		f.planIntents(followup.Task{}, p)
		f.beginAndRelease(time.Hour, send, p.ID)
		f.recordResults(result)
		f.recordStatus(status)
	}
	i := f.expectState(p.ID, followup.Sent)
	equal(f, "the attempts after a second BeginSending", i.Attempt, 1)
	equal(f, "the number of intents after a second PlanIntents", len(f.listIntents(followup.IntentFilter{Phone: phone(1)})), 1)

	f.tick()
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m1"})
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m2", Again: true})
	f.tick()
	f.recordConsent(consent)
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m1"})
	c := f.decisionInput(f.planIntent("b", 1))
	equal(f, "OptedOut after a repeated text", c.OptedOut, false)
	if c.Consent.Call != "" {
		f.Errorf("a consent that was recorded again is valid after a later opt-out")
	}
}
