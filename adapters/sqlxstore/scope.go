package sqlxstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A statement is one whose rows nobody reads.
type statement struct {
	sql  string
	args []any
}

// scopeSQL enters the scope of a clinic. Settings are local: they end with the
// transaction. A stronger promise of durability than a synchronous commit is
// left alone.
const scopeSQL = `
	select set_config('app.org_id', $1::text, true),
		set_config('lock_timeout', $2::text, true),
		set_config('statement_timeout', $3::text, true),
		set_config('synchronous_commit', case current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply' else 'on' end, true)`

// readCommitted is what locks need to protect anything.
var readCommitted = &sql.TxOptions{Isolation: sql.LevelReadCommitted}

// tries is how often a transaction is made that others keep rolling back.
const tries = 3

// inquire asks within the scope of a clinic.
func inquire[T any](ctx context.Context, f *FollowUpStore, org tenant.ID, q followupsql.Question[T]) (T, error) {
	if org.IsZero() {
		var none T
		return none, fmt.Errorf("sqlxstore: %w", tenant.ErrNoOrg)
	}
	return ask(ctx, f, f.scope(org), q)
}

// scope begins a transaction of a clinic.
func (f *FollowUpStore) scope(org tenant.ID) statement {
	return statement{scopeSQL, []any{org.String(), f.lockTimeout, f.statementTimeout}}
}

// ask asks in a transaction of its own, and again where that may help.
func ask[T any](ctx context.Context, f *FollowUpStore, scope statement, q followupsql.Question[T]) (T, error) {
	for try := 1; ; try++ {
		text, err := f.once(ctx, scope, q.SQL, q.Args)
		if err == nil {
			return q.Answer(text)
		}
		again, err := trouble(ctx, err)
		if !again || try == tries || ctx.Err() != nil {
			var none T
			return none, err
		}
	}
}

func (f *FollowUpStore) once(ctx context.Context, scope statement, question string, args []any) (*string, error) {
	tx, err := f.db.BeginTxx(ctx, readCommitted)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, scope.sql, scope.args...); err != nil {
		return nil, err
	}
	text, err := answer(ctx, tx, question, args)
	if err != nil {
		return nil, err
	}
	return text, tx.Commit()
}

// answer reads the text that answers a question; nil if there is none.
func answer(ctx context.Context, tx *sqlx.Tx, question string, args []any) (*string, error) {
	var text *string
	err := tx.QueryRowxContext(ctx, question, args...).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return text, err
}

// inquireIn asks within a transaction.
func inquireIn[T any](ctx context.Context, tx *sqlx.Tx, q followupsql.Question[T]) (T, error) {
	text, err := answer(ctx, tx, q.SQL, q.Args)
	if err != nil {
		var none T
		return none, err
	}
	return q.Answer(text)
}
