package followuptest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var senderContract = suite.Suite[*senderFixture]{
	{"Send", []check[*senderFixture]{
		{"Send sends m to the carrier, once", sendsOnce},
		{"Send must not repeat a request that the carrier may have accepted", sendsNoRepeat},
		{"Send calls m.RequestWritten when the request is written", callsRequestWritten},
		{"Send returns no error only if the carrier has accepted m", noErrorMeansAccepted},
		{"an error is a *SendError", errorsAreSendErrors},

		{"Outcome is NotSent only if the carrier certainly has not accepted m", notSentMeansNotAccepted},
		{"Outcome is NotSent if the carrier could not be reached, or answered so", notSent},

		{"Outcome is Refused if the carrier refused m for good", refused},

		{"Outcome is Uncertain in every other case", uncertain},

		{"an end of ctx is NotSent before the request is written, and Uncertain after it", endsOfContext},

		{"no error and no log line may hold the text, the number or a secret of the clinic", leaksNoData},
		{"failures of one clinic must not delay or fail another's messages", failuresStayApart},
	}},
	{"FindSent", []check[*senderFixture]{
		{"FindSent finds the last attempt of an intent in the carrier's list", findsAttempt},
		{"found is true only for a message that m.Is reports", findsNoOtherMessage},
		{"an error means that the outcome stays unknown", reconcilerFails},
	}},
}

// A senderFixture is a sender under test with its carrier, and the reporter of one
// check.
type senderFixture struct {
	suite.Reporter
	SenderHarness
	ctx     context.Context
	sender  followup.Sender
	carrier Carrier
	log     *logBuffer
	n       int // number of messages made
}

// fixture returns the fixture of one check. Its ctx ends after a minute: a check
// that takes longer is stuck.
func (h SenderHarness) fixture(r suite.Reporter) (*senderFixture, func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	f := &senderFixture{Reporter: r, SenderHarness: h, ctx: ctx, log: &logBuffer{}}
	f.sender, f.carrier = h.New(slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return f, func() {
		f.carrier.Close()
		cancel()
	}
}

// A logBuffer collects log lines. Safe for concurrent use.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// message returns a new message to a number of its own.
func (f *senderFixture) message() followup.Message {
	f.n++
	return followup.Message{
		Intent:   followup.NewIntentID(f.Orgs[0], fmt.Sprint("message ", f.n)),
		To:       phone(f.n),
		Body:     fmt.Sprintf("Clinic: thanks for calling. Your link: https://go.example.com/d/token%04d Reply STOP to opt out.", f.n),
		ValidFor: time.Hour,
	}
}

// shortContext returns a ctx for a call that a fault may leave without an answer.
func (f *senderFixture) shortContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(f.ctx, 250*time.Millisecond)
}

// send sends m of the first clinic with a fault, and returns the number of copies
// that the carrier accepted.
func (f *senderFixture) send(fault Fault, m followup.Message) (followup.Receipt, int, error) {
	f.Helper()
	f.carrier.Fault(fault)
	ctx, cancel := f.ctx, context.CancelFunc(func() {})
	if fault == Hang {
		ctx, cancel = f.shortContext()
	}
	defer cancel()
	r, err := f.sender.Send(ctx, f.Orgs[0], m)
	return r, len(f.accepted(m)), err
}

// accepted returns the copies of m that the carrier accepted.
func (f *senderFixture) accepted(m followup.Message) []Taken {
	var copies []Taken
	for _, t := range f.carrier.Taken() {
		if t.To == m.To && t.Body == m.Body {
			copies = append(copies, t)
		}
	}
	return copies
}

// sendError returns err as a *followup.SendError, and fails the check if it is not
// one.
func (f *senderFixture) sendError(fault Fault, err error) *followup.SendError {
	f.Helper()
	var e *followup.SendError
	if !errors.As(err, &e) {
		f.Fatalf("%s: error %T %v, want a *followup.SendError", fault, err, err)
	}
	return e
}

// reset replaces the sender and the carrier by new ones. A sender may have learned
// from a fault, such as to pause after a 429, and would fail with the next fault.
func (f *senderFixture) reset() {
	f.carrier.Close()
	f.sender, f.carrier = f.New(slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// faults has every Fault except Fine.
var faults = []Fault{
	RefuseConnection, ServerErrorBefore, RateLimited, RefuseOptedOut, RefuseBadNumber, Misconfigured,
	TakeThenDrop, TakeThenError, TakeThenGarble, Hang,
}

func sendsOnce(f *senderFixture) {
	m := f.message()
	r, n, err := f.send(Fine, m)
	if err != nil || n != 1 {
		f.Fatalf("Send: error %v, and the carrier has %d copies of the message, want one; it has accepted %+v", err, n, f.carrier.Taken())
	}
	if got := f.accepted(m)[0].Provider; r.Provider == "" || r.Provider != got {
		f.Errorf("Receipt.Provider is %q, want %q as at the carrier", r.Provider, got)
	}
	if r.State != "" && !r.State.AtCarrier() {
		f.Errorf("Receipt.State is %q, want Accepted or a later state", r.State)
	}
}

func sendsNoRepeat(f *senderFixture) {
	for _, fault := range []Fault{TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.reset()
		f.send(Fine, f.message()) // an HTTP client may repeat a request on a connection that it uses again
		if _, n, _ := f.send(fault, f.message()); n != 1 {
			f.Errorf("%s: the carrier has %d copies after one Send, want 1", fault, n)
		}
	}
}

func callsRequestWritten(f *senderFixture) {
	for _, fault := range []Fault{Fine, Hang} {
		f.carrier.Fault(fault)
		written := make(chan struct{})
		done := make(chan error, 1)
		ctx, cancel := context.WithCancel(f.ctx)
		go func() {
			_, err := f.sender.Send(ctx, f.Orgs[0], f.message().WithRequestWritten(sync.OnceFunc(func() { close(written) })))
			done <- err
		}()
		var err error
		select {
		case <-written:
			cancel()
			err = <-done
		case err = <-done:
			cancel()
		}
		select {
		case <-written:
		default:
			f.Errorf("%s: Send did not call RequestWritten and returned error %v", fault, err)
		}
	}
}

func noErrorMeansAccepted(f *senderFixture) {
	for _, fault := range append([]Fault{Fine}, faults...) {
		f.reset()
		if _, n, err := f.send(fault, f.message()); err == nil && n == 0 {
			f.Errorf("%s: Send returned no error, and the carrier has not accepted the message", fault)
		}
	}
}

func errorsAreSendErrors(f *senderFixture) {
	for _, fault := range faults {
		f.reset()
		if _, _, err := f.send(fault, f.message()); err != nil {
			f.sendError(fault, err)
		}
	}
}

func notSentMeansNotAccepted(f *senderFixture) {
	for _, fault := range faults {
		f.reset()
		_, n, err := f.send(fault, f.message())
		if err != nil && f.sendError(fault, err).Outcome != followup.Uncertain && n > 0 {
			f.Errorf("%s: Send returned error %v, and the carrier has accepted the message", fault, err)
		}
	}
}

func notSent(f *senderFixture) {
	for _, fault := range []Fault{RefuseConnection, RateLimited, Misconfigured} {
		f.reset()
		_, _, err := f.send(fault, f.message())
		e := f.sendError(fault, err)
		if e.Outcome != followup.NotSent {
			f.Errorf("%s: error %v, want NotSent", fault, err)
		}
		if fault == RateLimited && (e.Reason != followup.RateLimited || e.RetryAfter != 7*time.Second) {
			f.Errorf("%s: reason %q and RetryAfter %v, want %q and 7s", fault, e.Reason, e.RetryAfter, followup.RateLimited)
		}
		if fault == Misconfigured && e.Reason != followup.BadConfig {
			f.Errorf("%s: reason %q, want %q", fault, e.Reason, followup.BadConfig)
		}
	}
}

func refused(f *senderFixture) {
	for fault, reason := range map[Fault]followup.Reason{RefuseOptedOut: followup.OptedOut, RefuseBadNumber: followup.BadNumber} {
		f.reset()
		_, _, err := f.send(fault, f.message())
		if e := f.sendError(fault, err); e.Outcome != followup.Refused || e.Reason != reason {
			f.Errorf("%s: error %v, want Refused for %q", fault, err, reason)
		}
	}
}

func uncertain(f *senderFixture) {
	for _, fault := range []Fault{ServerErrorBefore, TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.reset()
		_, _, err := f.send(fault, f.message())
		if e := f.sendError(fault, err); e.Outcome != followup.Uncertain {
			f.Errorf("%s: error %v, want Uncertain", fault, err)
		}
	}
}

func endsOfContext(f *senderFixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	m := f.message()
	_, err := f.sender.Send(ctx, f.Orgs[0], m)
	if e := f.sendError(Fine, err); e.Outcome != followup.NotSent || len(f.accepted(m)) > 0 {
		f.Errorf("Send with a cancelled ctx: error %v, and the carrier has %d copies, want NotSent and none", err, len(f.accepted(m)))
	}

	f.carrier.Fault(Hang)
	ctx, cancel = context.WithCancel(f.ctx)
	defer cancel()
	_, err = f.sender.Send(ctx, f.Orgs[0], f.message().WithRequestWritten(cancel))
	if e := f.sendError(Hang, err); e.Outcome != followup.Uncertain {
		f.Errorf("Send with a ctx cancelled after the request was written: error %v, want Uncertain", err)
	}
}

func leaksNoData(f *senderFixture) {
	for _, fault := range append([]Fault{Fine}, faults...) {
		f.reset()
		m := f.message()
		_, _, err := f.send(fault, m)
		for _, text := range []string{fmt.Sprintf("%v %+v", err, err), f.log.String()} {
			secrets := append([]string{m.To[1:], m.Body[len(m.Body)/2:], "thanks", fmt.Sprintf("token%04d", f.n)}, f.Secrets...)
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					f.Errorf("%s: %q contains %q", fault, text, secret)
				}
			}
		}
	}
}

func failuresStayApart(f *senderFixture) {
	sendOther := func(fault Fault) {
		f.Helper()
		f.carrier.Fault(Fine)
		m := f.message()
		if _, err := f.sender.Send(f.ctx, f.Orgs[1], m); err != nil || len(f.accepted(m)) != 1 {
			f.Errorf("%s of another clinic: error %v, and the carrier has %d copies, want one", fault, err, len(f.accepted(m)))
		}
	}
	for _, fault := range []Fault{RateLimited, RefuseOptedOut, Misconfigured} {
		for range 10 { // enough to open a circuit breaker
			f.send(fault, f.message())
		}
		sendOther(fault)
	}

	f.reset()
	f.carrier.Fault(Hang)
	ctx, cancel := context.WithCancel(f.ctx)
	written := make(chan struct{})
	once := sync.OnceFunc(func() { close(written) })
	var hanging sync.WaitGroup
	for range 20 {
		m := f.message()
		hanging.Add(1)
		go func() {
			defer hanging.Done()
			f.sender.Send(ctx, f.Orgs[0], m.WithRequestWritten(once))
		}()
	}
	select {
	case <-written:
		sendOther(Hang)
	case <-f.ctx.Done():
		f.Errorf("no request of 20 was written before the ctx ended")
	}
	cancel()
	hanging.Wait()
}

// reconciler returns the sender as a Reconciler, or nil if it does not implement it.
func (f *senderFixture) reconciler() followup.Reconciler {
	r, _ := f.sender.(followup.Reconciler)
	return r
}

// unconfirmed returns m as an attempt of unknown outcome, to look for.
func unconfirmed(m followup.Message, tried time.Time) followup.UnconfirmedMessage {
	return followup.UnconfirmedMessage{Intent: m.Intent, To: m.To, Tried: tried, Digest: sha256.Sum256([]byte(m.Body))}
}

func findsAttempt(f *senderFixture) {
	r := f.reconciler()
	if r == nil {
		return
	}
	for _, fault := range []Fault{TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.reset()
		r = f.reconciler()
		tried := time.Now()
		m := f.message()
		f.send(fault, m)
		f.carrier.Fault(Fine)
		receipt, found, err := r.FindSent(f.ctx, f.Orgs[0], unconfirmed(m, tried))
		if err != nil || !found {
			f.Errorf("%s: FindSent of an accepted message: found %v, error %v; want true and no error", fault, found, err)
			continue
		}
		if want := f.accepted(m)[0].Provider; receipt.Provider != want {
			f.Errorf("%s: FindSent returned the id %q, want %q", fault, receipt.Provider, want)
		}
	}
}

func findsNoOtherMessage(f *senderFixture) {
	r := f.reconciler()
	if r == nil {
		return
	}
	tried := time.Now()
	sent, never := f.message(), f.message()
	f.send(Fine, sent)
	other := sent
	other.Body = never.Body
	elsewhere := never
	elsewhere.Body = sent.Body
	for name, m := range map[string]followup.Message{
		"a message that was never sent": never, "another text to the same number": other, "the same text to another number": elsewhere,
	} {
		if receipt, found, err := r.FindSent(f.ctx, f.Orgs[0], unconfirmed(m, tried)); err != nil || found {
			f.Errorf("%s: FindSent: found %v with the id %q, error %v; want false and no error", name, found, receipt.Provider, err)
		}
	}
}

func reconcilerFails(f *senderFixture) {
	r := f.reconciler()
	if r == nil {
		return
	}
	for _, fault := range []Fault{RefuseConnection, ServerErrorBefore, TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.reset()
		r = f.reconciler()
		tried := time.Now()
		m := f.message()
		f.send(Fine, m)
		f.carrier.Fault(fault)
		ctx, cancel := f.shortContext()
		_, found, err := r.FindSent(ctx, f.Orgs[0], unconfirmed(m, tried))
		cancel()
		if err == nil || found {
			f.Errorf("%s: FindSent: found %v, error %v; want an error", fault, found, err)
		}
	}
}

// phone returns the number of person n, of 1,000. +44 7700 900xxx is reserved for
// fiction.
func phone(n int) string { return fmt.Sprintf("+447700900%03d", n%1000) }
