package pgxstore

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
)

type (
	statement = sqltx.Statement
	scope     = sqltx.Scope
)

// A session runs statements in one scope and in one round trip: either all take
// effect or none does. A [database] runs them in a transaction of its own, a
// [callerTx] in its caller's.
type session interface {
	Run(ctx context.Context, in scope, statements ...statement) error
}

// database runs transactions on a pool of connections.
type database struct {
	pool     *pgxpool.Pool
	timeouts sqltx.Timeouts

	// explicit is set where transactions are not read committed by default:
	// each then begins explicitly, in the same round trip.
	explicit atomic.Bool
}

// Run implements [sqltx.Runner] in one round trip, which is the implicit
// transaction of a pipeline, or an explicit one where the default isolation
// would not do. A round trip is repeated only if the server rolled the
// transaction back, never received it, or if it only reads.
func (d *database) Run(ctx context.Context, in scope, statements ...statement) error {
	enter, err := d.timeouts.Enter(in)
	if err != nil {
		return fmt.Errorf("pgxstore: %w", err)
	}
	statements = slices.Concat([]statement{enter}, statements)
	attempts := sqltx.Attempts{Once: in.Once}
	for {
		conn, err := d.pool.Acquire(ctx)
		if err != nil {
			return unreachable(ctx, err)
		}
		if d.explicit.Load() {
			err = send(ctx, conn, slices.Concat([]statement{sqltx.Begin}, statements, []statement{sqltx.Commit}))
			if pc := conn.Conn().PgConn(); err != nil && !pc.IsClosed() {
				pc.Exec(ctx, "rollback").Close() // if this fails the pool closes the connection
			}
		} else {
			err = send(ctx, conn, statements)
		}
		conn.Release()
		if err == nil {
			return nil
		}
		failed := classifyError(ctx, err, in.Writes)
		if !attempts.Again(ctx, failed) {
			return failed.Err
		}
		if failed.Action == sqltx.BeginExplicit {
			d.explicit.Store(true)
		}
	}
}

// send sends statements in one pipeline and reads their rows. An implicit
// transaction has committed only when send returns nil.
func send(ctx context.Context, on interface {
	SendBatch(context.Context, *pgx.Batch) pgx.BatchResults
}, statements []statement) error {
	b := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(statements))}
	for _, s := range statements {
		b.Queue(s.SQL, s.Args...)
	}
	results := on.SendBatch(ctx, b)
	for _, s := range statements {
		if err := readRows(results, s.Read); err != nil {
			results.Close()
			return err
		}
	}
	return results.Close()
}

func readRows(results pgx.BatchResults, read func(sqltx.Rows) error) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	if read != nil {
		if err := read(rows); err != nil {
			return err
		}
	}
	rows.Close()
	return rows.Err()
}
