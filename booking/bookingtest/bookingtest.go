// Package bookingtest checks that a [booking.Store] keeps its contract: each
// sentence of the interface's comments is a subtest with that sentence as its
// name, one model of booking is the oracle for random sequences of actions and
// for histories of concurrent ones, and races are run for real.
//
//	func TestStore(t *testing.T) {
//		bookingtest.Run(t, bookingtest.Harness{Store: memory.New()})
//	}
//
// [Failing] runs the same checks and returns the sentences that do not hold,
// for a red control: a store that is broken on purpose must fail.
package bookingtest

import (
	"testing"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// Harness is a store under test. Store is required.
type Harness struct {
	// Store may hold other clinics: every check makes clinics of its own.
	Store booking.Store

	// Org makes a clinic known to the store.
	//
	// Defaults to tenant.NewID.
	Org func() tenant.ID

	// Advance moves the store's clock forward by d at once. It must be safe to
	// call while the store is in use.
	//
	// Default: the store reads the real clock, so the checks make holds of
	// milliseconds and wait until they expire.
	Advance func(d time.Duration)

	// Seed repeats the random calls of an earlier run. A failure prints its
	// seed.
	//
	// Defaults to the time.
	Seed uint64
}

// Run checks h.Store. With -short, races are run in fewer rounds.
func Run(t *testing.T, h Harness) {
	contract.Run(t, h.fixture)
}

// Failing checks h.Store as [Run] does with -short, without a [testing.T], and
// returns the sentences that do not hold. If only is not empty, it checks only
// those sentences; a sentence that is not in the suite does not hold.
func Failing(h Harness, only ...string) []string {
	return contract.Failing(h.fixture, only...)
}

type check = suite.Check[*fixture]

// contract is the contract of booking.Store, method by method.
var contract = suite.Suite[*fixture]{
	{"Store", storeChecks},
	{"Claim", claimChecks},
	{"Move", moveChecks},
	{"Confirm", confirmChecks},
	{"Cancel", cancelChecks},
	{"ListBusy", listBusyChecks},
	{"ListAppointments", listAppointmentsChecks},
	{"ListEvents", listEventsChecks},
	{"Silo", siloChecks},
	{"Model", modelChecks},
}
