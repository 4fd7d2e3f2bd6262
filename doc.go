// Package callwaiting is the back office of a voice receptionist.
//
// A voice agent answers a clinic's phone through Vapi. This module books one
// slot for one caller, texts the promised document after a dropped call, keeps
// medical facts out of logs, and keeps clinics apart.
//
// An [Office] is the usual assembly: it serves the clinics of a [Registry],
// each described by one document, a [Clinic]. Every part is usable alone:
//
//	tenant     the clinic that owns the data: ID, Org, Directory, Principal
//	           tenant/phone, tenant/walltime      numbers and clocks
//	           tenant/tenanttest                  the silo suite, and the runner of all suites
//	booking    one slot, one caller: Service, Catalog, the Store port
//	           booking/schedule                   opening hours and free starts
//	           booking/bookingtest                the conformance suite of a Store
//	followup   after a dropped call: Service, Worker, Policy, ports by noun
//	           followup/procedures, linkpage,
//	           quiethours, sms                    the parts of a message
//	           followup/followuptest              the conformance suites of stores and senders
//	redact     medical facts out, contact facts apart: Engine, Recognizer, slog
//	vapi       HTTP in, library out: Handler, Tool, Message
//	           vapi/tools, vapi/assistant         the tools, and the JSON for Vapi
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
