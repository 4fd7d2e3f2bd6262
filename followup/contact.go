package followup

import (
	"context"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A ContactStore keeps the consents, the opt-outs and the texts of contacts. See
// [Store] for the promises that all its methods make.
type ContactStore interface {
	// Summary returns the summary of a contact; the zero ContactSummary for an
	// unknown one.
	Summary(ctx context.Context, org tenant.ID, phone string) (ContactSummary, error)

	// RecordConsent appends to the ledger that a contact agreed to be texted.
	RecordConsent(ctx context.Context, org tenant.ID, c Consent) error

	// RecordOptOut appends to the ledger that a contact wants no texts, or wants
	// them again. It takes the contact's lock: when it returns, every message
	// that is sent later was released by BeginSending before. An entry with a
	// Message that is in the ledger changes nothing.
	RecordOptOut(ctx context.Context, org tenant.ID, o OptOut) error

	// RecordReply records the kind and the time of a text from a contact, and
	// not its words. It reports whether the message was new.
	RecordReply(ctx context.Context, org tenant.ID, r Reply) (first bool, err error)

	// ListReplies returns the texts from contacts, the latest first, at most
	// limit of them.
	ListReplies(ctx context.Context, org tenant.ID, limit int) ([]Reply, error)
}

// ContactSummary is the state of a contact: ids and times, no words. It prints
// without any of them.
type ContactSummary struct {
	Known       bool // false: the contact is unknown and the rest is zero
	FirstSeen   time.Time
	LastContact time.Time   // the last call or message from them
	Procedure   ProcedureID // the last they asked about
	Wanted      time.Time   // the start of the time they last asked for
	Informed    time.Time   // when a document was last sent to them
	Upcoming    bool        // they have a future appointment
	OptedOut    bool
	Unusable    Reason // why their number cannot be texted; empty: it can
}

// String returns a constant without the contact.
func (m ContactSummary) String() string { return "summary of a contact" }

// GoString returns the same constant.
func (m ContactSummary) GoString() string { return m.String() }

// LogValue logs the same constant.
func (m ContactSummary) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Consent records that a contact agreed to be texted. It prints and logs
// without the person.
type Consent struct {
	Phone   string
	Purpose Kind      // Information or Offer
	Wording string    // the version of the question they agreed to
	Call    string    // the call in which they agreed
	At      time.Time // when they agreed
}

// String returns the call's id and not the person.
func (c Consent) String() string { return "consent in call " + c.Call }

// GoString keeps %#v from printing the person.
func (c Consent) GoString() string { return c.String() }

// LogValue keeps slog from logging the person.
func (c Consent) LogValue() slog.Value { return slog.StringValue(c.String()) }

// OptOut records that a contact wants no texts or, with Again, wants them
// again. It prints and logs without the person.
type OptOut struct {
	Phone   string
	Again   bool
	Source  string // "call", "text", "carrier" or "clinic"
	Call    string // the call in which they asked for it
	Message string // the carrier's id of the text in which they asked for it
}

// String returns the source and not the person.
func (o OptOut) String() string { return "opt-out by " + o.Source }

// GoString keeps %#v from printing the person.
func (o OptOut) GoString() string { return o.String() }

// LogValue keeps slog from logging the person.
func (o OptOut) LogValue() slog.Value { return slog.StringValue(o.String()) }

// ReplyKind is the request in a contact's text.
type ReplyKind string

// ReplyOther is for a person to read, at the carrier's: the words of a text are
// not stored here.
const (
	ReplyStop  ReplyKind = "stop"
	ReplyStart ReplyKind = "start"
	ReplyHelp  ReplyKind = "help"
	ReplyBook  ReplyKind = "book"
	ReplyOther ReplyKind = "other"
)

// Reply is a text from a contact, without its words. It prints and logs without
// the person.
type Reply struct {
	Phone   string
	Message string // the carrier's id
	Kind    ReplyKind
	At      time.Time // of the store's clock; RecordReply ignores it
}

// String returns the kind and not the person.
func (r Reply) String() string { return string(r.Kind) + " reply" }

// GoString keeps %#v from printing the person.
func (r Reply) GoString() string { return r.String() }

// LogValue keeps slog from logging the person.
func (r Reply) LogValue() slog.Value { return slog.StringValue(r.String()) }
