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
	// departWithin is how long the contacts of a batch may be kept from booking
	// for the sake of a request that is not on its way yet.
	departWithin = 400 * time.Millisecond

	// mostTries is one a minute, as of a clinic that is set up wrongly, for
	// three days, and thus beyond any sensible deadline: what goes beyond is a
	// defect, and would be tried for ever.
	mostTries = 3 * 24 * 60

	// mostLooks is how often a carrier is asked about one attempt.
	mostLooks = 40

	// retryMost is the longest pause between two attempts, and configAgain
	// the one after a carrier has refused the clinic's configuration.
	retryMost   = 5 * time.Minute
	configAgain = time.Minute

	// pacedMost is the longest that a message waits for its turn before it asks
	// again.
	pacedMost = time.Minute

	// unresolvedAfter is how long a callback may take to settle an attempt
	// that cannot be looked for.
	unresolvedAfter = 10 * time.Minute
)

// A draft is the text of a message between the decision to send it and the
// request. It is kept nowhere else.
type draft struct {
	body     string
	digest   [32]byte
	link     *Link
	validFor time.Duration
}

// A desk decides about the intents of one clinic, and drafts their texts.
type desk struct {
	*Worker
	ctx    context.Context
	id     tenant.ID
	clinic *Settings // nil for one that is gone
	drafts map[IntentID]*draft
	since  map[IntentID]time.Duration // the last attempt, by the store's clock

	paced int // how many were refused for now by the sender's pace

	begun time.Time // before the lease of the attempts did
	asked time.Time // the last time, before the contacts' locks run out
}

// decide decides about intents and carries out what was decided.
func (w *Worker) decide(ctx context.Context, org tenant.ID, clinic *Settings, ids []IntentID) {
	d := &desk{Worker: w, ctx: ctx, id: org, clinic: clinic, drafts: map[IntentID]*draft{}, since: map[IntentID]time.Duration{}, begun: time.Now()}
	batch, err := w.svc.Store.BeginSending(ctx, org, ids, w.cfg.Lease, d.verdict)
	if err != nil {
		w.failed(ctx, org, "begin", err)
		return
	}
	results := make(chan Result, len(batch.Send)+len(batch.Reconcile))
	released := d.sendAll(org, batch, results)
	for _, i := range batch.Reconcile {
		go func() { results <- w.look(ctx, org, i, d.since[i.ID]) }()
	}
	w.finish(ctx, org, results, cap(results))
	<-released
}

// verdict decides about one intent. It is asked again about one that is to be
// sent, which is then Sending, and keeps the draft.
func (d *desk) verdict(c DecisionInput) IntentDecision {
	d.asked = time.Now()
	v := d.judge(c)
	if v.Action != Send {
		delete(d.drafts, c.ID)
	}
	if v.Action == Suppress || v.Action == Expire || v.Action == DeadLetter {
		d.observe(d.ctx, Observation{Org: d.id, Intent: c.ID, Kind: c.Kind, State: v.state(), Reason: v.Reason})
	}
	return v
}

// state is the state in which v ends an intent.
func (v IntentDecision) state() State {
	return map[Action]State{Suppress: Suppressed, Expire: Expired, DeadLetter: Dead}[v.Action]
}

// judge decides about one intent. What it asks is the integrator's: a panic over
// one intent must not hold up those that are decided with it, nor leave a store
// with their contacts locked.
func (d *desk) judge(c DecisionInput) (v IntentDecision) {
	defer func() {
		if p := recover(); p != nil {
			d.failed(d.ctx, d.id, "verdict", panicked(p))
			v = IntentDecision{Action: Wait, At: c.Now.Add(configAgain), Reason: Transient}
			if !c.Now.Before(c.Deadline) {
				v = IntentDecision{Action: Expire, Reason: PastDeadline}
			}
		}
	}()
	switch {
	case c.State == Unknown:
		return d.judgeUnknown(c)
	case d.clinic == nil:
		return IntentDecision{Action: Suppress, Reason: UnknownClinic}
	case c.Attempt >= mostTries && c.State == Planned:
		return IntentDecision{Action: DeadLetter, Reason: OutOfTries}
	}
	may := d.svc.Policy.Decide(c, d.clinic, d.svc.Phones.Locate(c.Phone))
	if may.Action != Send {
		return IntentDecision{Action: may.Action, At: may.At, Reason: may.Reason}
	}
	if d.drafts[c.ID] == nil {
		if v, drafted := d.draft(c, may.Until); !drafted {
			return v
		}
	}
	ready := d.drafts[c.ID]
	return IntentDecision{Action: Send, Digest: ready.digest, Link: ready.link}
}

// judgeUnknown decides about an attempt of which nobody knows what came of it.
func (d *desk) judgeUnknown(c DecisionInput) IntentDecision {
	since := c.Now.Sub(c.Tried)
	d.since[c.ID] = since
	switch {
	case d.reconciler == nil && since < unresolvedAfter:
		return IntentDecision{Action: Wait, At: c.Tried.Add(unresolvedAfter), Reason: Unresolved}
	case d.reconciler == nil || c.Reconciliations >= mostLooks:
		return IntentDecision{Action: DeadLetter, Reason: Unresolved}
	}
	return IntentDecision{Action: Reconcile, Reason: Unresolved}
}

// draft writes the text of a message that may be sent, or says why it cannot.
func (d *desk) draft(c DecisionInput, until time.Time) (v IntentDecision, drafted bool) {
	made := &draft{validFor: ValidFor(c.Now, until)}
	values := Values{Start: c.Start}
	if c.Kind == Information {
		ctx, cancel := context.WithTimeout(d.ctx, departWithin)
		name, why, err := d.cfg.Service.document(ctx, d.clinic, c.Procedure)
		cancel()
		if err != nil {
			d.failed(d.ctx, d.id, "catalog", err)
			return IntentDecision{Action: Wait, At: c.Now.Add(time.Second), Reason: Transient}, false
		}
		if why != "" {
			return IntentDecision{Action: Suppress, Reason: why}, false
		}
		var hash [32]byte
		values.Link, hash = d.cfg.Links.NewLink(d.id)
		made.link = &Link{
			Hash: hash, Intent: c.ID, Document: name,
			Expires: c.Now.Add(d.clinic.LinkLasts()), MaxViews: d.clinic.LinkViews(),
		}
	}
	body, err := d.clinic.Render(c.Kind, values)
	if err != nil {
		d.failed(d.ctx, d.id, "render", err)
		return IntentDecision{Action: Wait, At: c.Now.Add(configAgain), Reason: BadConfig}, false
	}
	if d.pacer != nil {
		if may, again, why := d.pacer.Pace(d.id, 1); may == 0 {
			// Each further one waits as much longer: were all to come due at
			// once, most would be refused again.
			d.paced++
			wait := min(max(again, 10*time.Millisecond)*time.Duration(d.paced), pacedMost)
			return IntentDecision{Action: Wait, At: c.Now.Add(wait), Reason: why}, false
		}
	}
	made.body, made.digest = body, Digest(body)
	d.drafts[c.ID] = made
	return IntentDecision{}, true
}

// sendAll sends the messages of a batch at once, and lets their contacts go
// when all are on their way.
func (d *desk) sendAll(org tenant.ID, batch Batch, results chan<- Result) (released <-chan struct{}) {
	var onTheWay sync.WaitGroup
	onTheWay.Add(len(batch.Send))
	for _, i := range batch.Send {
		go func() {
			departed := sync.OnceFunc(onTheWay.Done)
			r := d.send(org, i, d.drafts[i.ID], departed)
			departed()
			if r.State == Rejected && r.Reason == OptedOut {
				d.optedOut(org, i)
			}
			results <- r
		}()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		onTheWay.Wait()
		batch.Release()
	}()
	return done
}

// optedOut keeps that the carrier knows of an opt-out that we did not.
func (d *desk) optedOut(org tenant.ID, i Intent) {
	o := OptOut{Phone: i.Phone, Source: "carrier", Call: i.Call}
	if err := d.svc.Store.RecordOptOut(d.ctx, org, o); err != nil {
		d.failed(d.ctx, org, "opt-out", err) // the carrier will say so again
	}
}

// send makes one attempt. A request that is not on its way in time is not made
// at all: the contact must not be kept from booking by a carrier that is slow,
// and neither texted after a booking nor twice by a worker that was held up.
func (d *desk) send(org tenant.ID, i Intent, text *draft, departed func()) (r Result) {
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			r = d.result(org, i, Receipt{}, &SendError{Outcome: Uncertain, Reason: Transient, Err: panicked(p)})
		}
		d.observe(d.ctx, Observation{Org: org, Intent: i.ID, Kind: i.Kind, State: r.State, Reason: r.Reason, Code: r.Code, Elapsed: time.Since(start)})
	}()
	left := min(time.Until(d.asked.Add(departWithin)), time.Until(d.begun.Add(d.cfg.Lease-d.cfg.SendTimeout)))
	if left <= 0 {
		return d.result(org, i, Receipt{}, &SendError{Outcome: NotSent, Reason: Transient, Err: errHeldUp})
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cfg.SendTimeout)
	defer cancel()
	late := time.AfterFunc(left, cancel)
	defer late.Stop()
	m := Message{Intent: i.ID, To: i.Phone, Body: text.body, ValidFor: text.validFor}
	receipt, err := d.cfg.Sender.Send(ctx, org, m.WithRequestWritten(func() {
		late.Stop()
		departed()
	}))
	return d.result(org, i, receipt, err)
}

// result turns what the sender says into what is written.
func (w *Worker) result(org tenant.ID, i Intent, receipt Receipt, err error) Result {
	r := Result{Intent: i.ID, Attempt: i.Attempt, State: Accepted, Provider: receipt.Provider}
	if err == nil {
		if receipt.State.Taken() {
			r.State = receipt.State
		}
		return r
	}
	e := asSendError(err)
	r.Reason, r.Code = e.Reason, e.Code
	switch e.Outcome {
	case NotSent:
		r.State = Planned
		r.After = max(backoff(i.Attempt, time.Second, retryMost), e.RetryAfter)
		if e.Reason == BadConfig {
			r.After = max(configAgain, e.RetryAfter)
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
	w.svc.Log.WarnContext(context.Background(), "followup: not sent", "org", org, "intent", i, "error", e)
	return r
}

// look asks the carrier about an attempt of unknown outcome.
func (w *Worker) look(ctx context.Context, org tenant.ID, i Intent, since time.Duration) (r Result) {
	r = Result{Intent: i.ID, Attempt: i.Attempt, State: Unknown, Reason: Unresolved, After: w.lookAgain(i)}
	defer func() {
		if p := recover(); p != nil {
			w.failed(ctx, org, "find", panicked(p))
		}
		w.observe(ctx, Observation{Org: org, Intent: i.ID, Kind: i.Kind, State: r.State, Reason: r.Reason})
	}()
	ctx, cancel := context.WithTimeout(ctx, w.cfg.SendTimeout)
	defer cancel()
	settled := since >= w.cfg.ReconcileDelay // when it was decided to ask
	receipt, found, err := w.reconciler.FindSent(ctx, org, UnconfirmedMessage{Intent: i.ID, To: i.Phone, Tried: i.Tried, Digest: i.Digest})
	switch {
	case err != nil:
		w.failed(ctx, org, "find", err)
	case found:
		r = w.result(org, i, receipt, nil)
	case settled && w.cfg.NeverResend:
		r.State, r.Reason = Dead, NotFoundAtCarrier
	case settled:
		r.State, r.Reason, r.After = Planned, NotFoundAtCarrier, 0
	}
	return r
}

// lookAgain is when to look again: soon at first, then less and less often.
func (w *Worker) lookAgain(i Intent) time.Duration {
	return backoff(max(1, i.Reconciliations), 300*time.Millisecond, 2*time.Minute)
}

// finish writes results as they come, those that have come meanwhile together.
func (w *Worker) finish(ctx context.Context, org tenant.ID, results <-chan Result, n int) {
	for n > 0 {
		done := []Result{<-results}
		for more := true; more; {
			select {
			case r := <-results:
				done = append(done, r)
			default:
				more = false
			}
		}
		n -= len(done)
		w.write(ctx, org, done)
	}
}

// write writes results, again and again until the lease of their attempts must
// be over: then they are of unknown outcome, and will be looked for.
func (w *Worker) write(ctx context.Context, org tenant.ID, results []Result) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.Lease)
	defer cancel()
	for try := 1; ; try++ {
		err := w.svc.Store.RecordResults(ctx, org, results)
		if err == nil {
			return
		}
		w.failed(ctx, org, "finish", err)
		if pause(ctx, backoff(try, 50*time.Millisecond, time.Second)); ctx.Err() != nil {
			return
		}
	}
}

// panicked tells where a panic happened and what kind of value it had; the
// value itself may be somebody's words.
func panicked(value any) error {
	return fmt.Errorf("%w with a %T\n%s", errPanic, value, debug.Stack())
}

var (
	errPanic  = errors.New("followup: panic")
	errHeldUp = errors.New("followup: the worker was held up: it is too late for the request to begin")
)
