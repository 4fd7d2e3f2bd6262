package pgxstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// schemaVersion is the newest migration this package is written for. A
// database that is ahead of it is welcome.
const schemaVersion = 1

const readCommitted = "read committed"

// verify asks the server who and what it is, refuses what is not safe, and
// returns the default isolation of a transaction.
func verify(ctx context.Context, pool *pgxpool.Pool) (isolation string, err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return "", unreachable(ctx, err)
	}
	defer conn.Release()
	ping := pool.Config().ShouldPing
	if ping == nil || ping(ctx, pgxpool.ShouldPingParams{Conn: conn.Conn(), IdleDuration: time.Hour}) {
		return "", errors.New("the pool pings idle connections before use, which doubles the round trips of a call: make it with pgxstore.Open, or set ShouldPing to pgxstore.NoPing and PrepareConn to pgxstore.Alive")
	}
	if err := verifyMode(ctx, conn); err != nil {
		return "", err
	}
	w := witness{}
	if err := w.ask(ctx, conn); err != nil {
		return "", err
	}
	return w.isolation, w.verdict(ctx, conn)
}

// verifyMode refuses query modes that need more than one round trip or put
// arguments into the statement's text and, where a pooler may lend each
// transaction another server connection, those that leave something behind on it.
func verifyMode(ctx context.Context, conn *pgxpool.Conn) error {
	mode := conn.Conn().Config().DefaultQueryExecMode
	switch mode {
	case pgx.QueryExecModeDescribeExec, pgx.QueryExecModeSimpleProtocol:
		return fmt.Errorf("the query mode is %q, which is unsafe here: use default_query_exec_mode=cache_statement, or cache_describe behind a pooler", mode)
	case pgx.QueryExecModeCacheStatement:
		// A pooler deals out process ids of its own to those who may want to
		// cancel, so that they are not the server's.
		var pid uint32
		if err := conn.QueryRow(ctx, `select pg_backend_pid()::bigint`, pgx.QueryExecModeExec).Scan(&pid); err != nil {
			return unreachable(ctx, err)
		}
		if pid != conn.Conn().PgConn().PID() {
			return errors.New("there is a pooler between here and the server, and the query mode is \"cache statement\", whose statements another client would find: add default_query_exec_mode=cache_describe to the database URL, or set ConnConfig.DefaultQueryExecMode")
		}
	}
	return nil
}

// A witness is what the server says of itself and of the role that logged in.
type witness struct {
	version     int
	isolation   string
	user        string
	superuser   bool
	privileged  *string // a role it may become that row-level security does not bind
	schema      bool
	usage       bool
	owned       *string // a table it owns, or may become the owner of
	unprotected *string // a table it can reach that is not kept apart by clinic
	policy      *string // a policy that lets more rows through than ours
}

func (w *witness) ask(ctx context.Context, conn *pgxpool.Conn) error {
	// Exec mode: nothing is left behind on the connection.
	err := conn.QueryRow(ctx, `
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
				where p.polpermissive and p.polname <> 'own_org')`,
		pgx.QueryExecModeExec).
		Scan(&w.version, &w.isolation, &w.user, &w.superuser, &w.privileged, &w.schema, &w.usage,
			&w.owned, &w.unprotected, &w.policy)
	if err != nil {
		return unreachable(ctx, err)
	}
	return nil
}

// fixed is the first release of each major version without the known ways
// around row-level security, up to CVE-2025-8713.
var fixed = map[int]int{14: 140019, 15: 150014, 16: 160010, 17: 170006}

func (w *witness) verdict(ctx context.Context, conn *pgxpool.Conn) error {
	const become = `: create a login role for the service, "grant callwaiting_app" to it and nothing else, and connect as that`
	const migrate = `: run migrations.Up as the role that migrates`
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
	var version int
	err := conn.QueryRow(ctx, `select callwaiting.schema_version()`, pgx.QueryExecModeExec).Scan(&version)
	if err != nil && ctx.Err() == nil && !conn.Conn().IsClosed() { // it is not there, or not granted
		version, err = 0, nil
	}
	if err != nil {
		return unreachable(ctx, err)
	}
	if version < schemaVersion {
		return fmt.Errorf("schema callwaiting is at version %d and this program needs %d%s", version, schemaVersion, migrate)
	}
	return nil
}
