// Package pgrole refuses database roles and schemas that would not keep clinics
// apart. The SQL stores check them at construction.
package pgrole

import (
	"errors"
	"fmt"
)

// SchemaVersion is the newest migration that the stores need. A database may be
// ahead of it.
const SchemaVersion = 2

// migrateFix is the fix for a schema that is missing or old.
const migrateFix = `: run migrations.Up as the role that migrates`

// A Report is the server's description of itself and of the role that logged in.
type Report struct {
	Isolation string // the default of a transaction

	version     int
	user        string
	superuser   bool
	privileged  *string // a role that it may become and that row-level security does not bind
	schema      bool
	usage       bool
	owned       *string // a table that it owns, or may become the owner of
	unprotected *string // a table that it can reach without row-level security
	policy      *string // a policy other than those of the migrations
}

// Query returns one row, which is scanned into [Report.Fields].
const Query = `
	with tenant_table as (
		select c.oid, c.relname::text as name, c.relowner, c.relrowsecurity and c.relforcerowsecurity as forced
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid
		where n.nspname = 'callwaiting'
			and c.relkind in ('r', 'p')
			and a.attname = 'org_id'
			and not a.attisdropped
	)
	select current_setting('server_version_num')::int,
		current_setting('default_transaction_isolation'),
		session_user::text,
		(select bool_or(r.rolsuper) from pg_roles r where r.rolname in (current_user, session_user)),
		(select min(r.rolname::text) from pg_roles r
			where (r.rolsuper or r.rolbypassrls or r.rolcreaterole and current_setting('server_version_num')::int < 160000)
			and pg_has_role(session_user, r.oid, 'member')),
		exists (select from pg_namespace n where n.nspname = 'callwaiting'),
		coalesce((select has_schema_privilege(n.oid, 'usage') from pg_namespace n where n.nspname = 'callwaiting'), false),
		(select min(t.name) from tenant_table t where pg_has_role(session_user, t.relowner, 'member')),
		(select min(t.name) from tenant_table t
			where not t.forced
			and (has_table_privilege(t.oid, 'select, insert, update, delete, truncate')
				or has_any_column_privilege(t.oid, 'select, insert, update'))),
		(select min(p.polname || ' on ' || t.name) from pg_policy p join tenant_table t on t.oid = p.polrelid
			where p.polpermissive and p.polname <> 'own_org')`

// Fields returns where the columns of [Query] are scanned.
func (r *Report) Fields() []any {
	return []any{&r.version, &r.Isolation, &r.user, &r.superuser, &r.privileged, &r.schema, &r.usage,
		&r.owned, &r.unprotected, &r.policy}
}

// fixed is the first release of each major version that fixes the known ways
// around row-level security, up to CVE-2025-8713.
var fixed = map[int]int{14: 140019, 15: 150014, 16: 160010, 17: 170006}

// Check returns an error that names the first unsafe fact and its fix.
func (r *Report) Check() error {
	const become = `: create a login role for the service, "grant callwaiting_app" to it and nothing else, and connect as that`
	switch {
	case r.version < 140000:
		return fmt.Errorf("the server is PostgreSQL %d: use 14 or later", r.version/10000)
	case r.version < fixed[r.version/10000]:
		return fmt.Errorf("the server is PostgreSQL %d.%d, whose row-level security has known holes: update it to %d.%d",
			r.version/10000, r.version%10000, r.version/10000, fixed[r.version/10000]%10000)
	case r.superuser:
		return fmt.Errorf("role %q is a superuser, which row-level security does not bind%s", r.user, become)
	case r.privileged != nil && *r.privileged == r.user:
		return fmt.Errorf("role %q bypasses row-level security (bypassrls) or can grant itself a role that does (createrole)%s", r.user, become)
	case r.privileged != nil:
		return fmt.Errorf("role %q is a member of %q, which is not bound by row-level security%s", r.user, *r.privileged, become)
	case !r.schema:
		return errors.New("the database has no schema callwaiting" + migrateFix)
	case r.owned != nil:
		return fmt.Errorf("role %q owns table callwaiting.%s, or is a member of its owner, and could lift its protection%s", r.user, *r.owned, become)
	case !r.usage:
		return fmt.Errorf("role %q has no access to schema callwaiting: grant callwaiting_app to it", r.user)
	case r.unprotected != nil:
		return fmt.Errorf("table callwaiting.%s does not keep clinics apart: as its owner, \"alter table\" it to \"enable\" and \"force row level security\"", *r.unprotected)
	case r.policy != nil:
		return fmt.Errorf("policy %s may let rows of other clinics through: drop it", *r.policy)
	}
	return nil
}

// VersionQuery returns the version for [CheckVersion]; an error of the server
// counts as version 0.
const VersionQuery = `select callwaiting.schema_version()`

// CheckVersion returns an error for a schema that is too old.
func CheckVersion(version int) error {
	if version < SchemaVersion {
		return fmt.Errorf("schema callwaiting is at version %d and this program needs %d%s", version, SchemaVersion, migrateFix)
	}
	return nil
}
