// Package vapi answers Vapi: HTTP in, library out.
//
// A [Handler] takes the messages Vapi posts for a clinic. It finds the clinic
// by the key in the path, proves on the raw bytes that its Vapi account sent
// them, reads what it needs of them in one pass, and answers: tool calls by a
// registry of [Tool]s that integrators add to ([BookingTools] are the ones that
// book, [FollowUpTools] those that text), the question which assistant takes a
// call, and everything else with the harmless reply Vapi expects. With a
// [FollowUp] it passes on what it is told of calls before it answers.
//
//	tools, err := vapi.BookingTools(vapi.BookingConfig{Service: svc, Phones: phonenumbers.Parser{}})
//	handler, err := vapi.New(vapi.Config{Directory: clinics, Tools: append(tools, mine)})
//	mux.Handle("POST /vapi/{key}", handler)
//
// [Definitions] and [NewAssistant] write the other side of the conversation:
// the tools and the assistant as JSON that Vapi takes.
//
// Nothing that a caller said, no name, number, argument or secret is logged or
// put in an error: log lines carry the clinic's id, the call's id, the type of
// message and what came of it.
package vapi
