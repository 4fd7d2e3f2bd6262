package followuptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var senderContract = suite.Suite[*sending]{
	{"Send", []check[*sending]{
		{"Send sends m to the carrier, once", handsOver},
		{"Send must not repeat a request that the carrier may have accepted", neverRepeats},
		{"Send calls m.RequestWritten when the request is written", departs},
		{"Send returns no error only if the carrier has accepted m", noErrorMeansTaken},
		{"an error is a *SendError", errorsAreSendErrors},
		{"Outcome is NotSent only if the carrier certainly has not accepted m", notSentMeansNotTaken},
		{"Outcome is NotSent if the carrier could not be reached, or answered so", notSent},
		{"Outcome is Refused if the carrier refused m for good", refused},
		{"Outcome is Uncertain in every other case", uncertain},
		{"an end of ctx is NotSent before the request is written, and Uncertain after it", endsOfContext},
		{"no error and no log line may hold the text, the number or a secret of the clinic", tellsNothing},
		{"failures of one clinic must not delay or fail another's messages", troubleApart},
	}},
	{"FindSent", []check[*sending]{
		{"FindSent finds the last attempt of an intent in the carrier's list", finds},
		{"found is true only for a message that m.Is reports", findsNoOther},
		{"an error means that the outcome stays unknown", findFails},
	}},
}

// sending is a sender under test, and what the checks say about it.
type sending struct {
	suite.Reporter
	SenderHarness
	ctx     context.Context
	sender  followup.Sender
	carrier Carrier
	log     *logged
	n       int
}

// fixture gives a check a sender and a minute: what takes longer is stuck.
func (h SenderHarness) fixture(r suite.Reporter) (*sending, func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	f := &sending{Reporter: r, SenderHarness: h, ctx: ctx, log: &logged{}}
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
func (f *sending) message() followup.Message {
	f.n++
	return followup.Message{
		Intent:   followup.NewIntentID(f.Orgs[0], fmt.Sprint("message ", f.n)),
		To:       phone(f.n),
		Body:     fmt.Sprintf("Clinic: thanks for calling. Your link: https://go.example.com/d/token%04d Reply STOP to opt out.", f.n),
		ValidFor: time.Hour,
	}
}

// briefly bounds what a fault would let hang.
func (f *sending) briefly() (context.Context, context.CancelFunc) {
	return context.WithTimeout(f.ctx, 250*time.Millisecond)
}

// sends sends m of the first clinic under a fault, and says in how many copies
// the carrier has taken it then.
func (f *sending) sends(fault Fault, m followup.Message) (followup.Receipt, int, error) {
	f.Helper()
	f.carrier.Fault(fault)
	ctx, cancel := f.ctx, context.CancelFunc(func() {})
	if fault == Hang {
		ctx, cancel = f.briefly()
	}
	defer cancel()
	r, err := f.sender.Send(ctx, f.Orgs[0], m)
	return r, len(f.taken(m)), err
}

// taken is what the carrier has of m.
func (f *sending) taken(m followup.Message) []Taken {
	var taken []Taken
	for _, t := range f.carrier.Taken() {
		if t.To == m.To && t.Body == m.Body {
			taken = append(taken, t)
		}
	}
	return taken
}

// outcome is what err says of the message.
func (f *sending) outcome(fault Fault, err error) *followup.SendError {
	f.Helper()
	var e *followup.SendError
	if !errors.As(err, &e) {
		f.Fatalf("fault %d: error %T %v, want a *followup.SendError", fault, err, err)
	}
	return e
}

// another is a fresh sender: what the last one learned of its carrier, such as
// to leave it alone for a while, is not to spoil the next fault.
func (f *sending) another() {
	f.carrier.Close()
	f.sender, f.carrier = f.New(slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// faults are all but Fine.
var faults = []Fault{
	RefuseConnection, ServerErrorBefore, RateLimited, RefuseOptedOut, RefuseBadNumber, Misconfigured,
	TakeThenDrop, TakeThenError, TakeThenGarble, Hang,
}

func handsOver(f *sending) {
	m := f.message()
	r, n, err := f.sends(Fine, m)
	if err != nil || n != 1 {
		f.Fatalf("a send: error %v and %d messages at the carrier, want one: %+v", err, n, f.carrier.Taken())
	}
	if got := f.taken(m)[0].Provider; r.Provider == "" || r.Provider != got {
		f.Errorf("the receipt has the id %q, the carrier %q", r.Provider, got)
	}
	if r.State != "" && !r.State.AtCarrier() {
		f.Errorf("the receipt says %q, want Accepted or further on", r.State)
	}
}

func neverRepeats(f *sending) {
	for _, fault := range []Fault{TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.another()
		f.sends(Fine, f.message()) // a connection to use again is what tempts a client to repeat
		if _, n, _ := f.sends(fault, f.message()); n != 1 {
			f.Errorf("fault %d: the carrier has %d messages of one send, want 1", fault, n)
		}
	}
}

func departs(f *sending) {
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

func noErrorMeansTaken(f *sending) {
	for _, fault := range append([]Fault{Fine}, faults...) {
		f.another()
		if _, n, err := f.sends(fault, f.message()); err == nil && n == 0 {
			f.Errorf("fault %d: no error, and the carrier has nothing", fault)
		}
	}
}

func errorsAreSendErrors(f *sending) {
	for _, fault := range faults {
		f.another()
		if _, _, err := f.sends(fault, f.message()); err != nil {
			f.outcome(fault, err)
		}
	}
}

func notSentMeansNotTaken(f *sending) {
	for _, fault := range faults {
		f.another()
		_, n, err := f.sends(fault, f.message())
		if err != nil && f.outcome(fault, err).Outcome != followup.Uncertain && n > 0 {
			f.Errorf("fault %d: %v, and the carrier has it", fault, err)
		}
	}
}

func notSent(f *sending) {
	for _, fault := range []Fault{RefuseConnection, RateLimited, Misconfigured} {
		f.another()
		_, _, err := f.sends(fault, f.message())
		e := f.outcome(fault, err)
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

func refused(f *sending) {
	for fault, reason := range map[Fault]followup.Reason{RefuseOptedOut: followup.OptedOut, RefuseBadNumber: followup.BadNumber} {
		f.another()
		_, _, err := f.sends(fault, f.message())
		if e := f.outcome(fault, err); e.Outcome != followup.Refused || e.Reason != reason {
			f.Errorf("fault %d: %v, want Refused for %q", fault, err, reason)
		}
	}
}

func uncertain(f *sending) {
	for _, fault := range []Fault{ServerErrorBefore, TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.another()
		_, _, err := f.sends(fault, f.message())
		if e := f.outcome(fault, err); e.Outcome != followup.Uncertain {
			f.Errorf("fault %d: %v, want Uncertain", fault, err)
		}
	}
}

func endsOfContext(f *sending) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	m := f.message()
	_, err := f.sender.Send(ctx, f.Orgs[0], m)
	if e := f.outcome(Fine, err); e.Outcome != followup.NotSent || len(f.taken(m)) > 0 {
		f.Errorf("a send that was cancelled before it began: %v and %d messages at the carrier, want NotSent and none", err, len(f.taken(m)))
	}

	f.carrier.Fault(Hang)
	ctx, cancel = context.WithCancel(f.ctx)
	defer cancel()
	_, err = f.sender.Send(ctx, f.Orgs[0], f.message().WithRequestWritten(cancel))
	if e := f.outcome(Hang, err); e.Outcome != followup.Uncertain {
		f.Errorf("a send that was cancelled when it had departed: %v, want Uncertain", err)
	}
}

func tellsNothing(f *sending) {
	for _, fault := range append([]Fault{Fine}, faults...) {
		f.another()
		m := f.message()
		_, _, err := f.sends(fault, m)
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

func troubleApart(f *sending) {
	fine := func(fault Fault) {
		f.Helper()
		f.carrier.Fault(Fine)
		m := f.message()
		if _, err := f.sender.Send(f.ctx, f.Orgs[1], m); err != nil || len(f.taken(m)) != 1 {
			f.Errorf("fault %d of another clinic: error %v and %d messages at the carrier, want one", fault, err, len(f.taken(m)))
		}
	}
	for _, fault := range []Fault{RateLimited, RefuseOptedOut, Misconfigured} {
		for range 10 { // enough for whatever is to be left alone for a while
			f.sends(fault, f.message())
		}
		fine(fault)
	}

	f.another()
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
func (f *sending) reconciler() followup.Reconciler {
	r, _ := f.sender.(followup.Reconciler)
	return r
}

// lost is m as it is looked for.
func lost(m followup.Message, tried time.Time) followup.UnconfirmedMessage {
	return followup.UnconfirmedMessage{Intent: m.Intent, To: m.To, Tried: tried, Digest: followup.Digest(m.Body)}
}

func finds(f *sending) {
	r := f.reconciler()
	if r == nil {
		return
	}
	for _, fault := range []Fault{TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.another()
		r = f.reconciler()
		tried := time.Now()
		m := f.message()
		f.sends(fault, m)
		f.carrier.Fault(Fine)
		receipt, found, err := r.FindSent(f.ctx, f.Orgs[0], lost(m, tried))
		if err != nil || !found {
			f.Errorf("fault %d: a message that the carrier has taken: found %v, error %v", fault, found, err)
			continue
		}
		if want := f.taken(m)[0].Provider; receipt.Provider != want {
			f.Errorf("fault %d: it was found as %q, want %q", fault, receipt.Provider, want)
		}
	}
}

func findsNoOther(f *sending) {
	r := f.reconciler()
	if r == nil {
		return
	}
	tried := time.Now()
	sent, never := f.message(), f.message()
	f.sends(Fine, sent)
	other := sent
	other.Body = never.Body
	elsewhere := never
	elsewhere.Body = sent.Body
	for what, m := range map[string]followup.Message{
		"a message that was never sent": never, "another text to the same number": other, "the same text to another number": elsewhere,
	} {
		if receipt, found, err := r.FindSent(f.ctx, f.Orgs[0], lost(m, tried)); err != nil || found {
			f.Errorf("%s: found %v as %q, error %v", what, found, receipt.Provider, err)
		}
	}
}

func findFails(f *sending) {
	r := f.reconciler()
	if r == nil {
		return
	}
	for _, fault := range []Fault{RefuseConnection, ServerErrorBefore, TakeThenDrop, TakeThenError, TakeThenGarble, Hang} {
		f.another()
		r = f.reconciler()
		tried := time.Now()
		m := f.message()
		f.sends(Fine, m)
		f.carrier.Fault(fault)
		ctx, cancel := f.briefly()
		_, found, err := r.FindSent(ctx, f.Orgs[0], lost(m, tried))
		cancel()
		if err == nil || found {
			f.Errorf("fault %d: found %v, error %v; want an error", fault, found, err)
		}
	}
}

// phone is the number of person n.
func phone(n int) string { return fmt.Sprintf("+447700900%03d", n%1000) }
