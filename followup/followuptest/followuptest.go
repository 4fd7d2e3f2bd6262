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

import "github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"

type check[F any] = suite.Check[F]
