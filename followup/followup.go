// Package followup remembers a caller who hung up, and texts what was promised.
//
// A call that ends without a booking becomes one text message with the document
// the caller asked about: once or not at all, never after a booking or an
// opt-out, never outside the hours in which people may be texted, and with no
// medical word in it. The same road carries confirmations, reminders,
// cancellation notices and offers from a waitlist.
//
// A [Service] is told what happens, in any order and any number of times: that
// a call began, ended or was reported, that a caller agreed to be texted or
// wants no more of it, what the carrier says. It keeps what it is told through
// a [Store] before it answers, and does nothing else. A [Worker] does the rest:
// it is woken by a [Queue], decides what is due under the contact's lock, which
// bookings and opt-outs take too, and hands it to a [Sender].
//
// The truth of a message is its [Intent], a small state machine:
//
//	planned → sending → accepted → sent → delivered | undelivered | failed
//	planned → suppressed | expired
//	sending → planned (surely not sent) | rejected | unknown
//	unknown → accepted (found at the carrier) | planned (surely absent) | dead
//
// A worker that dies while sending leaves an intent whose outcome is unknown:
// it is looked for at the carrier and never blindly sent again.
//
// Nothing here prints, logs or queues a phone number, a name, a text or a
// medical word: errors, tasks and log lines carry ids.
package followup

import (
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Kind is what a message is for.
type Kind string

// Information is the document that a caller asked about. The other kinds but
// the last are about an appointment; an Offer is of a time that has become free.
const (
	Information  Kind = "information"
	Confirmation Kind = "confirmation"
	Reminder     Kind = "reminder"
	Cancellation Kind = "cancellation"
	Offer        Kind = "offer"
)

// AboutAppointment reports whether messages of this kind are about an
// appointment that the contact made, and end with it.
func (k Kind) AboutAppointment() bool {
	return k == Confirmation || k == Reminder || k == Cancellation
}

// State is where an [Intent] is in its life.
type State string

// The states of an intent. Accepted means that the carrier has taken the
// message, and nothing more: only Delivered means delivered.
const (
	Planned     State = "planned"     // to be decided when it is due
	Sending     State = "sending"     // a worker is at it
	Unknown     State = "unknown"     // it may have been sent: to be looked for
	Accepted    State = "accepted"    // by the carrier
	Sent        State = "sent"        // by the carrier to the network
	Delivered   State = "delivered"   // to the handset
	Undelivered State = "undelivered" // the network could not
	Failed      State = "failed"      // the carrier could not, after it had accepted
	Suppressed  State = "suppressed"  // decided against, for a Reason
	Rejected    State = "rejected"    // refused by the carrier, for good
	Expired     State = "expired"     // its Deadline passed before it could be sent
	Dead        State = "dead"        // given up: tried too often, or of unknown outcome for good
)

// Taken reports whether the carrier has taken the message, whatever became of
// it: these states count against the limit of messages to a contact.
func (s State) Taken() bool { return s.rank() > 0 }

// rank orders what a carrier says of a message; see [Store].Status. States
// before acceptance have rank 0.
func (s State) rank() int {
	switch s {
	case Accepted:
		return 1
	case Sent:
		return 2
	case Delivered, Undelivered, Failed:
		return 3
	}
	return 0
}

// Outranks reports whether the carrier's word s replaces the state old. Words
// come late, twice and out of order: one that is not further on in the life of
// a message changes nothing. Any word of the carrier shows that it has the
// message, so it settles every state before acceptance; not one that was
// reached without sending.
func (s State) Outranks(old State) bool {
	switch old {
	case Suppressed, Expired:
		return false
	}
	return s.rank() > old.rank()
}

// Open reports whether a worker still has something to do.
func (s State) Open() bool { return s == Planned || s == Sending || s == Unknown }

// Reason says why an intent waits, was suppressed or failed: one of the
// constants, or a word of an own [Policy].
type Reason string

// Reasons of the standard policy.
const (
	NotDue            Reason = "not_due"
	NoConsent         Reason = "no_consent"
	OptedOut          Reason = "opted_out"
	Booked            Reason = "booked"
	Held              Reason = "held" // the contact holds a time and may yet confirm it
	QuietHours        Reason = "quiet_hours"
	NoCommonHours     Reason = "no_common_hours" // the number may be in zones whose open hours never meet
	TooMany           Reason = "too_many"
	NoNumber          Reason = "no_number" // withheld, or not a number
	Landline          Reason = "landline"
	UnknownRegion     Reason = "unknown_region" // a number of which not even the time of day is known
	UnusableNumber    Reason = "unusable_number"
	UnknownProcedure  Reason = "unknown_procedure"
	NoDocument        Reason = "no_document"
	AppointmentGone   Reason = "appointment_gone" // cancelled, moved or over
	SwitchedOff       Reason = "switched_off"     // the clinic does not send this kind
	UnknownClinic     Reason = "unknown_clinic"
	PastDeadline      Reason = "past_deadline"
	OutOfTries        Reason = "out_of_tries"
	NotFoundAtCarrier Reason = "not_found_at_carrier"
	Unresolved        Reason = "unresolved" // nobody can say whether it was sent: not sent again
	LeaseExpired      Reason = "lease_expired"
)

// Reasons that a [Sender] gives; see [SendError].
const (
	BadNumber    Reason = "bad_number"
	RateLimited  Reason = "rate_limited"
	BadConfig    Reason = "config"
	Blocked      Reason = "blocked" // by a carrier's filter
	Transient    Reason = "transient"
	Unreachable  Reason = "unreachable" // the handset
	RegionClosed Reason = "region_closed"
	Declined     Reason = "declined" // by the carrier, for a reason that is only its Code
)

// IntentID names an intent within its clinic: a UUID in canonical text.
type IntentID string

// NewIntentID derives an intent's id from what it is for, such as a call or an
// appointment and its start: a second plan for the same is the first one.
func NewIntentID(org tenant.ID, key string) IntentID {
	return IntentID(tenant.DeriveUUID(org, "followup/"+key))
}

// Valid reports whether id has the form of an id.
func (id IntentID) Valid() bool {
	_, err := tenant.ParseID(string(id))
	return err == nil
}

// ProcedureID names a treatment in a clinic's [Catalog], 1 to 64 of a-z, 0-9,
// '-' and '_'. It is a medical fact about whoever it is kept for: never put it
// in a text, a URL or a log line.
type ProcedureID string

// Intent is one planned message: the truth of a send. It prints and logs
// without the person it is for.
type Intent struct {
	ID    IntentID
	Kind  Kind
	State State

	// Reason says why it waits or has ended; Code is the carrier's own code.
	Reason Reason
	Code   string

	Phone       string // E.164
	Call        string // the phone call it follows; empty for none
	Appointment string // the appointment it is about; empty for none
	Procedure   ProcedureID
	Start       time.Time // of the appointment or the offered time, as it was planned

	Planned  time.Time // when
	Due      time.Time // not to be sent before
	Deadline time.Time // not to be sent after
	Tried    time.Time // the last attempt; zero if there was none
	Changed  time.Time // its State

	Attempt         int    // attempts so far; 0 if there was none
	Reconciliations int    // how often the last attempt was looked for at the carrier
	Provider        string // the carrier's id of the message; empty before it is known

	// Digest is the SHA-256 of the text of the last attempt, by which it is
	// found at the carrier. The text itself is kept nowhere.
	Digest [32]byte
}

// LogValue logs an intent without the person and the treatment.
func (i Intent) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", string(i.ID)),
		slog.String("kind", string(i.Kind)),
		slog.String("state", string(i.State)),
		slog.String("reason", string(i.Reason)),
		slog.Int("attempt", i.Attempt),
	)
}

// String returns the intent's id, kind and state.
func (i Intent) String() string {
	return string(i.Kind) + " " + string(i.ID) + " " + string(i.State)
}

// GoString keeps %#v from printing the person.
func (i Intent) GoString() string { return i.String() }
