package pgtest_test

import (
	"bufio"
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
)

func show(t *testing.T, pool *pgxpool.Pool, query string, args ...any) (value string) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), query, args...).Scan(&value))
	return value
}

// notes is a schema of one table that every role may write.
func notes(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `create table note (id int primary key); grant all on note to public`)
	return err
}

func TestDB(t *testing.T) {
	t.Parallel()
	t.Run("a service's role has no privileges", func(t *testing.T) {
		require.Equal(t, "false false false false", show(t, pgtest.Pool(t), `
			select concat_ws(' ', rolsuper::text, rolbypassrls::text, rolcreatedb::text, rolcreaterole::text)
			from pg_roles where rolname = current_user`))
	})
	t.Run("an acknowledged commit is on disk", func(t *testing.T) {
		require.Equal(t, "on on on", show(t, pgtest.Pool(t), `
			select concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'))`))
	})
	t.Run("each test has a database of its own", func(t *testing.T) {
		a, b := pgtest.DB(t, pgtest.Schema(notes)), pgtest.DB(t, pgtest.Schema(notes))
		_, err := a.Pool(t).Exec(t.Context(), `insert into note values (1)`)
		require.NoError(t, err)
		require.Equal(t, "1", show(t, a.Pool(t), `select count(*)::text from note`))
		require.Equal(t, "0", show(t, b.Pool(t), `select count(*)::text from note`))
	})
	t.Run("a setting is the database's default", func(t *testing.T) {
		pool := pgtest.Pool(t, pgtest.Set("default_transaction_isolation", "repeatable read"))
		require.Equal(t, "repeatable read", show(t, pool, `show transaction_isolation`))
	})
	t.Run("a database is dropped after its test", func(t *testing.T) {
		var name string
		t.Run("test", func(t *testing.T) { name = pgtest.DB(t).Name })
		require.Equal(t, "0", show(t, pgtest.Pool(t), `select count(*)::text from pg_database where datname = $1`, name))
	})
}

func TestCluster(t *testing.T) {
	t.Parallel()
	t.Run("a killed server comes back with what it had acknowledged", func(t *testing.T) {
		c := pgtest.NewCluster(t)
		d := c.DB(t, pgtest.Schema(notes))
		pool := d.Pool(t)
		_, err := pool.Exec(t.Context(), `insert into note values (1)`)
		require.NoError(t, err)
		before := show(t, pool, `select pg_postmaster_start_time()::text`)

		c.Kill()
		_, err = pool.Exec(t.Context(), `insert into note values (2)`)
		require.Error(t, err)
		require.NoError(t, c.Start())

		require.Equal(t, "1", show(t, pool, `select max(id)::text from note`))
		require.NotEqual(t, before, show(t, pool, `select pg_postmaster_start_time()::text`))
	})

	t.Run("a server does not outlive a killed test", func(t *testing.T) {
		c := exec.Command(os.Args[0], "-test.run=^TestCluster_Process$")
		c.Env = append(os.Environ(), "PGTEST_BE_KILLED=1")
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		folder, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		folder = strings.TrimSpace(folder)
		require.DirExists(t, folder)

		require.NoError(t, c.Process.Signal(syscall.SIGKILL))
		require.Error(t, c.Wait())
		require.Eventually(t, func() bool {
			_, err := os.Stat(folder)
			return os.IsNotExist(err)
		}, time.Minute, 10*time.Millisecond)
	})
}

// TestCluster_Process is the process that TestCluster kills.
func TestCluster_Process(t *testing.T) {
	if os.Getenv("PGTEST_BE_KILLED") == "" {
		t.Skip("run by TestCluster")
	}
	data := show(t, pgtest.NewCluster(t).DB(t).AdminPool(t), `show data_directory`)
	os.Stdout.WriteString(filepath.Dir(data) + "\n")
	select {}
}

func TestConnect(t *testing.T) {
	t.Parallel()
	c := pgtest.NewCluster(t)
	t.Run("Connect removes the databases and roles of killed tests only", func(t *testing.T) {
		living, err := pgtest.Connect(c.URL())
		require.NoError(t, err)
		alive := living.DB(t)
		pool := pgtest.NewPool(t, c.URL())
		for _, stmt := range []string{
			`create database callwaiting_test_dead_1`, `create role callwaiting_test_dead`,
			`create database clinic`, `create role clinic`,
		} {
			_, err := pool.Exec(t.Context(), stmt)
			require.NoError(t, err)
		}

		_, err = pgtest.Connect(c.URL())
		require.NoError(t, err)
		require.Equal(t, "clinic", show(t, pool, `
			select string_agg(datname, ' ') from pg_database where datname in ('callwaiting_test_dead_1', 'clinic')`))
		require.Equal(t, "clinic", show(t, pool, `
			select string_agg(rolname, ' ') from pg_roles where rolname in ('callwaiting_test_dead', 'clinic')`))
		require.Equal(t, alive.Name, show(t, alive.Pool(t), `select current_database()`))
	})
	t.Run("Connect refuses a role that is no superuser", func(t *testing.T) {
		_, err := pgtest.Connect(c.DB(t).App)
		require.ErrorContains(t, err, "superuser")
	})
	t.Run("Connect refuses text that is no URL", func(t *testing.T) {
		_, err := pgtest.Connect("host=127.0.0.1")
		require.ErrorContains(t, err, "postgres://")
	})
}

func TestProxy(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t, pgtest.Schema(notes))
	p := d.Proxy(t)
	connect := func(t *testing.T) *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), p.URL)
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close(context.Background()) })
		return conn
	}
	written := func(t *testing.T, id int) bool {
		return show(t, d.Pool(t), `select exists (select from note where id = $1)::text`, id) == "true"
	}
	always := func() bool { return true }

	t.Run("Trips counts round trips, not statements", func(t *testing.T) {
		conn := connect(t)
		ask := func() {
			_, err := conn.Exec(t.Context(), `select $1::int`, 1)
			require.NoError(t, err)
		}
		ask() // prepares
		before := p.Trips()
		ask()
		ask()
		require.EqualValues(t, 2, p.Trips()-before)

		batch := &pgx.Batch{}
		for range 5 {
			batch.Queue(`select $1::int`, 1)
		}
		before = p.Trips()
		require.NoError(t, conn.SendBatch(t.Context(), batch).Close())
		require.EqualValues(t, 1, p.Trips()-before)
	})
	t.Run("a dropped answer was a commit", func(t *testing.T) {
		conn := connect(t)
		p.DropResponses(always)
		_, err := conn.Exec(t.Context(), `insert into note values (1)`)
		p.DropResponses(nil)
		require.Error(t, err)
		require.True(t, written(t, 1))
	})
	t.Run("an answer within a transaction is not dropped, its commit is", func(t *testing.T) {
		conn := connect(t)
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		p.DropResponses(always)
		defer p.DropResponses(nil)
		_, err = tx.Exec(t.Context(), `insert into note values (2)`)
		require.NoError(t, err)
		require.Error(t, tx.Commit(t.Context()))
		require.True(t, written(t, 2))
	})
	t.Run("a lost request changed nothing", func(t *testing.T) {
		conn := connect(t)
		p.DropRequests(always)
		_, err := conn.Exec(t.Context(), `insert into note values (3)`)
		p.DropRequests(nil)
		require.Error(t, err)
		require.False(t, written(t, 3))
	})
	t.Run("a cut ends every connection and lets new ones in", func(t *testing.T) {
		conn := connect(t)
		p.CutAll()
		_, err := conn.Exec(t.Context(), `select 1`)
		require.Error(t, err)
		require.NoError(t, connect(t).Ping(t.Context()))
	})
	t.Run("a delay is added to every round trip", func(t *testing.T) {
		conn := connect(t)
		p.Delay(20 * time.Millisecond)
		defer p.Delay(0)
		start := time.Now()
		require.NoError(t, conn.Ping(t.Context()))
		require.GreaterOrEqual(t, time.Since(start), 20*time.Millisecond)
	})
}

func TestDatabase_PgBouncer(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	through := d.PgBouncer(t, 1)
	simple := func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec }
	a, b := pgtest.NewPool(t, through, simple), pgtest.NewPool(t, through, simple)
	require.Equal(t, show(t, a, `select pg_backend_pid()::text`), show(t, b, `select pg_backend_pid()::text`),
		"two clients share one connection to the server")
}
