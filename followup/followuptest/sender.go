package followuptest

import (
	"log/slog"
	"testing"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// SenderHarness makes the sender under test and a fake carrier. New and Orgs are
// required.
type SenderHarness struct {
	// New returns a new sender and the new carrier that it sends to. The sender
	// must log to log. If it is a followup.Reconciler, that is checked too.
	New func(log *slog.Logger) (followup.Sender, Carrier)

	// Orgs are two clinics that the sender knows.
	Orgs [2]tenant.ID

	// Secrets must not appear in any error or log line, such as the clinics'
	// passwords at the carrier.
	//
	// Defaults to no secrets.
	Secrets []string
}

// A Carrier is a fake of a carrier's server. The sender must reach it over a real
// connection, so that lost connections and deadlines are real too. Safe for
// concurrent use.
type Carrier interface {
	// Fault sets how the carrier answers requests from now on. A new carrier
	// answers as with Fine.
	Fault(f Fault)

	// Taken returns the messages that the carrier has accepted, in order.
	Taken() []Taken

	// Close stops the carrier and ends requests that hang.
	Close()
}

// Taken is a message that a carrier has accepted.
type Taken struct {
	To, Body string
	Provider string // the carrier's id of the message
}

// Fault is how a carrier answers.
type Fault int

// The carrier accepts the message only with Fine, Hang and the faults that begin
// with Take. It must answer a request for its list of messages in the same way: a
// fault that drops the connection of a message drops that of a list too. With
// RateLimited and the refusals it may answer such a request as it likes.
const (
	Fine              Fault = iota // accept the message and confirm it
	RefuseConnection               // refuse the connection
	ServerErrorBefore              // answer 503: the sender cannot know whether the message is accepted
	RateLimited                    // answer 429 with Retry-After: 7
	RefuseOptedOut                 // refuse for good: the number has opted out
	RefuseBadNumber                // refuse for good: the number is not valid
	Misconfigured                  // answer 401: the clinic's credentials are wrong
	TakeThenDrop                   // accept the message and close the connection without an answer
	TakeThenError                  // accept the message and answer 500
	TakeThenGarble                 // accept the message and answer 200 with an unreadable body
	Hang                           // accept the message and never answer
)

// String returns the name of the fault.
func (f Fault) String() string {
	return [...]string{
		"Fine", "RefuseConnection", "ServerErrorBefore", "RateLimited", "RefuseOptedOut", "RefuseBadNumber", "Misconfigured",
		"TakeThenDrop", "TakeThenError", "TakeThenGarble", "Hang",
	}[f]
}

// RunSender checks the sender, and its FindSent if it is a followup.Reconciler.
func RunSender(t *testing.T, h SenderHarness) {
	senderContract.Run(t, h.fixture)
}

// FailingSender runs the checks of [RunSender] without a testing.T and returns the
// sentences that do not hold. If only is not empty, it runs those sentences alone;
// a sentence that the suite does not have is returned too.
func FailingSender(h SenderHarness, only ...string) []string {
	return senderContract.Failing(h.fixture, only...)
}
