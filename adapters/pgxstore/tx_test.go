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

// program is a program with tables of its own that books in its transactions.
type program struct {
	*testing.T
	d     *pgtest.Database
	pool  *pgxpool.Pool
	store *pgxstore.Store
	svc   *booking.Service
	org   tenant.ID
}

func newProgram(t *testing.T) program {
	t.Helper()
	d := pgtest.DB(t)
	d.Exec(t, `create table invoice (id int primary key); grant all on invoice to public`)
	p := program{T: t, d: d, pool: pool(t, d.App, 4), org: tenant.NewID()}
	var err error
	p.store, err = pgxstore.New(t.Context(), p.pool, pgxstore.Config{})
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
	p.svc, err = booking.New(booking.Config{
		Store: p.store, Catalogs: booking.StaticCatalogs{p.org: catalog},
		Now: func() time.Time { return day(0, 0).AddDate(0, 0, -1) },
	})
	require.NoError(t, err)
	return p
}

func (p program) begin(isolation pgx.TxIsoLevel) pgx.Tx {
	p.Helper()
	tx, err := p.pool.BeginTx(p.Context(), pgx.TxOptions{IsoLevel: isolation})
	require.NoError(p, err)
	p.Cleanup(func() { tx.Rollback(context.Background()) })
	return tx
}

func (p program) request(key string, start time.Time) booking.Request {
	return booking.Request{
		Key:       key,
		Selection: booking.Selection{Service: "consultation", Start: start},
		Contact:   booking.Contact{Phone: "+447700900456", Name: "Ada Caller"},
	}
}

// booked returns the appointments that other transactions see.
func (p program) booked() (starts []string) {
	p.Helper()
	found, err := p.store.ListAppointments(p.Context(), p.org, booking.AppointmentFilter{From: day(0, 0)})
	require.NoError(p, err)
	for _, a := range found {
		starts = append(starts, a.Start.Format("15:04 ")+string(a.Status))
	}
	return starts
}

func (p program) invoice(tx pgx.Tx, id int) {
	p.Helper()
	_, err := tx.Exec(p.Context(), `insert into invoice values ($1)`, id)
	require.NoError(p, err)
}

func (p program) invoices() (n int) {
	p.Helper()
	require.NoError(p, p.pool.QueryRow(p.Context(), `select count(*) from invoice`).Scan(&n))
	return n
}

func TestStore_BookTx(t *testing.T) {
	t.Parallel()
	t.Run("a commit makes the booking and the program's rows visible", func(t *testing.T) {
		p := newProgram(t)
		tx := p.begin(pgx.ReadCommitted)
		p.invoice(tx, 1)
		a, err := p.store.BookTx(t.Context(), tx, p.svc, p.org, p.request("key", day(9, 0)))
		require.NoError(t, err)
		require.Empty(t, p.booked(), "the booking is invisible before the commit")
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, []string{"09:00 booked"}, p.booked())
		require.Equal(t, 1, p.invoices())

		tx = p.begin(pgx.ReadCommitted)
		_, err = p.store.RescheduleTx(t.Context(), tx, p.svc, p.org, a.ID, booking.Selection{Start: day(10, 0)})
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, []string{"10:00 booked"}, p.booked())

		tx = p.begin(pgx.ReadCommitted)
		_, err = p.store.CancelTx(t.Context(), tx, p.svc, p.org, a.ID)
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, []string{"10:00 cancelled"}, p.booked())
	})
	t.Run("a rollback undoes the booking and the program's rows", func(t *testing.T) {
		p := newProgram(t)
		tx := p.begin(pgx.ReadCommitted)
		p.invoice(tx, 1)
		_, err := p.store.BookTx(t.Context(), tx, p.svc, p.org, p.request("key", day(9, 0)))
		require.NoError(t, err)
		require.NoError(t, tx.Rollback(t.Context()))
		require.Empty(t, p.booked())
		require.Zero(t, p.invoices())
		_, err = p.svc.Book(t.Context(), p.org, p.request("key", day(9, 0)))
		require.NoError(t, err, "the key has no outcome")
	})
	t.Run("the transaction is usable after a conflict", func(t *testing.T) {
		p := newProgram(t)
		_, err := p.svc.Book(t.Context(), p.org, p.request("first", day(9, 0)))
		require.NoError(t, err)
		tx := p.begin(pgx.ReadCommitted)
		p.invoice(tx, 1)
		_, err = p.store.BookTx(t.Context(), tx, p.svc, p.org, p.request("second", day(9, 0)))
		var conflict *booking.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.NotEmpty(t, conflict.Alternatives)
		want := conflict.Alternatives[0]
		_, err = p.store.BookTx(t.Context(), tx, p.svc, p.org, booking.Request{
			Key: "third", Selection: booking.Selection{Slot: want.ID}, Contact: booking.Contact{Phone: "+447700900457"},
		})
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))
		require.Len(t, p.booked(), 2)
		require.Equal(t, 1, p.invoices())
	})
	t.Run("the transaction is usable after an error of the server", func(t *testing.T) {
		p := newProgram(t)
		defer blockSlot(t, p.d, p.org)()
		tx := p.begin(pgx.ReadCommitted)
		_, err := tx.Exec(t.Context(), `set local lock_timeout = '20ms'`)
		require.NoError(t, err)
		p.invoice(tx, 1)
		_, err = p.store.BookTx(t.Context(), tx, p.svc, p.org, p.request("key", day(9, 0)))
		require.ErrorIs(t, err, booking.ErrUnavailable)
		p.invoice(tx, 2)
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, 2, p.invoices())
		require.Empty(t, p.booked())
	})
	t.Run("another isolation level is refused before any change", func(t *testing.T) {
		p := newProgram(t)
		for _, isolation := range []pgx.TxIsoLevel{pgx.RepeatableRead, pgx.Serializable} {
			tx := p.begin(isolation)
			_, err := p.store.Tx(tx).Claim(t.Context(), p.org, claimOf(p.org, "key", day(9, 0)))
			require.EqualError(t, err, "pgxstore: the transaction is not read committed: begin it with pgx.TxOptions{IsoLevel: pgx.ReadCommitted}")
			_, err = p.store.Tx(tx).ListBusy(t.Context(), p.org, booking.BusyQuery{From: day(0, 0), To: day(24, 0)})
			require.Error(t, err, "the view would be as old as the transaction")
			var one int
			require.NoError(t, tx.QueryRow(t.Context(), `select 1`).Scan(&one), "the transaction is usable")
			require.NoError(t, tx.Commit(t.Context()))
		}
		require.Empty(t, p.booked())
	})
	t.Run("a role that row-level security does not bind is refused", func(t *testing.T) {
		p := newProgram(t)
		conn, err := pgx.Connect(t.Context(), p.d.Admin)
		require.NoError(t, err)
		defer conn.Close(context.Background())
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = p.store.Tx(tx).Claim(t.Context(), p.org, claimOf(p.org, "key", day(9, 0)))
		require.ErrorContains(t, err, "not bound by row-level security")
		require.NoError(t, tx.Commit(t.Context()))
		require.Empty(t, p.booked())
	})
	t.Run("the scope is restored", func(t *testing.T) {
		p := newProgram(t)
		scope := func(tx pgx.Tx) (org string) {
			require.NoError(t, tx.QueryRow(t.Context(), `select coalesce(current_setting('app.org_id', true), '')`).Scan(&org))
			return org
		}
		tx := p.begin(pgx.ReadCommitted)
		_, err := p.store.BookTx(t.Context(), tx, p.svc, p.org, p.request("key", day(9, 0)))
		require.NoError(t, err)
		require.Empty(t, scope(tx))
		own := tenant.NewID().String()
		_, err = tx.Exec(t.Context(), `select set_config('app.org_id', $1, true)`, own)
		require.NoError(t, err)
		_, err = p.store.BookTx(t.Context(), tx, p.svc, p.org, p.request("conflict", day(9, 0)))
		require.ErrorIs(t, err, booking.ErrConflict)
		require.Equal(t, own, scope(tx))
	})
}
