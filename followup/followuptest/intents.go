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

	{"a plan whose intent exists changes nothing, except that an intent that is Planned and was never attempted takes the plan's procedure, if the plan has one", repeatedPlan},
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
		f.Errorf("the intent is %+v, of the plan %+v", struct{ followup.Intent }{i}, struct{ followup.Plan }{p})
	}
	f.equalTime("Start", i.Start, p.Start)
	f.equalTime("Deadline", i.Deadline, p.Deadline)
	f.equalTime("Planned", i.Planned, i.Changed)
	if now := f.now(); i.Planned.After(now) || now.Sub(i.Planned) > time.Hour {
		f.Errorf("planned at %v, and it is %v", i.Planned, now)
	}
	equal(f, "known by a plan", f.summary(2).Known, true)
	due := f.dequeueAll(time.Hour)
	for _, id := range []followup.IntentID{p.ID, followup.NewIntentID(f.org, "b")} {
		if _, ok := find(due, followup.TaskIntent, string(id)); !ok {
			f.Errorf("a planned intent is not due")
		}
	}
	f.elapse(f.interval())
	if _, ok := find(f.dequeueAll(time.Hour), followup.TaskCall, "c"); ok {
		f.Errorf("the task from which was planned is due again")
	}
}

// planAllOrNothing cuts plans short somewhere on their way.
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
		// The store may still be at it: what was concluded before the intents
		// were counted is there whole, and what is there is there whole.
		concluded, found := f.call(call).Concluded, len(f.listIntents(followup.IntentFilter{Call: call}))
		if found != 0 && found != 5 || concluded && found != 5 || err == nil && !concluded {
			f.Fatalf("seed %d: of 5 plans that were cut short %d are there, concluded %v, error %v", f.Seed, found, concluded, err)
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
		f.Errorf("an intent that was there is returned as %+v", struct{ followup.Intent }{i})
	}
	if got := f.planIntents(followup.Task{}); len(got) != 0 {
		f.Errorf("no plans returned %v", got)
	}
}

func repeatedPlan(f *storeFixture) {
	p := f.planFor("a", 1)
	first := f.planIntents(followup.Task{}, p)[0]
	f.noError("Drop", f.Queue.Ack(f.ctx, f.expectDue(followup.TaskIntent, string(p.ID))))
	again := p
	again.Kind, again.Phone, again.Call, again.Procedure = followup.Offer, phone(2), "another", "laser"
	again.Deadline, again.Start, again.Suppress = p.Deadline.Add(time.Hour), appointmentStart, followup.NoDocument
	f.tick()
	i := f.planIntents(followup.Task{}, again)[0]
	equal(f, "the procedure of a plan that was made again", i.Procedure, "laser")
	if i.Kind != first.Kind || i.Phone != first.Phone || i.Call != first.Call || i.State != first.State || !i.Deadline.Equal(first.Deadline) || !i.Start.Equal(first.Start) || !i.Planned.Equal(first.Planned) {
		f.Errorf("a plan that was made again made of %+v\n%+v", struct{ followup.Intent }{first}, struct{ followup.Intent }{i})
	}
	f.expectNotDue(followup.TaskIntent, string(p.ID))
	none := p
	none.Procedure = ""
	equal(f, "the procedure after a plan without one", f.planIntents(followup.Task{}, none)[0].Procedure, "laser")
	sent := f.sendIntent(p.ID)
	equal(f, "the procedure of one that is sent", f.planIntents(followup.Task{}, p)[0].Procedure, "laser")
	f.recordResults(followup.Result{Intent: p.ID, Attempt: sent.Attempt, State: followup.Planned, After: time.Hour})
	equal(f, "the procedure of one that was tried", f.planIntents(followup.Task{}, p)[0].Procedure, "laser")
}

func plansAfterConsent(f *storeFixture) {
	for _, why := range []followup.Reason{followup.NoConsent, followup.OptedOut} {
		p := f.planFor(string(why), 1)
		f.planIntents(followup.Task{}, p)
		f.beginAndRelease(time.Hour, always(followup.IntentDecision{Action: followup.Suppress, Reason: why}), p.ID)
		equal(f, "the state after a plan that says nothing of consent", f.planIntents(followup.Task{}, p)[0].State, followup.Suppressed)
		f.expectNotDue(followup.TaskIntent, string(p.ID))
		p.Consented = true
		i := f.planIntents(followup.Task{}, p)[0]
		if why != followup.NoConsent {
			equal(f, "the state of one that was suppressed for another reason", i.State, followup.Suppressed)
			continue
		}
		equal(f, "the state after consent", i.State, followup.Planned)
		equal(f, "the reason after consent", i.Reason, followup.Reason(""))
		f.expectDue(followup.TaskIntent, string(p.ID))
		equal(f, "the attempt", f.sendIntent(p.ID).Attempt, 1)
		equal(f, "the state of one that is sent", f.planIntents(followup.Task{}, p)[0].State, followup.Sending)
	}
}

// plansDuringDecision has consent come while it is decided that there is none.
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
		f.noError("Plan", <-again)
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
			f.noError("one of many Plans at once", err)
		}
		if found := f.listIntents(followup.IntentFilter{Phone: phone(n)}); len(found) != 2 {
			f.Fatalf("two plans that were made eight times at once are %d intents", len(found))
		}
	}
}

func concludesCall(f *storeFixture) {
	f.beginCall("c", 1)
	f.beginCall("d", 1)
	equal(f, "concluded before", f.call("c").Concluded, false)
	f.planIntents(followup.Task{Kind: followup.TaskCall, ID: "c"})
	equal(f, "concluded", f.call("c").Concluded, true)
	equal(f, "concluded with another", f.call("d").Concluded, false)
	f.elapse(f.interval())
	f.expectNotDue(followup.TaskCall, "c")
}

func planKeepsRescheduledTask(f *storeFixture) {
	id := f.book("a", 1, "c", 0)
	taken := f.expectDue(followup.TaskAppointment, string(id))
	f.noError("Cancel", f.cancel(id))
	f.planIntents(taken, f.planFor("a", 1))
	f.elapse(f.interval())
	anew := f.expectDue(followup.TaskAppointment, string(id))
	f.planIntents(anew)
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
	decided, nobody := f.planFor("a", 1), f.planFor("b", 1)
	decided.Suppress = followup.NoDocument
	nobody.Phone, nobody.Call = "", "c"
	withReason := nobody
	withReason.ID, withReason.Suppress = followup.NewIntentID(f.org, "c"), followup.NoNumber
	intents := f.planIntents(followup.Task{}, decided, nobody, withReason)
	for i, reason := range []followup.Reason{followup.NoDocument, followup.NoNumber, followup.NoNumber} {
		equal(f, "the state of a plan that is not to be sent", intents[i].State, followup.Suppressed)
		if i != 1 { // of nobody, any reason will do
			equal(f, "its reason", intents[i].Reason, reason)
		}
	}
	if found := f.listIntents(followup.IntentFilter{State: followup.Suppressed}); len(found) != 3 {
		f.Errorf("%d suppressed intents are found, want 3", len(found))
	}
	if due := f.dequeueAll(time.Hour); slices.ContainsFunc(due, func(t followup.Task) bool { return t.Kind == followup.TaskIntent }) {
		f.Errorf("a suppressed intent is due")
	}
	f.beginAndRelease(time.Hour, func(followup.DecisionInput) followup.IntentDecision {
		f.Errorf("a suppressed intent is shown")
		return followup.IntentDecision{Action: followup.Suppress}
	}, decided.ID, nobody.ID)
}
