package pgxstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// An ask is one statement of a round trip, and who reads its rows.
type ask struct {
	sql  string
	args []any
	read func(pgx.Rows) error
}

// A session sends statements within one clinic's scope: a [Store] in a
// transaction of its own, a [Tx] in its caller's.
type session interface {
	// inOrg sends all asks in one round trip. Either all take effect or none.
	// Rows may be read again if the round trip is made again.
	inOrg(ctx context.Context, org tenant.ID, changes bool, asks ...ask) error
}

// How a round trip begins. Settings are local: they end with the transaction.
// A stronger promise of durability than a synchronous commit is left alone.
const (
	scopeChange = `
		select set_config('app.org_id', $1::text, true),
			set_config('lock_timeout', $2::text, true),
			set_config('statement_timeout', $3::text, true),
			set_config('synchronous_commit', case current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply' else 'on' end, true)`
	scopeRead = `
		select set_config('app.org_id', $1::text, true),
			set_config('statement_timeout', $2::text, true)`
	begin = `begin isolation level read committed`
)

// tries is how often a round trip is made that others keep rolling back.
const tries = 3

// inOrg implements session.
func (s *Store) inOrg(ctx context.Context, org tenant.ID, changes bool, asks ...ask) error {
	return s.inOrgTries(ctx, org, changes, tries, asks)
}

func (s *Store) inOrgTries(ctx context.Context, org tenant.ID, changes bool, tries int, asks []ask) error {
	if org.IsZero() {
		return fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	scope := ask{scopeRead, []any{org.String(), s.statementTimeout}, skip}
	if changes {
		scope = ask{scopeChange, []any{org.String(), s.lockTimeout, s.statementTimeout}, skip}
	}
	return s.run(ctx, changes, tries, append([]ask{scope}, asks...))
}

// run makes a round trip, and again where that is safe and may help.
func (s *Store) run(ctx context.Context, changes bool, tries int, asks []ask) error {
	resent, saidBegin := false, false
	for try := 1; ; try++ {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return unreachable(ctx, err)
		}
		err = s.send(ctx, conn, asks)
		conn.Release()
		if err == nil {
			return nil
		}
		cure, err := trouble(ctx, err, changes)
		switch {
		case cure == again && try < tries && ctx.Err() == nil:
		case cure == resend && !resent:
			resent = true
		case cure == explicit && !saidBegin:
			saidBegin = true
			s.explicit.Store(true)
		default:
			return err
		}
	}
}

// send makes one round trip, one transaction: the implicit one of a pipeline,
// or an explicit one where the default isolation would not do.
func (s *Store) send(ctx context.Context, conn *pgxpool.Conn, asks []ask) error {
	explicit := s.explicit.Load()
	if explicit {
		asks = append(append([]ask{{begin, nil, skip}}, asks...), ask{"commit", nil, skip})
	}
	err := pipeline(ctx, conn, asks)
	if pc := conn.Conn().PgConn(); err != nil && explicit && !pc.IsClosed() {
		pc.Exec(ctx, "rollback").Close() // or else the pool closes the connection
	}
	return err
}

// pipeline sends asks together and reads the answers. Only when it returns nil
// has an implicit transaction committed.
func pipeline(ctx context.Context, conn interface {
	SendBatch(context.Context, *pgx.Batch) pgx.BatchResults
}, asks []ask) error {
	b := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(asks))}
	for _, a := range asks {
		b.Queue(a.sql, a.args...)
	}
	answers := conn.SendBatch(ctx, b)
	for _, a := range asks {
		if err := a.answered(answers); err != nil {
			answers.Close()
			return err
		}
	}
	return answers.Close()
}

func (a ask) answered(answers pgx.BatchResults) error {
	rows, err := answers.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := a.read(rows); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

// skip reads nothing.
func skip(pgx.Rows) error { return nil }
