package pgxstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Tx is a [booking.Store] inside a transaction of its caller, who commits or
// rolls back. Nothing it does is seen by others, and no outcome is certain,
// before the commit. Until then the contact and the time stay locked, so keep
// the transaction short.
//
// Each call is one round trip and one savepoint: whatever a call answers, a
// conflict or an error, the transaction can go on, unless its connection is
// lost. The clinic's scope ends with the call; a scope that was set before is
// set again. The timeouts are the caller's, and so is the durability.
//
// The transaction must be read committed, and its role must be one that
// row-level security binds. Not safe for concurrent use, as a pgx.Tx is not.
type Tx struct {
	store *Store
	tx    pgx.Tx
}

var _ booking.Store = (*Tx)(nil)

// Tx returns a store that works inside tx: pass it to [booking.Service.Using].
func (s *Store) Tx(tx pgx.Tx) *Tx { return &Tx{s, tx} }

// BookTx books as [booking.Service.Book] does, inside tx.
func (s *Store) BookTx(ctx context.Context, tx pgx.Tx, svc *booking.Service, org tenant.ID, r booking.Request) (booking.Appointment, error) {
	return svc.Using(s.Tx(tx)).Book(ctx, org, r)
}

// RescheduleTx reschedules as [booking.Service.Reschedule] does, inside tx.
func (s *Store) RescheduleTx(ctx context.Context, tx pgx.Tx, svc *booking.Service, org tenant.ID, id booking.ID, w booking.Selection) (booking.Appointment, error) {
	return svc.Using(s.Tx(tx)).Reschedule(ctx, org, id, w)
}

// CancelTx cancels as [booking.Service.Cancel] does, inside tx.
func (s *Store) CancelTx(ctx context.Context, tx pgx.Tx, svc *booking.Service, org tenant.ID, id booking.ID) (booking.Appointment, error) {
	return svc.Using(s.Tx(tx)).Cancel(ctx, org, id)
}

// inOrg implements session. Nothing is certain before the caller commits, so
// a lost connection has changed nothing.
func (t *Tx) inOrg(ctx context.Context, org tenant.ID, _ bool, asks ...ask) error {
	if org.IsZero() {
		return fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	all := append([]ask{
		{`savepoint callwaiting`, nil, skip},
		{`select callwaiting.set_scope($1::uuid)`, []any{org.String()}, skip},
	}, asks...)
	err := pipeline(ctx, t.tx, append(all,
		ask{`select callwaiting.reset_scope()`, nil, skip},
		ask{`release savepoint callwaiting`, nil, skip}))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrTxClosed):
		return fmt.Errorf("pgxstore: %w", err)
	}
	if _, undo := t.tx.Exec(ctx, `rollback to savepoint callwaiting`); undo == nil {
		t.tx.Exec(ctx, `release savepoint callwaiting`)
	}
	_, err = trouble(ctx, err, false)
	return err
}

// Claim implements [booking.Store].
func (t *Tx) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	n, err := t.store.checkClaim(org, c)
	if err != nil {
		return booking.Outcome{}, err
	}
	return t.store.claimIn(ctx, t, org, c, n)
}

// Move implements [booking.Store].
func (t *Tx) Move(ctx context.Context, org tenant.ID, m booking.Move) (booking.Outcome, error) {
	return t.store.moveIn(ctx, t, org, m)
}

// Confirm implements [booking.Store].
func (t *Tx) Confirm(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return t.store.changeIn(ctx, t, confirmSQL, org, id, actor)
}

// Cancel implements [booking.Store].
func (t *Tx) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return t.store.changeIn(ctx, t, cancelSQL, org, id, actor)
}

// Look implements [booking.Store].
func (t *Tx) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	return lookIn(ctx, t, org, q)
}

// Find implements [booking.Store].
func (t *Tx) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	return t.store.findIn(ctx, t, org, f)
}

// Events implements [booking.Store].
func (t *Tx) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	return eventsIn(ctx, t, org, id)
}
