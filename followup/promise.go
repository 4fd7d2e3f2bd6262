package followup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Promise records that a caller agreed to be texted about a procedure. It prints
// and logs as the call's id.
type Promise struct {
	Call      string        // required
	Caller    string        // the number as it was given
	Procedure redact.Speech // in the caller's words; empty: the last they asked about
	At        time.Time     // zero: now
}

// String returns the call's id, without the caller.
func (p Promise) String() string { return "promise in call " + p.Call }

// GoString keeps %#v from printing the caller.
func (p Promise) GoString() string { return p.String() }

// LogValue keeps slog from logging the caller.
func (p Promise) LogValue() slog.Value { return slog.StringValue(p.String()) }

// PromiseResult is the result of a [Promise].
type PromiseResult string

// Only a Noted promise is stored: the caller will get the text.
const (
	Noted             PromiseResult = "noted"
	ProcedureUnknown  PromiseResult = "unknown_procedure" // not a procedure of the clinic, or several alike
	DocumentMissing   PromiseResult = "no_document"
	NoNumberToText    PromiseResult = "no_number"
	NotATextNumber    PromiseResult = "landline"  // or a number that cannot be texted for another reason
	WantsNoTexts      PromiseResult = "opted_out" // it is for them to lift, by text
	TextedAlready     PromiseResult = "too_many"  // as often as the clinic texts one person
	HasBooked         PromiseResult = "booked"    // in this call: no text follows it
	ClinicSendsNoText PromiseResult = "switched_off"
)

// errNoCall means that a promise cannot be tied to a call.
var errNoCall = errors.New("followup: promise not persisted: the message names no call: pass Promise.Call")

// Promise records the consent and the procedure of a caller. The text is sent
// when the call is over, unless the caller has booked.
func (s *Service) Promise(ctx context.Context, org tenant.Org, p Promise) (PromiseResult, error) {
	if p.Call == "" {
		return "", errNoCall
	}
	settings, err := s.settings(ctx, org.ID)
	if err != nil {
		return "", err
	}
	e164, ok := s.number(org, p.Caller)
	if !ok {
		return NoNumberToText, nil
	}
	if p.At.IsZero() {
		p.At = s.cfg.Now()
	}
	consent := Consent{Phone: e164, Purpose: Information, Wording: settings.Wording(), Call: p.Call, At: p.At}
	summary, err := s.cfg.Store.Summary(ctx, org.ID, e164)
	if err != nil {
		return "", err
	}
	if refused, err := s.refusal(ctx, settings, consent, summary); refused != "" || err != nil {
		return refused, err
	}
	procedure, promised, err := s.promised(ctx, org.ID, p.Procedure, summary, settings)
	if promised != Noted || err != nil {
		return promised, err
	}
	return s.keep(ctx, settings, consent, procedure)
}

// refusal returns why the policy, as of now, would not send the text after the
// call in spite of the consent; empty: it would.
func (s *Service) refusal(ctx context.Context, settings *Settings, consent Consent, summary ContactSummary) (PromiseResult, error) {
	org := settings.Org().ID
	sent, err := s.cfg.Store.ListIntents(ctx, org, IntentFilter{Phone: consent.Phone, Limit: 50})
	if err != nil {
		return "", err
	}
	now := s.cfg.Now()
	in := DecisionInput{
		Intent: Intent{
			ID: informationID(org, consent.Call), Kind: Information, State: Planned, Phone: consent.Phone, Call: consent.Call,
			Planned: now, Deadline: now.Add(settings.Deadline()),
		},
		OptedOut: summary.OptedOut, Unusable: summary.Unusable, Consent: consent, Now: now,
	}
	for _, i := range sent {
		if i.ID != in.ID && !i.Kind.AboutAppointment() && (i.State == Sending || i.State == Unknown || i.State.AtCarrier()) {
			in.Recent = append(in.Recent, i.Tried)
		}
	}
	decision := s.cfg.Policy.Decide(in, settings, s.cfg.Phones.Locate(consent.Phone))
	if decision.Action != Suppress {
		return "", nil
	}
	switch decision.Reason {
	case OptedOut:
		return WantsNoTexts, nil
	case TooMany:
		return TextedAlready, nil
	case SwitchedOff:
		return ClinicSendsNoText, nil
	}
	return NotATextNumber, nil
}

// promised returns the procedure of the promised document.
func (s *Service) promised(ctx context.Context, org tenant.ID, words redact.Speech, summary ContactSummary, settings *Settings) (ProcedureID, PromiseResult, error) {
	procedure := summary.Procedure
	if words.Len() > 0 {
		var err error
		var ok bool
		if procedure, ok, err = s.cfg.Catalog.Match(ctx, org, words); err != nil || !ok {
			return "", ProcedureUnknown, err
		}
	}
	if procedure == "" && settings.Fallback() == "" {
		return "", ProcedureUnknown, nil
	}
	if _, why, err := s.document(ctx, settings, procedure); err != nil || why != "" {
		return "", DocumentMissing, err
	}
	return procedure, Noted, nil
}

// keep writes the promise. If the caller has hung up meanwhile, it plans the
// messages after the call again.
func (s *Service) keep(ctx context.Context, settings *Settings, c Consent, procedure ProcedureID) (PromiseResult, error) {
	org := settings.Org().ID
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
	return Noted, s.conclude(ctx, settings, call, Task{Org: org, Kind: TaskCall, ID: call.ID})
}

// informationID returns the id of the text after a call.
func informationID(org tenant.ID, call string) IntentID {
	return NewIntentID(org, "call/"+call+"/"+string(Information))
}
