package followupsql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// PlanIntents implements [followup.IntentStore]. The intents and the task go in
// one document and one statement: all of it takes effect or none.
func (s *Store) PlanIntents(ctx context.Context, org tenant.ID, t followup.Task, plans []followup.Plan) ([]followup.Intent, error) {
	type plan struct {
		ID          string     `json:"id"`
		Kind        string     `json:"kind"`
		Phone       string     `json:"phone"`
		Call        string     `json:"call"`
		Appointment *string    `json:"appointment"`
		Procedure   string     `json:"procedure"`
		Start       *time.Time `json:"start"`
		Due         *time.Time `json:"due"`
		Deadline    *time.Time `json:"deadline"`
		Suppress    string     `json:"suppress"`
		Consented   bool       `json:"consented"`
	}
	writes := make([]plan, len(plans))
	for i, p := range plans {
		writes[i] = plan{
			string(p.ID), string(p.Kind), p.Phone, p.Call, nil, string(p.Procedure),
			optional(p.Start), optional(p.Due), optional(p.Deadline), string(p.Suppress), p.Consented,
		}
		if p.Appointment != "" {
			writes[i].Appointment = &p.Appointment
		}
	}
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Org: org, Writes: true},
		d.query(`select callwaiting.followup_plan_intents($1::uuid, $2::text::jsonb)::text`,
			org.String(), encode(struct {
				Task   string     `json:"task"`
				TaskID string     `json:"task_id"`
				Lease  *time.Time `json:"lease"`
				Plans  []plan     `json:"plans"`
			}{string(t.Kind), t.ID, optional(t.Lease), writes})))
	return decodeAll(d, err, intentJSON.toIntent)
}

// Appointment implements [followup.AppointmentReader].
func (s *Store) Appointment(ctx context.Context, org tenant.ID, id string) (followup.Appointment, error) {
	// The server would refuse the cast to uuid, with an error of another kind.
	if _, err := tenant.ParseID(id); err != nil && !org.IsZero() {
		return followup.Appointment{}, followup.ErrNotFound
	}
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Org: org},
		d.query(`select callwaiting.followup_appointment($1::uuid, $2::text::uuid)::text`, org.String(), id))
	return decode(d, err, appointmentJSON.toAppointment, followup.ErrNotFound)
}

// RecordResults implements [followup.IntentStore].
func (s *Store) RecordResults(ctx context.Context, org tenant.ID, results []followup.Result) error {
	type result struct {
		Intent   string `json:"intent"`
		Attempt  int    `json:"attempt"`
		State    string `json:"state"`
		Provider string `json:"provider"`
		Reason   string `json:"reason"`
		Code     string `json:"code"`
		After    int64  `json:"after_us"`
		Unusable string `json:"unusable"`
	}
	writes := []result{}
	for _, r := range results {
		if r.Intent.Valid() { // an invalid id would fail the whole list
			writes = append(writes, result{
				string(r.Intent), r.Attempt, string(r.State), r.Provider, string(r.Reason), r.Code, r.After.Microseconds(), string(r.Unusable),
			})
		}
	}
	return s.write(ctx, org, `select callwaiting.followup_record_results($1::uuid, $2::text::jsonb)`, org.String(), encode(writes))
}

// RecordStatus implements [followup.IntentStore].
func (s *Store) RecordStatus(ctx context.Context, org tenant.ID, u followup.StatusUpdate) (followup.Intent, error) {
	if !u.Intent.Valid() && !org.IsZero() {
		return followup.Intent{}, followup.ErrNotFound
	}
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Org: org, Writes: true},
		d.query(`select callwaiting.followup_record_status($1::uuid, $2::text::jsonb)::text`,
			org.String(), encode(struct {
				Intent   string `json:"intent"`
				Provider string `json:"provider"`
				State    string `json:"state"`
				Reason   string `json:"reason"`
				Code     string `json:"code"`
				Unusable string `json:"unusable"`
			}{string(u.Intent), u.Provider, string(u.State), string(u.Reason), u.Code, string(u.Unusable)})))
	return decode(d, err, intentJSON.toIntent, followup.ErrNotFound)
}

// The limits of ListIntents and ListReplies.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// ListIntents implements [followup.IntentStore].
func (s *Store) ListIntents(ctx context.Context, org tenant.ID, f followup.IntentFilter) ([]followup.Intent, error) {
	if f.ID != "" && !f.ID.Valid() && !org.IsZero() {
		return nil, nil
	}
	sql, args := intentsSQL(org, f)
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Org: org}, d.query(sql, args...))
	return decodeAll(d, err, intentJSON.toIntent)
}

// intentsSQL has a condition for each field that f sets, so that each
// combination of fields gets a plan of its own.
func intentsSQL(org tenant.ID, f followup.IntentFilter) (string, []any) {
	var sql strings.Builder
	sql.WriteString(`
		select coalesce(jsonb_agg(callwaiting.intent_json(found.i, found.phone) order by (found.i).planned_at desc, (found.i).id), '[]')::text
		from (
			select i, (select c.phone from callwaiting.contact c where c.org_id = i.org_id and c.id = i.contact_id) as phone
			from callwaiting.intent i
			where i.org_id = $1::uuid`)
	args := []any{org.String()}
	and := func(condition string, arg any) {
		args = append(args, arg)
		fmt.Fprintf(&sql, condition, len(args))
	}
	if f.ID != "" {
		and(`
				and i.id = $%d::text::uuid`, string(f.ID))
	}
	if f.Phone != "" {
		and(`
				and i.contact_id = (select c.id from callwaiting.contact c where c.org_id = i.org_id and c.phone = $%d::text)`, f.Phone)
	}
	if f.Call != "" {
		and(`
				and i.call = $%d::text and i.call <> ''`, f.Call)
	}
	if f.State != "" {
		and(`
				and i.state = $%d::text`, string(f.State))
	}
	limit := min(f.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	and(`
			order by i.planned_at desc, i.id
			limit $%d::int
		) found`, limit)
	return sql.String(), args
}
