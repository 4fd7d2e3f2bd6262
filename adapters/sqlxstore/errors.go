package sqlxstore

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/callwaiting-ai/callwaiting/followup"
)

// ErrIsolation says that the database refused to touch a row of another clinic,
// or that the role lacks a grant. Neither happens in normal use: raise an alarm.
var ErrIsolation = errors.New("sqlxstore: isolation refused")

// sqlState is an error of the server, as the drivers of PostgreSQL have it.
type sqlState interface {
	error
	SQLState() string
}

// trouble turns what the driver says into an error of package followup, by
// SQLSTATE and never by text: the server's words may quote a row. again says
// that it was rolled back for the sake of another transaction.
func trouble(ctx context.Context, err error) (again bool, _ error) {
	state := sqlState(nil)
	if errors.As(err, &state) {
		return refusal(state.SQLState())
	}
	if cause := context.Cause(ctx); cause != nil {
		return false, fmt.Errorf("sqlxstore: %w: %w", followup.ErrUnavailable, cause)
	}
	var network *net.OpError
	if errors.As(err, &network) { // addresses and a reason, no data
		return false, fmt.Errorf("sqlxstore: %w: %w", followup.ErrUnavailable, network)
	}
	return false, fmt.Errorf("sqlxstore: %w: connection lost", followup.ErrUnavailable)
}

func refusal(code string) (again bool, _ error) {
	unavailable := fmt.Errorf("sqlxstore: %w: SQLSTATE %s", followup.ErrUnavailable, code)
	switch code {
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock timeout
		return true, unavailable
	case "42501":
		return false, fmt.Errorf("%w: SQLSTATE 42501", ErrIsolation)
	case "57014", // statement timeout
		"25P03", // idle in a transaction for too long
		"25006": // read only: a standby
		return false, unavailable
	}
	switch code[:min(2, len(code))] {
	case "08", "53", "57": // connection, resources, an operator's intervention
		return false, unavailable
	}
	return false, fmt.Errorf("sqlxstore: the server refused: SQLSTATE %s", code)
}

// unreachable is the error of a server that could not be asked who it is.
func unreachable(ctx context.Context, err error) error {
	_, err = trouble(ctx, err)
	if !errors.Is(err, followup.ErrUnavailable) { // the server turned it away
		err = fmt.Errorf("%w: %w", followup.ErrUnavailable, err)
	}
	return err
}
