//go:build !unix

package pgxstore

import "net"

// idle cannot peek without blocking on this system and reports true: the next
// use of the connection finds out.
func idle(net.Conn) bool { return true }
