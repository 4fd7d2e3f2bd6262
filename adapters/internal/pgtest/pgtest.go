// Package pgtest provides tests with a real PostgreSQL server, and with the
// means to make it fail.
//
// [DB] returns a migrated database for one test in a fraction of a second. The
// server is that of TEST_DATABASE_URL, which must name a superuser. Without it,
// each test binary starts a throw-away cluster of the newest installed
// PostgreSQL as an unprivileged user; the cluster ends with the binary, even if
// that is killed. If PostgreSQL is not installed the test fails with the fix;
// with -short it is skipped.
//
// [NewCluster] starts a server that the test may crash. A [Proxy] counts round
// trips, cuts connections and adds delay; [Database.PgBouncer] adds a pooler.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// settings are the options of one database.
type settings struct {
	set    []setting
	schema func(context.Context, *sql.DB) error
	own    bool // schema replaces the migrations
}

type setting struct{ name, value string }

// An Option changes the database of a test.
type Option func(*settings)

// Set changes the database's default of a server setting, such as
// default_transaction_isolation.
func Set(name, value string) Option {
	return func(s *settings) { s.set = append(s.set, setting{name, value}) }
}

// Schema runs migrate instead of this module's migrations; nil leaves the
// database empty.
func Schema(migrate func(context.Context, *sql.DB) error) Option {
	return func(s *settings) { s.schema, s.own = migrate, true }
}

// shared is the server of this test binary. The first test that needs it
// connects or starts it; it lives as long as the process.
var shared = sync.OnceValues(func() (*Server, error) {
	if url := os.Getenv("TEST_DATABASE_URL"); url != "" {
		return Connect(url)
	}
	c, err := StartCluster()
	if err != nil {
		return nil, err
	}
	return c.Server, nil
})

// DB returns a database for this test alone; it is dropped when the test ends.
func DB(t testing.TB, opts ...Option) *Database {
	t.Helper()
	s, err := shared()
	if err != nil {
		unavailable(t, err)
	}
	return s.DB(t, opts...)
}

// Pool returns a pool of connections to a database for this test alone, as
// the unprivileged role that a service uses.
func Pool(t testing.TB, opts ...Option) *pgxpool.Pool {
	t.Helper()
	return DB(t, opts...).Pool(t)
}

// NewCluster starts a cluster for this test alone, which may kill it. It does
// so even if TEST_DATABASE_URL is set.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	c, err := StartCluster()
	if err != nil {
		unavailable(t, err)
	}
	t.Cleanup(c.Close)
	return c
}

// unavailable fails or skips a test without a server.
func unavailable(t testing.TB, err error) {
	t.Helper()
	if testing.Short() && errors.Is(err, ErrNotInstalled) {
		t.Skipf("skipped by -short: %v", err)
	}
	t.Fatal(err)
}

// timeout bounds each step of the setup; it is long because machines are loaded.
const timeout = 2 * time.Minute
