package followup_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/procedures"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func TestService_RecordCall_OneText(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	require.Equal(t, followup.Noted, w.promise("a nose job"))
	w.work()
	require.Empty(t, w.carrier.sent(), "not while the call goes on")
	w.record(followup.Ended)
	w.work()
	body := w.onlyText()
	require.Contains(t, body, "Harley Street Clinic")
	require.Contains(t, body, "https://go.harley.example/d/")
	neutral(t, body)
	i := w.only()
	require.Equal(t, followup.Accepted, i.State)
	require.Equal(t, followup.ProcedureID("rhinoplasty"), i.Procedure)
	require.NotEmpty(t, i.Provider)
}

// Events come in any order, twice or never: one call, one text.
func TestService_RecordCall_AnyOrder(t *testing.T) {
	t.Parallel()
	ended := func(w *fixture) { w.record(followup.Ended) }
	report := func(w *fixture) {
		w.record(followup.Reported, transcript("AI: How can I help?\nUser: I would like to know about a nose job."))
	}
	promise := func(w *fixture) { w.promise("rhinoplasty") }
	for name, events := range map[string][]func(*fixture){
		"ended, then report":       {promise, ended, report},
		"report before ended":      {promise, report, ended},
		"report only":              {promise, report},
		"ended only":               {promise, ended},
		"both twice":               {promise, ended, report, ended, report},
		"the promise comes last":   {ended, promise, report},
		"the promise comes twice":  {promise, promise, ended},
		"all backwards and twice":  {report, report, ended, ended, promise, promise},
		"only the promise":         {promise},
		"the promise and a hang":   {promise, func(w *fixture) { w.record(followup.Hang) }},
		"ended, an hour, a report": {promise, ended, func(w *fixture) { w.wait(time.Hour, time.Minute) }, report},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			for _, step := range events {
				step(w)
				w.work()
			}
			w.wait(2*time.Hour, time.Minute)
			w.onlyText()
			w.only()
		})
	}
}

func TestService_RecordCall_ReportNamesProcedure(t *testing.T) {
	t.Parallel()
	consents := func(w *fixture) {
		require.NoError(t, w.store.RecordConsent(t.Context(), harley.ID, followup.Consent{
			Phone: caller, Purpose: followup.Information, Wording: "v1", Call: "call-1", At: w.clock.Now(),
		}))
	}
	t.Run("the transcript is evidence", func(t *testing.T) {
		w := newFixture(t)
		consents(w)
		w.record(followup.Ended)
		w.work()
		require.Empty(t, w.intents(), "the procedure is unknown")
		w.record(followup.Reported, transcript("User: what does botox cost?"))
		w.work()
		w.onlyText()
		require.Equal(t, followup.ProcedureID("botox"), w.only().Procedure)
	})
	t.Run("the analysis is stronger than the transcript", func(t *testing.T) {
		w := newFixture(t)
		consents(w)
		w.record(followup.Reported, transcript("User: what does botox cost?"),
			func(e *followup.CallEvent) { e.Analysis = redact.NewSpeech("rhinoplasty") })
		w.work()
		require.Equal(t, followup.ProcedureID("rhinoplasty"), w.only().Procedure)
	})
	t.Run("the argument of a tool is stronger than the report", func(t *testing.T) {
		w := newFixture(t)
		consents(w)
		w.record(followup.Seen, service("botox"))
		w.record(followup.Reported, transcript("User: a nose job?"))
		w.work()
		require.Equal(t, followup.ProcedureID("botox"), w.only().Procedure)
	})
	t.Run("a promise is the strongest evidence", func(t *testing.T) {
		w := newFixture(t)
		w.promise("botox")
		w.clock.Advance(time.Second)
		w.record(followup.Seen, service("rhinoplasty"))
		w.record(followup.Ended)
		w.work()
		require.Equal(t, followup.ProcedureID("botox"), w.only().Procedure)
	})
	t.Run("a report without a procedure plans no text", func(t *testing.T) {
		w := newFixture(t)
		w.record(followup.Ended)
		w.record(followup.Reported, transcript("User: sorry, wrong number"))
		w.wait(time.Hour, time.Minute)
		require.Empty(t, w.intents())
	})
	t.Run("a report without a procedure sends the Fallback", func(t *testing.T) {
		w := newFixture(t, withClinic(func(c *followup.SettingsConfig) { c.Fallback = "clinic.pdf" }))
		consents(w)
		w.record(followup.Ended)
		w.work()
		require.Empty(t, w.carrier.sent(), "the report may still name a procedure")
		w.wait(2*time.Second, time.Second)
		w.onlyText()
	})
}

func TestService_RecordCall_WithoutConsent(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.record(followup.Seen, service("botox"))
	w.record(followup.Ended)
	w.work()
	require.Empty(t, w.carrier.sent())
	require.Equal(t, followup.Suppressed, w.only().State)
	require.Equal(t, followup.NoConsent, w.only().Reason)
}

func TestService_RecordCall_AfterBooking(t *testing.T) {
	t.Parallel()
	suppressed := func(t *testing.T, w *fixture) {
		w.work()
		require.Empty(t, w.carrier.sent())
		var reasons []followup.Reason
		for _, i := range w.intents() {
			if i.Kind == followup.Information {
				require.Equal(t, followup.Suppressed, i.State)
				reasons = append(reasons, i.Reason)
			}
		}
		require.Equal(t, []followup.Reason{followup.Booked}, reasons)
	}
	quiet := withClinic(func(c *followup.SettingsConfig) {
		c.Kinds = []followup.Kind{followup.Information} // no confirmations
	})
	t.Run("a booking in the call suppresses the text", func(t *testing.T) {
		w := newFixture(t, quiet)
		w.promise("botox")
		w.book(caller, "call-1")
		w.record(followup.Ended)
		suppressed(t, w)
	})
	t.Run("a booking in the call for another phone suppresses the text", func(t *testing.T) {
		w := newFixture(t, quiet)
		w.promise("botox")
		w.book("+447700900199", "call-1")
		w.record(followup.Ended)
		suppressed(t, w)
	})
	t.Run("a later booking on another channel suppresses the text", func(t *testing.T) {
		w := newFixture(t, quiet)
		w.promise("botox")
		w.book(caller, "")
		w.record(followup.Ended)
		suppressed(t, w)
	})
	t.Run("the earlier of two clocks decides when the call began", func(t *testing.T) {
		w := newFixture(t, quiet)
		w.promise("botox")
		w.clock.Advance(time.Minute)
		w.book(caller, "")
		w.record(followup.Ended, func(e *followup.CallEvent) { e.Began = w.clock.Now().Add(time.Second) })
		suppressed(t, w)
	})
	t.Run("a booking while the text waits for the morning suppresses it", func(t *testing.T) {
		w := newFixture(t, quiet)
		w.clock.Advance(10 * time.Hour) // ten in the evening
		w.promise("botox")
		w.record(followup.Ended)
		w.work()
		require.Equal(t, followup.QuietHours, w.only().Reason)
		w.book(caller, "")
		w.wait(12*time.Hour, 30*time.Minute)
		suppressed(t, w)
	})
	t.Run("a booking from before the call has no effect", func(t *testing.T) {
		w := newFixture(t, quiet)
		w.book(caller, "")
		w.clock.Advance(time.Hour)
		w.promise("botox")
		w.record(followup.Ended)
		w.work()
		w.onlyText()
	})
	t.Run("a held time delays the decision", func(t *testing.T) {
		w := newFixture(t, quiet)
		w.promise("botox")
		c := claim("held", caller, "", time.Date(2026, 12, 1, 14, 0, 0, 0, london))
		c.HoldFor = 2 * time.Minute
		_, err := w.booking.Claim(t.Context(), harley.ID, c)
		require.NoError(t, err)
		w.record(followup.Ended)
		w.work()
		require.Empty(t, w.carrier.sent())
		require.Equal(t, followup.Held, w.only().Reason)
		w.wait(3*time.Minute, time.Minute)
		w.onlyText()
	})
}

func TestService_OptOutCaller(t *testing.T) {
	t.Parallel()
	for name, optOut := range map[string]func(w *fixture){
		"in a call": func(w *fixture) {
			ok, err := w.service.OptOutCaller(t.Context(), harley, "call-1", caller)
			require.NoError(t, err)
			require.True(t, ok)
		},
		"by text": func(w *fixture) {
			kind, answer, err := w.service.RecordInbound(t.Context(), harley.ID, followup.InboundText{
				From: caller, Message: "SM1", Body: redact.NewSpeech("Please stop texting me")})
			require.NoError(t, err)
			require.Equal(t, followup.ReplyStop, kind)
			require.Contains(t, answer, "no more texts")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			w.promise("botox")
			optOut(w)
			w.record(followup.Ended)
			w.work()
			require.Empty(t, w.carrier.sent())
			require.Equal(t, followup.OptedOut, w.only().Reason)
			require.Equal(t, followup.WantsNoTexts, w.promise("botox"), "a promise in the next call is refused")
		})
	}
}

func TestService_RecordInbound_OptOutAndStart(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	text := func(id, words string) string {
		_, answer, err := w.service.RecordInbound(t.Context(), harley.ID, followup.InboundText{From: caller, Message: id, Body: redact.NewSpeech(words)})
		require.NoError(t, err)
		return answer
	}
	require.NotEmpty(t, text("SM1", "STOP"))
	require.NotEmpty(t, text("SM2", "START"))
	require.Empty(t, text("SM1", "STOP"), "it came before")
	summary, err := w.service.Lookup(t.Context(), harley, caller)
	require.NoError(t, err)
	require.False(t, summary.OptedOut)
	require.NotEmpty(t, text("SM3", "help"))
	require.NotEmpty(t, text("SM4", "BOOK"))
	require.Empty(t, text("SM5", "my nose hurts"))
	require.Empty(t, text("SM6", "Yes"), "without an opt-out, YES has no effect")
	replies, err := w.store.ListReplies(t.Context(), harley.ID, 10)
	require.NoError(t, err)
	var kinds []followup.ReplyKind
	for _, r := range replies {
		kinds = append(kinds, r.Kind)
	}
	require.Equal(t, []followup.ReplyKind{followup.ReplyOther, followup.ReplyOther, followup.ReplyBook,
		followup.ReplyHelp, followup.ReplyStart, followup.ReplyStop}, kinds)
}

func TestService_Promise_Refused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		number, words string
		want          followup.PromiseResult
		option        option
	}{
		"withheld":                          {number: "anonymous", words: "botox", want: followup.NoNumberToText},
		"withheld on a keypad":              {number: "+266696687", words: "botox", want: followup.NoNumberToText},
		"malformed":                         {number: "+44 oh seven", words: "botox", want: followup.NoNumberToText},
		"none":                              {number: "", words: "botox", want: followup.NoNumberToText},
		"a landline":                        {number: "+442079460123", words: "botox", want: followup.NotATextNumber},
		"an unknown procedure":              {number: caller, words: "a new kitchen", want: followup.ProcedureUnknown},
		"either of two":                     {number: caller, words: "botox or a nose job", want: followup.ProcedureUnknown},
		"no words and no earlier procedure": {number: caller, words: "", want: followup.ProcedureUnknown},
		"a document that is missing":        {number: caller, words: "facelift", want: followup.DocumentMissing},
		"a clinic that sends none": {number: caller, words: "botox", want: followup.ClinicSendsNoText,
			option: withClinic(func(c *followup.SettingsConfig) { c.Kinds = []followup.Kind{followup.Reminder} })},
	} {
		t.Run(name, func(t *testing.T) {
			var options []option
			if tt.option != nil {
				options = append(options, tt.option)
			}
			w := newFixture(t, options...)
			got, err := w.service.Promise(t.Context(), harley, followup.Promise{
				Call: "call-1", Caller: tt.number, Procedure: redact.NewSpeech(tt.words)})
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
			w.record(followup.Ended, from(tt.number))
			w.wait(time.Hour, time.Minute)
			require.Empty(t, w.carrier.sent())
		})
	}
}

// Promise refuses a text that the policy would suppress.
func TestService_Promise_NotedOnlyIfSendable(t *testing.T) {
	t.Parallel()
	again := func(w *fixture, call string) followup.PromiseResult {
		got, err := w.service.Promise(t.Context(), harley, followup.Promise{Call: call, Caller: caller, Procedure: redact.NewSpeech("botox")})
		require.NoError(t, err)
		return got
	}
	t.Run("a second text on one day is refused", func(t *testing.T) {
		w := promised(t)
		w.work()
		w.onlyText()
		require.Equal(t, followup.TextedAlready, again(w, "call-2"))
		w.clock.Advance(25 * time.Hour)
		require.Equal(t, followup.Noted, again(w, "call-3"))
	})
	t.Run("a number that cannot be texted is refused", func(t *testing.T) {
		w := promised(t)
		w.carrier.then(fails(followup.SendError{Outcome: followup.Refused, Reason: followup.BadNumber}))
		w.work()
		require.Equal(t, followup.NotATextNumber, again(w, "call-2"))
	})
	t.Run("a text after a booking in the call is refused", func(t *testing.T) {
		w := newFixture(t)
		w.book(caller, "call-1")
		require.Equal(t, followup.HasBooked, again(w, "call-1"))
	})
	t.Run("a document without a file is refused", func(t *testing.T) {
		files := fstest.MapFS{"harley/rhinoplasty.pdf": {Data: []byte("%PDF-")}}
		folder, err := followup.NewFolder(files, func(tenant.ID) string { return "harley" })
		require.NoError(t, err)
		w := newFixture(t, withService(func(c *followup.Config) { c.Assets = folder }))
		require.Equal(t, followup.DocumentMissing, again(w, "call-1"))
		require.Equal(t, followup.Noted, w.promise("a nose job"))
		delete(files, "harley/rhinoplasty.pdf") // before it is sent
		w.record(followup.Ended)
		w.work()
		require.Empty(t, w.carrier.sent())
		require.Equal(t, followup.NoDocument, w.only().Reason)
	})
}

func TestService_RecordConsent_Purpose(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	good := followup.Consent{Phone: caller, Purpose: followup.Offer, Wording: "v1", At: w.clock.Now()}
	require.NoError(t, w.service.RecordConsent(t.Context(), harley.ID, good))
	for _, spoil := range []func(*followup.Consent){
		func(c *followup.Consent) { c.Phone = "" },
		func(c *followup.Consent) { c.Purpose = followup.Reminder },
		func(c *followup.Consent) { c.Purpose = "" },
		func(c *followup.Consent) { c.At = time.Time{} },
	} {
		bad := good
		spoil(&bad)
		require.Error(t, w.service.RecordConsent(t.Context(), harley.ID, bad))
	}
}

func TestService_RecordCall_WithheldNumber(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.record(followup.Ended, from("anonymous"), service("botox"))
	w.work()
	require.Equal(t, followup.NoNumber, w.only().Reason)
}

// The receptionist knows the caller in the next call.
func TestService_Lookup(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	summary, err := w.service.Lookup(t.Context(), harley, caller)
	require.NoError(t, err)
	require.False(t, summary.Known)
	wanted := time.Date(2026, 11, 26, 10, 0, 0, 0, london)
	w.record(followup.Seen, service("botox"), func(e *followup.CallEvent) { e.Wanted = wanted })
	w.promise("botox")
	w.record(followup.Ended)
	w.work()
	w.clock.Advance(24 * time.Hour)
	summary, err = w.service.Lookup(t.Context(), harley, "07700 900123")
	require.NoError(t, err)
	require.False(t, summary.Known, "the strict reader only knows numbers in full")
	summary, err = w.service.Lookup(t.Context(), harley, caller)
	require.NoError(t, err)
	require.True(t, summary.Known)
	require.Equal(t, followup.ProcedureID("botox"), summary.Procedure)
	require.True(t, wanted.Equal(summary.Wanted))
	require.False(t, summary.Informed.IsZero())
	require.False(t, summary.Upcoming)
	t.Run("a promise without words is about the last procedure", func(t *testing.T) {
		got, err := w.service.Promise(t.Context(), harley, followup.Promise{Call: "call-2", Caller: caller})
		require.NoError(t, err)
		require.Equal(t, followup.Noted, got)
	})
	t.Run("a summary prints without the contact", func(t *testing.T) {
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", summary, summary, summary), "botox")
	})
}

// brokenStore is unavailable.
type brokenStore struct{ followup.Store }

func (brokenStore) UpdateCall(context.Context, tenant.ID, followup.CallUpdate) (followup.Call, error) {
	return followup.Call{}, fmt.Errorf("store: %w", followup.ErrUnavailable)
}

func (brokenStore) Summary(context.Context, tenant.ID, string) (followup.ContactSummary, error) {
	return followup.ContactSummary{}, followup.ErrUnavailable
}

func TestService_RecordCall_StoreUnavailable(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withService(func(c *followup.Config) { c.Store = brokenStore{c.Store} }))
	err := w.service.RecordCall(t.Context(), harley, followup.CallEvent{Call: "call-1", Signal: followup.Ended, Caller: caller})
	require.ErrorIs(t, err, followup.ErrUnavailable)
	_, err = w.service.Promise(t.Context(), harley, followup.Promise{Call: "call-1", Caller: caller})
	require.ErrorIs(t, err, followup.ErrUnavailable)
}

func TestService_ZeroOrg(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	require.ErrorIs(t, w.service.RecordCall(t.Context(), tenant.Org{}, followup.CallEvent{Call: "c", Signal: followup.Ended}), tenant.ErrNoOrg)
	_, err := w.service.Promise(t.Context(), tenant.Org{}, followup.Promise{Call: "c", Caller: caller})
	require.ErrorIs(t, err, tenant.ErrNoOrg)
	_, _, err = w.service.RecordInbound(t.Context(), tenant.ID{}, followup.InboundText{})
	require.ErrorIs(t, err, tenant.ErrNoOrg)
	require.ErrorIs(t, w.service.CountUnmatched(t.Context(), tenant.ID{}, "end-of-call-report"), tenant.ErrNoOrg)
}

func TestService_Promise_WithoutCall(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	_, err := w.service.Promise(t.Context(), harley, followup.Promise{Caller: caller, Procedure: redact.NewSpeech("botox")})
	require.Error(t, err)
}

func TestNew_InvalidConfig(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	good := followup.Config{Store: w.store, Settings: followup.StaticSettings{}, Catalog: &procedures.Catalog{}}
	_, err := followup.New(good)
	require.NoError(t, err)
	for field, spoil := range map[string]func(*followup.Config){
		"Config.Store":         func(c *followup.Config) { c.Store = nil },
		"Config.Settings":      func(c *followup.Config) { c.Settings = nil },
		"Config.Catalog":       func(c *followup.Config) { c.Catalog = nil },
		"Config.FallbackDelay": func(c *followup.Config) { c.FallbackDelay = -1 },
	} {
		bad := good
		spoil(&bad)
		_, err := followup.New(bad)
		require.ErrorContains(t, err, field)
	}
}

func TestService_PlanOffer_Consent(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	start := time.Date(2026, 11, 25, 10, 0, 0, 0, london)
	o := followup.Offering{Key: "slot-1", Phone: caller, Start: start}
	i, err := w.service.PlanOffer(t.Context(), harley.ID, o)
	require.NoError(t, err)
	w.work()
	require.Equal(t, followup.NoConsent, w.only().Reason)

	require.NoError(t, w.store.RecordConsent(t.Context(), harley.ID, followup.Consent{
		Phone: caller, Purpose: followup.Offer, Wording: "waitlist-v1", At: w.clock.Now()}))
	o.Key = "slot-2"
	second, err := w.service.PlanOffer(t.Context(), harley.ID, o)
	require.NoError(t, err)
	require.NotEqual(t, i.ID, second.ID)
	again, err := w.service.PlanOffer(t.Context(), harley.ID, o)
	require.NoError(t, err)
	require.Equal(t, second.ID, again.ID)
	w.work()
	require.Contains(t, w.onlyText(), "10:00")

	_, err = w.service.PlanOffer(t.Context(), harley.ID, followup.Offering{})
	require.Error(t, err)
}

var errCarrier = errors.New("the carrier did not answer")
