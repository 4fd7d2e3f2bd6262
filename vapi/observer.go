package vapi

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// An Observer counts and measures the answers of a [Handler].
type Observer interface {
	// Observe is called once per request, before the answer is written, so it
	// must be quick. It must be safe for concurrent use.
	Observe(ctx context.Context, o Observation)
}

// Observation is one answered request.
type Observation struct {
	Org  tenant.ID // zero for an unauthenticated request
	Call string    // Vapi's id of the call; empty without one

	// Type is the message's type, and Known reports whether this package knows
	// it. An unknown type must not label a counter: the sender chose it.
	Type  string
	Known bool

	// Unregistered reports that the message names a phone number or an
	// assistant which the directory gives to no clinic.
	Unregistered bool

	Proof    AuthMethod    // empty for an unauthenticated request
	Status   int           // of HTTP
	Outcome  string        // such as "ok" or "unauthorized"; see the package comment
	Duration time.Duration // from the request's header to its answer
}
