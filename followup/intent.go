package followup

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// An IntentStore keeps intents. See [Store] for the promises that all its
// methods make.
type IntentStore interface {
	// PlanIntents writes the intents of plans that do not exist yet, schedules
	// a task for each, and acknowledges t: all of it or none of it. It returns
	// the current intents, in the order of plans.
	//
	// A plan of an existing intent changes nothing, with two exceptions. An
	// intent that is Planned and was never attempted takes the plan's
	// procedure, if the plan has one. An intent that was Suppressed for
	// NoConsent is Planned again if the plan is Consented. If t is a call's
	// task, PlanIntents concludes the call. It must not acknowledge a task
	// that was scheduled again after it was dequeued.
	PlanIntents(ctx context.Context, org tenant.ID, t Task, plans []Plan) ([]Intent, error)

	// ListIntents returns the intents that match every non-zero field of f, the
	// latest planned first.
	ListIntents(ctx context.Context, org tenant.ID, f IntentFilter) ([]Intent, error)

	// BeginSending decides about intents. It locks their contacts, calls decide
	// for each open intent with the data of its contact at that moment, and
	// writes the decisions in one transaction.
	//
	// Send makes an intent Sending, leases it for the time of lease and counts
	// the attempt. Wait leaves the intent unchanged and schedules it at the
	// decision's At. Suppress, Expire and DeadLetter end it. Reconcile counts a
	// reconciliation and leases the intent for the time of lease. A Sending
	// intent with an expired lease becomes Unknown first; BeginSending skips an
	// intent with a valid lease. It skips an intent of a locked contact, and
	// schedules it again soon.
	//
	// When the decisions are durable, BeginSending locks the contacts of
	// intents to be sent again and calls decide a second time about these
	// intents, which are now Sending. A second decision other than Send
	// replaces the first. From then until Batch.Release, no booking and no
	// opt-out of these contacts commits: decide has seen all that committed
	// before. decide must return soon, must not call the store, and may be
	// called more often if a transaction has to be repeated.
	BeginSending(ctx context.Context, org tenant.ID, ids []IntentID, lease time.Duration, decide Decider) (Batch, error)

	// RecordResults writes the results of attempts. A result of an attempt that
	// is not the intent's last changes nothing. A result for an intent that has
	// ended adds only a missing carrier's id. A result that is Accepted must not
	// undo a later state that the carrier reported.
	RecordResults(ctx context.Context, org tenant.ID, results []Result) error

	// RecordStatus records a carrier's report on a message. A state that
	// outranks the intent's replaces it, see State.Outranks, and ends an
	// unknown outcome. Any other state adds only a missing carrier's id.
	// RecordStatus returns the current intent; the error is ErrNotFound for an
	// unknown one.
	RecordStatus(ctx context.Context, org tenant.ID, u StatusUpdate) (Intent, error)
}

// Kind is the purpose of a message.
type Kind string

// Information is the document that a caller asked about. Confirmation, Reminder
// and Cancellation are about an appointment. Offer is about a time that has
// become free.
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

// State is the state of an [Intent].
type State string

// The states of an intent. Accepted means that the carrier has accepted the
// message, and no more: only Delivered means delivered.
const (
	Planned     State = "planned"     // to be decided when due
	Sending     State = "sending"     // leased by a worker that sends it
	Unknown     State = "unknown"     // perhaps sent: to be reconciled
	Accepted    State = "accepted"    // by the carrier
	Sent        State = "sent"        // by the carrier to the network
	Delivered   State = "delivered"   // to the handset
	Undelivered State = "undelivered" // the network could not deliver it
	Failed      State = "failed"      // the carrier could not send it after all
	Suppressed  State = "suppressed"  // not to be sent, for a Reason
	Rejected    State = "rejected"    // refused by the carrier for good
	Expired     State = "expired"     // its Deadline passed before it was sent
	Dead        State = "dead"        // given up: too many attempts, or an outcome unknown for good
)

// AtCarrier reports whether the carrier has accepted the message, whatever
// happened to it later. These states count toward the limit of messages to a
// contact.
func (s State) AtCarrier() bool { return s.rank() > 0 }

// rank orders the states that a carrier reports; see [State.Outranks]. States
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

// Outranks reports whether a carrier's report s replaces the state old. Reports
// come late, twice and out of order: a report that is not further on in the life
// of a message has no effect. Any report proves that the carrier has the
// message, so it replaces every state before acceptance, except the states that
// are reached without sending.
func (s State) Outranks(old State) bool {
	switch old {
	case Suppressed, Expired:
		return false
	}
	return s.rank() > old.rank()
}

// Open reports whether a worker still has to act on the intent.
func (s State) Open() bool { return s == Planned || s == Sending || s == Unknown }

// Reason is why an intent waits, was suppressed or failed: one of the constants,
// or a word of an integrator's own [Policy].
type Reason string

// Reasons of the standard policy and of the worker.
const (
	NotDue            Reason = "not_due"
	NoConsent         Reason = "no_consent"
	OptedOut          Reason = "opted_out"
	Booked            Reason = "booked"
	Held              Reason = "held" // the contact holds a time and may yet confirm it
	QuietHours        Reason = "quiet_hours"
	NoCommonHours     Reason = "no_common_hours" // the open hours of the number's possible zones never overlap
	TooMany           Reason = "too_many"
	NoNumber          Reason = "no_number" // withheld, or not a phone number
	Landline          Reason = "landline"
	UnknownRegion     Reason = "unknown_region" // the number's time zone is unknown
	UnusableNumber    Reason = "unusable_number"
	UnknownProcedure  Reason = "unknown_procedure"
	NoDocument        Reason = "no_document"
	AppointmentGone   Reason = "appointment_gone" // cancelled, moved or over
	SwitchedOff       Reason = "switched_off"     // the clinic does not send this kind
	UnknownClinic     Reason = "unknown_clinic"
	PastDeadline      Reason = "past_deadline"
	OutOfTries        Reason = "out_of_tries"
	NotFoundAtCarrier Reason = "not_found_at_carrier"
	Unresolved        Reason = "unresolved" // the outcome stays unknown: not sent again
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
	Declined     Reason = "declined" // by the carrier, for a reason that only its Code names
)

// IntentID names an intent within its clinic: a UUID in canonical text.
type IntentID string

// NewIntentID derives an intent's id from its cause, such as a call, or an
// appointment and its start: a second plan for the same cause has the same id.
func NewIntentID(org tenant.ID, key string) IntentID {
	return IntentID(tenant.DeriveUUID(org, "followup/"+key))
}

// Valid reports whether id has the form of an id.
func (id IntentID) Valid() bool {
	_, err := tenant.ParseID(string(id))
	return err == nil
}

// ProcedureID names a treatment in a clinic's [Catalog], 1 to 64 of a-z, 0-9,
// '-' and '_'. With a person it is a medical fact: it must not appear in a text,
// a URL or a log line.
type ProcedureID string

// Valid reports whether id has the form of an id.
func (id ProcedureID) Valid() bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(string(id), func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	})
}

// Intent is one planned message and the record of its sending. It prints and
// logs without the person.
type Intent struct {
	ID    IntentID
	Kind  Kind
	State State

	// Reason is why it waits or has ended; Code is the carrier's own code.
	Reason Reason
	Code   string

	Phone       string // E.164
	Call        string // the phone call it follows; empty: no call
	Appointment string // the appointment it is about; empty: no appointment
	Procedure   ProcedureID
	Start       time.Time // of the appointment or the offered time, when it was planned

	Planned  time.Time // when it was planned
	Due      time.Time // earliest time to send
	Deadline time.Time // latest time to send
	Tried    time.Time // of the last attempt; zero: no attempt
	Changed  time.Time // when State changed

	Attempt         int    // attempts so far
	Reconciliations int    // of the last attempt
	Provider        string // the carrier's id of the message; empty: not known yet

	// Digest is the SHA-256 of the text of the last attempt, by which a
	// carrier's list is searched. The text itself is not stored.
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

// Plan is a message to plan.
type Plan struct {
	ID          IntentID
	Kind        Kind
	Phone       string // E.164; a plan without one is Suppressed
	Call        string
	Appointment string
	Procedure   ProcedureID
	Start       time.Time
	Due         time.Time // earliest time to send; zero: now
	Deadline    time.Time // latest time to send; required

	// Suppress is why the message must not be sent: its intent is written as
	// Suppressed, so that the clinic can see it. Empty: the message is to be
	// sent.
	Suppress Reason

	// Consented reports that consent is there, perhaps since the intent was
	// suppressed for want of it.
	Consented bool
}

// String returns the intent's id and kind.
func (p Plan) String() string { return string(p.Kind) + " " + string(p.ID) }

// GoString keeps %#v from printing the person.
func (p Plan) GoString() string { return p.String() }

// LogValue keeps slog from logging the person.
func (p Plan) LogValue() slog.Value { return slog.StringValue(p.String()) }

// IntentFilter selects intents. Zero fields match every intent.
type IntentFilter struct {
	ID    IntentID
	Phone string
	Call  string
	State State
	Limit int // at most this many; 0: 100; at most 1000
}

// Result is the result of an attempt.
type Result struct {
	Intent  IntentID
	Attempt int

	// State is Accepted (or further on, if the carrier reported that at once),
	// Planned for another attempt, Unknown for another reconciliation, Rejected
	// or Dead.
	State    State
	Provider string
	Reason   Reason
	Code     string

	// After is the delay until the intent is due again: with Planned and Unknown.
	After time.Duration

	// Unusable marks the contact's number as one that cannot be texted.
	Unusable Reason
}

// StatusUpdate is a carrier's report on a message.
type StatusUpdate struct {
	Intent   IntentID
	Provider string
	State    State // Accepted, Sent, Delivered, Undelivered or Failed
	Reason   Reason
	Code     string
	Unusable Reason // as in Result
}
