package followup

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// WorkerConfig configures a [Worker]. Service, Queue, Sender and Links are
// required.
type WorkerConfig struct {
	Service *Service
	Queue   Queue
	Sender  Sender // may be a Reconciler and a Pacer too
	Links   Linker

	// SendTimeout bounds one attempt. Lease is how long an attempt belongs to
	// its worker: after it, the outcome is unknown. Lease must be at least half
	// a second longer than SendTimeout.
	//
	// Default to 3 and 5 seconds.
	SendTimeout, Lease time.Duration

	// ReconcileDelay is the time after an attempt from which on a carrier that
	// does not list it certainly does not have it. It covers the lag of the
	// list and a request still on its way when the attempt was given up.
	//
	// Defaults to 5 seconds.
	ReconcileDelay time.Duration

	// NeverResend prevents a second attempt after one of unknown outcome, even
	// if the carrier does not list it. A Sender that is no Reconciler implies
	// it.
	//
	// Defaults to false.
	NeverResend bool

	// Concurrency and PerClinic bound the tasks in progress, of all clinics and
	// of each.
	//
	// Default to 256 and 64.
	Concurrency, PerClinic int

	// Poll is the interval between reads of a queue that gives no notice.
	//
	// Defaults to 250 milliseconds.
	Poll time.Duration

	// Observer receives every step in the life of a message.
	//
	// Defaults to no observer.
	Observer Observer
}

// An Observer counts and measures messages. It must return soon. Safe for
// concurrent use.
type Observer interface {
	ObserveMessage(ctx context.Context, o Observation)
}

// Observation is one step in the life of an intent.
type Observation struct {
	Org     tenant.ID
	Intent  IntentID
	Kind    Kind
	State   State
	Reason  Reason
	Code    string        // the carrier's
	Elapsed time.Duration // of the attempt; zero: no attempt
}

// Worker decides about due messages and sends them. Any number of workers, in
// any number of processes, may share a store. Safe for concurrent use.
type Worker struct {
	cfg        WorkerConfig
	svc        Config
	reconciler Reconciler // nil if the sender does not implement it
	pacer      Pacer      // nil if the sender does not implement it
}

// NewWorker returns a worker. The error names the missing or invalid field and
// the fix.
func NewWorker(cfg WorkerConfig) (*Worker, error) {
	cfg.SendTimeout = cmp.Or(cfg.SendTimeout, 3*time.Second)
	cfg.Lease = cmp.Or(cfg.Lease, cfg.SendTimeout+2*time.Second)
	cfg.ReconcileDelay = cmp.Or(cfg.ReconcileDelay, 5*time.Second)
	cfg.Concurrency = cmp.Or(cfg.Concurrency, 256)
	cfg.PerClinic = cmp.Or(cfg.PerClinic, min(64, cfg.Concurrency))
	cfg.Poll = cmp.Or(cfg.Poll, 250*time.Millisecond)
	switch {
	case cfg.Service == nil:
		return nil, errors.New("followup: WorkerConfig.Service is nil: pass the Service whose messages the worker sends")
	case cfg.Queue == nil:
		return nil, errors.New("followup: WorkerConfig.Queue is nil: pass a queue, such as FollowUps of a memory.Store or a pgxstore.Store")
	case cfg.Sender == nil:
		return nil, errors.New("followup: WorkerConfig.Sender is nil: pass a sender, such as twiliosms.New makes; planned messages are kept meanwhile")
	case cfg.Links == nil:
		return nil, errors.New("followup: WorkerConfig.Links is nil: pass a linker, such as linkpage.NewLinks makes")
	case cfg.SendTimeout < 0 || cfg.Lease < cfg.SendTimeout+500*time.Millisecond:
		return nil, errors.New("followup: WorkerConfig.Lease must be at least half a second longer than SendTimeout")
	case cfg.ReconcileDelay < 0 || cfg.Poll < 0 || cfg.Concurrency < 1 || cfg.PerClinic < 1:
		return nil, errors.New("followup: WorkerConfig.ReconcileDelay, Poll, Concurrency and PerClinic cannot be negative: leave them 0 for their defaults")
	}
	w := &Worker{cfg: cfg, svc: cfg.Service.cfg}
	w.reconciler, _ = cfg.Sender.(Reconciler)
	w.pacer, _ = cfg.Sender.(Pacer)
	return w, nil
}

// Run works until ctx ends, and then lets the attempts in progress end. It retries
// a queue that fails, less and less often. The error is that of ctx.
func (w *Worker) Run(ctx context.Context) error {
	pool := newPool(w.cfg.Concurrency, w.cfg.PerClinic)
	defer pool.wait()
	for failures := 0; ctx.Err() == nil; {
		capacity := pool.capacity()
		tasks, err := w.dequeue(ctx, capacity)
		if err != nil {
			failures++
			w.logError(ctx, tenant.ID{}, "followup: dequeue failed", err)
			pause(ctx, backoff(failures, w.cfg.Poll, time.Second))
			continue
		}
		failures = 0
		for org, tasks := range byClinic(tasks) {
			pool.start(org, len(tasks), func() { w.process(context.WithoutCancel(ctx), org, tasks) })
		}
		if len(tasks) > 0 {
			pool.collect(ctx)
		} else {
			w.idle(ctx, pool, capacity)
		}
	}
	return ctx.Err()
}

func (w *Worker) dequeue(ctx context.Context, now capacity) ([]Task, error) {
	if now.free <= 0 {
		return nil, nil
	}
	return w.cfg.Queue.Dequeue(ctx, now.free, w.cfg.PerClinic, w.cfg.Lease, now.full)
}

// idle waits for a task to come due, or for the capacity of the pool to grow.
func (w *Worker) idle(ctx context.Context, pool *pool, now capacity) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := pool.onCapacity(now.version, cancel)
	defer stop()
	if err := w.cfg.Queue.Wait(ctx, w.cfg.Poll); err != nil && ctx.Err() == nil {
		w.logError(ctx, tenant.ID{}, "followup: wait for the queue failed", err)
		pause(ctx, w.cfg.Poll)
	}
}

// Process processes one task, for an integrator's own queue, which calls it
// with each task that comes due. It leaves alone a task that is not due yet or
// that another worker has leased.
func (w *Worker) Process(ctx context.Context, t Task) { w.process(ctx, t.Org, []Task{t}) }

// process processes tasks of one clinic. A task that fails is not acknowledged:
// it comes due again when its lease ends.
func (w *Worker) process(ctx context.Context, org tenant.ID, tasks []Task) {
	defer func() {
		if p := recover(); p != nil {
			w.logError(ctx, org, "followup: task panicked", panicError(p))
		}
	}()
	// After two leases the queue has handed the tasks out again: a clinic with
	// a hanging store must not keep the pool from the others.
	ctx, cancel := context.WithTimeout(ctx, 2*w.cfg.Lease)
	defer cancel()
	settings, err := w.svc.Settings.Settings(ctx, org)
	unknown := errors.Is(err, tenant.ErrUnknownOrg)
	if err != nil && !unknown {
		w.logError(ctx, org, "followup: settings unavailable", err)
		return
	}
	var intents []IntentID
	for _, t := range tasks {
		switch {
		case t.Kind == TaskIntent:
			intents = append(intents, IntentID(t.ID))
			continue
		case unknown:
			err = w.cfg.Queue.Ack(ctx, t)
		case t.Kind == TaskCall:
			err = w.processCall(ctx, settings, t)
		case t.Kind == TaskAppointment:
			err = w.cfg.Service.planAppointment(ctx, settings, t)
		default:
			err = w.cfg.Queue.Ack(ctx, t)
		}
		if err != nil {
			w.logError(ctx, org, "followup: task failed", err, slog.String("kind", string(t.Kind)))
		}
	}
	if len(intents) > 0 {
		w.processIntents(ctx, org, settings, intents)
	}
}

// processCall concludes a call without further messages. A call without a
// reported end counts as ended.
func (w *Worker) processCall(ctx context.Context, settings *Settings, t Task) error {
	call, err := w.svc.Store.Call(ctx, t.Org, t.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return w.cfg.Queue.Ack(ctx, t)
	case err != nil:
		return err
	case call.Concluded:
		return w.cfg.Queue.Ack(ctx, t)
	case call.Ended.IsZero():
		call, err = w.svc.Store.UpdateCall(ctx, t.Org, CallUpdate{
			Call: t.ID, Signal: Ended, At: call.Now, Ended: call.LastSeen, RecheckAfter: w.cfg.Lease,
		})
		if err != nil {
			return err
		}
	}
	return w.cfg.Service.conclude(ctx, settings, call, t)
}

// observe calls the observer. Its panic has no effect.
func (w *Worker) observe(ctx context.Context, o Observation) {
	if w.cfg.Observer == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			w.logError(ctx, o.Org, "followup: observer panicked", panicError(p))
		}
	}()
	w.cfg.Observer.ObserveMessage(ctx, o)
}

// logError logs an error of a store, a sender or the integrator: by their
// contracts it holds ids only.
func (w *Worker) logError(ctx context.Context, org tenant.ID, message string, err error, attrs ...slog.Attr) {
	if !org.IsZero() {
		attrs = append(attrs, slog.Any("org", org))
	}
	w.svc.Log.LogAttrs(ctx, slog.LevelError, message, append(attrs, slog.String("error", err.Error()))...)
}

func byClinic(tasks []Task) map[tenant.ID][]Task {
	clinics := make(map[tenant.ID][]Task)
	for _, t := range tasks {
		clinics[t.Org] = append(clinics[t.Org], t)
	}
	return clinics
}

// backoff doubles from least with every failure, up to most.
func backoff(failures int, least, most time.Duration) time.Duration {
	d := least
	for range failures - 1 {
		if d *= 2; d >= most {
			return most
		}
	}
	return min(d, most)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
