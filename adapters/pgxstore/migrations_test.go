package pgxstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/migrations"
)

func db(t *testing.T, databaseURL string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", databaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func version(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(`select callwaiting.schema_version()`).Scan(&n))
	return n
}

func files(t *testing.T) []fs.DirEntry {
	t.Helper()
	files, err := fs.ReadDir(migrations.Postgres, "postgres")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func TestUp(t *testing.T) {
	t.Run("several processes may migrate at once, and again", func(t *testing.T) {
		db := db(t, pgtest.DB(t, pgtest.Schema(nil)).Admin)
		var processes sync.WaitGroup
		for range 4 {
			processes.Go(func() {
				if err := migrations.Up(context.Background(), db); err != nil {
					t.Error(err)
				}
			})
		}
		processes.Wait()
		require.Equal(t, len(files(t)), version(t, db))
		require.NoError(t, migrations.Up(t.Context(), db))
		require.Equal(t, len(files(t)), version(t, db))
	})
	t.Run("a role that is not a superuser may migrate", upAsMigrator)
}

func upAsMigrator(t *testing.T) {
	d := pgtest.DB(t, pgtest.Schema(nil))
	role := d.Name + "_migrator"
	d.Exec(t, fmt.Sprintf(`
		create role %[1]q login password 'migrator' createrole;
		grant create on database %[2]q to %[1]q;
		do $$begin
			-- Roles outlive databases: another database may have created them.
			if exists (select from pg_roles where rolname = 'callwaiting_owner') then
				grant callwaiting_owner to %[1]q;
			end if;
		end$$`, role, d.Name))
	t.Cleanup(func() {
		d.Exec(t, fmt.Sprintf(`drop schema if exists callwaiting, callwaiting_ext cascade; drop owned by %[1]q; drop role %[1]q`, role))
	})
	u, err := url.Parse(d.Admin)
	require.NoError(t, err)
	u.User = url.UserPassword(role, "migrator")
	require.NoError(t, migrations.Up(t.Context(), db(t, u.String())))
	require.Equal(t, len(files(t)), version(t, db(t, d.Admin)))
}
