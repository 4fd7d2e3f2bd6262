package followup

import (
	"time"

	"github.com/callwaiting-ai/callwaiting/followup/quiethours"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

// A Policy decides whether a message may be sent, and when. [StandardPolicy] is
// the default. Safe for concurrent use.
type Policy interface {
	// Decide decides whether the message may be sent now, at in.Now. It is
	// called while the contact is locked, twice for a message that is sent: it
	// must return soon and must depend on its arguments alone.
	Decide(in DecisionInput, settings *Settings, place phone.Place) Decision
}

// Decision is the decision of a [Policy].
type Decision struct {
	Action Action // Send, Wait, Suppress or Expire
	Reason Reason
	At     time.Time // with Wait: when to decide again
	Until  time.Time // with Send: when the message must be delivered
}

// StandardPolicy is the default [Policy]. It sends no message without consent,
// after an opt-out or a booking, too late, too often, or in the quiet hours of
// any place where its reader may be.
type StandardPolicy struct{}

const (
	// atOnceFor is how long after consent a document may be sent at any hour:
	// longer than a call lasts, by default.
	atOnceFor = 15 * time.Minute

	// minReminderLeft is how much time before an appointment a reminder needs.
	minReminderLeft = 5 * time.Minute
)

// Decide implements [Policy].
func (StandardPolicy) Decide(in DecisionInput, settings *Settings, place phone.Place) Decision {
	switch {
	case !settings.Sends(in.Kind):
		return suppress(SwitchedOff)
	case in.Phone == "":
		return suppress(NoNumber)
	case validFor(in.Now, in.Deadline) == 0:
		return Decision{Action: Expire, Reason: PastDeadline}
	case in.OptedOut:
		return suppress(OptedOut)
	case in.Unusable != "":
		return suppress(in.Unusable)
	case in.Kind.AboutAppointment() && gone(in):
		return suppress(AppointmentGone)
	case !in.Kind.AboutAppointment() && in.Booked:
		return suppress(Booked)
	case !in.Kind.AboutAppointment() && in.HeldUntil.After(in.Now):
		return Decision{Action: Wait, Reason: Held, At: in.HeldUntil}
	// A contact that gives a number for an appointment agrees to be texted about
	// it: prior express consent, 47 CFR 64.1200(a)(1)(iii). The text must hold
	// no advertising.
	case !in.Kind.AboutAppointment() && !consented(in, settings):
		return suppress(NoConsent)
	case place.Line == phone.Landline:
		return suppress(Landline)
	case in.Due.After(in.Now):
		return Decision{Action: Wait, Reason: NotDue, At: in.Due}
	case !in.Kind.AboutAppointment() && tooMany(in, settings):
		return suppress(TooMany)
	}
	return inOpenHours(in, settings, place)
}

func suppress(why Reason) Decision { return Decision{Action: Suppress, Reason: why} }

// gone reports whether the appointment is no longer as its message describes it.
func gone(in DecisionInput) bool {
	status, left := "booked", quiethours.MinOpen
	switch in.Kind {
	case Cancellation:
		status = "cancelled"
	case Reminder:
		left = minReminderLeft
	}
	if in.Kind != Reminder && in.AppointmentChanged.After(in.Planned) {
		return true // the later change has a message of its own
	}
	return in.AppointmentStatus != status || !in.AppointmentStart.Equal(in.Start) || in.Start.Sub(in.Now) < left
}

// consented reports whether the contact agreed to the message, in the call it
// follows or recently.
func consented(in DecisionInput, settings *Settings) bool {
	return !in.Consent.At.IsZero() &&
		(inItsCall(in) || in.Now.Sub(in.Consent.At) < settings.ConsentLasts(in.Kind))
}

// inItsCall reports whether consent was given in the call that the message follows.
func inItsCall(in DecisionInput) bool {
	return in.Call != "" && in.Consent.Call == in.Call && !in.Consent.At.IsZero()
}

// tooMany reports whether the contact has reached the limit of messages.
func tooMany(in DecisionInput, settings *Settings) bool {
	today, thisWeek := 0, 0
	for _, at := range in.Recent {
		if in.Now.Sub(at) < day {
			today++
		}
		if in.Now.Sub(at) < 7*day {
			thisWeek++
		}
	}
	perDay, perWeek := settings.Caps()
	return today >= perDay || thisWeek >= perWeek
}

// inOpenHours sends a message in the open hours of every place where its reader
// may be, or waits for them.
func inOpenHours(in DecisionInput, settings *Settings, place phone.Place) Decision {
	until := in.Deadline
	if in.Kind.AboutAppointment() && in.Start.Before(until) {
		until = in.Start
	}
	opens, closes := settings.Hours()
	hours, known := quiethours.Of(settings.Org(), quiethours.Window{Open: opens, Close: closes}, place)
	var at, ends time.Time
	open := false
	if known {
		at, ends, open = hours.Next(in.Now)
	}
	asked := settings.AtOnce() && in.Kind == Information && inItsCall(in) && in.Now.Sub(in.Consent.At) < atOnceFor
	switch {
	case open && at.Equal(in.Now):
		return Decision{Action: Send, Until: earlier(until, ends)}
	case asked:
		return Decision{Action: Send, Until: earlier(until, in.Now.Add(atOnceFor))}
	case !known:
		return suppress(UnknownRegion)
	case !open:
		return suppress(NoCommonHours)
	case in.Kind.AboutAppointment() && !at.Before(in.Start):
		return suppress(QuietHours)
	case !at.Before(in.Deadline):
		return Decision{Action: Expire, Reason: PastDeadline}
	}
	return Decision{Action: Wait, Reason: QuietHours, At: at}
}

// maxValidity bounds how long a carrier tries to deliver a message.
const maxValidity = time.Hour

// validFor returns how long a carrier may try to deliver a message that is sent
// now and must be delivered before until: an hour at most, in whole seconds, as
// carriers count. It returns 0 if there is no time left.
func validFor(now, until time.Time) time.Duration {
	return max(0, min(maxValidity, until.Sub(now))).Truncate(time.Second)
}
