package followup

import (
	"context"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A CallStore keeps phone calls. See [Store] for the promises that all its
// methods make.
type CallStore interface {
	// UpdateCall merges u into the state of its call and returns the new state.
	// It creates the call, and the contact of u.Phone, if they are new.
	//
	// Neither the order of updates nor a repeated one makes a difference: the
	// earliest Began and the earliest Ended stand, and the first Phone. The
	// procedure with the strongest evidence stands, and of equal evidence the
	// one with the later At; of Wanted the one with the later At. Reported and
	// ClaimsBooked stay true.
	//
	// A call that is over is due u.RecheckAfter from now, or earlier if it
	// already was. A call that goes on is due u.RecheckAfter after its last
	// update. A concluded call is not due.
	UpdateCall(ctx context.Context, org tenant.ID, u CallUpdate) (Call, error)

	// Call returns the state of a call; the error is ErrNotFound for an unknown
	// one.
	Call(ctx context.Context, org tenant.ID, id string) (Call, error)

	// CountUnmatched counts a message that belongs to no call, by kind, the
	// message's type.
	CountUnmatched(ctx context.Context, org tenant.ID, kind string) error
}

// CallSignal is the kind of event that a message reports of a call.
type CallSignal string

// A call is over when it ended or was reported. Hang means that the assistant
// stalled; often no further message comes after it.
const (
	Seen     CallSignal = "seen" // it is going on
	Hang     CallSignal = "hang"
	Ended    CallSignal = "ended"
	Reported CallSignal = "reported" // its transcript and analysis are known
)

// Over reports whether the signal ends a call.
func (s CallSignal) Over() bool { return s == Ended || s == Reported }

// Evidence is how a procedure was learned, weakest first.
type Evidence int

// A promise is stronger than a tool's argument, which is stronger than the
// model's analysis of the call, which is stronger than a word in the transcript.
const (
	NoEvidence     Evidence = iota
	FromTranscript          // a name or an alias of the catalog in the transcript
	FromAnalysis            // the assistant's structured data
	FromTool                // a tool was called with it during the call
	FromPromise             // the caller agreed to be texted about it
)

// CallUpdate is the content of one message about a call. Zero fields are
// unknown. Updates may come in any order, twice or never; see
// [CallStore].UpdateCall for how they merge.
type CallUpdate struct {
	Call   string     // Vapi's id; required
	Signal CallSignal // required

	// Phone is the caller's number in E.164; empty if it is withheld or not a
	// phone number.
	Phone string

	Began time.Time // as the message reports it
	Ended time.Time // as the message reports it

	// At is when the message was sent or, if that is unknown, received. Of two
	// procedures with equal evidence the one with the later At stands.
	At time.Time

	Procedure ProcedureID
	Evidence  Evidence // how Procedure was learned

	// Wanted is the start of the time the caller last asked for.
	Wanted time.Time

	// ClaimsBooked reports that the message claims a booking. It is evidence
	// only: bookings are read from the store.
	ClaimsBooked bool

	// RecheckAfter is when to process the call if no further message comes.
	RecheckAfter time.Duration
}

// String returns the signal and the call's id, without the caller.
func (u CallUpdate) String() string { return string(u.Signal) + " call " + u.Call }

// GoString keeps %#v from printing the caller.
func (u CallUpdate) GoString() string { return u.String() }

// LogValue keeps slog from logging the caller.
func (u CallUpdate) LogValue() slog.Value {
	return slog.GroupValue(slog.String("call", u.Call), slog.String("signal", string(u.Signal)))
}

// Call is the state of a phone call. It prints and logs as its id.
type Call struct {
	ID    string
	Phone string // E.164; empty: withheld

	// FirstSeen and LastSeen are when the store received its first and last
	// update. Began and Ended are the times in the updates. Without one, Began
	// is FirstSeen, and Ended is when the store learned that the call is over.
	FirstSeen, LastSeen time.Time
	Began, Ended        time.Time // Ended is zero while the call goes on

	Reported     bool // its transcript and analysis are known
	Procedure    ProcedureID
	Evidence     Evidence
	Wanted       time.Time
	ClaimsBooked bool

	// Booked reports that an appointment was made, confirmed or moved in this
	// call, or by its contact on any channel since it began: since Began or
	// FirstSeen, whichever is earlier, as other clocks may be ahead.
	Booked bool

	// Consented reports that the caller agreed in this call to be texted.
	Consented bool

	// Concluded reports that the messages after the call are planned.
	Concluded bool

	Now time.Time // of the store's clock
}

// String returns the call's id, without the caller.
func (c Call) String() string { return "call " + c.ID }

// GoString keeps %#v from printing the caller.
func (c Call) GoString() string { return c.String() }

// LogValue keeps slog from logging the caller.
func (c Call) LogValue() slog.Value { return slog.StringValue(c.ID) }
