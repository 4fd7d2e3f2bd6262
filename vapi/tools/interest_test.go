package tools_test

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
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// interestFixture books and records interest. The second buffer is the log of
// the tools.
func interestFixture(t testing.TB, r *handlertest.FollowUp) (*fixture, *handlertest.LogBuffer) {
	log := handlertest.NewLogBuffer()
	all, err := tools.New(tools.Config{
		Booking: handlertest.Booking(t, memory.New(memory.Clock(clock))), Now: clock,
		FollowUp: r, Log: slog.New(slog.NewJSONHandler(log, nil)),
	})
	require.NoError(t, err)
	return newFixture(t, func(c *vapi.Config) { c.Tools = all }), log
}

func TestFollowUp_RecordCall(t *testing.T) {
	t.Parallel()
	t.Run("a requested service and time are recorded", func(t *testing.T) {
		t.Parallel()
		ten := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
		for name, c := range map[string]struct {
			tool      string
			arguments args
			status    string
			service   followup.ProcedureID
			wanted    time.Time
		}{
			"a service":                    {"check_availability", args{"service": "nose job"}, "available", "rhinoplasty", time.Time{}},
			"a service on a day":           {"check_availability", args{"service": "nose job", "date": "2026-11-24"}, "available", "rhinoplasty", time.Time{}},
			"a service at a time":          {"check_availability", args{"service": "botox", "date": "2026-11-24", "time": "10:00"}, "available", "botox", ten},
			"a time that is closed":        {"check_availability", args{"service": "botox", "date": "2026-11-24", "time": "20:00"}, "not_bookable", "botox", ten.Add(10 * time.Hour)},
			"a service without a document": {"check_availability", args{"service": "consultation", "date": "2026-11-24", "time": "10:00"}, "available", "", ten},
			"a booking that fails":         {"book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "20:00", "name": "Ada Obi"}, "not_bookable", "botox", ten.Add(10 * time.Hour)},
			"a booking without a name":     {"book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00"}, "invalid", "botox", ten},
			"a booking without a time":     {"book_appointment", args{"service": "botox", "name": "Ada Obi"}, "invalid", "botox", time.Time{}},
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := new(handlertest.FollowUp)
					d, log := interestFixture(t, r)
					require.Equal(t, c.status, d.Call("call-1", caller).Tool(c.tool, c.arguments).Status)
					synctest.Wait()
					require.Len(t, r.Events, 1)
					e := r.Events[0]
					require.True(t, c.wanted.Equal(e.Wanted), "%v", e.Wanted)
					e.Wanted, e.At = time.Time{}, time.Time{}
					require.Equal(t, followup.CallEvent{Call: "call-1", Signal: followup.Seen, Caller: caller, Service: c.service}, e)
					require.Empty(t, log.String())
				})
			})
		}
	})
	t.Run("a booking and an empty interest are not recorded", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := new(handlertest.FollowUp)
			d, _ := interestFixture(t, r)
			c := d.Call("call-1", caller)
			require.Equal(t, "booked", c.Tool("book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"}).Status)
			c.Tool("check_availability", args{"service": "hair"})
			c.Tool("check_availability", args{"service": "consultation"})
			c.Tool("find_appointments", args{})
			c.Tool("reschedule_appointment", args{"date": "2026-11-24", "time": "11:00"})
			d.Call("", caller).Tool("check_availability", args{"service": "botox"})
			synctest.Wait()
			require.Empty(t, r.Events)
		})
	})
	t.Run("a caller does not wait for a record", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var under, most atomic.Int64
			r := &handlertest.FollowUp{Before: func(ctx context.Context) error {
				most.Store(max(most.Load(), under.Add(1)))
				defer under.Add(-1)
				<-ctx.Done()
				return fmt.Errorf("Sarah Connor was not noted: %w", ctx.Err())
			}}
			d, log := interestFixture(t, r)
			start := time.Now()
			for i := range 70 {
				d.Call(fmt.Sprint("call-", i), caller).Tool("check_availability", args{"service": "botox"})
			}
			require.Zero(t, time.Since(start))
			synctest.Wait()
			require.EqualValues(t, 64, most.Load())
			require.Contains(t, log.String(), `"error":"too many at once","dropped":6}`)
			require.Contains(t, log.String(), `"call":"call-69"`)

			time.Sleep(2 * time.Second) // of the test's own clock
			synctest.Wait()
			require.Zero(t, under.Load())
			require.Contains(t, log.String(), `"dropped":70}`)
			require.NotContains(t, log.String(), "Connor")

			r.Before = nil
			d.Call("call-1", caller).Tool("check_availability", args{"service": "botox"})
			synctest.Wait()
			require.Len(t, r.Events, 1)
		})
	})
	t.Run("a record that fails is no failure of the tool", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d, log := interestFixture(t, &handlertest.FollowUp{Before: func(context.Context) error { panic(errors.New("a rash")) }})
			require.Equal(t, "available", d.Call("call-1", caller).Tool("check_availability", args{"service": "botox"}).Status)
			synctest.Wait()
			require.Contains(t, log.String(), "panic with a *errors.errorString")
		})
	})
}
