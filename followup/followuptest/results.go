package followuptest

import (
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
)

var recordResultsChecks = []check[*storeFixture]{
	{"RecordResults writes the results of attempts", writesResults},

	{"a result of an attempt that is not the intent's last changes nothing", staleResult},

	{"a result for an intent that has ended adds only a missing carrier's id", resultAfterEnd},
	{"a result that is Accepted must not undo a later state that the carrier reported", resultAfterStatus},
	{"a result of an unknown intent changes nothing", resultOfUnknownIntent},
}

func writesResults(f *storeFixture) {
	interval := f.interval()
	for n, r := range []followup.Result{
		{State: followup.Accepted, Provider: "SM1"},
		{State: followup.Sent, Provider: "SM2"},
		{State: followup.Planned, Reason: followup.RateLimited, Code: "20429", After: interval},
		{State: followup.Unknown, Reason: followup.Transient, After: interval},
		{State: followup.Rejected, Reason: followup.BadNumber, Code: "21211"},
		{State: followup.Dead, Reason: followup.NotFoundAtCarrier},
	} {
		id := f.planIntent(string(r.State), n)
		f.dequeueAll(24 * time.Hour)
		i := f.sendIntent(id)
		f.tick()
		r.Intent, r.Attempt = id, i.Attempt
		f.recordResults(r)
		got := f.expectState(id, r.State)
		if got.Provider != r.Provider || got.Reason != r.Reason || got.Code != r.Code || got.Attempt != 1 || !got.Tried.Equal(i.Tried) || !got.Changed.After(i.Tried) {
			f.Errorf("after the result %+v the intent is %+v", r, struct{ followup.Intent }{got})
		}
		if r.After > 0 {
			f.expectDueAfter(r.After, followup.TaskIntent, string(id))
			f.decisionInput(id)
			continue
		}
		f.elapse(interval)
		f.expectNotDue(followup.TaskIntent, string(id))
	}
	var results []followup.Result
	for n := range 5 {
		id := f.planIntent(fmt.Sprint("many ", n), n)
		results = append(results, followup.Result{Intent: id, Attempt: f.sendIntent(id).Attempt, State: followup.Accepted, Provider: fmt.Sprint("SM-many-", n)})
	}
	f.recordResults(results...)
	for n, r := range results {
		equal(f, "Provider of one of several results", f.expectState(r.Intent, followup.Accepted).Provider, fmt.Sprint("SM-many-", n))
	}
}

func staleResult(f *storeFixture) {
	id := f.planIntent("a", 1)
	f.recordResults(followup.Result{Intent: id, Attempt: f.sendIntent(id).Attempt, State: followup.Planned})
	second := f.sendIntent(id)
	equal(f, "Attempt of the second send", second.Attempt, 2)
	for _, r := range []followup.Result{
		{State: followup.Accepted, Provider: "SM-stale"},
		{State: followup.Planned},
		{State: followup.Rejected, Reason: followup.BadNumber, Unusable: followup.UnusableNumber},
	} {
		for _, attempt := range []int{1, 0, 3} {
			r.Intent, r.Attempt = id, attempt
			f.recordResults(r)
			if i := f.expectState(id, followup.Sending); i.Provider != "" || i.Reason != second.Reason {
				f.Errorf("after a result of attempt %d, which is not the last, the intent is %+v", attempt, struct{ followup.Intent }{i})
			}
		}
	}
	f.recordResults(followup.Result{Intent: id, Attempt: 2, State: followup.Accepted, Provider: "SM2"})
	equal(f, "Provider", f.expectState(id, followup.Accepted).Provider, "SM2")
	equal(f, "Unusable after a result of an earlier attempt", f.decisionInput(f.planIntent("b", 1)).Unusable, followup.Reason(""))
}

func resultAfterEnd(f *storeFixture) {
	id := f.planIntent("a", 1)
	f.beginAndRelease(f.interval(), send, id)
	f.elapse(f.interval())
	f.beginAndRelease(time.Hour, always(followup.IntentDecision{Action: followup.DeadLetter, Reason: followup.Unresolved}), id)
	f.recordResults(followup.Result{Intent: id, Attempt: 1, State: followup.Planned})
	f.recordResults(followup.Result{Intent: id, Attempt: 1, State: followup.Accepted, Provider: "SM1"})
	f.recordResults(followup.Result{Intent: id, Attempt: 1, State: followup.Accepted, Provider: "SM2"})
	i := f.expectState(id, followup.Dead)
	equal(f, "Provider", i.Provider, "SM1")
	equal(f, "the reason", i.Reason, followup.Unresolved)
	f.elapse(f.interval())
	f.expectNotDue(followup.TaskIntent, string(id))
}

func resultAfterStatus(f *storeFixture) {
	id := f.planIntent("a", 1)
	i := f.sendIntent(id)
	f.recordStatus(followup.StatusUpdate{Intent: id, Provider: "SM1", State: followup.Delivered})
	f.recordResults(followup.Result{Intent: id, Attempt: i.Attempt, State: followup.Accepted, Provider: "SM1"})
	f.expectState(id, followup.Delivered)
	f.recordResults(followup.Result{Intent: id, Attempt: i.Attempt, State: followup.Unknown})
	f.expectState(id, followup.Delivered)
	f.expectNotDue(followup.TaskIntent, string(id))
}

func resultOfUnknownIntent(f *storeFixture) {
	f.recordResults(followup.Result{Intent: followup.NewIntentID(f.org, "unknown"), Attempt: 1, State: followup.Accepted})
	f.recordResults()
	equal(f, "the number of intents", len(f.listIntents(followup.IntentFilter{})), 0)
}

var recordStatusChecks = []check[*storeFixture]{
	{"a state that outranks the intent's replaces it and ends an unknown outcome", statusReplaces},
	{"any other state adds only a missing carrier's id", lowerStatus},
	{"reports in any order lead to the same state", statusesInAnyOrder},
	{"RecordStatus returns the current intent; the error is ErrNotFound for an unknown one", returnsIntent},
}

func statusReplaces(f *storeFixture) {
	for n, state := range []followup.State{followup.Accepted, followup.Sent, followup.Delivered, followup.Undelivered, followup.Failed} {
		for k, from := range []func(key string, n int) followup.IntentID{
			f.planIntent, f.unknownIntent, func(key string, n int) followup.IntentID { return f.sendIntent(f.planIntent(key, n)).ID },
		} {
			id := from(fmt.Sprint(state, k), 10*n+k)
			f.tick()
			i := f.recordStatus(followup.StatusUpdate{Intent: id, Provider: "SM" + string(state), State: state, Reason: followup.Blocked, Code: "30007"})
			if i.State != state || i.Provider != "SM"+string(state) || i.Reason != followup.Blocked || i.Code != "30007" || !i.Changed.After(i.Planned) {
				f.Errorf("after the status %s the intent is %+v", state, struct{ followup.Intent }{i})
			}
			f.expectState(id, state)
			f.expectNotDue(followup.TaskIntent, string(id))
		}
	}
	i := f.acceptIntent(f.planIntent("steps", 99))
	for _, state := range []followup.State{followup.Sent, followup.Delivered} {
		equal(f, "the state", f.recordStatus(followup.StatusUpdate{Intent: i.ID, State: state}).State, state)
	}
	equal(f, "Provider after a status without one", f.intent(i.ID).Provider, i.Provider)
}

func lowerStatus(f *storeFixture) {
	ended := func(key string, n int, a followup.Action) followup.IntentID {
		id := f.planIntent(key, n)
		f.beginAndRelease(time.Hour, always(followup.IntentDecision{Action: a, Reason: followup.NoConsent}), id)
		return id
	}
	delivered := f.acceptIntent(f.planIntent("delivered", 3))
	f.recordStatus(followup.StatusUpdate{Intent: delivered.ID, State: followup.Delivered})
	for _, from := range []struct {
		id       followup.IntentID
		state    followup.State
		provider string
	}{
		{ended("suppressed", 1, followup.Suppress), followup.Suppressed, "SM1"},
		{ended("expired", 2, followup.Expire), followup.Expired, "SM1"},
		{delivered.ID, followup.Delivered, delivered.Provider},
	} {
		before := f.intent(from.id)
		f.tick()
		for _, provider := range []string{"SM1", "SM2"} {
			for _, status := range []followup.State{followup.Accepted, followup.Sent, followup.Undelivered, followup.Failed} {
				i := f.recordStatus(followup.StatusUpdate{Intent: from.id, Provider: provider, State: status, Reason: followup.Blocked, Code: "1", Unusable: followup.Landline})
				if i.State != from.state || i.Reason != before.Reason || i.Code != before.Code || !i.Changed.Equal(before.Changed) || i.Provider != from.provider {
					f.Errorf("an intent in state %s after the status %s is %+v, want no change", from.state, status, struct{ followup.Intent }{i})
				}
			}
		}
		equal(f, "Unusable after a status that does not outrank the state", f.decisionInput(f.planIntent("after "+string(from.state), 1)).Unusable, followup.Reason(""))
	}
}

func statusesInAnyOrder(f *storeFixture) {
	for n := range 1 + f.Rounds/10 {
		last := []followup.State{followup.Delivered, followup.Undelivered, followup.Failed}[n%3]
		statuses := []followup.State{followup.Accepted, followup.Sent, last, followup.Accepted, followup.Sent, last}
		f.rng.Shuffle(len(statuses), func(i, j int) { statuses[i], statuses[j] = statuses[j], statuses[i] })
		id := f.planIntent(fmt.Sprint(n), n)
		i := f.sendIntent(id)
		at := f.rng.IntN(len(statuses))
		for k, status := range statuses {
			if k == at {
				f.recordResults(followup.Result{Intent: id, Attempt: i.Attempt, State: followup.Accepted, Provider: "SM"})
			}
			f.recordStatus(followup.StatusUpdate{Intent: id, Provider: "SM", State: status})
		}
		if got := f.intent(id).State; got != last {
			f.Fatalf("seed %d: after the statuses %v the intent is %s, want %s", f.Seed, statuses, got, last)
		}
	}
}

func returnsIntent(f *storeFixture) {
	i := f.acceptIntent(f.planIntent("a", 1))
	got := f.recordStatus(followup.StatusUpdate{Intent: i.ID, State: followup.Sent})
	if got.ID != i.ID || got.Phone != phone(1) || got.State != followup.Sent || got.Attempt != 1 || got.Digest != i.Digest {
		f.Errorf("RecordStatus returned %+v, want the intent in state Sent", struct{ followup.Intent }{got})
	}
	_, err := f.Store.RecordStatus(f.ctx, f.org, followup.StatusUpdate{Intent: followup.NewIntentID(f.org, "unknown"), State: followup.Sent})
	if !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("RecordStatus of an unknown intent: error %v, want %v", err, followup.ErrNotFound)
	}
}
