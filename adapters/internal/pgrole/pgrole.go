// Package pgrole refuses database roles and schemas that would not keep clinics
// apart. The SQL stores ask it when they are made.
package pgrole

import (
	"errors"
	"fmt"
)

// SchemaVersion is the newest migration that the stores are written for. A
// database that is ahead of it is welcome.
const SchemaVersion = 2

// migrate is the cure of a schema that is missing or old.
const migrate = `: run migrations.Up as the role that migrates`

// A Witness is what the server says of itself and of the role that logged in.
type Witness struct {
	Isolation string // the default of a transaction

	version     int
	user        string
	superuser   bool
	privileged  *string // a role it may become that row-level security does not bind
	schema      bool
	usage       bool
	owned       *string // a table it owns, or may become the owner of
	unprotected *string // a table it can reach that is not kept apart by clinic
	policy      *string // a policy that lets more rows through than ours
}

// Ask asks for the one row that Fields are scanned from.
const Ask = `
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

// Fields is where the columns of Ask go.
func (w *Witness) Fields() []any {
	return []any{&w.version, &w.Isolation, &w.user, &w.superuser, &w.privileged, &w.schema, &w.usage,
		&w.owned, &w.unprotected, &w.policy}
}

// fixed is the first release of each major version without the known ways
// around row-level security, up to CVE-2025-8713.
var fixed = map[int]int{14: 140019, 15: 150014, 16: 160010, 17: 170006}

// Verdict says what is not safe, and the cure; nil if all is well.
func (w *Witness) Verdict() error {
	const become = `: create a login role for the service, "grant callwaiting_app" to it and nothing else, and connect as that`
	switch {
	case w.version < 140000:
		return fmt.Errorf("the server is PostgreSQL %d: use 14 or later", w.version/10000)
	case w.version < fixed[w.version/10000]:
		return fmt.Errorf("the server is PostgreSQL %d.%d, whose row-level security has known holes: update it to %d.%d",
			w.version/10000, w.version%10000, w.version/10000, fixed[w.version/10000]%10000)
	case w.superuser:
		return fmt.Errorf("role %q is a superuser, whom row-level security does not bind%s", w.user, become)
	case w.privileged != nil && *w.privileged == w.user:
		return fmt.Errorf("role %q bypasses row-level security (bypassrls) or can grant itself a role that does (createrole)%s", w.user, become)
	case w.privileged != nil:
		return fmt.Errorf("role %q is a member of %q, which is not bound by row-level security%s", w.user, *w.privileged, become)
	case !w.schema:
		return errors.New("the database has no schema callwaiting" + migrate)
	case w.owned != nil:
		return fmt.Errorf("role %q owns table callwaiting.%s, or is a member of its owner, and could lift its protection%s", w.user, *w.owned, become)
	case !w.usage:
		return fmt.Errorf("role %q has no access to schema callwaiting: grant callwaiting_app to it", w.user)
	case w.unprotected != nil:
		return fmt.Errorf("table callwaiting.%s does not keep clinics apart: as its owner, \"alter table\" it to \"enable\" and \"force row level security\"", *w.unprotected)
	case w.policy != nil:
		return fmt.Errorf("policy %s may let rows of other clinics through: drop it", *w.policy)
	}
	return nil
}

// AskVersion asks for the number that Current judges; an error of the server
// counts as 0.
const AskVersion = `select callwaiting.schema_version()`

// Current says that a schema is too old.
func Current(version int) error {
	if version < SchemaVersion {
		return fmt.Errorf("schema callwaiting is at version %d and this program needs %d%s", version, SchemaVersion, migrate)
	}
	return nil
}
