package pgxstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Tx is a [booking.Store] inside a transaction of its caller, which must commit
// or roll back. No change is visible to others, and no outcome is certain,
// before the commit. Until then the contact and the time stay locked: keep the
// transaction short.
//
// Each call is one round trip and one savepoint: after a conflict or an error
// the transaction can go on, unless its connection is lost. The clinic's scope
// ends with the call; a scope that was set before is set again. The timeouts
// are the caller's, and so is the durability.
//
// The transaction must be read committed, and row-level security must bind its
// role. Not safe for concurrent use, as a pgx.Tx is not.
type Tx struct{ bookings }

var _ booking.Store = (*Tx)(nil)

// Tx returns a store that works inside tx: pass it to [booking.Service.Using].
func (s *Store) Tx(tx pgx.Tx) *Tx { return &Tx{bookings{callerTx{tx}, s.zones}} }

// BookTx books as [booking.Service.Book] does, inside tx.
func (s *Store) BookTx(ctx context.Context, tx pgx.Tx, svc *booking.Service, org tenant.ID, r booking.Request) (booking.Appointment, error) {
	return svc.Using(s.Tx(tx)).Book(ctx, org, r)
}

// RescheduleTx reschedules as [booking.Service.Reschedule] does, inside tx.
func (s *Store) RescheduleTx(ctx context.Context, tx pgx.Tx, svc *booking.Service, org tenant.ID, id booking.ID, to booking.Selection) (booking.Appointment, error) {
	return svc.Using(s.Tx(tx)).Reschedule(ctx, org, id, to)
}

// CancelTx cancels as [booking.Service.Cancel] does, inside tx.
func (s *Store) CancelTx(ctx context.Context, tx pgx.Tx, svc *booking.Service, org tenant.ID, id booking.ID) (booking.Appointment, error) {
	return svc.Using(s.Tx(tx)).Cancel(ctx, org, id)
}

// callerTx runs statements in a savepoint of its caller's transaction, because
// PostgreSQL refuses all further statements after an error outside one.
type callerTx struct{ tx pgx.Tx }

// Run implements session. A lost connection has made no change, because the
// caller has not committed. Run never repeats statements: the caller may have
// run others before.
func (c callerTx) Run(ctx context.Context, in scope, statements ...statement) error {
	if in.Org.IsZero() {
		return fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	all := append([]statement{
		{SQL: `savepoint callwaiting`},
		{SQL: `select callwaiting.set_scope($1::uuid)`, Args: []any{in.Org.String()}},
	}, statements...)
	err := send(ctx, c.tx, append(all,
		statement{SQL: `select callwaiting.reset_scope()`},
		statement{SQL: `release savepoint callwaiting`}))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrTxClosed):
		return fmt.Errorf("pgxstore: %w", err)
	}
	if _, undo := c.tx.Exec(ctx, `rollback to savepoint callwaiting`); undo == nil {
		c.tx.Exec(ctx, `release savepoint callwaiting`)
	}
	return classifyError(ctx, err, false).Err
}
