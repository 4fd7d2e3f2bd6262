package pgxstore_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/assistant"
)

// The proxy counts round trips on the wire; no time is measured.
func TestStore_RoundTrips(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	p := d.Proxy(t)
	config, err := pgxstore.PoolConfig(p.URL)
	require.NoError(t, err)
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	store, err := pgxstore.New(t.Context(), pool, pgxstore.Config{})
	require.NoError(t, err)
	l := newLedger(newOrgs(1))
	org := l.orgs[0]
	caller := l.caller(t, store, 0)
	trips := func(do func()) int64 {
		t.Helper()
		before := p.Trips()
		do()
		return p.Trips() - before
	}
	day := time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC)
	claim := func(name string, hour int) booking.Claim {
		c := caller.claim(org, hour*48)
		c.ID = booking.NewID(org, name)
		c.Needs = [][]booking.Candidate{seats("dr-amara"), seats("room-1", "room-2")}
		c.HoldFor = 0
		c.Start = day.Add(time.Duration(hour) * time.Hour)
		c.End = c.Start.Add(30 * time.Minute)
		c.Occupied.Start, c.Occupied.End = c.Start.Unix(), c.End.Unix()
		return c
	}
	listBusy := func() {
		_, err := store.ListBusy(t.Context(), org, booking.BusyQuery{
			Resources: []booking.ResourceID{"dr-amara", "room-1"}, From: day, To: day.AddDate(0, 0, 7),
			IDs: []booking.ID{booking.NewID(org, "won")},
		})
		require.NoError(t, err)
	}
	listAppointments := func() {
		_, err := store.ListAppointments(t.Context(), org, booking.AppointmentFilter{Phone: "+12025550100"})
		require.NoError(t, err)
	}
	caller.claimOnce(org, claim("first", 0)) // statements are prepared once
	listBusy()
	listAppointments()

	t.Run("Claim that wins", func(t *testing.T) {
		require.EqualValues(t, 1, trips(func() { require.False(t, caller.claimOnce(org, claim("won", 1)).Taken) }))
	})
	t.Run("Claim that loses, with the busy times", func(t *testing.T) {
		require.EqualValues(t, 1, trips(func() {
			out := caller.claimOnce(org, claim("lost", 1))
			require.True(t, out.Taken)
			require.NotEmpty(t, out.Busy)
		}))
	})
	t.Run("Claim with a repeated key", func(t *testing.T) {
		require.EqualValues(t, 1, trips(func() { require.True(t, caller.claimOnce(org, claim("won", 1)).Replay) }))
	})
	t.Run("ListBusy", func(t *testing.T) { require.EqualValues(t, 1, trips(listBusy)) })
	t.Run("ListAppointments", func(t *testing.T) { require.EqualValues(t, 1, trips(listAppointments)) })
	t.Run("Confirm, Move and Cancel", func(t *testing.T) {
		held := claim("held", 2)
		held.HoldFor = time.Hour
		change := func(held booking.Claim, n int) {
			_, err := store.Confirm(t.Context(), org, held.ID, "test")
			require.NoError(t, err)
			to := claim("", n)
			out, err := store.Move(t.Context(), org, booking.Move{
				ID: held.ID, Start: to.Start, End: to.End, Occupied: to.Occupied, Needs: to.Needs, Actor: "test",
			})
			require.NoError(t, err)
			require.False(t, out.Taken)
			_, err = store.Cancel(t.Context(), org, held.ID, "test")
			require.NoError(t, err)
		}
		caller.claimOnce(org, held)
		change(held, 3) // prepares
		again := claim("held again", 4)
		again.HoldFor = time.Hour
		caller.claimOnce(org, again)
		require.EqualValues(t, 3, trips(func() { change(again, 5) }))
	})
	t.Run("a connection idle for an hour is not pinged before use", func(t *testing.T) {
		require.Zero(t, trips(func() {
			conn, err := pool.Acquire(t.Context())
			require.NoError(t, err)
			require.False(t, config.ShouldPing(t.Context(), pgxpool.ShouldPingParams{Conn: conn.Conn(), IdleDuration: time.Hour}))
			conn.Release()
		}))
	})
}

// Claims of one clinic that wait share a round trip.
func TestStore_Claim_BatchRoundTrips(t *testing.T) {
	t.Parallel()
	const callers = 32
	d := pgtest.DB(t)
	p := d.Proxy(t)
	l := newLedger(newOrgs(1))
	store := open(t, p.URL, 4)
	rush := func(name string, hour int) {
		together(callers, func(n int) {
			c := l.caller(t, store, n)
			claim := c.claim(l.orgs[0], hour*48)
			claim.ID = booking.NewID(l.orgs[0], fmt.Sprint(name, n))
			c.record(appointmentKey{l.orgs[0], claim.ID}, c.claimOnce(l.orgs[0], claim))
		})
	}
	rush("first", 0) // logs in and prepares
	p.Delay(20 * time.Millisecond)
	before := p.Trips()
	rush("second", 1)
	require.Less(t, p.Trips()-before, int64(callers/2))
}

// The first "assistant-request" of a clinic costs one round trip and the next
// none, although the phone number in it is looked up too.
func TestStore_ByKey_RoundTrips(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	c := harley(t)
	require.NoError(t, pgxstore.Register(t.Context(), d.AdminPool(t), c))
	p := d.Proxy(t)
	store := open(t, p.URL, 1)
	handler, err := vapi.New(vapi.Config{Directory: store, Assistant: assistant.Saved("assistant-h"), Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	post := func(path string) (int, int64) {
		before := p.Trips()
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"message":{"type":"assistant-request",
			"call":{"id":"call-1","phoneNumberId":"phone-h1","assistantId":"assistant-h"},"phoneNumber":{"id":"phone-h1"}}}`))
		r.Header.Set("X-Vapi-Secret", "harley-secret")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, p.Trips() - before
	}
	_, err = store.ByPhoneNumberID(t.Context(), "unknown") // statements are prepared once
	require.ErrorIs(t, err, tenant.ErrUnknownOrg)
	code, _ := post("/vapi/unknown")
	require.Equal(t, http.StatusNotFound, code)
	code, trips := post("/vapi/harley")
	require.Equal(t, http.StatusOK, code)
	require.EqualValues(t, 1, trips, "one query loads the clinic with all its routes")
	code, trips = post("/vapi/harley")
	require.Equal(t, http.StatusOK, code)
	require.Zero(t, trips)
}
