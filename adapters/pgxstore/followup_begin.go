package pgxstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Begin implements [followup.Store]: two round trips on one connection, with
// two transactions. The first locks the contacts, and ends when the verdicts
// are written. The second locks those who are to be sent something, to see what
// was committed before; it stays open until Batch.Release, and is what keeps
// bookings and opt-outs waiting.
func (f *FollowUpStore) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	if org.IsZero() {
		return followup.Batch{}, fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	for try, resent := 1, false; ; try++ {
		b := &beginning{f: f, s: f.s, org: org, lease: lease, decide: decide}
		if err := b.enterPool(ctx); err != nil {
			return followup.Batch{}, err
		}
		err := b.begin(ctx, ids)
		if err == nil {
			return b.batch, nil
		}
		b.abandon(ctx)
		// What was written stands: attempts that nobody makes come due as unknown.
		cure, err := trouble(ctx, err, false)
		switch {
		case b.written || ctx.Err() != nil:
			return followup.Batch{}, asFollowUp(err)
		case cure == again && try < tries:
		case cure == resend && !resent:
			resent = true
		default:
			return followup.Batch{}, asFollowUp(err)
		}
	}
}

// A beginning is one try of [FollowUps.Begin].
type beginning struct {
	f      *FollowUpStore
	s      *Store
	conn   *pgxpool.Conn
	org    tenant.ID
	lease  time.Duration
	decide followup.Decider

	written bool // the first verdicts may be durable
	batch   followup.Batch
}

// enterPool takes a connection. Half of the pool at most is kept for requests that
// are not on their way yet: a slow carrier leaves the rest to bookings.
func (b *beginning) enterPool(ctx context.Context) error {
	select {
	case b.f.begins <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("pgxstore: %w: %w", followup.ErrUnavailable, context.Cause(ctx))
	}
	var err error
	if b.conn, err = b.s.pool.Acquire(ctx); err != nil {
		<-b.f.begins
		return asFollowUp(unreachable(ctx, err))
	}
	return nil
}

// leavePool gives the connection back.
func (b *beginning) leavePool() {
	b.conn.Release()
	<-b.f.begins
}

func (b *beginning) begin(ctx context.Context, ids []followup.IntentID) error {
	candidates, err := inquireIn(ctx, b, b.enter(), followupsql.Look(b.org, ids, false), nil)
	if err != nil {
		return err
	}
	first := followupsql.Decide(candidates, b.decide)
	return b.write(ctx, first, followupsql.Sends(first))
}

// write ends the first transaction, and begins the second if there is anything
// to send.
func (b *beginning) write(ctx context.Context, first []followupsql.Decision, send []followup.IntentID) error {
	commit := []ask{{`commit`, nil, func(pgx.Rows) error {
		b.written = true
		return nil
	}}}
	verdicts := followupsql.Verdicts(b.org, first, b.lease)
	if len(send) == 0 {
		now, err := inquireIn(ctx, b, nil, verdicts, commit)
		if err != nil {
			return err
		}
		b.batch.Release = func() {}
		followupsql.AddTo(&b.batch, first, now)
		b.leavePool()
		return nil
	}
	look := followupsql.Look(b.org, send, true)
	var seen *string
	then := append(append(commit, b.enter()...), ask{look.SQL, look.Args, readText(&seen)})
	now, err := inquireIn(ctx, b, nil, verdicts, then)
	if err != nil {
		return err
	}
	candidates, err := look.Answer(seen)
	if err != nil {
		return err
	}
	sends, changed := followupsql.DecideAgain(first, candidates, b.decide)
	b.batch.Send = sends
	followupsql.AddTo(&b.batch, first, now)
	return b.hold(ctx, changed)
}

// hold writes the verdicts that changed and keeps the second transaction open
// for as long as it is needed.
func (b *beginning) hold(ctx context.Context, changed []followupsql.Decision) error {
	verdicts := followupsql.Verdicts(b.org, changed, b.lease)
	if len(b.batch.Send) == 0 {
		now, err := inquireIn(ctx, b, nil, verdicts, []ask{{`commit`, nil, skip}})
		if err != nil {
			return err
		}
		followupsql.AddTo(&b.batch, changed, now)
		b.batch.Release = func() {}
		b.leavePool()
		return nil
	}
	if len(changed) > 0 {
		now, err := inquireIn(ctx, b, nil, verdicts, nil)
		if err != nil {
			return err
		}
		followupsql.AddTo(&b.batch, changed, now)
	}
	release := sync.OnceFunc(func() { b.release(ctx) })
	b.batch.LockedUntil = time.Now().Add(followupsql.ReleaseAfter)
	late := time.AfterFunc(followupsql.ReleaseAfter, release)
	b.batch.Release = func() {
		late.Stop()
		release()
	}
	return nil
}

// release ends the second transaction. Should it fail, the connection goes, and
// the locks with it.
func (b *beginning) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), followupsql.ReleaseAfter)
	defer cancel()
	b.conn.Conn().PgConn().Exec(ctx, `commit`).Close()
	b.leavePool()
}

// abandon rolls back; a connection that is left in a transaction is closed by
// the pool.
func (b *beginning) abandon(ctx context.Context) {
	if pc := b.conn.Conn().PgConn(); !pc.IsClosed() {
		pc.Exec(ctx, `rollback`).Close()
	}
	b.leavePool()
}

// enter begins a transaction in the scope of the clinic.
func (b *beginning) enter() []ask {
	return []ask{
		{begin, nil, skip},
		{scopeChange, []any{b.org.String(), b.s.lockTimeout, b.s.statementTimeout}, skip},
		{followupsql.Hold, nil, skip},
	}
}

// inquireIn asks between other statements, in one round trip on the connection
// of b.
func inquireIn[T any](ctx context.Context, b *beginning, before []ask, q followupsql.Question[T], after []ask) (T, error) {
	var text *string
	err := pipeline(ctx, b.conn, append(append(before, ask{q.SQL, q.Args, readText(&text)}), after...))
	if err != nil {
		var none T
		return none, err
	}
	return q.Answer(text)
}
