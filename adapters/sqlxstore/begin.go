package sqlxstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Begin implements [followup.Store] with two transactions on one connection.
// The first locks the contacts, and ends when the verdicts are written. The
// second locks those who are to be sent something, to see what was committed
// before; it stays open until Batch.Release, and is what keeps bookings and
// opt-outs waiting.
func (f *FollowUpStore) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	if org.IsZero() {
		return followup.Batch{}, fmt.Errorf("sqlxstore: %w", tenant.ErrNoOrg)
	}
	for try := 1; ; try++ {
		b := &beginning{f: f, org: org, lease: lease, decide: decide}
		err := b.begin(ctx, ids)
		if err == nil {
			return b.batch, nil
		}
		b.abandon()
		// What was written stands: attempts that nobody makes come due as unknown.
		again, err := trouble(ctx, err)
		if !again || b.written || try == tries || ctx.Err() != nil {
			return followup.Batch{}, err
		}
	}
}

// A beginning is one try of [FollowUps.Begin].
type beginning struct {
	f      *FollowUpStore
	conn   *sqlx.Conn
	tx     *sqlx.Tx // the one that is open
	org    tenant.ID
	lease  time.Duration
	decide followup.Decider

	written bool // the first verdicts may be durable
	batch   followup.Batch
}

func (b *beginning) begin(ctx context.Context, ids []followup.IntentID) (err error) {
	if b.conn, err = b.f.db.Connx(ctx); err != nil {
		return err
	}
	if err := b.enter(ctx); err != nil {
		return err
	}
	candidates, err := inquireIn(ctx, b.tx, followupsql.Look(b.org, ids, false))
	if err != nil {
		return err
	}
	first := followupsql.Decide(candidates, b.decide)
	now, err := inquireIn(ctx, b.tx, followupsql.Verdicts(b.org, first, b.lease))
	if err != nil {
		return err
	}
	b.written = true
	if err := b.tx.Commit(); err != nil {
		return err
	}
	b.batch.Release = func() {}
	followupsql.AddTo(&b.batch, first, now)
	if send := followupsql.Sends(first); len(send) > 0 {
		return b.again(ctx, first, send)
	}
	b.conn.Close()
	return nil
}

// again decides a second time about what is to be sent, in the second
// transaction, and keeps that open for as long as it is needed.
func (b *beginning) again(ctx context.Context, first []followupsql.Decision, send []followup.IntentID) error {
	if err := b.enter(ctx); err != nil {
		return err
	}
	candidates, err := inquireIn(ctx, b.tx, followupsql.Look(b.org, send, true))
	if err != nil {
		return err
	}
	sends, changed := followupsql.DecideAgain(first, candidates, b.decide)
	if len(changed) > 0 {
		now, err := inquireIn(ctx, b.tx, followupsql.Verdicts(b.org, changed, b.lease))
		if err != nil {
			return err
		}
		followupsql.AddTo(&b.batch, changed, now)
	}
	if len(sends) == 0 {
		if err := b.tx.Commit(); err != nil {
			return err
		}
		b.conn.Close()
		return nil
	}
	b.batch.Send = sends
	release := sync.OnceFunc(func() {
		b.tx.Commit() // should it fail, the locks are gone as well
		b.conn.Close()
	})
	b.batch.LockedUntil = time.Now().Add(followupsql.ReleaseAfter)
	late := time.AfterFunc(followupsql.ReleaseAfter, release)
	b.batch.Release = func() {
		late.Stop()
		release()
	}
	return nil
}

// enter begins a transaction in the scope of the clinic. It outlives ctx, whose
// end would let the contacts go while a message to them is on its way.
func (b *beginning) enter(ctx context.Context) (err error) {
	if b.tx, err = b.conn.BeginTxx(context.WithoutCancel(ctx), readCommitted); err != nil {
		return err
	}
	scope := b.f.scope(b.org)
	if _, err := b.tx.ExecContext(ctx, scope.sql, scope.args...); err != nil {
		return err
	}
	_, err = b.tx.ExecContext(ctx, followupsql.Hold)
	return err
}

// abandon rolls back what is open.
func (b *beginning) abandon() {
	if b.tx != nil {
		b.tx.Rollback()
	}
	if b.conn != nil {
		b.conn.Close()
	}
}
