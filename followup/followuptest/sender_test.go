package followuptest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

const password = "hunter2-of-the-clinic"

func senderHarness(broken func(*sender) followup.Sender) followuptest.SenderHarness {
	return followuptest.SenderHarness{
		Orgs:    [2]tenant.ID{tenant.NewID(), tenant.NewID()},
		Secrets: []string{password},
		New: func(log *slog.Logger) (followup.Sender, followuptest.Carrier) {
			c := newCarrier()
			return broken(newSender(c, log)), c
		},
	}
}

func TestSender(t *testing.T) {
	followuptest.RunSender(t, senderHarness(func(s *sender) followup.Sender { return s }))
}

func TestASenderThatIsNoReconcilerIsNotAskedToBeOne(t *testing.T) {
	h := senderHarness(func(s *sender) followup.Sender { return struct{ followup.Sender }{s} })
	require.Empty(t, followuptest.FailingSender(h))
}

// Each sender is broken as a real one was or might be, and the suite says so.
func TestABrokenSenderFailsTheSentenceItBreaks(t *testing.T) {
	for _, tt := range []struct {
		what   string
		broken func(*sender) followup.Sender
		fails  []string
	}{
		{
			"it repeats", func(s *sender) followup.Sender { return repeats{s} },
			[]string{"Send must not repeat a request that the carrier may have accepted"},
		},
		{
			"it takes every error for a failure", func(s *sender) followup.Sender { return neverDoubts{s} },
			[]string{
				"Outcome is NotSent only if the carrier certainly has not accepted m",
				"Outcome is Uncertain in every other case",
				"an end of ctx is NotSent before the request is written, and Uncertain after it",
			},
		},
		{
			"it never says that a message has departed", func(s *sender) followup.Sender { return saysNothing{s} },
			[]string{"Send calls m.RequestWritten when the request is written"},
		},
		{
			"it does not look at the answer", func(s *sender) followup.Sender { return hopes{s} },
			[]string{"Send returns no error only if the carrier has accepted m"},
		},
		{
			"its errors are those of the road", func(s *sender) followup.Sender { return tellsTheURL{s} },
			[]string{
				"an error is a *SendError",
				"no error and no log line may hold the text, the number or a secret of the clinic",
			},
		},
		{
			"it finds by the number alone", func(s *sender) followup.Sender { return findsAnything{s} },
			[]string{"found is true only for a message that m.Is reports"},
		},
		{
			"it takes a list that did not come for an empty one", func(s *sender) followup.Sender { return findsNothing{s} },
			[]string{
				"an error means that the outcome stays unknown",
				"FindSent finds the last attempt of an intent in the carrier's list",
			},
		},
		{
			"trouble of one is trouble of all", func(s *sender) followup.Sender { return &breaksForAll{sender: s} },
			[]string{"failures of one clinic must not delay or fail another's messages"},
		},
	} {
		t.Run(tt.what, func(t *testing.T) {
			h := senderHarness(tt.broken)
			require.ElementsMatch(t, tt.fails, followuptest.FailingSender(h, tt.fails...))
			require.Empty(t, followuptest.FailingSender(h, "Send sends m to the carrier, once"))
		})
	}
}

// A carrier takes messages over HTTP, as far as its fault lets it.
type carrier struct {
	*httptest.Server
	end chan struct{}

	mu    sync.Mutex
	fault followuptest.Fault
	taken []followuptest.Taken
}

func newCarrier() *carrier {
	c := &carrier{end: make(chan struct{})}
	c.Server = httptest.NewServer(c)
	return c
}

func (c *carrier) Close() {
	close(c.end)
	c.Server.Close()
}

func (c *carrier) Fault(f followuptest.Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault = f; f == followuptest.RefuseConnection {
		c.CloseClientConnections()
	}
}

func (c *carrier) Taken() []followuptest.Taken {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]followuptest.Taken(nil), c.taken...)
}

func (c *carrier) now() followuptest.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fault
}

func (c *carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := c.now()
	switch fault {
	case followuptest.ServerErrorBefore:
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	case followuptest.RateLimited:
		w.Header().Set("Retry-After", "7")
		http.Error(w, "slow down", http.StatusTooManyRequests)
		return
	case followuptest.RefuseOptedOut:
		http.Error(w, string(followup.OptedOut), http.StatusBadRequest)
		return
	case followuptest.RefuseBadNumber:
		http.Error(w, string(followup.BadNumber), http.StatusBadRequest)
		return
	case followuptest.Misconfigured:
		http.Error(w, "who are you", http.StatusUnauthorized)
		return
	}
	answer := c.take(r)
	switch fault {
	case followuptest.TakeThenDrop:
		panic(http.ErrAbortHandler)
	case followuptest.TakeThenError:
		http.Error(w, "oh", http.StatusInternalServerError)
	case followuptest.TakeThenGarble:
		io.WriteString(w, "<html>")
	case followuptest.Hang:
		select {
		case <-c.end:
		case <-r.Context().Done():
		}
	default:
		json.NewEncoder(w).Encode(answer)
	}
}

// take takes a message, or lists those to a number.
func (c *carrier) take(r *http.Request) []followuptest.Taken {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Method == http.MethodGet {
		found := []followuptest.Taken{}
		for _, t := range c.taken {
			if t.To == r.FormValue("to") {
				found = append(found, t)
			}
		}
		return found
	}
	var t followuptest.Taken
	if err := json.NewDecoder(r.Body).Decode(&t); err != nil {
		panic(err)
	}
	io.Copy(io.Discard, r.Body) // or the end of the caller goes unnoticed
	t.Provider = fmt.Sprint("SM", len(c.taken))
	c.taken = append(c.taken, t)
	return []followuptest.Taken{t}
}

// A sender sends to a carrier.
type sender struct {
	url    string
	client *http.Client
	log    *slog.Logger
}

func newSender(c *carrier, log *slog.Logger) *sender {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if c.now() == followuptest.RefuseConnection {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return &sender{c.URL, &http.Client{Transport: &http.Transport{DialContext: dial}}, log}
}

func (s *sender) Send(ctx context.Context, _ tenant.ID, m followup.Message) (followup.Receipt, error) {
	body, err := json.Marshal(followuptest.Taken{To: m.To, Body: m.Body})
	if err != nil {
		return followup.Receipt{}, err
	}
	var departed atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { departed.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { m.RequestWritten() },
	})
	taken, err := s.ask(ctx, http.MethodPost, s.url, body)
	var e *followup.SendError
	switch {
	case err == nil && len(taken) == 1:
		return followup.Receipt{Provider: taken[0].Provider}, nil
	case errors.As(err, &e):
	case !departed.Load():
		e = &followup.SendError{Outcome: followup.NotSent, Reason: followup.Transient, Err: errNoAnswer}
	default:
		e = &followup.SendError{Reason: followup.Transient, Err: errNoAnswer}
	}
	s.log.Warn("not sent", "message", m, "error", e)
	return followup.Receipt{}, e
}

func (s *sender) FindSent(ctx context.Context, _ tenant.ID, m followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	taken, err := s.ask(ctx, http.MethodGet, s.url+"?to="+url.QueryEscape(m.To), nil)
	if err != nil {
		return followup.Receipt{}, false, errNoAnswer
	}
	for _, t := range taken {
		if m.Is(t.Body) {
			return followup.Receipt{Provider: t.Provider}, true, nil
		}
	}
	return followup.Receipt{}, false, nil
}

var errNoAnswer = errors.New("no answer")

func (s *sender) ask(ctx context.Context, method, url string, body []byte) ([]followuptest.Taken, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, io.MultiReader(bytes.NewReader(body)))
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	switch reason := followup.Reason(bytes.TrimSpace(text)); answer.StatusCode {
	case http.StatusOK:
		var taken []followuptest.Taken
		return taken, json.Unmarshal(text, &taken)
	case http.StatusTooManyRequests:
		seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
		return nil, &followup.SendError{Outcome: followup.NotSent, Reason: followup.RateLimited, RetryAfter: time.Duration(seconds) * time.Second, Err: err}
	case http.StatusUnauthorized:
		return nil, &followup.SendError{Outcome: followup.NotSent, Reason: followup.BadConfig}
	case http.StatusBadRequest:
		return nil, &followup.SendError{Outcome: followup.Refused, Reason: reason}
	}
	return nil, errNoAnswer
}

// repeats tries again what did not go well.
type repeats struct{ *sender }

func (s repeats) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	r, err := s.sender.Send(ctx, org, m)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 100*time.Millisecond)
		defer cancel()
		return s.sender.Send(ctx, org, m)
	}
	return r, nil
}

// neverDoubts says that what was not answered was not sent.
type neverDoubts struct{ *sender }

func (s neverDoubts) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	r, err := s.sender.Send(ctx, org, m)
	var e *followup.SendError
	if errors.As(err, &e) && e.Outcome == followup.Uncertain {
		e.Outcome = followup.NotSent
	}
	return r, err
}

// saysNothing keeps contacts from booking until the carrier has answered.
type saysNothing struct{ *sender }

func (s saysNothing) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	return s.sender.Send(ctx, org, m.WithRequestWritten(nil))
}

// hopes takes no answer for a good one.
type hopes struct{ *sender }

func (s hopes) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	r, err := s.sender.Send(ctx, org, m)
	var e *followup.SendError
	if errors.As(err, &e) && e.Reason == followup.Transient {
		return followup.Receipt{Provider: "SM?"}, nil
	}
	return r, err
}

// tellsTheURL says where it could not get through.
type tellsTheURL struct{ *sender }

func (s tellsTheURL) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	r, err := s.sender.Send(ctx, org, m)
	if err != nil {
		err = &url.Error{Op: "Post", URL: "https://clinic:" + password + "@carrier.example.com/", Err: err}
		return r, errors.New(err.Error())
	}
	return r, nil
}

// findsAnything takes any message to the number for the one it looks for.
type findsAnything struct{ *sender }

func (s findsAnything) FindSent(ctx context.Context, _ tenant.ID, m followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	taken, err := s.ask(ctx, http.MethodGet, s.url+"?to="+url.QueryEscape(m.To), nil)
	if err != nil || len(taken) == 0 {
		return followup.Receipt{}, false, err
	}
	return followup.Receipt{Provider: taken[0].Provider}, true, nil
}

// findsNothing does not say that it could not look.
type findsNothing struct{ *sender }

func (s findsNothing) FindSent(context.Context, tenant.ID, followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	return followup.Receipt{}, false, nil
}

// breaksForAll leaves the carrier alone when it has refused three messages.
type breaksForAll struct {
	*sender
	mu      sync.Mutex
	refused int
}

func (s *breaksForAll) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused > 3 {
		return followup.Receipt{}, &followup.SendError{Outcome: followup.NotSent, Reason: followup.BadConfig}
	}
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	r, err := s.sender.Send(ctx, org, m)
	if err != nil {
		s.refused++
	}
	return r, err
}
