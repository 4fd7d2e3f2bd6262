//go:build unix

package pgxstore

import (
	"net"
	"syscall"
)

// quiet reports whether nothing waits to be read on an idle connection: no
// data and no end. It does not block.
func quiet(conn net.Conn) bool {
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return true // not a socket: the next use will tell
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var peek error
	// Control, not Read: pgx may have a reader of its own waiting there.
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, peek = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err == nil && (peek == syscall.EAGAIN || peek == syscall.EWOULDBLOCK)
}
