package pgxstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
)

// FollowUpStore is a [followup.Store], a [followup.Queue] and a
// [followup.LinkStore] on the database of a [Store], with the same contacts and
// appointments. Every call is one round trip, but BeginSending, which is two.
// Wait holds a connection that listens, while it is called again and again.
// Safe for concurrent use. Get it from [Store.FollowUps].
type FollowUpStore struct{ *followupsql.Store }

var (
	_ followup.Store     = FollowUpStore{}
	_ followup.Queue     = FollowUpStore{}
	_ followup.LinkStore = FollowUpStore{}
)

// FollowUps returns the store for package followup. A process should make one:
// each on which Wait is called listens on a connection of its own.
func (s *Store) FollowUps() *FollowUpStore {
	maxSending := max(1, s.db.pool.Config().MaxConns/2)
	r := &runner{database: s.db, listener: newListener(s.db.pool), sending: make(chan struct{}, maxSending)}
	return &FollowUpStore{followupsql.New(r, s.db.timeouts)}
}

// runner is the [sqltx.Runner] of a FollowUpStore.
type runner struct {
	*database
	*listener
	sending chan struct{} // a place for each connection that Conn may take
}

// Conn implements [sqltx.Runner]. At most half of the pool is kept by messages
// on their way: a slow carrier leaves the rest to bookings.
func (r *runner) Conn(ctx context.Context) (sqltx.Conn, error) {
	select {
	case r.sending <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("pgxstore: %w: %w", booking.ErrUnavailable, context.Cause(ctx))
	}
	conn, err := r.database.pool.Acquire(ctx)
	if err != nil {
		<-r.sending
		return nil, unreachable(ctx, err)
	}
	return &sendingConn{conn, r.sending}, nil
}

// sendingConn is the [sqltx.Conn] of BeginSending.
type sendingConn struct {
	*pgxpool.Conn
	sending chan struct{}
}

// Run implements [sqltx.Conn] in one round trip.
func (c *sendingConn) Run(ctx context.Context, statements ...statement) error {
	if err := send(ctx, c.Conn, statements); err != nil {
		return classifyError(ctx, err, false)
	}
	return nil
}

// Close implements [sqltx.Conn]. If the rollback fails the pool closes the
// connection.
func (c *sendingConn) Close(ctx context.Context) {
	if pc := c.Conn.Conn().PgConn(); pc.TxStatus() != 'I' && !pc.IsClosed() {
		pc.Exec(ctx, `rollback`).Close()
	}
	c.Release()
	<-c.sending
}
