package followup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Errors of a [Store], a [Queue] and a [LinkStore].
var (
	// ErrNotFound says that the clinic has no such call, appointment or intent,
	// or that a link opens nothing.
	ErrNotFound = errors.New("followup: not found")

	// ErrUnavailable says that a store could not be reached. What was asked may
	// be asked again: every method is idempotent.
	ErrUnavailable = errors.New("followup: the store did not answer")
)

// A Store keeps what is known of calls and contacts, and the intents that
// follow from it. Package followuptest checks an implementation, sentence by
// sentence. Every method is scoped to one clinic and refuses the zero tenant.ID
// with an error that wraps [tenant.ErrNoOrg]; what another clinic has is never
// seen or changed. What a method has returned without an error is durable. A
// store that cannot be reached answers with [ErrUnavailable]; every method may
// be called again with the same arguments. Safe for concurrent use.
type Store interface {
	// Record merges f into what is known of its call, and returns what is then
	// known. It makes the call, and the contact of f.Phone, if they are new.
	//
	// The order of facts makes no difference, nor does a fact told twice: the
	// earliest Began and the earliest Ended stand, and the first Phone that is
	// told; the procedure with the strongest evidence stands, and of equal
	// evidence the one with the later At; of Wanted the one with the later At.
	// Reported and ClaimsBooked stand once they are told.
	//
	// A call that is over comes due f.Again from now, or earlier if it already
	// was to; one that goes on, f.Again after the last that was heard of it. A
	// call that is concluded does not come due.
	UpdateCall(ctx context.Context, org tenant.ID, f CallUpdate) (Call, error)

	// Call returns what is known of a call; the error is ErrNotFound.
	Call(ctx context.Context, org tenant.ID, id string) (Call, error)

	// Plan writes the intents of plans that are not there yet, makes each come
	// due, and puts t away: all of it or nothing. It returns the intents as
	// they are then, in the order of plans.
	//
	// A plan whose intent is there changes nothing, but that one that is still
	// Planned and was never tried takes the plan's procedure, if it has one,
	// and one that was Suppressed for NoConsent is Planned again if the plan
	// says Consented. If t is a call, it is concluded. A task that has come due
	// anew since it was taken is not put away.
	PlanIntents(ctx context.Context, org tenant.ID, t Task, plans []Plan) ([]Intent, error)

	// Appointment returns an appointment as messages need to know it; the
	// error is ErrNotFound. Every change of an appointment makes a task with
	// its id come due, in the transaction of the change.
	Appointment(ctx context.Context, org tenant.ID, id string) (Appointment, error)

	// Begin decides about intents. It locks their contacts, shows each open
	// intent to decide with what is known of its contact at that moment, and
	// writes the verdicts in one transaction.
	//
	// Send makes an intent Sending for the time of lease and counts the
	// attempt; Wait leaves it as it is, to come due at the verdict's At;
	// Suppress, Expire and GiveUp end it; Look counts a look at the carrier and
	// keeps the intent from others for the time of lease. An intent that is
	// Sending and whose lease has run out is made Unknown first; one whose
	// lease has not is not shown. An intent whose contact is locked is not
	// shown and comes due again soon.
	//
	// Before Begin returns, and after the verdicts are durable, contacts of
	// intents to be sent are locked again, and decide is asked about them once
	// more; a verdict that is no longer Send is written in place of the first.
	// From then until Batch.Release, no booking and no opt-out of these
	// contacts commits: what has committed was seen by decide. decide must be
	// quick and must not call the store.
	BeginSending(ctx context.Context, org tenant.ID, ids []IntentID, lease time.Duration, decide Decider) (Batch, error)

	// Finish writes what came of attempts. A result of an attempt that is not
	// the intent's last changes nothing, and neither does one for an intent
	// that has ended, but for a carrier's id that was not known. A result that
	// says Accepted does not undo what the carrier has said since.
	RecordResults(ctx context.Context, org tenant.ID, results []Result) error

	// Status notes what the carrier says of a message: a state that is
	// further on than the intent's replaces it, see State.Outranks, and settles
	// what was unknown; any other changes nothing but a carrier's id that was
	// not known. It returns the intent as it is then; the error is ErrNotFound.
	RecordStatus(ctx context.Context, org tenant.ID, u StatusUpdate) (Intent, error)

	// Consent adds to the ledger that a contact agreed to be texted.
	RecordConsent(ctx context.Context, org tenant.ID, c Consent) error

	// OptOut adds to the ledger that a contact wants no texts, or wants them
	// again. It takes the contact's lock: when it returns, no intent of the
	// contact is sent that Begin had not released before. An entry whose
	// Message is in the ledger changes nothing.
	RecordOptOut(ctx context.Context, org tenant.ID, o OptOut) error

	// Reply notes that a contact texted: what kind of reply it was and when,
	// not its words. It reports whether the message was new.
	RecordReply(ctx context.Context, org tenant.ID, r Reply) (first bool, err error)

	// Replies returns the latest texts from contacts, the last one first, at
	// most limit of them.
	ListReplies(ctx context.Context, org tenant.ID, limit int) ([]Reply, error)

	// Quarantine notes that a message came which belongs to no call, so that
	// it can be counted. kind is the message's type.
	CountUnmatched(ctx context.Context, org tenant.ID, kind string) error

	// Lookup returns what is known of a contact; an unknown one is no error.
	Summary(ctx context.Context, org tenant.ID, phone string) (ContactSummary, error)

	// Intents returns the intents that match every given field of f, the
	// latest planned first.
	ListIntents(ctx context.Context, org tenant.ID, f IntentFilter) ([]Intent, error)
}

// A Queue says what has come due: a doorbell, and never the truth. It rings at
// least once; a task may be handed out twice. Safe for concurrent use.
type Queue interface {
	// Take returns up to n tasks that are due, at most perOrg of one clinic and
	// none of the clinics in except, and keeps them from others for the time of
	// lease: a task that is not put away by then is due again. No clinic waits
	// for another's tasks.
	Dequeue(ctx context.Context, n, perOrg int, lease time.Duration, except []tenant.ID) ([]Task, error)

	// Wait returns when a task may have come due, after max at the latest, or
	// when ctx ends.
	Wait(ctx context.Context, max time.Duration) error

	// Drop puts a task away, unless it has come due anew since it was taken.
	Ack(ctx context.Context, t Task) error
}

// TaskKind is what a task's id names.
type TaskKind string

// What can come due.
const (
	TaskCall        TaskKind = "call"
	TaskAppointment TaskKind = "appointment"
	TaskIntent      TaskKind = "intent"
)

// Task says that something has come due: ids, and nothing else.
type Task struct {
	Org  tenant.ID
	Kind TaskKind
	ID   string

	// Lease is the queue's mark of having handed it out; the zero time for a
	// task that did not come from a queue, which is put away in any case.
	Lease time.Time
}

// Plan is a message to be planned.
type Plan struct {
	ID          IntentID
	Kind        Kind
	Phone       string // E.164; a plan without one is Suppressed
	Call        string
	Appointment string
	Procedure   ProcedureID
	Start       time.Time
	Due         time.Time // not before; zero: at once
	Deadline    time.Time // not after; required

	// Suppress is why the message is not to be sent at all: the intent is
	// written as Suppressed, to be seen. Empty: it is to be sent.
	Suppress Reason

	// Consented says that consent has been given, perhaps since the intent was
	// suppressed for want of it.
	Consented bool
}

// String returns the intent's id and kind.
func (p Plan) String() string { return string(p.Kind) + " " + string(p.ID) }

// GoString keeps %#v from printing the person.
func (p Plan) GoString() string { return p.String() }

// LogValue keeps slog from logging the person.
func (p Plan) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Appointment is an appointment as messages need to know it. It prints as its
// id only.
type Appointment struct {
	ID      string
	Phone   string // of its contact
	Start   time.Time
	Zone    string    // the clinic's, IANA
	Status  string    // as in package booking: "booked", "cancelled", …
	Made    time.Time // when it was booked, or its hold confirmed
	Changed time.Time // when it was last booked, confirmed, moved or cancelled
	Now     time.Time // of the store's clock
}

// String returns the appointment's id and nothing else.
func (a Appointment) String() string { return "appointment " + a.ID }

// GoString keeps %#v from printing the person.
func (a Appointment) GoString() string { return a.String() }

// LogValue keeps slog from logging the person.
func (a Appointment) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Candidate is an intent to be decided about, and what is known of its contact
// at that moment. It prints as the intent.
type DecisionInput struct {
	Intent

	// Booked says that an appointment was made, confirmed or moved in the call
	// that the intent follows, or by its contact on any channel since that
	// call began. HeldUntil is when the contact's hold on a time ends; zero if
	// there is none.
	Booked    bool
	HeldUntil time.Time

	// AppointmentStatus and AppointmentStart are of the appointment that the
	// intent is about, as it is now, and AppointmentChanged is when it was last
	// booked, confirmed, moved or cancelled.
	AppointmentStatus  string
	AppointmentStart   time.Time
	AppointmentChanged time.Time

	OptedOut bool

	// Consent is the last that the contact gave for this kind of message;
	// zero if there is none, or if an opt-out came after it.
	Consent Consent

	// Unusable is why texts to the number are of no use; empty: they may be.
	Unusable Reason

	// Recent is when messages of the kinds Information and Offer were sent to
	// the contact in the last thirty days, latest first, this one left out.
	Recent []time.Time

	Now time.Time // of the store's clock
}

// Action is what a [IntentDecision] says to do.
type Action int

// The zero action is Wait.
const (
	Wait       Action = iota // until At
	Send                     // now
	Suppress                 // never, for Reason
	Expire                   // never: it is too late
	Reconcile                // for it at the carrier
	DeadLetter               // it is Dead, for Reason
)

// Verdict is what is to be done with an intent. Reason is kept with it.
type IntentDecision struct {
	Action Action
	At     time.Time // when to decide again: with Wait
	Reason Reason

	// Digest is of the text that will be sent, and Link, if there is one, what
	// its link opens: with Send.
	Digest [32]byte
	Link   *Link

	// Message is the message to send: with Send. Batch.Send returns it; a store
	// must not keep it.
	Message Message

	// ListedByNow reports that the carrier's list shows the attempt by now if
	// the carrier has it: with Reconcile. Batch.Reconcile returns it.
	ListedByNow bool
}

// String returns the intent's id in the message, and nothing of the person.
func (d IntentDecision) String() string { return "decision on " + d.Message.String() }

// GoString keeps %#v from printing the person.
func (d IntentDecision) GoString() string { return d.String() }

// LogValue keeps slog from logging the person.
func (d IntentDecision) LogValue() slog.Value { return slog.StringValue(d.String()) }

// A Decider decides about one intent by what is known of its contact.
type Decider func(DecisionInput) IntentDecision

// DecidedIntent is an intent and the decision about it. It prints as the intent.
type DecidedIntent struct {
	Intent
	Decision IntentDecision
}

// Batch is what [Store].BeginSending decided to do.
type Batch struct {
	// Send and Reconcile are the intents with that decision, as they are now;
	// each in Send has its first decision. Ended are those that were
	// suppressed, expired or given up, as they were shown.
	Send, Reconcile, Ended []DecidedIntent

	// LockedUntil is when the store lets the contacts of Send go by itself, by
	// the clock of this process: a message whose request is not written by
	// then must not be sent.
	LockedUntil time.Time

	// Release lets the contacts of Send go. It is never nil, may be called more than once,
	// and must be called soon: within about half a second the store may do so
	// by itself.
	Release func()
}

// Result is what came of an attempt.
type Result struct {
	Intent  IntentID
	Attempt int

	// State is Accepted (or further on, if the carrier said so at once),
	// Planned to try again, Unknown to look again, Rejected or Dead.
	State    State
	Provider string
	Reason   Reason
	Code     string

	// After is when the intent comes due again: with Planned and Unknown.
	After time.Duration

	// Unusable marks the contact's number as one that cannot be texted.
	Unusable Reason
}

// StatusUpdate is a carrier's word about a message.
type StatusUpdate struct {
	Intent   IntentID
	Provider string
	State    State // Accepted, Sent, Delivered, Undelivered or Failed
	Reason   Reason
	Code     string
	Unusable Reason // as in Result
}

// Consent is that a contact agreed to be texted. It prints and logs without
// the person.
type Consent struct {
	Phone   string
	Purpose Kind      // Information or Offer
	Wording string    // the version of the question they agreed to
	Call    string    // in which they did
	At      time.Time // when
}

// String returns nothing of the person.
func (c Consent) String() string { return "consent in call " + c.Call }

// GoString keeps %#v from printing the person.
func (c Consent) GoString() string { return c.String() }

// LogValue keeps slog from logging the person.
func (c Consent) LogValue() slog.Value { return slog.StringValue(c.String()) }

// OptOut is that a contact wants no texts or, with Again, wants them again. It
// prints and logs without the person.
type OptOut struct {
	Phone   string
	Again   bool
	Source  string // "call", "text", "carrier" or "clinic"
	Call    string // in which they said so
	Message string // the carrier's id of the text in which they said so
}

// String returns nothing of the person.
func (o OptOut) String() string { return "opt-out by " + o.Source }

// GoString keeps %#v from printing the person.
func (o OptOut) GoString() string { return o.String() }

// LogValue keeps slog from logging the person.
func (o OptOut) LogValue() slog.Value { return slog.StringValue(o.String()) }

// ReplyKind is what a contact's text asks for.
type ReplyKind string

// Whatever else a contact writes is for a person to read: at the carrier's, as
// its words are not kept here.
const (
	ReplyStop  ReplyKind = "stop"
	ReplyStart ReplyKind = "start"
	ReplyHelp  ReplyKind = "help"
	ReplyBook  ReplyKind = "book"
	ReplyOther ReplyKind = "other"
)

// Reply is a text from a contact, without its words. It prints and logs
// without the person.
type Reply struct {
	Phone   string
	Message string // the carrier's id
	Kind    ReplyKind
	At      time.Time // when it was noted; the store's, ignored in Store.Reply
}

// String returns the kind and nothing of the person.
func (r Reply) String() string { return string(r.Kind) + " reply" }

// GoString keeps %#v from printing the person.
func (r Reply) GoString() string { return r.String() }

// LogValue keeps slog from logging the person.
func (r Reply) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Find asks for intents.
type IntentFilter struct {
	ID    IntentID
	Phone string
	Call  string
	State State
	Limit int // at most this many; 0: 100, the most is 1000
}
