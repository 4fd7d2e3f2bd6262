package vapi

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// An Observer counts and measures what a [Handler] answers. It is called once
// per request, before the answer is written, so it must be quick. Safe for
// concurrent use.
type Observer interface {
	Observe(ctx context.Context, o Observation)
}

// Observation is one answered request.
type Observation struct {
	Org  tenant.ID // zero if the request proved nothing
	Call string    // Vapi's id of the call; empty if it gave none

	// Type is the message's type and Known whether this package knows it; one
	// that it does not know is no label for a counter.
	Type  string
	Known bool

	// Unregistered says that the message names a phone number or an assistant
	// that the directory gives to no clinic.
	Unregistered bool

	Proof    AuthMethod    // how it was proved; empty if it was not
	Status   int           // of HTTP
	Outcome  string        // "ok", "quarantined", or a code such as "unauthorized"
	Duration time.Duration // from the request's header to its answer
}
