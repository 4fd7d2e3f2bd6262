package followup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

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
type PromiseResult string

// Only Noted has been kept: the caller will get the text.
const (
	Noted             PromiseResult = "noted"
	NothingKnown      PromiseResult = "unknown_procedure" // not one of the clinic's, or several alike
	NothingToSend     PromiseResult = "no_document"
	NoNumberToText    PromiseResult = "no_number"
	NotATextNumber    PromiseResult = "landline"  // or a number that cannot be texted for another reason
	WantsNoTexts      PromiseResult = "opted_out" // it is for them to lift, by text
	TextedAlready     PromiseResult = "too_many"  // as often as the clinic texts one person
	HasBooked         PromiseResult = "booked"    // in this call: nothing follows from it
	ClinicSendsNoText PromiseResult = "switched_off"
)

// errNoCall says that a promise cannot be tied to a call.
var errNoCall = errors.New("followup: the message names no call, so nothing can follow it")

// Promise records the consent of a caller and what they asked about. The text
// goes out when the call is over, if nothing has been booked.
func (s *Service) Promise(ctx context.Context, org tenant.Org, p Promise) (PromiseResult, error) {
	if p.Call == "" {
		return "", errNoCall
	}
	clinic, err := s.settings(ctx, org.ID)
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
	memory, err := s.cfg.Store.Summary(ctx, org.ID, phone)
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
func (s *Service) refusal(ctx context.Context, clinic *Settings, consent Consent, m ContactSummary) (PromiseResult, error) {
	org := clinic.Org().ID
	sent, err := s.cfg.Store.ListIntents(ctx, org, IntentFilter{Phone: consent.Phone, Limit: 50})
	if err != nil {
		return "", err
	}
	now := s.cfg.Now()
	c := DecisionInput{
		Intent: Intent{
			ID: informationID(org, consent.Call), Kind: Information, State: Planned, Phone: consent.Phone, Call: consent.Call,
			Planned: now, Deadline: now.Add(clinic.Deadline()),
		},
		OptedOut: m.OptedOut, Unusable: m.Unusable, Consent: consent, Now: now,
	}
	for _, i := range sent {
		if i.ID != c.ID && !i.Kind.AboutAppointment() && (i.State == Sending || i.State == Unknown || i.State.AtCarrier()) {
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
func (s *Service) promised(ctx context.Context, org tenant.ID, words redact.Speech, m ContactSummary, clinic *Settings) (ProcedureID, PromiseResult, error) {
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
func (s *Service) keep(ctx context.Context, clinic *Settings, c Consent, procedure ProcedureID) (PromiseResult, error) {
	org := clinic.Org().ID
	evidence := FromPromise
	if procedure == "" {
		evidence = NoEvidence
	}
	if err := s.cfg.Store.RecordConsent(ctx, org, c); err != nil {
		return "", err
	}
	call, err := s.cfg.Store.UpdateCall(ctx, org, CallUpdate{
		Call: c.Call, Signal: Seen, Phone: c.Phone, At: c.At,
		Procedure: procedure, Evidence: evidence, RecheckAfter: s.cfg.IdleAfter,
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
