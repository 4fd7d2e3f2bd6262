package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // migrations speak database/sql

	"github.com/callwaiting-ai/callwaiting/migrations"
)

// prefix begins the names of all databases and roles of this package, so that
// sweep removes no others.
const prefix = "callwaiting_test_"

// A Server is a PostgreSQL server that databases can be made on. Safe for
// concurrent use.
type Server struct {
	url   *url.URL // as a superuser
	token string   // part of the names of all that this process creates
	count atomic.Int64

	mu       sync.Mutex
	migrated bool
	alive    *pgx.Conn // holds the lock that shows sweep that this process lives
}

// Connect returns the server at a postgres:// URL that logs in as a superuser.
// It removes databases and roles of killed processes.
func Connect(databaseURL string) (*Server, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("pgtest: TEST_DATABASE_URL is not of the form postgres://user:password@host:port/database")
	}
	s := newServer(u)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("pgtest: TEST_DATABASE_URL: %w", err)
	}
	defer conn.Close(ctx)
	var super bool
	err = conn.QueryRow(ctx, `select rolsuper from pg_roles where rolname = current_user`).Scan(&super)
	switch {
	case err != nil:
		return nil, fmt.Errorf("pgtest: TEST_DATABASE_URL: %w", err)
	case !super:
		return nil, errors.New("pgtest: TEST_DATABASE_URL must log in as a superuser: tests make databases and roles")
	}
	return s, sweep(ctx, conn)
}

func newServer(u *url.URL) *Server {
	b := make([]byte, 6)
	rand.Read(b)
	return &Server{url: u, token: hex.EncodeToString(b)}
}

// sweep drops the databases and roles of processes that no longer live.
func sweep(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
		select 'database', datname from pg_database where starts_with(datname, $1)
		union all
		select 'role', rolname from pg_roles where starts_with(rolname, $1)`, prefix)
	if err != nil {
		return err
	}
	left, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Kind, Name string }])
	if err != nil {
		return err
	}
	for _, l := range left {
		token, _, _ := strings.Cut(strings.TrimPrefix(l.Name, prefix), "_")
		var dead bool
		if err := conn.QueryRow(ctx, `select pg_try_advisory_lock(hashtext($1))`, token).Scan(&dead); err != nil {
			return err
		}
		if !dead {
			continue
		}
		if _, err := conn.Exec(ctx, fmt.Sprintf("drop %s if exists %s", l.Kind, quote(l.Name))); err != nil {
			return fmt.Errorf("pgtest: removing leftovers of a killed test: %w", err)
		}
	}
	return nil
}

// URL returns the server's URL as a superuser.
func (s *Server) URL() string { return s.url.String() }

// DB returns a database for this test alone; it is dropped when the test ends.
func (s *Server) DB(t testing.TB, opts ...Option) *Database {
	t.Helper()
	d, err := s.Create(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Drop(); err != nil {
			t.Logf("dropping the test's database: %v", err)
		}
	})
	return d
}

// Create creates a database.
func (s *Server) Create(opts ...Option) (*Database, error) {
	var o settings
	for _, opt := range opts {
		opt(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}

	d := s.named(fmt.Sprintf("%s%s_%d", prefix, s.token, s.count.Add(1)))
	template := prefix + s.token
	if o.own {
		template = "template1"
	}
	stmts := []string{fmt.Sprintf("create database %s template %s", quote(d.Name), quote(template))}
	for _, set := range o.set {
		stmts = append(stmts, fmt.Sprintf("alter database %s set %s = %s", quote(d.Name), quote(set.name), literal(set.value)))
	}
	if err := s.exec(ctx, stmts...); err != nil {
		return nil, err
	}
	if o.schema != nil {
		if err := migrate(ctx, d, o.schema); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// prepare creates, once, the template database and the role that tests log in
// as.
func (s *Server) prepare(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.migrated {
		return nil
	}
	var err error
	if s.alive, err = pgx.Connect(ctx, s.url.String()); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	if _, err := s.alive.Exec(ctx, `select pg_advisory_lock(hashtext($1))`, s.token); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	template := s.named(prefix + s.token)
	err = s.exec(ctx,
		fmt.Sprintf("create role %s login password %s", quote(s.role()), literal(s.token)),
		fmt.Sprintf("create database %s", quote(template.Name)))
	if err != nil {
		return err
	}
	if err := migrate(ctx, template, migrations.Up); err != nil {
		return err
	}
	s.migrated = true
	return nil
}

// migrate runs up on an empty database and grants its use to the login role.
func migrate(ctx context.Context, d *Database, up func(context.Context, *sql.DB) error) error {
	db, err := sql.Open("pgx", d.Admin)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := up(ctx, db); err != nil {
		return fmt.Errorf("pgtest: migrating: %w", err)
	}
	var made bool
	if err := db.QueryRowContext(ctx, `select exists (select from pg_roles where rolname = 'callwaiting_app')`).Scan(&made); err != nil || !made {
		return err
	}
	_, err = db.ExecContext(ctx, "grant callwaiting_app to "+quote(d.server.role()))
	return err
}

// exec runs statements one by one: create database refuses a transaction.
func (s *Server) exec(ctx context.Context, stmts ...string) error {
	return execute(ctx, s.url.String(), stmts...)
}

func execute(ctx context.Context, databaseURL string, stmts ...string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	defer conn.Close(ctx)
	for _, stmt := range stmts {
		if _, err := conn.Exec(ctx, stmt); err != nil {
			return fmt.Errorf("pgtest: %w", err)
		}
	}
	return nil
}

// role is the unprivileged role that tests log in as; its password is the token.
func (s *Server) role() string { return prefix + s.token }

// named returns the database of that name, which need not exist.
func (s *Server) named(name string) *Database {
	admin, app := *s.url, *s.url
	admin.Path, app.Path = "/"+name, "/"+name
	app.User = url.UserPassword(s.role(), s.token)
	return &Database{Name: name, Admin: admin.String(), App: app.String(), server: s}
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
