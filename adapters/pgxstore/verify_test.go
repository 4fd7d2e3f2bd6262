package pgxstore_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
)

// login creates a role for one test and returns the database's URL as that role.
func login(t *testing.T, d *pgtest.Database, attributes string, memberOf ...string) string {
	t.Helper()
	u, err := url.Parse(d.App)
	require.NoError(t, err)
	name := d.Name + "_login"
	d.Exec(t, fmt.Sprintf(`create role %q login password 'login' %s`, name, attributes))
	t.Cleanup(func() { d.Exec(t, fmt.Sprintf(`drop owned by %q; drop role %q`, name, name)) })
	for _, role := range memberOf {
		d.Exec(t, fmt.Sprintf(`grant %s to %q`, role, name))
	}
	u.User = url.UserPassword(name, "login")
	return u.String()
}

func TestNew_Refusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		url  func(t *testing.T, d *pgtest.Database) string
		pool func(*pgxpool.Config)
		want []string // in the error: the problem and the fix
	}{
		{
			name: "a superuser",
			url:  func(t *testing.T, d *pgtest.Database) string { return d.Admin },
			want: []string{"superuser", `grant callwaiting_app`},
		}, {
			name: "a role that bypasses row-level security",
			url:  func(t *testing.T, d *pgtest.Database) string { return login(t, d, "bypassrls", "callwaiting_app") },
			want: []string{"bypassrls", `grant callwaiting_app`},
		}, {
			name: "a member of the owner",
			url: func(t *testing.T, d *pgtest.Database) string {
				return login(t, d, "", "callwaiting_app", "callwaiting_owner")
			},
			want: []string{"owns table", `grant callwaiting_app`},
		}, {
			name: "a role without the grant",
			url:  func(t *testing.T, d *pgtest.Database) string { return login(t, d, "") },
			want: []string{"no access", "grant callwaiting_app"},
		}, {
			name: "a schema that is older than the program",
			url: func(t *testing.T, d *pgtest.Database) string {
				d.Exec(t, fmt.Sprintf(`create or replace function callwaiting.schema_version() returns int language sql return %d`, len(files(t))-1))
				return d.App
			},
			want: []string{"is at version", "migrations.Up"},
		}, {
			name: "a table that does not force row-level security",
			url: func(t *testing.T, d *pgtest.Database) string {
				d.Exec(t, `alter table callwaiting.contact no force row level security`)
				return d.App
			},
			want: []string{"callwaiting.contact", "force row level security"},
		}, {
			name: "a table with ids that the role can read without a policy",
			url: func(t *testing.T, d *pgtest.Database) string {
				d.Exec(t, `grant select on callwaiting.org_route to callwaiting_app`)
				return d.App
			},
			want: []string{"callwaiting.org_route"},
		}, {
			name: "a second, permissive policy",
			url: func(t *testing.T, d *pgtest.Database) string {
				d.Exec(t, `create policy support on callwaiting.contact using (true)`)
				return d.App
			},
			want: []string{"support on contact", "drop it"},
		}, {
			name: "a pool that pings before use",
			url:  func(t *testing.T, d *pgtest.Database) string { return d.App },
			pool: func(c *pgxpool.Config) { c.ShouldPing = nil },
			want: []string{"pings", "pgxstore.Open"},
		}, {
			name: "the simple protocol, with arguments in the statement text",
			url:  func(t *testing.T, d *pgtest.Database) string { return d.App },
			pool: func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol },
			want: []string{"simple protocol", "default_query_exec_mode"},
		}, {
			name: "describe exec, with two round trips for each statement",
			url:  func(t *testing.T, d *pgtest.Database) string { return d.App },
			pool: func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec },
			want: []string{"describe exec", "default_query_exec_mode"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := pgtest.DB(t)
			change := func(*pgxpool.Config) {}
			if tt.pool != nil {
				change = tt.pool
			}
			pool := pool(t, tt.url(t, d), 1, change)
			t.Cleanup(pool.Close) // before its role is dropped
			_, err := pgxstore.New(t.Context(), pool, pgxstore.Config{})
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	t.Run("a database without the schema", func(t *testing.T) {
		d := pgtest.DB(t, pgtest.Schema(nil))
		_, err := pgxstore.New(t.Context(), pool(t, d.App, 1), pgxstore.Config{})
		require.ErrorContains(t, err, "no schema callwaiting")
		require.ErrorContains(t, err, "migrations.Up")
	})
	t.Run("an unreachable server", func(t *testing.T) {
		_, err := pgxstore.New(t.Context(), pool(t, "postgres://clinic_app@127.0.0.1:1/clinic", 1), pgxstore.Config{})
		require.ErrorIs(t, err, booking.ErrUnavailable)
	})
}

func TestNew_Config(t *testing.T) {
	t.Parallel()
	_, err := pgxstore.New(t.Context(), nil, pgxstore.Config{})
	require.ErrorContains(t, err, "pool is nil: make one with pgxstore.Open")
	pool := pool(t, "postgres://clinic_app@127.0.0.1:1/clinic", 1)
	for field, cfg := range map[string]pgxstore.Config{
		"Config.LockTimeout":      {LockTimeout: -time.Second},
		"Config.StatementTimeout": {LockTimeout: 2 * time.Second, StatementTimeout: time.Second},
		"Config.DirectoryTTL":     {DirectoryTTL: 2 * time.Hour},
	} {
		_, err := pgxstore.New(t.Context(), pool, cfg)
		require.ErrorContains(t, err, field)
	}
}
