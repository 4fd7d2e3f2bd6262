// Package callwaiting is the map of the module; it holds no code.
//
// A voice agent answers a clinic's phone through Vapi. This module is the
// back office behind it: it books one slot for one caller, texts a caller who
// hung up what was promised, and keeps clinics apart.
//
//	tenant    whose data it is: ID, Org, Directory, Principal
//	booking   one slot, one caller: Service, Catalog, the Store port
//	          booking/schedule     opening hours and free starts, pure arithmetic
//	          booking/bookingtest  what any Store must pass
//	followup  a call ended unbooked: Service, Worker, Policy, the Store, Queue
//	          and Sender ports
//	          followup/followuptest  what any Store and Sender must pass
//	redact    medical facts out, contact facts apart: Engine, Recognizer, slog
//	vapi      HTTP in, library out: Handler, Tool, wire types
//	migrations  the PostgreSQL schema
//	adapters  memory, pgxstore, sqlxstore, twiliosms, phonenumbers, prosener:
//	          one outside thing each
//	examples  minimal, fivecallers, clinic, redline: programs to run and to read
//
// The packages tenant, booking, followup, redact and vapi import the standard library
// and each other only. Outside things come in through ports, small interfaces
// next to the code that needs them, whose comments are the contract that a
// conformance suite checks.
//
// Start with [github.com/callwaiting-ai/callwaiting/vapi] to answer calls, or
// with [github.com/callwaiting-ai/callwaiting/booking] to book from your own
// code; README.md has a tour.
package callwaiting
