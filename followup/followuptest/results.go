package followuptest

import (
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
)

var finishChecks = []check[*storing]{
	{"RecordResults writes the results of attempts", writesResults},
	{"a result of an attempt that is not the intent's last changes nothing", staleResult},
	{"a result for an intent that has ended changes nothing but a carrier's id that was not known", resultAfterTheEnd},
	{"a result that is Accepted must not undo a later state that the carrier reported", resultAfterTheWord},
	{"a result of an unknown intent changes nothing", resultOfNobody},
}

func writesResults(f *storing) {
	while := f.while()
	for n, r := range []followup.Result{
		{State: followup.Accepted, Provider: "SM1"},
		{State: followup.Sent, Provider: "SM2"},
		{State: followup.Planned, Reason: followup.RateLimited, Code: "20429", After: while},
		{State: followup.Unknown, Reason: followup.Transient, After: while},
		{State: followup.Rejected, Reason: followup.BadNumber, Code: "21211"},
		{State: followup.Dead, Reason: followup.NotFoundAtCarrier},
	} {
		id := f.planned(string(r.State), n)
		f.take(24 * time.Hour)
		i := f.sends(id)
		f.tick()
		r.Intent, r.Attempt = id, i.Attempt
		f.finish(r)
		got := f.state(id, r.State)
		if got.Provider != r.Provider || got.Reason != r.Reason || got.Code != r.Code || got.Attempt != 1 || !got.Tried.Equal(i.Tried) || !got.Changed.After(i.Tried) {
			f.Errorf("after %+v the intent is %+v", r, struct{ followup.Intent }{got})
		}
		if r.After > 0 {
			f.dueAfter(r.After, followup.TaskIntent, string(id))
			f.candidate(id)
			continue
		}
		f.pass(while)
		f.notDue(followup.TaskIntent, string(id))
	}
	var results []followup.Result
	for n := range 5 {
		id := f.planned(fmt.Sprint("many ", n), n)
		results = append(results, followup.Result{Intent: id, Attempt: f.sends(id).Attempt, State: followup.Accepted, Provider: fmt.Sprint("SM-many-", n)})
	}
	f.finish(results...)
	for n, r := range results {
		is(f, "the carrier's id of one of many", f.state(r.Intent, followup.Accepted).Provider, fmt.Sprint("SM-many-", n))
	}
}

func staleResult(f *storing) {
	id := f.planned("a", 1)
	f.finish(followup.Result{Intent: id, Attempt: f.sends(id).Attempt, State: followup.Planned})
	second := f.sends(id)
	is(f, "the second attempt", second.Attempt, 2)
	for _, r := range []followup.Result{
		{State: followup.Accepted, Provider: "SM-stale"},
		{State: followup.Planned},
		{State: followup.Rejected, Reason: followup.BadNumber, Unusable: followup.UnusableNumber},
	} {
		for _, attempt := range []int{1, 0, 3} {
			r.Intent, r.Attempt = id, attempt
			f.finish(r)
			if i := f.state(id, followup.Sending); i.Provider != "" || i.Reason != second.Reason {
				f.Errorf("after a result of attempt %d the intent is %+v", attempt, struct{ followup.Intent }{i})
			}
		}
	}
	f.finish(followup.Result{Intent: id, Attempt: 2, State: followup.Accepted, Provider: "SM2"})
	is(f, "the carrier's id", f.state(id, followup.Accepted).Provider, "SM2")
	is(f, "unusable by a result that came too late", f.candidate(f.planned("b", 1)).Unusable, followup.Reason(""))
}

func resultAfterTheEnd(f *storing) {
	id := f.planned("a", 1)
	f.begins(f.while(), send, id)
	f.pass(f.while())
	f.begins(time.Hour, verdict(followup.IntentDecision{Action: followup.DeadLetter, Reason: followup.Unresolved}), id)
	f.finish(followup.Result{Intent: id, Attempt: 1, State: followup.Planned})
	f.finish(followup.Result{Intent: id, Attempt: 1, State: followup.Accepted, Provider: "SM1"})
	f.finish(followup.Result{Intent: id, Attempt: 1, State: followup.Accepted, Provider: "SM2"})
	i := f.state(id, followup.Dead)
	is(f, "the carrier's id", i.Provider, "SM1")
	is(f, "the reason", i.Reason, followup.Unresolved)
	f.pass(f.while())
	f.notDue(followup.TaskIntent, string(id))
}

func resultAfterTheWord(f *storing) {
	id := f.planned("a", 1)
	i := f.sends(id)
	f.status(followup.StatusUpdate{Intent: id, Provider: "SM1", State: followup.Delivered})
	f.finish(followup.Result{Intent: id, Attempt: i.Attempt, State: followup.Accepted, Provider: "SM1"})
	f.state(id, followup.Delivered)
	f.finish(followup.Result{Intent: id, Attempt: i.Attempt, State: followup.Unknown})
	f.state(id, followup.Delivered)
	f.notDue(followup.TaskIntent, string(id))
}

func resultOfNobody(f *storing) {
	f.finish(followup.Result{Intent: followup.NewIntentID(f.org, "nobody's"), Attempt: 1, State: followup.Accepted})
	f.finish()
	is(f, "the intents", len(f.intents(followup.IntentFilter{})), 0)
}

var statusChecks = []check[*storing]{
	{"a state that outranks the intent's replaces it and ends an unknown outcome", wordReplaces},
	{"any other state changes nothing but a carrier's id that was not known", wordChangesNothing},
	{"reports in any order lead to the same state", wordsInAnyOrder},
	{"RecordStatus returns the current intent; the error is ErrNotFound for an unknown one", returnsIntent},
}

func wordReplaces(f *storing) {
	for n, state := range []followup.State{followup.Accepted, followup.Sent, followup.Delivered, followup.Undelivered, followup.Failed} {
		for k, from := range []func(key string, n int) followup.IntentID{
			f.planned, f.unknown, func(key string, n int) followup.IntentID { return f.sends(f.planned(key, n)).ID },
		} {
			id := from(fmt.Sprint(state, k), 10*n+k)
			f.tick()
			i := f.status(followup.StatusUpdate{Intent: id, Provider: "SM" + string(state), State: state, Reason: followup.Blocked, Code: "30007"})
			if i.State != state || i.Provider != "SM"+string(state) || i.Reason != followup.Blocked || i.Code != "30007" || !i.Changed.After(i.Planned) {
				f.Errorf("by the carrier's word %s the intent is %+v", state, struct{ followup.Intent }{i})
			}
			f.state(id, state)
			f.notDue(followup.TaskIntent, string(id))
		}
	}
	i := f.accepted(f.planned("steps", 99))
	for _, state := range []followup.State{followup.Sent, followup.Delivered} {
		is(f, "the state", f.status(followup.StatusUpdate{Intent: i.ID, State: state}).State, state)
	}
	is(f, "the carrier's id, which a word did not name", f.get(i.ID).Provider, i.Provider)
}

func wordChangesNothing(f *storing) {
	ended := func(key string, n int, a followup.Action) followup.IntentID {
		id := f.planned(key, n)
		f.begins(time.Hour, verdict(followup.IntentDecision{Action: a, Reason: followup.NoConsent}), id)
		return id
	}
	delivered := f.accepted(f.planned("delivered", 3))
	f.status(followup.StatusUpdate{Intent: delivered.ID, State: followup.Delivered})
	for _, from := range []struct {
		id       followup.IntentID
		state    followup.State
		provider string
	}{
		{ended("suppressed", 1, followup.Suppress), followup.Suppressed, "SM1"},
		{ended("expired", 2, followup.Expire), followup.Expired, "SM1"},
		{delivered.ID, followup.Delivered, delivered.Provider},
	} {
		before := f.get(from.id)
		f.tick()
		for _, provider := range []string{"SM1", "SM2"} {
			for _, word := range []followup.State{followup.Accepted, followup.Sent, followup.Undelivered, followup.Failed} {
				i := f.status(followup.StatusUpdate{Intent: from.id, Provider: provider, State: word, Reason: followup.Blocked, Code: "1", Unusable: followup.Landline})
				if i.State != from.state || i.Reason != before.Reason || i.Code != before.Code || !i.Changed.Equal(before.Changed) || i.Provider != from.provider {
					f.Errorf("%s, by the word %s: %+v", from.state, word, struct{ followup.Intent }{i})
				}
			}
		}
		is(f, "unusable by a word that changes nothing", f.candidate(f.planned("after "+string(from.state), 1)).Unusable, followup.Reason(""))
	}
}

func wordsInAnyOrder(f *storing) {
	for n := range 1 + f.Rounds/10 {
		last := []followup.State{followup.Delivered, followup.Undelivered, followup.Failed}[n%3]
		words := []followup.State{followup.Accepted, followup.Sent, last, followup.Accepted, followup.Sent, last}
		f.rng.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		id := f.planned(fmt.Sprint(n), n)
		i := f.sends(id)
		at := f.rng.IntN(len(words))
		for k, word := range words {
			if k == at {
				f.finish(followup.Result{Intent: id, Attempt: i.Attempt, State: followup.Accepted, Provider: "SM"})
			}
			f.status(followup.StatusUpdate{Intent: id, Provider: "SM", State: word})
		}
		if got := f.get(id).State; got != last {
			f.Fatalf("seed %d: by the words %v the intent is %s, want %s", f.Seed, words, got, last)
		}
	}
}

func returnsIntent(f *storing) {
	i := f.accepted(f.planned("a", 1))
	got := f.status(followup.StatusUpdate{Intent: i.ID, State: followup.Sent})
	if got.ID != i.ID || got.Phone != phone(1) || got.State != followup.Sent || got.Attempt != 1 || got.Digest != i.Digest {
		f.Errorf("it returned %+v", struct{ followup.Intent }{got})
	}
	_, err := f.Store.RecordStatus(f.ctx, f.org, followup.StatusUpdate{Intent: followup.NewIntentID(f.org, "nobody's"), State: followup.Sent})
	if !errors.Is(err, followup.ErrNotFound) {
		f.Errorf("a word about an unknown intent: error %v, want %v", err, followup.ErrNotFound)
	}
}
