package followup

import (
	"log/slog"
	"time"
)

// Signal is what told of a call.
type CallSignal string

// A call is over when it ended or was reported; a Hang says that the assistant
// stalled, after which often nothing more comes.
const (
	Seen     CallSignal = "seen" // it is going on
	Hang     CallSignal = "hang"
	Ended    CallSignal = "ended"
	Reported CallSignal = "reported" // what was said in it is known
)

// Over reports whether the signal ends a call.
func (s CallSignal) Over() bool { return s == Ended || s == Reported }

// Evidence is how a procedure was learned, weakest first.
type Evidence int

// What was promised is stronger than what a tool was called with, that is
// stronger than what a model made of the call, and that than a word in the
// transcript.
const (
	NoEvidence     Evidence = iota
	FromTranscript          // a name or an alias of the catalog was said
	FromAnalysis            // the assistant's structured data
	FromTool                // a tool was called with it during the call
	FromPromise             // the caller agreed to be texted about it
)

// Facts are what one message tells of a call. What is zero is not told. Facts
// may come in any order, twice or never; see [Store].UpdateCall for how they merge.
type CallUpdate struct {
	Call   string     // Vapi's id; required
	Signal CallSignal // required

	// Phone is the caller's number in E.164; empty if it is withheld or not one.
	Phone string

	Began time.Time // as the message tells
	Ended time.Time // as the message tells

	// At is when the message was sent, or else received: of two procedures
	// learned the same way, the later one stands.
	At time.Time

	Procedure ProcedureID
	Evidence  Evidence // how Procedure was learned

	// Wanted is the start of the time the caller last asked for.
	Wanted time.Time

	// ClaimsBooked says that the message claims a booking. It is kept as
	// evidence and decides nothing: bookings are looked up.
	ClaimsBooked bool

	// Again is when to look at the call again if nothing more is heard of it.
	RecheckAfter time.Duration
}

// String returns the call's id and nothing else.
func (f CallUpdate) String() string { return string(f.Signal) + " call " + f.Call }

// GoString keeps %#v from printing the caller.
func (f CallUpdate) GoString() string { return f.String() }

// LogValue keeps slog from logging the caller.
func (f CallUpdate) LogValue() slog.Value {
	return slog.GroupValue(slog.String("call", f.Call), slog.String("signal", string(f.Signal)))
}

// Call is what is known of a phone call. It prints and logs as its id only.
type Call struct {
	ID    string
	Phone string // E.164; empty if the caller withheld it

	// FirstSeen and LastSeen are when the store first and last heard of it,
	// Began and Ended what messages told, or else FirstSeen, and for a call
	// that is over, when the store learned of it.
	FirstSeen, LastSeen time.Time
	Began, Ended        time.Time // Ended is zero while it goes on

	Reported     bool // what was said in it is known
	Procedure    ProcedureID
	Evidence     Evidence
	Wanted       time.Time
	ClaimsBooked bool

	// Booked says that an appointment was made, confirmed or moved in this
	// call, or by its contact on any channel since it began: since Began or
	// FirstSeen, whichever is earlier, as other clocks may be ahead.
	Booked bool

	// Consented says that the caller agreed in this call to be texted.
	Consented bool

	// Concluded says that it has been decided what follows from the call.
	Concluded bool

	Now time.Time // of the store's clock
}

// String returns the call's id and nothing else.
func (c Call) String() string { return "call " + c.ID }

// GoString keeps %#v from printing the caller.
func (c Call) GoString() string { return c.String() }

// LogValue keeps slog from logging the caller.
func (c Call) LogValue() slog.Value { return slog.StringValue(c.ID) }

// Memory is what is known of a contact: ids and dates, no words. It prints as
// nothing at all.
type ContactSummary struct {
	Known       bool // false: nothing is, and the rest is zero
	FirstSeen   time.Time
	LastContact time.Time   // the last call or message from them
	Procedure   ProcedureID // what they last asked about
	Wanted      time.Time   // the start of the time they last asked for
	Informed    time.Time   // when a document was last sent to them
	Upcoming    bool        // they have an appointment to come
	OptedOut    bool
	Unusable    Reason // why texts to their number are of no use; empty: they may be
}

// String returns nothing of the contact.
func (m ContactSummary) String() string { return "memory of a contact" }

// GoString returns nothing of the contact.
func (m ContactSummary) GoString() string { return m.String() }

// LogValue logs nothing of the contact.
func (m ContactSummary) LogValue() slog.Value { return slog.StringValue(m.String()) }
