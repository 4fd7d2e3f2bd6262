package followup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Config configures a [Service]. Store, Clinics and Catalog are required.
type Config struct {
	Store   Store
	Clinics Clinics
	Catalog Catalog

	// Assets are asked whether a document is there before it is promised or
	// sent.
	//
	// Defaults to none: the catalog is believed.
	Assets Assets

	// Phones reads the numbers of callers.
	//
	// Defaults to NorthAmerica.
	Phones PhoneNormalizer

	// Policy says what may be sent when.
	//
	// Defaults to StandardPolicy.
	Policy Policy

	// Settle is how long a call that ended waits for its report if nothing is
	// known of what the caller asked about and the clinic has a Fallback.
	//
	// Defaults to 1.5 seconds.
	Settle time.Duration

	// ReportWait is how long it waits where the clinic has no Fallback: then
	// there is nothing to send without the report, which comes when Vapi has
	// analysed the call. An analysis may be set to take up to 60 seconds.
	//
	// Defaults to 2 minutes.
	ReportWait time.Duration

	// Sweep is how long a call of which nothing more is heard is taken to be
	// going on; after a hang it is a tenth of that.
	//
	// Defaults to 20 minutes: twice what Vapi lets a call last by default.
	Sweep time.Duration

	// Log gets a line where something went wrong, ids only.
	//
	// Defaults to slog.Default().
	Log *slog.Logger

	// Now tells the time. The store has a clock of its own.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// Service takes what is told of calls and contacts and keeps it. Every method
// returns when it is durable and waits for nothing else; each may be called
// again with the same arguments. Safe for concurrent use.
type Service struct {
	cfg Config
}

// New returns a service. The error names the field that is missing or cannot
// be used, and the cure.
func New(cfg Config) (*Service, error) {
	switch {
	case cfg.Store == nil:
		return nil, errors.New("followup: Config.Store is nil: pass a store, such as FollowUps of a memory.Store or a pgxstore.Store")
	case cfg.Clinics == nil:
		return nil, errors.New("followup: Config.Clinics is nil: pass how the clinics want their messages, such as followup.StaticClinics")
	case cfg.Catalog == nil:
		return nil, errors.New("followup: Config.Catalog is nil: pass the clinics' procedures and documents, such as vapi.FollowUpCatalog")
	case cfg.Settle < 0 || cfg.ReportWait < 0 || cfg.Sweep < 0:
		return nil, errors.New("followup: Config.Settle, ReportWait and Sweep cannot be negative: leave them 0 for their defaults")
	}
	cfg.Settle = cmp.Or(cfg.Settle, 1500*time.Millisecond)
	cfg.ReportWait = cmp.Or(cfg.ReportWait, 2*time.Minute)
	cfg.Sweep = cmp.Or(cfg.Sweep, 20*time.Minute)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	if cfg.Phones == nil {
		cfg.Phones = NorthAmerica{}
	}
	if cfg.Policy == nil {
		cfg.Policy = StandardPolicy{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Service{cfg}, nil
}

// CallEvent is what a message tells of a call. It prints and logs as the call's
// id only.
type CallEvent struct {
	Call   string // Vapi's id; required
	Signal Signal // required
	Caller string // the caller's number as it was given, which may be none

	Began, Ended time.Time
	At           time.Time // when the message was sent; zero: now

	// Service is what a tool was called with, by its id in the catalog, and
	// Wanted the start of the time that was asked for.
	Service ProcedureID
	Wanted  time.Time

	// Analysis is what the assistant's structured data says the call was
	// about, and Transcript what was said in it. They are matched with the
	// catalog and not kept.
	Analysis   redact.Speech
	Transcript redact.Speech

	ClaimsBooked bool
}

// String returns the call's id and nothing else.
func (e CallEvent) String() string { return string(e.Signal) + " call " + e.Call }

// GoString keeps %#v from printing the caller.
func (e CallEvent) GoString() string { return e.String() }

// LogValue keeps slog from logging the caller.
func (e CallEvent) LogValue() slog.Value { return slog.StringValue(e.String()) }

// Note keeps what is told of a call, and plans what follows if it is over and
// enough is known. An error means that the message should come again.
func (s *Service) Note(ctx context.Context, org tenant.Org, e CallEvent) error {
	clinic, err := s.clinic(ctx, org.ID)
	if err != nil {
		return err
	}
	f := Facts{
		Call: e.Call, Signal: e.Signal, Began: e.Began, Ended: e.Ended, At: e.At,
		Wanted: e.Wanted, ClaimsBooked: e.ClaimsBooked, Again: s.again(e.Signal, clinic),
	}
	if f.At.IsZero() {
		f.At = s.cfg.Now()
	}
	f.Phone, _ = s.number(org, e.Caller)
	if f.Procedure, f.Evidence, err = s.procedure(ctx, org.ID, e); err != nil {
		return err
	}
	call, err := s.cfg.Store.Record(ctx, org.ID, f)
	if err != nil {
		return err
	}
	if !call.Ended.IsZero() && (call.Procedure != "" || call.Reported) {
		return s.conclude(ctx, clinic, call, Task{Org: org.ID, Kind: TaskCall, ID: call.ID})
	}
	return nil
}

// again is when to look at a call again of which nothing more is heard.
func (s *Service) again(signal Signal, clinic *Clinic) time.Duration {
	switch {
	case signal == Hang:
		return s.cfg.Sweep / 10
	case !signal.Over():
		return s.cfg.Sweep
	case clinic.Fallback() != "":
		return s.cfg.Settle
	}
	return s.cfg.ReportWait
}

// procedure is what a message says a call was about, by its best evidence.
func (s *Service) procedure(ctx context.Context, org tenant.ID, e CallEvent) (ProcedureID, Evidence, error) {
	if e.Service != "" {
		return e.Service, FromTool, nil
	}
	for _, words := range []struct {
		redact.Speech
		Evidence
	}{{e.Analysis, FromAnalysis}, {e.Transcript, FromTranscript}} {
		if words.Len() == 0 {
			continue
		}
		id, ok, err := s.cfg.Catalog.Match(ctx, org, words.Speech)
		if ok || err != nil {
			return id, words.Evidence, err
		}
	}
	return "", NoEvidence, nil
}

// conclude plans what follows from a call that is over. What was decided before
// stands, but for a document that has not been sent yet and can still be the
// right one.
func (s *Service) conclude(ctx context.Context, clinic *Clinic, call Call, t Task) error {
	var plans []Plan
	org := clinic.Org().ID
	p := Plan{
		ID:        informationID(org, call.ID),
		Kind:      Information,
		Phone:     call.Phone,
		Call:      call.ID,
		Procedure: call.Procedure,
		Deadline:  later(call.Ended, call.FirstSeen).Add(clinic.Deadline()),
		Consented: call.Consented,
	}
	known := call.Procedure != "" || clinic.Fallback() != ""
	switch {
	case call.Booked && !call.Consented:
		// It had its outcome, and nobody was promised anything.
	case !known && !call.Consented:
	case call.Phone == "":
		p.Suppress = NoNumber
		plans = []Plan{p}
	case !known:
		p.Suppress = UnknownProcedure
		plans = []Plan{p}
	default:
		plans = []Plan{p}
	}
	_, err := s.cfg.Store.Plan(ctx, org, t, plans)
	return err
}

// Promise is that a caller agreed to be texted about a procedure. It prints and
// logs as the call's id only.
type Promise struct {
	Call      string        // required
	Caller    string        // the number as it was given
	Procedure redact.Speech // in the caller's words; empty: what they last asked about
	At        time.Time     // zero: now
}

// String returns the call's id and nothing else.
func (p Promise) String() string { return "promise in call " + p.Call }

// GoString keeps %#v from printing the caller.
func (p Promise) GoString() string { return p.String() }

// LogValue keeps slog from logging the caller.
func (p Promise) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Promised is what became of a [Promise].
type Promised string

// Only Noted has been kept: the caller will get the text.
const (
	Noted             Promised = "noted"
	NothingKnown      Promised = "unknown_procedure" // not one of the clinic's, or several alike
	NothingToSend     Promised = "no_document"
	NoNumberToText    Promised = "no_number"
	NotATextNumber    Promised = "landline"  // or a number that cannot be texted for another reason
	WantsNoTexts      Promised = "opted_out" // it is for them to lift, by text
	TextedAlready     Promised = "too_many"  // as often as the clinic texts one person
	HasBooked         Promised = "booked"    // in this call: nothing follows from it
	ClinicSendsNoText Promised = "switched_off"
)

// errNoCall says that a promise cannot be tied to a call.
var errNoCall = errors.New("followup: the message names no call, so nothing can follow it")

// Promise records the consent of a caller and what they asked about. The text
// goes out when the call is over, if nothing has been booked.
func (s *Service) Promise(ctx context.Context, org tenant.Org, p Promise) (Promised, error) {
	if p.Call == "" {
		return "", errNoCall
	}
	clinic, err := s.clinic(ctx, org.ID)
	if err != nil {
		return "", err
	}
	phone, ok := s.number(org, p.Caller)
	if !ok {
		return NoNumberToText, nil
	}
	if p.At.IsZero() {
		p.At = s.cfg.Now()
	}
	consent := Consent{Phone: phone, Purpose: Information, Wording: clinic.Wording(), Call: p.Call, At: p.At}
	memory, err := s.cfg.Store.Lookup(ctx, org.ID, phone)
	if err != nil {
		return "", err
	}
	if refused, err := s.refusal(ctx, clinic, consent, memory); refused != "" || err != nil {
		return refused, err
	}
	procedure, promised, err := s.promised(ctx, org.ID, p.Procedure, memory, clinic)
	if promised != Noted || err != nil {
		return promised, err
	}
	return s.keep(ctx, clinic, consent, procedure)
}

// refusal says why no text would be sent after the call though the caller
// agrees to it, as far as the policy can tell now; empty if there is no reason.
func (s *Service) refusal(ctx context.Context, clinic *Clinic, consent Consent, m Memory) (Promised, error) {
	org := clinic.Org().ID
	sent, err := s.cfg.Store.Intents(ctx, org, Find{Phone: consent.Phone, Limit: 50})
	if err != nil {
		return "", err
	}
	now := s.cfg.Now()
	c := Candidate{
		Intent: Intent{
			ID: informationID(org, consent.Call), Kind: Information, State: Planned, Phone: consent.Phone, Call: consent.Call,
			Planned: now, Deadline: now.Add(clinic.Deadline()),
		},
		OptedOut: m.OptedOut, Unusable: m.Unusable, Consent: consent, Now: now,
	}
	for _, i := range sent {
		if i.ID != c.ID && !i.Kind.AboutAppointment() && (i.State == Sending || i.State == Unknown || i.State.Taken()) {
			c.Recent = append(c.Recent, i.Tried)
		}
	}
	may := s.cfg.Policy.Decide(c, clinic, s.cfg.Phones.Locate(consent.Phone))
	if may.Action != Suppress {
		return "", nil
	}
	switch may.Reason {
	case OptedOut:
		return WantsNoTexts, nil
	case TooMany:
		return TextedAlready, nil
	case SwitchedOff:
		return ClinicSendsNoText, nil
	}
	return NotATextNumber, nil
}

// promised finds the procedure that a document is promised about.
func (s *Service) promised(ctx context.Context, org tenant.ID, words redact.Speech, m Memory, clinic *Clinic) (ProcedureID, Promised, error) {
	procedure := m.Procedure
	if words.Len() > 0 {
		var err error
		var ok bool
		if procedure, ok, err = s.cfg.Catalog.Match(ctx, org, words); err != nil || !ok {
			return "", NothingKnown, err
		}
	}
	if procedure == "" && clinic.Fallback() == "" {
		return "", NothingKnown, nil
	}
	if _, why, err := s.document(ctx, clinic, procedure); err != nil || why != "" {
		return "", NothingToSend, err
	}
	return procedure, Noted, nil
}

// keep writes what was promised. If the caller has hung up meanwhile, what
// follows is decided anew.
func (s *Service) keep(ctx context.Context, clinic *Clinic, c Consent, procedure ProcedureID) (Promised, error) {
	org := clinic.Org().ID
	evidence := FromPromise
	if procedure == "" {
		evidence = NoEvidence
	}
	if err := s.cfg.Store.Consent(ctx, org, c); err != nil {
		return "", err
	}
	call, err := s.cfg.Store.Record(ctx, org, Facts{
		Call: c.Call, Signal: Seen, Phone: c.Phone, At: c.At,
		Procedure: procedure, Evidence: evidence, Again: s.cfg.Sweep,
	})
	switch {
	case err != nil:
		return "", err
	case call.Booked:
		return HasBooked, nil
	case call.Ended.IsZero():
		return Noted, nil
	}
	return Noted, s.conclude(ctx, clinic, call, Task{Org: org, Kind: TaskCall, ID: call.ID})
}

// informationID names the text that follows a call.
func informationID(org tenant.ID, call string) IntentID {
	return NewIntentID(org, "call/"+call+"/"+string(Information))
}

// document returns the name of the document about a procedure, the clinic's
// fallback for none, or why there is nothing to send.
func (s *Service) document(ctx context.Context, clinic *Clinic, procedure ProcedureID) (name string, why Reason, err error) {
	why = UnknownProcedure
	if procedure != "" {
		var ok bool
		if name, ok, err = s.cfg.Catalog.Document(ctx, clinic.Org().ID, procedure); err != nil {
			return "", "", err
		}
		if !ok {
			name = ""
		}
		why = NoDocument
	}
	if name == "" {
		name = clinic.Fallback()
	}
	if name == "" {
		return "", why, nil
	}
	if s.cfg.Assets == nil {
		return name, "", nil
	}
	found, err := s.cfg.Assets.Open(ctx, clinic.Org().ID, name)
	if errors.Is(err, ErrNotFound) {
		s.cfg.Log.ErrorContext(ctx, "followup: a document of the catalog is missing", "org", clinic.Org().ID)
		return "", NoDocument, nil
	}
	if err != nil {
		return "", "", err
	}
	return name, "", found.Close()
}

// Consent keeps that a person agreed to be texted, such as when they joined a
// waitlist; a caller's consent to a document is kept by Promise.
func (s *Service) Consent(ctx context.Context, org tenant.ID, c Consent) error {
	if c.Phone == "" || c.At.IsZero() || c.Purpose.AboutAppointment() || c.Purpose == "" {
		return errors.New("followup: Consent.Phone, Purpose (Information or Offer) and At are required")
	}
	return s.cfg.Store.Consent(ctx, org, c)
}

// OptOutCaller records that a caller wants no texts. ok is false if the number
// is none.
func (s *Service) OptOutCaller(ctx context.Context, org tenant.Org, call, caller string) (ok bool, err error) {
	phone, ok := s.number(org, caller)
	if !ok {
		return false, nil
	}
	return true, s.cfg.Store.OptOut(ctx, org.ID, OptOut{Phone: phone, Source: "call", Call: call})
}

// Lookup returns what is known of a person by their number as it was given. A
// number that is none is of nobody who is known.
func (s *Service) Lookup(ctx context.Context, org tenant.Org, number string) (Memory, error) {
	phone, ok := s.number(org, number)
	if !ok {
		return Memory{}, nil
	}
	return s.cfg.Store.Lookup(ctx, org.ID, phone)
}

// Quarantine counts a message that belongs to no call. kind is its type.
func (s *Service) Quarantine(ctx context.Context, org tenant.ID, kind string) error {
	return s.cfg.Store.Quarantine(ctx, org, kind)
}

// Status keeps a carrier's word about a message; a number that has opted out at
// the carrier has opted out here. An error that wraps ErrNotFound means that
// there is no such message.
func (s *Service) Status(ctx context.Context, org tenant.ID, u StatusUpdate) error {
	intent, err := s.cfg.Store.Status(ctx, org, u)
	if err != nil || u.Reason != OptedOut {
		return err
	}
	return s.cfg.Store.OptOut(ctx, org, OptOut{Phone: intent.Phone, Source: "carrier", Message: u.Provider})
}

// An Offering is a time that has become free, to be offered to someone who
// waits for one. It prints and logs without the person.
type Offering struct {
	Key   string    // one key, one text; required
	Phone string    // E.164
	Start time.Time // of the time that is free
	Until time.Time // when the offer ends; zero: at Start
}

// String returns the key and nothing of the person.
func (o Offering) String() string { return "offer " + o.Key }

// GoString keeps %#v from printing the person.
func (o Offering) GoString() string { return o.String() }

// LogValue keeps slog from logging the person.
func (o Offering) LogValue() slog.Value { return slog.StringValue(o.String()) }

// Offer plans a text that offers a time. It needs the contact's consent for
// the purpose Offer, and is not sent if they have booked since.
func (s *Service) Offer(ctx context.Context, org tenant.ID, o Offering) (Intent, error) {
	if o.Key == "" || o.Phone == "" || o.Start.IsZero() {
		return Intent{}, errors.New("followup: Offering.Key, Phone and Start are required")
	}
	if o.Until.IsZero() {
		o.Until = o.Start
	}
	intents, err := s.cfg.Store.Plan(ctx, org, Task{}, []Plan{{
		ID: NewIntentID(org, "offer/"+o.Key), Kind: Offer, Phone: o.Phone, Start: o.Start, Deadline: o.Until,
	}})
	if err != nil {
		return Intent{}, err
	}
	return intents[0], nil
}

// number reads a number as it was given; ok is false if nobody can be texted there.
func (s *Service) number(org tenant.Org, given string) (e164 string, ok bool) {
	e164, ok = s.cfg.Phones.ParsePhone(given, org.Country)
	if !ok || Withheld(e164) {
		return "", false
	}
	return e164, true
}

func (s *Service) clinic(ctx context.Context, org tenant.ID) (*Clinic, error) {
	if org.IsZero() {
		return nil, fmt.Errorf("followup: %w", tenant.ErrNoOrg)
	}
	return s.cfg.Clinics.Clinic(ctx, org)
}
