package pgxstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callwaiting-ai/callwaiting/booking"
)

// ErrIsolation says that the database refused to touch a row of another clinic,
// or that the role lacks a grant. Neither happens in normal use: raise an alarm.
var ErrIsolation = errors.New("pgxstore: isolation refused")

// A remedy is what may be done about a failed round trip.
type remedy int

const (
	giveUp   remedy = iota
	again           // rolled back for the sake of another transaction
	resend          // nothing of it was sent
	explicit        // not read committed: say begin
)

// trouble turns what pgx says into an error of package booking, by SQLSTATE
// and constraint, never by text: the server's words may quote a row. changes
// says whether the round trip was to change something; if the answer to that
// was lost, the outcome is unknown.
func trouble(ctx context.Context, err error, changes bool) (remedy, error) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return refusal(pg, changes)
	}
	unsent := pgconn.SafeToRetry(err)
	state := booking.ErrUnavailable
	if changes && !unsent {
		state = booking.ErrOutcomeUnknown
	}
	if cause := context.Cause(ctx); cause != nil {
		return giveUp, fmt.Errorf("pgxstore: %w: %w", state, cause)
	}
	var network *net.OpError
	if errors.As(err, &network) { // addresses and a reason, no data
		err = fmt.Errorf("pgxstore: %w: %w", state, network)
	} else {
		err = fmt.Errorf("pgxstore: %w: connection lost", state)
	}
	if unsent || !changes {
		return resend, err
	}
	return giveUp, err
}

// unreachable is the error of a connection that could not be had.
func unreachable(ctx context.Context, err error) error {
	_, err = trouble(ctx, err, false)
	if !errors.Is(err, booking.ErrUnavailable) { // the server turned it away
		err = fmt.Errorf("%w: %w", booking.ErrUnavailable, err)
	}
	return err
}

func refusal(pg *pgconn.PgError, changes bool) (remedy, error) {
	if pg.Severity != "ERROR" && pg.SeverityUnlocalized != "ERROR" || strings.HasPrefix(pg.Code, "08") {
		// The connection ended, perhaps after the server had committed.
		if changes {
			return giveUp, fmt.Errorf("pgxstore: %w: SQLSTATE %s", booking.ErrOutcomeUnknown, pg.Code)
		}
		return resend, fmt.Errorf("pgxstore: %w: SQLSTATE %s", booking.ErrUnavailable, pg.Code)
	}
	unavailable := fmt.Errorf("pgxstore: %w: SQLSTATE %s", booking.ErrUnavailable, pg.Code)
	switch pg.Code {
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock timeout
		return again, unavailable
	case "CW001": // our own: not read committed
		return explicit, errors.New("pgxstore: the transaction is not read committed: begin it with pgx.TxOptions{IsoLevel: pgx.ReadCommitted}")
	case "CW002": // our own: a caller's transaction with too much power
		return giveUp, errors.New("pgxstore: the transaction's role is not bound by row-level security: connect as a member of callwaiting_app that is no superuser and does not bypass it")
	case "57014", // statement timeout
		"25006",                   // read only: a standby
		"53000", "53100", "53200", // out of resources, disk, memory
		"53300", // too many connections
		"57P03": // starting up
		return giveUp, unavailable
	case "42501":
		return giveUp, fmt.Errorf("%w: SQLSTATE 42501", ErrIsolation)
	case "23514": // check
		if field, known := checks[pg.ConstraintName]; known {
			return giveUp, &field
		}
	case "22021", "22P05": // a character the encoding has not
		return giveUp, &booking.InvalidError{Field: "text", Problem: "has a character that cannot be stored"}
	case "22008": // out of range
		return giveUp, &booking.InvalidError{Field: "time", Problem: "is out of range"}
	}
	return giveUp, fmt.Errorf("pgxstore: the server refused: SQLSTATE %s, constraint %q", pg.Code, pg.ConstraintName)
}

// checks says which field of a request breaks a check constraint.
var checks = map[string]booking.InvalidError{
	"appointment_valid": {Field: "End", Problem: "is not after Start"},
	"call_id":           {Field: "Call", Problem: "has no characters, or more than 200"},
	"occupancy_valid":   {Field: "Occupied", Problem: "must end after it starts, and within 31 days"},
	"phone_e164":        {Field: "Contact.Phone", Problem: "is not E.164"},
}

// givenUp is the error of a caller who no longer waits.
func givenUp(ctx context.Context, state error) error {
	return fmt.Errorf("pgxstore: %w: %w", state, context.Cause(ctx))
}

func isUnknown(err error) bool { return errors.Is(err, booking.ErrOutcomeUnknown) }
