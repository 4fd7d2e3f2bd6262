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

// A Proxy stands between a client and the server and sees every byte. Safe for
// concurrent use.
type Proxy struct {
	URL string // the database through the proxy, as the unprivileged role

	target   string
	listener net.Listener
	trips    atomic.Int64
	delay    atomic.Int64
	drop     atomic.Pointer[func() bool]
	lose     atomic.Pointer[func() bool]

	mu    sync.Mutex
	conns map[net.Conn]bool
	done  bool
}

// Proxy puts a proxy in front of the database until the test ends.
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
	query.Set("sslmode", "disable") // encrypted, the end of a transaction cannot be seen
	u.RawQuery = query.Encode()
	p.URL = u.String()
	go p.serve()
	t.Cleanup(p.close)
	return p
}

// Trips returns how often a client has asked and had to wait for the server:
// a round trip begins when a client sends after the server has spoken.
func (p *Proxy) Trips() int64 { return p.trips.Load() }

// Delay makes each round trip longer by d.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// DropAnswers asks which, at each round trip of a connection that has logged
// in, whether to let the server do its work and then cut the connection
// instead of passing the answer on. An answer that leaves a transaction open is
// passed on all the same. nil drops none.
func (p *Proxy) DropAnswers(which func() bool) { p.drop.Store(&which) }

// LoseRequests asks which, at each round trip of a connection that has logged
// in, whether to cut the connection instead of passing the request on. nil
// loses none.
func (p *Proxy) LoseRequests(which func() bool) { p.lose.Store(&which) }

// CutAll cuts every connection at once. New ones are served.
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
			l := &link{proxy: p, client: client, server: server}
			quiet := make(chan struct{})
			go func() {
				defer close(quiet)
				l.answers()
				client.Close()
				server.Close()
			}()
			l.requests()
			client.Close()
			server.Close()
			<-quiet
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

// link is one connection through a proxy.
type link struct {
	proxy          *Proxy
	client, server net.Conn

	mu     sync.Mutex
	asking bool // the client spoke last
	ready  bool // it has logged in
	drop   bool // the answer to this request is to be dropped
}

// ended is how an answer ends, but for the last byte: ReadyForQuery. That byte
// is 'I' where no transaction is left open.
var ended = []byte{'Z', 0, 0, 0, 5}

// requests passes on what the client says.
func (l *link) requests() {
	buf := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buf)
		if err != nil {
			return
		}
		if l.ask() {
			return
		}
		if _, err := l.server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// ask notes that the client speaks, and reports whether to cut it short.
func (l *link) ask() (lose bool) {
	l.mu.Lock()
	if l.asking {
		l.mu.Unlock()
		return false
	}
	l.asking = true
	if l.ready {
		l.drop = decide(&l.proxy.drop)
		lose = decide(&l.proxy.lose)
	}
	l.mu.Unlock()
	l.proxy.trips.Add(1)
	time.Sleep(time.Duration(l.proxy.delay.Load()))
	return lose
}

// answers passes on what the server says.
func (l *link) answers() {
	buf := make([]byte, 64<<10)
	var held []byte // of an answer that may have to be dropped
	var end []byte  // the last bytes the server said
	for {
		n, err := l.server.Read(buf)
		if err != nil {
			return
		}
		const size = 6
		end = append(end, buf[max(0, n-size):n]...)
		end = end[max(0, len(end)-size):]
		whole := len(end) == size && bytes.HasPrefix(end, ended)

		l.mu.Lock()
		l.asking = false
		l.ready = l.ready || whole
		drop := l.drop
		l.mu.Unlock()

		held = append(held, buf[:n]...)
		if drop && !whole {
			continue
		}
		if drop && end[size-1] == 'I' {
			return
		}
		if _, err := l.client.Write(held); err != nil {
			return
		}
		held = held[:0]
	}
}

func decide(which *atomic.Pointer[func() bool]) bool {
	f := which.Load()
	return f != nil && *f != nil && (*f)()
}
