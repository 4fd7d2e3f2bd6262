package twiliosms

import (
	"errors"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
)

const (
	// failuresInARow suspend a clinic's sending.
	failuresInARow = 5

	// A suspended line is tried after probeFirst, then after twice as long
	// every time, up to probeMost. Failed requests may be over in a moment: then
	// it is probeSoon.
	probeSoon  = time.Second
	probeFirst = 30 * time.Second
	probeMost  = 5 * time.Minute
)

// State is whether a clinic's sending is suspended. The zero State is not.
type State struct {
	Suspended bool

	// Reason is BadConfig or RateLimited if Twilio said that nothing of the
	// clinic's goes out, and Transient if requests failed; Code is Twilio's.
	Reason followup.Reason
	Code   string

	Since time.Time // when it was suspended
	Until time.Time // when a single message will try again
}

// A line is how one clinic's messages go out: a token bucket for their pace, and
// a circuit breaker for their trouble. Safe for concurrent use.
type line struct {
	account Account

	mu       sync.Mutex
	tokens   float64
	filled   time.Time
	failures int // in a row
	state    State
	pause    time.Duration // before the next probe
	probing  bool          // pace has promised the next admission to somebody
}

func newLine(account Account, now time.Time) *line {
	return &line{account: account, tokens: max(1, account.rate()), filled: now}
}

// pace takes up to want tokens. Of a suspended line it gives one, when it is
// time to try.
func (l *line) pace(now time.Time, want int) (may int, again time.Duration, why followup.Reason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.Suspended {
		if want < 1 || now.Before(l.state.Until) {
			return 0, l.state.Until.Sub(now), l.state.Reason
		}
		l.probing = true
		l.state.Until = now.Add(l.pause)
		return 1, l.pause, l.state.Reason
	}
	rate := l.account.rate()
	l.tokens = min(max(1, rate), l.tokens+max(0, now.Sub(l.filled).Seconds())*rate)
	l.filled = now
	const dust = 1e-6 // of arithmetic: less than any wait
	may = max(0, min(want, int(l.tokens+dust)))
	l.tokens -= float64(may)
	return may, time.Duration(max(0, 1-l.tokens)/rate*float64(time.Second)) + 1, followup.RateLimited
}

// admit lets a message pass, or says that the line is suspended. probe is a
// message that tries a suspended line.
func (l *line) admit(now time.Time) (probe bool, suspended error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.state.Suspended:
		return false, nil
	case l.probing:
		l.probing = false
		return true, nil
	case !now.Before(l.state.Until):
		l.state.Until = now.Add(l.pause)
		return true, nil
	}
	return false, &followup.SendError{
		Outcome: followup.NotSent, Reason: l.state.Reason, Code: l.state.Code,
		RetryAfter: l.state.Until.Sub(now), Err: errSuspended,
	}
}

var errSuspended = errors.New("twiliosms: the clinic's sending is suspended")

// worked is told that Twilio answered as it does when all is well.
func (l *line) worked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures, l.state, l.probing = 0, State{}, false
}

// failed is told of a request that Twilio did not answer as it should.
func (l *line) failed(now time.Time, probe bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failures++; l.failures >= failuresInARow || probe {
		l.suspend(now, probe, State{Reason: followup.Transient}, 0)
	}
}

// note is told why nothing of the clinic's goes out.
func (l *line) note(now time.Time, probe bool, reason followup.Reason, code string, atLeast time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.suspend(now, probe, State{Reason: reason, Code: code}, atLeast)
}

// suspend opens the breaker. Of a line that is suspended only a probe tells
// anything new: what was under way before tells what is known.
func (l *line) suspend(now time.Time, probe bool, s State, atLeast time.Duration) {
	switch {
	case !l.state.Suspended:
		s.Since, l.pause = now, probeFirst
		if s.Reason == followup.Transient {
			l.pause = probeSoon
		}
	case probe:
		s.Since, l.pause = l.state.Since, min(2*l.pause, probeMost)
	default:
		return
	}
	s.Suspended, s.Until = true, now.Add(max(l.pause, atLeast))
	l.state, l.probing = s, false
}

func (l *line) current() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}
