package booking

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A Store keeps a clinic's appointments, the contacts they belong to and one
// event per change. Package bookingtest checks an implementation, sentence by
// sentence. Every method is scoped to one clinic and refuses the zero
// tenant.ID with an error that wraps [tenant.ErrNoOrg]; what another clinic
// has is never seen, changed, counted or collided with. A store that cannot
// be reached answers with [ErrUnavailable] if nothing can have been changed,
// and with [ErrOutcomeUnknown] otherwise. Safe for concurrent use.
type Store interface {
	// Claim gives the time to one owner: of any number of simultaneous claims
	// whose occupied times overlap on a resource, one wins.
	//
	// For each of c.Needs in order it takes the first seat that is free and
	// not taken for an earlier need; all needs or none. The contact is found
	// by phone or made in the same transaction, a name or e-mail that is given
	// replaces the one that is kept, and one event is written.
	//
	// A claim whose ID is known is a replay: with the same Digest it returns
	// the appointment as it is now and changes nothing; with another it
	// returns ErrKeyReused. A hold that has expired does not stand in the way:
	// its expiry is written first.
	//
	// If a need cannot be met nothing is changed, Taken is true and Busy says
	// what is taken between c.BusyFrom and c.BusyTo on the resources that
	// c.Needs name, as of after the attempt.
	Claim(ctx context.Context, org tenant.ID, c Claim) (Outcome, error)

	// Move gives an appointment another time, or other resources, and frees
	// the old ones only if it owns the new ones. Its own old time does not
	// stand in its way. Already being there, at the same times with each need
	// met by what it occupies, is success and changes nothing. A hold stays a
	// hold. The error is ErrNotFound, ErrExpired for a hold past its time or
	// ErrNotOpen; a conflict is answered as by Claim.
	Move(ctx context.Context, org tenant.ID, m Move) (Outcome, error)

	// Confirm makes a held appointment booked. Confirming twice is success and
	// changes nothing the second time. The error is ErrNotFound, ErrExpired
	// (the expiry is then written) or ErrNotOpen. Of a confirm and a claim
	// that race at a hold's expiry, one wins.
	Confirm(ctx context.Context, org tenant.ID, id ID, actor string) (Appointment, error)

	// Cancel frees an appointment's time. Cancelling twice is success and
	// changes nothing the second time; so is cancelling an expired hold. The
	// error is ErrNotFound or ErrNotOpen.
	Cancel(ctx context.Context, org tenant.ID, id ID, actor string) (Appointment, error)

	// Look says what is taken, and which of q.IDs are known. It sees every
	// change that was acknowledged before it was called.
	ListBusy(ctx context.Context, org tenant.ID, q BusyQuery) (BusyView, error)

	// Find returns the appointments that match every given field of f, by
	// start, then id. A hold past its time reads as expired.
	ListAppointments(ctx context.Context, org tenant.ID, f AppointmentFilter) ([]Appointment, error)

	// Events returns the changes of an appointment in order of version; none
	// for an unknown one.
	ListEvents(ctx context.Context, org tenant.ID, id ID) ([]Event, error)
}

// Claim is what a [Store] needs to know to give out a time.
type Claim struct {
	ID      ID     // by NewID, from the idempotency key
	Digest  string // of the content that a repeated key must repeat
	Service ServiceID
	Start   time.Time
	End     time.Time
	Zone    string

	// Occupied is what is kept from others: Start to End with buffers.
	Occupied schedule.Span

	// Needs are all to be met, each by one seat of one of its resources, in
	// order of preference. Needs that share resources are nested, the
	// narrower one first, so that taking the first free seat is never wrong.
	Needs [][]Candidate

	HoldFor time.Duration // how long a hold lasts; 0 books at once
	Contact Contact
	Call    string
	Actor   string

	BusyFrom, BusyTo time.Time // what to tell of if the time is taken
}

// Seats is a resource and how many appointments it can take at one time.
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

// Outcome is a [Store]'s answer to a claim or a move.
type Outcome struct {
	Appointment Appointment
	Replay      bool // the answer to an earlier, equal request
	Taken       bool // there is no appointment; Busy says why
	Busy        []Busy
}

// Busy is a stretch of time in which one seat of a resource is taken.
type Busy struct {
	Resource ResourceID
	Seat     int // from 0
	schedule.Span
}

// Look asks what is taken between From and To, and which IDs are known.
type BusyQuery struct {
	Resources []ResourceID
	From, To  time.Time
	IDs       []ID
}

// View is what a [Store] saw at one moment. Expired holds are not in it.
type BusyView struct {
	Busy  []Busy // by start
	Known []ID
}

// Find asks for appointments. At least one of ID, Phone and a range must be given.
type AppointmentFilter struct {
	ID    ID     // this one
	Phone string // of this contact, E.164
	// From and To select appointments that start in [From, To); zero: no bound.
	From, To time.Time
	Limit    int // at most this many; 0: 100, the most is 1000
}
