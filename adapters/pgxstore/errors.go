package pgxstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/booking"
)

// ErrIsolation is returned if the database refused access to a row of another
// clinic, or if the role lacks a grant. Neither happens in normal use: raise an
// alarm.
var ErrIsolation = errors.New("pgxstore: isolation refused")

// classifyError turns an error of pgx into one of package booking, by SQLSTATE
// and constraint name and never by text: the server's message may quote a row.
// If the answer to a transaction that writes was lost, its outcome is unknown.
func classifyError(ctx context.Context, err error, writes bool) *sqltx.Error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return classifyServerError(pg, writes)
	}
	unsent := pgconn.SafeToRetry(err)
	state := booking.ErrUnavailable
	if writes && !unsent {
		state = booking.ErrOutcomeUnknown
	}
	if cause := context.Cause(ctx); cause != nil {
		return &sqltx.Error{Err: fmt.Errorf("pgxstore: %w: %w", state, cause)}
	}
	var network *net.OpError
	if errors.As(err, &network) { // addresses and a reason, no data
		err = fmt.Errorf("pgxstore: %w: %w", state, network)
	} else {
		err = fmt.Errorf("pgxstore: %w: connection lost", state)
	}
	if unsent || !writes {
		return &sqltx.Error{Action: sqltx.Resend, Err: err}
	}
	return &sqltx.Error{Err: err}
}

// unreachable returns the error for a connection that could not be made, or a
// server that did not answer the first queries.
func unreachable(ctx context.Context, err error) error {
	err = classifyError(ctx, err, false).Err
	if !errors.Is(err, booking.ErrUnavailable) { // the server refused the login
		err = fmt.Errorf("%w: %w", booking.ErrUnavailable, err)
	}
	return err
}

func classifyServerError(pg *pgconn.PgError, writes bool) *sqltx.Error {
	if pg.Severity != "ERROR" && pg.SeverityUnlocalized != "ERROR" || strings.HasPrefix(pg.Code, "08") {
		// The connection ended, perhaps after the server had committed.
		if writes {
			return &sqltx.Error{Err: fmt.Errorf("pgxstore: %w: SQLSTATE %s", booking.ErrOutcomeUnknown, pg.Code)}
		}
		return &sqltx.Error{Action: sqltx.Resend, Err: fmt.Errorf("pgxstore: %w: SQLSTATE %s", booking.ErrUnavailable, pg.Code)}
	}
	unavailable := fmt.Errorf("pgxstore: %w: SQLSTATE %s", booking.ErrUnavailable, pg.Code)
	switch pg.Code {
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock timeout
		return &sqltx.Error{Action: sqltx.Retry, Err: unavailable}
	case "CW001": // of this schema: not read committed
		return &sqltx.Error{Action: sqltx.BeginExplicit, Err: errors.New("pgxstore: the transaction is not read committed: begin it with pgx.TxOptions{IsoLevel: pgx.ReadCommitted}")}
	case "CW002": // of this schema: a caller's transaction whose role is too powerful
		return &sqltx.Error{Err: errors.New("pgxstore: the transaction's role is not bound by row-level security: connect as a member of callwaiting_app that is no superuser and does not bypass it")}
	case "57014", // statement timeout
		"25006",                   // read only: a standby
		"53000", "53100", "53200", // out of resources, disk, memory
		"53300", // too many connections
		"57P03": // starting up
		return &sqltx.Error{Err: unavailable}
	case "42501":
		return &sqltx.Error{Err: fmt.Errorf("%w: SQLSTATE 42501", ErrIsolation)}
	case "23514": // check
		if field, known := checks[pg.ConstraintName]; known {
			return &sqltx.Error{Err: &field}
		}
	case "22021", "22P05": // a character that the encoding lacks
		return &sqltx.Error{Err: &booking.InvalidError{Field: "text", Problem: "has a character that cannot be stored: use UTF-8 without NUL"}}
	case "22008": // out of range
		return &sqltx.Error{Err: &booking.InvalidError{Field: "time", Problem: "is out of range: use a year from 1 to 9999"}}
	}
	return &sqltx.Error{Err: fmt.Errorf("pgxstore: refused by the server: SQLSTATE %s, constraint %q", pg.Code, pg.ConstraintName)}
}

// checks maps each check constraint to the field of a request that breaks it.
var checks = map[string]booking.InvalidError{
	"appointment_valid": {Field: "End", Problem: "is not after Start: give a later end"},
	"call_id":           {Field: "Call", Problem: "is invalid: use 1 to 200 characters"},
	"occupancy_valid":   {Field: "Occupied", Problem: "does not end within 31 days after its start: give another end"},
	"phone_e164":        {Field: "Contact.Phone", Problem: "is not E.164: use a plus sign and 8 to 15 digits"},
}
