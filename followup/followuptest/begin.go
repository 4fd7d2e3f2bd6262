package followuptest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var beginChecks = []check[*storing]{
	{"Send makes an intent Sending, leases it for the time of lease and counts the attempt", sendMakesSending},
	{"Wait leaves the intent unchanged and schedules it at the decision's At", waitLeaves},
	{"Suppress, Expire and DeadLetter end it", verdictsEnd},
	{"Reconcile counts a reconciliation and leases the intent for the time of lease", lookCounts},
	{"BeginSending first makes an intent Unknown that is Sending and whose lease has expired; it skips an intent whose lease has not", leaseRunsOut},
	{"BeginSending skips an intent whose contact is locked, and schedules it again soon", lockedIsNotShown},
	{"BeginSending calls decide a second time about intents to be sent, which are now Sending", asksTwice},
	{"a second decision other than Send replaces the first", secondVerdictStands},
	{"Batch returns each intent with its first decision, in Ended the intents that a decision suppressed, expired or gave up", decisionsReturn},
	{"LockedUntil is when the store releases the contacts of Send by itself", lockedUntil},
	{"of many workers that begin the same intents at once, one sends each", oneSendsEach},
	{"of two intents of one contact, the decision about the second sees the first in Recent", seesItsNeighbour},
	{"BeginSending skips unknown and ended intents, and decides once about an id that is given twice", showsOnlyOpen},
}

func sendMakesSending(f *storing) {
	while := f.while()
	id := f.planned("a", 1)
	f.take(time.Hour)
	b := f.begins(while, send, id)
	i := f.state(id, followup.Sending)
	if len(b.Send) != 1 || len(b.Reconcile) != 0 || b.Send[0].ID != id || b.Send[0].State != followup.Sending || b.Send[0].Attempt != 1 {
		f.Fatalf("the batch is %+v", b)
	}
	is(f, "the attempts", i.Attempt, 1)
	is(f, "the digest", i.Digest, followup.Digest("text"))
	is(f, "the digest in the batch", b.Send[0].Digest, followup.Digest("text"))
	f.at("Tried", i.Tried, b.Send[0].Tried)
	if now := f.now(); i.Tried.IsZero() || i.Tried.After(now) || i.Tried.Before(i.Planned) {
		f.Errorf("tried at %v, planned at %v, and it is %v", i.Tried, i.Planned, now)
	}
	f.dueAfter(while, followup.TaskIntent, string(id)) // should the worker be dead
	f.begins(time.Hour, verdict(followup.IntentDecision{Action: followup.Wait, At: f.now().Add(time.Hour)}), id)
	f.finish(followup.Result{Intent: id, Attempt: 1, State: followup.Planned})
	is(f, "the attempts of one that is sent again", f.sends(id).Attempt, 2)
}

func waitLeaves(f *storing) {
	while := f.while()
	id := f.planned("a", 1)
	before := f.get(id)
	f.take(time.Hour)
	b := f.begins(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(while), Reason: followup.QuietHours}
	}, id)
	is(f, "the intents in the batch", len(b.Send)+len(b.Reconcile), 0)
	i := f.state(id, followup.Planned)
	is(f, "the reason it waits", i.Reason, followup.QuietHours)
	is(f, "the attempts", i.Attempt, 0)
	f.at("Due", i.Due, before.Due)
	f.at("Deadline", i.Deadline, before.Deadline)
	f.dueAfter(while, followup.TaskIntent, string(id))
}

func verdictsEnd(f *storing) {
	for _, end := range []struct {
		followup.Action
		followup.State
		followup.Reason
	}{
		{followup.Suppress, followup.Suppressed, followup.NoConsent},
		{followup.Expire, followup.Expired, followup.PastDeadline},
		{followup.DeadLetter, followup.Dead, followup.OutOfTries},
	} {
		id := f.planned(string(end.State), 1)
		b := f.begins(f.while(), verdict(followup.IntentDecision{Action: end.Action, Reason: end.Reason}), id)
		is(f, "the intents in the batch", len(b.Send)+len(b.Reconcile), 0)
		is(f, "the reason", f.state(id, end.State).Reason, end.Reason)
		f.pass(f.while())
		f.notDue(followup.TaskIntent, string(id))
	}
}

// unknown is an intent whose last attempt's outcome is not known.
func (f *storing) unknown(key string, n int) followup.IntentID {
	f.Helper()
	id := f.planned(key, n)
	f.finish(followup.Result{Intent: id, Attempt: f.sends(id).Attempt, State: followup.Unknown})
	f.state(id, followup.Unknown)
	return id
}

func lookCounts(f *storing) {
	while := f.while()
	id := f.unknown("a", 1)
	f.take(time.Hour)
	b := f.begins(while, verdict(followup.IntentDecision{Action: followup.Reconcile, Reason: followup.Unresolved}), id)
	if len(b.Reconcile) != 1 || len(b.Send) != 0 || b.Reconcile[0].Reconciliations != 1 || b.Reconcile[0].State != followup.Unknown || b.Reconcile[0].Digest != followup.Digest("text") {
		f.Fatalf("the batch is %+v", b)
	}
	i := f.state(id, followup.Unknown)
	is(f, "the looks", i.Reconciliations, 1)
	is(f, "the attempts", i.Attempt, 1)
	if f.Advance != nil { // else it may be over by now
		f.begins(time.Hour, func(followup.DecisionInput) followup.IntentDecision {
			f.Errorf("an intent is shown while it is looked for")
			return followup.IntentDecision{}
		}, id)
	}
	f.dueAfter(while, followup.TaskIntent, string(id))
	f.begins(while, verdict(followup.IntentDecision{Action: followup.Reconcile}), id)
	is(f, "the looks", f.get(id).Reconciliations, 2)
	f.finish(followup.Result{Intent: id, Attempt: 1, State: followup.Planned})
	is(f, "the looks for another attempt", f.sends(id).Reconciliations, 0)
}

func leaseRunsOut(f *storing) {
	while := f.while()
	lost, kept := f.planned("lost", 1), f.planned("kept", 2)
	f.begins(while, send, lost)
	f.begins(time.Hour, send, kept)
	f.pass(while)
	f.take(time.Hour)
	var shown []followup.DecisionInput
	f.begins(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		shown = append(shown, c)
		return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(time.Hour)}
	}, lost, kept)
	if len(shown) != 1 || shown[0].ID != lost || shown[0].State != followup.Unknown {
		f.Fatalf("shown is %v, want the one whose lease has run out, as unknown", shown)
	}
	f.state(lost, followup.Unknown)
	f.state(kept, followup.Sending)
	is(f, "the attempts", f.get(lost).Attempt, 1)
}

func lockedIsNotShown(f *storing) {
	first, second := f.planned("a", 1), f.planned("b", 1)
	f.take(24 * time.Hour)
	b := f.begin(time.Hour, send, first)
	start := time.Now()
	shown := 0
	f.begins(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		shown++
		return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(24 * time.Hour)}
	}, second)
	kept := time.Since(start) < keptFor
	b.Release()
	if !kept {
		return // the store may have let the contact go by itself
	}
	is(f, "how often an intent is shown whose contact is locked", shown, 0)
	f.pass(f.while())
	for n := 0; ; n++ {
		if _, ok := find(f.take(24*time.Hour), followup.TaskIntent, string(second)); ok {
			break
		}
		if n == 20 {
			f.Fatalf("an intent whose contact was locked is not due again")
		}
		f.pass(f.while())
	}
	f.candidate(second)
}

func asksTwice(f *storing) {
	sent, left := f.planned("sent", 1), f.planned("left", 2)
	asked := map[followup.IntentID]int{}
	f.begins(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		asked[c.ID]++
		if c.ID == left {
			return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(time.Hour)}
		}
		return send(c)
	}, sent, left)
	is(f, "how often decide is asked about an intent to be sent", asked[sent], 2)
	is(f, "how often it is asked about one that waits", asked[left], 1)
}

func secondVerdictStands(f *storing) {
	for i, end := range []struct {
		followup.IntentDecision
		followup.State
	}{
		{followup.IntentDecision{Action: followup.Suppress, Reason: followup.Booked}, followup.Suppressed},
		{followup.IntentDecision{Action: followup.Expire, Reason: followup.PastDeadline}, followup.Expired},
		{followup.IntentDecision{Action: followup.Wait, At: f.now(), Reason: followup.Held}, followup.Planned},
	} {
		changed, other := f.planned(fmt.Sprint("changed", i), 2*i), f.planned(fmt.Sprint("other", i), 2*i+1)
		f.take(24 * time.Hour)
		hash := [32]byte{byte(i), 77}
		copy(hash[2:], f.org.String())
		asked := 0
		b := f.begins(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
			if c.ID == other {
				return send(c)
			}
			if asked++; asked > 1 {
				return end.IntentDecision
			}
			v := send(c)
			v.Link = &followup.Link{Hash: hash, Intent: c.ID, Document: "a.pdf", Expires: c.Now.Add(time.Hour), MaxViews: 1}
			return v
		}, changed, other)
		if len(b.Send) != 1 || b.Send[0].ID != other {
			f.Errorf("sent is %v, want only the one whose verdict is still Send", b.Send)
		}
		is(f, "the reason", f.state(changed, end.State).Reason, end.Reason)
		f.state(other, followup.Sending)
		_, due := find(f.take(24*time.Hour), followup.TaskIntent, string(changed))
		is(f, "due again", due, end.Action == followup.Wait)
		if _, _, err := f.Links.Link(f.ctx, hash); err == nil {
			f.Errorf("the link in a text that is not sent opens")
		}
	}
}

func decisionsReturn(f *storing) {
	sent, unsure := f.planned("sent", 1), f.unknown("unsure", 2)
	ends := map[followup.IntentID]followup.Action{
		f.planned("suppressed", 3): followup.Suppress,
		f.planned("expired", 4):    followup.Expire,
		f.planned("dead", 5):       followup.DeadLetter,
		f.planned("changed", 6):    followup.Suppress, // in the second decision
	}
	ids := append(slices.Collect(maps.Keys(ends)), sent, unsure)
	f.take(time.Hour)
	b := f.begins(time.Hour, func(in followup.DecisionInput) followup.IntentDecision {
		switch {
		case in.State == followup.Sending && in.ID == sent:
			return followup.IntentDecision{Action: followup.Send}
		case in.ID == unsure:
			return followup.IntentDecision{Action: followup.Reconcile, ListedByNow: true}
		case in.State == followup.Planned && (in.ID == sent || in.Phone == phone(6)):
			d := send(in)
			d.Message = followup.Message{Intent: in.ID, To: in.Phone, Body: "text"}
			return d
		}
		return followup.IntentDecision{Action: ends[in.ID], Reason: followup.NoConsent}
	}, ids...)
	if len(b.Send) != 1 || b.Send[0].ID != sent || b.Send[0].Decision.Message.Body != "text" {
		f.Errorf("Send is %v, want the intent with the message of its first decision", b.Send)
	}
	if len(b.Reconcile) != 1 || b.Reconcile[0].ID != unsure || !b.Reconcile[0].Decision.ListedByNow {
		f.Errorf("Reconcile is %v, want the intent of unknown outcome with ListedByNow", b.Reconcile)
	}
	for _, e := range b.Ended {
		if ends[e.ID] != e.Decision.Action || e.Decision.Reason != followup.NoConsent {
			f.Errorf("Ended has %s with the action %d", e.ID, e.Decision.Action)
		}
	}
	is(f, "the number of Ended", len(b.Ended), len(ends))
}

func lockedUntil(f *storing) {
	before := time.Now()
	b := f.begin(time.Hour, send, f.planned("a", 1))
	defer b.Release()
	if after := b.LockedUntil.Sub(before); after < keptFor || after > 5*time.Second {
		f.Errorf("contacts are let go %v after BeginSending was called", after)
	}
}

func oneSendsEach(f *storing) {
	for n := range 1 + f.Rounds/20 {
		var all []followup.IntentID
		for k := range 6 {
			all = append(all, f.planned(fmt.Sprint(n, " ", k), n*6+k))
		}
		var mu sync.Mutex
		sent := map[followup.IntentID]int{}
		errs := suite.Race(8, func(i int) error {
			mine := slices.Concat(all[i%6:], all[:i%6])
			b, err := f.Store.BeginSending(f.ctx, f.org, mine, time.Hour, send)
			if err != nil {
				return err
			}
			defer b.Release()
			mu.Lock()
			defer mu.Unlock()
			for _, s := range b.Send {
				sent[s.ID]++
			}
			return nil
		})
		for _, err := range errs {
			f.must("one of many Begins at once", err)
		}
		f.begins(time.Hour, func(c followup.DecisionInput) followup.IntentDecision { // what was left as locked
			sent[c.ID]++
			return followup.IntentDecision{Action: followup.Suppress}
		}, all...)
		for _, id := range all {
			if sent[id] != 1 {
				f.Fatalf("an intent that 8 workers began at once was sent %d times", sent[id])
			}
		}
	}
}

// seesItsNeighbour limits a contact to one message, as a policy would.
func seesItsNeighbour(f *storing) {
	first, second := f.planned("a", 1), f.planned("b", 1)
	b := f.begins(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		if len(c.Recent) > 0 {
			return followup.IntentDecision{Action: followup.Suppress, Reason: followup.TooMany}
		}
		return send(c)
	}, first, second)
	is(f, "how many of two are sent where one may be", len(b.Send), 1)
}

func showsOnlyOpen(f *storing) {
	open, ended := f.planned("open", 1), f.accepted(f.planned("ended", 2)).ID
	var shown []followup.IntentID
	f.begins(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		shown = append(shown, c.ID)
		return followup.IntentDecision{Action: followup.Suppress}
	}, open, ended, open, followup.NewIntentID(f.org, "nobody's"))
	if !slices.Equal(shown, []followup.IntentID{open}) {
		f.Errorf("%d intents are shown, want the open one, once", len(shown))
	}
	b := f.begins(time.Hour, send)
	is(f, "the batch of no intents", len(b.Send)+len(b.Reconcile), 0)
}

var candidateChecks = []check[*storing]{
	{"DecisionInput is an intent to decide about, with the data of its contact at that moment", candidateIs},
	{"Booked reports that an appointment was made, confirmed or moved in the call that the intent follows, or by its contact on any channel since that call began", candidateBooked},
	{"HeldUntil is when the contact's hold on a time ends; zero: no hold", heldUntil},
	{"AppointmentStatus and AppointmentStart are the current ones of the intent's appointment", candidateAppointment},
	{"Consent is the last that the contact gave for this kind of message; zero if there is none, or if an opt-out came after it", candidateConsent},
	{"Unusable is why the number cannot be texted", candidateUnusable},
	{"Recent is when messages of the kinds Information and Offer were sent to the contact, latest first, without this one", candidateRecent},
}

func candidateIs(f *storing) {
	id := f.planned("a", 1)
	c := f.candidate(id)
	if c.ID != id || c.Phone != phone(1) || c.State != followup.Planned || c.Booked || !c.HeldUntil.IsZero() || c.AppointmentStatus != "" ||
		c.OptedOut || c.Consent != (followup.Consent{}) || c.Unusable != "" || len(c.Recent) > 0 {
		f.Errorf("of a contact of whom nothing is known: %+v", struct{ followup.DecisionInput }{c})
	}
	if now := f.now(); c.Now.IsZero() || c.Now.After(now) || c.Now.Before(c.Planned) {
		f.Errorf("Now is %v, planned was at %v, and it is %v", c.Now, c.Planned, now)
	}
}

func candidateBooked(f *storing) {
	f.booked("earlier", 1, "another call", 0)
	held := f.booked("held", 2, "another call", 24*time.Hour)
	f.tick()
	began := f.now()
	f.tick()
	f.booked("meanwhile", 4, "", 0)
	f.tick()
	var plans []followup.Plan
	for n := range 7 {
		p := f.planFor(fmt.Sprint(n), n)
		if n < 5 {
			p.Call = fmt.Sprint("call ", n)
			f.record(followup.CallUpdate{Call: p.Call, Signal: followup.Ended, Phone: p.Phone, Began: began, RecheckAfter: time.Hour})
		}
		plans = append(plans, p)
	}
	f.booked("before it was planned", 5, "", 0)
	f.tick()
	f.plans(followup.Task{}, plans...)
	booked := func(n int, what string, want bool) {
		f.Helper()
		is(f, what, f.candidate(plans[n].ID).Booked, want)
	}
	booked(0, "booked where nothing was", false)
	booked(1, "booked by an appointment made before the call", false)
	booked(2, "booked by a hold", false)
	booked(4, "booked by an appointment made after the call began and before that was told", true)
	booked(5, "booked, of an intent that follows no call, before it was planned", false)
	f.tick()
	f.booked("new", 0, "", 0)
	booked(0, "booked on another channel", true)
	f.must("Move", f.shift("earlier", 1))
	booked(1, "booked by a move", true)
	f.must("Confirm", f.confirm(held))
	booked(2, "booked by a confirmation", true)
	f.booked("for a friend", 9, "call 3", 0)
	booked(3, "booked in the call for somebody else", true)
	f.booked("after it was planned", 6, "", 0)
	booked(6, "booked, of an intent that follows no call, since it was planned", true)
}

func heldUntil(f *storing) {
	id := f.planned("a", 1)
	while := f.while()
	short := f.booked("short", 1, "", 4*while)
	long := f.booked("long", 1, "", 24*time.Hour)
	f.booked("another's", 2, "", 48*time.Hour)
	f.booked("not held", 1, "", 0)
	expires := func(n int) time.Time {
		f.Helper()
		c := f.candidate(id)
		return c.HeldUntil
	}
	until := expires(1)
	if d := until.Sub(f.now()); d < 20*time.Hour || d > 24*time.Hour {
		f.Errorf("held until %v from now, want the end of the longer hold", d)
	}
	f.must("Cancel", f.cancel(long))
	if f.Advance != nil && expires(1).IsZero() {
		f.Errorf("not held, and there is a hold yet: %s", short)
	}
	f.pass(4 * while)
	is(f, "held when the hold has lapsed", expires(1).IsZero(), true)
}

func candidateAppointment(f *storing) {
	a := f.booked("a", 1, "", 0)
	p := f.planFor("p", 1)
	p.Kind, p.Appointment, p.Start = followup.Reminder, string(a), appointmentStart
	f.plans(followup.Task{}, p)
	expect := func(status string, start time.Time) {
		f.Helper()
		c := f.candidate(p.ID)
		is(f, "AppointmentStatus", c.AppointmentStatus, status)
		f.at("AppointmentStart", c.AppointmentStart, start)
		f.at("Start, as it was planned", c.Start, appointmentStart)
	}
	expect("booked", appointmentStart)
	f.must("Move", f.shift("a", 1))
	expect("booked", appointmentStart.AddDate(0, 0, 1))
	f.must("Cancel", f.cancel(a))
	expect("cancelled", appointmentStart.AddDate(0, 0, 1))
}

func candidateConsent(f *storing) {
	id := f.planned("a", 1)
	offer := f.planFor("b", 1)
	offer.Kind = followup.Offer
	f.plans(followup.Task{}, offer)
	consent := func(what string, id followup.IntentID, want string) {
		f.Helper()
		is(f, "the call of the consent "+what, f.candidate(id).Consent.Call, want)
	}
	give := func(purpose followup.Kind, call string, n int) time.Time {
		f.Helper()
		f.tick()
		at := f.now()
		f.consent(followup.Consent{Phone: phone(n), Purpose: purpose, Wording: "v2", Call: call, At: at})
		f.tick()
		return at
	}
	give(followup.Information, "first", 1)
	at := give(followup.Information, "second", 1)
	give(followup.Offer, "offer", 1)
	give(followup.Information, "another's", 2)
	consent("for documents", id, "second")
	consent("for offers", offer.ID, "offer")
	c := f.candidate(id).Consent
	if c.Phone != phone(1) || c.Purpose != followup.Information || c.Wording != "v2" {
		f.Errorf("the consent is %+v", struct{ followup.Consent }{c})
	}
	f.at("when it was given", c.At, at)
	f.optOut(followup.OptOut{Phone: phone(1), Source: "call", Call: "third"})
	is(f, "opted out", f.candidate(id).OptedOut, true)
	consent("after an opt-out", id, "")
	f.optOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m1", Again: true})
	is(f, "opted out after an end of it", f.candidate(id).OptedOut, false)
	consent("from before an opt-out that was lifted", id, "")
	consent("for offers from before it", offer.ID, "")
	give(followup.Information, "fourth", 1)
	consent("after it", id, "fourth")
}

func candidateUnusable(f *storing) {
	first := f.planned("a", 1)
	f.finish(followup.Result{Intent: first, Attempt: f.sends(first).Attempt, State: followup.Rejected, Reason: followup.Landline, Unusable: followup.Landline})
	is(f, "unusable, by a result", f.candidate(f.planned("b", 1)).Unusable, followup.Landline)
	second := f.accepted(f.planned("c", 2))
	f.status(followup.StatusUpdate{Intent: second.ID, Provider: second.Provider, State: followup.Undelivered, Unusable: followup.UnusableNumber})
	is(f, "unusable, by the carrier's word", f.candidate(f.planned("d", 2)).Unusable, followup.UnusableNumber)
	is(f, "unusable, of another contact", f.candidate(f.planned("e", 3)).Unusable, followup.Reason(""))
}

func candidateRecent(f *storing) {
	sent := func(key string, kind followup.Kind, n int) followup.Intent {
		f.Helper()
		f.tick()
		p := f.planFor(key, n)
		p.Kind = kind
		f.plans(followup.Task{}, p)
		return f.sends(p.ID)
	}
	finish := func(i followup.Intent, s followup.State) {
		f.Helper()
		f.finish(followup.Result{Intent: i.ID, Attempt: i.Attempt, State: s, After: time.Hour})
	}
	accepted, unknown := sent("accepted", followup.Information, 1), sent("unknown", followup.Offer, 1)
	sending := sent("sending", followup.Information, 1)
	finish(accepted, followup.Accepted)
	finish(unknown, followup.Unknown)
	finish(sent("rejected", followup.Information, 1), followup.Rejected)
	finish(sent("again", followup.Information, 1), followup.Planned)
	finish(sent("reminder", followup.Reminder, 1), followup.Accepted)
	finish(sent("another's", followup.Information, 2), followup.Accepted)
	f.planned("not tried", 1)
	recent := f.candidate(f.planned("this", 1)).Recent
	want := []time.Time{sending.Tried, unknown.Tried, accepted.Tried}
	if !slices.EqualFunc(recent, want, time.Time.Equal) {
		f.Errorf("recent is %v, want %v", recent, want)
	}
	if recent := f.candidate(unknown.ID).Recent; len(recent) != 2 {
		f.Errorf("recent of one that was sent itself is %v, want the two others", recent)
	}
	if f.Advance != nil {
		f.pass(30*24*time.Hour + time.Hour)
		if recent := f.candidate(f.planned("much later", 1)).Recent; len(recent) > 0 {
			f.Errorf("recent is %v, thirty days later", recent)
		}
	}
}
