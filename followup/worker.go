package followup

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
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

	// SendTimeout bounds one attempt. Lease is how long an attempt is its
	// worker's own: after it, its outcome is unknown. It must be longer than
	// SendTimeout by half a second at least.
	//
	// Default to 3 and 5 seconds.
	SendTimeout, Lease time.Duration

	// Settle is how long after an attempt a carrier that does not list it
	// surely does not have it: it covers the lag of the list and a request
	// still on its way when the attempt was given up.
	//
	// Defaults to 5 seconds.
	ReconcileDelay time.Duration

	// NeverResend keeps an attempt of unknown outcome from being made again
	// even if the carrier does not list it. It is what happens if Sender is no
	// Reconciler.
	//
	// Defaults to false.
	NeverResend bool

	// Concurrency and PerClinic bound the tasks under way, of all clinics and
	// of one.
	//
	// Default to 256 and 64.
	Concurrency, PerClinic int

	// Poll is how often the queue is asked if it does not ring.
	//
	// Defaults to 250 milliseconds.
	Poll time.Duration

	// Observer is told of every decision.
	//
	// Defaults to none.
	Observer Observer
}

// An Observer counts and measures what becomes of messages. It must be quick.
// Safe for concurrent use.
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
	Elapsed time.Duration // of the attempt; zero if there was none
}

// Worker decides what is due and sends it. Any number of workers, in any number
// of processes, may share a store. Safe for concurrent use.
type Worker struct {
	cfg        WorkerConfig
	svc        Config
	reconciler Reconciler // nil if the sender is none
	pacer      Pacer      // nil if the sender is none
}

// NewWorker returns a worker. The error names the field that is missing or
// cannot be used, and the cure.
func NewWorker(cfg WorkerConfig) (*Worker, error) {
	cfg.SendTimeout = cmp.Or(cfg.SendTimeout, 3*time.Second)
	cfg.Lease = cmp.Or(cfg.Lease, cfg.SendTimeout+2*time.Second)
	cfg.ReconcileDelay = cmp.Or(cfg.ReconcileDelay, 5*time.Second)
	cfg.Concurrency = cmp.Or(cfg.Concurrency, 256)
	cfg.PerClinic = cmp.Or(cfg.PerClinic, min(64, cfg.Concurrency))
	cfg.Poll = cmp.Or(cfg.Poll, 250*time.Millisecond)
	switch {
	case cfg.Service == nil:
		return nil, errors.New("followup: WorkerConfig.Service is nil: pass the Service whose plans are to be carried out")
	case cfg.Queue == nil:
		return nil, errors.New("followup: WorkerConfig.Queue is nil: pass a queue, such as FollowUps of a memory.Store or a pgxstore.Store")
	case cfg.Sender == nil:
		return nil, errors.New("followup: WorkerConfig.Sender is nil: pass a sender, such as twiliosms.New makes; what is planned meanwhile is kept")
	case cfg.Links == nil:
		return nil, errors.New("followup: WorkerConfig.Links is nil: pass a linker, such as followup.NewLinks makes")
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

// Run works until ctx ends, and then lets the attempts under way come to their
// ends. A queue that does not answer is asked again, less and less often. The
// error is that of ctx.
func (w *Worker) Run(ctx context.Context) error {
	crew := newCrew(w.cfg.Concurrency, w.cfg.PerClinic)
	defer crew.wait()
	for failures := 0; ctx.Err() == nil; {
		free, busy, at := crew.free()
		tasks, err := []Task(nil), error(nil)
		if free > 0 {
			tasks, err = w.cfg.Queue.Dequeue(ctx, free, w.cfg.PerClinic, w.cfg.Lease, busy)
		}
		if err != nil {
			failures++
			w.failed(ctx, tenant.ID{}, "take", err)
			pause(ctx, backoff(failures, w.cfg.Poll, time.Second))
			continue
		}
		failures = 0
		for org, tasks := range byClinic(tasks) {
			crew.start(org, len(tasks), func() { w.process(context.WithoutCancel(ctx), org, tasks) })
		}
		if len(tasks) == 0 {
			w.rest(ctx, crew, at)
		} else {
			crew.gather(ctx)
		}
	}
	return ctx.Err()
}

// rest waits for the queue to ring, or for room in the crew that was not there
// at the change at.
func (w *Worker) rest(ctx context.Context, crew *crew, at int) {
	ctx, wake := context.WithCancel(ctx)
	defer wake()
	stop := crew.onRoom(at, wake)
	defer stop()
	if err := w.cfg.Queue.Wait(ctx, w.cfg.Poll); err != nil && ctx.Err() == nil {
		w.failed(ctx, tenant.ID{}, "wait", err)
		pause(ctx, w.cfg.Poll)
	}
}

// Process does what one task asks for: for a queue of one's own, which calls it
// with what it was rung with. What is not due yet, or is another worker's, is
// left alone.
func (w *Worker) Process(ctx context.Context, t Task) { w.process(ctx, t.Org, []Task{t}) }

// process does the tasks of one clinic. A task that fails is not put away: it
// comes due again when its lease runs out.
func (w *Worker) process(ctx context.Context, org tenant.ID, tasks []Task) {
	defer func() {
		if p := recover(); p != nil {
			w.failed(ctx, org, "process", panicked(p))
		}
	}()
	// By then the tasks have been handed out again: whoever does not answer must
	// not keep the crew from other clinics.
	ctx, cancel := context.WithTimeout(ctx, 2*w.cfg.Lease)
	defer cancel()
	clinic, err := w.svc.Settings.Settings(ctx, org)
	gone := errors.Is(err, tenant.ErrUnknownOrg)
	if err != nil && !gone {
		w.failed(ctx, org, "clinic", err)
		return
	}
	var intents []IntentID
	for _, t := range tasks {
		switch {
		case t.Kind == TaskIntent:
			intents = append(intents, IntentID(t.ID))
			continue
		case gone:
			err = w.cfg.Queue.Ack(ctx, t)
		case t.Kind == TaskCall:
			err = w.callDue(ctx, clinic, t)
		case t.Kind == TaskAppointment:
			err = w.cfg.Service.appointmentChanged(ctx, clinic, t)
		default:
			err = w.cfg.Queue.Ack(ctx, t)
		}
		if err != nil {
			w.failed(ctx, org, string(t.Kind), err)
		}
	}
	if len(intents) > 0 {
		w.decide(ctx, org, clinic, intents)
	}
}

// callDue decides what follows from a call of which nothing more was heard. One
// that has not ended, as far as is known, is taken to have ended now.
func (w *Worker) callDue(ctx context.Context, clinic *Settings, t Task) error {
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
	return w.cfg.Service.conclude(ctx, clinic, call, t)
}

// observe tells the observer, whose panic changes nothing.
func (w *Worker) observe(ctx context.Context, o Observation) {
	if w.cfg.Observer == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			w.failed(ctx, o.Org, "observer", panicked(p))
		}
	}()
	w.cfg.Observer.ObserveMessage(ctx, o)
}

// failed logs what went wrong. The errors of stores and senders carry ids only.
func (w *Worker) failed(ctx context.Context, org tenant.ID, at string, err error) {
	attrs := []slog.Attr{slog.String("at", at), slog.String("error", err.Error())}
	if !org.IsZero() {
		attrs = append(attrs, slog.Any("org", org))
	}
	w.svc.Log.LogAttrs(ctx, slog.LevelError, "followup: worker", attrs...)
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

// crew is who is at work, and for which clinics.
type crew struct {
	most, perOrg int

	mu     sync.Mutex
	busy   map[tenant.ID]int // tasks under way
	total  int
	change int    // counts how often there was room again
	wake   func() // whoever waits for room
	all    sync.WaitGroup
}

func newCrew(most, perOrg int) *crew {
	return &crew{most: most, perOrg: perOrg, busy: map[tenant.ID]int{}}
}

// gatherFor is how long tasks may be left waiting for more room: for clinics
// whose carrier is slow need not leave any.
const gatherFor = 50 * time.Millisecond

// gather waits until half of the crew is free, or for a moment. Tasks that are
// taken together are decided together, which costs little more than one: under
// load it pays to take many.
func (c *crew) gather(ctx context.Context) {
	_, _, at := c.free()
	if c.half() {
		return
	}
	ctx, enough := context.WithTimeout(ctx, gatherFor)
	defer enough()
	for ctx.Err() == nil && !c.half() {
		room, stop := context.WithCancel(ctx)
		leave := c.onRoom(at, stop)
		<-room.Done()
		leave()
		stop()
		_, _, at = c.free()
	}
}

func (c *crew) half() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return 2*c.total < c.most
}

// free returns how many tasks can be started, the clinics that have as many
// under way as one may have, and the change at which that was so.
func (c *crew) free() (n int, busy []tenant.ID, at int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for org, under := range c.busy {
		if under >= c.perOrg {
			busy = append(busy, org)
		}
	}
	return c.most - c.total, busy, c.change
}

func (c *crew) start(org tenant.ID, tasks int, work func()) {
	c.mu.Lock()
	c.busy[org] += tasks
	c.total += tasks
	c.mu.Unlock()
	c.all.Add(1)
	go func() {
		defer c.all.Done()
		defer c.done(org, tasks)
		work()
	}()
}

// done takes leave of tasks. There is room again when a clinic or the crew has
// less than it may have, and when half of the crew is free.
func (c *crew) done(org tenant.ID, tasks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ofOrg, ofAll := c.busy[org], c.total
	c.total -= tasks
	if c.busy[org] -= tasks; c.busy[org] == 0 {
		delete(c.busy, org)
	}
	if ofOrg >= c.perOrg && c.busy[org] < c.perOrg ||
		ofAll >= c.most && c.total < c.most || 2*ofAll >= c.most && 2*c.total < c.most {
		c.change++
		if c.wake != nil {
			c.wake()
		}
	}
}

// onRoom has wake called when there is room again, or at once if there has
// been since the change at.
func (c *crew) onRoom(at int, wake func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.change != at {
		wake()
	}
	c.wake = wake
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.wake = nil
	}
}

func (c *crew) wait() { c.all.Wait() }
