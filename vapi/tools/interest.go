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

// A notebook remembers what callers ask the booking tools for. It costs the
// caller nothing: a note is taken while the answer is on its way, and is lost
// rather than waited for. That is memory, not truth: what a caller agreed to
// or booked is kept elsewhere. A nil notebook remembers nothing.
type notebook struct {
	followUp FollowUp
	log      *slog.Logger
	hands    chan struct{} // one is taken for each note under way
	lost     atomic.Int64  // notes, so far
}

// How many notes are taken at once, and how long one may take.
const (
	notesAtOnce = 64
	noteWithin  = 2 * time.Second
)

func newNotebook(f FollowUp, log *slog.Logger) *notebook {
	return &notebook{followUp: f, log: log, hands: make(chan struct{}, notesAtOnce)}
}

// note remembers what a request that booked nothing was about: the service, if
// it has a document to send, and the time.
func (n *notebook) note(ctx context.Context, q *request) {
	if n == nil || q.call.Call.ID == "" {
		return
	}
	e := followup.CallEvent{
		Call: q.call.Call.ID, Signal: followup.Seen, Caller: q.call.Call.CallerNumber(), At: q.now, Wanted: q.asked.Start,
	}
	if s, _ := q.catalog.Service(q.asked.Service); s.Document != "" {
		e.Service = followup.ProcedureID(s.ID)
	}
	if e.Service == "" && e.Wanted.IsZero() {
		return
	}
	ctx = context.WithoutCancel(ctx)
	select {
	case n.hands <- struct{}{}:
	default:
		n.lose(ctx, q.call.Org.ID, e.Call, "too many at once")
		return
	}
	org := q.call.Org // not q, which holds the whole message
	go func() {
		defer func() { <-n.hands }()
		ctx, cancel := context.WithTimeout(ctx, noteWithin)
		defer cancel()
		if err := n.record(ctx, org, e); err != nil {
			n.lose(ctx, org.ID, e.Call, err.Error())
		}
	}()
}

func (n *notebook) lose(ctx context.Context, org tenant.ID, call, why string) {
	n.log.LogAttrs(ctx, slog.LevelWarn, "vapi: what a caller asked for is not remembered",
		slog.Any("org", org), slog.String("call", call), slog.String("error", why),
		slog.Int64("lost", n.lost.Add(1)))
}

func (n *notebook) record(ctx context.Context, org tenant.Org, e followup.CallEvent) (err error) {
	defer safelog.Recover(&err)
	return n.followUp.RecordCall(ctx, org, e)
}
