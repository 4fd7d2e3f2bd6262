// Package migrations is the database schema: plain SQL files with goose
// annotations, forward only, for [Up] or any tool that reads them.
//
// Run them as a superuser, or as a role that may create roles and, in this
// database, schemas. That role becomes a member of callwaiting_owner, which
// owns everything in schema callwaiting; the service logs in as another one,
// which is granted callwaiting_app:
//
//	create role clinic_service login password '…';
//	grant callwaiting_app to clinic_service;
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

// Postgres holds the files of postgres/ by name, for other migration tools.
//
//go:embed postgres/*.sql
var Postgres embed.FS

// Up brings a PostgreSQL database to the newest schema. It is safe to call at
// every start, and from several processes at once: one migrates, the others
// wait. db must be connected to the server itself, not through a transaction
// pooler. What was applied is kept in callwaiting.goose_db_version.
func Up(ctx context.Context, db *sql.DB) error {
	if err := up(ctx, db); err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return nil
}

func up(ctx context.Context, db *sql.DB) error {
	// The schema comes before its first migration, which needs a place to be
	// noted in. Two processes may both try: the loser has what it wanted.
	const create = `create schema if not exists callwaiting`
	_, err := db.ExecContext(ctx, create)
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == "23505" { // unique_violation
		_, err = db.ExecContext(ctx, create)
	}
	if err != nil {
		return err
	}
	files, err := fs.Sub(Postgres, "postgres")
	if err != nil {
		return err
	}
	applied, err := database.NewStore(database.DialectPostgres, "callwaiting.goose_db_version")
	if err != nil {
		return err
	}
	turns, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	p, err := goose.NewProvider("", db, files,
		goose.WithStore(applied), goose.WithSessionLocker(turns), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}
