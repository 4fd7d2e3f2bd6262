package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx", for the migrations

	"github.com/callwaiting-ai/callwaiting"
	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/migrations"
)

// Stores is where an example keeps its state.
type Stores struct {
	Bookings  booking.Store
	FollowUps callwaiting.FollowUpStore
	Kind      string // as shown to a person
	Close     func()
}

// Open returns stores in memory if databaseURL is empty, and else in that
// PostgreSQL database, as the unprivileged role it names. With a migrateURL
// the schema is brought up to date first.
func Open(ctx context.Context, databaseURL, migrateURL string) (*Stores, error) {
	switch {
	case databaseURL == "":
		store := memory.New()
		return &Stores{Bookings: store, FollowUps: store.FollowUps(), Kind: "in memory", Close: func() {}}, nil
	case !strings.HasPrefix(databaseURL, "postgres://") && !strings.HasPrefix(databaseURL, "postgresql://"):
		return nil, errors.New("DATABASE_URL does not start with postgres://: name a PostgreSQL database, or leave it empty to keep state in memory")
	}
	if migrateURL != "" {
		if err := migrate(ctx, migrateURL); err != nil {
			return nil, fmt.Errorf("MIGRATE_DATABASE_URL: %w", err)
		}
	}
	pool, err := pgxstore.Open(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	store, err := pgxstore.New(ctx, pool, pgxstore.Config{})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return &Stores{Bookings: store, FollowUps: store.FollowUps(), Kind: "in PostgreSQL", Close: pool.Close}, nil
}

func migrate(ctx context.Context, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	return migrations.Up(ctx, db)
}
