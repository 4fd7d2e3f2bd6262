package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// A Database belongs to one test.
type Database struct {
	Name  string
	Admin string // URL as a superuser: for migrations and for reads past row-level security
	App   string // URL as an unprivileged member of callwaiting_app, as a service uses

	server *Server
}

// Pool returns a pool of connections as the unprivileged role, closed when the
// test ends. Each change is applied to its configuration first.
func (d *Database) Pool(t testing.TB, changes ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	return NewPool(t, d.App, changes...)
}

// AdminPool is Pool as a superuser, which row-level security does not bind.
func (d *Database) AdminPool(t testing.TB, changes ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	return NewPool(t, d.Admin, changes...)
}

// NewPool returns a pool of connections to a database URL, closed when the
// test ends.
func NewPool(t testing.TB, databaseURL string, changes ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Conns returns a change for [Database.Pool]: at most n connections.
func Conns(n int) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.MaxConns = int32(n) }
}

// Exec runs statements as a superuser.
func (d *Database) Exec(t testing.TB, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := execute(ctx, d.Admin, sql); err != nil {
		t.Fatal(err)
	}
}

// Drop drops the database and ends its connections.
func (d *Database) Drop() error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.server.exec(ctx, "drop database if exists "+quote(d.Name)+" with (force)")
}
