package followuptest

import (
	"context"
	"testing"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// StoreHarness is a store under test and the means to control it. Store, Queue,
// Links and Booking are required and must share their data.
type StoreHarness struct {
	// Store, Queue, Links and Booking are the ports under test. They may hold
	// other clinics: every check makes its own. The checks dequeue tasks of other
	// clinics too, so no worker may use the queue meanwhile.
	Store   followup.Store
	Queue   followup.Queue
	Links   followup.LinkStore
	Booking booking.Store

	// Org registers a new clinic with the store and returns its id.
	//
	// Defaults to tenant.NewID.
	Org func() tenant.ID

	// Advance moves the store's clock forward by d, at once. It must be safe to
	// call while the store is in use.
	//
	// Defaults to nil: the store reads the real clock, so the checks use leases
	// of milliseconds and sleep until they expire.
	Advance func(d time.Duration)

	// Unmatched returns the counts of CountUnmatched, by kind.
	//
	// Defaults to nil: the counts are not checked.
	Unmatched func(ctx context.Context, org tenant.ID) (map[string]int, error)

	// Rounds is the number of races between a booking or an opt-out and a
	// message.
	//
	// Defaults to 400, and a fifth of it with -short.
	Rounds int

	// Seed repeats the random choices of an earlier run. A failure of a check
	// with random choices names its seed.
	//
	// Defaults to the present time.
	Seed uint64
}

// RunStore checks the stores. With -short, it runs a fifth of the rounds.
func RunStore(t *testing.T, h StoreHarness) {
	storeContract.Run(t, h.fixture)
}

// FailingStore runs the checks of [RunStore] as with -short, without a testing.T,
// and returns the sentences that do not hold. If only is not empty, it runs those
// sentences alone; a sentence that the suite does not have is returned too.
func FailingStore(h StoreHarness, only ...string) []string {
	return storeContract.Failing(h.fixture, only...)
}

// storeContract is the contract of followup.Store, Queue and LinkStore, by method.
var storeContract = suite.Suite[*storeFixture]{
	{"Store", scopeChecks},

	{"UpdateCall", updateCallChecks},
	{"Call", callChecks},

	{"PlanIntents", planIntentsChecks},
	{"Appointment", appointmentChecks},

	{"BeginSending", beginSendingChecks},
	{"DecisionInput", decisionInputChecks},
	{"Batch", releaseChecks},

	{"RecordResults", recordResultsChecks},
	{"RecordStatus", recordStatusChecks},
	{"RecordConsent", recordConsentChecks},
	{"RecordOptOut", recordOptOutChecks},
	{"RecordReply", recordReplyChecks},
	{"ListReplies", listRepliesChecks},
	{"CountUnmatched", countUnmatchedChecks},
	{"Summary", summaryChecks},
	{"ListIntents", listIntentsChecks},
	{"Dequeue", dequeueChecks},
	{"Wait", waitChecks},

	{"Ack", ackChecks},
	{"Link", linkChecks},

	{"UseLink", useLinkChecks},

	{"RevokeLinks", revokeLinksChecks},
}
