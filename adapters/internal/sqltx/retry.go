package sqltx

import (
	"context"
	"errors"
)

// An Action is the way to go on after a transaction has failed.
type Action int

const (
	GiveUp        Action = iota
	Retry                // other transactions made the server roll it back
	Resend               // the server has not received it, or it only reads
	BeginExplicit        // its isolation level is not read committed: send [Begin]
)

// An Error is a classified error of one transaction.
type Error struct {
	Action Action
	Err    error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// maxTries is how often one transaction runs at most while others make the
// server roll it back.
const maxTries = 3

// Attempts counts the attempts at one transaction.
type Attempts struct {
	Once bool // see [Scope]

	made             int
	resent, explicit bool
}

// Again counts an attempt that failed with err and reports whether another one
// is safe and may help. It resends once, and begins explicitly once.
func (a *Attempts) Again(ctx context.Context, err error) bool {
	var failed *Error
	if !errors.As(err, &failed) || ctx.Err() != nil {
		return false
	}
	a.made++
	switch failed.Action {
	case Retry:
		return !a.Once && a.made < maxTries
	case Resend:
		first := !a.resent
		a.resent = true
		return first
	case BeginExplicit:
		first := !a.explicit
		a.explicit = true
		return first
	}
	return false
}
