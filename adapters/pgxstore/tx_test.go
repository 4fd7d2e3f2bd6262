package pgxstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func busy(resource booking.ResourceID, from, to time.Time) booking.Busy {
	return booking.Busy{Resource: resource, Span: schedule.Span{Start: from.Unix(), End: to.Unix()}}
}

// host is a service with tables of its own that books in its transactions.
type host struct {
	*testing.T
	d     *pgtest.Database
	pool  *pgxpool.Pool
	store *pgxstore.Store
	svc   *booking.Service
	org   tenant.ID
}

func newHost(t *testing.T) host {
	t.Helper()
	d := pgtest.DB(t)
	d.Exec(t, `create table invoice (id int primary key); grant all on invoice to public`)
	h := host{T: t, d: d, pool: pool(t, d.App, 4), org: tenant.NewID()}
	var err error
	h.store, err = pgxstore.New(t.Context(), h.pool, pgxstore.Config{})
	require.NoError(t, err)
	var hours schedule.Hours
	for day := range hours.Week {
		hours.Week[day] = []schedule.Window{{From: 9 * 60, To: 17 * 60}}
	}
	catalog, err := booking.NewCatalog(booking.CatalogConfig{
		Zone: time.UTC, Hours: hours,
		Resources: []booking.Resource{{ID: "dr-amara", Name: "Dr Amara"}},
		Services: []booking.ServiceType{{
			ID: "consultation", Name: "Consultation", Duration: 30 * time.Minute, Needs: []booking.Need{{"dr-amara"}},
		}},
	})
	require.NoError(t, err)
	h.svc, err = booking.New(booking.Config{
		Store: h.store, Catalogs: booking.StaticCatalogs{h.org: catalog},
		Now: func() time.Time { return day(0, 0).AddDate(0, 0, -1) },
	})
	require.NoError(t, err)
	return h
}

func (h host) begin(isolation pgx.TxIsoLevel) pgx.Tx {
	h.Helper()
	tx, err := h.pool.BeginTx(h.Context(), pgx.TxOptions{IsoLevel: isolation})
	require.NoError(h, err)
	h.Cleanup(func() { tx.Rollback(context.Background()) })
	return tx
}

func (h host) request(key string, start time.Time) booking.Request {
	return booking.Request{
		Key:       key,
		Selection: booking.Selection{Service: "consultation", Start: start},
		Contact:   booking.Contact{Phone: "+447700900456", Name: "Ada Caller"},
	}
}

// booked is what anybody else can see.
func (h host) booked() (starts []string) {
	h.Helper()
	found, err := h.store.ListAppointments(h.Context(), h.org, booking.AppointmentFilter{From: day(0, 0)})
	require.NoError(h, err)
	for _, a := range found {
		starts = append(starts, a.Start.Format("15:04 ")+string(a.Status))
	}
	return starts
}

func (h host) invoice(tx pgx.Tx, id int) {
	h.Helper()
	_, err := tx.Exec(h.Context(), `insert into invoice values ($1)`, id)
	require.NoError(h, err)
}

func (h host) invoices() (n int) {
	h.Helper()
	require.NoError(h, h.pool.QueryRow(h.Context(), `select count(*) from invoice`).Scan(&n))
	return n
}

func TestBookingInsideACallersTransaction(t *testing.T) {
	t.Run("is there when it commits, with what else it did", func(t *testing.T) {
		h := newHost(t)
		tx := h.begin(pgx.ReadCommitted)
		h.invoice(tx, 1)
		a, err := h.store.BookTx(t.Context(), tx, h.svc, h.org, h.request("key", day(9, 0)))
		require.NoError(t, err)
		require.Empty(t, h.booked(), "nobody sees it before")
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, []string{"09:00 booked"}, h.booked())
		require.Equal(t, 1, h.invoices())

		tx = h.begin(pgx.ReadCommitted)
		_, err = h.store.RescheduleTx(t.Context(), tx, h.svc, h.org, a.ID, booking.Selection{Start: day(10, 0)})
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, []string{"10:00 booked"}, h.booked())

		tx = h.begin(pgx.ReadCommitted)
		_, err = h.store.CancelTx(t.Context(), tx, h.svc, h.org, a.ID)
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, []string{"10:00 cancelled"}, h.booked())
	})
	t.Run("is gone when it rolls back, and so is what else it did", func(t *testing.T) {
		h := newHost(t)
		tx := h.begin(pgx.ReadCommitted)
		h.invoice(tx, 1)
		_, err := h.store.BookTx(t.Context(), tx, h.svc, h.org, h.request("key", day(9, 0)))
		require.NoError(t, err)
		require.NoError(t, tx.Rollback(t.Context()))
		require.Empty(t, h.booked())
		require.Zero(t, h.invoices())
		_, err = h.svc.Book(t.Context(), h.org, h.request("key", day(9, 0)))
		require.NoError(t, err, "the key has had no outcome")
	})
	t.Run("leaves it usable after a conflict", func(t *testing.T) {
		h := newHost(t)
		_, err := h.svc.Book(t.Context(), h.org, h.request("first", day(9, 0)))
		require.NoError(t, err)
		tx := h.begin(pgx.ReadCommitted)
		h.invoice(tx, 1)
		_, err = h.store.BookTx(t.Context(), tx, h.svc, h.org, h.request("second", day(9, 0)))
		var conflict *booking.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.NotEmpty(t, conflict.Alternatives)
		want := conflict.Alternatives[0]
		_, err = h.store.BookTx(t.Context(), tx, h.svc, h.org, booking.Request{
			Key: "third", Selection: booking.Selection{Slot: want.ID}, Contact: booking.Contact{Phone: "+447700900457"},
		})
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))
		require.Len(t, h.booked(), 2)
		require.Equal(t, 1, h.invoices())
	})
	t.Run("leaves it usable after an error on the server", func(t *testing.T) {
		h := newHost(t)
		unblock := blocked(t, h.d, h.org)
		defer unblock()
		tx := h.begin(pgx.ReadCommitted)
		_, err := tx.Exec(t.Context(), `set local lock_timeout = '20ms'`)
		require.NoError(t, err)
		h.invoice(tx, 1)
		_, err = h.store.BookTx(t.Context(), tx, h.svc, h.org, h.request("key", day(9, 0)))
		require.ErrorIs(t, err, booking.ErrUnavailable)
		h.invoice(tx, 2)
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, 2, h.invoices())
		require.Empty(t, h.booked())
	})
	t.Run("is refused under another isolation, before anything is changed", func(t *testing.T) {
		h := newHost(t)
		for _, isolation := range []pgx.TxIsoLevel{pgx.RepeatableRead, pgx.Serializable} {
			tx := h.begin(isolation)
			_, err := h.store.Tx(tx).Claim(t.Context(), h.org, claimOf(h.org, "key", day(9, 0)))
			require.EqualError(t, err, "pgxstore: the transaction is not read committed: begin it with pgx.TxOptions{IsoLevel: pgx.ReadCommitted}")
			_, err = h.store.Tx(tx).ListBusy(t.Context(), h.org, booking.BusyQuery{From: day(0, 0), To: day(24, 0)})
			require.Error(t, err, "a look that is as old as the transaction")
			var one int
			require.NoError(t, tx.QueryRow(t.Context(), `select 1`).Scan(&one), "it can go on")
			require.NoError(t, tx.Commit(t.Context()))
		}
		require.Empty(t, h.booked())
	})
	t.Run("is refused to a role that row-level security does not bind", func(t *testing.T) {
		h := newHost(t)
		conn, err := pgx.Connect(t.Context(), h.d.Admin)
		require.NoError(t, err)
		defer conn.Close(context.Background())
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = h.store.Tx(tx).Claim(t.Context(), h.org, claimOf(h.org, "key", day(9, 0)))
		require.ErrorContains(t, err, "not bound by row-level security")
		require.NoError(t, tx.Commit(t.Context()))
		require.Empty(t, h.booked())
	})
	t.Run("leaves the scope as it was", func(t *testing.T) {
		h := newHost(t)
		scope := func(tx pgx.Tx) (org string) {
			require.NoError(t, tx.QueryRow(t.Context(), `select coalesce(current_setting('app.org_id', true), '')`).Scan(&org))
			return org
		}
		tx := h.begin(pgx.ReadCommitted)
		_, err := h.store.BookTx(t.Context(), tx, h.svc, h.org, h.request("key", day(9, 0)))
		require.NoError(t, err)
		require.Empty(t, scope(tx))
		own := tenant.NewID().String()
		_, err = tx.Exec(t.Context(), `select set_config('app.org_id', $1, true)`, own)
		require.NoError(t, err)
		_, err = h.store.BookTx(t.Context(), tx, h.svc, h.org, h.request("conflict", day(9, 0)))
		require.ErrorIs(t, err, booking.ErrConflict)
		require.Equal(t, own, scope(tx))
	})
}
