// Package followuptest checks that the stores and senders of package followup
// keep their contracts: each sentence of an interface's comments is a subtest
// with that sentence as its name, and races are run for real.
//
//	func TestFollowUps(t *testing.T) {
//		store := memory.New()
//		f := store.FollowUps()
//		followuptest.RunStore(t, followuptest.StoreHarness{Store: f, Queue: f, Links: f, Booking: store})
//	}
//
// [FailingStore] and [FailingSender] run the same checks and return what does
// not hold: a red control breaks something on purpose and expects to be told.
package followuptest

import (
	"runtime"
	"slices"
	"testing"
)

// A suite is a contract, method by method. Its checks are made with a fixture F.
type suite[F any] []struct {
	method string
	checks []check[F]
}

// A check is a sentence and the test of it.
type check[F any] struct {
	sentence string
	run      func(F)
}

// run makes each check with a fixture of its own.
func (s suite[F]) run(t *testing.T, fixture func(reporter) (F, func())) {
	for _, m := range s {
		t.Run(m.method, func(t *testing.T) {
			for _, c := range m.checks {
				t.Run(c.sentence, func(t *testing.T) { c.on(t, fixture) })
			}
		})
	}
}

// failing returns the sentences that do not hold, of those in only if there are
// any; one that is not in the suite does not hold.
func (s suite[F]) failing(fixture func(reporter) (F, func()), only []string) []string {
	var failing []string
	unknown := slices.Clone(only)
	for _, m := range s {
		for _, c := range m.checks {
			if len(only) > 0 && !slices.Contains(only, c.sentence) {
				continue
			}
			unknown = slices.DeleteFunc(unknown, func(s string) bool { return s == c.sentence })
			if c.fails(fixture) {
				failing = append(failing, c.sentence)
			}
		}
	}
	return append(failing, unknown...)
}

func (c check[F]) on(r reporter, fixture func(reporter) (F, func())) {
	f, done := fixture(r)
	defer done()
	c.run(f)
}

func (c check[F]) fails(fixture func(reporter) (F, func())) bool {
	r := &recorder{}
	done := make(chan struct{})
	go func() { // which a Fatalf ends
		defer close(done)
		c.on(r, fixture)
	}()
	<-done
	return r.failed
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
