package linkpage

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// maxNetworks bounds the memory of misses.
const maxNetworks = 4096

// misses counts per network the requests for links that do not open, in the
// current minute. With more networks than maxNetworks it starts again from zero:
// it saves work and protects no secret. The zero value is ready to use.
type misses struct {
	mu     sync.Mutex
	minute time.Time
	count  map[netip.Prefix]int
}

func (m *misses) atLeast(limit int, network netip.Prefix, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.minute.Equal(now.Truncate(time.Minute)) && m.count[network] >= limit
}

func (m *misses) add(network netip.Prefix, now time.Time) {
	if !network.IsValid() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	minute := now.Truncate(time.Minute)
	if !m.minute.Equal(minute) || len(m.count) >= maxNetworks && m.count[network] == 0 {
		m.minute, m.count = minute, map[netip.Prefix]int{}
	}
	m.count[network]++
}

// networkOf returns the /24 of an IPv4 address or the /56 of an IPv6 address;
// the zero Prefix for an invalid address.
func networkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	bits := 24
	if addr.Is6() {
		bits = 56
	}
	network, _ := addr.Prefix(bits)
	return network
}

// remoteIP returns the address of a request; invalid if it is a proxy's.
func remoteIP(r *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	addr := remote.Addr().Unmap()
	if err != nil || addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
		return netip.Addr{}
	}
	return addr
}
