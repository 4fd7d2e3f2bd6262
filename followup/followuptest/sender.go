package followuptest

import (
	"log/slog"
	"testing"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// SenderHarness is a sender, and a carrier for it to send to. New and Orgs are
// required.
type SenderHarness struct {
	// New returns a sender that sends to the carrier and logs to log, both
	// fresh. If the sender is a followup.Reconciler, that is checked too.
	New func(log *slog.Logger) (followup.Sender, Carrier)

	// Orgs are two clinics that the sender knows.
	Orgs [2]tenant.ID

	// Secrets are what must be in no error and in no log line, such as the
	// clinics' passwords at the carrier.
	Secrets []string
}

// A Carrier is a pretended carrier, behind the real road to it: what a sender
// does on a socket it does on this one's. Safe for concurrent use.
type Carrier interface {
	// Fault says how requests are answered that come from now on. A new
	// carrier's are Fine.
	Fault(f Fault)

	// Taken returns the messages that the carrier has taken, in their order.
	Taken() []Taken

	// Close ends the carrier, and what hangs.
	Close()
}

// Taken is a message that a carrier has taken.
type Taken struct {
	To, Body string
	Provider string // the carrier's id of it
}

// Fault is how a carrier answers.
type Fault int

// In none but those that say so does the carrier take a message. A request that
// asks what the carrier has is answered alike: dropped where messages are
// dropped, and so on; with RateLimited and the refusals as the fake likes.
const (
	Fine              Fault = iota // takes the message and says so
	RefuseConnection               // cannot be reached: no connection comes about
	ServerErrorBefore              // 503, which does not tell whether it has taken it
	RateLimited                    // 429 with Retry-After: 7
	RefuseOptedOut                 // for good: the number has opted out
	RefuseBadNumber                // for good: it is not a number
	Misconfigured                  // 401: the clinic's credentials are wrong
	TakeThenDrop                   // takes it and closes the connection without an answer
	TakeThenError                  // takes it and answers 500
	TakeThenGarble                 // takes it and answers 200 with what cannot be read
	Hang                           // takes it and never answers
)

// RunSender checks the sender and, if it is one, the reconciler.
func RunSender(t *testing.T, h SenderHarness) {
	senderContract.Run(t, h.fixture)
}

// FailingSender checks as [RunSender] does, reports to nobody, and returns the
// sentences that do not hold. If only is not empty, it is the sentences to
// check; one that is not in the suite does not hold.
func FailingSender(h SenderHarness, only ...string) []string {
	return senderContract.Failing(h.fixture, only...)
}
