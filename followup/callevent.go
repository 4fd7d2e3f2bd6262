package followup

import (
	"context"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// CallEvent is the content of a message about a call. It prints and logs as the
// call's id.
type CallEvent struct {
	Call   string     // Vapi's id; required
	Signal CallSignal // required
	Caller string     // the caller's number as it was given; empty: withheld

	Began, Ended time.Time
	At           time.Time // when the message was sent; zero: now

	// Service is the service that a tool was called with, by its id in the
	// catalog, and Wanted the start of the time that the caller asked for.
	Service ProcedureID
	Wanted  time.Time

	// Analysis is the subject of the call in the assistant's structured data,
	// and Transcript the words of the call. They are matched with the catalog
	// and not stored.
	Analysis   redact.Speech
	Transcript redact.Speech

	ClaimsBooked bool
}

// String returns the signal and the call's id, without the caller.
func (e CallEvent) String() string { return string(e.Signal) + " call " + e.Call }

// GoString keeps %#v from printing the caller.
func (e CallEvent) GoString() string { return e.String() }

// LogValue keeps slog from logging the caller.
func (e CallEvent) LogValue() slog.Value { return slog.StringValue(e.String()) }

// RecordCall records an event of a call, and plans the messages after the call if
// it is over and its procedure is known or it is reported. After an error the
// event must be delivered again.
func (s *Service) RecordCall(ctx context.Context, org tenant.Org, e CallEvent) error {
	settings, err := s.settings(ctx, org.ID)
	if err != nil {
		return err
	}
	u := CallUpdate{
		Call: e.Call, Signal: e.Signal, Began: e.Began, Ended: e.Ended, At: e.At,
		Wanted: e.Wanted, ClaimsBooked: e.ClaimsBooked, RecheckAfter: s.recheckAfter(e.Signal, settings),
	}
	if u.At.IsZero() {
		u.At = s.cfg.Now()
	}
	u.Phone, _ = s.number(org, e.Caller)
	if u.Procedure, u.Evidence, err = s.procedure(ctx, org.ID, e); err != nil {
		return err
	}
	call, err := s.cfg.Store.UpdateCall(ctx, org.ID, u)
	if err != nil {
		return err
	}
	if !call.Ended.IsZero() && (call.Procedure != "" || call.Reported) {
		return s.conclude(ctx, settings, call, Task{Org: org.ID, Kind: TaskCall, ID: call.ID})
	}
	return nil
}

// recheckAfter returns when to process a call without further messages.
func (s *Service) recheckAfter(signal CallSignal, settings *Settings) time.Duration {
	switch {
	case signal == Hang:
		return s.cfg.IdleAfter / 10
	case !signal.Over():
		return s.cfg.IdleAfter
	case settings.Fallback() != "":
		return s.cfg.FallbackDelay
	}
	return s.cfg.ReportWait
}

// procedure returns the procedure of a call by the strongest evidence in a message.
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

// conclude plans the messages after a call that is over. Earlier plans stand,
// except that a document which was not sent yet can still be corrected.
func (s *Service) conclude(ctx context.Context, settings *Settings, call Call, t Task) error {
	var plans []Plan
	org := settings.Org().ID
	p := Plan{
		ID:        informationID(org, call.ID),
		Kind:      Information,
		Phone:     call.Phone,
		Call:      call.ID,
		Procedure: call.Procedure,
		Deadline:  later(call.Ended, call.FirstSeen).Add(settings.Deadline()),
		Consented: call.Consented,
	}
	known := call.Procedure != "" || settings.Fallback() != ""
	switch {
	case call.Booked && !call.Consented:
		// The caller has booked and was promised no text.
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
	_, err := s.cfg.Store.PlanIntents(ctx, org, t, plans)
	return err
}
