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

var beginSendingChecks = []check[*storeFixture]{
	{"Send makes an intent Sending, leases it for the time of lease and counts the attempt", sendMakesSending},

	{"Wait leaves the intent unchanged and schedules it at the decision's At", waitLeaves},

	{"Suppress, Expire and DeadLetter end it", decisionsEnd},
	{"Reconcile counts a reconciliation and leases the intent for the time of lease", reconcileCounts},
	{"a Sending intent with an expired lease becomes Unknown first; BeginSending skips an intent with a valid lease", leaseExpires},
	{"BeginSending skips an intent of a locked contact, and schedules it again soon", lockedIsSkipped},
	{"BeginSending calls decide a second time about intents to be sent, which are now Sending", decidesTwice},
	{"a second decision other than Send replaces the first", secondDecisionReplaces},
	{"Batch returns each intent with its first decision, in Ended the intents that a decision suppressed, expired or gave up", decisionsReturn},

	{"LockedUntil is when the store releases the contacts of Send by itself", lockedUntil},

	{"of many workers that begin the same intents at once, one sends each", oneWorkerSends},
	{"of two intents of one contact, the decision about the second sees the first in Recent", recentHasTheFirst},
	{"BeginSending skips unknown and ended intents, and decides once about an id that is given twice", skipsUnknownAndEnded},
}

func sendMakesSending(f *storeFixture) {
	interval := f.interval()
	id := f.planIntent("a", 1)
	f.dequeueAll(time.Hour)
	b := f.beginAndRelease(interval, send, id)
	i := f.expectState(id, followup.Sending)
	if len(b.Send) != 1 || len(b.Reconcile) != 0 || b.Send[0].ID != id || b.Send[0].State != followup.Sending || b.Send[0].Attempt != 1 {
		f.Fatalf("BeginSending returned %+v, want one intent to send, Sending, with its first attempt", b)
	}
	equal(f, "the attempts", i.Attempt, 1)
	equal(f, "the digest", i.Digest, textDigest)
	equal(f, "the digest in the batch", b.Send[0].Digest, textDigest)
	f.equalTime("Tried", i.Tried, b.Send[0].Tried)
	if now := f.now(); i.Tried.IsZero() || i.Tried.After(now) || i.Tried.Before(i.Planned) {
		f.Errorf("Tried is %v, want a time between Planned %v and now %v", i.Tried, i.Planned, now)
	}
	f.expectDueAfter(interval, followup.TaskIntent, string(id)) // in case the worker is dead
	f.beginAndRelease(time.Hour, always(followup.IntentDecision{Action: followup.Wait, At: f.now().Add(time.Hour)}), id)
	f.recordResults(followup.Result{Intent: id, Attempt: 1, State: followup.Planned})
	equal(f, "the attempts of an intent that is sent again", f.sendIntent(id).Attempt, 2)
}

func waitLeaves(f *storeFixture) {
	interval := f.interval()
	id := f.planIntent("a", 1)
	before := f.intent(id)
	f.dequeueAll(time.Hour)
	b := f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(interval), Reason: followup.QuietHours}
	}, id)
	equal(f, "the intents in the batch", len(b.Send)+len(b.Reconcile), 0)
	i := f.expectState(id, followup.Planned)
	equal(f, "the reason of an intent that waits", i.Reason, followup.QuietHours)
	equal(f, "the attempts", i.Attempt, 0)
	f.equalTime("Due", i.Due, before.Due)
	f.equalTime("Deadline", i.Deadline, before.Deadline)
	f.expectDueAfter(interval, followup.TaskIntent, string(id))
}

func decisionsEnd(f *storeFixture) {
	for _, end := range []struct {
		followup.Action
		followup.State
		followup.Reason
	}{
		{followup.Suppress, followup.Suppressed, followup.NoConsent},
		{followup.Expire, followup.Expired, followup.PastDeadline},
		{followup.DeadLetter, followup.Dead, followup.OutOfTries},
	} {
		id := f.planIntent(string(end.State), 1)
		b := f.beginAndRelease(f.interval(), always(followup.IntentDecision{Action: end.Action, Reason: end.Reason}), id)
		equal(f, "the intents in the batch", len(b.Send)+len(b.Reconcile), 0)
		equal(f, "the reason", f.expectState(id, end.State).Reason, end.Reason)
		f.elapse(f.interval())
		f.expectNotDue(followup.TaskIntent, string(id))
	}
}

// unknownIntent plans and sends an intent, and records the outcome Unknown.
func (f *storeFixture) unknownIntent(key string, n int) followup.IntentID {
	f.Helper()
	id := f.planIntent(key, n)
	f.recordResults(followup.Result{Intent: id, Attempt: f.sendIntent(id).Attempt, State: followup.Unknown})
	f.expectState(id, followup.Unknown)
	return id
}

func reconcileCounts(f *storeFixture) {
	interval := f.interval()
	id := f.unknownIntent("a", 1)
	f.dequeueAll(time.Hour)
	b := f.beginAndRelease(interval, always(followup.IntentDecision{Action: followup.Reconcile, Reason: followup.Unresolved}), id)
	if len(b.Reconcile) != 1 || len(b.Send) != 0 || b.Reconcile[0].Reconciliations != 1 || b.Reconcile[0].State != followup.Unknown || b.Reconcile[0].Digest != textDigest {
		f.Fatalf("BeginSending returned %+v, want one intent to reconcile, Unknown, with its first reconciliation", b)
	}
	i := f.expectState(id, followup.Unknown)
	equal(f, "the reconciliations", i.Reconciliations, 1)
	equal(f, "the attempts", i.Attempt, 1)
	if f.Advance != nil { // by the real clock the lease may have expired
		f.beginAndRelease(time.Hour, func(followup.DecisionInput) followup.IntentDecision {
			f.Errorf("decide was called about an intent that is being reconciled")
			return followup.IntentDecision{}
		}, id)
	}
	f.expectDueAfter(interval, followup.TaskIntent, string(id))
	f.beginAndRelease(interval, always(followup.IntentDecision{Action: followup.Reconcile}), id)
	equal(f, "the reconciliations", f.intent(id).Reconciliations, 2)
	f.recordResults(followup.Result{Intent: id, Attempt: 1, State: followup.Planned})
	equal(f, "the reconciliations of the next attempt", f.sendIntent(id).Reconciliations, 0)
}

func leaseExpires(f *storeFixture) {
	interval := f.interval()
	lost, kept := f.planIntent("lost", 1), f.planIntent("kept", 2)
	f.beginAndRelease(interval, send, lost)
	f.beginAndRelease(time.Hour, send, kept)
	f.elapse(interval)
	f.dequeueAll(time.Hour)
	var shown []followup.DecisionInput
	f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		shown = append(shown, c)
		return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(time.Hour)}
	}, lost, kept)
	if len(shown) != 1 || shown[0].ID != lost || shown[0].State != followup.Unknown {
		f.Fatalf("decide was called about %v, want the intent with the expired lease alone, as Unknown", shown)
	}
	f.expectState(lost, followup.Unknown)
	f.expectState(kept, followup.Sending)
	equal(f, "the attempts", f.intent(lost).Attempt, 1)
}

func lockedIsSkipped(f *storeFixture) {
	first, second := f.planIntent("a", 1), f.planIntent("b", 1)
	f.dequeueAll(24 * time.Hour)
	b := f.begin(time.Hour, send, first)
	start := time.Now()
	shown := 0
	f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		shown++
		return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(24 * time.Hour)}
	}, second)
	kept := time.Since(start) < minLockTime
	b.Release()
	if !kept {
		return // too slow: the store may have released the contact by itself
	}
	equal(f, "calls of decide about an intent of a locked contact", shown, 0)
	f.elapse(f.interval())
	for n := 0; ; n++ {
		if _, ok := find(f.dequeueAll(24*time.Hour), followup.TaskIntent, string(second)); ok {
			break
		}
		if n == 20 {
			f.Fatalf("an intent of a contact that was locked is not due again")
		}
		f.elapse(f.interval())
	}
	f.decisionInput(second)
}

func decidesTwice(f *storeFixture) {
	sent, left := f.planIntent("sent", 1), f.planIntent("left", 2)
	decided := map[followup.IntentID]int{}
	f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		decided[c.ID]++
		if c.ID == left {
			return followup.IntentDecision{Action: followup.Wait, At: c.Now.Add(time.Hour)}
		}
		return send(c)
	}, sent, left)
	equal(f, "calls of decide about an intent to be sent", decided[sent], 2)
	equal(f, "calls of decide about an intent that waits", decided[left], 1)
}

func secondDecisionReplaces(f *storeFixture) {
	for i, end := range []struct {
		followup.IntentDecision
		followup.State
	}{
		{followup.IntentDecision{Action: followup.Suppress, Reason: followup.Booked}, followup.Suppressed},
		{followup.IntentDecision{Action: followup.Expire, Reason: followup.PastDeadline}, followup.Expired},
		{followup.IntentDecision{Action: followup.Wait, At: f.now(), Reason: followup.Held}, followup.Planned},
	} {
		changed, other := f.planIntent(fmt.Sprint("changed", i), 2*i), f.planIntent(fmt.Sprint("other", i), 2*i+1)
		f.dequeueAll(24 * time.Hour)
		hash := [32]byte{byte(i), 77}
		copy(hash[2:], f.org.String())
		decided := 0
		b := f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
			if c.ID == other {
				return send(c)
			}
			if decided++; decided > 1 {
				return end.IntentDecision
			}
			v := send(c)
			v.Link = &followup.Link{Hash: hash, Intent: c.ID, Document: "a.pdf", Expires: c.Now.Add(time.Hour), MaxViews: 1}
			return v
		}, changed, other)
		if len(b.Send) != 1 || b.Send[0].ID != other {
			f.Errorf("BeginSending returned %v to send, want the intent with a second decision Send alone", b.Send)
		}
		equal(f, "the reason", f.expectState(changed, end.State).Reason, end.Reason)
		f.expectState(other, followup.Sending)
		_, due := find(f.dequeueAll(24*time.Hour), followup.TaskIntent, string(changed))
		equal(f, "due again", due, end.Action == followup.Wait)
		if _, _, err := f.Links.Link(f.ctx, hash); err == nil {
			f.Errorf("the link in a text that is not sent was found")
		}
	}
}

func decisionsReturn(f *storeFixture) {
	sent, unsure := f.planIntent("sent", 1), f.unknownIntent("unsure", 2)
	ends := map[followup.IntentID]followup.Action{
		f.planIntent("suppressed", 3): followup.Suppress,
		f.planIntent("expired", 4):    followup.Expire,
		f.planIntent("dead", 5):       followup.DeadLetter,
		f.planIntent("changed", 6):    followup.Suppress, // in the second decision
	}
	ids := append(slices.Collect(maps.Keys(ends)), sent, unsure)
	f.dequeueAll(time.Hour)
	b := f.beginAndRelease(time.Hour, func(in followup.DecisionInput) followup.IntentDecision {
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
			f.Errorf("Ended has %s with the action %d and the reason %q, want %d and %q", e.ID, e.Decision.Action, e.Decision.Reason, ends[e.ID], followup.NoConsent)
		}
	}
	equal(f, "the number of Ended", len(b.Ended), len(ends))
}

func lockedUntil(f *storeFixture) {
	before := time.Now()
	b := f.begin(time.Hour, send, f.planIntent("a", 1))
	defer b.Release()
	if after := b.LockedUntil.Sub(before); after < minLockTime || after > 5*time.Second {
		f.Errorf("LockedUntil is %v after the call of BeginSending, want %v to 5s", after, minLockTime)
	}
}

func oneWorkerSends(f *storeFixture) {
	for n := range 1 + f.Rounds/20 {
		var all []followup.IntentID
		for k := range 6 {
			all = append(all, f.planIntent(fmt.Sprint(n, " ", k), n*6+k))
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
			f.noError("a concurrent BeginSending", err)
		}
		f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision { // intents that were skipped as locked
			sent[c.ID]++
			return followup.IntentDecision{Action: followup.Suppress}
		}, all...)
		for _, id := range all {
			if sent[id] != 1 {
				f.Fatalf("an intent that 8 workers began at once was sent %d times, want once", sent[id])
			}
		}
	}
}

// recentHasTheFirst decides by a limit of one message for each contact, as a policy
// does.
func recentHasTheFirst(f *storeFixture) {
	first, second := f.planIntent("a", 1), f.planIntent("b", 1)
	b := f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		if len(c.Recent) > 0 {
			return followup.IntentDecision{Action: followup.Suppress, Reason: followup.TooMany}
		}
		return send(c)
	}, first, second)
	equal(f, "intents to send of two, with a limit of one", len(b.Send), 1)
}

func skipsUnknownAndEnded(f *storeFixture) {
	open, ended := f.planIntent("open", 1), f.acceptIntent(f.planIntent("ended", 2)).ID
	var shown []followup.IntentID
	f.beginAndRelease(time.Hour, func(c followup.DecisionInput) followup.IntentDecision {
		shown = append(shown, c.ID)
		return followup.IntentDecision{Action: followup.Suppress}
	}, open, ended, open, followup.NewIntentID(f.org, "unknown"))
	if !slices.Equal(shown, []followup.IntentID{open}) {
		f.Errorf("decide was called %d times, want once, about the open intent", len(shown))
	}
	b := f.beginAndRelease(time.Hour, send)
	equal(f, "the batch of no intents", len(b.Send)+len(b.Reconcile), 0)
}

var decisionInputChecks = []check[*storeFixture]{
	{"DecisionInput is an intent to decide about, with the data of its contact at that moment", inputIsCurrent},
	{"Booked reports that an appointment was made, confirmed or moved in the call that the intent follows, or by its contact on any channel since that call began", inputBooked},
	{"HeldUntil is when the contact's hold on a time ends; zero: no hold", inputHeldUntil},
	{"AppointmentStatus and AppointmentStart are the current ones of the intent's appointment", inputAppointment},
	{"Consent is the last that the contact gave for this kind of message; zero if there is none, or if an opt-out came after it", inputConsent},
	{"Unusable is why the number cannot be texted", inputUnusable},
	{"Recent has the times of the messages of the kinds Information and Offer to the contact in the last thirty days, latest first, without this one", inputRecent},
}

func inputIsCurrent(f *storeFixture) {
	id := f.planIntent("a", 1)
	c := f.decisionInput(id)
	if c.ID != id || c.Phone != phone(1) || c.State != followup.Planned || c.Booked || !c.HeldUntil.IsZero() || c.AppointmentStatus != "" ||
		c.OptedOut || c.Consent != (followup.Consent{}) || c.Unusable != "" || len(c.Recent) > 0 {
		f.Errorf("the input about a new contact is %+v, want the zero values", struct{ followup.DecisionInput }{c})
	}
	if now := f.now(); c.Now.IsZero() || c.Now.After(now) || c.Now.Before(c.Planned) {
		f.Errorf("Now is %v, want a time between Planned %v and now %v", c.Now, c.Planned, now)
	}
}

func inputBooked(f *storeFixture) {
	f.book("earlier", 1, "another call", 0)
	held := f.book("held", 2, "another call", 24*time.Hour)
	f.tick()
	began := f.now()
	f.tick()
	f.book("meanwhile", 4, "", 0)
	f.tick()
	var plans []followup.Plan
	for n := range 7 {
		p := f.planFor(fmt.Sprint(n), n)
		if n < 5 {
			p.Call = fmt.Sprint("call ", n)
			f.updateCall(followup.CallUpdate{Call: p.Call, Signal: followup.Ended, Phone: p.Phone, Began: began, RecheckAfter: time.Hour})
		}
		plans = append(plans, p)
	}
	f.book("before it was planned", 5, "", 0)
	f.tick()
	f.planIntents(followup.Task{}, plans...)
	booked := func(n int, name string, want bool) {
		f.Helper()
		equal(f, name, f.decisionInput(plans[n].ID).Booked, want)
	}
	booked(0, "Booked without an appointment", false)
	booked(1, "Booked after an appointment made before the call", false)
	booked(2, "Booked with a hold", false)
	booked(4, "Booked after an appointment made between the start of the call and the first update", true)
	booked(5, "Booked of an intent without a call, after an appointment made before it was planned", false)
	f.tick()
	f.book("new", 0, "", 0)
	booked(0, "Booked after an appointment on another channel", true)
	f.noError("Move", f.moveAppointment("earlier", 1))
	booked(1, "Booked after a move", true)
	f.noError("Confirm", f.confirm(held))
	booked(2, "Booked after a confirmation", true)
	f.book("for a friend", 9, "call 3", 0)
	booked(3, "Booked after an appointment made in the call for another contact", true)
	f.book("after it was planned", 6, "", 0)
	booked(6, "Booked of an intent without a call, after an appointment made after it was planned", true)
}

func inputHeldUntil(f *storeFixture) {
	id := f.planIntent("a", 1)
	interval := f.interval()
	short := f.book("short", 1, "", 4*interval)
	long := f.book("long", 1, "", 24*time.Hour)
	f.book("another's", 2, "", 48*time.Hour)
	f.book("not held", 1, "", 0)
	expires := func(n int) time.Time {
		f.Helper()
		c := f.decisionInput(id)
		return c.HeldUntil
	}
	until := expires(1)
	if d := until.Sub(f.now()); d < 20*time.Hour || d > 24*time.Hour {
		f.Errorf("HeldUntil is %v from now, want the end of the longer hold, 20h to 24h", d)
	}
	f.noError("Cancel", f.cancel(long))
	if f.Advance != nil && expires(1).IsZero() {
		f.Errorf("HeldUntil is zero, want the end of the hold %s", short)
	}
	f.elapse(4 * interval)
	equal(f, "HeldUntil is zero after the hold has expired", expires(1).IsZero(), true)
}

func inputAppointment(f *storeFixture) {
	a := f.book("a", 1, "", 0)
	p := f.planFor("p", 1)
	p.Kind, p.Appointment, p.Start = followup.Reminder, string(a), appointmentStart
	f.planIntents(followup.Task{}, p)
	expect := func(status string, start time.Time) {
		f.Helper()
		c := f.decisionInput(p.ID)
		equal(f, "AppointmentStatus", c.AppointmentStatus, status)
		f.equalTime("AppointmentStart", c.AppointmentStart, start)
		f.equalTime("Start, as planned", c.Start, appointmentStart)
	}
	expect("booked", appointmentStart)
	f.noError("Move", f.moveAppointment("a", 1))
	expect("booked", appointmentStart.AddDate(0, 0, 1))
	f.noError("Cancel", f.cancel(a))
	expect("cancelled", appointmentStart.AddDate(0, 0, 1))
}

func inputConsent(f *storeFixture) {
	id := f.planIntent("a", 1)
	offer := f.planFor("b", 1)
	offer.Kind = followup.Offer
	f.planIntents(followup.Task{}, offer)
	consent := func(when string, id followup.IntentID, want string) {
		f.Helper()
		equal(f, "Consent.Call "+when, f.decisionInput(id).Consent.Call, want)
	}
	give := func(purpose followup.Kind, call string, n int) time.Time {
		f.Helper()
		f.tick()
		at := f.now()
		f.recordConsent(followup.Consent{Phone: phone(n), Purpose: purpose, Wording: "v2", Call: call, At: at})
		f.tick()
		return at
	}
	give(followup.Information, "first", 1)
	at := give(followup.Information, "second", 1)
	give(followup.Offer, "offer", 1)
	give(followup.Information, "another's", 2)
	consent("of a document", id, "second")
	consent("of an offer", offer.ID, "offer")
	c := f.decisionInput(id).Consent
	if c.Phone != phone(1) || c.Purpose != followup.Information || c.Wording != "v2" {
		f.Errorf("Consent is %+v, want contact 1, Information and v2", struct{ followup.Consent }{c})
	}
	f.equalTime("Consent.At", c.At, at)
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "call", Call: "third"})
	equal(f, "OptedOut after an opt-out", f.decisionInput(id).OptedOut, true)
	consent("after an opt-out", id, "")
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m1", Again: true})
	equal(f, "OptedOut after the end of an opt-out", f.decisionInput(id).OptedOut, false)
	consent("after the end of an opt-out", id, "")
	consent("of an offer after the end of an opt-out", offer.ID, "")
	give(followup.Information, "fourth", 1)
	consent("after a new consent", id, "fourth")
}

func inputUnusable(f *storeFixture) {
	first := f.planIntent("a", 1)
	f.recordResults(followup.Result{Intent: first, Attempt: f.sendIntent(first).Attempt, State: followup.Rejected, Reason: followup.Landline, Unusable: followup.Landline})
	equal(f, "Unusable after a result", f.decisionInput(f.planIntent("b", 1)).Unusable, followup.Landline)
	second := f.acceptIntent(f.planIntent("c", 2))
	f.recordStatus(followup.StatusUpdate{Intent: second.ID, Provider: second.Provider, State: followup.Undelivered, Unusable: followup.UnusableNumber})
	equal(f, "Unusable after a status", f.decisionInput(f.planIntent("d", 2)).Unusable, followup.UnusableNumber)
	equal(f, "Unusable of another contact", f.decisionInput(f.planIntent("e", 3)).Unusable, followup.Reason(""))
}

func inputRecent(f *storeFixture) {
	sent := func(key string, kind followup.Kind, n int) followup.Intent {
		f.Helper()
		f.tick()
		p := f.planFor(key, n)
		p.Kind = kind
		f.planIntents(followup.Task{}, p)
		return f.sendIntent(p.ID)
	}
	finish := func(i followup.Intent, s followup.State) {
		f.Helper()
		f.recordResults(followup.Result{Intent: i.ID, Attempt: i.Attempt, State: s, After: time.Hour})
	}
	accepted, unknown := sent("accepted", followup.Information, 1), sent("unknown", followup.Offer, 1)
	sending := sent("sending", followup.Information, 1)
	finish(accepted, followup.Accepted)
	finish(unknown, followup.Unknown)
	finish(sent("rejected", followup.Information, 1), followup.Rejected)
	finish(sent("again", followup.Information, 1), followup.Planned)
	finish(sent("reminder", followup.Reminder, 1), followup.Accepted)
	finish(sent("another's", followup.Information, 2), followup.Accepted)
	f.planIntent("not tried", 1)
	recent := f.decisionInput(f.planIntent("this", 1)).Recent
	want := []time.Time{sending.Tried, unknown.Tried, accepted.Tried}
	if !slices.EqualFunc(recent, want, time.Time.Equal) {
		f.Errorf("Recent is %v, want %v", recent, want)
	}
	if recent := f.decisionInput(unknown.ID).Recent; len(recent) != 2 {
		f.Errorf("Recent of an intent that was sent has %d times, want those of the two others", len(recent))
	}
	if f.Advance != nil {
		f.elapse(30*24*time.Hour + time.Hour)
		if recent := f.decisionInput(f.planIntent("much later", 1)).Recent; len(recent) > 0 {
			f.Errorf("Recent is %v thirty days later, want none", recent)
		}
	}
}
