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
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
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
	for _, m := range contract {
		t.Run(m.method, func(t *testing.T) {
			for _, c := range m.checks {
				t.Run(c.sentence, func(t *testing.T) { c.on(t, h) })
			}
		})
	}
}

// Failing checks h.Store as [Run] does with -short, reports to nobody, and
// returns the sentences that do not hold. If only is not empty, it is the
// sentences to check; one that is not in the suite does not hold.
func Failing(h Harness, only ...string) []string {
	var failing []string
	unknown := slices.Clone(only)
	for _, m := range contract {
		for _, c := range m.checks {
			if len(only) > 0 && !slices.Contains(only, c.sentence) {
				continue
			}
			unknown = slices.DeleteFunc(unknown, func(s string) bool { return s == c.sentence })
			if c.fails(h) {
				failing = append(failing, c.sentence)
			}
		}
	}
	return append(failing, unknown...)
}

// A reporter is what a check needs of a [testing.T].
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// A recorder is a reporter that remembers.
type recorder struct{ failed bool }

func (r *recorder) Helper() {}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

func (r *recorder) Fatalf(string, ...any) {
	r.failed = true
	runtime.Goexit()
}

// A check is a sentence and the test of it.
type check struct {
	sentence string
	run      func(f *fixture)
}

func (c check) on(r reporter, h Harness) {
	if h.Org == nil {
		h.Org = tenant.NewID
	}
	if h.Seed == 0 {
		h.Seed = uint64(time.Now().UnixNano())
	}
	f, done := newFixture(r, h)
	defer done()
	c.run(f)
}

func (c check) fails(h Harness) bool {
	r := &recorder{}
	done := make(chan struct{})
	go func() { // which a Fatalf ends
		defer close(done)
		c.on(r, h)
	}()
	<-done
	return r.failed
}

// contract is booking.Store's, method by method.
var contract = []struct {
	method string
	checks []check
}{
	{"Store", storeChecks},
	{"Claim", claimChecks},
	{"Move", moveChecks},
	{"Confirm", confirmChecks},
	{"Cancel", cancelChecks},
	{"Look", lookChecks},
	{"Find", findChecks},
	{"Events", eventsChecks},
	{"Model", modelChecks},
}
