package followup

import (
	"log/slog"
	"time"
)

// DecisionInput is an intent to decide about, with the data of its contact at
// that moment. It prints as the intent.
type DecisionInput struct {
	Intent

	// Booked reports that an appointment was made, confirmed or moved in the
	// call that the intent follows, or by its contact on any channel since that
	// call began. HeldUntil is when the contact's hold on a time ends; zero: no
	// hold.
	Booked    bool
	HeldUntil time.Time

	// AppointmentStatus and AppointmentStart are the current ones of the
	// intent's appointment. AppointmentChanged is when it was last booked,
	// confirmed, moved or cancelled.
	AppointmentStatus  string
	AppointmentStart   time.Time
	AppointmentChanged time.Time

	OptedOut bool

	// Consent is the last that the contact gave for this kind of message; zero
	// if there is none, or if an opt-out came after it.
	Consent Consent

	// Unusable is why the number cannot be texted; empty: it can.
	Unusable Reason

	// Recent has the times of the messages of the kinds Information and Offer
	// to the contact in the last thirty days, latest first, without this one.
	Recent []time.Time

	Now time.Time // of the store's clock
}

// Action is the action of an [IntentDecision].
type Action int

// The zero action is Wait.
const (
	Wait       Action = iota // until At
	Send                     // now
	Suppress                 // never, for Reason
	Expire                   // never: its deadline has passed
	Reconcile                // ask the carrier whether it has the message
	DeadLetter               // give up: the intent is Dead, for Reason
)

// A Decider decides about one intent from the data of its contact.
type Decider func(DecisionInput) IntentDecision

// IntentDecision is the decision about an intent. The store keeps Reason with
// the intent.
type IntentDecision struct {
	Action Action
	Reason Reason
	At     time.Time // with Wait: when to decide again

	// With Send: Message is the message to send, Digest the SHA-256 of its
	// text, and Link the link in it, if there is one. Batch.Send returns
	// Message; a store must not keep it.
	Message Message
	Digest  [32]byte
	Link    *Link

	// ListedByNow reports, with Reconcile, that the carrier lists the attempt by
	// now if it has it: absence proves that it was not sent. Batch.Reconcile
	// returns it.
	ListedByNow bool
}

// endState returns the state in which a decision ends an intent.
func (d IntentDecision) endState() State {
	return map[Action]State{Suppress: Suppressed, Expire: Expired, DeadLetter: Dead}[d.Action]
}

// String returns the id of the message's intent, without the person.
func (d IntentDecision) String() string { return "decision on " + d.Message.String() }

// GoString keeps %#v from printing the person.
func (d IntentDecision) GoString() string { return d.String() }

// LogValue keeps slog from logging the person.
func (d IntentDecision) LogValue() slog.Value { return slog.StringValue(d.String()) }

// DecidedIntent is an intent and the decision about it. It prints as the intent.
type DecidedIntent struct {
	Intent
	Decision IntentDecision
}

// Batch is the result of [IntentStore].BeginSending.
type Batch struct {
	// Send and Reconcile are the intents with that decision, as they are
	// stored now; in Send each has its first decision. Ended are the intents
	// that a decision suppressed, expired or gave up, as decide saw them.
	Send, Reconcile, Ended []DecidedIntent

	// LockedUntil is when the store releases the contacts of Send by itself, by
	// the clock of this process. A message must not be sent if its request is
	// not written by then.
	LockedUntil time.Time

	// Release releases the contacts of Send. It is never nil, may be called
	// more than once, and must be called soon.
	Release func()
}
