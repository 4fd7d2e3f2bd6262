// Package e2e tests from end to end that a dropped call becomes one text,
// whatever fails: a promise of several packages together. The tests run the real
// parts, in processes that are killed, on a real PostgreSQL server and over
// Twilio's wire protocol; only the carrier is a fake.
//
//	make kill         1,000 calls, workers killed, a carrier that fails
//	make interleave   10,000 bookings and opt-outs against sends
//	make bench        the figures
package e2e
