package pgxstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// blockSlot inserts a row, without a commit, for whose end claims of nine
// o'clock must wait. The function it returns rolls that back.
func blockSlot(t *testing.T, d *pgtest.Database, org tenant.ID) (unblock func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.Admin)
	require.NoError(t, err)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `
		insert into callwaiting.occupancy (org_id, resource_id, starts_at, ends_at, kind)
		values ($1, 'dr-amara', $2, $3, 'external')`, org.String(), day(9, 0), day(9, 30))
	require.NoError(t, err)
	return sync.OnceFunc(func() { conn.Close(context.Background()) })
}

// awaitLockWaits returns when that many sessions of the store wait for a lock.
func awaitLockWaits(t *testing.T, d *pgtest.Database, sessions int) {
	t.Helper()
	admin := d.AdminPool(t)
	defer admin.Close()
	require.Eventually(t, func() bool {
		var n int
		err := admin.QueryRow(t.Context(), `
			select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&n)
		return err == nil && n >= sessions
	}, time.Minute, time.Millisecond)
}

func storeOf(t *testing.T, databaseURL string, conns int32, cfg pgxstore.Config) *pgxstore.Store {
	t.Helper()
	s, err := pgxstore.New(t.Context(), pool(t, databaseURL, conns), cfg)
	require.NoError(t, err)
	return s
}

func TestStore_Claim_LockTimeout(t *testing.T) {
	t.Parallel()
	d, org := pgtest.DB(t), tenant.NewID()
	store := storeOf(t, d.App, 2, pgxstore.Config{LockTimeout: 20 * time.Millisecond})
	defer blockSlot(t, d, org)()
	_, err := store.Claim(t.Context(), org, claimOf(org, "key", day(9, 0)))
	require.ErrorIs(t, err, booking.ErrUnavailable)
	require.EqualError(t, err, "pgxstore: booking: unavailable: the store did not answer: SQLSTATE 55P03")
	out, err := store.Claim(t.Context(), org, claimOf(org, "other", day(10, 0)))
	require.NoError(t, err)
	require.False(t, out.Taken, "another time does not wait for the lock")
}

func TestStore_Claim_StatementTimeout(t *testing.T) {
	t.Parallel()
	d, org := pgtest.DB(t), tenant.NewID()
	d.Exec(t, `create or replace function callwaiting.lock(p_org uuid, p_phones text[], p_resources text[]) returns void
		language sql as 'select pg_sleep(60)'`)
	store := storeOf(t, d.App, 2, pgxstore.Config{LockTimeout: 50 * time.Millisecond, StatementTimeout: 50 * time.Millisecond})
	_, err := store.Claim(t.Context(), org, claimOf(org, "key", day(9, 0)))
	require.EqualError(t, err, "pgxstore: booking: unavailable: the store did not answer: SQLSTATE 57014")
}

func TestStore_Claim_Cancel(t *testing.T) {
	t.Parallel()
	d, org := pgtest.DB(t), tenant.NewID()
	store := storeOf(t, d.App, 4, pgxstore.Config{LockTimeout: time.Minute, StatementTimeout: time.Minute})
	unblock := blockSlot(t, d, org)
	defer unblock()

	type result struct {
		out booking.Outcome
		err error
	}
	claim := func(ctx context.Context, caller int) chan result {
		c := claimOf(org, fmt.Sprint("key ", caller), day(9, 0))
		c.Contact.Phone = phone(caller)
		done := make(chan result, 1)
		go func() {
			out, err := store.Claim(ctx, org, c)
			done <- result{out, err}
		}()
		return done
	}
	const later = 5
	first, cancelFirst := context.WithCancel(t.Context())
	defer cancelFirst()
	sent := claim(first, 1) // waits in the database
	awaitLockWaits(t, d, 1)
	sentToo := claim(t.Context(), 2)
	awaitLockWaits(t, d, 2)
	third, cancelThird := context.WithCancel(t.Context())
	pending := claim(third, 3) // waits for the first two
	others := make([]chan result, later)
	for i := range others {
		others[i] = claim(t.Context(), 4+i)
	}

	cancelThird()
	r := <-pending
	require.ErrorIs(t, r.err, booking.ErrUnavailable, "a claim that was not sent made no change")
	require.ErrorIs(t, r.err, context.Canceled)
	cancelFirst()
	r = <-sent
	require.ErrorIs(t, r.err, booking.ErrOutcomeUnknown, "a claim that was sent may have succeeded")
	require.ErrorIs(t, r.err, context.Canceled)

	unblock()
	won := 0
	for _, c := range append(others, sentToo) {
		r := <-c
		require.NoError(t, r.err, "the other claims have their results")
		if !r.out.Taken {
			won++
		}
	}
	require.LessOrEqual(t, won, 1)
	found, err := store.ListAppointments(t.Context(), org, booking.AppointmentFilter{From: day(0, 0)})
	require.NoError(t, err)
	require.Len(t, found, 1, "one claim has won")
	known, err := store.ListAppointments(t.Context(), org, booking.AppointmentFilter{Phone: phone(3)})
	require.NoError(t, err)
	require.Empty(t, known, "the withdrawn claim has not")
}

func TestStore_Claim_ServerRestart(t *testing.T) {
	c := pgtest.NewCluster(t)
	d, org := c.DB(t), tenant.NewID()
	store := open(t, d.App, 2)
	_, err := store.Claim(t.Context(), org, claimOf(org, "before", day(9, 0)))
	require.NoError(t, err)

	c.Kill()
	_, err = store.Claim(t.Context(), org, claimOf(org, "meanwhile", day(10, 0)))
	if !errors.Is(err, booking.ErrUnavailable) { // otherwise the connection broke after the claim was sent
		require.ErrorIs(t, err, booking.ErrOutcomeUnknown)
	}

	require.NoError(t, c.Start())
	out, err := store.Claim(t.Context(), org, claimOf(org, "after", day(11, 0)))
	require.NoError(t, err, "a closed connection is discarded before use")
	require.False(t, out.Taken)
	found, err := store.ListAppointments(t.Context(), org, booking.AppointmentFilter{From: day(0, 0)})
	require.NoError(t, err)
	require.Len(t, found, 2)
}

func TestStore_Claim_TerminatedSessions(t *testing.T) {
	t.Parallel()
	d, org := pgtest.DB(t), tenant.NewID()
	store := open(t, d.App, 4)
	for i := range 20 {
		d.Exec(t, `select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
		_, err := store.Claim(t.Context(), org, claimOf(org, fmt.Sprint(i), day(0, 30*i)))
		require.NoError(t, err)
	}
}

func TestStore_LostConnection(t *testing.T) {
	t.Parallel()
	d, org := pgtest.DB(t), tenant.NewID()
	proxy := d.Proxy(t)
	store := open(t, proxy.URL, 1)
	claim := claimOf(org, "key", day(9, 0))
	_, err := store.Claim(t.Context(), org, claimOf(org, "warm", day(12, 0)))
	require.NoError(t, err)
	_, err = store.ListAppointments(t.Context(), org, booking.AppointmentFilter{ID: claim.ID})
	require.NoError(t, err)
	once := func() func() bool {
		var cut sync.Once
		return func() (now bool) {
			cut.Do(func() { now = true })
			return now
		}
	}

	t.Run("after a change was sent the outcome is unknown, and the key replays it", func(t *testing.T) {
		proxy.DropResponses(once())
		_, err := store.Claim(t.Context(), org, claim)
		require.ErrorIs(t, err, booking.ErrOutcomeUnknown)
		out, err := store.Claim(t.Context(), org, claim)
		require.NoError(t, err)
		require.True(t, out.Replay)
	})
	t.Run("a read is sent again", func(t *testing.T) {
		_, err := store.ListAppointments(t.Context(), org, booking.AppointmentFilter{ID: claim.ID}) // prepares
		require.NoError(t, err)
		proxy.DropRequests(once())
		found, err := store.ListAppointments(t.Context(), org, booking.AppointmentFilter{ID: claim.ID})
		require.NoError(t, err)
		require.Len(t, found, 1)
	})
}

// Errors hold ids and codes, and no data of the caller.
func TestStore_ErrorsHoldNoData(t *testing.T) {
	t.Parallel()
	d, org := pgtest.DB(t), tenant.NewID()
	store := open(t, d.App, 2)
	for name, tt := range map[string]struct {
		spoil func(c *booking.Claim)
		want  error
	}{
		"a name that cannot be stored": {spoil: func(c *booking.Claim) { c.Contact.Name = "Ada\x00Caller" }},
		"an invalid phone":             {spoil: func(c *booking.Claim) { c.Contact.Phone = "Ada Caller" }},
		"an end before the start":      {spoil: func(c *booking.Claim) { c.End = c.Start }},
		"more than a month at once":    {spoil: func(c *booking.Claim) { c.Occupied.End += 32 * 24 * 3600 }},
		"an unknown zone":              {spoil: func(c *booking.Claim) { c.Zone = "Ada/Caller" }},
		"no needs":                     {spoil: func(c *booking.Claim) { c.Needs = nil }},
		"a need without a candidate":   {spoil: func(c *booking.Claim) { c.Needs[0] = nil }},
		"an invalid id":                {spoil: func(c *booking.Claim) { c.ID = "Ada" }},
	} {
		t.Run(name, func(t *testing.T) {
			c := claimOf(org, "key", day(9, 0))
			tt.spoil(&c)
			out, err := store.Claim(t.Context(), org, c)
			invalid := (*booking.InvalidError)(nil)
			require.ErrorAs(t, err, &invalid)
			require.NotContains(t, err.Error(), "Ada")
			require.Empty(t, out)
		})
	}
	t.Run("a defect on the server", func(t *testing.T) {
		d.Exec(t, `create or replace function callwaiting.confirm(p_org uuid, p_id uuid, p_actor text) returns callwaiting.appointment_result
			language plpgsql as $$begin raise exception 'Ada Caller wants botox' using detail = 'Ada Caller'; end$$`)
		_, err := store.Confirm(t.Context(), org, booking.NewID(org, "key"), "test")
		require.EqualError(t, err, `pgxstore: refused by the server: SQLSTATE P0001, constraint ""`)
	})
}

// Each SQLSTATE becomes one error of package booking.
func TestStore_SQLSTATE(t *testing.T) {
	t.Parallel()
	d, org := pgtest.DB(t), tenant.NewID()
	store := open(t, d.App, 2)
	id := booking.NewID(org, "key")
	d.Exec(t, `
		create sequence tries;
		grant all on sequence tries to public;
		create or replace function callwaiting.confirm(p_org uuid, p_id uuid, p_actor text) returns callwaiting.appointment_result language plpgsql as $$
		declare
			v callwaiting.appointment_result;
		begin
			if nextval('tries') < split_part(p_actor, ' ', 2)::int then
				raise exception 'Ada Caller' using errcode = split_part(p_actor, ' ', 1), detail = 'Ada Caller', hint = 'Ada Caller';
			end if;
			v.outcome := 'unknown';
			return v;
		end$$`)
	confirm := func(code string, untilTry int) error {
		d.Exec(t, `alter sequence tries restart`)
		_, err := store.Confirm(t.Context(), org, id, fmt.Sprint(code, " ", untilTry))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "Ada")
		return err
	}
	for _, code := range []string{"40001", "40P01", "55P03"} {
		require.ErrorIs(t, confirm(code, 3), booking.ErrNotFound, "%s is tried three times", code)
		require.ErrorIs(t, confirm(code, 4), booking.ErrUnavailable, "%s is tried no more than three times", code)
	}
	for _, code := range []string{"57014", "25006", "53100", "53200", "53300"} {
		require.ErrorIs(t, confirm(code, 2), booking.ErrUnavailable, code)
	}
	for _, code := range []string{"08006", "08007"} {
		require.ErrorIs(t, confirm(code, 2), booking.ErrOutcomeUnknown, code)
	}
	require.ErrorIs(t, confirm("42501", 2), pgxstore.ErrIsolation)
	require.ErrorIs(t, confirm("CW001", 2), booking.ErrNotFound, "a transaction that is not read committed is begun again as one that is")
	err := confirm("XX000", 2)
	require.EqualError(t, err, `pgxstore: refused by the server: SQLSTATE XX000, constraint ""`)
}

// Any number of callers of one clinic use two connections.
func TestStore_Claim_ConnectionsPerClinic(t *testing.T) {
	t.Parallel()
	d, org, other := pgtest.DB(t), tenant.NewID(), tenant.NewID()
	store := storeOf(t, d.App, 3, pgxstore.Config{LockTimeout: time.Minute, StatementTimeout: time.Minute})
	unblock := blockSlot(t, d, org)
	defer unblock()
	var rush sync.WaitGroup
	for caller := range 20 {
		c := claimOf(org, fmt.Sprint(caller), day(9, 0))
		c.Contact.Phone = phone(caller)
		rush.Go(func() {
			if _, err := store.Claim(t.Context(), org, c); err != nil {
				t.Error(err)
			}
		})
	}
	awaitLockWaits(t, d, 2)
	out, err := store.Claim(t.Context(), other, claimOf(other, "key", day(9, 0)))
	require.NoError(t, err)
	require.False(t, out.Taken)
	unblock()
	rush.Wait()
	found, err := store.ListAppointments(t.Context(), org, booking.AppointmentFilter{From: day(0, 0)})
	require.NoError(t, err)
	require.Len(t, found, 1)
}
