// Package suite runs conformance suites. A suite is the contract of a port: its
// sentences, each with the check that it holds. Suite.Run makes each sentence a
// subtest. Suite.Failing returns the sentences that do not hold, so that a red
// control, a port broken on purpose, can prove that the suite notices.
//
//	var contract = suite.Suite[*fixture]{
//		{"Cancel", []suite.Check[*fixture]{
//			{"the error is ErrNotFound for an unknown appointment", unknownAppointment},
//		}},
//	}
package suite

import (
	"runtime"
	"slices"
	"sync"
	"testing"
)

// A Suite is the contract of a port. F is the fixture that its checks work with.
type Suite[F any] []Group[F]

// A Group is the part of a contract that belongs to one method. It is an alias
// of an unnamed type, so that tables need no field names; so is [Check].
type Group[F any] = struct {
	Method string
	Checks []Check[F]
}

// A Check is one sentence of a contract and the test of it.
type Check[F any] = struct {
	Sentence string
	Run      func(F)
}

// A Fixture makes the fixture of one check. The check reports to r; done frees
// the fixture after it.
type Fixture[F any] func(r Reporter) (f F, done func())

// A Reporter is the part of [testing.TB] that a check may use.
type Reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Run makes each check a subtest of t, below its method, with a fixture of its own.
func (s Suite[F]) Run(t *testing.T, fixture Fixture[F]) {
	for _, g := range s {
		t.Run(g.Method, func(t *testing.T) {
			for _, c := range g.Checks {
				t.Run(c.Sentence, func(t *testing.T) { check(t, fixture, c.Run) })
			}
		})
	}
}

// Failing runs the checks without a [testing.T] and returns the sentences that
// do not hold. If only is not empty, it runs those sentences alone; a sentence
// that the suite does not have is returned too.
func (s Suite[F]) Failing(fixture Fixture[F], only ...string) []string {
	var failing []string
	unknown := slices.Clone(only)
	for _, g := range s {
		for _, c := range g.Checks {
			if len(only) > 0 && !slices.Contains(only, c.Sentence) {
				continue
			}
			unknown = slices.DeleteFunc(unknown, func(s string) bool { return s == c.Sentence })
			if fails(fixture, c.Run) {
				failing = append(failing, c.Sentence)
			}
		}
	}
	return append(failing, unknown...)
}

// Short reports whether a check that reports to r may run in fewer rounds: with
// -short, and always in [Suite.Failing].
func Short(r Reporter) bool {
	_, ok := r.(*recorder)
	return ok || testing.Short()
}

// Race calls do n times at once, with 0 to n-1, and returns the results in that
// order. No call begins before every goroutine is there.
func Race[R any](n int, do func(i int) R) []R {
	results := make([]R, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			results[i] = do(i)
		})
	}
	close(start)
	wg.Wait()
	return results
}

func check[F any](r Reporter, fixture Fixture[F], run func(F)) {
	f, done := fixture(r)
	defer done()
	run(f)
}

func fails[F any](fixture Fixture[F], run func(F)) bool {
	r := &recorder{}
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine
		defer close(done)
		check(r, fixture, run)
	}()
	<-done
	return r.failed
}

// A recorder is a Reporter that keeps only whether a check failed.
type recorder struct{ failed bool }

func (r *recorder) Helper() {}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

func (r *recorder) Fatalf(string, ...any) {
	r.failed = true
	runtime.Goexit()
}
