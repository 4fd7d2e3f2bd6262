package followuptest

import (
	"fmt"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var consentChecks = []check[*storing]{
	{"RecordConsent appends to the ledger that a contact agreed to be texted", addsConsent},
}

func addsConsent(f *storing) {
	f.consent(followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "c", At: f.now()})
	is(f, "the call of the consent of a contact who was new", f.candidate(f.planned("a", 1)).Consent.Call, "c")
	is(f, "known", f.lookup(1).Known, true)
}

var optOutChecks = []check[*storing]{
	{"RecordOptOut appends to the ledger that a contact wants no texts, or wants them again", addsOptOut},
	{"when RecordOptOut returns, every message that is sent later was released by BeginSending before", optOutsAreSeen},
	{"an entry whose Message is in the ledger changes nothing", knownMessage},
}

func addsOptOut(f *storing) {
	for i, again := range []bool{false, false, true, false, true} {
		f.optOut(followup.OptOut{Phone: phone(1), Again: again, Source: "text", Message: fmt.Sprint("m", i)})
		is(f, fmt.Sprint("opted out, after entry ", i), f.lookup(1).OptedOut, !again)
		is(f, fmt.Sprint("opted out, as Begin shows it after entry ", i), f.candidate(f.planned("a", 1)).OptedOut, !again)
	}
	f.optOut(followup.OptOut{Phone: phone(1), Source: "call", Call: "c"})
	f.optOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m9", Again: true})
	f.optOut(followup.OptOut{Phone: phone(1), Source: "call", Call: "d"})
	is(f, "opted out, in calls", f.lookup(1).OptedOut, true)
	is(f, "opted out, another contact", f.lookup(2).OptedOut, false)
}

func knownMessage(f *storing) {
	stop := followup.OptOut{Phone: phone(1), Source: "text", Message: "m1"}
	f.optOut(stop)
	f.optOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m2", Again: true})
	f.consent(followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "c", At: f.now().Add(time.Second)})
	f.optOut(stop)
	is(f, "opted out by a text that came before", f.lookup(1).OptedOut, false)
	is(f, "the call of the consent", f.candidate(f.planned("a", 1)).Consent.Call, "c")
}

var replyChecks = []check[*storing]{
	{"RecordReply records the kind and the time of a text from a contact", notesReply},
	{"RecordReply reports whether the message was new", firstReply},
}

func notesReply(f *storing) {
	f.reply(1, "m1")
	first := f.lookup(1)
	is(f, "known", first.Known, true)
	f.tick()
	f.reply(1, "m2")
	if last := f.lookup(1); !last.LastContact.After(first.LastContact) {
		f.Errorf("the last contact was at %v, and at %v before they texted again", last.LastContact, first.LastContact)
	}
}

func (f *storing) reply(n int, message string) bool {
	f.Helper()
	first, err := f.Store.RecordReply(f.ctx, f.org, followup.Reply{Phone: phone(n), Message: message, Kind: followup.ReplyBook})
	f.must("Reply", err)
	return first
}

func firstReply(f *storing) {
	for i, want := range []bool{true, false, false} {
		is(f, fmt.Sprint("new, time ", i+1), f.reply(1, "m1"), want)
	}
	is(f, "new, another", f.reply(1, "m2"), true)
	news := suite.Race(8, func(int) bool {
		first, err := f.Store.RecordReply(f.ctx, f.org, followup.Reply{Phone: phone(2), Message: "m3", Kind: followup.ReplyOther})
		return err == nil && first
	})
	n := 0
	for _, first := range news {
		if first {
			n++
		}
	}
	is(f, "how often a message is new that comes 8 times at once", n, 1)
}

var repliesChecks = []check[*storing]{
	{"ListReplies returns the texts from contacts, the latest first, at most limit of them", listsReplies},
}

func listsReplies(f *storing) {
	began := f.now()
	for i := range 4 {
		f.reply(i%2, fmt.Sprint("m", i))
		f.tick()
	}
	f.reply(0, "m0")
	got, err := f.Store.ListReplies(f.ctx, f.org, 3)
	f.must("Replies", err)
	if len(got) != 3 {
		f.Fatalf("of 4 replies, 3 of which are asked for, there are %d", len(got))
	}
	for i, r := range got {
		is(f, "the message", r.Message, fmt.Sprint("m", 3-i))
		is(f, "its kind", r.Kind, followup.ReplyBook)
		is(f, "who it is from", r.Phone, phone((3-i)%2))
		if r.At.Before(began) || i > 0 && !r.At.Before(got[i-1].At) {
			f.Errorf("a reply is of %v", r.At)
		}
	}
}

var quarantineChecks = []check[*storing]{
	{"CountUnmatched counts a message that belongs to no call, by kind", counts},
}

func counts(f *storing) {
	for _, kind := range []string{"hang", "end-of-call-report", "hang"} {
		f.must("Quarantine", f.Store.CountUnmatched(f.ctx, f.org, kind))
	}
	if f.Quarantined == nil {
		return
	}
	n, err := f.Quarantined(f.ctx, f.org)
	f.must("Quarantined", err)
	if n["hang"] != 2 || n["end-of-call-report"] != 1 || len(n) != 2 {
		f.Errorf("the count is %v", n)
	}
}

var lookupChecks = []check[*storing]{
	{"Summary returns the summary of a contact", looksUp},
	{"Summary returns the zero ContactSummary for an unknown contact", looksUpNobody},
}

func looksUp(f *storing) {
	now := f.now()
	f.record(followup.CallUpdate{Call: "c", Signal: followup.Seen, Phone: phone(1), At: now, Procedure: "botox", Evidence: followup.FromTool, Wanted: appointmentStart, RecheckAfter: time.Hour})
	first := f.lookup(1)
	if !first.Known || first.Procedure != "botox" || !first.Wanted.Equal(appointmentStart) || !first.Informed.IsZero() || first.Upcoming || first.OptedOut {
		f.Errorf("it is %+v", struct{ followup.ContactSummary }{first})
	}
	if first.FirstSeen.Before(now) || first.LastContact.Before(first.FirstSeen) {
		f.Errorf("first seen at %v, last at %v, and first called at %v", first.FirstSeen, first.LastContact, now)
	}
	f.tick()
	f.record(followup.CallUpdate{Call: "d", Signal: followup.Ended, Phone: phone(1), At: now.Add(time.Minute), Procedure: "peel", Evidence: followup.FromTranscript, RecheckAfter: time.Hour})
	m := f.lookup(1)
	is(f, "what they last asked about", m.Procedure, "peel")
	f.at("the time they last asked for", m.Wanted, appointmentStart)
	f.at("FirstSeen", m.FirstSeen, first.FirstSeen)
	is(f, "the last contact is later", m.LastContact.After(first.LastContact), true)

	reminder := f.planFor("reminder", 1)
	reminder.Kind = followup.Reminder
	f.plans(followup.Task{}, reminder)
	f.accepted(reminder.ID)
	is(f, "informed by a reminder", f.lookup(1).Informed.IsZero(), true)
	sent := f.accepted(f.planned("a", 1))
	f.at("Informed", f.lookup(1).Informed, sent.Tried)

	f.booked("held", 1, "", time.Hour)
	is(f, "an appointment to come, of a hold", f.lookup(1).Upcoming, false)
	id := f.booked("booked", 1, "", 0)
	is(f, "an appointment to come", f.lookup(1).Upcoming, true)
	f.must("Cancel", f.cancel(id))
	is(f, "an appointment to come, cancelled", f.lookup(1).Upcoming, false)
	f.optOut(followup.OptOut{Phone: phone(1), Source: "call"})
	is(f, "opted out", f.lookup(1).OptedOut, true)
	is(f, "unusable", f.lookup(1).Unusable, followup.Reason(""))
	f.status(followup.StatusUpdate{Intent: sent.ID, Provider: sent.Provider, State: followup.Undelivered, Unusable: followup.Landline})
	is(f, "unusable, by the carrier's word", f.lookup(1).Unusable, followup.Landline)
}

func looksUpNobody(f *storing) {
	f.began("c", 1)
	if m := f.lookup(2); m != (followup.ContactSummary{}) {
		f.Errorf("of somebody unknown: %+v", struct{ followup.ContactSummary }{m})
	}
	m, err := f.Store.Summary(f.ctx, f.org, "")
	f.must("Lookup of no number", err)
	is(f, "known without a number", m.Known, false)
}

var intentsChecks = []check[*storing]{
	{"ListIntents returns the intents that match every non-zero field of f, the latest planned first", findsIntents},
	{"ListIntents returns at most Limit intents; 0: 100; at most 1000", limits},
}

func findsIntents(f *storing) {
	var all []followup.IntentID
	for i, p := range []followup.Plan{
		{Phone: phone(1), Call: "c"}, {Phone: phone(1), Call: "d"}, {Phone: phone(2), Call: "c"},
	} {
		p.ID, p.Kind, p.Deadline = followup.NewIntentID(f.org, fmt.Sprint(i)), followup.Information, f.now().Add(time.Hour)
		f.plans(followup.Task{}, p)
		all = append(all, p.ID)
		f.tick()
	}
	f.accepted(all[0])
	for _, q := range []struct {
		followup.IntentFilter
		want []int
	}{
		{followup.IntentFilter{}, []int{2, 1, 0}},
		{followup.IntentFilter{ID: all[1]}, []int{1}},
		{followup.IntentFilter{Phone: phone(1)}, []int{1, 0}},
		{followup.IntentFilter{Call: "c"}, []int{2, 0}},
		{followup.IntentFilter{State: followup.Planned}, []int{2, 1}},
		{followup.IntentFilter{Phone: phone(1), State: followup.Accepted}, []int{0}},
		{followup.IntentFilter{Phone: phone(2), Call: "d"}, nil},
		{followup.IntentFilter{ID: all[1], Phone: phone(2)}, nil},
		{followup.IntentFilter{Phone: phone(9)}, nil},
		{followup.IntentFilter{Limit: 2}, []int{2, 1}},
	} {
		var want, got []followup.IntentID
		for _, i := range q.want {
			want = append(want, all[i])
		}
		for _, i := range f.intents(q.IntentFilter) {
			got = append(got, i.ID)
		}
		if !slices.Equal(got, want) {
			f.Errorf("%+v finds %v, want %v", q.IntentFilter, got, want)
		}
	}
}

func limits(f *storing) {
	var plans []followup.Plan
	for n := range 1001 {
		plans = append(plans, followup.Plan{ID: followup.NewIntentID(f.org, fmt.Sprint(n)), Kind: followup.Information, Phone: phone(n), Deadline: f.now().Add(time.Hour)})
		if len(plans) == 143 || n == 1000 {
			f.plans(followup.Task{}, plans...)
			plans = nil
		}
	}
	for limit, want := range map[int]int{0: 100, 7: 7, 1000: 1000, 2000: 1000} {
		is(f, fmt.Sprint("the intents found with the limit ", limit), len(f.intents(followup.IntentFilter{Limit: limit})), want)
	}
}
