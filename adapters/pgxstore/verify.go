package pgxstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgrole"
)

const readCommitted = "read committed"

// verify refuses unsafe pools, query modes, roles and schemas, and returns the
// default isolation of a transaction.
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
	return verifyRole(ctx, conn)
}

// verifyMode refuses query modes that need more than one round trip or put
// arguments into the statement's text. Behind a pooler, which may lend each
// transaction another server connection, it refuses modes that leave prepared
// statements on it.
func verifyMode(ctx context.Context, conn *pgxpool.Conn) error {
	mode := conn.Conn().Config().DefaultQueryExecMode
	switch mode {
	case pgx.QueryExecModeDescribeExec, pgx.QueryExecModeSimpleProtocol:
		return fmt.Errorf("the query mode is %q, which is unsafe here: use default_query_exec_mode=cache_statement, or cache_describe behind a pooler", mode)
	case pgx.QueryExecModeCacheStatement:
		// A pooler gives its clients process ids of its own, for cancel
		// requests: they differ from the server's.
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

// verifyRole refuses roles and schemas that do not keep clinics apart. In exec
// mode the queries leave no prepared statement on the connection.
func verifyRole(ctx context.Context, conn *pgxpool.Conn) (isolation string, err error) {
	var report pgrole.Report
	if err := conn.QueryRow(ctx, pgrole.Query, pgx.QueryExecModeExec).Scan(report.Fields()...); err != nil {
		return "", unreachable(ctx, err)
	}
	if err := report.Check(); err != nil {
		return "", err
	}
	var version int
	err = conn.QueryRow(ctx, pgrole.VersionQuery, pgx.QueryExecModeExec).Scan(&version)
	if err != nil && ctx.Err() == nil && !conn.Conn().IsClosed() { // the function is missing or not granted
		version, err = 0, nil
	}
	if err != nil {
		return "", unreachable(ctx, err)
	}
	return report.Isolation, pgrole.CheckVersion(version)
}
