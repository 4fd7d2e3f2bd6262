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

// sending is a sender under test, and what the checks say about it.
type senderFixture struct {
	suite.Reporter
	SenderHarness
	ctx     context.Context
	sender  followup.Sender
	carrier Carrier
	log     *logged
	n       int
}

// fixture gives a check a sender and a minute: what takes longer is stuck.
func (h SenderHarness) fixture(r suite.Reporter) (*senderFixture, func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	f := &senderFixture{Reporter: r, SenderHarness: h, ctx: ctx, log: &logged{}}
	f.sender, f.carrier = h.New(slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return f, func() {
		f.carrier.Close()
		cancel()
	}
}

// logged is what was logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// message is another message, to a number of its own.
func (f *senderFixture) message() followup.Message {
	f.n++
	return followup.Message{
		Intent:   followup.NewIntentID(f.Orgs[0], fmt.Sprint("message ", f.n)),
		To:       phone(f.n),
		Body:     fmt.Sprintf("Clinic: thanks for calling. Your link: https://go.example.com/d/token%04d Reply STOP to opt out.", f.n),
		ValidFor: time.Hour,
	}
}

// briefly bounds what a fault would let hang.
func (f *senderFixture) shortContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(f.ctx, 250*time.Millisecond)
}

// sends sends m of the first clinic under a fault, and says in how many copies
// the carrier has taken it then.
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

// taken is what the carrier has of m.
func (f *senderFixture) accepted(m followup.Message) []Taken {
	var taken []Taken
	for _, t := range f.carrier.Taken() {
		if t.To == m.To && t.Body == m.Body {
			taken = append(taken, t)
		}
	}
	return taken
}

// outcome is what err says of the message.
func (f *senderFixture) sendError(fault Fault, err error) *followup.SendError {
	f.Helper()
	var e *followup.SendError
	if !errors.As(err, &e) {
		f.Fatalf("fault %d: error %T %v, want a *followup.SendError", fault, err, err)
	}
	return e
}

// another is a fresh sender: what the last one learned of its carrier, such as
// to leave it alone for a while, is not to spoil the next fault.
func (f *senderFixture) reset() {
	f.carrier.Close()
	f.sender, f.carrier = f.New(slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// faults are all but Fine.
var faults = []Fault{
	RefuseConnection, ServerErrorBefore, RateLimited, RefuseOptedOut, RefuseBadNumber, Misconfigured,
	TakeThenDrop, TakeThenError, TakeThenGarble, Hang,
}

func sendsOnce(f *senderFixture) {
	m := f.message()
	r, n, err := f.send(Fine, m)
	if err != nil || n != 1 {
		f.Fatalf("a send: error %v and %d messages at the carrier, want one: %+v", err, n, f.carrier.Taken())
	}
	if got := f.accepted(m)[0].Provider; r.Provider == "" || r.Provider != got {
		f.Errorf("the receipt has the id %q, the carrier %q", r.Provider, got)
	}
	if r.State != "" && !r.State.AtCarrier() {
		f.Errorf("the receipt says %q, want Accepted or further on", r.State)
	}
}

func sendsNoRepeat(f *senderFixture) {
	for _, fault := range []Fault{TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.reset()
		f.send(Fine, f.message()) // a connection to use again is what tempts a client to repeat
		if _, n, _ := f.send(fault, f.message()); n != 1 {
			f.Errorf("fault %d: the carrier has %d messages of one send, want 1", fault, n)
		}
	}
}

func callsRequestWritten(f *senderFixture) {
	for _, fault := range []Fault{Fine, Hang} {
		f.carrier.Fault(fault)
		departed := make(chan struct{})
		done := make(chan error, 1)
		ctx, cancel := context.WithCancel(f.ctx)
		go func() {
			_, err := f.sender.Send(ctx, f.Orgs[0], f.message().WithRequestWritten(sync.OnceFunc(func() { close(departed) })))
			done <- err
		}()
		var err error
		select {
		case <-departed:
			cancel()
			err = <-done
		case err = <-done:
			cancel()
		}
		select {
		case <-departed:
		default:
			f.Errorf("fault %d: Departed was never called, and Send returned error %v", fault, err)
		}
	}
}

func noErrorMeansAccepted(f *senderFixture) {
	for _, fault := range append([]Fault{Fine}, faults...) {
		f.reset()
		if _, n, err := f.send(fault, f.message()); err == nil && n == 0 {
			f.Errorf("fault %d: no error, and the carrier has nothing", fault)
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
			f.Errorf("fault %d: %v, and the carrier has it", fault, err)
		}
	}
}

func notSent(f *senderFixture) {
	for _, fault := range []Fault{RefuseConnection, RateLimited, Misconfigured} {
		f.reset()
		_, _, err := f.send(fault, f.message())
		e := f.sendError(fault, err)
		if e.Outcome != followup.NotSent {
			f.Errorf("fault %d: %v, want NotSent", fault, err)
		}
		if fault == RateLimited && (e.Reason != followup.RateLimited || e.RetryAfter != 7*time.Second) {
			f.Errorf("429 with Retry-After 7: reason %q and RetryAfter %v", e.Reason, e.RetryAfter)
		}
		if fault == Misconfigured && e.Reason != followup.BadConfig {
			f.Errorf("wrong credentials: reason %q, want %q", e.Reason, followup.BadConfig)
		}
	}
}

func refused(f *senderFixture) {
	for fault, reason := range map[Fault]followup.Reason{RefuseOptedOut: followup.OptedOut, RefuseBadNumber: followup.BadNumber} {
		f.reset()
		_, _, err := f.send(fault, f.message())
		if e := f.sendError(fault, err); e.Outcome != followup.Refused || e.Reason != reason {
			f.Errorf("fault %d: %v, want Refused for %q", fault, err, reason)
		}
	}
}

func uncertain(f *senderFixture) {
	for _, fault := range []Fault{ServerErrorBefore, TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.reset()
		_, _, err := f.send(fault, f.message())
		if e := f.sendError(fault, err); e.Outcome != followup.Uncertain {
			f.Errorf("fault %d: %v, want Uncertain", fault, err)
		}
	}
}

func endsOfContext(f *senderFixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	m := f.message()
	_, err := f.sender.Send(ctx, f.Orgs[0], m)
	if e := f.sendError(Fine, err); e.Outcome != followup.NotSent || len(f.accepted(m)) > 0 {
		f.Errorf("a send that was cancelled before it began: %v and %d messages at the carrier, want NotSent and none", err, len(f.accepted(m)))
	}

	f.carrier.Fault(Hang)
	ctx, cancel = context.WithCancel(f.ctx)
	defer cancel()
	_, err = f.sender.Send(ctx, f.Orgs[0], f.message().WithRequestWritten(cancel))
	if e := f.sendError(Hang, err); e.Outcome != followup.Uncertain {
		f.Errorf("a send that was cancelled when it had departed: %v, want Uncertain", err)
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
					f.Errorf("fault %d: %q tells %q", fault, text, secret)
				}
			}
		}
	}
}

func failuresStayApart(f *senderFixture) {
	fine := func(fault Fault) {
		f.Helper()
		f.carrier.Fault(Fine)
		m := f.message()
		if _, err := f.sender.Send(f.ctx, f.Orgs[1], m); err != nil || len(f.accepted(m)) != 1 {
			f.Errorf("fault %d of another clinic: error %v and %d messages at the carrier, want one", fault, err, len(f.accepted(m)))
		}
	}
	for _, fault := range []Fault{RateLimited, RefuseOptedOut, Misconfigured} {
		for range 10 { // enough for whatever is to be left alone for a while
			f.send(fault, f.message())
		}
		fine(fault)
	}

	f.reset()
	f.carrier.Fault(Hang)
	ctx, cancel := context.WithCancel(f.ctx)
	departed := make(chan struct{})
	once := sync.OnceFunc(func() { close(departed) })
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
	case <-departed:
		fine(Hang)
	case <-f.ctx.Done():
		f.Errorf("no message of 20 was on its way before its time was over")
	}
	cancel()
	hanging.Wait()
}

// reconciler is the sender as one; nil if it is none.
func (f *senderFixture) reconciler() followup.Reconciler {
	r, _ := f.sender.(followup.Reconciler)
	return r
}

// lost is m as it is looked for.
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
			f.Errorf("fault %d: a message that the carrier has taken: found %v, error %v", fault, found, err)
			continue
		}
		if want := f.accepted(m)[0].Provider; receipt.Provider != want {
			f.Errorf("fault %d: it was found as %q, want %q", fault, receipt.Provider, want)
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
	for what, m := range map[string]followup.Message{
		"a message that was never sent": never, "another text to the same number": other, "the same text to another number": elsewhere,
	} {
		if receipt, found, err := r.FindSent(f.ctx, f.Orgs[0], unconfirmed(m, tried)); err != nil || found {
			f.Errorf("%s: found %v as %q, error %v", what, found, receipt.Provider, err)
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
			f.Errorf("fault %d: found %v, error %v; want an error", fault, found, err)
		}
	}
}

// phone is the number of person n.
func phone(n int) string { return fmt.Sprintf("+447700900%03d", n%1000) }
