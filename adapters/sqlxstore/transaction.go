package sqlxstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
)

// database is the [sqltx.Runner] of a FollowUpStore.
type database struct {
	db       *sqlx.DB
	timeouts sqltx.Timeouts
}

// Run implements [sqltx.Runner].
func (d *database) Run(ctx context.Context, scope sqltx.Scope, statements ...sqltx.Statement) error {
	enter, err := d.timeouts.Enter(scope)
	if err != nil {
		return fmt.Errorf("sqlxstore: %w", err)
	}
	attempts := sqltx.Attempts{Once: scope.Once}
	for {
		err := d.try(ctx, enter, statements)
		if err == nil {
			return nil
		}
		failed := classifyError(ctx, err)
		if !attempts.Again(ctx, failed) {
			return failed.Err
		}
	}
}

func (d *database) try(ctx context.Context, enter sqltx.Statement, statements []sqltx.Statement) error {
	tx, err := d.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := run(ctx, tx, enter); err != nil {
		return err
	}
	for _, s := range statements {
		if err := run(ctx, tx, s); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func run(ctx context.Context, on interface {
	sqlx.ExecerContext
	sqlx.QueryerContext
}, s sqltx.Statement) error {
	if s.Read == nil {
		_, err := on.ExecContext(ctx, s.SQL, s.Args...)
		return err
	}
	rows, err := on.QueryContext(ctx, s.SQL, s.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := s.Read(rows); err != nil {
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	return rows.Err()
}

// Conn implements [sqltx.Runner].
func (d *database) Conn(ctx context.Context) (sqltx.Conn, error) {
	c, err := d.db.Connx(ctx)
	if err != nil {
		return nil, classifyError(ctx, err).Err
	}
	return &conn{conn: c}, nil
}

// Wait implements [sqltx.Runner] by the clock alone.
func (d *database) Wait(ctx context.Context, max time.Duration) error {
	timer := time.NewTimer(max)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// conn is the [sqltx.Conn] of BeginSending. Its transactions begin and end by
// statements, because the end of a context rolls a sql.Tx back: the locks must
// outlive the call that took them.
type conn struct {
	conn *sqlx.Conn
	open bool // a transaction is open, or may be
}

// Run implements [sqltx.Conn].
func (c *conn) Run(ctx context.Context, statements ...sqltx.Statement) error {
	for _, s := range statements {
		if s.SQL == sqltx.Begin.SQL {
			c.open = true
		}
		if err := run(ctx, c.conn, s); err != nil {
			return classifyError(ctx, err)
		}
		if s.SQL == sqltx.Commit.SQL {
			c.open = false
		}
	}
	return nil
}

// rollbackTimeout bounds a rollback.
const rollbackTimeout = time.Second

// Close implements [sqltx.Conn]. If the rollback fails the connection is not
// reused.
func (c *conn) Close(ctx context.Context) {
	if c.open {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		if _, err := c.conn.ExecContext(ctx, `rollback`); err != nil {
			c.conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}
	c.conn.Close()
}
