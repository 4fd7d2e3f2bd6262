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

// FollowUp is what this package asks of a [followup.Service].
type FollowUp interface {
	RecordCall(ctx context.Context, org tenant.Org, e followup.CallEvent) error
	Lookup(ctx context.Context, org tenant.Org, number string) (followup.ContactSummary, error)
	CountUnmatched(ctx context.Context, org tenant.ID, kind string) error
}

// noteDeadline bounds the write that an answer waits for.
const noteDeadline = 5 * time.Second

// note keeps what a message tells of its call, and then acknowledges it. A
// sender who hangs up early does not undo the write; one who gets no 200 may
// send the message again.
func (h *Handler) note(ctx context.Context, org tenant.Org, m *Message) reply {
	acknowledged := ok(struct{}{})
	signal := signalOf(m)
	if h.cfg.FollowUp == nil || signal == "" {
		return acknowledged
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteDeadline)
	defer cancel()
	var err error
	if m.Call.ID == "" {
		acknowledged.outcome = "quarantined"
		err = h.cfg.FollowUp.CountUnmatched(ctx, org.ID, m.Type)
	} else {
		err = h.cfg.FollowUp.RecordCall(ctx, org, callEvent(m, signal))
	}
	if err != nil {
		return refuse(fmt.Errorf("%w: %w", errNotKept, err))
	}
	return acknowledged
}

// signalOf is what a message says about how far its call is; "" if nothing.
func signalOf(m *Message) followup.CallSignal {
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

// recallDeadline bounds, of the six seconds in which a call must have its
// assistant, what is looked up about the caller.
const recallDeadline = 1500 * time.Millisecond

// recall looks the caller up, and then notes the call: the other way round
// everybody would be known. The function it returns waits for both, but not
// beyond the deadline, and a caller who has not been found by then is one whom
// nobody knows.
func (h *Handler) recall(ctx context.Context, org tenant.Org, m *Message) (recalled func() followup.ContactSummary) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recallDeadline)
	found, done := make(chan followup.ContactSummary, 1), make(chan struct{})
	go func() {
		defer cancel()
		defer close(done)
		h.try(ctx, org, m, "vapi: caller not looked up", func() error {
			memory, err := h.cfg.FollowUp.Lookup(ctx, org, m.Call.CallerNumber())
			if err == nil {
				found <- memory
			}
			return err
		})
		if m.Call.ID != "" {
			h.try(ctx, org, m, "vapi: call not noted", func() error {
				return h.cfg.FollowUp.RecordCall(ctx, org, callEvent(m, followup.Seen))
			})
		}
	}()
	return func() (memory followup.ContactSummary) {
		select {
		case <-done:
		case <-ctx.Done():
		}
		select {
		case memory = <-found:
		default:
		}
		return memory
	}
}

// try does what a call can go on without; a failure is logged.
func (h *Handler) try(ctx context.Context, org tenant.Org, m *Message, failure string, do func() error) {
	if err := safelog.Recover(do); err != nil {
		h.cfg.Log.LogAttrs(ctx, slog.LevelError, failure,
			slog.Any("org", org.ID), slog.String("call", m.Call.ID), slog.String("error", err.Error()))
	}
}

// callerVariables are what an assistant is told of the caller; see [Variables].
func callerVariables(org tenant.Org, m followup.ContactSummary, now time.Time) map[string]string {
	at := func(t time.Time, layout string) string {
		if t.IsZero() {
			return ""
		}
		return t.In(org.Zone).Format(layout)
	}
	wanted := m.Wanted
	if !wanted.After(now) {
		wanted = time.Time{}
	}
	return map[string]string{
		"callerKnown":       yesNo(m.Known),
		"callerLastContact": at(m.LastContact, time.DateOnly),
		"callerInformed":    at(m.Informed, time.DateOnly),
		"callerWanted":      at(wanted, "2006-01-02 15:04"),
		"callerUpcoming":    yesNo(m.Upcoming),
		"callerInterest":    yesNo(m.Procedure != ""),
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
