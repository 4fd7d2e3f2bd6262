// Package twiliotest is a pretended Twilio on a socket: the Messages resource of
// its API, api.v2010, with everything that can go wrong on the way, and the
// callbacks that Twilio makes.
//
//	carrier, err := twiliotest.Start(twiliotest.Config{})
//	defer carrier.Close()
//	sender, err := twiliosms.New(twiliosms.Config{BaseURL: carrier.URL(), …})
//	… carrier.Messages()
//
// A request that Twilio would not understand is refused as Twilio refuses it,
// and remembered as a problem. See run for the same as a program.
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
	// Addr is where it listens.
	//
	// Defaults to a free port of 127.0.0.1.
	Addr string

	// Accounts are the accounts' SIDs and auth tokens.
	//
	// Defaults to whatever credentials come.
	Accounts map[string]string

	// Random goes wrong by chance; Seed makes it the same chance again.
	Random Chances
	Seed   uint64

	// Latency is how long a request takes, at least and at most. A message is
	// taken at its end, whether or not anybody still waits for the answer.
	Latency [2]time.Duration

	// ListLag is how long a message that was taken is not listed.
	ListLag time.Duration

	// Callbacks are made for every message that has a StatusCallback.
	//
	// Defaults to none.
	Callbacks *Callbacks

	// Observer is told of every message that is taken.
	//
	// Defaults to none.
	Observer func(Message)
}

// Chances are probabilities, of 0 to 1, of what may become of a request that
// sends a message. Together they are 1 at most.
type Chances struct {
	Before      float64       // 503, nothing taken
	RateLimited float64       // 429 with Retry-After, nothing taken
	ThenDrop    float64       // taken, and the connection closed
	ThenError   float64       // taken, and 500
	RetryAfter  time.Duration // of RateLimited, in full seconds; zero: no header
}

// Message is a message that was taken.
type Message struct {
	SID                 string
	AccountSID          string
	To                  string
	From                string
	MessagingServiceSID string
	Body                string
	StatusCallback      string
	ValidityPeriod      int       // seconds
	Arrived             time.Time // the request
	Created             time.Time // when it was taken
	Status              string    // as Twilio calls it
	ErrorCode           int

	token string // which signs its callbacks
}

// Server is a pretended Twilio. Safe for concurrent use.
type Server struct {
	cfg    Config
	addr   string
	ctx    context.Context // ends with it
	cancel context.CancelFunc
	jobs   sync.WaitGroup

	mu          sync.Mutex
	http        *http.Server // nil while it cannot be reached
	rng         *rand.Rand
	fault       followuptest.Fault
	refused     map[string]int
	messages    []*Message
	problems    []string
	connections int
	requests    int
}

var _ followuptest.Carrier = (*Server)(nil)

// Start starts a server.
func Start(cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	s := &Server{cfg: cfg, addr: cfg.Addr, rng: rand.New(rand.NewPCG(cfg.Seed, 2010)), refused: map[string]int{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, s.listen()
}

// listen starts to answer at the address, which it keeps.
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

// URL is the base of its API.
func (s *Server) URL() string { return "http://" + s.addr }

// Close ends the server, what hangs, and its callbacks.
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

// Fault implements followuptest.Carrier. It goes before what Random says. Where
// it cannot be reached, its connections are closed and its port answers nothing.
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
		s.mu.Unlock() // which the state of a connection takes
		server.Close()
		s.mu.Lock()
	}
}

// Refuse has messages to a number refused with one of Twilio's codes; 0 ends it.
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

// Messages returns the messages that were taken, in their order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Message, len(s.messages))
	for i, m := range s.messages {
		all[i] = *m
	}
	return all
}

// Redact removes the texts that were kept, as an account may have Twilio do.
func (s *Server) Redact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		m.Body = ""
	}
}

// Problems returns what was asked of it that Twilio would not understand.
func (s *Server) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.problems)
}

// Connections counts the connections that have come about so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Requests counts the requests that have come so far.
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

// fate is what becomes of a request that sends a message, or of any other.
func (s *Server) fate(send bool) followuptest.Fault {
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
		{s.cfg.Random.Before, followuptest.ServerErrorBefore},
		{s.cfg.Random.RateLimited, followuptest.RateLimited},
		{s.cfg.Random.ThenDrop, followuptest.TakeThenDrop},
		{s.cfg.Random.ThenError, followuptest.TakeThenError},
	} {
		if luck < c.chance {
			return c.Fault
		}
		luck -= c.chance
	}
	return followuptest.Fine
}

// between returns a time of a range.
func (s *Server) between(r [2]time.Duration) time.Duration {
	if r[1] <= r[0] {
		return r[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return r[0] + time.Duration(s.rng.Int64N(int64(r[1]-r[0])))
}

// wait waits, unless the server ends.
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
