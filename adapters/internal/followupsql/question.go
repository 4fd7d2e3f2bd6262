// Package followupsql is what the stores of package followup ask PostgreSQL,
// and how they read its answers: one statement, one row, one JSON document. The
// functions that answer are in package migrations. The stores differ in how
// they get there and back.
package followupsql

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A Question is a statement to be made in the scope of one clinic. Its answer
// is a text, which may be null and may not be there; see [Question.Answer].
type Question[T any] struct {
	SQL     string
	Args    []any
	Changes bool // it may write

	read func(document []byte) (T, error)
	none T // the answer if there is none
	err  error
}

// Answer reads the text that was answered; nil if it was null or no row.
func (q Question[T]) Answer(text *string) (T, error) {
	if text == nil {
		return q.none, q.err
	}
	return q.read([]byte(*text))
}

// nobodys is the question about an id that can be none: nothing is there.
func (q Question[T]) nobodys() Question[T] {
	q.SQL, q.Args = `select null::text`, nil
	return q
}

// Nothing is the answer of who answers nothing.
type Nothing struct{}

// command is a question without an answer.
func command(sql string, org tenant.ID, args ...any) Question[Nothing] {
	return Question[Nothing]{SQL: sql, Args: append([]any{org.String()}, args...), Changes: true,
		read: func([]byte) (Nothing, error) { return Nothing{}, nil }}
}

// reader reads a document in the form W and turns it into what it says.
func reader[W, T any](turn func(W) T) func([]byte) (T, error) {
	return func(document []byte) (T, error) {
		var w W
		if err := json.Unmarshal(document, &w); err != nil {
			var none T
			return none, fmt.Errorf("the database answered with what cannot be read: %T", err) // err may quote a row
		}
		return turn(w), nil
	}
}

// all turns each.
func all[W, T any](turn func(W) T) func([]W) []T {
	return func(ws []W) []T {
		ts := make([]T, len(ws))
		for i, w := range ws {
			ts[i] = turn(w)
		}
		return ts
	}
}

// document writes an argument. What cannot be written is a time beyond the year
// 9999, and the server refuses what is written in its place.
func document(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return `"a time is out of range"`
	}
	return string(text)
}

// instant is a time as finely as the database tells it; nil for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	return &t
}

// valid leaves out what can be no intent's id.
func valid(ids []followup.IntentID) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if id.Valid() {
			out = append(out, string(id))
		}
	}
	return out
}
