package booking

import (
	"context"
	"errors"
	"time"
)

// A retry repeats a change with an unknown outcome, such as a commit whose
// acknowledgement was lost: a repeated change of a [Store] returns the outcome
// of the first.
//
//	for try.next(ctx) {
//		try.record(change())
//	}
//	return try.err
type retry struct {
	err   error // the outcome so far
	pause time.Duration
}

// next returns true before the first attempt and, while the outcome is
// unknown, after pauses of 50 to 800 milliseconds.
func (r *retry) next(ctx context.Context) bool {
	if r.pause == 0 {
		r.pause = 50 * time.Millisecond
		return true
	}
	if !errors.Is(r.err, ErrOutcomeUnknown) || r.pause > time.Second {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(r.pause):
		r.pause *= 2
		return true
	}
}

// record keeps the error of an attempt. An unknown outcome stays unknown if
// the store is unavailable afterwards.
func (r *retry) record(err error) {
	if errors.Is(r.err, ErrOutcomeUnknown) && errors.Is(err, ErrUnavailable) {
		return
	}
	r.err = err
}
