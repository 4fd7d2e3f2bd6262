// Package twiliotest is a fake Twilio on a socket: the Messages resource of its
// API, api.v2010, with the faults of a network and of a carrier, and the status
// callbacks that Twilio makes.
//
//	carrier, err := twiliotest.Start(twiliotest.Config{})
//	defer carrier.Close()
//	sender, err := twiliosms.New(twiliosms.Config{BaseURL: carrier.URL(), …})
//	… carrier.Messages()
//
// A request that Twilio would not understand is refused as Twilio refuses it,
// and recorded as a problem. Command run is the same server as a program.
package twiliotest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
)

// Config configures a [Server].
type Config struct {
	// Addr is the address to listen at.
	//
	// Defaults to a free port of 127.0.0.1.
	Addr string

	// Accounts are the accounts' SIDs and auth tokens.
	//
	// Defaults to any credentials.
	Accounts map[string]string

	// Faults are random failures; Seed repeats the random choices of an earlier run.
	Faults FaultRates
	Seed   uint64

	// Latency is the shortest and the longest time that a request takes. A
	// message is accepted at its end, even if the client has gone by then.
	Latency [2]time.Duration

	// ListLag is how long an accepted message is not listed yet.
	ListLag time.Duration

	// Callbacks are made for every message that has a StatusCallback.
	//
	// Defaults to no callbacks.
	Callbacks *Callbacks

	// Observer is called with every message that is accepted.
	//
	// Defaults to no observer.
	Observer func(Message)
}

// FaultRates are the probabilities, from 0 to 1, that a request that sends a
// message fails in one of these ways. Their sum must be at most 1.
type FaultRates struct {
	Before      float64       // 503, message not accepted
	RateLimited float64       // 429 with Retry-After, message not accepted
	ThenDrop    float64       // accepted, then the connection is closed
	ThenError   float64       // accepted, then 500
	RetryAfter  time.Duration // of RateLimited, in full seconds; zero sends no header
}

// Message is a message that was accepted.
type Message struct {
	SID                 string
	AccountSID          string
	To                  string
	From                string
	MessagingServiceSID string
	Body                string
	StatusCallback      string
	ValidityPeriod      int       // seconds
	Arrived             time.Time // when the request came
	Created             time.Time // when it was accepted
	Status              string    // as Twilio calls it
	ErrorCode           int

	token string // signs its callbacks
}

// Server is a fake Twilio. Safe for concurrent use.
type Server struct {
	cfg    Config
	addr   string
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	jobs   sync.WaitGroup

	mu          sync.Mutex
	http        *http.Server // nil while the fault is RefuseConnection
	rng         *rand.Rand
	fault       followuptest.Fault
	refused     map[string]int
	messages    []*Message
	problems    []string
	connections int
	requests    int
}

var _ followuptest.Carrier = (*Server)(nil)

// Start starts a server. Close it after use.
func Start(cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	s := &Server{cfg: cfg, addr: cfg.Addr, rng: rand.New(rand.NewPCG(cfg.Seed, 2010)), refused: map[string]int{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, s.listen()
}

// listen starts to serve at the address of the first call.
func (s *Server) listen() error {
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("twiliotest: %w", err)
	}
	s.addr = l.Addr().String()
	server := &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second,
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.mu.Lock()
				s.connections++
				s.mu.Unlock()
			}
		},
	}
	s.http = server
	go server.Serve(l)
	return nil
}

// URL returns the base URL of the API.
func (s *Server) URL() string { return "http://" + s.addr }

// Close ends the server, its hanging requests and its callbacks.
func (s *Server) Close() {
	s.cancel()
	s.mu.Lock()
	server := s.http
	s.http = nil
	s.mu.Unlock()
	if server != nil {
		server.Close()
	}
	s.jobs.Wait()
}

// Fault implements followuptest.Carrier. A fault other than Fine takes precedence
// over Config.Faults. RefuseConnection closes the connections and the port.
func (s *Server) Fault(f followuptest.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
	reachable := f != followuptest.RefuseConnection
	switch {
	case s.ctx.Err() != nil:
	case reachable && s.http == nil:
		if err := s.listen(); err != nil {
			s.problems = append(s.problems, err.Error())
		}
	case !reachable && s.http != nil:
		server := s.http
		s.http = nil
		s.mu.Unlock() // Close calls ConnState, which locks it
		server.Close()
		s.mu.Lock()
	}
}

// Refuse refuses the messages to a number with one of Twilio's error codes. Code 0
// ends that.
func (s *Server) Refuse(to string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[to] = code
}

// Taken implements followuptest.Carrier.
func (s *Server) Taken() []followuptest.Taken {
	var taken []followuptest.Taken
	for _, m := range s.Messages() {
		taken = append(taken, followuptest.Taken{To: m.To, Body: m.Body, Provider: m.SID})
	}
	return taken
}

// Messages returns the accepted messages in the order of their acceptance.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Message, len(s.messages))
	for i, m := range s.messages {
		all[i] = *m
	}
	return all
}

// Redact removes the stored texts, as Twilio does for an account that asks for it.
func (s *Server) Redact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		m.Body = ""
	}
}

// Problems describes the requests that Twilio would not understand.
func (s *Server) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.problems)
}

// Connections returns the number of connections so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Requests returns the number of requests so far.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *Server) problem(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// nextFault returns the fault of a request. Faults by chance are for requests
// that send a message.
func (s *Server) nextFault(send bool) followuptest.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.fault != followuptest.Fine || !send {
		return s.fault
	}
	luck := s.rng.Float64()
	for _, c := range []struct {
		chance float64
		followuptest.Fault
	}{
		{s.cfg.Faults.Before, followuptest.ServerErrorBefore},
		{s.cfg.Faults.RateLimited, followuptest.RateLimited},
		{s.cfg.Faults.ThenDrop, followuptest.TakeThenDrop},
		{s.cfg.Faults.ThenError, followuptest.TakeThenError},
	} {
		if luck < c.chance {
			return c.Fault
		}
		luck -= c.chance
	}
	return followuptest.Fine
}

// between returns a random duration within a range.
func (s *Server) between(r [2]time.Duration) time.Duration {
	if r[1] <= r[0] {
		return r[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return r[0] + time.Duration(s.rng.Int64N(int64(r[1]-r[0])))
}

// wait waits for d or until the server closes.
func (s *Server) wait(d time.Duration) error {
	if d <= 0 {
		return s.ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.ctx.Done():
		return errClosed
	}
}

var errClosed = errors.New("twiliotest: closed")
