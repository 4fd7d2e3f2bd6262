package booking

import (
	"errors"
	"fmt"
)

// What a [Service] or a [Store] answers instead of an appointment. Test with
// [errors.Is]; ErrConflict and ErrNotBookable come as [*ConflictError] and
// [*NotBookableError], which carry what can be had instead.
var (
	// ErrConflict says that somebody else owns the time.
	ErrConflict = errors.New("booking: the time is taken")

	// ErrNotBookable says that the clinic's rules do not allow the time.
	ErrNotBookable = errors.New("booking: the time cannot be booked")

	// ErrNotFound says that the clinic has no such appointment. An
	// appointment of another clinic, or of another contact where one is
	// named, is not found in just the same way.
	ErrNotFound = errors.New("booking: no such appointment")

	// ErrUnknownService, ErrUnknownResource and ErrUnknownSlot say that the
	// clinic's catalog does not have what a request names.
	ErrUnknownService  = errors.New("booking: the catalog has no such service")
	ErrUnknownResource = errors.New("booking: the catalog has no such resource for this service")
	ErrUnknownSlot     = errors.New("booking: no slot has this id")

	// ErrExpired says that a hold ended before it was confirmed.
	ErrExpired = errors.New("booking: the hold has expired")

	// ErrNotOpen says that an appointment can no longer be changed: it is
	// cancelled, completed, or was missed.
	ErrNotOpen = errors.New("booking: the appointment is closed")

	// ErrKeyReused says that an idempotency key came back with other content.
	ErrKeyReused = errors.New("booking: idempotency key reused with other content")

	// ErrUnavailable says that the store could not be reached or did not
	// answer in time. Nothing was changed; the same call may be made again.
	ErrUnavailable = errors.New("booking: the store is unavailable")

	// ErrOutcomeUnknown says that the connection was lost between a change
	// and its answer. The same call with the same key tells what happened;
	// a [Service] has tried that already when it returns this.
	ErrOutcomeUnknown = errors.New("booking: outcome unknown")
)

// ConflictError is [ErrConflict] with the free slots nearest to the time that
// was asked for. It says nothing about who owns the time.
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

// The reasons, from the clinic's rules to what is already taken.
const (
	Past    Reason = "past"     // the time is over
	Notice  Reason = "notice"   // sooner than the minimum notice
	Window  Reason = "window"   // further ahead than the clinic books
	Closed  Reason = "closed"   // outside opening hours
	OffGrid Reason = "off_grid" // between two starts of the grid
	Away    Reason = "away"     // everybody who could do it is off or away
	Taken   Reason = "taken"    // nobody who could do it is free
)
