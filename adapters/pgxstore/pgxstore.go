// Package pgxstore keeps appointments, and the messages about them, in
// PostgreSQL, through pgx. [Store] is a booking.Store and a tenant.Directory;
// its [FollowUpStore] implements the ports of package followup on the same
// contacts.
//
// Every call is one round trip to the server: the clinic's scope, the statement
// and, for a change, the commit travel together. The scope ends with the
// transaction; no setting is ever made on a session. Every statement also names
// the clinic, so that row-level security is a second guard.
//
// Correctness lies in the database, in package migrations: an exclusion
// constraint lets no two owners overlap, whatever program writes. This package
// makes it fast and turns errors of the server into those of package booking.
//
//	pool, err := pgxstore.Open(ctx, os.Getenv("DATABASE_URL"))
//	store, err := pgxstore.New(ctx, pool, pgxstore.Config{})
//
// The role that logs in must be a member of callwaiting_app and of no other
// role; [New] refuses any other. Behind PgBouncer or another pooler in transaction
// mode, add default_query_exec_mode=cache_describe to the URL.
package pgxstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Config configures a [Store].
type Config struct {
	// LockTimeout is how long a change waits for a lock that another one
	// holds.
	//
	// Defaults to 1 second.
	LockTimeout time.Duration

	// StatementTimeout bounds one statement on the server, waiting included.
	//
	// Defaults to 3 seconds.
	StatementTimeout time.Duration

	// DirectoryTTL is how long the directory caches a clinic, and so how long
	// a new clinic, or a new secret, may take to be known everywhere.
	//
	// Defaults to 30 seconds; at most 1 hour.
	DirectoryTTL time.Duration
}

// Store keeps the appointments of any number of clinics. Safe for concurrent
// use. Make one with [New].
type Store struct {
	bookings  // each method in a transaction of its own
	db        *database
	deadline  time.Duration // of a round trip that several callers wait for
	batcher   batcher
	directory directory
}

var (
	_ booking.Store    = (*Store)(nil)
	_ tenant.Directory = (*Store)(nil)
)

// New returns a store on pool, which [Open] configures as it must be. It checks
// role, schema and pool and refuses unsafe ones: a superuser, an owner of the
// tables or a role that bypasses row-level security; a schema that is missing,
// old or unprotected; a query mode in which a pooler would mix up the statements
// of its clients; a pool that pings before use. The error names the problem and
// the fix.
func New(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*Store, error) {
	cfg.StatementTimeout = cmp.Or(cfg.StatementTimeout, 3*time.Second)
	cfg.DirectoryTTL = cmp.Or(cfg.DirectoryTTL, 30*time.Second)
	if pool == nil {
		return nil, errors.New("pgxstore: pool is nil: make one with pgxstore.Open")
	}
	timeouts, err := sqltx.NewTimeouts(cfg.LockTimeout, cfg.StatementTimeout)
	if err != nil {
		return nil, fmt.Errorf("pgxstore: %w", err)
	}
	if cfg.DirectoryTTL < 0 || cfg.DirectoryTTL > time.Hour {
		return nil, fmt.Errorf("pgxstore: Config.DirectoryTTL is %v: use up to 1 hour", cfg.DirectoryTTL)
	}
	isolation, err := verify(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("pgxstore: %w", err)
	}
	db := &database{pool: pool, timeouts: timeouts}
	db.explicit.Store(isolation != readCommitted)
	return &Store{
		bookings:  bookings{db, &zones{}},
		db:        db,
		deadline:  3 * cfg.StatementTimeout,
		batcher:   batcher{byOrg: map[tenant.ID]*claimQueue{}},
		directory: newDirectory(cfg.DirectoryTTL),
	}, nil
}
