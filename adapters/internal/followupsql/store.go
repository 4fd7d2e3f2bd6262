package followupsql

import (
	"fmt"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Record asks what [followup.Store].UpdateCall does, and so on.
func Record(org tenant.ID, f followup.CallUpdate) Question[followup.Call] {
	return Question[followup.Call]{
		SQL: `select callwaiting.followup_update_call($1::uuid, $2::text::jsonb)::text`,
		Args: []any{org.String(), document(struct {
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
			Again        int64      `json:"due_after_us"`
		}{
			f.Call, f.Phone, f.Signal.Over(), f.Signal == followup.Reported, instant(f.Began), instant(f.Ended), instant(f.At),
			string(f.Procedure), int(f.Evidence), instant(f.Wanted), f.ClaimsBooked, f.RecheckAfter.Microseconds(),
		})},
		Changes: true,
		read:    reader(call.told),
	}
}

// Call asks for a call.
func Call(org tenant.ID, id string) Question[followup.Call] {
	return Question[followup.Call]{
		SQL: `
			select callwaiting.call_json(k)::text
			from callwaiting.call k
			where k.org_id = $1::uuid
				and k.id = $2::text`,
		Args: []any{org.String(), id},
		read: reader(call.told),
		err:  followup.ErrNotFound,
	}
}

// Plan asks for intents to be planned.
func Plan(org tenant.ID, t followup.Task, plans []followup.Plan) Question[[]followup.Intent] {
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
			instant(p.Start), instant(p.Due), instant(p.Deadline), string(p.Suppress), p.Consented,
		}
		if p.Appointment != "" {
			writes[i].Appointment = &p.Appointment
		}
	}
	return Question[[]followup.Intent]{
		SQL: `select callwaiting.followup_plan_intents($1::uuid, $2::text::jsonb)::text`,
		Args: []any{org.String(), document(struct {
			Task   string     `json:"task"`
			TaskID string     `json:"task_id"`
			Lease  *time.Time `json:"lease"`
			Plans  []plan     `json:"plans"`
		}{string(t.Kind), t.ID, instant(t.Lease), writes})},
		Changes: true,
		read:    reader(all(intent.told)),
	}
}

// Appointment asks for an appointment.
func Appointment(org tenant.ID, id string) Question[followup.Appointment] {
	q := Question[followup.Appointment]{
		SQL:  `select callwaiting.followup_appointment($1::uuid, $2::text::uuid)::text`,
		Args: []any{org.String(), id},
		read: reader(appointment.told),
		err:  followup.ErrNotFound,
	}
	if _, err := tenant.ParseID(id); err != nil {
		return q.nobodys()
	}
	return q
}

// Finish asks for results to be written.
func Finish(org tenant.ID, results []followup.Result) Question[Nothing] {
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
		if r.Intent.Valid() {
			writes = append(writes, result{
				string(r.Intent), r.Attempt, string(r.State), r.Provider, string(r.Reason), r.Code, r.After.Microseconds(), string(r.Unusable),
			})
		}
	}
	return command(`select callwaiting.followup_record_results($1::uuid, $2::text::jsonb)`, org, document(writes))
}

// Status asks for a carrier's word to be noted.
func Status(org tenant.ID, u followup.StatusUpdate) Question[followup.Intent] {
	q := Question[followup.Intent]{
		SQL: `select callwaiting.followup_record_status($1::uuid, $2::text::jsonb)::text`,
		Args: []any{org.String(), document(struct {
			Intent   string `json:"intent"`
			Provider string `json:"provider"`
			State    string `json:"state"`
			Reason   string `json:"reason"`
			Code     string `json:"code"`
			Unusable string `json:"unusable"`
		}{string(u.Intent), u.Provider, string(u.State), string(u.Reason), u.Code, string(u.Unusable)})},
		Changes: true,
		read:    reader(intent.told),
		err:     followup.ErrNotFound,
	}
	if !u.Intent.Valid() {
		return q.nobodys()
	}
	return q
}

// Consent asks for a consent to be noted.
func Consent(org tenant.ID, c followup.Consent) Question[Nothing] {
	return command(`select callwaiting.followup_record_consent($1::uuid, $2::text::jsonb)`, org, document(struct {
		Phone   string     `json:"phone"`
		Purpose string     `json:"purpose"`
		Wording string     `json:"wording"`
		Call    string     `json:"call"`
		At      *time.Time `json:"at"`
	}{c.Phone, string(c.Purpose), c.Wording, c.Call, instant(c.At)}))
}

// OptOut asks for an opt-out to be noted, when the contact is free.
func OptOut(org tenant.ID, o followup.OptOut) Question[Nothing] {
	return command(`select callwaiting.followup_record_opt_out($1::uuid, $2::text::jsonb)`, org, document(struct {
		Phone   string `json:"phone"`
		Again   bool   `json:"opt_in"`
		Source  string `json:"source"`
		Call    string `json:"call"`
		Message string `json:"message"`
	}{o.Phone, o.Again, o.Source, o.Call, o.Message}))
}

// Reply asks for a reply to be noted.
func Reply(org tenant.ID, r followup.Reply) Question[bool] {
	return Question[bool]{
		SQL: `select callwaiting.followup_record_reply($1::uuid, $2::text::jsonb)::text`,
		Args: []any{org.String(), document(struct {
			Phone   string `json:"phone"`
			Message string `json:"message"`
			Kind    string `json:"kind"`
		}{r.Phone, r.Message, string(r.Kind)})},
		Changes: true,
		read:    reader(func(first bool) bool { return first }),
	}
}

// Replies asks for the latest replies.
func Replies(org tenant.ID, limit int) Question[[]followup.Reply] {
	return Question[[]followup.Reply]{
		SQL: `
			select coalesce(jsonb_agg(to_jsonb(latest) order by latest.at desc, latest.message), '[]')::text
			from (
				select r.message, r.kind, r.at,
					(select c.phone from callwaiting.contact c where c.org_id = r.org_id and c.id = r.contact_id) as phone
				from callwaiting.reply r
				where r.org_id = $1::uuid
				order by r.at desc, r.message
				limit $2::int
			) latest`,
		Args: []any{org.String(), max(0, min(limit, findMostLimit))},
		read: reader(all(reply.told)),
	}
}

// Quarantine asks for a message without a call to be counted.
func Quarantine(org tenant.ID, kind string) Question[Nothing] {
	return command(`
		insert into callwaiting.quarantine as q (org_id, kind)
		values ($1::uuid, $2::text)
		on conflict (org_id, kind) do update
		set count = q.count + 1, last_at = excluded.last_at`, org, kind)
}

// Quarantined asks for what was counted, by kind.
func Quarantined(org tenant.ID) Question[map[string]int] {
	return Question[map[string]int]{
		SQL: `
			select coalesce(jsonb_object_agg(q.kind, q.count), '{}')::text
			from callwaiting.quarantine q
			where q.org_id = $1::uuid`,
		Args: []any{org.String()},
		read: reader(func(counted map[string]int) map[string]int { return counted }),
	}
}

// Lookup asks what is known of a contact.
func Lookup(org tenant.ID, phone string) Question[followup.ContactSummary] {
	return Question[followup.ContactSummary]{
		SQL:  `select callwaiting.followup_contact_summary($1::uuid, $2::text)::text`,
		Args: []any{org.String(), phone},
		read: reader(memory.told),
	}
}

// The default and the greatest number of what is asked for.
const (
	findLimit     = 100
	findMostLimit = 1000
)

// Intents asks for intents. It asks only for what f gives, so that each
// combination has a plan of its own.
func Intents(org tenant.ID, f followup.IntentFilter) Question[[]followup.Intent] {
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
	limit := min(f.Limit, findMostLimit)
	if limit <= 0 {
		limit = findLimit
	}
	and(`
			order by i.planned_at desc, i.id
			limit $%d::int
		) found`, limit)
	q := Question[[]followup.Intent]{SQL: sql.String(), Args: args, read: reader(all(intent.told))}
	if f.ID != "" && !f.ID.Valid() {
		return q.nobodys()
	}
	return q
}
