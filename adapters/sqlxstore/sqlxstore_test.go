package sqlxstore_test

import (
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/adapters/sqlxstore"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
)

func connect(t *testing.T, databaseURL string) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("pgx", databaseURL)
	require.NoError(t, err)
	db.SetMaxOpenConns(16)
	t.Cleanup(func() { db.Close() })
	return db
}

// harness returns a store whose appointments are booked in the same database.
func harness(t *testing.T, databaseURL string) followuptest.StoreHarness {
	t.Helper()
	f, err := sqlxstore.New(t.Context(), connect(t, databaseURL), sqlxstore.Config{})
	require.NoError(t, err)
	pool, err := pgxstore.Open(t.Context(), databaseURL)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	booking, err := pgxstore.New(t.Context(), pool, pgxstore.Config{})
	require.NoError(t, err)
	return followuptest.StoreHarness{Store: f, Queue: f, Links: f, Booking: booking, Unmatched: f.Unmatched}
}

func TestFollowUpStore(t *testing.T) {
	h := harness(t, pgtest.DB(t).App)
	h.Rounds = 100 // the same locks are raced longer in pgxstore
	followuptest.RunStore(t, h)
}

func TestFollowUpStore_PgBouncer(t *testing.T) {
	through := pgtest.DB(t).PgBouncer(t, 8) + "&default_query_exec_mode=cache_describe"
	h := harness(t, through)
	h.Rounds = 100
	require.Empty(t, followuptest.FailingStore(h))
}

func TestNew_Refusals(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	_, err := sqlxstore.New(t.Context(), connect(t, d.Admin), sqlxstore.Config{})
	require.ErrorContains(t, err, "superuser")
	require.ErrorContains(t, err, "grant callwaiting_app")

	d.Exec(t, `alter table callwaiting.intent no force row level security`)
	_, err = sqlxstore.New(t.Context(), connect(t, d.App), sqlxstore.Config{})
	require.ErrorContains(t, err, "callwaiting.intent")

	d.Exec(t, `create or replace function callwaiting.schema_version() returns int language sql return 1;
		alter table callwaiting.intent force row level security`)
	_, err = sqlxstore.New(t.Context(), connect(t, d.App), sqlxstore.Config{})
	require.ErrorContains(t, err, "is at version 1")
	require.ErrorContains(t, err, "migrations.Up")

	empty := pgtest.DB(t, pgtest.Schema(nil))
	_, err = sqlxstore.New(t.Context(), connect(t, empty.App), sqlxstore.Config{})
	require.ErrorContains(t, err, "no schema callwaiting")

	_, err = sqlxstore.New(t.Context(), connect(t, "postgres://clinic_app@127.0.0.1:1/clinic"), sqlxstore.Config{})
	require.ErrorIs(t, err, followup.ErrUnavailable)
}

func TestNew_Config(t *testing.T) {
	t.Parallel()
	_, err := sqlxstore.New(t.Context(), nil, sqlxstore.Config{})
	require.ErrorContains(t, err, "db is nil: make one with sqlx.Open")
	db := connect(t, "postgres://clinic_app@127.0.0.1:1/clinic")
	_, err = sqlxstore.New(t.Context(), db, sqlxstore.Config{LockTimeout: -1})
	require.ErrorContains(t, err, "Config.LockTimeout")
	_, err = sqlxstore.New(t.Context(), db, sqlxstore.Config{LockTimeout: 2e9, StatementTimeout: 1e9})
	require.ErrorContains(t, err, "Config.StatementTimeout")
}
