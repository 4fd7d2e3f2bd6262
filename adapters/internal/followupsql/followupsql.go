// Package followupsql implements the ports of package followup on PostgreSQL,
// for the SQL stores. Each method is one statement with one JSON document as its
// result; the SQL functions are in package migrations. The stores differ in the
// [sqltx.Runner] that runs the statements.
//
// Arguments are text, cast on the server: drivers encode jsonb, uuid[] and bytea
// in different ways, and text in one.
package followupsql

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
)

// Store implements the ports of package followup. Safe for concurrent use.
type Store struct {
	runner   sqltx.Runner
	timeouts sqltx.Timeouts
}

var (
	_ followup.Store     = (*Store)(nil)
	_ followup.Queue     = (*Store)(nil)
	_ followup.LinkStore = (*Store)(nil)
)

// New returns a store that runs its statements through r.
func New(r sqltx.Runner, t sqltx.Timeouts) *Store { return &Store{r, t} }

// pollInterval bounds how long [Store.Wait] waits: a task that comes due by the
// clock sends no notification, and a notification may be lost.
const pollInterval = 250 * time.Millisecond

// Channel is the channel of notifications that a task has come due.
const Channel = "callwaiting_task"

// Wait implements [followup.Queue].
func (s *Store) Wait(ctx context.Context, max time.Duration) error {
	return s.runner.Wait(ctx, min(max, pollInterval))
}
