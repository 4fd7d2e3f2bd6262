// Package vapi answers Vapi: HTTP in, library out.
//
// A [Handler] takes the messages that Vapi posts for a clinic. It finds the
// clinic by the key in the path, authenticates the raw bytes, decodes them in
// one pass, and answers: a tool call by a [Tool], the question which assistant
// takes a call by [Config.Assistant], and every other message with the harmless
// reply that Vapi expects. A [FollowUp] gets the facts about calls before they
// are acknowledged.
//
//	all, err := tools.New(tools.Config{Booking: svc, Phones: phonenumbers.Parser{}})
//	handler, err := vapi.New(vapi.Config{Directory: clinics, Tools: append(all, mine)})
//	mux.Handle("POST /vapi/{key}", handler)
//
// Package tools has the tools that book and text. [Definitions] and package
// assistant write the other side of the conversation: the tools and the
// assistant as JSON that Vapi takes.
//
// # Log lines
//
// A log line or an error must not hold a caller's words, a name, a number, an
// argument or a secret. Lines carry the clinic's id ("org"), the call's id
// ("call"), the type of message and an outcome. These are the lines:
//
//	vapi: request                  each request, with status and outcome
//	vapi: tool call                each tool call, with tool and outcome
//	vapi: caller lookup failed     the call went on without the caller's variables
//	vapi: call not persisted       the beginning of a call was not recorded
//	tools: interest not persisted  the time that a caller asked for was dropped
//
// The outcomes of a request, beside the HTTP status of each:
//
//	ok                  200, answered or acknowledged
//	unanswered          200, no assistant could take the call: the caller hears an apology
//	unmatched           200, a message about a call without a call id; it is counted
//	bad_json            400, the body is not one JSON text
//	no_type             400, the body has no message.type
//	unreadable          400, the body ended early
//	unauthorized        401, no valid secret, bearer token or signature
//	forbidden           403, a phone number or assistant of another clinic, or of none with
//	                    Config.RegisteredOnly; the line has "audit": true
//	not_found           404, no clinic has the key in the path
//	method_not_allowed  405, only POST is answered
//	too_large           413, see Config.MaxBody
//	internal            500, a panic; the line has its stack
//	unavailable         503, the directory or the follow-up store failed; Vapi may retry
//
// The outcomes of a tool call:
//
//	booked, available…  the Status of the tool's result
//	unknown_tool        the model called a tool that does not exist
//	bad_arguments       the arguments are not a JSON object
//	late                the tool failed at Config.ToolDeadline
//	failed              the tool returned an error, which the line has
//	panic               the tool panicked; the line has its stack
//
// A tool that ignores its context is logged when it returns, if ever.
package vapi
