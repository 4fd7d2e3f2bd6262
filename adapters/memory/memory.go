// Package memory keeps clinics and their appointments in memory: the reference
// implementation of [booking.Store], of the stores of package followup and of
// [tenant.Directory], to be read in one sitting. Tests, demonstrations and
// single-process trials run on it. The data ends with the process.
//
//	store := memory.New()
//	directory, err := memory.NewDirectory(tenant.Registration{Org: org, Secrets: secrets})
//
// A [Store] is right before it is fast: one lock makes every call atomic, so
// that any other store must behave as if it did the same.
package memory
