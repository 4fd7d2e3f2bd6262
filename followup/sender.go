package followup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A Sender hands text messages to a carrier. Package followuptest checks an
// implementation. Safe for concurrent use.
type Sender interface {
	// Send hands m to the carrier, once: it never repeats a request that may
	// have been taken. It calls m.Departed when the request is on its way, and
	// from then on returns without an error only if the carrier has accepted m.
	//
	// An error is a *SendError. Its Outcome is NotSent only if the carrier
	// surely has not taken m: it could not be reached, or said so. It is
	// Refused if it said so for good, and Uncertain in every other case, such
	// as a lost connection, a deadline or an answer that cannot be read. An
	// end of ctx before m has departed is NotSent, and Uncertain after it.
	//
	// The text, the number and the clinic's secrets are in no error and in no
	// log line. One clinic's trouble does not touch another's messages.
	Send(ctx context.Context, org tenant.ID, m Message) (Receipt, error)
}

// A Reconciler is a [Sender] whose carrier can be asked what it has.
type Reconciler interface {
	// Find looks for the last attempt of an intent among what the carrier has
	// taken for m.To at about m.Tried or after it, and reports whether it is
	// there. found is true only for a message of which m.Is says so. An error
	// means that nobody knows; the carrier's list may lag, so that not found
	// is certain only some time after the attempt: see WorkerConfig.ReconcileDelay.
	FindSent(ctx context.Context, org tenant.ID, m UnconfirmedMessage) (r Receipt, found bool, err error)
}

// A Pacer is a [Sender] that limits how fast a clinic's messages go out.
type Pacer interface {
	// Pace reports how many messages of the clinic, at most want, may be sent
	// now, and takes them as sent. If it is fewer, again is how long to wait
	// before asking again, and why is the reason: RateLimited or, of a clinic
	// whose sending is suspended, what suspended it. It does not wait itself:
	// it is asked while contacts are kept from booking.
	Pace(org tenant.ID, want int) (may int, again time.Duration, why Reason)
}

// Message is a text to be sent. It prints and logs as its intent's id only.
type Message struct {
	Intent IntentID // the tag by which the carrier's callbacks name it
	To     string   // E.164
	Body   string

	// ValidFor is how long the carrier may try to deliver it: it ends before
	// the hours do in which the contact may be texted.
	ValidFor time.Duration

	departed func()
}

// WithDeparted returns m whose Departed calls f.
func (m Message) WithRequestWritten(f func()) Message {
	m.departed = f
	return m
}

// Departed says that the request is on its way to the carrier and cannot be
// taken back. Until it is called, or Send returns, the contact can neither book
// nor opt out: call it as soon as the request is written.
func (m Message) RequestWritten() {
	if m.departed != nil {
		m.departed()
	}
}

// String returns the intent's id and nothing else.
func (m Message) String() string { return "message " + string(m.Intent) }

// GoString keeps %#v from printing the person.
func (m Message) GoString() string { return m.String() }

// LogValue keeps slog from logging the person.
func (m Message) LogValue() slog.Value { return slog.StringValue(string(m.Intent)) }

// Lost is an attempt of which nobody knows whether the carrier took it. It
// prints and logs as its intent's id only.
type UnconfirmedMessage struct {
	Intent IntentID
	To     string
	Tried  time.Time
	Digest [32]byte
}

// Is reports whether body is the text of the attempt.
func (l UnconfirmedMessage) Is(body string) bool { return Digest(body) == l.Digest }

// String returns the intent's id and nothing else.
func (l UnconfirmedMessage) String() string { return "message " + string(l.Intent) }

// GoString keeps %#v from printing the person.
func (l UnconfirmedMessage) GoString() string { return l.String() }

// LogValue keeps slog from logging the person.
func (l UnconfirmedMessage) LogValue() slog.Value { return slog.StringValue(string(l.Intent)) }

// Receipt is a carrier's word for having taken a message.
type Receipt struct {
	Provider string // its id of the message
	State    State  // Accepted, or further on if it says so; zero: Accepted
}

// SendOutcome is what an error says of the message.
type SendOutcome int

// Uncertain is the zero value: what is not known to be otherwise may have been sent.
const (
	Uncertain SendOutcome = iota
	NotSent               // surely; it may be sent again
	Refused               // for good; it must not be sent again
)

// SendError is why a message was not accepted.
type SendError struct {
	Outcome SendOutcome
	Reason  Reason // OptedOut, BadNumber, Landline, RateLimited, BadConfig, Blocked, RegionClosed, Declined or Transient
	Code    string // the carrier's

	// RetryAfter is how long the carrier asks to wait; zero: it does not say.
	RetryAfter time.Duration

	Err error // what happened, without the text, the number or a secret
}

// Error names the reason and the carrier's code.
func (e *SendError) Error() string {
	outcome := [...]string{"may have been sent", "not sent", "refused"}[e.Outcome]
	text := fmt.Sprintf("followup: message %s: %s", outcome, e.Reason)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns what happened.
func (e *SendError) Unwrap() error { return e.Err }

// asSendError is err as a SendError: one that is none may have been sent.
func asSendError(err error) *SendError {
	var e *SendError
	if errors.As(err, &e) {
		return e
	}
	return &SendError{Outcome: Uncertain, Reason: Transient, Err: err}
}
