package followuptest

import (
	"fmt"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var recordConsentChecks = []check[*storeFixture]{
	{"RecordConsent appends to the ledger that a contact agreed to be texted", appendsConsent},
}

func appendsConsent(f *storeFixture) {
	f.recordConsent(followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "c", At: f.now()})
	equal(f, "Consent.Call of a new contact", f.decisionInput(f.planIntent("a", 1)).Consent.Call, "c")
	equal(f, "Known after a consent", f.summary(1).Known, true)
}

var recordOptOutChecks = []check[*storeFixture]{
	{"RecordOptOut appends to the ledger that a contact wants no texts, or wants them again", appendsOptOut},
	{"when RecordOptOut returns, every message that is sent later was released by BeginSending before", optOutsAreSeen},

	{"an entry with a Message that is in the ledger changes nothing", repeatedMessage},
}

func appendsOptOut(f *storeFixture) {
	for i, again := range []bool{false, false, true, false, true} {
		f.recordOptOut(followup.OptOut{Phone: phone(1), Again: again, Source: "text", Message: fmt.Sprint("m", i)})
		equal(f, fmt.Sprint("OptedOut of the summary after entry ", i), f.summary(1).OptedOut, !again)
		equal(f, fmt.Sprint("OptedOut of the decision's input after entry ", i), f.decisionInput(f.planIntent("a", 1)).OptedOut, !again)
	}
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "call", Call: "c"})
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m9", Again: true})
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "call", Call: "d"})
	equal(f, "OptedOut after an opt-out in a call", f.summary(1).OptedOut, true)
	equal(f, "OptedOut of another contact", f.summary(2).OptedOut, false)
}

func repeatedMessage(f *storeFixture) {
	stop := followup.OptOut{Phone: phone(1), Source: "text", Message: "m1"}
	f.recordOptOut(stop)
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "text", Message: "m2", Again: true})
	f.recordConsent(followup.Consent{Phone: phone(1), Purpose: followup.Information, Wording: "v1", Call: "c", At: f.now().Add(time.Second)})
	f.recordOptOut(stop)
	equal(f, "OptedOut after a repeated text", f.summary(1).OptedOut, false)
	equal(f, "Consent.Call after a repeated text", f.decisionInput(f.planIntent("a", 1)).Consent.Call, "c")
}

var recordReplyChecks = []check[*storeFixture]{
	{"RecordReply records the kind and the time of a text from a contact", recordsReply},
	{"RecordReply reports whether the message was new", reportsNew},
}

func recordsReply(f *storeFixture) {
	f.recordReply(1, "m1")
	first := f.summary(1)
	equal(f, "Known after a reply", first.Known, true)
	f.tick()
	f.recordReply(1, "m2")
	if last := f.summary(1); !last.LastContact.After(first.LastContact) {
		f.Errorf("LastContact is %v after a second reply, want later than %v", last.LastContact, first.LastContact)
	}
}

func (f *storeFixture) recordReply(n int, message string) bool {
	f.Helper()
	first, err := f.Store.RecordReply(f.ctx, f.org, followup.Reply{Phone: phone(n), Message: message, Kind: followup.ReplyBook})
	f.noError("RecordReply", err)
	return first
}

func reportsNew(f *storeFixture) {
	for i, want := range []bool{true, false, false} {
		equal(f, fmt.Sprint("new, call ", i+1), f.recordReply(1, "m1"), want)
	}
	equal(f, "new, another message", f.recordReply(1, "m2"), true)
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
	equal(f, "results 'new' of 8 concurrent calls with one message", n, 1)
}

var listRepliesChecks = []check[*storeFixture]{
	{"ListReplies returns the texts from contacts, the latest first, at most limit of them", listsReplies},
}

func listsReplies(f *storeFixture) {
	began := f.now()
	for i := range 4 {
		f.recordReply(i%2, fmt.Sprint("m", i))
		f.tick()
	}
	f.recordReply(0, "m0")
	got, err := f.Store.ListReplies(f.ctx, f.org, 3)
	f.noError("ListReplies", err)
	if len(got) != 3 {
		f.Fatalf("ListReplies returned %d of 4 replies with the limit 3, want 3", len(got))
	}
	for i, r := range got {
		equal(f, "Message", r.Message, fmt.Sprint("m", 3-i))
		equal(f, "Kind", r.Kind, followup.ReplyBook)
		equal(f, "Phone", r.Phone, phone((3-i)%2))
		if r.At.Before(began) || i > 0 && !r.At.Before(got[i-1].At) {
			f.Errorf("reply %d has the time %v, want after %v and the latest first", i, r.At, began)
		}
	}
}

var countUnmatchedChecks = []check[*storeFixture]{
	{"CountUnmatched counts a message that belongs to no call, by kind", countsUnmatched},
}

func countsUnmatched(f *storeFixture) {
	for _, kind := range []string{"hang", "end-of-call-report", "hang"} {
		f.noError("CountUnmatched", f.Store.CountUnmatched(f.ctx, f.org, kind))
	}
	if f.Unmatched == nil {
		return
	}
	n, err := f.Unmatched(f.ctx, f.org)
	f.noError("Unmatched", err)
	if n["hang"] != 2 || n["end-of-call-report"] != 1 || len(n) != 2 {
		f.Errorf("the counts are %v, want 2 of hang and 1 of end-of-call-report", n)
	}
}

var summaryChecks = []check[*storeFixture]{
	{"Summary returns the summary of a contact", returnsSummary},
	{"Summary returns the zero ContactSummary for an unknown contact", returnsZeroSummary},
}

func returnsSummary(f *storeFixture) {
	now := f.now()
	f.updateCall(followup.CallUpdate{Call: "c", Signal: followup.Seen, Phone: phone(1), At: now, Procedure: "botox", Evidence: followup.FromTool, Wanted: appointmentStart, RecheckAfter: time.Hour})
	first := f.summary(1)
	if !first.Known || first.Procedure != "botox" || !first.Wanted.Equal(appointmentStart) || !first.Informed.IsZero() || first.Upcoming || first.OptedOut {
		f.Errorf("Summary returned %+v, want a contact with procedure botox, Wanted %v and no more", struct{ followup.ContactSummary }{first}, appointmentStart)
	}
	if first.FirstSeen.Before(now) || first.LastContact.Before(first.FirstSeen) {
		f.Errorf("FirstSeen is %v and LastContact %v, want this order after %v", first.FirstSeen, first.LastContact, now)
	}
	f.tick()
	f.updateCall(followup.CallUpdate{Call: "d", Signal: followup.Ended, Phone: phone(1), At: now.Add(time.Minute), Procedure: "peel", Evidence: followup.FromTranscript, RecheckAfter: time.Hour})
	m := f.summary(1)
	equal(f, "the last procedure", m.Procedure, "peel")
	f.equalTime("Wanted", m.Wanted, appointmentStart)
	f.equalTime("FirstSeen", m.FirstSeen, first.FirstSeen)
	equal(f, "LastContact is later after a second call", m.LastContact.After(first.LastContact), true)

	reminder := f.planFor("reminder", 1)
	reminder.Kind = followup.Reminder
	f.planIntents(followup.Task{}, reminder)
	f.acceptIntent(reminder.ID)
	equal(f, "Informed is zero after a reminder", f.summary(1).Informed.IsZero(), true)
	sent := f.acceptIntent(f.planIntent("a", 1))
	f.equalTime("Informed", f.summary(1).Informed, sent.Tried)

	f.book("held", 1, "", time.Hour)
	equal(f, "Upcoming with a hold", f.summary(1).Upcoming, false)
	id := f.book("booked", 1, "", 0)
	equal(f, "Upcoming with an appointment", f.summary(1).Upcoming, true)
	f.noError("Cancel", f.cancel(id))
	equal(f, "Upcoming after a cancellation", f.summary(1).Upcoming, false)
	f.recordOptOut(followup.OptOut{Phone: phone(1), Source: "call"})
	equal(f, "OptedOut", f.summary(1).OptedOut, true)
	equal(f, "Unusable", f.summary(1).Unusable, followup.Reason(""))
	f.recordStatus(followup.StatusUpdate{Intent: sent.ID, Provider: sent.Provider, State: followup.Undelivered, Unusable: followup.Landline})
	equal(f, "Unusable after a status", f.summary(1).Unusable, followup.Landline)
}

func returnsZeroSummary(f *storeFixture) {
	f.beginCall("c", 1)
	if m := f.summary(2); m != (followup.ContactSummary{}) {
		f.Errorf("Summary of an unknown contact is %+v, want zero", struct{ followup.ContactSummary }{m})
	}
	m, err := f.Store.Summary(f.ctx, f.org, "")
	f.noError("Summary of an empty number", err)
	equal(f, "Known of an empty number", m.Known, false)
}

var listIntentsChecks = []check[*storeFixture]{
	{"ListIntents returns the intents that match every non-zero field of f, the latest planned first", filtersIntents},
	{"ListIntents returns at most Limit intents; 0: 100; at most 1000", limitsIntents},
}

func filtersIntents(f *storeFixture) {
	var all []followup.IntentID
	for i, p := range []followup.Plan{
		{Phone: phone(1), Call: "c"}, {Phone: phone(1), Call: "d"}, {Phone: phone(2), Call: "c"},
	} {
		p.ID, p.Kind, p.Deadline = followup.NewIntentID(f.org, fmt.Sprint(i)), followup.Information, f.now().Add(time.Hour)
		f.planIntents(followup.Task{}, p)
		all = append(all, p.ID)
		f.tick()
	}
	f.acceptIntent(all[0])
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
		for _, i := range f.listIntents(q.IntentFilter) {
			got = append(got, i.ID)
		}
		if !slices.Equal(got, want) {
			f.Errorf("ListIntents of %+v returned %v, want %v", q.IntentFilter, got, want)
		}
	}
}

func limitsIntents(f *storeFixture) {
	var plans []followup.Plan
	for n := range 1001 {
		plans = append(plans, followup.Plan{ID: followup.NewIntentID(f.org, fmt.Sprint(n)), Kind: followup.Information, Phone: phone(n), Deadline: f.now().Add(time.Hour)})
		if len(plans) == 143 || n == 1000 {
			f.planIntents(followup.Task{}, plans...)
			plans = nil
		}
	}
	for limit, want := range map[int]int{0: 100, 7: 7, 1000: 1000, 2000: 1000} {
		equal(f, fmt.Sprint("the number of intents with the limit ", limit), len(f.listIntents(followup.IntentFilter{Limit: limit})), want)
	}
}
