package followup

import (
	"time"

	"github.com/callwaiting-ai/callwaiting/followup/quiethours"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

// A Policy says whether a message may be sent, and when. [StandardPolicy] is
// the default. Safe for concurrent use.
type Policy interface {
	// Decide says whether the candidate may be sent now, at c.Now. It is asked
	// under the contact's lock, twice for a message that is sent, so it must
	// be quick and answer from its arguments alone.
	Decide(c DecisionInput, clinic *Settings, place phone.Place) Decision
}

// Decision is a [Policy]'s answer.
type Decision struct {
	Action Action // Send, Wait, Suppress or Expire
	Reason Reason
	At     time.Time // when to ask again: with Wait
	Until  time.Time // when the message must have been delivered: with Send
}

// StandardPolicy is the [Policy] for clinics as they are: no message without
// consent, after an opt-out or a booking, too late, too often, or at an hour
// that is quiet anywhere its reader may be.
type StandardPolicy struct{}

const (
	// atOnceFor is how long after a caller agreed to it a document may go out
	// at any hour: longer than a call lasts, by default.
	atOnceFor = 15 * time.Minute

	// reminderBefore is how long before an appointment it is too late for a
	// reminder.
	reminderBefore = 5 * time.Minute
)

// Decide implements [Policy].
func (StandardPolicy) Decide(c DecisionInput, clinic *Settings, place phone.Place) Decision {
	switch {
	case !clinic.Sends(c.Kind):
		return suppress(SwitchedOff)
	case c.Phone == "":
		return suppress(NoNumber)
	case validFor(c.Now, c.Deadline) == 0:
		return Decision{Action: Expire, Reason: PastDeadline}
	case c.OptedOut:
		return suppress(OptedOut)
	case c.Unusable != "":
		return suppress(c.Unusable)
	case c.Kind.AboutAppointment() && gone(c):
		return suppress(AppointmentGone)
	case !c.Kind.AboutAppointment() && c.Booked:
		return suppress(Booked)
	case !c.Kind.AboutAppointment() && c.HeldUntil.After(c.Now):
		return Decision{Action: Wait, Reason: Held, At: c.HeldUntil}
	// Who gives a number for an appointment agrees to be texted about it: prior
	// express consent, 47 CFR 64.1200(a)(1)(iii), and no advertising in it.
	case !c.Kind.AboutAppointment() && !consented(c, clinic):
		return suppress(NoConsent)
	case place.Line == phone.Landline:
		return suppress(Landline)
	case c.Due.After(c.Now):
		return Decision{Action: Wait, Reason: NotDue, At: c.Due}
	case !c.Kind.AboutAppointment() && tooMany(c, clinic):
		return suppress(TooMany)
	}
	return inOpenHours(c, clinic, place)
}

func suppress(why Reason) Decision { return Decision{Action: Suppress, Reason: why} }

// gone reports whether an appointment is no longer what its message says.
func gone(c DecisionInput) bool {
	status, left := "booked", quiethours.MinOpen
	switch c.Kind {
	case Cancellation:
		status = "cancelled"
	case Reminder:
		left = reminderBefore
	}
	if c.Kind != Reminder && c.AppointmentChanged.After(c.Planned) {
		return true // that change has a message of its own
	}
	return c.AppointmentStatus != status || !c.AppointmentStart.Equal(c.Start) || c.Start.Sub(c.Now) < left
}

// consented reports whether the contact agreed to the message: in the call it
// follows, or not too long ago.
func consented(c DecisionInput, clinic *Settings) bool {
	return !c.Consent.At.IsZero() &&
		(inItsCall(c) || c.Now.Sub(c.Consent.At) < clinic.ConsentLasts(c.Kind))
}

// inItsCall reports whether consent was given in the call that c follows.
func inItsCall(c DecisionInput) bool {
	return c.Call != "" && c.Consent.Call == c.Call && !c.Consent.At.IsZero()
}

// tooMany reports whether the contact has had its share of messages.
func tooMany(c DecisionInput, clinic *Settings) bool {
	today, thisWeek := 0, 0
	for _, at := range c.Recent {
		if c.Now.Sub(at) < day {
			today++
		}
		if c.Now.Sub(at) < 7*day {
			thisWeek++
		}
	}
	perDay, perWeek := clinic.Caps()
	return today >= perDay || thisWeek >= perWeek
}

// inOpenHours sends a message in hours that are open wherever its reader may
// be, or waits for them.
func inOpenHours(c DecisionInput, clinic *Settings, place phone.Place) Decision {
	until := c.Deadline
	if c.Kind.AboutAppointment() && c.Start.Before(until) {
		until = c.Start
	}
	opens, closes := clinic.Hours()
	hours, known := quiethours.Of(clinic.Org(), quiethours.Window{Open: opens, Close: closes}, place)
	var at, ends time.Time
	open := false
	if known {
		at, ends, open = hours.Next(c.Now)
	}
	asked := clinic.AtOnce() && c.Kind == Information && inItsCall(c) && c.Now.Sub(c.Consent.At) < atOnceFor
	switch {
	case open && at.Equal(c.Now):
		return Decision{Action: Send, Until: earlier(until, ends)}
	case asked:
		return Decision{Action: Send, Until: earlier(until, c.Now.Add(atOnceFor))}
	case !known:
		return suppress(UnknownRegion)
	case !open:
		return suppress(NoCommonHours)
	case c.Kind.AboutAppointment() && !at.Before(c.Start):
		return suppress(QuietHours)
	case !at.Before(c.Deadline):
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
