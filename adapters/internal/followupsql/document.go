package followupsql

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
)

// A document is the result of a query: one JSON text. It is nil if the text is
// null or there is no row.
type document struct{ text *string }

// query returns a statement that reads its result into d.
func (d *document) query(sql string, args ...any) sqltx.Statement {
	return sqltx.Statement{SQL: sql, Args: args, Read: func(rows sqltx.Rows) error {
		d.text = nil
		if !rows.Next() {
			return rows.Err()
		}
		return rows.Scan(&d.text)
	}}
}

// decode converts a document of the form W. err is the error of the query; a
// document that is nil becomes the zero T and the error missing.
func decode[W, T any](d document, err error, convert func(W) T, missing error) (T, error) {
	var zero T
	switch {
	case err != nil:
		return zero, unavailable(err)
	case d.text == nil:
		return zero, missing
	}
	var w W
	if err := json.Unmarshal([]byte(*d.text), &w); err != nil {
		return zero, fmt.Errorf("unreadable JSON from the database: %T", err) // err may quote a row
	}
	return convert(w), nil
}

// decodeAll converts a document that is an array of W.
func decodeAll[W, T any](d document, err error, convert func(W) T) ([]T, error) {
	return decode(d, err, func(ws []W) []T {
		ts := make([]T, len(ws))
		for i, w := range ws {
			ts[i] = convert(w)
		}
		return ts
	}, nil)
}

// unavailable turns an error of package booking into one of package followup.
// An unknown outcome is no error of its own here: every statement may be
// repeated.
func unavailable(err error) error {
	lost := errors.Is(err, booking.ErrUnavailable) || errors.Is(err, booking.ErrOutcomeUnknown)
	if lost && !errors.Is(err, followup.ErrUnavailable) {
		return fmt.Errorf("%w: %w", followup.ErrUnavailable, err)
	}
	return err
}

// encode returns v as an argument of type JSON. Only a time after the year 9999
// cannot be encoded; the server refuses the text in its place.
func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return `"a time is out of range"`
	}
	return string(text)
}

// optional returns a time at the precision of the database; nil for the zero
// time.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	return &t
}

// validIDs returns the ids that can be those of intents.
func validIDs(ids []followup.IntentID) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if id.Valid() {
			out = append(out, string(id))
		}
	}
	return out
}
