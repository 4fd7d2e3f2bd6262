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

// StoreHarness is a store and what the checks may do with it. Store, Queue,
// Links and Booking are required and have the same data.
type StoreHarness struct {
	// Store, Queue, Links and Booking are what is checked. They may hold other
	// clinics: every check makes clinics of its own. Tasks of other clinics
	// are taken too, so nobody else may work on the queue.
	Store   followup.Store
	Queue   followup.Queue
	Links   followup.LinkStore
	Booking booking.Store

	// Org makes a clinic known to the store.
	//
	// Defaults to tenant.NewID.
	Org func() tenant.ID

	// Advance lets the store's clock pass d, at once. It is called while the
	// store is in use.
	//
	// Defaults to nil: the store reads the real clock, so leases are of
	// milliseconds and waited out.
	Advance func(d time.Duration)

	// Quarantined counts what came that belongs to no call, by kind.
	//
	// Defaults to nil: that it can be counted is not checked.
	Quarantined func(ctx context.Context, org tenant.ID) (map[string]int, error)

	// Rounds is how often a booking or an opt-out races with a message.
	//
	// Defaults to 400, and a fifth of it with -short.
	Rounds int

	// Seed makes random choices those of an earlier run, which says its seed
	// if it fails.
	//
	// Defaults to the time.
	Seed uint64
}

// RunStore checks the stores. With -short, races are run in fewer rounds.
func RunStore(t *testing.T, h StoreHarness) {
	storeContract.Run(t, h.fixture)
}

// FailingStore checks as [RunStore] does with -short, reports to nobody, and
// returns the sentences that do not hold. If only is not empty, it is the
// sentences to check; one that is not in the suite does not hold.
func FailingStore(h StoreHarness, only ...string) []string {
	return storeContract.Failing(h.fixture, only...)
}

// storeContract is that of followup.Store, Queue and LinkStore, by method.
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
