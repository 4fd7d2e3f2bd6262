package followupsql

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// UpdateCall implements [followup.CallStore]. One upsert merges the update into
// the row, so that updates may come in any order and at the same time.
func (s *Store) UpdateCall(ctx context.Context, org tenant.ID, u followup.CallUpdate) (followup.Call, error) {
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Org: org, Writes: true},
		d.query(`select callwaiting.followup_update_call($1::uuid, $2::text::jsonb)::text`,
			org.String(), encode(struct {
				Call         string     `json:"call"`
				Phone        string     `json:"phone"`
				Over         bool       `json:"over"`
				Reported     bool       `json:"reported"`
				Began        *time.Time `json:"began"`
				Ended        *time.Time `json:"ended"`
				At           *time.Time `json:"at"`
				Procedure    string     `json:"procedure"`
				Evidence     int        `json:"evidence"`
				Wanted       *time.Time `json:"wanted"`
				ClaimsBooked bool       `json:"claims_booked"`
				RecheckAfter int64      `json:"due_after_us"`
			}{
				u.Call, u.Phone, u.Signal.Over(), u.Signal == followup.Reported, optional(u.Began), optional(u.Ended), optional(u.At),
				string(u.Procedure), int(u.Evidence), optional(u.Wanted), u.ClaimsBooked, u.RecheckAfter.Microseconds(),
			})))
	return decode(d, err, callJSON.toCall, nil)
}

// Call implements [followup.CallStore].
func (s *Store) Call(ctx context.Context, org tenant.ID, id string) (followup.Call, error) {
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Org: org}, d.query(`
		select callwaiting.call_json(k)::text
		from callwaiting.call k
		where k.org_id = $1::uuid
			and k.id = $2::text`, org.String(), id))
	return decode(d, err, callJSON.toCall, followup.ErrNotFound)
}

// CountUnmatched implements [followup.CallStore]. The row holds a count and no
// data of the message, which belongs to no known caller.
func (s *Store) CountUnmatched(ctx context.Context, org tenant.ID, kind string) error {
	return s.write(ctx, org, `
		insert into callwaiting.unmatched as u (org_id, kind)
		values ($1::uuid, $2::text)
		on conflict (org_id, kind) do update
		set count = u.count + 1, last_at = excluded.last_at`, org.String(), kind)
}

// Unmatched returns the number of messages that belong to no call, by kind.
func (s *Store) Unmatched(ctx context.Context, org tenant.ID) (map[string]int, error) {
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Org: org}, d.query(`
		select coalesce(jsonb_object_agg(u.kind, u.count), '{}')::text
		from callwaiting.unmatched u
		where u.org_id = $1::uuid`, org.String()))
	return decode(d, err, func(counts map[string]int) map[string]int { return counts }, nil)
}

// write runs a statement without a result.
func (s *Store) write(ctx context.Context, org tenant.ID, sql string, args ...any) error {
	return unavailable(s.runner.Run(ctx, sqltx.Scope{Org: org, Writes: true}, sqltx.Statement{SQL: sql, Args: args}))
}
