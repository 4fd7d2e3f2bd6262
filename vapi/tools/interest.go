package tools

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/safelog"
)

// interestRecorder records the service and the time that callers ask the
// booking tools for. A record is written after the reply, and is dropped rather
// than waited for: it is a convenience, while consent and bookings are kept
// elsewhere. record on a nil recorder returns
// at once.
type interestRecorder struct {
	followUp  FollowUp
	log       *slog.Logger
	semaphore chan struct{} // holds a token for each write under way
	dropped   atomic.Int64  // records, so far
}

const (
	maxConcurrentRecords = 64
	recordTimeout        = 2 * time.Second
)

func newInterestRecorder(f FollowUp, log *slog.Logger) *interestRecorder {
	return &interestRecorder{followUp: f, log: log, semaphore: make(chan struct{}, maxConcurrentRecords)}
}

// record records the interest of a request without a booking: the service, if
// it has a document to send, and the time.
func (r *interestRecorder) record(ctx context.Context, q *request) {
	if r == nil || q.call.Call.ID == "" {
		return
	}
	e := followup.CallEvent{
		Call: q.call.Call.ID, Signal: followup.Seen, Caller: q.call.Call.CallerNumber(), At: q.now, Wanted: q.interest.Start,
	}
	if s, _ := q.catalog.Service(q.interest.Service); s.Document != "" {
		e.Service = followup.ProcedureID(s.ID)
	}
	if e.Service == "" && e.Wanted.IsZero() {
		return
	}
	ctx = context.WithoutCancel(ctx)
	select {
	case r.semaphore <- struct{}{}:
	default:
		r.drop(ctx, q.call.Org.ID, e.Call, "too many at once")
		return
	}
	org := q.call.Org // the goroutine must not keep q, which holds the whole message
	go func() {
		defer func() { <-r.semaphore }()
		ctx, cancel := context.WithTimeout(ctx, recordTimeout)
		defer cancel()
		if err := r.write(ctx, org, e); err != nil {
			r.drop(ctx, org.ID, e.Call, err.Error())
		}
	}()
}

func (r *interestRecorder) write(ctx context.Context, org tenant.Org, e followup.CallEvent) (err error) {
	defer safelog.Recover(&err)
	return r.followUp.RecordCall(ctx, org, e)
}

func (r *interestRecorder) drop(ctx context.Context, org tenant.ID, call, reason string) {
	r.log.LogAttrs(ctx, slog.LevelWarn, "tools: interest not persisted",
		slog.Any("org", org), slog.String("call", call), slog.String("error", reason),
		slog.Int64("dropped", r.dropped.Add(1)))
}
