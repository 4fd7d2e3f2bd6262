package demo

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx", for the migrations

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/migrations"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Voice is one of Cartesia's public English voices.
const Voice = "a0e99841-438c-4a64-b679-ae501e7d6091"

// Secret is the secret of the demo clinics where no other is given. It proves
// nothing: everybody can read it here.
const Secret = "demo-secret"

// Texts keeps what is to be texted.
type Texts interface {
	followup.Store
	followup.Queue
	followup.LinkStore
}

// Stores is where an example keeps its state.
type Stores struct {
	Booking   booking.Store
	Texts     Texts
	Directory tenant.Directory
	Kind      string // as shown to a person
	Close     func()
}

// Open returns stores in memory if databaseURL is empty, and else in that
// PostgreSQL database, as the unprivileged role it names. With a migrateURL
// the schema is brought up to date and the clinics are registered first.
func Open(ctx context.Context, databaseURL, migrateURL, secret string, clinics []Clinic) (*Stores, error) {
	switch {
	case databaseURL == "":
		return inMemory(secret, clinics)
	case !strings.HasPrefix(databaseURL, "postgres://") && !strings.HasPrefix(databaseURL, "postgresql://"):
		return nil, fmt.Errorf("DATABASE_URL does not start with postgres://: name a PostgreSQL database, or leave it empty to keep state in memory")
	}
	if migrateURL != "" {
		if err := migrate(ctx, migrateURL, secret, clinics); err != nil {
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
	return &Stores{Booking: store, Texts: store.FollowUps(), Directory: store, Kind: "in PostgreSQL", Close: pool.Close}, nil
}

func inMemory(secret string, clinics []Clinic) (*Stores, error) {
	var known []tenant.Registration
	for _, c := range clinics {
		known = append(known, tenant.Registration{Org: c.Org, Secrets: tenant.Secrets{Current: secret}})
	}
	directory, err := memory.NewDirectory(known...)
	if err != nil {
		return nil, err
	}
	store := memory.New()
	return &Stores{Booking: store, Texts: store.FollowUps(), Directory: directory, Kind: "in memory", Close: func() {}}, nil
}

func migrate(ctx context.Context, url, secret string, clinics []Clinic) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := migrations.Up(ctx, db); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, c := range clinics {
		if err := pgxstore.Register(ctx, conn, tenant.Registration{Org: c.Org, Secrets: tenant.Secrets{Current: secret}}); err != nil {
			return err
		}
	}
	return nil
}
