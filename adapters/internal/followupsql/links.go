package followupsql

import (
	"context"
	"encoding/base64"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Link implements [followup.LinkStore].
func (s *Store) Link(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	return s.link(ctx, hash, false)
}

// UseLink implements [followup.LinkStore].
func (s *Store) UseLink(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	return s.link(ctx, hash, true)
}

// link resolves the hash to a clinic, enters its scope and reads the link, in
// one transaction. For an unknown hash the scope is that of the zero ID, which
// holds no rows.
func (s *Store) link(ctx context.Context, hash [32]byte, use bool) (tenant.ID, followup.Link, error) {
	arg := base64.StdEncoding.EncodeToString(hash[:])
	enter := sqltx.Statement{
		SQL: `
			select set_config('app.org_id', coalesce(callwaiting.link_owner(decode($1::text, 'base64'))::text, '00000000-0000-0000-0000-000000000000'), true),
				set_config('statement_timeout', $2::text, true)`,
		Args: []any{arg, s.timeouts.Statement},
	}
	var d document
	err := s.runner.Run(ctx, sqltx.Scope{Enter: &enter, Writes: use},
		d.query(`select callwaiting.followup_open_link(decode($1::text, 'base64'), $2::boolean)::text`, arg, use))
	found, err := decode(d, err, func(l linkJSON) ownedLink { return l.toLink(hash) }, followup.ErrNotFound)
	return found.org, found.link, err
}

// RevokeLinks implements [followup.LinkStore].
func (s *Store) RevokeLinks(ctx context.Context, org tenant.ID, phone string) error {
	return s.write(ctx, org, `
		update callwaiting.link l
		set revoked_at = clock_timestamp()
		where l.org_id = $1::uuid
			and l.contact_id = (select c.id from callwaiting.contact c where c.org_id = $1::uuid and c.phone = $2::text)
			and l.revoked_at is null`, org.String(), phone)
}
