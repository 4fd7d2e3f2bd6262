package pgxstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// An intruder sends SQL of its own as the role of the service, in the scope of
// one clinic.
type intruder struct {
	*testing.T
	pool *pgxpool.Pool
	org  tenant.ID
}

// do runs a statement in the intruder's scope, without a commit, and returns
// its SQLSTATE or the number of rows it affected.
func (i intruder) do(sql string, args ...any) string {
	i.Helper()
	return i.in(i.org.String(), sql, args...)
}

// in runs a statement in a scope; an empty scope is not set.
func (i intruder) in(scope, sql string, args ...any) (result string) {
	i.Helper()
	tx, err := i.pool.Begin(i.Context())
	require.NoError(i, err)
	defer tx.Rollback(context.Background())
	if scope != "" {
		_, err = tx.Exec(i.Context(), `select set_config('app.org_id', $1, true)`, scope)
		require.NoError(i, err)
	}
	done, err := tx.Exec(i.Context(), sql, args...)
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return pg.Code
	}
	require.NoError(i, err)
	return fmt.Sprintf("%d rows", done.RowsAffected())
}

// tables returns the tables with a column org_id, from the catalog.
func tables(t *testing.T, d *pgtest.Database) []string {
	t.Helper()
	rows, err := d.AdminPool(t).Query(t.Context(), `
		select c.relname::text
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid
		where n.nspname = 'callwaiting' and c.relkind in ('r', 'p') and a.attname = 'org_id' and not a.attisdropped
		order by 1`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func TestSchema_Isolation(t *testing.T) {
	d := pgtest.DB(t)
	store := open(t, d.App, 4)
	a, b := tenant.NewID(), tenant.NewID()
	theirs := booking.NewID(b, "key")
	out, err := store.Claim(t.Context(), b, claimOf(b, "key", day(9, 0)))
	require.NoError(t, err)
	victim := out.Appointment
	_, err = store.Claim(t.Context(), a, claimOf(a, "key", day(9, 0)))
	require.NoError(t, err, "the same phone, key, practitioner and time as another clinic's")
	i := intruder{t, pool(t, d.App, 1), a}

	const noScope, staleScope, notAllowed, foreignKey = "42704", "22P02", "42501", "23503"
	guarded := 0
	for _, table := range tables(t, d) {
		if slices.Contains([]string{"appointment_change", "link_route", "org_route", "task"}, table) {
			for _, attempt := range []string{`select * from %s`, `insert into %s select`, `update %s set org_id = null`, `delete from %s`, `truncate %s`} {
				require.Equal(t, notAllowed, i.do(fmt.Sprintf(attempt, "callwaiting."+table)), "%s has no policy, so it has no grant", table)
			}
			continue
		}
		guarded++
		t.Run(table, func(t *testing.T) {
			i := intruder{t, i.pool, a}
			name := pgx.Identifier{"callwaiting", table}.Sanitize()
			fresh := intruder{t, pool(t, d.App, 1), a}
			require.Equal(t, noScope, fresh.in("", `select * from `+name), "without a scope: an error, not zero rows")
			require.Equal(t, "0 rows", i.do(`select * from `+name+` where false`))
			require.Equal(t, staleScope, i.in("", `select * from `+name), "after the scope ended: the same")
			require.Equal(t, "0 rows", i.do(`select * from `+name+` where org_id = $1`, b.String()))
			require.Equal(t, "0 rows", i.do(`select * from `+name+` where org_id <> $1`, a.String()))
			require.Equal(t, notAllowed, i.do(`delete from `+name))
			require.Equal(t, notAllowed, i.do(`truncate `+name))
			require.Equal(t, notAllowed, i.do(`update `+name+` set org_id = $1`, b.String()), "a row stays with its clinic")
			require.Equal(t, notAllowed, i.do(`alter table `+name+` disable row level security`))
			require.Equal(t, notAllowed, i.do(`create trigger spy before insert on `+name+` for each row execute function pg_catalog.suppress_redundant_updates_trigger()`))
			require.Equal(t, "0 rows", i.do(`set local row_security = off`))
		})
	}
	require.Equal(t, 13, guarded, "tables with a policy")

	t.Run("a clinic cannot insert rows for another clinic", func(t *testing.T) {
		i := intruder{t, i.pool, a}
		require.Equal(t, notAllowed, i.do(`insert into callwaiting.contact (org_id, phone) values ($1, '+12025550199')`, b.String()))
		require.Equal(t, notAllowed, i.do(`insert into callwaiting.event (org_id, subject, version, kind, actor) values ($1, $2, 9, 'cancelled', 'a')`, b.String(), string(theirs)))
		require.Equal(t, notAllowed, i.do(`insert into callwaiting.occupancy (org_id, resource_id, starts_at, ends_at, kind) values ($1, 'dr-amara', $2, $3, 'external')`,
			b.String(), day(9, 0), day(9, 30)), "before the constraint could reveal that the time is taken")
	})
	t.Run("a clinic cannot update rows of another clinic", func(t *testing.T) {
		i := intruder{t, i.pool, a}
		require.Equal(t, "0 rows", i.do(`update callwaiting.appointment set status = 'cancelled' where id = $1`, string(theirs)))
		require.Equal(t, "0 rows", i.do(`update callwaiting.occupancy set active = false where appointment_id = $1`, string(theirs)))
		require.Equal(t, "0 rows", i.do(`update callwaiting.contact set name = 'x' where id = $1`, string(victim.Contact.ID)))
	})
	t.Run("an id of another clinic is as unknown as a random id", func(t *testing.T) {
		i := intruder{t, i.pool, a}
		refer := func(contact string) string {
			return i.do(`insert into callwaiting.appointment (org_id, id, digest, service, resources, starts_at, ends_at, zone,
					occupied_from, occupied_to, status, contact_id)
				values ($1, $2, '', 'x', '{}', $3, $4, 'UTC', $3, $4, 'booked', $5)`,
				a.String(), tenant.NewID().String(), day(9, 0), day(9, 30), contact)
		}
		require.Equal(t, foreignKey, refer(string(victim.Contact.ID)))
		require.Equal(t, foreignKey, refer(tenant.NewID().String()))
		_, err := store.Cancel(t.Context(), a, theirs, "a")
		require.ErrorIs(t, err, booking.ErrNotFound)
	})
	t.Run("functions stay in their caller's scope", func(t *testing.T) {
		i := intruder{t, i.pool, a}
		require.Equal(t, "1 rows", i.do(`select from callwaiting.cancel($1, $2, 'a') t where t.outcome = 'unknown'`, b.String(), string(theirs)))
		require.Equal(t, "1 rows", i.do(`select where callwaiting.route('key', 'harley') is null`))
	})
	t.Run("a clinic cannot schedule or acknowledge tasks of another clinic", func(t *testing.T) {
		i := intruder{t, i.pool, a}
		admin := d.AdminPool(t)
		due := func() (n int) {
			require.NoError(t, admin.QueryRow(t.Context(), `
				select count(*) from callwaiting.task
				where org_id = $1 and kind = 'appointment' and id = $2 and due_at <= clock_timestamp()`, b.String(), string(theirs)).Scan(&n))
			return n
		}
		_, err := admin.Exec(t.Context(), `select callwaiting.dequeue_tasks(0, 0, 0, '{}')`) // turns changes into tasks
		require.NoError(t, err)
		require.Equal(t, 1, due(), "a booking is due at once")
		tx, err := i.pool.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `select set_config('app.org_id', $1, true)`, a.String())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `select callwaiting.ack_tasks('appointment', array[$1], null),
			callwaiting.schedule_tasks('appointment', array[$1], array['2100-01-01Z'::timestamptz], false)`, string(theirs))
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, 1, due())
		require.Equal(t, noScope, intruder{t, pool(t, d.App, 1), a}.in("", `select callwaiting.ack_tasks('appointment', array['x'], null)`))
	})
	t.Run("tables without a policy hold ids only", func(t *testing.T) {
		columns, err := d.AdminPool(t).Query(t.Context(), `
			select a.attname::text from pg_attribute a
			where a.attrelid in ('callwaiting.task'::regclass, 'callwaiting.appointment_change'::regclass, 'callwaiting.link_route'::regclass) and a.attnum > 0
			order by a.attrelid::regclass::text, a.attnum`)
		require.NoError(t, err)
		names, err := pgx.CollectRows(columns, pgx.RowTo[string])
		require.NoError(t, err)
		require.Equal(t, []string{"org_id", "appointment_id", "hash", "org_id", "org_id", "kind", "id", "due_at", "attempts"}, names)
	})
	t.Run("PUBLIC may not execute a function", func(t *testing.T) {
		var public int
		require.NoError(t, d.AdminPool(t).QueryRow(t.Context(), `
			select count(*)
			from pg_proc p
			join pg_namespace n on n.oid = p.pronamespace
			where n.nspname = 'callwaiting' and has_function_privilege('public', p.oid, 'execute')`).Scan(&public))
		require.Zero(t, public)
	})
	t.Run("row-level security binds the owner of the tables", func(t *testing.T) {
		owner := intruder{t, pool(t, login(t, d, "", "callwaiting_owner"), 1), a}
		t.Cleanup(owner.pool.Close)
		require.Equal(t, noScope, owner.in("", `select * from callwaiting.contact`))
		require.Equal(t, "0 rows", owner.do(`select * from callwaiting.contact where org_id = $1`, b.String()))
	})

	found, err := store.ListAppointments(t.Context(), b, booking.AppointmentFilter{ID: theirs})
	require.NoError(t, err)
	require.Equal(t, []booking.Appointment{victim}, found, "the appointment of the other clinic has not changed")
}

// The constraint holds against writers without the library, at every isolation
// level.
func TestSchema_NoOverlap(t *testing.T) {
	d, org := pgtest.DB(t), tenant.NewID()
	store := open(t, d.App, 2)
	_, err := store.Claim(t.Context(), org, claimOf(org, "key", day(9, 0)))
	require.NoError(t, err)
	for _, isolation := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		for _, role := range []string{d.App, d.Admin} {
			conn, err := pgx.Connect(t.Context(), role)
			require.NoError(t, err)
			tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: isolation})
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `select set_config('app.org_id', $1, true)`, org.String())
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `
				insert into callwaiting.occupancy (org_id, resource_id, starts_at, ends_at, kind)
				values ($1, 'dr-amara', $2, $3, 'external')`, org.String(), day(9, 20), day(9, 50))
			pg := (*pgconn.PgError)(nil)
			require.ErrorAs(t, err, &pg)
			require.Equal(t, "23P01", pg.Code)
			require.Equal(t, "occupancy_no_overlap", pg.ConstraintName)
			require.NoError(t, conn.Close(t.Context()))
		}
	}

	t.Run("a claim sees busy time that another writer inserted", func(t *testing.T) {
		d.Exec(t, fmt.Sprintf(`
			insert into callwaiting.occupancy (org_id, resource_id, starts_at, ends_at, kind)
			values ('%s', 'dr-amara', '2031-07-01 12:10Z', '2031-07-01 12:40Z', 'external')`, org))
		out, err := store.Claim(t.Context(), org, claimOf(org, "noon", day(12, 0)))
		require.NoError(t, err)
		require.True(t, out.Taken)
		require.Contains(t, out.Busy, busy("dr-amara", day(12, 10), day(12, 40)))
	})
}
