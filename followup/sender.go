package followup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A Sender sends text messages through a carrier. Package followuptest checks an
// implementation. Safe for concurrent use.
type Sender interface {
	// Send sends m to the carrier, once: it must not repeat a request that the
	// carrier may have accepted. It calls m.RequestWritten when the request is
	// written. It returns no error only if the carrier has accepted m.
	//
	// An error is a *SendError. Its Outcome is NotSent only if the carrier
	// certainly has not accepted m: it could not be reached, or answered so. It
	// is Refused if the carrier refused m for good, and Uncertain in every
	// other case, such as a lost connection, a deadline or an answer that
	// cannot be read. An end of ctx is NotSent before the request is written,
	// and Uncertain after it.
	//
	// No error and no log line may hold the text, the number or a secret of the
	// clinic. Failures of one clinic must not delay or fail another's messages.
	Send(ctx context.Context, org tenant.ID, m Message) (Receipt, error)
}

// A Reconciler is a [Sender] with a carrier that lists the messages it has accepted.
type Reconciler interface {
	// FindSent finds the last attempt of an intent in the carrier's list of
	// messages to m.To from about m.Tried on. found is true only for a message
	// that m.Is reports. An error means that the outcome stays unknown. The list
	// may lag, so absence is certain only some time after the attempt: see
	// WorkerConfig.ReconcileDelay.
	FindSent(ctx context.Context, org tenant.ID, m UnconfirmedMessage) (r Receipt, found bool, err error)
}

// A Pacer is a [Sender] that limits how fast a clinic's messages go out.
type Pacer interface {
	// Pace returns how many messages of the clinic, at most want, may be sent
	// now, and counts them as sent. If allowed is less than want, retryAfter is
	// how long to wait before the next call, and why is the reason: RateLimited
	// or, for a clinic with suspended sending, the cause of that. Pace must
	// not wait: it is called while contacts are locked.
	Pace(org tenant.ID, want int) (allowed int, retryAfter time.Duration, why Reason)
}

// Message is a text message to send. It prints and logs as its intent's id.
type Message struct {
	Intent IntentID // the tag by which the carrier's callbacks name it
	To     string   // E.164
	Body   string

	// ValidFor is how long the carrier may try to deliver it: it ends before
	// the hours in which the contact may be texted do.
	ValidFor time.Duration

	requestWritten func()
}

// WithRequestWritten returns m with a RequestWritten that calls f.
func (m Message) WithRequestWritten(f func()) Message {
	m.requestWritten = f
	return m
}

// RequestWritten reports that the request is written and cannot be withdrawn.
// Until it is called, or Send returns, the contact can neither book nor opt out:
// a Sender must call it as soon as the request is written.
func (m Message) RequestWritten() {
	if m.requestWritten != nil {
		m.requestWritten()
	}
}

// String returns the intent's id, without the person.
func (m Message) String() string { return "message " + string(m.Intent) }

// GoString keeps %#v from printing the person.
func (m Message) GoString() string { return m.String() }

// LogValue keeps slog from logging the person.
func (m Message) LogValue() slog.Value { return slog.StringValue(string(m.Intent)) }

// UnconfirmedMessage is an attempt of unknown outcome. It prints and logs as its
// intent's id.
type UnconfirmedMessage struct {
	Intent IntentID
	To     string
	Tried  time.Time
	Digest [32]byte
}

// Is reports whether body is the text of the attempt.
func (u UnconfirmedMessage) Is(body string) bool { return sha256.Sum256([]byte(body)) == u.Digest }

// String returns the intent's id, without the person.
func (u UnconfirmedMessage) String() string { return "message " + string(u.Intent) }

// GoString keeps %#v from printing the person.
func (u UnconfirmedMessage) GoString() string { return u.String() }

// LogValue keeps slog from logging the person.
func (u UnconfirmedMessage) LogValue() slog.Value { return slog.StringValue(string(u.Intent)) }

// Receipt is a carrier's confirmation that it has accepted a message.
type Receipt struct {
	Provider string // its id of the message
	State    State  // Accepted, or a later state if it reports one; zero: Accepted
}

// SendOutcome is the outcome of an attempt that failed.
type SendOutcome int

// Uncertain is the zero value: without proof a message may have been sent.
const (
	Uncertain SendOutcome = iota
	NotSent               // certainly; it may be sent again
	Refused               // for good; it must not be sent again
)

// SendError is why a message was not accepted.
type SendError struct {
	Outcome SendOutcome
	Reason  Reason // OptedOut, BadNumber, Landline, RateLimited, BadConfig, Blocked, RegionClosed, Declined or Transient
	Code    string // the carrier's

	// RetryAfter is the pause that the carrier asks for; zero: unknown.
	RetryAfter time.Duration

	Err error // the cause, without the text, the number or a secret
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

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// asSendError returns err as a SendError. A message with any other error may
// have been sent.
func asSendError(err error) *SendError {
	var e *SendError
	if errors.As(err, &e) {
		return e
	}
	return &SendError{Outcome: Uncertain, Reason: Transient, Err: err}
}
