// Package callwaiting is the back office of a voice receptionist.
//
// A voice agent answers a clinic's phone through Vapi. This module books one
// slot for one caller, texts the promised document after a dropped call, keeps medical facts out of logs, and keeps clinics apart.
//
// An [Office] is the usual assembly: it serves the clinics of a [Registry],
// each described by one document, a [Clinic]. Every part is usable alone:
//
//	tenant     the clinic that owns the data: ID, Org, Directory, Principal
//	           tenant/phone          phone numbers: parsers and origins
//	           tenant/walltime       wall time to instants
//	           tenant/tenanttest     the conformance suite of directories and scopes
//	booking    one slot, one caller: Service, Catalog, the Store port
//	           booking/schedule      opening hours and free starts, pure arithmetic
//	           booking/bookingtest   the conformance suite of a Store
//	followup   a call that ended without a booking: Service, Worker, Policy, ports
//	           followup/followuptest the conformance suites of stores and senders
//	redact     medical facts out, contact facts apart: Engine, Recognizer, slog
//	vapi       HTTP in, library out: Handler, Tool, Message
//	migrations the PostgreSQL schema
//	adapters   memory, pgxstore, sqlxstore, twiliosms, phonenumbers, prosener:
//	           one outside thing each
//	examples   minimal, fivecallers, clinic, redline: programs to run and to read
//
// The core packages, this one included, import the standard library and each
// other only. Outside things come in through ports: small interfaces next to
// the code that needs them, whose comments are the contract that a conformance
// suite checks.
package callwaiting
