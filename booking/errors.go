package booking

import (
	"errors"
	"fmt"
)

// Errors of a [Service] and of a [Store]. Test for them with [errors.Is].
// ErrConflict and ErrNotBookable come as [*ConflictError] and
// [*NotBookableError], which carry alternatives.
var (
	// ErrConflict: another appointment owns the time.
	ErrConflict = errors.New("booking: conflict: the time is taken")

	// ErrNotBookable: the clinic's rules do not allow the time.
	ErrNotBookable = errors.New("booking: not bookable: the clinic's rules forbid the time")

	// ErrNotFound: the clinic has no such appointment. The error must be the
	// same for an appointment of another clinic, or of another contact where
	// a request names one.
	ErrNotFound = errors.New("booking: not found: no such appointment")

	// ErrUnknownService, ErrUnknownResource and ErrUnknownSlot: a request
	// names something that the clinic's catalog does not have.
	ErrUnknownService  = errors.New("booking: unknown service: not in the catalog")
	ErrUnknownResource = errors.New("booking: unknown resource: not among the resources of the service")
	ErrUnknownSlot     = errors.New("booking: unknown slot: no slot has this id")

	// ErrExpired: a hold ended before it was confirmed.
	ErrExpired = errors.New("booking: hold expired: book the time again")

	// ErrNotOpen: an appointment can no longer change, because it is
	// cancelled, completed, or was missed.
	ErrNotOpen = errors.New("booking: appointment closed: it is cancelled, completed or missed")

	// ErrKeyReused: an idempotency key came back with other content.
	ErrKeyReused = errors.New("booking: key reused with other content: use a new key for a new request")

	// ErrUnavailable: the store could not be reached or did not answer in
	// time. No data changed; the same call may be made again.
	ErrUnavailable = errors.New("booking: unavailable: the store did not answer")

	// ErrOutcomeUnknown: the connection was lost between a change and its
	// answer. The same call with the same key returns the outcome; a
	// [Service] has already repeated the call when it returns this error.
	ErrOutcomeUnknown = errors.New("booking: outcome unknown: retry with the same key")
)

// ConflictError is [ErrConflict] with the free slots nearest to the wanted
// time. It never identifies the owner of the time.
type ConflictError struct{ Alternatives []Slot }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%v; %d alternatives", ErrConflict, len(e.Alternatives))
}

// Is reports whether target is [ErrConflict].
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// NotBookableError is [ErrNotBookable] with the rules that forbid the time and
// the free slots nearest to it.
type NotBookableError struct {
	Reasons      []Reason
	Alternatives []Slot
}

func (e *NotBookableError) Error() string {
	return fmt.Sprintf("%v: %v; %d alternatives", ErrNotBookable, e.Reasons, len(e.Alternatives))
}

// Is reports whether target is [ErrNotBookable].
func (e *NotBookableError) Is(target error) bool { return target == ErrNotBookable }

// InvalidError names a field of a request or of a [CatalogConfig] that is
// invalid, the reason and the fix. For a request it never repeats the value.
type InvalidError struct{ Field, Problem string }

func (e *InvalidError) Error() string {
	return "booking: " + e.Field + ": " + e.Problem
}

// Reason is a rule that forbids a time.
type Reason string

// The reasons, from the clinic's rules to other bookings.
const (
	Past    Reason = "past"     // the time is over
	Notice  Reason = "notice"   // sooner than the minimum notice
	Window  Reason = "window"   // further ahead than the clinic books
	Closed  Reason = "closed"   // outside opening hours
	OffGrid Reason = "off_grid" // between two starts of the grid
	Away    Reason = "away"     // every resource of a need is off or away
	Taken   Reason = "taken"    // no resource of a need is free
)
