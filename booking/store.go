package booking

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A Store keeps a clinic's appointments, the contacts they belong to, and one
// event per change. Package bookingtest checks an implementation, sentence by
// sentence.
//
// Every method refuses the zero tenant.ID with an error that wraps
// [tenant.ErrNoOrg]. It must never see, change, count or collide with the data
// of another clinic. A store that gives up returns [ErrUnavailable] if it made
// no change, and [ErrOutcomeUnknown] if it may have made one. After a lost
// answer the same call returns the outcome of the first. Safe for concurrent
// use.
type Store interface {
	// Claim gives the time to one owner: of simultaneous claims whose occupied
	// times overlap on a resource, exactly one wins.
	//
	// Each of c.Needs, in order, gets the first free seat of its candidates
	// that no earlier need has taken. All needs are met, or no resource is
	// occupied. The contact is found by phone or created in the same
	// transaction; a given name or e-mail replaces the kept one; one event is
	// written.
	//
	// A claim with a known ID is a replay without a change: it returns the
	// appointment as it is now. A known ID with another Digest returns
	// ErrKeyReused. An expired hold must not block a claim: its expiry is
	// written first.
	//
	// If a need cannot be met, no data changes and Taken is true. Busy then
	// lists the taken times between c.BusyFrom and c.BusyTo on the resources
	// of c.Needs, as of after the attempt. Busy never identifies an owner.
	Claim(ctx context.Context, org tenant.ID, c Claim) (Outcome, error)

	// Move gives an appointment another time or other resources. It frees the
	// old ones only if the appointment owns the new ones. The appointment's
	// own old time does not block it. A move to the present place (the same
	// times, and each need met by an occupied resource) succeeds without a
	// change. A moved hold stays a hold and keeps its expiry. The error is
	// ErrNotFound, ErrExpired for an expired hold, or ErrNotOpen; a conflict
	// returns the same Outcome as in Claim.
	Move(ctx context.Context, org tenant.ID, m Move) (Outcome, error)

	// Confirm makes a held appointment booked. Confirming twice succeeds; the
	// second confirm changes no data. The error is ErrNotFound, ErrExpired
	// (the expiry is then written) or ErrNotOpen. Of a confirm and a claim
	// that race at a hold's expiry, exactly one wins.
	Confirm(ctx context.Context, org tenant.ID, id ID, actor string) (Appointment, error)

	// Cancel frees an appointment's time and no other. Cancelling twice
	// succeeds; the second cancel changes no data. Cancelling an expired hold
	// succeeds without a change. The error is ErrNotFound or ErrNotOpen.
	Cancel(ctx context.Context, org tenant.ID, id ID, actor string) (Appointment, error)

	// ListBusy returns the taken times, and those of q.IDs that are known. It
	// must see every change that was acknowledged before the call. The view
	// is of one moment. Expired holds are not in it.
	ListBusy(ctx context.Context, org tenant.ID, q BusyQuery) (BusyView, error)

	// ListAppointments returns the appointments that match every given field
	// of f, whatever their status, by start, then id. An expired hold has
	// status expired. At least one of ID, Phone and a bound of the range must
	// be given.
	ListAppointments(ctx context.Context, org tenant.ID, f AppointmentFilter) ([]Appointment, error)

	// ListEvents returns the changes of an appointment in order of version;
	// an unknown appointment has no events.
	ListEvents(ctx context.Context, org tenant.ID, id ID) ([]Event, error)
}

// Claim asks a [Store] for a time. A store trusts it: hours, notice and window
// are the business of [Service].
type Claim struct {
	ID      ID     // by NewID, from the idempotency key
	Digest  string // of the content that a repeated key must repeat
	Service ServiceID
	Start   time.Time
	End     time.Time
	Zone    string

	// Occupied is the time kept from others: Start to End with buffers.
	Occupied schedule.Span

	// Needs must all be met, each by one seat of one candidate, in order of
	// preference. Needs that share resources must be nested, the narrower one
	// first, so that taking the first free seat is never wrong.
	Needs [][]Candidate

	HoldFor time.Duration // length of a hold; 0 books at once
	Contact Contact
	Call    string
	Actor   string

	BusyFrom, BusyTo time.Time // range of Outcome.Busy if the time is taken
}

// Candidate is a resource that can meet a need, and the number of
// appointments it can take at one time.
type Candidate struct {
	Resource ResourceID
	Capacity int // at least 1
}

// Move is another time for an appointment; see [Claim] for the fields they share.
type Move struct {
	ID               ID
	Start            time.Time
	End              time.Time
	Occupied         schedule.Span
	Needs            [][]Candidate
	Actor            string
	BusyFrom, BusyTo time.Time
}

// Outcome is the result of a claim or a move.
type Outcome struct {
	Appointment Appointment
	Replay      bool // the request equals an earlier one, which made the change
	Taken       bool // a need cannot be met; there is no appointment
	Busy        []Busy
}

// Busy is a stretch of time in which one seat of a resource is taken.
type Busy struct {
	Resource ResourceID
	Seat     int // from 0
	schedule.Span
}

// BusyQuery asks for the taken times between From and To, and which IDs are
// known.
type BusyQuery struct {
	Resources []ResourceID
	From, To  time.Time
	IDs       []ID
}

// BusyView is the state of a [Store] at one moment.
type BusyView struct {
	Busy  []Busy // by start
	Known []ID
}

// AppointmentFilter selects appointments. At least one of ID, Phone and a
// bound of the range must be given.
type AppointmentFilter struct {
	ID    ID
	Phone string // of the contact, E.164
	// From and To select appointments that start in [From, To); zero: no bound.
	From, To time.Time
	Limit    int // at most this many; 0: 100, the most is 1000
}
