package twiliosms

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
)

// An errorClass is how an error code of Twilio is handled.
type errorClass struct {
	outcome  followup.SendOutcome // of a request with this error
	reason   followup.Reason
	suspends bool          // no message of the clinic goes out: its breaker opens
	wait     time.Duration // before the next attempt, unless Twilio gives one
}

// codes are the errors of the response to a request and, later, of a status
// callback. https://www.twilio.com/docs/api/errors/ followed by the number
// describes each. Any other code is followup.Declined: a permanent failure.
var codes = map[int]errorClass{
	// The contact has opted out.
	21610: {followup.Refused, followup.OptedOut, false, 0}, // texted STOP
	63014: {followup.Refused, followup.OptedOut, false, 0}, // blocked the sender

	// The number cannot be texted.
	21211: {followup.Refused, followup.BadNumber, false, 0}, // is not a number
	21217: {followup.Refused, followup.BadNumber, false, 0}, // does not appear to be one
	21612: {followup.Refused, followup.BadNumber, false, 0}, // cannot be reached from the sender
	30005: {followup.Refused, followup.BadNumber, false, 0}, // is unknown or no longer exists
	21614: {followup.Refused, followup.Landline, false, 0},  // is not a mobile
	21635: {followup.Refused, followup.Landline, false, 0},  // is a landline, where Twilio does not try
	30006: {followup.Refused, followup.Landline, false, 0},  // is a landline, or of an unreachable carrier

	// The account may not text that country; others it may.
	21408: {followup.Refused, followup.RegionClosed, false, 0},

	// The text is not accepted.
	21617: {followup.Refused, followup.Blocked, false, 0}, // has more than 1,600 characters
	30004: {followup.Refused, followup.Blocked, false, 0}, // was blocked
	30007: {followup.Refused, followup.Blocked, false, 0}, // was filtered
	30019: {followup.Refused, followup.Blocked, false, 0}, // is too large for the carrier
	30110: {followup.Refused, followup.Blocked, false, 0}, // has a link of a blocked domain

	// The handset could not be reached.
	30003: {followup.Refused, followup.Unreachable, false, 0},
	30008: {followup.Refused, followup.Unreachable, false, 0}, // for a reason unknown
	30036: {followup.Refused, followup.Unreachable, false, 0}, // before its ValidityPeriod was over

	// Too many at once. By its documentation Twilio has not processed a request
	// that gets 20429. Only that message is tried again.
	20429: {followup.NotSent, followup.RateLimited, false, 0},
	14107: {followup.NotSent, followup.RateLimited, true, 0}, // of the number
	21611: {followup.NotSent, followup.RateLimited, true, 0}, // the number's queue is full
	30001: {followup.NotSent, followup.RateLimited, true, 0}, // a queue overflowed
	30022: {followup.NotSent, followup.RateLimited, true, 0}, // the US carriers' limit for the campaign
	63017: {followup.NotSent, followup.RateLimited, true, 0}, // of the account
	63018: {followup.NotSent, followup.RateLimited, true, 0}, // of the channel
	// The limit of a rolling 24 hours, which frees up gradually.
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

// classify returns the error of a message whose request failed with err. suspends
// reports whether every message of the clinic fails that way. The outcome is
// Uncertain unless err proves that Twilio has not accepted the message.
func classify(err error) (e *followup.SendError, suspends bool) {
	var unsent unsentError
	if errors.As(err, &unsent) {
		return &followup.SendError{Outcome: followup.NotSent, Reason: followup.Transient, Err: err}, false
	}
	var response *apiError
	if !errors.As(err, &response) {
		return &followup.SendError{Outcome: followup.Uncertain, Reason: followup.Transient, Err: err}, false
	}
	c := response.class()
	e = &followup.SendError{Outcome: c.outcome, Reason: c.reason, RetryAfter: max(response.RetryAfter, c.wait), Err: err}
	if response.Code != 0 {
		e.Code = strconv.Itoa(response.Code)
	}
	return e, c.suspends
}

// class returns the class of the code, else of the status. A 4xx with a code is
// from Twilio, which has not processed the request. A 4xx without a code may be
// from a proxy.
func (e *apiError) class() errorClass {
	clientError := e.Status/100 == 4
	c, known := codes[e.Code]
	switch {
	case clientError && known:
		return c
	case e.Status == http.StatusTooManyRequests:
		return codes[20429]
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden, e.Status == http.StatusNotFound,
		e.Status == http.StatusProxyAuthRequired:
		return errorClass{followup.NotSent, followup.BadConfig, true, 0}
	case clientError && e.Code != 0:
		return errorClass{followup.Refused, followup.Declined, false, 0}
	}
	return errorClass{followup.Uncertain, followup.Transient, false, 0}
}

// unusable returns the reason why no further text should go to the number of a
// message that failed for r, or "" if texts may go there.
func unusable(r followup.Reason) followup.Reason {
	switch r {
	case followup.Landline:
		return followup.Landline
	case followup.BadNumber:
		return followup.UnusableNumber
	}
	return ""
}

// deliveryReason returns the reason for an error code in a status callback, which
// is about a message that Twilio had accepted.
func deliveryReason(code string) followup.Reason {
	n, err := strconv.Atoi(code)
	if err != nil || n == 0 {
		return ""
	}
	if c, known := codes[n]; known {
		return c.reason
	}
	return followup.Declined
}
