// Package pgtest gives tests a real PostgreSQL server, and what it takes to
// be unkind to it.
//
// [DB] hands each test a database of its own, migrated, in a fraction of a
// second. The server is the one that TEST_DATABASE_URL names, as a superuser;
// without it, one throw-away cluster per test binary, started from the newest
// installed PostgreSQL as an unprivileged user and gone when the binary ends,
// however it ends. Where there is neither, the test fails and says what to
// install; with -short it is skipped.
//
// A test that wants to crash the server owns one: [NewCluster]. A test that
// wants to count round trips, cut connections or add delay puts a [Proxy] in
// front; [Database.PgBouncer] puts a pooler there.
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

// settings is what the options of one database ask for.
type settings struct {
	set    []setting
	schema func(context.Context, *sql.DB) error
	own    bool // schema replaces the migrations
}

type setting struct{ name, value string }

// An Option changes the database a test gets.
type Option func(*settings)

// Set gives a server setting another default in this database, such as
// default_transaction_isolation.
func Set(name, value string) Option {
	return func(s *settings) { s.set = append(s.set, setting{name, value}) }
}

// Schema makes the database with migrate in place of this module's
// migrations; nil leaves it empty.
func Schema(migrate func(context.Context, *sql.DB) error) Option {
	return func(s *settings) { s.schema, s.own = migrate, true }
}

// shared is the server of this test binary. It is found or started once, by
// the first test that asks, and lives as long as the process.
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

// NewCluster starts a cluster for this test alone, which may kill it. It is
// always one of its own, whatever TEST_DATABASE_URL says.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	c, err := StartCluster()
	if err != nil {
		unavailable(t, err)
	}
	t.Cleanup(c.Close)
	return c
}

// unavailable ends a test that has no server.
func unavailable(t testing.TB, err error) {
	t.Helper()
	if testing.Short() && errors.Is(err, ErrNotInstalled) {
		t.Skipf("skipped by -short: %v", err)
	}
	t.Fatal(err)
}

// timeout bounds each step of setting up; a loaded machine is slow, not wrong.
const timeout = 2 * time.Minute
