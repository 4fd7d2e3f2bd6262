package followup

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

const (
	// writeMargin is how long before the store releases the contacts of a
	// batch the last request must be written.
	writeMargin = 100 * time.Millisecond

	// maxRetryDelay bounds the pause between two attempts.
	maxRetryDelay = 5 * time.Minute
)

var (
	errPanic = errors.New("followup: panic")
	errLate  = errors.New("followup: request not begun: the worker was held up until the lock or the lease was about to end")
)

// processIntents decides about intents of one clinic, carries the decisions out
// and records the results.
func (w *Worker) processIntents(ctx context.Context, org tenant.ID, settings *Settings, ids []IntentID) {
	leased := time.Now() // or later: the lease begins during BeginSending
	d := &decider{Worker: w, org: org, settings: settings, written: map[IntentID]IntentDecision{}}
	batch, err := w.svc.Store.BeginSending(ctx, org, ids, w.cfg.Lease, func(in DecisionInput) IntentDecision {
		return d.decide(ctx, in)
	})
	if err != nil {
		w.logError(ctx, org, "followup: sending not begun", err)
		return
	}
	writeBy := earlier(batch.LockedUntil.Add(-writeMargin), leased.Add(w.cfg.Lease-w.cfg.SendTimeout))
	results := w.attemptAll(ctx, org, batch, writeBy)
	for _, i := range batch.Ended {
		w.observe(ctx, Observation{Org: org, Intent: i.ID, Kind: i.Kind, State: i.Decision.endState(), Reason: i.Decision.Reason})
	}
	w.recordAll(ctx, org, results)
}

// attemptAll sends and reconciles the intents of a batch, all at once, and
// releases the contacts when every request is written. The channel is closed
// after the last result and the release.
func (w *Worker) attemptAll(ctx context.Context, org tenant.ID, batch Batch, writeBy time.Time) <-chan Result {
	results := make(chan Result, len(batch.Send)+len(batch.Reconcile))
	var running, unwritten sync.WaitGroup
	unwritten.Add(len(batch.Send))
	for _, i := range batch.Send {
		running.Go(func() {
			written := sync.OnceFunc(unwritten.Done)
			r := w.send(ctx, org, i, writeBy, written)
			written() // before the opt-out, which waits for the contact's lock
			if r.State == Rejected && r.Reason == OptedOut {
				w.recordCarrierOptOut(ctx, org, i.Intent)
			}
			results <- r
		})
	}
	for _, i := range batch.Reconcile {
		running.Go(func() { results <- w.reconcile(ctx, org, i) })
	}
	running.Go(func() {
		unwritten.Wait()
		batch.Release()
	})
	go func() {
		running.Wait()
		close(results)
	}()
	return results
}

// recordCarrierOptOut records an opt-out that only the carrier knew of.
func (w *Worker) recordCarrierOptOut(ctx context.Context, org tenant.ID, i Intent) {
	err := w.svc.Store.RecordOptOut(ctx, org, OptOut{Phone: i.Phone, Source: "carrier", Call: i.Call})
	if err != nil { // the carrier reports it again with the next message
		w.logError(ctx, org, "followup: opt-out not persisted", err)
	}
}

// send makes one attempt. A request that is not written by writeBy is not made
// at all: a slow carrier must not keep the contact from booking, and a worker
// that was held up must neither text after a booking nor a second time.
func (w *Worker) send(ctx context.Context, org tenant.ID, i DecidedIntent, writeBy time.Time, written func()) (r Result) {
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			r = w.result(ctx, org, i.Intent, Receipt{}, &SendError{Outcome: Uncertain, Reason: Transient, Err: panicError(p)})
		}
		w.observe(ctx, Observation{Org: org, Intent: i.ID, Kind: i.Kind, State: r.State, Reason: r.Reason, Code: r.Code, Elapsed: time.Since(start)})
	}()
	left := time.Until(writeBy)
	if left <= 0 {
		return w.result(ctx, org, i.Intent, Receipt{}, &SendError{Outcome: NotSent, Reason: Transient, Err: errLate})
	}
	sendCtx, cancel := context.WithTimeout(ctx, w.cfg.SendTimeout)
	defer cancel()
	late := time.AfterFunc(left, cancel)
	defer late.Stop()
	receipt, err := w.cfg.Sender.Send(sendCtx, org, i.Decision.Message.WithRequestWritten(func() {
		late.Stop()
		written()
	}))
	return w.result(ctx, org, i.Intent, receipt, err)
}

// result returns the result to record for a sender's receipt or error.
func (w *Worker) result(ctx context.Context, org tenant.ID, i Intent, receipt Receipt, err error) Result {
	r := Result{Intent: i.ID, Attempt: i.Attempt, State: Accepted, Provider: receipt.Provider}
	if err == nil {
		if receipt.State.AtCarrier() {
			r.State = receipt.State
		}
		return r
	}
	e := asSendError(err)
	r.Reason, r.Code = e.Reason, e.Code
	switch e.Outcome {
	case NotSent:
		r.State = Planned
		r.After = max(backoff(i.Attempt, time.Second, maxRetryDelay), e.RetryAfter)
		if e.Reason == BadConfig {
			r.After = max(configRetry, e.RetryAfter)
		}
	case Refused:
		r.State = Rejected
		switch e.Reason {
		case Landline:
			r.Unusable = Landline
		case BadNumber:
			r.Unusable = UnusableNumber
		}
	default:
		r.State, r.After = Unknown, min(time.Second, w.cfg.ReconcileDelay)
	}
	w.svc.Log.WarnContext(ctx, "followup: send failed", "org", org, "intent", i, "error", e)
	return r
}

// reconcile asks the carrier about an attempt of unknown outcome.
func (w *Worker) reconcile(ctx context.Context, org tenant.ID, i DecidedIntent) (r Result) {
	r = Result{Intent: i.ID, Attempt: i.Attempt, State: Unknown, Reason: Unresolved, After: reconcileDelay(i.Reconciliations)}
	defer func() {
		if p := recover(); p != nil {
			w.logError(ctx, org, "followup: reconciler panicked", panicError(p))
		}
		w.observe(ctx, Observation{Org: org, Intent: i.ID, Kind: i.Kind, State: r.State, Reason: r.Reason})
	}()
	findCtx, cancel := context.WithTimeout(ctx, w.cfg.SendTimeout)
	defer cancel()
	receipt, found, err := w.reconciler.FindSent(findCtx, org, UnconfirmedMessage{Intent: i.ID, To: i.Phone, Tried: i.Tried, Digest: i.Digest})
	switch {
	case err != nil:
		w.logError(ctx, org, "followup: reconciliation failed", err)
	case found:
		r = w.result(ctx, org, i.Intent, receipt, nil)
	case i.Decision.ListedByNow && w.cfg.NeverResend:
		r.State, r.Reason = Dead, NotFoundAtCarrier
	case i.Decision.ListedByNow:
		r.State, r.Reason, r.After = Planned, NotFoundAtCarrier, 0
	}
	return r
}

// reconcileDelay returns when to ask the carrier again: soon at first, then
// less and less often.
func reconcileDelay(reconciliations int) time.Duration {
	return backoff(max(1, reconciliations), 300*time.Millisecond, 2*time.Minute)
}

// recordAll records results as they come, in one write those that are there.
func (w *Worker) recordAll(ctx context.Context, org tenant.ID, results <-chan Result) {
	for r := range results {
		ready := []Result{r}
		for more := true; more; {
			select {
			case r, more = <-results:
				if more {
					ready = append(ready, r)
				}
			default:
				more = false
			}
		}
		w.record(ctx, org, ready)
	}
}

// record writes results, and retries until the lease of their attempts must be
// over: from then on their outcome is unknown and is reconciled.
func (w *Worker) record(ctx context.Context, org tenant.ID, results []Result) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.Lease)
	defer cancel()
	for try := 1; ; try++ {
		err := w.svc.Store.RecordResults(ctx, org, results)
		if err == nil {
			return
		}
		w.logError(ctx, org, "followup: results not persisted", err)
		if pause(ctx, backoff(try, 50*time.Millisecond, time.Second)); ctx.Err() != nil {
			return
		}
	}
}

// panicError names the type of a panic's value and its place. The value itself
// may hold a person's words.
func panicError(value any) error {
	return fmt.Errorf("%w with a %T\n%s", errPanic, value, debug.Stack())
}
