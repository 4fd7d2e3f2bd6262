// Package pgxstore keeps appointments, and the messages about them, in
// PostgreSQL, through pgx. [Store] is a booking.Store and a tenant.Directory;
// its [FollowUpStore] are a followup.Store, Queue and LinkStore on the same contacts.
//
// Every call is one round trip to the server: the clinic's scope, the question
// and, for a change, the commit travel together. The scope ends with the
// transaction; nothing is ever set on a session. Row-level security is the
// second wall: every statement also names the clinic.
//
// What makes it right is in the database, in package migrations: an exclusion
// constraint lets no two owners overlap, whoever writes. What is here makes it
// fast and turns trouble into the errors of package booking.
//
//	pool, err := pgxstore.Open(ctx, os.Getenv("DATABASE_URL"))
//	store, err := pgxstore.New(ctx, pool, pgxstore.Config{})
//
// The role that logs in is a member of callwaiting_app and nothing more; [New]
// refuses any other. Behind PgBouncer or another pooler in transaction mode,
// add default_query_exec_mode=cache_describe to the URL.
package pgxstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Config configures a [Store].
type Config struct {
	// LockTimeout is how long a change waits for another one in its way.
	//
	// Defaults to 1 second.
	LockTimeout time.Duration

	// StatementTimeout bounds one statement on the server, waiting included.
	//
	// Defaults to 3 seconds.
	StatementTimeout time.Duration

	// DirectoryTTL is how long an answer of the directory is kept, and so how
	// long a new clinic, or a new secret, may take to be known everywhere.
	//
	// Defaults to 30 seconds; at most 1 hour.
	DirectoryTTL time.Duration
}

// Store keeps the appointments of any number of clinics. Safe for concurrent
// use. Make one with [New].
type Store struct {
	pool             *pgxpool.Pool
	lockTimeout      string // in milliseconds, as the server reads it
	statementTimeout string
	patience         time.Duration // with a group of claims

	// explicit is set where transactions are not read committed by default:
	// each then says so itself, in the same round trip.
	explicit atomic.Bool

	zones     zones
	lanes     lanes
	directory directory
}

var (
	_ booking.Store    = (*Store)(nil)
	_ tenant.Directory = (*Store)(nil)
)

// New returns a store on pool, which [Open] makes as it should be. It asks the
// server who it is and refuses what would not be safe: a superuser, an owner of
// the tables or a role that bypasses row-level security; a schema that is
// missing, old or unprotected; a query mode that a pooler would turn into
// answers for another clinic; a pool that pings before use. The error says
// what is wrong and what to do.
func New(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*Store, error) {
	cfg.LockTimeout = cmp.Or(cfg.LockTimeout, time.Second)
	cfg.StatementTimeout = cmp.Or(cfg.StatementTimeout, 3*time.Second)
	cfg.DirectoryTTL = cmp.Or(cfg.DirectoryTTL, 30*time.Second)
	switch {
	case pool == nil:
		return nil, errors.New("pgxstore: pool is nil: make one with pgxstore.Open")
	case cfg.LockTimeout < time.Millisecond:
		return nil, fmt.Errorf("pgxstore: Config.LockTimeout is %v: use at least 1 millisecond", cfg.LockTimeout)
	case cfg.StatementTimeout < cfg.LockTimeout:
		return nil, fmt.Errorf("pgxstore: Config.StatementTimeout is %v: use at least the LockTimeout, %v", cfg.StatementTimeout, cfg.LockTimeout)
	case cfg.DirectoryTTL < 0 || cfg.DirectoryTTL > time.Hour:
		return nil, fmt.Errorf("pgxstore: Config.DirectoryTTL is %v: use up to 1 hour", cfg.DirectoryTTL)
	}
	isolation, err := verify(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("pgxstore: %w", err)
	}
	s := &Store{
		pool:             pool,
		lockTimeout:      milliseconds(cfg.LockTimeout),
		statementTimeout: milliseconds(cfg.StatementTimeout),
		patience:         3 * cfg.StatementTimeout,
		lanes:            lanes{byOrg: map[tenant.ID]*lane{}},
		directory:        newDirectory(cfg.DirectoryTTL),
	}
	s.explicit.Store(isolation != readCommitted)
	return s, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Move implements [booking.Store].
func (s *Store) Move(ctx context.Context, org tenant.ID, m booking.Move) (booking.Outcome, error) {
	return s.moveIn(ctx, s, org, m)
}

// Confirm implements [booking.Store].
func (s *Store) Confirm(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return s.changeIn(ctx, s, confirmSQL, org, id, actor)
}

// Cancel implements [booking.Store].
func (s *Store) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return s.changeIn(ctx, s, cancelSQL, org, id, actor)
}

// Look implements [booking.Store].
func (s *Store) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	return lookIn(ctx, s, org, q)
}

// Find implements [booking.Store].
func (s *Store) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	return s.findIn(ctx, s, org, f)
}

// Events implements [booking.Store].
func (s *Store) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	return eventsIn(ctx, s, org, id)
}
