package vapi

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/safelog"
)

// A FollowUp keeps the facts about calls and knows earlier callers. A
// [followup.Service] is one. Safe for concurrent use.
type FollowUp interface {
	// RecordCall merges e into the facts about its call. It returns after the
	// durable write.
	RecordCall(ctx context.Context, org tenant.Org, e followup.CallEvent) error

	// Lookup returns the summary of the contact with a phone number, as Vapi
	// gives the number; the zero summary for an unknown contact.
	Lookup(ctx context.Context, org tenant.Org, number string) (followup.ContactSummary, error)

	// CountUnmatched counts a message without a call id. kind is its type.
	CountUnmatched(ctx context.Context, org tenant.ID, kind string) error
}

// recordDeadline bounds the write that a reply waits for.
const recordDeadline = 5 * time.Second

// recordCall persists the facts in a message about a call and then
// acknowledges it. The write continues if the sender disconnects; a sender
// that gets no 200 may send the message again.
func (h *Handler) recordCall(ctx context.Context, org tenant.Org, m *Message) (reply, error) {
	acknowledged := ok(struct{}{})
	signal := callSignal(m)
	if h.cfg.FollowUp == nil || signal == "" {
		return acknowledged, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordDeadline)
	defer cancel()
	var err error
	if m.Call.ID == "" {
		acknowledged.outcome = "unmatched"
		err = h.cfg.FollowUp.CountUnmatched(ctx, org.ID, m.Type)
	} else {
		err = h.cfg.FollowUp.RecordCall(ctx, org, callEvent(m, signal))
	}
	if err != nil {
		return reply{}, fmt.Errorf("%w: %w", errNotPersisted, err)
	}
	return acknowledged, nil
}

// callSignal returns the progress of the message's call; "" if unknown.
func callSignal(m *Message) followup.CallSignal {
	switch m.Type {
	case "end-of-call-report":
		return followup.Reported
	case "hang":
		return followup.Hang
	case "status-update":
		switch m.Status {
		case "ended":
			return followup.Ended
		case "ringing", "in-progress", "forwarding":
			return followup.Seen
		}
	}
	return ""
}

// callEvent returns the facts in a message about a call. The transcript and the
// analysis exist only after the call.
func callEvent(m *Message, signal followup.CallSignal) followup.CallEvent {
	e := followup.CallEvent{Call: m.Call.ID, Signal: signal, Caller: m.Call.CallerNumber(), At: m.Time}
	if signal.Over() {
		r := m.Report()
		e.Began, e.Ended = r.StartedAt, r.EndedAt
		e.Transcript = r.Transcript
		e.Analysis, e.ClaimsBooked = r.findings()
	}
	return e
}

// callerDeadline bounds the lookup of the caller and the record of the call,
// of the six seconds in which a call gets its assistant.
const callerDeadline = 1500 * time.Millisecond

// startCallerLookup looks up the caller and then records the call: in the
// other order every caller would be known, by this very call. The channel
// yields one summary when both are done, or at the deadline; the zero summary
// if the lookup failed or was late. A failure is logged: the call goes on
// without.
func (h *Handler) startCallerLookup(ctx context.Context, org tenant.Org, m *Message) <-chan followup.ContactSummary {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callerDeadline)
	found, summary := make(chan followup.ContactSummary, 1), make(chan followup.ContactSummary, 1)
	go func() {
		defer cancel()
		s, err := h.lookUpCaller(ctx, org, m)
		if err == nil {
			found <- s
		} else {
			h.logCallerFailure(ctx, "vapi: caller lookup failed", org, m, err)
		}
		if m.Call.ID == "" {
			return
		}
		if err := h.recordSeen(ctx, org, m); err != nil {
			h.logCallerFailure(ctx, "vapi: call not persisted", org, m, err)
		}
	}()
	go func() { // waits for callerDeadline at most, also if FollowUp ignores ctx
		<-ctx.Done()
		select {
		case s := <-found:
			summary <- s
		default:
			summary <- followup.ContactSummary{}
		}
	}()
	return summary
}

func (h *Handler) lookUpCaller(ctx context.Context, org tenant.Org, m *Message) (s followup.ContactSummary, err error) {
	defer safelog.Recover(&err)
	return h.cfg.FollowUp.Lookup(ctx, org, m.Call.CallerNumber())
}

func (h *Handler) recordSeen(ctx context.Context, org tenant.Org, m *Message) (err error) {
	defer safelog.Recover(&err)
	return h.cfg.FollowUp.RecordCall(ctx, org, callEvent(m, followup.Seen))
}

// logCallerFailure logs a failure that does not delay or end the call.
func (h *Handler) logCallerFailure(ctx context.Context, message string, org tenant.Org, m *Message, err error) {
	h.cfg.Log.LogAttrs(ctx, slog.LevelError, message,
		slog.Any("org", org.ID), slog.String("call", m.Call.ID), slog.String("error", err.Error()))
}

// callerVariables are the variables about the caller; see [Variables].
func callerVariables(org tenant.Org, s followup.ContactSummary, now time.Time) map[string]string {
	at := func(t time.Time, layout string) string {
		if t.IsZero() {
			return ""
		}
		return t.In(org.Zone).Format(layout)
	}
	wanted := s.Wanted
	if !wanted.After(now) {
		wanted = time.Time{}
	}
	return map[string]string{
		"callerKnown":       yesNo(s.Known),
		"callerLastContact": at(s.LastContact, time.DateOnly),
		"callerInformed":    at(s.Informed, time.DateOnly),
		"callerWanted":      at(wanted, "2006-01-02 15:04"),
		"callerUpcoming":    yesNo(s.Upcoming),
		"callerInterest":    yesNo(s.Procedure != ""),
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
