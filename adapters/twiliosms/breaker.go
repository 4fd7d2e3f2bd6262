package twiliosms

import (
	"errors"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
)

const (
	// failuresInARow open the breaker.
	failuresInARow = 5

	// An open breaker allows a probe after probeFirst, then after twice as long
	// each time, up to probeMost. After failed requests the first probe comes
	// after probeSoon: they may be over in a moment.
	probeSoon  = time.Second
	probeFirst = 30 * time.Second
	probeMost  = 5 * time.Minute
)

// BreakerState is the state of a clinic's circuit breaker. The zero value is a
// closed breaker: messages go out.
type BreakerState struct {
	Open bool

	// Reason is BadConfig or RateLimited if Twilio answered that no message of
	// the clinic goes out, and Transient if requests failed. Code is Twilio's
	// error code, if it gave one.
	Reason followup.Reason
	Code   string

	Since time.Time // when it opened
	Until time.Time // when it allows a probe: a single message
}

// A breaker is the circuit breaker of one clinic. Not safe for concurrent use.
type breaker struct {
	state    BreakerState
	failures int           // in a row
	pause    time.Duration // before the next probe
	reserved bool          // a call of Pace has promised the next probe to its caller
}

// reserve promises the probe that is due to the caller, which has until the next
// one to send it. again is when to ask again.
func (b *breaker) reserve(now time.Time, want int) (n int, again time.Duration, why followup.Reason) {
	if want < 1 || now.Before(b.state.Until) {
		return 0, b.state.Until.Sub(now), b.state.Reason
	}
	b.reserved = true
	b.state.Until = now.Add(b.pause)
	return 1, b.pause, b.state.Reason
}

// allow lets a message pass or returns the error of an open breaker. probe marks
// the message that probes an open breaker.
func (b *breaker) allow(now time.Time) (probe bool, err error) {
	switch {
	case !b.state.Open:
		return false, nil
	case b.reserved:
		b.reserved = false
		return true, nil
	case !now.Before(b.state.Until):
		b.state.Until = now.Add(b.pause)
		return true, nil
	}
	return false, &followup.SendError{
		Outcome: followup.NotSent, Reason: b.state.Reason, Code: b.state.Code,
		RetryAfter: b.state.Until.Sub(now), Err: errSuspended,
	}
}

var errSuspended = errors.New("twiliosms: suspended: the clinic's circuit breaker is open")

// success closes the breaker: Twilio answered about a message.
func (b *breaker) success() { *b = breaker{} }

// failure counts a request without a usable answer.
func (b *breaker) failure(now time.Time, probe bool) {
	if b.failures++; b.failures >= failuresInARow || probe {
		b.open(now, probe, BreakerState{Reason: followup.Transient}, 0)
	}
}

// open opens the breaker. Only a probe keeps an open breaker open for longer:
// other results are of messages that were under way before it opened.
func (b *breaker) open(now time.Time, probe bool, s BreakerState, atLeast time.Duration) {
	switch {
	case !b.state.Open:
		s.Since, b.pause = now, probeFirst
		if s.Reason == followup.Transient {
			b.pause = probeSoon
		}
	case probe:
		s.Since, b.pause = b.state.Since, min(2*b.pause, probeMost)
	default:
		return
	}
	s.Open, s.Until = true, now.Add(max(b.pause, atLeast))
	b.state, b.reserved = s, false
}
