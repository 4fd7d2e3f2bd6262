package twiliosms

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
)

// A meaning is what one of Twilio's error codes says.
type meaning struct {
	outcome followup.SendOutcome // if the request is answered with it
	reason  followup.Reason
	stops   bool          // nothing of the clinic's goes out: its line is suspended
	wait    time.Duration // before the next attempt, if Twilio does not say
}

// codes are the errors that a text may meet, at the request or later in a
// status callback. Each is described at https://www.twilio.com/docs/api/errors/
// and its number. What is not here is followup.Declined: for good.
var codes = map[int]meaning{
	// The contact has opted out.
	21610: {followup.Refused, followup.OptedOut, false, 0}, // texted STOP
	63014: {followup.Refused, followup.OptedOut, false, 0}, // blocked the sender

	// The number cannot be texted.
	21211: {followup.Refused, followup.BadNumber, false, 0}, // is no number
	21217: {followup.Refused, followup.BadNumber, false, 0}, // does not appear to be one
	21612: {followup.Refused, followup.BadNumber, false, 0}, // cannot be reached from the sender
	30005: {followup.Refused, followup.BadNumber, false, 0}, // is unknown or no longer exists
	21614: {followup.Refused, followup.Landline, false, 0},  // is not a mobile
	21635: {followup.Refused, followup.Landline, false, 0},  // is a landline, where Twilio does not try
	30006: {followup.Refused, followup.Landline, false, 0},  // is a landline, or of an unreachable carrier

	// The account may not text that country; others it may.
	21408: {followup.Refused, followup.RegionClosed, false, 0},

	// The text does not pass.
	21617: {followup.Refused, followup.Blocked, false, 0}, // has more than 1,600 characters
	30004: {followup.Refused, followup.Blocked, false, 0}, // was blocked
	30007: {followup.Refused, followup.Blocked, false, 0}, // was filtered
	30019: {followup.Refused, followup.Blocked, false, 0}, // is too large for the carrier
	30110: {followup.Refused, followup.Blocked, false, 0}, // has a link of a blocked domain

	// The handset could not be reached.
	30003: {followup.Refused, followup.Unreachable, false, 0},
	30008: {followup.Refused, followup.Unreachable, false, 0}, // for a reason unknown
	30036: {followup.Refused, followup.Unreachable, false, 0}, // before its ValidityPeriod was over

	// Too much at once. Twilio has not processed a request that it answers
	// with 20429, so says its page, and that one alone is tried again.
	20429: {followup.NotSent, followup.RateLimited, false, 0},
	14107: {followup.NotSent, followup.RateLimited, true, 0}, // of the number
	21611: {followup.NotSent, followup.RateLimited, true, 0}, // the number's queue is full
	30001: {followup.NotSent, followup.RateLimited, true, 0}, // a queue overflowed
	30022: {followup.NotSent, followup.RateLimited, true, 0}, // the US carriers' limit for the campaign
	63017: {followup.NotSent, followup.RateLimited, true, 0}, // of the account
	63018: {followup.NotSent, followup.RateLimited, true, 0}, // of the channel
	// The limit of a rolling 24 hours: it frees up bit by bit.
	63038: {followup.NotSent, followup.RateLimited, true, time.Hour},

	// The clinic's account, sender or registration is not in order. A trial
	// account, 21608, may still text the numbers that it has verified.
	20003: {followup.NotSent, followup.BadConfig, true, 0}, // wrong credentials, or no permission
	20404: {followup.NotSent, followup.BadConfig, true, 0}, // no such account
	21606: {followup.NotSent, followup.BadConfig, true, 0}, // From cannot send texts
	21608: {followup.NotSent, followup.BadConfig, false, 0},
	21659: {followup.NotSent, followup.BadConfig, true, 0}, // From is not Twilio's
	21703: {followup.NotSent, followup.BadConfig, true, 0}, // the messaging service has no sender
	21704: {followup.NotSent, followup.BadConfig, true, 0}, // it has no number
	21705: {followup.NotSent, followup.BadConfig, true, 0}, // there is no such service
	30002: {followup.NotSent, followup.BadConfig, true, 0}, // the account is suspended
	30010: {followup.NotSent, followup.BadConfig, true, 0}, // above the account's highest price
	30032: {followup.NotSent, followup.BadConfig, true, 0}, // the toll-free number is not verified
	30034: {followup.NotSent, followup.BadConfig, true, 0}, // the US number has no registered campaign
}

// asSendError says what became of a message whose request failed with err, and
// whether all of the clinic's do. What does not show that Twilio surely has not
// taken it is uncertain.
func asSendError(err error) (e *followup.SendError, stops bool) {
	var unmade notDeparted
	if errors.As(err, &unmade) {
		return &followup.SendError{Outcome: followup.NotSent, Reason: followup.Transient, Err: err}, false
	}
	var answer *apiError
	if !errors.As(err, &answer) {
		return &followup.SendError{Outcome: followup.Uncertain, Reason: followup.Transient, Err: err}, false
	}
	m := answer.meaning()
	e = &followup.SendError{Outcome: m.outcome, Reason: m.reason, RetryAfter: max(answer.RetryAfter, m.wait), Err: err}
	if answer.Code != 0 {
		e.Code = strconv.Itoa(answer.Code)
	}
	return e, m.stops
}

// meaning is that of the code, else of the status. A 4xx with a code is
// Twilio's own and has not been processed; one without may be anybody's.
func (e *apiError) meaning() meaning {
	ours := e.Status/100 == 4
	m, known := codes[e.Code]
	switch {
	case ours && known:
		return m
	case e.Status == http.StatusTooManyRequests:
		return codes[20429]
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden, e.Status == http.StatusNotFound,
		e.Status == http.StatusProxyAuthRequired:
		return meaning{followup.NotSent, followup.BadConfig, true, 0}
	case ours && e.Code != 0:
		return meaning{followup.Refused, followup.Declined, false, 0}
	}
	return meaning{followup.Uncertain, followup.Transient, false, 0}
}

// unusable is why no further text should go to a number; empty if one may.
func unusable(r followup.Reason) followup.Reason {
	switch r {
	case followup.Landline:
		return followup.Landline
	case followup.BadNumber:
		return followup.UnusableNumber
	}
	return ""
}

// afterwards is what an error code in a status callback says: of a message that
// Twilio had taken.
func afterwards(code string) followup.Reason {
	n, err := strconv.Atoi(code)
	if err != nil || n == 0 {
		return ""
	}
	if m, known := codes[n]; known {
		return m.reason
	}
	return followup.Declined
}
