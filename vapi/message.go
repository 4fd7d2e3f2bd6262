package vapi

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Message is a message that Vapi posts, as far as this package reads it. Real
// messages vary more than their schema: a missing or malformed field is zero
// here and never an error.
//
// A Message shares the memory of the body it was decoded from.
type Message struct {
	Type   string    // such as "tool-calls"
	Status string    // of a "status-update", such as "ended"
	Time   time.Time // when Vapi sent it
	Call   Call

	// ToolCalls are the calls of a "tool-calls" message, in Vapi's order, or
	// the one of a "function-call".
	ToolCalls []ToolCall

	sampleRate string // of a "voice-request"

	// Every phone number id and assistant id that the message names.
	phoneNumberIDs, assistantIDs [2]string

	body []byte // the message itself, for Report
}

// Call is the phone call that a message is about. It prints and logs as its id
// only.
type Call struct {
	// ID is Vapi's id of the call, at most 128 of letters, digits, '.', '_',
	// ':' and '-'; empty for an id of another form.
	ID   string
	Type string // such as "inboundPhoneCall"

	// Caller is the other party's number as Vapi gives it: not a number at all
	// if it is withheld, and easily forged.
	Caller string

	// Metadata is the metadata of the call or of its assistant. In a web call
	// the browser chooses it: it must not decide the clinic.
	Metadata json.RawMessage
}

// String returns the call's id only.
func (c Call) String() string { return "call " + c.ID }

// GoString keeps %#v from printing the caller.
func (c Call) GoString() string { return c.String() }

// LogValue keeps slog from logging the caller.
func (c Call) LogValue() slog.Value { return slog.StringValue(c.ID) }

// CallerNumber returns Caller if the telephone network gave it; "" in a web
// call, where the browser chooses it freely.
func (c Call) CallerNumber() string {
	if c.Type == "webCall" || c.Type == "vapi.websocketCall" {
		return ""
	}
	return c.Caller
}

// ToolCall is one call of a tool by the model. It prints and logs as its name
// and id only.
type ToolCall struct {
	ID   string // given by the model's provider; another one if the model asks again
	Name string // of the tool, as the model called it

	// Arguments are a JSON object. The model chose them: they must not decide
	// the caller's identity or the clinic.
	Arguments json.RawMessage

	Org  tenant.Org // the clinic, as the request proved it
	Call Call       // the phone call it is made in

	unreadable bool // the arguments are not a JSON object
}

// String returns the tool's name and the call's id.
func (c ToolCall) String() string { return c.Name + " " + c.ID }

// GoString keeps %#v from printing the arguments.
func (c ToolCall) GoString() string { return c.String() }

// LogValue keeps slog from logging the arguments.
func (c ToolCall) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", c.Name), slog.String("id", c.ID))
}

// types are the messages Vapi is known to send. New ones appear monthly.
var types = map[string]struct{}{
	// Vapi waits for the reply to these.
	"assistant-request":            {},
	"tool-calls":                   {},
	"function-call":                {}, // until 2024
	"transfer-destination-request": {},
	"handoff-destination-request":  {},
	"knowledge-base-request":       {},
	"voice-request":                {},
	"call.endpointing.request":     {},
	"campaign.predial":             {},

	// These are acknowledged.
	"status-update":                      {},
	"end-of-call-report":                 {},
	"conversation-update":                {},
	"speech-update":                      {},
	"hang":                               {},
	"user-interrupted":                   {},
	"assistant.started":                  {},
	"assistant.speechStarted":            {},
	"transcript":                         {},
	`transcript[transcriptType="final"]`: {},
	"model-output":                       {},
	"transfer-update":                    {},
	"language-change-detected":           {},
	"language-changed":                   {},
	"voice-input":                        {},
	"phone-call-control":                 {},
	"chat.created":                       {},
	"chat.deleted":                       {},
	"session.created":                    {},
	"session.updated":                    {},
	"session.deleted":                    {},
	"call.deleted":                       {},
	"call.delete.failed":                 {},
	"call.artifact.upload":               {},
}
