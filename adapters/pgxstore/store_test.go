package pgxstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/bookingtest"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func TestStore(t *testing.T) {
	bookingtest.Run(t, bookingtest.Harness{Store: open(t, pgtest.DB(t).App, 16)})
}

// An administrator may change the default isolation of a database or a role.
func TestStore_DefaultIsolation(t *testing.T) {
	for _, isolation := range []string{"repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			d := pgtest.DB(t, pgtest.Set("default_transaction_isolation", isolation))
			require.Empty(t, bookingtest.Failing(bookingtest.Harness{Store: open(t, d.App, 16)}))
		})
	}
	t.Run("changed after New", func(t *testing.T) {
		d := pgtest.DB(t)
		pool := pool(t, d.App, 4)
		store, err := pgxstore.New(t.Context(), pool, pgxstore.Config{})
		require.NoError(t, err)
		d.Exec(t, fmt.Sprintf(`alter database %q set default_transaction_isolation = 'serializable'`, d.Name))
		pool.Reset()
		org := tenant.NewID()
		out, err := store.Claim(t.Context(), org, claimOf(org, "key", day(9, 0)))
		require.NoError(t, err)
		require.Equal(t, booking.Booked, out.Appointment.Status)
	})
}

// In transaction mode each transaction may get another server connection, with
// the state that earlier transactions left on it.
func TestStore_PgBouncer(t *testing.T) {
	d := pgtest.DB(t)
	through := d.PgBouncer(t, 3)
	for _, mode := range []string{"cache_describe", "exec"} {
		t.Run(mode, func(t *testing.T) {
			store := open(t, through+"&default_query_exec_mode="+mode, 16)
			require.Empty(t, bookingtest.Failing(bookingtest.Harness{Store: store}))
		})
	}
	t.Run("New refuses statements that another client would find", func(t *testing.T) {
		_, err := pgxstore.New(t.Context(), pool(t, through, 1), pgxstore.Config{})
		require.ErrorContains(t, err, "default_query_exec_mode=cache_describe")
	})
}

// txStore is a store that runs every call in a transaction of its own by Tx.
type txStore struct {
	*pgxstore.Store
	pool *pgxpool.Pool
}

func inTx[R any](ctx context.Context, s txStore, do func(booking.Store) (R, error)) (R, error) {
	var r R
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return r, fmt.Errorf("%w: %w", booking.ErrUnavailable, err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	r, failed := do(s.Tx(tx))
	if err := tx.Commit(ctx); err != nil && failed == nil {
		var none R
		return none, fmt.Errorf("%w: %w", booking.ErrOutcomeUnknown, err)
	}
	return r, failed
}

func (s txStore) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	return inTx(ctx, s, func(tx booking.Store) (booking.Outcome, error) { return tx.Claim(ctx, org, c) })
}

func (s txStore) Move(ctx context.Context, org tenant.ID, m booking.Move) (booking.Outcome, error) {
	return inTx(ctx, s, func(tx booking.Store) (booking.Outcome, error) { return tx.Move(ctx, org, m) })
}

func (s txStore) Confirm(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return inTx(ctx, s, func(tx booking.Store) (booking.Appointment, error) { return tx.Confirm(ctx, org, id, actor) })
}

func (s txStore) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return inTx(ctx, s, func(tx booking.Store) (booking.Appointment, error) { return tx.Cancel(ctx, org, id, actor) })
}

func (s txStore) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	return inTx(ctx, s, func(tx booking.Store) (booking.BusyView, error) { return tx.ListBusy(ctx, org, q) })
}

func (s txStore) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	return inTx(ctx, s, func(tx booking.Store) ([]booking.Appointment, error) { return tx.ListAppointments(ctx, org, f) })
}

func (s txStore) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	return inTx(ctx, s, func(tx booking.Store) ([]booking.Event, error) { return tx.ListEvents(ctx, org, id) })
}

func TestTx(t *testing.T) {
	d := pgtest.DB(t)
	pool := pool(t, d.App, 16)
	store, err := pgxstore.New(t.Context(), pool, pgxstore.Config{})
	require.NoError(t, err)
	s := txStore{store, pool}
	require.Empty(t, bookingtest.Failing(bookingtest.Harness{Store: s}))
}

func pool(t testing.TB, databaseURL string, conns int32, changes ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxstore.PoolConfig(databaseURL)
	require.NoError(t, err)
	config.MaxConns = conns
	for _, change := range changes {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// day returns a time of the day of these tests.
func day(hour, minute int) time.Time { return time.Date(2031, 7, 1, hour, minute, 0, 0, time.UTC) }

// claimOf returns a claim of half an hour with Dr Amara.
func claimOf(org tenant.ID, key string, start time.Time) booking.Claim {
	end := start.Add(30 * time.Minute)
	return booking.Claim{
		ID: booking.NewID(org, key), Digest: "digest", Service: "consultation",
		Start: start, End: end, Zone: "UTC",
		Occupied: schedule.Span{Start: start.Unix(), End: end.Unix()},
		Needs:    [][]booking.Candidate{{{Resource: "dr-amara", Capacity: 1}}},
		Contact:  booking.Contact{Phone: "+447700900456", Name: "Ada Caller"},
		Actor:    "test", BusyFrom: day(0, 0), BusyTo: day(24, 0),
	}
}
