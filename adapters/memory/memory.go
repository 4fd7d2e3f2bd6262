// Package memory keeps clinics and their appointments in memory: the reference
// implementation of [booking.Store], of the stores of package followup and of
// [tenant.Directory], to be read in one sitting, and what tests, demonstrations
// and single-process trials run on. Nothing survives the process.
//
//	store := memory.New()
//	directory, err := memory.NewDirectory(tenant.Registration{Org: org, Secrets: secrets})
//
// A [Store] is right before it is fast: one lock makes every call atomic, so
// whatever is true of a call here must be true of it in any other store.
package memory
