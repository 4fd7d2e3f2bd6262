// Package bookingtest checks that a [booking.Store] keeps its contract: each
// sentence of the interface's comments is a subtest with that sentence as its
// name, one model of booking is the oracle for random sequences of actions and
// for histories of concurrent ones, and races are run for real.
//
//	func TestStore(t *testing.T) {
//		bookingtest.Run(t, bookingtest.Harness{Store: memory.New()})
//	}
//
// [Failing] runs the same checks and returns what does not hold: a red control
// breaks a store on purpose and expects to be told.
package bookingtest

import (
	"testing"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// Harness is a store and what the checks may do with it. Store is required.
type Harness struct {
	// Store is what is checked. It may hold other clinics: every check makes
	// clinics of its own.
	Store booking.Store

	// Org makes a clinic known to the store.
	//
	// Defaults to tenant.NewID.
	Org func() tenant.ID

	// Advance lets the store's clock pass d, at once. It is called while the
	// store is in use.
	//
	// Defaults to nil: the store reads the real clock, so holds are made for
	// milliseconds and waited out.
	Advance func(d time.Duration)

	// Seed makes random calls those of an earlier run, which says its seed if
	// it fails.
	//
	// Defaults to the time.
	Seed uint64
}

// Run checks h.Store. With -short, races are run in fewer rounds.
func Run(t *testing.T, h Harness) {
	contract.Run(t, h.fixture)
}

// Failing checks h.Store as [Run] does with -short, reports to nobody, and
// returns the sentences that do not hold. If only is not empty, it is the
// sentences to check; one that is not in the suite does not hold.
func Failing(h Harness, only ...string) []string {
	return contract.Failing(h.fixture, only...)
}

type check = suite.Check[*fixture]

// contract is booking.Store's, method by method.
var contract = suite.Suite[*fixture]{
	{"Store", storeChecks},
	{"Claim", claimChecks},
	{"Move", moveChecks},
	{"Confirm", confirmChecks},
	{"Cancel", cancelChecks},
	{"Look", lookChecks},
	{"Find", findChecks},
	{"Events", eventsChecks},
	{"Silo", siloChecks},
	{"Model", modelChecks},
}
