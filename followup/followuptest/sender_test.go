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

func TestRunSender(t *testing.T) {
	t.Parallel()
	followuptest.RunSender(t, senderHarness(func(s *sender) followup.Sender { return s }))
}

func TestFailingSender_WithoutReconciler(t *testing.T) {
	t.Parallel()
	h := senderHarness(func(s *sender) followup.Sender { return struct{ followup.Sender }{s} })
	require.Empty(t, followuptest.FailingSender(h))
}

// The red controls of the sender suite: each sender has a fault that a real one had
// or might have, and the suite must return the sentences that it breaks.
func TestFailingSender_BrokenSender(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		broken func(*sender) followup.Sender
		fails  []string
	}{
		{
			"a failed request is repeated", func(s *sender) followup.Sender { return repeats{s} },
			[]string{"Send must not repeat a request that the carrier may have accepted"},
		},
		{
			"an uncertain outcome is reported as NotSent", func(s *sender) followup.Sender { return neverUncertain{s} },
			[]string{
				"Outcome is NotSent only if the carrier certainly has not accepted m",
				"Outcome is Uncertain in every other case",
				"an end of ctx is NotSent before the request is written, and Uncertain after it",
			},
		},
		{
			"RequestWritten is not called", func(s *sender) followup.Sender { return neverWritten{s} },
			[]string{"Send calls m.RequestWritten when the request is written"},
		},
		{
			"an error is reported as success", func(s *sender) followup.Sender { return assumesSuccess{s} },
			[]string{"Send returns no error only if the carrier has accepted m"},
		},
		{
			"errors contain the URL with its password", func(s *sender) followup.Sender { return leaksURL{s} },
			[]string{
				"an error is a *SendError",
				"no error and no log line may hold the text, the number or a secret of the clinic",
			},
		},
		{
			"FindSent compares the number alone", func(s *sender) followup.Sender { return findsAny{s} },
			[]string{"found is true only for a message that m.Is reports"},
		},
		{
			"FindSent reports a failed request as not found", func(s *sender) followup.Sender { return hidesErrors{s} },
			[]string{
				"an error means that the outcome stays unknown",
				"FindSent finds the last attempt of an intent in the carrier's list",
			},
		},
		{
			"one circuit breaker for all clinics", func(s *sender) followup.Sender { return &sharedBreaker{sender: s} },
			[]string{"failures of one clinic must not delay or fail another's messages"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := senderHarness(tt.broken)
			require.ElementsMatch(t, tt.fails, followuptest.FailingSender(h, tt.fails...))
			require.Empty(t, followuptest.FailingSender(h, "Send sends m to the carrier, once"))
		})
	}
}

// A carrier accepts messages over HTTP, subject to its fault.
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
		http.Error(w, "unauthenticated", http.StatusUnauthorized)
		return
	}
	reply := c.handle(r)
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
		json.NewEncoder(w).Encode(reply)
	}
}

// handle accepts a message, or lists the messages to a number.
func (c *carrier) handle(r *http.Request) []followuptest.Taken {
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
	io.Copy(io.Discard, r.Body) // otherwise the server does not notice that the client has gone
	t.Provider = fmt.Sprint("SM", len(c.taken))
	c.taken = append(c.taken, t)
	return []followuptest.Taken{t}
}

// A sender sends messages to a carrier.
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
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { written.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { m.RequestWritten() },
	})
	taken, err := s.request(ctx, http.MethodPost, s.url, body)
	var e *followup.SendError
	switch {
	case err == nil && len(taken) == 1:
		return followup.Receipt{Provider: taken[0].Provider}, nil
	case errors.As(err, &e):
	case !written.Load():
		e = &followup.SendError{Outcome: followup.NotSent, Reason: followup.Transient, Err: errNoAnswer}
	default:
		e = &followup.SendError{Reason: followup.Transient, Err: errNoAnswer}
	}
	s.log.Warn("not sent", "message", m, "error", e)
	return followup.Receipt{}, e
}

func (s *sender) FindSent(ctx context.Context, _ tenant.ID, m followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	taken, err := s.request(ctx, http.MethodGet, s.url+"?to="+url.QueryEscape(m.To), nil)
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

func (s *sender) request(ctx context.Context, method, url string, body []byte) ([]followuptest.Taken, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, io.MultiReader(bytes.NewReader(body)))
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	switch reason := followup.Reason(bytes.TrimSpace(text)); response.StatusCode {
	case http.StatusOK:
		var taken []followuptest.Taken
		return taken, json.Unmarshal(text, &taken)
	case http.StatusTooManyRequests:
		seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
		return nil, &followup.SendError{Outcome: followup.NotSent, Reason: followup.RateLimited, RetryAfter: time.Duration(seconds) * time.Second, Err: err}
	case http.StatusUnauthorized:
		return nil, &followup.SendError{Outcome: followup.NotSent, Reason: followup.BadConfig}
	case http.StatusBadRequest:
		return nil, &followup.SendError{Outcome: followup.Refused, Reason: reason}
	}
	return nil, errNoAnswer
}

// repeats sends a message again after an error.
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

// neverUncertain reports an uncertain outcome as NotSent.
type neverUncertain struct{ *sender }

func (s neverUncertain) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	r, err := s.sender.Send(ctx, org, m)
	var e *followup.SendError
	if errors.As(err, &e) && e.Outcome == followup.Uncertain {
		e.Outcome = followup.NotSent
	}
	return r, err
}

// neverWritten does not call RequestWritten, which keeps contacts locked until the
// carrier has answered.
type neverWritten struct{ *sender }

func (s neverWritten) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	return s.sender.Send(ctx, org, m.WithRequestWritten(nil))
}

// assumesSuccess reports a message without an answer as accepted.
type assumesSuccess struct{ *sender }

func (s assumesSuccess) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	r, err := s.sender.Send(ctx, org, m)
	var e *followup.SendError
	if errors.As(err, &e) && e.Reason == followup.Transient {
		return followup.Receipt{Provider: "SM?"}, nil
	}
	return r, err
}

// leaksURL returns errors with the URL of the request.
type leaksURL struct{ *sender }

func (s leaksURL) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	r, err := s.sender.Send(ctx, org, m)
	if err != nil {
		err = &url.Error{Op: "Post", URL: "https://clinic:" + password + "@carrier.example.com/", Err: err}
		return r, errors.New(err.Error())
	}
	return r, nil
}

// findsAny returns any message to the number.
type findsAny struct{ *sender }

func (s findsAny) FindSent(ctx context.Context, _ tenant.ID, m followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	taken, err := s.request(ctx, http.MethodGet, s.url+"?to="+url.QueryEscape(m.To), nil)
	if err != nil || len(taken) == 0 {
		return followup.Receipt{}, false, err
	}
	return followup.Receipt{Provider: taken[0].Provider}, true, nil
}

// hidesErrors reports a failed search as not found.
type hidesErrors struct{ *sender }

func (s hidesErrors) FindSent(context.Context, tenant.ID, followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	return followup.Receipt{}, false, nil
}

// sharedBreaker stops sending for all clinics after more than three errors.
type sharedBreaker struct {
	*sender
	mu       sync.Mutex
	failures int
}

func (s *sharedBreaker) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures > 3 {
		return followup.Receipt{}, &followup.SendError{Outcome: followup.NotSent, Reason: followup.BadConfig}
	}
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	r, err := s.sender.Send(ctx, org, m)
	if err != nil {
		s.failures++
	}
	return r, err
}
