package followupsql

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Summary implements [followup.ContactStore].
func (s *Store) Summary(ctx context.Context, org tenant.ID, phone string) (followup.ContactSummary, error) {
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Org: org},
		d.query(`select callwaiting.followup_contact_summary($1::uuid, $2::text)::text`, org.String(), phone))
	return decode(d, err, summaryJSON.toSummary, nil)
}

// RecordConsent implements [followup.ContactStore].
func (s *Store) RecordConsent(ctx context.Context, org tenant.ID, c followup.Consent) error {
	return s.write(ctx, org, `select callwaiting.followup_record_consent($1::uuid, $2::text::jsonb)`,
		org.String(), encode(struct {
			Phone   string     `json:"phone"`
			Purpose string     `json:"purpose"`
			Wording string     `json:"wording"`
			Call    string     `json:"call"`
			At      *time.Time `json:"at"`
		}{c.Phone, string(c.Purpose), c.Wording, c.Call, optional(c.At)}))
}

// RecordOptOut implements [followup.ContactStore]. The SQL function takes the
// contact's lock, which BeginSending holds while a message is being sent.
func (s *Store) RecordOptOut(ctx context.Context, org tenant.ID, o followup.OptOut) error {
	return s.write(ctx, org, `select callwaiting.followup_record_opt_out($1::uuid, $2::text::jsonb)`,
		org.String(), encode(struct {
			Phone   string `json:"phone"`
			OptIn   bool   `json:"opt_in"`
			Source  string `json:"source"`
			Call    string `json:"call"`
			Message string `json:"message"`
		}{o.Phone, o.Again, o.Source, o.Call, o.Message}))
}

// RecordReply implements [followup.ContactStore].
func (s *Store) RecordReply(ctx context.Context, org tenant.ID, r followup.Reply) (first bool, err error) {
	var d document
	err = s.runner.Run(ctx, sqltx.Scope{Org: org, Writes: true},
		d.query(`select callwaiting.followup_record_reply($1::uuid, $2::text::jsonb)::text`,
			org.String(), encode(struct {
				Phone   string `json:"phone"`
				Message string `json:"message"`
				Kind    string `json:"kind"`
			}{r.Phone, r.Message, string(r.Kind)})))
	return decode(d, err, func(first bool) bool { return first }, nil)
}

// ListReplies implements [followup.ContactStore].
func (s *Store) ListReplies(ctx context.Context, org tenant.ID, limit int) ([]followup.Reply, error) {
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Org: org}, d.query(`
		select coalesce(jsonb_agg(to_jsonb(latest) order by latest.at desc, latest.message), '[]')::text
		from (
			select r.message, r.kind, r.at,
				(select c.phone from callwaiting.contact c where c.org_id = r.org_id and c.id = r.contact_id) as phone
			from callwaiting.reply r
			where r.org_id = $1::uuid
			order by r.at desc, r.message
			limit $2::int
		) latest`, org.String(), max(0, min(limit, maxLimit))))
	return decodeAll(d, err, replyJSON.toReply)
}
