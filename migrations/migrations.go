// Package migrations holds the database schema as plain SQL files with goose
// annotations, for [Up] or for any other tool that reads them. Migrations go
// forward only.
//
// The role that migrates must be a superuser, or may create roles and, in this
// database, schemas. It becomes a member of callwaiting_owner, which owns every
// object in schema callwaiting. The service must log in as another role, with
// the rights of callwaiting_app alone:
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

// Postgres holds the files postgres/NNNN_name.sql, for other migration tools.
//
//go:embed postgres/*.sql
var Postgres embed.FS

// Up migrates a PostgreSQL database to the newest schema. A service may call it
// at every start, and several processes may call it at once: one migrates, the
// others wait. db must connect to the server itself, not through a transaction
// pooler: the lock belongs to a session. Table callwaiting.goose_db_version
// lists the migrations that were applied.
func Up(ctx context.Context, db *sql.DB) error {
	if err := up(ctx, db); err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return nil
}

func up(ctx context.Context, db *sql.DB) error {
	// The schema must exist before goose creates its version table in it. Of
	// two processes that create it at once, one may get unique_violation; the
	// second try then finds the schema.
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
	versions, err := database.NewStore(database.DialectPostgres, "callwaiting.goose_db_version")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // tries for 5 minutes
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider("", db, files,
		goose.WithStore(versions), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
