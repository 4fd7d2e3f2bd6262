//go:build unix

package pgxstore

import (
	"net"
	"syscall"
)

// idle reports whether a connection is open and has no unread data. It does not
// block and sends no byte.
func idle(conn net.Conn) bool {
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return true // not a socket: the next use finds out
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var peek error
	// Control, not Read: a reader of pgx may be waiting on the socket.
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, peek = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err == nil && (peek == syscall.EAGAIN || peek == syscall.EWOULDBLOCK)
}
