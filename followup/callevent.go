package followup

import (
	"context"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// CallEvent is what a message tells of a call. It prints and logs as the call's
// id only.
type CallEvent struct {
	Call   string     // Vapi's id; required
	Signal CallSignal // required
	Caller string     // the caller's number as it was given, which may be none

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
func (s *Service) RecordCall(ctx context.Context, org tenant.Org, e CallEvent) error {
	clinic, err := s.settings(ctx, org.ID)
	if err != nil {
		return err
	}
	f := CallUpdate{
		Call: e.Call, Signal: e.Signal, Began: e.Began, Ended: e.Ended, At: e.At,
		Wanted: e.Wanted, ClaimsBooked: e.ClaimsBooked, RecheckAfter: s.recheckAfter(e.Signal, clinic),
	}
	if f.At.IsZero() {
		f.At = s.cfg.Now()
	}
	f.Phone, _ = s.number(org, e.Caller)
	if f.Procedure, f.Evidence, err = s.procedure(ctx, org.ID, e); err != nil {
		return err
	}
	call, err := s.cfg.Store.UpdateCall(ctx, org.ID, f)
	if err != nil {
		return err
	}
	if !call.Ended.IsZero() && (call.Procedure != "" || call.Reported) {
		return s.conclude(ctx, clinic, call, Task{Org: org.ID, Kind: TaskCall, ID: call.ID})
	}
	return nil
}

// again is when to look at a call again of which nothing more is heard.
func (s *Service) recheckAfter(signal CallSignal, clinic *Settings) time.Duration {
	switch {
	case signal == Hang:
		return s.cfg.IdleAfter / 10
	case !signal.Over():
		return s.cfg.IdleAfter
	case clinic.Fallback() != "":
		return s.cfg.FallbackDelay
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
func (s *Service) conclude(ctx context.Context, clinic *Settings, call Call, t Task) error {
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
	_, err := s.cfg.Store.PlanIntents(ctx, org, t, plans)
	return err
}
