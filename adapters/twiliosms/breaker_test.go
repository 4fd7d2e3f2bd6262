package twiliosms_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
)

// clock is a clock that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) forward(d time.Duration) { c.now = c.now.Add(d) }

func newClock() *clock { return &clock{time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)} }

func TestSender_Pace_IsPerClinic(t *testing.T) {
	t.Parallel()
	now := newClock()
	known := accounts()
	fast := known[harley]
	fast.PerSecond = 2.5
	known[harley] = fast
	s := newSender(t, twiliosms.Config{Accounts: known, Now: now.Now})

	may, _, _ := s.Pace(harley, 5)
	require.Equal(t, 2, may)
	may, again, _ := s.Pace(harley, 5)
	require.Zero(t, may)
	require.InDelta(t, 200*time.Millisecond, again, float64(time.Microsecond), "half a token is left")
	now.forward(again)
	may, _, _ = s.Pace(harley, 5)
	require.Equal(t, 1, may, "after the wait that Pace returned")

	may, _, _ = s.Pace(ikeja, 99)
	require.Equal(t, 10, may, "the default of a messaging service, however many the other clinic has sent")

	now.forward(time.Hour)
	may, _, _ = s.Pace(harley, 99)
	require.Equal(t, 2, may, "unused tokens above the burst are lost")
	may, _, _ = s.Pace(harley, 0)
	require.Zero(t, may)
	now.forward(-time.Hour)
	may, _, _ = s.Pace(ikeja, 99)
	require.Zero(t, may, "a clock that goes back adds no token")
}

func TestSender_Pace_OneMessageASecond(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := newSender(t, twiliosms.Config{Now: now.Now})
	total := 0
	for range 1000 { // every 10 ms for ten seconds
		may, _, _ := s.Pace(harley, 3)
		total += may
		now.forward(10 * time.Millisecond)
	}
	require.InDelta(t, 10, total, 1, "one a second")
}

func TestSender_Breaker_OpensForOneClinic(t *testing.T) {
	t.Parallel()
	now := newClock()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL(), Now: now.Now})
	c.Fault(followuptest.Misconfigured)
	_, err := s.Send(t.Context(), harley, message(1))
	require.Equal(t, "20003", sendError(t, err).Code)
	c.Fault(followuptest.Fine)

	state := s.Breaker(harley)
	require.Equal(t, twiliosms.BreakerState{
		Open: true, Reason: followup.BadConfig, Code: "20003", Since: now.now, Until: now.now.Add(30 * time.Second),
	}, state)
	requests := c.Requests()
	_, err = s.Send(t.Context(), harley, message(1))
	e := sendError(t, err)
	require.Equal(t, followup.NotSent, e.Outcome)
	require.Equal(t, followup.BadConfig, e.Reason)
	require.Equal(t, 30*time.Second, e.RetryAfter)
	require.Equal(t, requests, c.Requests(), "no request is made")
	may, again, _ := s.Pace(harley, 5)
	require.Zero(t, may)
	require.Equal(t, 30*time.Second, again)

	_, err = s.Send(t.Context(), ikeja, message(2))
	require.NoError(t, err, "another clinic's messages go out")
	require.Equal(t, twiliosms.BreakerState{}, s.Breaker(ikeja))
}

func TestSender_Breaker_AllowsOneProbe(t *testing.T) {
	t.Parallel()
	now := newClock()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL(), Now: now.Now})
	since := now.now
	c.Fault(followuptest.Misconfigured)
	s.Send(t.Context(), harley, message(1))
	for _, pause := range []time.Duration{30, 60, 120, 240, 300, 300} {
		pause *= time.Second
		state := s.Breaker(harley)
		require.Equal(t, since, state.Since)
		require.Equal(t, now.now.Add(pause), state.Until)
		now.forward(pause)

		may, _, _ := s.Pace(harley, 5)
		require.Equal(t, 1, may)
		may, _, _ = s.Pace(harley, 5)
		require.Zero(t, may, "only one message probes")
		requests := c.Requests()
		_, err := s.Send(t.Context(), harley, message(1))
		require.Error(t, err)
		_, err = s.Send(t.Context(), harley, message(2))
		require.Error(t, err)
		require.Equal(t, requests+1, c.Requests())
	}
	c.Fault(followuptest.Fine)
	now.forward(5 * time.Minute)
	_, err := s.Send(t.Context(), harley, message(1))
	require.NoError(t, err, "a message without Pace may probe too")
	require.Equal(t, twiliosms.BreakerState{}, s.Breaker(harley))
	_, err = s.Send(t.Context(), harley, message(2))
	require.NoError(t, err)
}

// A probe that was promised and never sent does not keep the breaker open.
func TestSender_Breaker_UnsentProbe(t *testing.T) {
	t.Parallel()
	now := newClock()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL(), Now: now.Now})
	c.Fault(followuptest.Misconfigured)
	s.Send(t.Context(), harley, message(1))
	c.Fault(followuptest.Fine)
	now.forward(30 * time.Second)
	may, again, _ := s.Pace(harley, 1)
	require.Equal(t, 1, may)
	now.forward(again)
	may, _, _ = s.Pace(harley, 1)
	require.Equal(t, 1, may)
}

func TestSender_Breaker_FailuresInARow(t *testing.T) {
	t.Parallel()
	now := newClock()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL(), Now: now.Now})
	for round := range 2 {
		c.Fault(followuptest.TakeThenError)
		for n := range 4 {
			s.Send(t.Context(), harley, message(n))
		}
		require.False(t, s.Breaker(harley).Open)
		c.Fault([]followuptest.Fault{followuptest.Fine, followuptest.RefuseBadNumber}[round])
		s.Send(t.Context(), harley, message(4)) // an answer of Twilio resets the count
	}
	c.Fault(followuptest.RefuseConnection)
	for n := range 5 {
		s.Send(t.Context(), harley, message(n))
	}
	require.True(t, s.Breaker(harley).Open)
	require.Equal(t, followup.Transient, s.Breaker(harley).Reason)
	require.Equal(t, now.now.Add(time.Second), s.Breaker(harley).Until, "failed requests may be over in a moment")

	c.Fault(followuptest.Fine)
	_, found, err := s.FindSent(t.Context(), harley, followup.UnconfirmedMessage{To: to, Tried: time.Now(), Digest: sha256.Sum256([]byte(message(0).Body))})
	require.NoError(t, err, "messages can be found while the breaker is open")
	require.True(t, found)
}

func TestSender_Breaker_StaysClosedAfter429(t *testing.T) {
	t.Parallel()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL()})
	c.Fault(followuptest.RateLimited)
	for n := range 20 {
		_, err := s.Send(t.Context(), harley, message(n))
		require.Equal(t, 7*time.Second, sendError(t, err).RetryAfter)
	}
	require.False(t, s.Breaker(harley).Open)
}

func TestSender_Breaker_FullQueue(t *testing.T) {
	t.Parallel()
	now := newClock()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL(), Now: now.Now})
	c.Refuse(to, 63038)
	_, err := s.Send(t.Context(), harley, message(1))
	require.Equal(t, time.Hour, sendError(t, err).RetryAfter)
	require.Equal(t, followup.RateLimited, s.Breaker(harley).Reason)
	require.Equal(t, now.now.Add(time.Hour), s.Breaker(harley).Until)
}
