package followupsql

import (
	"context"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Dequeue implements [followup.Queue], outside the scope of any clinic. A
// lease need not be durable: the task would come due again. A lost answer is
// therefore no unknown outcome.
func (s *Store) Dequeue(ctx context.Context, n, perOrg int, lease time.Duration, except []tenant.ID) ([]followup.Task, error) {
	ids := make([]string, len(except))
	for i, id := range except {
		ids[i] = id.String()
	}
	enter := sqltx.Statement{
		SQL: `
			select set_config('statement_timeout', $1::text, true),
				set_config('synchronous_commit', 'off', true)`,
		Args: []any{s.timeouts.Statement},
	}
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Enter: &enter},
		d.query(`select callwaiting.dequeue_tasks($1::int, $2::int, $3::bigint, $4::text::uuid[])::text`,
			n, perOrg, lease.Microseconds(), "{"+strings.Join(ids, ",")+"}"))
	return decodeAll(d, err, taskJSON.toTask)
}

// Ack implements [followup.Queue].
func (s *Store) Ack(ctx context.Context, t followup.Task) error {
	return s.write(ctx, t.Org, `select callwaiting.ack_tasks($1::text, array[$2::text], $3::timestamptz)`,
		string(t.Kind), t.ID, optional(t.Lease))
}
