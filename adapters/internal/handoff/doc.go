// Package handoff holds the proofs of a promise that no one package keeps
// alone: a dropped call becomes one text, whatever breaks. They run the real
// parts, in processes that are killed, on a real PostgreSQL server and against
// Twilio's wire protocol; only the network's far edge is a fake.
//
//	make kill         1,000 calls, workers killed, a carrier that fails
//	make interleave   10,000 bookings and opt-outs against sends
//	make bench        how fast it is
package handoff
