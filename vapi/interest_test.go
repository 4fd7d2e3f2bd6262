package vapi_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// interestDesk books and remembers. What the tools log is the second buffer.
func interestDesk(t testing.TB, r *recorder) (*desk, *lockedBuffer) {
	log := keepLog(new(lockedBuffer))
	tools, err := vapi.BookingTools(vapi.BookingConfig{
		Service: service(t, memory.New(memory.Clock(clock))), Now: clock,
		FollowUp: r, Log: slog.New(slog.NewJSONHandler(log, nil)),
	})
	require.NoError(t, err)
	return newDesk(t, func(c *vapi.Config) { c.Tools = tools }), log
}

func TestWhatACallerAskedForIsRemembered(t *testing.T) {
	ten := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		tool      string
		arguments args
		status    string
		service   followup.ProcedureID
		wanted    time.Time
	}{
		"a service":             {"check_availability", args{"service": "nose job"}, "available", "rhinoplasty", time.Time{}},
		"a service on a day":    {"check_availability", args{"service": "nose job", "date": "2026-11-24"}, "available", "rhinoplasty", time.Time{}},
		"a service at a time":   {"check_availability", args{"service": "botox", "date": "2026-11-24", "time": "10:00"}, "available", "botox", ten},
		"a time that is closed": {"check_availability", args{"service": "botox", "date": "2026-11-24", "time": "20:00"}, "not_bookable", "botox", ten.Add(10 * time.Hour)},
		"one without a sheet":   {"check_availability", args{"service": "consultation", "date": "2026-11-24", "time": "10:00"}, "available", "", ten},
		"a booking that fails":  {"book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "20:00", "name": "Ada Obi"}, "not_bookable", "botox", ten.Add(10 * time.Hour)},
		"one without a name":    {"book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00"}, "invalid", "botox", ten},
		"one without a time":    {"book_appointment", args{"service": "botox", "name": "Ada Obi"}, "invalid", "botox", time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := new(recorder)
				d, log := interestDesk(t, r)
				require.Equal(t, c.status, d.call("call-1", caller).tool(c.tool, c.arguments).Status)
				synctest.Wait()
				require.Len(t, r.events, 1)
				e := r.events[0]
				require.True(t, c.wanted.Equal(e.Wanted), "%v", e.Wanted)
				e.Wanted, e.At = time.Time{}, time.Time{}
				require.Equal(t, followup.CallEvent{Call: "call-1", Signal: followup.Seen, Caller: caller, Service: c.service}, e)
				require.Empty(t, log.String())
			})
		})
	}
}

func TestNothingIsRememberedThatIsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(recorder)
		d, _ := interestDesk(t, r)
		c := d.call("call-1", caller)
		require.Equal(t, "booked", c.tool("book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"}).Status)
		c.tool("check_availability", args{"service": "hair"})
		c.tool("check_availability", args{"service": "consultation"})
		c.tool("find_appointments", args{})
		c.tool("reschedule_appointment", args{"date": "2026-11-24", "time": "11:00"})
		d.call("", caller).tool("check_availability", args{"service": "botox"})
		synctest.Wait()
		require.Empty(t, r.events)
	})
}

func TestNobodyWaitsForAMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most atomic.Int64
		r := &recorder{before: func(ctx context.Context) error {
			most.Store(max(most.Load(), under.Add(1)))
			defer under.Add(-1)
			<-ctx.Done()
			return fmt.Errorf("Sarah Connor was not noted: %w", ctx.Err())
		}}
		d, log := interestDesk(t, r)
		start := time.Now()
		for i := range 70 {
			d.call(fmt.Sprint("call-", i), caller).tool("check_availability", args{"service": "botox"})
		}
		require.Zero(t, time.Since(start))
		synctest.Wait()
		require.EqualValues(t, 64, most.Load())
		require.Contains(t, log.String(), `"error":"too many at once","lost":6}`)
		require.Contains(t, log.String(), `"call":"call-69"`)

		time.Sleep(2 * time.Second) // of the test's own clock
		synctest.Wait()
		require.Zero(t, under.Load())
		require.Contains(t, log.String(), `"lost":70}`)
		require.NotContains(t, log.String(), "Connor")

		r.before = nil
		d.call("call-1", caller).tool("check_availability", args{"service": "botox"})
		synctest.Wait()
		require.Len(t, r.events, 1)
	})
}

func TestAMemoryThatFailsIsNoFailureOfTheTool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, log := interestDesk(t, &recorder{before: func(context.Context) error { panic(errors.New("a rash")) }})
		require.Equal(t, "available", d.call("call-1", caller).tool("check_availability", args{"service": "botox"}).Status)
		synctest.Wait()
		require.Contains(t, log.String(), "panic with a *errors.errorString")
	})
}
