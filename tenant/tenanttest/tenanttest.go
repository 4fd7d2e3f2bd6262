// Package tenanttest checks that clinics are kept apart: [Run] that a
// [booking.Store] is a silo for each of them, [RunDirectory] that a
// [tenant.Directory] finds the clinic a request belongs to and no other.
//
//	func TestSilo(t *testing.T) {
//		tenanttest.Run(t, tenanttest.Harness{Store: memory.New()})
//	}
//
// [Failing] runs the same checks and returns what does not hold: a red control
// takes a wall down on purpose and expects to be told.
package tenanttest

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Harness is a store whose silos are checked. Store is required.
type Harness struct {
	// Store may hold other clinics: every check makes clinics of its own.
	Store booking.Store

	// Org makes a clinic known to the store.
	//
	// Defaults to tenant.NewID.
	Org func() tenant.ID
}

// Run checks h.Store. With -short, it makes 800 random attempts, not 10,000.
func Run(t *testing.T, h Harness) {
	for _, c := range checks {
		t.Run(c.sentence, func(t *testing.T) { c.on(t, h) })
	}
}

// Failing checks h.Store as [Run] does with -short, reports to nobody, and
// returns the sentences that do not hold.
func Failing(h Harness) []string {
	var failing []string
	for _, c := range checks {
		if fails(func(r reporter) { c.on(r, h) }) {
			failing = append(failing, c.sentence)
		}
	}
	return failing
}

// fails reports whether a check that reports to nobody does.
func fails(check func(reporter)) bool {
	r := &recorder{}
	done := make(chan struct{})
	go func() { // which a Fatalf ends
		defer close(done)
		check(r)
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

// A check is a sentence about silos and the test of it.
type check struct {
	sentence string
	run      func(ctx context.Context, t reporter, s silos)
}

var checks = []check{
	{"no method answers without a clinic", noClinic},
	{"another clinic's appointment is not found, in the words used for an unknown one", unknownAlike},
	{"what fails on another clinic's appointment changes nothing of it", nothingChanged},
	{"lists and ranges hold and count the clinic's own only", ownOnly},
	{"a limit counts the clinic's own only", ownLimit},
	{"resources of one name in two clinics do not collide", noCollision},
	{"what is taken is told of the clinic's own only", ownBusy},
	{"one phone is a contact of its own in each clinic", ownContact},
	{"one key in two clinics makes two appointments", ownKey},
	{"an id that another clinic uses is free to claim, and is no replay", ownID},
	{"of simultaneous claims in many clinics one wins in each", ownWinner},
	{"random attempts on other clinics, at once and among calls on the own, all fail", attempts},
}

func (c check) on(r reporter, h Harness) {
	if h.Org == nil {
		h.Org = tenant.NewID
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	_, quiet := r.(*recorder)
	c.run(ctx, r, silos{Harness: h, short: quiet || testing.Short()})
}
