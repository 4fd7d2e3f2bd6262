package followup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

func clinicOf(t testing.TB, cfg followup.SettingsConfig) *followup.Settings {
	t.Helper()
	clinic, err := followup.NewSettings(cfg)
	require.NoError(t, err)
	return clinic
}

// promisedDocument is a document that the caller agreed to and that only the hour
// can delay.
func promisedDocument(now time.Time) followup.DecisionInput {
	return followup.DecisionInput{
		Intent: followup.Intent{
			Kind: followup.Information, State: followup.Planned, Phone: caller, Call: "call-1",
			Planned: now.Add(-time.Hour), Deadline: now.Add(10 * 24 * time.Hour),
		},
		Consent: followup.Consent{Purpose: followup.Information, Call: "call-1", At: now.Add(-time.Hour)},
		Now:     now,
	}
}

func decide(clinic *followup.Settings, place phone.Place, now time.Time) followup.Decision {
	return followup.StandardPolicy{}.Decide(promisedDocument(now), clinic, place)
}

var (
	noon    = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) // a Tuesday
	evening = time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC)
	morning = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	inGB    = phone.Place{Country: "GB", Zones: []*time.Location{london}, Line: phone.Mobile}
)

type decision = followup.Decision

func TestStandardPolicy_Decide_Documents(t *testing.T) {
	t.Parallel()
	send := decision{Action: followup.Send, Until: evening}
	no := func(why followup.Reason) decision { return decision{Action: followup.Suppress, Reason: why} }
	late := decision{Action: followup.Expire, Reason: followup.PastDeadline}
	until := func(at time.Time, why followup.Reason) decision {
		return decision{Action: followup.Wait, Reason: why, At: at}
	}
	type setting struct {
		*followup.DecisionInput
		*followup.SettingsConfig
		*phone.Place
	}
	for _, c := range []struct {
		why  string
		make func(s setting)
		want decision
	}{
		{"all is well", func(setting) {}, send},
		{"the kind is switched off", func(s setting) { s.Kinds = []followup.Kind{followup.Reminder} }, no(followup.SwitchedOff)},
		{"no number", func(s setting) { s.Phone = "" }, no(followup.NoNumber)},
		{"at its deadline", func(s setting) { s.DecisionInput.Deadline = noon }, late},
		{"a moment before its deadline", func(s setting) { s.DecisionInput.Deadline = noon.Add(time.Second) }, decision{Action: followup.Send, Until: noon.Add(time.Second)}},
		{"opted out", func(s setting) { s.OptedOut = true }, no(followup.OptedOut)},
		{"the number takes no texts", func(s setting) { s.Unusable = followup.UnusableNumber }, no(followup.UnusableNumber)},
		{"booked", func(s setting) { s.Booked = true }, no(followup.Booked)},
		{"a hold that may be confirmed", func(s setting) { s.HeldUntil = noon.Add(time.Minute) }, until(noon.Add(time.Minute), followup.Held)},
		{"a hold that has run out", func(s setting) { s.HeldUntil = noon }, send},
		{"no consent", func(s setting) { s.Consent = followup.Consent{} }, no(followup.NoConsent)},
		{"consent without a time", func(s setting) { s.Consent.At = time.Time{} }, no(followup.NoConsent)},
		{"consent of its call, long ago", func(s setting) { s.Consent.At = noon.Add(-35 * time.Hour) }, send},
		{"consent of another call, today", func(s setting) { s.Consent.Call, s.Consent.At = "call-0", noon.Add(-23*time.Hour) }, send},
		{"consent of another call, yesterday", func(s setting) { s.Consent.Call, s.Consent.At = "call-0", noon.Add(-24*time.Hour) }, no(followup.NoConsent)},
		{"consent of no call is not that of a message without one", func(s setting) {
			s.Call, s.Consent.Call, s.Consent.At = "", "", noon.Add(-24*time.Hour)
		}, no(followup.NoConsent)},
		{"consent that counts in its call only", func(s setting) {
			s.Consent.Call = "call-0"
			s.SettingsConfig.ConsentLasts = map[followup.Kind]time.Duration{followup.Information: 0}
		}, no(followup.NoConsent)},
		{"a landline", func(s setting) { s.Line = phone.Landline }, no(followup.Landline)},
		{"not due", func(s setting) { s.Due = noon.Add(time.Second) }, until(noon.Add(time.Second), followup.NotDue)},
		{"due", func(s setting) { s.Due = noon }, send},
		{"one text a day", func(s setting) { s.Recent = []time.Time{noon.Add(-24*time.Hour + time.Second)} }, no(followup.TooMany)},
		{"one text yesterday", func(s setting) { s.Recent = []time.Time{noon.Add(-24 * time.Hour)} }, send},
		{"three texts a week", func(s setting) {
			s.Recent = []time.Time{noon.Add(-48 * time.Hour), noon.Add(-72 * time.Hour), noon.Add(-167 * time.Hour)}
		}, no(followup.TooMany)},
		{"three texts in more than a week", func(s setting) {
			s.Recent = []time.Time{noon.Add(-48 * time.Hour), noon.Add(-72 * time.Hour), noon.Add(-168 * time.Hour)}
		}, send},
		{"in the evening", func(s setting) { s.Now = evening }, until(morning, followup.QuietHours)},
		{"a moment before the evening", func(s setting) { s.Now = evening.Add(-59 * time.Second) }, until(morning, followup.QuietHours)},
		{"a minute before the evening", func(s setting) { s.Now = evening.Add(-time.Minute) }, send},
		{"in the evening, too late for the morning", func(s setting) { s.Now, s.DecisionInput.Deadline = evening, morning }, late},
		{"hours of its own", func(s setting) { s.Open, s.Close = 12*60+1, 18*60 }, until(noon.Add(time.Minute), followup.QuietHours)},
		{"eight is the earliest, whatever a clinic configures", func(s setting) {
			s.Now, s.Open, s.Close = morning.Add(-2*time.Hour), 1, 24*60
		}, until(morning.Add(-time.Hour), followup.QuietHours)},
		{"a number of an unknown region", func(s setting) { *s.Place = phone.Place{} }, no(followup.UnknownRegion)},
		{"a number of another country whose zones are unknown", func(s setting) { *s.Place = phone.Place{Country: "ZW"} }, no(followup.UnknownRegion)},
		{"a number of the clinic's country whose zones are unknown", func(s setting) { s.Zones = nil }, send},
		{"a number whose day is the clinic's night", func(s setting) { s.Zones = []*time.Location{zone("Pacific/Auckland")} }, no(followup.NoCommonHours)},
		{"Florida closes at eight", func(s setting) {
			s.Close, *s.Place = 21*60, phone.Place{Country: "US", Region: "FL", Zones: []*time.Location{london}}
		}, send},
		{"a region of another country is no state", func(s setting) {
			s.Close, *s.Place = 21*60, phone.Place{Country: "BR", Region: "RI", Zones: []*time.Location{london}}
		}, decision{Action: followup.Send, Until: evening.Add(time.Hour)}},
		{"Texas sleeps in on Sundays", func(s setting) {
			s.Now = noon.Add(-49 * time.Hour) // Sunday 11:00
			*s.Place = phone.Place{Country: "US", Region: "TX", Zones: []*time.Location{london}}
		}, until(noon.Add(-48*time.Hour), followup.QuietHours)},
		{"at once, in the night", func(s setting) {
			s.Now, s.AtOnce, s.Consent.At = evening, true, evening.Add(-time.Minute)
		}, decision{Action: followup.Send, Until: evening.Add(15 * time.Minute)}},
		{"at once, a quarter of an hour later", func(s setting) {
			s.Now, s.AtOnce, s.Consent.At = evening, true, evening.Add(-15*time.Minute)
		}, until(morning, followup.QuietHours)},
		{"at once, with consent of another call", func(s setting) {
			s.Now, s.AtOnce, s.Consent.At, s.Consent.Call = evening, true, evening, "call-0"
		}, until(morning, followup.QuietHours)},
		{"at once, by day", func(s setting) { s.AtOnce = true }, send},
	} {
		t.Run(c.why, func(t *testing.T) {
			in, cfg, place := promisedDocument(noon), followup.SettingsConfig{Org: harley}, inGB
			c.make(setting{&in, &cfg, &place})
			got := followup.StandardPolicy{}.Decide(in, clinicOf(t, cfg), place)
			require.Equal(t, utc(c.want), utc(got))
		})
	}
}

func utc(d decision) decision {
	d.At, d.Until = d.At.UTC(), d.Until.UTC()
	return d
}

func TestStandardPolicy_Decide_Appointments(t *testing.T) {
	t.Parallel()
	start := morning.Add(30 * time.Minute)
	no := func(why followup.Reason) decision { return decision{Action: followup.Suppress, Reason: why} }
	for _, c := range []struct {
		why  string
		kind followup.Kind
		make func(c *followup.DecisionInput)
		want decision
	}{
		{"a reminder without consent to anything else", followup.Reminder, func(*followup.DecisionInput) {}, decision{Action: followup.Send, Until: evening}},
		{"a reminder for one who has booked", followup.Reminder, func(c *followup.DecisionInput) { c.Booked = true }, decision{Action: followup.Send, Until: evening}},
		{"a reminder counts for no limit", followup.Reminder, func(c *followup.DecisionInput) { c.Recent = []time.Time{noon, noon, noon} }, decision{Action: followup.Send, Until: evening}},
		{"a reminder after an opt-out", followup.Reminder, func(c *followup.DecisionInput) { c.OptedOut = true }, no(followup.OptedOut)},
		{"cancelled", followup.Reminder, func(c *followup.DecisionInput) { c.AppointmentStatus = "cancelled" }, no(followup.AppointmentGone)},
		{"deleted", followup.Confirmation, func(c *followup.DecisionInput) { c.AppointmentStatus = "" }, no(followup.AppointmentGone)},
		{"moved", followup.Confirmation, func(c *followup.DecisionInput) { c.AppointmentStart = start.Add(time.Hour) }, no(followup.AppointmentGone)},
		{"the same start in another zone", followup.Confirmation, func(c *followup.DecisionInput) {
			c.AppointmentStart = start.In(zone("Africa/Lagos"))
		}, decision{Action: followup.Send, Until: evening}},
		{"over", followup.Confirmation, func(c *followup.DecisionInput) { c.Now, c.Deadline = start, start.Add(time.Hour) }, no(followup.AppointmentGone)},
		{"a reminder in the waiting room", followup.Reminder, func(c *followup.DecisionInput) { c.Now = start.Add(-5*time.Minute + time.Second) }, no(followup.AppointmentGone)},
		{"a reminder ends with the start", followup.Reminder, func(c *followup.DecisionInput) { c.Now = start.Add(-5 * time.Minute) }, decision{Action: followup.Send, Until: start}},
		{"a cancellation of what is booked", followup.Cancellation, func(*followup.DecisionInput) {}, no(followup.AppointmentGone)},
		{"a cancellation", followup.Cancellation, func(c *followup.DecisionInput) { c.AppointmentStatus = "cancelled" }, decision{Action: followup.Send, Until: evening}},
		{"in the night, open before the start", followup.Reminder, func(c *followup.DecisionInput) { c.Now = morning.Add(-time.Hour) }, decision{Action: followup.Wait, Reason: followup.QuietHours, At: morning}},
		{"in the night, open after the start", followup.Reminder, func(c *followup.DecisionInput) {
			c.Now, c.Start, c.AppointmentStart = morning.Add(-2*time.Hour), morning, morning
		}, no(followup.QuietHours)},
		{"in the night, too late at opening", followup.Reminder, func(c *followup.DecisionInput) {
			c.Now, c.Deadline = morning.Add(-time.Hour), morning.Add(-time.Minute)
		}, decision{Action: followup.Expire, Reason: followup.PastDeadline}},
		{"an offer needs consent", followup.Offer, func(*followup.DecisionInput) {}, no(followup.NoConsent)},
		{"an offer with consent of last month", followup.Offer, func(c *followup.DecisionInput) {
			c.Consent = followup.Consent{Purpose: followup.Offer, At: noon.AddDate(0, -1, 0)}
		}, decision{Action: followup.Send, Until: evening}},
		{"an offer after a booking", followup.Offer, func(c *followup.DecisionInput) {
			c.Consent, c.Booked = followup.Consent{At: noon}, true
		}, no(followup.Booked)},
	} {
		t.Run(c.why, func(t *testing.T) {
			in := followup.DecisionInput{
				Intent: followup.Intent{
					Kind: c.kind, State: followup.Planned, Phone: caller, Appointment: "a-1",
					Start: start, Planned: noon, Deadline: start,
				},
				AppointmentStatus: "booked", AppointmentStart: start, Now: noon,
			}
			c.make(&in)
			got := followup.StandardPolicy{}.Decide(in, clinicOf(t, followup.SettingsConfig{Org: harley}), inGB)
			require.Equal(t, utc(c.want), utc(got))
		})
	}
}
