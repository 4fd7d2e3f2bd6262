// Package sqlxstore keeps calls, messages and links in PostgreSQL for programs
// that have a database through sqlx. [FollowUpStore] implements the ports of
// package followup. Appointments are booked with package pgxstore, in the same
// database.
//
//	db, err := sqlx.Open("pgx", os.Getenv("DATABASE_URL"))
//	store, err := sqlxstore.New(ctx, db, sqlxstore.Config{})
//
// The driver is the program's own: import github.com/jackc/pgx/v5/stdlib for
// the one above. The role that logs in must be a member of callwaiting_app and
// of no other role; [New] refuses any other. Behind PgBouncer or another pooler in
// transaction mode, add default_query_exec_mode=cache_describe to the URL.
//
// The statements are those of package pgxstore, in more round trips: the
// clinic's scope, the statement and the commit travel one by one. The scope
// ends with the transaction; no setting is ever made on a session.
package sqlxstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgrole"
	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
)

// Config configures a [FollowUpStore].
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
}

// FollowUpStore is a [followup.Store], a [followup.Queue] and a
// [followup.LinkStore] for any number of clinics. Wait polls: database/sql
// passes no notifications on. Safe for concurrent use. Make one with [New].
type FollowUpStore struct{ *followupsql.Store }

var (
	_ followup.Store     = FollowUpStore{}
	_ followup.Queue     = FollowUpStore{}
	_ followup.LinkStore = FollowUpStore{}
)

// New returns a store on db. It checks role and schema and refuses unsafe ones:
// a superuser, an owner of the tables or a role that bypasses row-level
// security; a schema that is missing, old or unprotected. The error names the
// problem and the fix.
func New(ctx context.Context, db *sqlx.DB, cfg Config) (*FollowUpStore, error) {
	if db == nil {
		return nil, errors.New("sqlxstore: db is nil: make one with sqlx.Open")
	}
	timeouts, err := sqltx.NewTimeouts(cfg.LockTimeout, cfg.StatementTimeout)
	if err != nil {
		return nil, fmt.Errorf("sqlxstore: %w", err)
	}
	if err := verify(ctx, db); err != nil {
		return nil, fmt.Errorf("sqlxstore: %w", err)
	}
	return &FollowUpStore{followupsql.New(&database{db, timeouts}, timeouts)}, nil
}

func verify(ctx context.Context, db *sqlx.DB) error {
	var report pgrole.Report
	if err := db.QueryRowxContext(ctx, pgrole.Query).Scan(report.Fields()...); err != nil {
		return unreachable(ctx, err)
	}
	if err := report.Check(); err != nil {
		return err
	}
	var version int
	err := db.QueryRowxContext(ctx, pgrole.VersionQuery).Scan(&version)
	if state := sqlState(nil); errors.As(err, &state) { // the function is missing or not granted
		version, err = 0, nil
	}
	if err != nil {
		return unreachable(ctx, err)
	}
	return pgrole.CheckVersion(version)
}
