// Package safelog keeps persons' data out of the logs of the packages of vapi.
package safelog

import (
	"fmt"
	"runtime/debug"
)

// PanicError returns an error with the place of a panic and the type of its
// value; the value itself may hold a caller's words. Call it in the deferred
// function that recovers.
func PanicError(value any) error {
	return fmt.Errorf("vapi: panic with a %T\n%s", value, debug.Stack())
}

// Recover ends a panic and sets err to its [PanicError]. Defer it.
func Recover(err *error) {
	if p := recover(); p != nil {
		*err = PanicError(p)
	}
}

// ID returns text if it has the form of an id, so that it may be logged and
// stored as it is; otherwise "". The form is at most 128 of letters, digits,
// '.', '_', ':' and '-'.
func ID(text string) string {
	if len(text) > 128 {
		return ""
	}
	for _, c := range []byte(text) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			c == '-' || c == '_' || c == '.' || c == ':') {
			return ""
		}
	}
	return text
}
