package followuptest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var planIntentsChecks = []check[*storeFixture]{
	{"PlanIntents writes the intents of plans that do not exist yet, schedules a task for each, and acknowledges t", writesPlans},

	{"PlanIntents does all of it or none of it", planAllOrNothing},

	{"PlanIntents returns the current intents, in the order of plans", returnsIntents},

	{"a plan of an existing intent changes nothing, except that an intent that is Planned and was never attempted takes the plan's procedure, if the plan has one", repeatedPlan},
	{"an intent that was Suppressed for NoConsent is Planned again if the plan is Consented", plansAfterConsent},

	{"an intent that is suppressed for NoConsent at the same time is Planned again as well", plansDuringDecision},

	{"concurrent plans of one intent write it once", concurrentPlans},
	{"if t is a call's task, PlanIntents concludes the call", concludesCall},
	{"PlanIntents must not acknowledge a task that was scheduled again after it was dequeued", planKeepsRescheduledTask},
	{"an intent is due at its Due", intentIsDueAtDue},
	{"a plan with Suppress, or without a phone, is written as Suppressed", plansSuppressed},
}

func writesPlans(f *storeFixture) {
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Ended, Phone: phone(1)})
	p := f.planFor("a", 1)
	p.Call, p.Start, p.Appointment = "c", appointmentStart, string(followup.NewIntentID(f.org, "appointment"))
	i := f.planIntents(f.expectDue(followup.TaskCall, "c"), p, f.planFor("b", 2))[0]
	if i.ID != p.ID || i.Kind != p.Kind || i.State != followup.Planned || i.Phone != p.Phone || i.Call != p.Call ||
		i.Appointment != p.Appointment || i.Procedure != p.Procedure || i.Attempt != 0 || i.Reason != "" {
		f.Errorf("PlanIntents returned %+v, want the fields of the plan %+v", struct{ followup.Intent }{i}, struct{ followup.Plan }{p})
	}
	f.equalTime("Start", i.Start, p.Start)
	f.equalTime("Deadline", i.Deadline, p.Deadline)
	f.equalTime("Planned", i.Planned, i.Changed)
	if now := f.now(); i.Planned.After(now) || now.Sub(i.Planned) > time.Hour {
		f.Errorf("Planned is %v, want within the hour before %v", i.Planned, now)
	}
	equal(f, "Known after a plan", f.summary(2).Known, true)
	due := f.dequeueAll(time.Hour)
	for _, id := range []followup.IntentID{p.ID, followup.NewIntentID(f.org, "b")} {
		if _, ok := find(due, followup.TaskIntent, string(id)); !ok {
			f.Errorf("no task is due of a planned intent")
		}
	}
	f.elapse(f.interval())
	if _, ok := find(f.dequeueAll(time.Hour), followup.TaskCall, "c"); ok {
		f.Errorf("the task of the call is due again after PlanIntents")
	}
}

// planAllOrNothing ends the ctx of PlanIntents at a random moment.
func planAllOrNothing(f *storeFixture) {
	for n := range 1 + f.Rounds/10 {
		var plans []followup.Plan
		call := fmt.Sprint("call ", n)
		f.beginCall(call, n)
		for k := range 5 {
			p := f.planFor(fmt.Sprint(n, k), n)
			p.Call = call
			plans = append(plans, p)
		}
		ctx, cancel := context.WithTimeout(f.ctx, time.Duration(f.rng.IntN(2000))*time.Microsecond)
		_, err := f.Store.PlanIntents(ctx, f.org, followup.Task{Kind: followup.TaskCall, ID: call}, plans)
		cancel()
		// The store may still be writing. So the call is read before its intents:
		// a call that is concluded then must have all of them.
		concluded, found := f.call(call).Concluded, len(f.listIntents(followup.IntentFilter{Call: call}))
		if found != 0 && found != 5 || concluded && found != 5 || err == nil && !concluded {
			f.Fatalf("seed %d: after a PlanIntents of 5 plans whose ctx ended there are %d intents, Concluded is %v and the error %v; want all of it or none", f.Seed, found, concluded, err)
		}
	}
}

func returnsIntents(f *storeFixture) {
	sent := f.acceptIntent(f.planIntent("b", 2))
	intents := f.planIntents(followup.Task{}, f.planFor("c", 3), f.planFor("b", 2), f.planFor("a", 1))
	for i, key := range []string{"c", "b", "a"} {
		equal(f, "the intent of plan "+key, intents[i].ID, followup.NewIntentID(f.org, key))
	}
	if i := intents[1]; i.State != followup.Accepted || i.Provider != sent.Provider || i.Attempt != 1 || i.Digest != sent.Digest {
		f.Errorf("PlanIntents returned %+v, want the intent that exists", struct{ followup.Intent }{i})
	}
	if got := f.planIntents(followup.Task{}); len(got) != 0 {
		f.Errorf("PlanIntents of no plans returned %v, want none", got)
	}
}

func repeatedPlan(f *storeFixture) {
	p := f.planFor("a", 1)
	first := f.planIntents(followup.Task{}, p)[0]
	f.noError("Ack", f.Queue.Ack(f.ctx, f.expectDue(followup.TaskIntent, string(p.ID))))
	again := p
	again.Kind, again.Phone, again.Call, again.Procedure = followup.Offer, phone(2), "another", "laser"
	again.Deadline, again.Start, again.Suppress = p.Deadline.Add(time.Hour), appointmentStart, followup.NoDocument
	f.tick()
	i := f.planIntents(followup.Task{}, again)[0]
	equal(f, "the procedure after a second plan", i.Procedure, "laser")
	if i.Kind != first.Kind || i.Phone != first.Phone || i.Call != first.Call || i.State != first.State || !i.Deadline.Equal(first.Deadline) || !i.Start.Equal(first.Start) || !i.Planned.Equal(first.Planned) {
		f.Errorf("a second plan changed %+v\nto %+v", struct{ followup.Intent }{first}, struct{ followup.Intent }{i})
	}
	f.expectNotDue(followup.TaskIntent, string(p.ID))
	none := p
	none.Procedure = ""
	equal(f, "the procedure after a plan without a procedure", f.planIntents(followup.Task{}, none)[0].Procedure, "laser")
	sent := f.sendIntent(p.ID)
	equal(f, "the procedure of an intent that is sent", f.planIntents(followup.Task{}, p)[0].Procedure, "laser")
	f.recordResults(followup.Result{Intent: p.ID, Attempt: sent.Attempt, State: followup.Planned, After: time.Hour})
	equal(f, "the procedure of an intent that was attempted", f.planIntents(followup.Task{}, p)[0].Procedure, "laser")
}

func plansAfterConsent(f *storeFixture) {
	for _, why := range []followup.Reason{followup.NoConsent, followup.OptedOut} {
		p := f.planFor(string(why), 1)
		f.planIntents(followup.Task{}, p)
		f.beginAndRelease(time.Hour, always(followup.IntentDecision{Action: followup.Suppress, Reason: why}), p.ID)
		equal(f, "the state after a plan without Consented", f.planIntents(followup.Task{}, p)[0].State, followup.Suppressed)
		f.expectNotDue(followup.TaskIntent, string(p.ID))
		p.Consented = true
		i := f.planIntents(followup.Task{}, p)[0]
		if why != followup.NoConsent {
			equal(f, "the state of an intent that was suppressed for another reason", i.State, followup.Suppressed)
			continue
		}
		equal(f, "the state after a plan with Consented", i.State, followup.Planned)
		equal(f, "the reason after a plan with Consented", i.Reason, followup.Reason(""))
		f.expectDue(followup.TaskIntent, string(p.ID))
		equal(f, "the attempt", f.sendIntent(p.ID).Attempt, 1)
		equal(f, "the state of an intent that is sent", f.planIntents(followup.Task{}, p)[0].State, followup.Sending)
	}
}

// plansDuringDecision plans with Consented while decide suppresses the intent for
// NoConsent.
func plansDuringDecision(f *storeFixture) {
	for n := range 1 + f.Rounds/20 {
		p := f.planFor(fmt.Sprint("a", n), n)
		f.planIntents(followup.Task{}, p)
		p.Consented = true
		again := make(chan error, 1)
		f.beginAndRelease(time.Hour, func(followup.DecisionInput) followup.IntentDecision {
			go func() {
				_, err := f.Store.PlanIntents(f.ctx, f.org, followup.Task{}, []followup.Plan{p})
				again <- err
			}()
			time.Sleep(f.jitter())
			return followup.IntentDecision{Action: followup.Suppress, Reason: followup.NoConsent}
		}, p.ID)
		f.noError("PlanIntents", <-again)
		f.expectState(p.ID, followup.Planned)
		f.expectDue(followup.TaskIntent, string(p.ID))
	}
}

func concurrentPlans(f *storeFixture) {
	for n := range 1 + f.Rounds/20 {
		plans := []followup.Plan{f.planFor(fmt.Sprint("a", n), n), f.planFor(fmt.Sprint("b", n), n)}
		mixed := []followup.Plan{plans[1], plans[0]}
		answers := suite.Race(8, func(i int) error {
			_, err := f.Store.PlanIntents(f.ctx, f.org, followup.Task{}, [][]followup.Plan{plans, mixed}[i%2])
			return err
		})
		for _, err := range answers {
			f.noError("a concurrent PlanIntents", err)
		}
		if found := f.listIntents(followup.IntentFilter{Phone: phone(n)}); len(found) != 2 {
			f.Fatalf("8 concurrent calls with the same two plans wrote %d intents, want 2", len(found))
		}
	}
}

func concludesCall(f *storeFixture) {
	f.beginCall("c", 1)
	f.beginCall("d", 1)
	equal(f, "Concluded before the plan", f.call("c").Concluded, false)
	f.planIntents(followup.Task{Kind: followup.TaskCall, ID: "c"})
	equal(f, "Concluded", f.call("c").Concluded, true)
	equal(f, "Concluded of another call", f.call("d").Concluded, false)
	f.elapse(f.interval())
	f.expectNotDue(followup.TaskCall, "c")
}

func planKeepsRescheduledTask(f *storeFixture) {
	id := f.book("a", 1, "c", 0)
	first := f.expectDue(followup.TaskAppointment, string(id))
	f.noError("Cancel", f.cancel(id))
	f.planIntents(first, f.planFor("a", 1))
	f.elapse(f.interval())
	second := f.expectDue(followup.TaskAppointment, string(id))
	f.planIntents(second)
	f.elapse(2 * time.Millisecond)
	f.expectNotDue(followup.TaskAppointment, string(id))
}

func intentIsDueAtDue(f *storeFixture) {
	interval := f.interval()
	p := f.planFor("a", 1)
	p.Due = f.now().Add(interval)
	i := f.planIntents(followup.Task{}, p)[0]
	f.equalTime("Due", i.Due, p.Due)
	f.expectDueAfter(interval, followup.TaskIntent, string(p.ID))
}

func plansSuppressed(f *storeFixture) {
	suppressed, noPhone := f.planFor("a", 1), f.planFor("b", 1)
	suppressed.Suppress = followup.NoDocument
	noPhone.Phone, noPhone.Call = "", "c"
	withReason := noPhone
	withReason.ID, withReason.Suppress = followup.NewIntentID(f.org, "c"), followup.NoNumber
	intents := f.planIntents(followup.Task{}, suppressed, noPhone, withReason)
	for i, reason := range []followup.Reason{followup.NoDocument, followup.NoNumber, followup.NoNumber} {
		equal(f, "the state of a suppressed plan", intents[i].State, followup.Suppressed)
		if i != 1 { // without a phone and a reason, the store may choose the reason
			equal(f, "the reason of a suppressed plan", intents[i].Reason, reason)
		}
	}
	if found := f.listIntents(followup.IntentFilter{State: followup.Suppressed}); len(found) != 3 {
		f.Errorf("ListIntents returned %d suppressed intents, want 3", len(found))
	}
	if due := f.dequeueAll(time.Hour); slices.ContainsFunc(due, func(t followup.Task) bool { return t.Kind == followup.TaskIntent }) {
		f.Errorf("a suppressed intent is due")
	}
	f.beginAndRelease(time.Hour, func(followup.DecisionInput) followup.IntentDecision {
		f.Errorf("decide was called about a suppressed intent")
		return followup.IntentDecision{Action: followup.Suppress}
	}, suppressed.ID, noPhone.ID)
}
