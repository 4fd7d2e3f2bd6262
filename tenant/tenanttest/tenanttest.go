// Package tenanttest checks that clinics are kept apart. [RunSilo] checks that
// a store of any kind of record is a silo for each clinic; [RunDirectory] that a
// [tenant.Directory] finds the clinic a request belongs to and no other. Package
// bookingtest runs the silo suite on every booking.Store.
//
//	func TestDirectory(t *testing.T) {
//		tenanttest.RunDirectory(t, tenanttest.DirectoryHarness{Directory: directory, Clinics: clinics})
//	}
//
// [FailingSilo] and [FailingDirectory] run the same checks and return the
// sentences that do not hold: a red control breaks a store on purpose and
// expects the suite to notice. Package suite runs these and all other
// conformance suites of this module.
package tenanttest
