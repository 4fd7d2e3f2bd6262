package twiliosms

import "time"

// A limiter is a token bucket for the messages of one clinic. Not safe for
// concurrent use.
type limiter struct {
	rate   float64 // tokens per second
	tokens float64
	filled time.Time
}

func newLimiter(rate float64, now time.Time) limiter {
	return limiter{rate: rate, tokens: max(1, rate), filled: now}
}

// take takes up to want tokens, and returns how many, and after which time
// there will be another.
func (l *limiter) take(now time.Time, want int) (n int, again time.Duration) {
	l.tokens = min(max(1, l.rate), l.tokens+max(0, now.Sub(l.filled).Seconds())*l.rate)
	l.filled = now
	const rounding = 1e-6 // error of the arithmetic: shorter than any wait
	n = max(0, min(want, int(l.tokens+rounding)))
	l.tokens -= float64(n)
	return n, time.Duration(max(0, 1-l.tokens)/l.rate*float64(time.Second)) + 1
}
