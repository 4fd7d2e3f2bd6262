package pgxstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

const (
	// pollEvery is how long a wait is at most: what comes due by the clock
	// rings no bell, and a bell may be lost.
	pollEvery = 250 * time.Millisecond

	// pingEvery is how often it is asked whether the bell's connection is still
	// there, pingWithin how long that may take, and unusedFor when the
	// connection is closed that nobody waits on any more.
	pingEvery  = 10 * time.Second
	pingWithin = 2 * time.Second
	unusedFor  = 10 * time.Second

	// relistenAfter is the pause before another try to listen.
	relistenAfter = time.Second
)

// Take implements [followup.Queue].
func (f *FollowUpStore) Dequeue(ctx context.Context, n, perOrg int, lease time.Duration, except []tenant.ID) ([]followup.Task, error) {
	q := followupsql.Take(n, perOrg, lease, except)
	var text *string
	err := f.s.run(ctx, false, tries, []ask{
		{followupsql.TakeScope, []any{f.s.statementTimeout}, skip},
		{q.SQL, q.Args, readText(&text)},
	})
	if err != nil {
		return nil, asFollowUp(err)
	}
	return q.Answer(text)
}

// Drop implements [followup.Queue].
func (f *FollowUpStore) Ack(ctx context.Context, t followup.Task) error {
	_, err := inquire(ctx, f, t.Org, followupsql.Drop(t))
	return err
}

// Wait implements [followup.Queue]. It holds a connection that listens, for as
// long as it is called again and again; of several that wait at once, one
// listens for all. Behind a pooler, and while no connection can be had, it
// waits for the time alone.
func (f *FollowUpStore) Wait(ctx context.Context, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, min(most, pollEvery))
	defer cancel()
	b := &f.bell
	rung := b.next()
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
		if b.listen(ctx, f.s) {
			b.ring()
			return nil
		}
	case <-rung:
		return nil
	case <-ctx.Done():
	}
	<-ctx.Done()
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return nil
}

// bell is the connection that listens, and those who wait for it to ring.
type bell struct {
	turn chan struct{} // held by who listens

	mu   sync.Mutex
	rung chan struct{} // closed when it rings

	// Of who has the turn.
	conn   *pgx.Conn
	pinged time.Time   // when the connection was last known to be there
	again  time.Time   // not to be tried before
	unused *time.Timer // closes the connection
}

func newBell() bell {
	return bell{turn: make(chan struct{}, 1), rung: make(chan struct{})}
}

// next returns what is closed when the bell rings next.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rung
}

// ring wakes all who wait.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.rung)
	b.rung = make(chan struct{})
}

// listen waits until the bell rings or ctx ends, and reports whether it rang.
// Without a connection it returns at once.
func (b *bell) listen(ctx context.Context, s *Store) (rang bool) {
	if b.unused != nil {
		b.unused.Stop()
	}
	if !b.connected(ctx, s) {
		return false
	}
	defer func() { b.unused = time.AfterFunc(unusedFor, b.hangUp) }()
	if _, err := b.conn.WaitForNotification(ctx); err != nil {
		if ctx.Err() == nil || b.conn.IsClosed() {
			b.lose()
		}
		return false
	}
	b.pinged = time.Now()
	return true
}

// connected sees to it that there is a connection which listens.
func (b *bell) connected(ctx context.Context, s *Store) bool {
	now := time.Now()
	if b.conn != nil && now.Sub(b.pinged) < pingEvery {
		return true
	}
	if now.Before(b.again) || s.pool.Config().ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingWithin)
	defer cancel()
	if b.conn == nil {
		pooled, err := s.pool.Acquire(ctx)
		if err != nil {
			b.lose()
			return false
		}
		b.conn = pooled.Hijack()
		if _, err = b.conn.Exec(ctx, `listen `+followupsql.Bell); err != nil {
			b.lose()
			return false
		}
	} else if err := b.conn.Ping(ctx); err != nil {
		b.lose()
		return false
	}
	b.pinged = now
	return true
}

// lose gives up the connection. Another try has to wait a moment.
func (b *bell) lose() {
	b.again = time.Now().Add(relistenAfter)
	b.close()
}

// hangUp closes the connection, unless somebody has come to wait on it.
func (b *bell) hangUp() {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
		b.close()
	default:
	}
}

func (b *bell) close() {
	if b.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pingWithin)
	defer cancel()
	b.conn.Close(ctx)
	b.conn = nil
}
