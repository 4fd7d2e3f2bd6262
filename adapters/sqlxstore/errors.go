package sqlxstore

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
)

// ErrIsolation is returned if the database refused access to a row of another
// clinic, or if the role lacks a grant. Neither happens in normal use: raise an
// alarm.
var ErrIsolation = errors.New("sqlxstore: isolation refused")

// sqlState is an error of the server, as the drivers of PostgreSQL return it.
type sqlState interface {
	error
	SQLState() string
}

// classifyError turns an error of the driver into one of package followup, by
// SQLSTATE and never by text: the server's message may quote a row.
func classifyError(ctx context.Context, err error) *sqltx.Error {
	state := sqlState(nil)
	if errors.As(err, &state) {
		return classifyServerError(state.SQLState())
	}
	if cause := context.Cause(ctx); cause != nil {
		return &sqltx.Error{Err: fmt.Errorf("sqlxstore: %w: %w", followup.ErrUnavailable, cause)}
	}
	var network *net.OpError
	if errors.As(err, &network) { // addresses and a reason, no data
		return &sqltx.Error{Err: fmt.Errorf("sqlxstore: %w: %w", followup.ErrUnavailable, network)}
	}
	return &sqltx.Error{Err: fmt.Errorf("sqlxstore: %w: connection lost", followup.ErrUnavailable)}
}

func classifyServerError(code string) *sqltx.Error {
	unavailable := fmt.Errorf("sqlxstore: %w: SQLSTATE %s", followup.ErrUnavailable, code)
	switch code {
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock timeout
		return &sqltx.Error{Action: sqltx.Retry, Err: unavailable}
	case "42501":
		return &sqltx.Error{Err: fmt.Errorf("%w: SQLSTATE 42501", ErrIsolation)}
	case "57014", // statement timeout
		"25P03", // idle in a transaction for too long
		"25006": // read only: a standby
		return &sqltx.Error{Err: unavailable}
	}
	switch code[:min(2, len(code))] {
	case "08", "53", "57": // connection, resources, an operator's intervention
		return &sqltx.Error{Err: unavailable}
	}
	return &sqltx.Error{Err: fmt.Errorf("sqlxstore: refused by the server: SQLSTATE %s", code)}
}

// unreachable returns the error for a server that did not answer the first
// queries.
func unreachable(ctx context.Context, err error) error {
	err = classifyError(ctx, err).Err
	if !errors.Is(err, followup.ErrUnavailable) { // the server refused the login
		err = fmt.Errorf("%w: %w", followup.ErrUnavailable, err)
	}
	return err
}
