package followup

import "errors"

// Errors of a [Store], a [Queue] and a [LinkStore].
var (
	// ErrNotFound means that the clinic has no such call, appointment or
	// intent, or that a link does not open.
	ErrNotFound = errors.New("followup: not found")

	// ErrUnavailable means that the store cannot be reached. The call may be
	// repeated: every method is idempotent.
	ErrUnavailable = errors.New("followup: unavailable: the store did not answer")
)

// A Store keeps calls, intents and contacts. Package followuptest checks an
// implementation, sentence by sentence.
//
// Every method is scoped to one clinic. It refuses the zero tenant.ID with an
// error that wraps [tenant.ErrNoOrg], and never reads or changes data of another
// clinic. When a method returns without an error, its changes are durable. A
// store that cannot be reached returns ErrUnavailable; every method may be
// called again with the same arguments. Safe for concurrent use.
type Store interface {
	CallStore
	IntentStore
	ContactStore
	AppointmentReader
}
