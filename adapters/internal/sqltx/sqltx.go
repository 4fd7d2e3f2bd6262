// Package sqltx describes the transactions of the SQL stores: statements, the
// scope that row-level security sees, and when a transaction may run again.
// Package pgxstore runs them through pgx, package sqlxstore through
// database/sql.
package sqltx

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A Statement is one SQL statement with its arguments.
type Statement struct {
	SQL  string
	Args []any

	// Read reads the rows. It may run again if the transaction runs again, and
	// so must overwrite its results.
	//
	// Defaults to ignoring them.
	Read func(Rows) error
}

// Rows is the part of pgx.Rows and of *sql.Rows that statements need.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// A Scope selects the rows that a transaction may see or change.
type Scope struct {
	// Org is the clinic of the rows that the statements see. The zero ID is
	// [tenant.ErrNoOrg], unless Enter is set.
	Org tenant.ID

	// Enter is the statement that enters the scope, for a clinic that only the
	// server can resolve or for statements outside any clinic.
	//
	// Defaults to the scope of Org.
	Enter *Statement

	// Writes reports that the statements may change rows. If the answer to such
	// a transaction is lost, its outcome is unknown.
	Writes bool

	// Once reports that the transaction must not run again after other
	// transactions made the server roll it back.
	Once bool
}

// A Runner runs transactions on a server. Safe for concurrent use. Its errors
// wrap ErrUnavailable or ErrOutcomeUnknown of package booking, or
// ErrUnavailable of package followup, where these apply.
type Runner interface {
	// Run runs statements in the given scope, in one read committed
	// transaction, which has committed when Run returns nil. It runs the
	// transaction again where that is safe and may help.
	Run(ctx context.Context, scope Scope, statements ...Statement) error

	// Conn takes a connection from the pool.
	Conn(ctx context.Context) (Conn, error)

	// Wait returns when a task may have come due, after max at the latest, or
	// when ctx ends.
	Wait(ctx context.Context, max time.Duration) error
}

// A Conn is one connection of a pool, for transactions that outlive one call.
// They begin with [Begin] and end with [Commit]. Not safe for concurrent use.
type Conn interface {
	// Run runs statements in order, in one round trip if the driver can send
	// several. The error wraps an [Error].
	Run(ctx context.Context, statements ...Statement) error

	// Close rolls back an open transaction and returns the connection to the
	// pool.
	Close(ctx context.Context)
}

// Begin and Commit are a transaction's first and last statement. A transaction
// must be read committed: each statement then sees the rows that were committed
// while an earlier one waited for a lock.
var (
	Begin  = Statement{SQL: `begin isolation level read committed`}
	Commit = Statement{SQL: `commit`}
)

// Timeouts are the limits that a transaction sets on the server, in
// milliseconds as the server reads them.
type Timeouts struct {
	Lock      string // for one lock
	Statement string // for one statement, waiting included
}

// NewTimeouts returns the timeouts of a store's Config, by default 1 second
// for a lock and 3 seconds for a statement. The error names the field.
func NewTimeouts(lock, statement time.Duration) (Timeouts, error) {
	lock = cmp.Or(lock, time.Second)
	statement = cmp.Or(statement, 3*time.Second)
	switch {
	case lock < time.Millisecond:
		return Timeouts{}, fmt.Errorf("Config.LockTimeout is %v: use at least 1 millisecond", lock)
	case statement < lock:
		return Timeouts{}, fmt.Errorf("Config.StatementTimeout is %v: use at least the LockTimeout, %v", statement, lock)
	}
	return Timeouts{milliseconds(lock), milliseconds(statement)}, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Enter returns the statement that enters s. Its settings are local: they end
// with the transaction. synchronous_commit is raised to on, so that an
// acknowledged change survives a crash; remote_apply promises more and stays.
func (t Timeouts) Enter(s Scope) (Statement, error) {
	switch {
	case s.Enter != nil:
		return *s.Enter, nil
	case s.Org.IsZero():
		return Statement{}, tenant.ErrNoOrg
	case s.Writes:
		return Statement{
			SQL: `
				select set_config('app.org_id', $1::text, true),
					set_config('lock_timeout', $2::text, true),
					set_config('statement_timeout', $3::text, true),
					set_config('synchronous_commit', case current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply' else 'on' end, true)`,
			Args: []any{s.Org.String(), t.Lock, t.Statement},
		}, nil
	}
	return Statement{
		SQL: `
			select set_config('app.org_id', $1::text, true),
				set_config('statement_timeout', $2::text, true)`,
		Args: []any{s.Org.String(), t.Statement},
	}, nil
}

// EnterNone returns the statement that begins a transaction outside the scope
// of any clinic, where row-level security shows no rows.
func (t Timeouts) EnterNone() *Statement {
	return &Statement{SQL: `select set_config('statement_timeout', $1::text, true)`, Args: []any{t.Statement}}
}
