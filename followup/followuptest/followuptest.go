// Package followuptest checks that stores and senders of package followup keep
// their contracts: each sentence of an interface's comments is a subtest with that
// sentence as its name. Sentences about concurrency are checked with goroutines
// that race on the real implementation, in many rounds.
//
//	func TestFollowUpStore(t *testing.T) {
//		store := memory.New()
//		f := store.FollowUps()
//		followuptest.RunStore(t, followuptest.StoreHarness{Store: f, Queue: f, Links: f, Booking: store})
//	}
//
// [FailingStore] and [FailingSender] run the same checks and return the sentences
// that do not hold. A red control uses them: it breaks an implementation on purpose
// and expects the broken sentence among those returned.
package followuptest

import "github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"

type check[F any] = suite.Check[F]
