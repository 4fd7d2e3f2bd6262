package pgxstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
)

const (
	// pingInterval is how often the listening connection is checked, and
	// pingTimeout how long a check, or a new connection, may take.
	pingInterval = 10 * time.Second
	pingTimeout  = 2 * time.Second

	// idleTimeout is when the connection is closed on which no call waits any
	// more.
	idleTimeout = 10 * time.Second

	// reconnectDelay is the pause after a failure to listen.
	reconnectDelay = time.Second
)

// A listener waits for notifications that a task has come due. Of several calls
// that wait at once, one listens on the connection for all.
type listener struct {
	pool *pgxpool.Pool
	lock chan struct{} // held by the call that listens

	mu       sync.Mutex
	notified chan struct{} // closed by the next notification

	// Guarded by lock.
	conn    *pgx.Conn
	checked time.Time   // when the connection last worked
	retryAt time.Time   // no connection is made before
	idle    *time.Timer // closes the connection
}

func newListener(pool *pgxpool.Pool) *listener {
	return &listener{pool: pool, lock: make(chan struct{}, 1), notified: make(chan struct{})}
}

// Wait implements [sqltx.Runner]. Behind a pooler, and while no connection can
// be had, it waits for the time alone.
func (l *listener) Wait(ctx context.Context, max time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, max)
	defer cancel()
	notified := l.next()
	select {
	case l.lock <- struct{}{}:
		defer func() { <-l.lock }()
		if l.listen(ctx) {
			l.notify()
			return nil
		}
	case <-notified:
		return nil
	case <-ctx.Done():
	}
	<-ctx.Done()
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return nil
}

// next returns the channel that the next notification closes.
func (l *listener) next() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.notified
}

// notify wakes all calls that wait.
func (l *listener) notify() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.notified)
	l.notified = make(chan struct{})
}

// listen waits for a notification or for the end of ctx, and reports whether a
// notification came. Without a connection it returns at once.
func (l *listener) listen(ctx context.Context) bool {
	if l.idle != nil {
		l.idle.Stop()
	}
	if !l.connected(ctx) {
		return false
	}
	defer func() { l.idle = time.AfterFunc(idleTimeout, l.closeIdle) }()
	if _, err := l.conn.WaitForNotification(ctx); err != nil {
		if ctx.Err() == nil || l.conn.IsClosed() {
			l.fail()
		}
		return false
	}
	l.checked = time.Now()
	return true
}

// connected makes a connection that listens, unless there is one, and reports
// whether there is one then. A pooler would not pass notifications on.
func (l *listener) connected(ctx context.Context) bool {
	now := time.Now()
	if l.conn != nil && now.Sub(l.checked) < pingInterval {
		return true
	}
	if now.Before(l.retryAt) || l.pool.Config().ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
	defer cancel()
	if l.conn == nil {
		pooled, err := l.pool.Acquire(ctx)
		if err != nil {
			l.fail()
			return false
		}
		// The connection leaves the pool: its next user would get the
		// notifications.
		l.conn = pooled.Hijack()
		if _, err = l.conn.Exec(ctx, `listen `+followupsql.Channel); err != nil {
			l.fail()
			return false
		}
	} else if err := l.conn.Ping(ctx); err != nil {
		l.fail()
		return false
	}
	l.checked = now
	return true
}

// fail closes the connection and delays the next one.
func (l *listener) fail() {
	l.retryAt = time.Now().Add(reconnectDelay)
	l.close()
}

// closeIdle closes the connection, unless a call listens on it.
func (l *listener) closeIdle() {
	select {
	case l.lock <- struct{}{}:
		defer func() { <-l.lock }()
		l.close()
	default:
	}
}

func (l *listener) close() {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
	defer cancel()
	l.conn.Close(ctx)
	l.conn = nil
}
