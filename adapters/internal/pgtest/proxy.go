package pgtest

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Proxy forwards the bytes between clients and the server. Safe for concurrent
// use.
type Proxy struct {
	URL string // the database through the proxy, as the unprivileged role

	target       string
	listener     net.Listener
	trips        atomic.Int64
	delay        atomic.Int64
	dropResponse atomic.Pointer[func() bool]
	dropRequest  atomic.Pointer[func() bool]

	mu    sync.Mutex
	conns map[net.Conn]bool
	done  bool
}

// Proxy starts a proxy in front of the database, until the test ends.
func (d *Database) Proxy(t testing.TB) *Proxy {
	t.Helper()
	u, err := url.Parse(d.App)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: u.Host, listener: l, conns: map[net.Conn]bool{}}
	u.Host = l.Addr().String()
	query := u.Query()
	query.Set("sslmode", "disable") // the proxy must read the end of a transaction
	u.RawQuery = query.Encode()
	p.URL = u.String()
	go p.serve()
	t.Cleanup(p.close)
	return p
}

// Trips returns the number of round trips: one begins when a client sends after
// a response of the server.
func (p *Proxy) Trips() int64 { return p.trips.Load() }

// Delay makes each round trip longer by d.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// DropResponses calls which at each round trip of a connection that has logged
// in. If it returns true the server executes the request, and the proxy cuts the
// connection instead of forwarding the response. A response that leaves a
// transaction open is forwarded. nil drops no response.
func (p *Proxy) DropResponses(which func() bool) { p.dropResponse.Store(&which) }

// DropRequests calls which at each round trip of a connection that has logged
// in. If it returns true the proxy cuts the connection instead of forwarding the
// request. nil drops no request.
func (p *Proxy) DropRequests(which func() bool) { p.dropRequest.Store(&which) }

// CutAll cuts every connection. New ones are served.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.done = true
	p.mu.Unlock()
	p.listener.Close()
	p.CutAll()
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("tcp", p.target)
			if err != nil {
				return
			}
			defer server.Close()
			if !p.keep(client, server) {
				return
			}
			defer p.forget(client, server)
			c := &connection{proxy: p, client: client, server: server}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				c.forwardResponses()
				client.Close()
				server.Close()
			}()
			c.forwardRequests()
			client.Close()
			server.Close()
			<-ended
		}()
	}
}

func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = true
	}
	return !p.done
}

func (p *Proxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}

// connection is one connection through a proxy.
type connection struct {
	proxy          *Proxy
	client, server net.Conn

	mu      sync.Mutex
	waiting bool // the client sent last
	ready   bool // it has logged in
	drop    bool // the response to this request is dropped
}

// readyForQuery is the message at the end of a response without its last byte,
// which is 'I' if no transaction is open.
var readyForQuery = []byte{'Z', 0, 0, 0, 5}

func (c *connection) forwardRequests() {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.client.Read(buf)
		if err != nil {
			return
		}
		if c.beginTrip() {
			return
		}
		if _, err := c.server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// beginTrip counts a round trip, if the client's data begins one, and reports
// whether its request is dropped.
func (c *connection) beginTrip() (dropRequest bool) {
	c.mu.Lock()
	if c.waiting {
		c.mu.Unlock()
		return false
	}
	c.waiting = true
	if c.ready {
		c.drop = call(&c.proxy.dropResponse)
		dropRequest = call(&c.proxy.dropRequest)
	}
	c.mu.Unlock()
	c.proxy.trips.Add(1)
	time.Sleep(time.Duration(c.proxy.delay.Load()))
	return dropRequest
}

func (c *connection) forwardResponses() {
	buf := make([]byte, 64<<10)
	var held []byte // a response that may be dropped
	var end []byte  // the last bytes of the server
	for {
		n, err := c.server.Read(buf)
		if err != nil {
			return
		}
		const size = 6
		end = append(end, buf[max(0, n-size):n]...)
		end = end[max(0, len(end)-size):]
		whole := len(end) == size && bytes.HasPrefix(end, readyForQuery)

		c.mu.Lock()
		c.waiting = false
		c.ready = c.ready || whole
		drop := c.drop
		c.mu.Unlock()

		held = append(held, buf[:n]...)
		if drop && !whole {
			continue
		}
		if drop && end[size-1] == 'I' {
			return
		}
		if _, err := c.client.Write(held); err != nil {
			return
		}
		held = held[:0]
	}
}

func call(which *atomic.Pointer[func() bool]) bool {
	f := which.Load()
	return f != nil && *f != nil && (*f)()
}
