package pgxstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Open connects on first use; New connects, and reports a server that is down.
func ExampleOpen() {
	ctx := context.Background()
	pool, err := pgxstore.Open(ctx, "postgres://clinic_service@127.0.0.1:1/clinics")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	_, err = pgxstore.New(ctx, pool, pgxstore.Config{})
	fmt.Println(errors.Is(err, booking.ErrUnavailable))
	// Output:
	// true
}

// A service books into the database. It needs a server, so the example has no
// output.
func ExampleNew() {
	ctx := context.Background()
	pool, err := pgxstore.Open(ctx, "postgres://clinic_service@localhost/clinics")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := pgxstore.New(ctx, pool, pgxstore.Config{LockTimeout: 500 * time.Millisecond})
	if err != nil {
		log.Fatal(err) // names the problem with the role, the schema or the pool, and the fix
	}
	svc, err := booking.New(booking.Config{Store: store, Catalogs: booking.StaticCatalogs{}})
	if err != nil {
		log.Fatal(err)
	}
	org := tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001")
	a, err := svc.Book(ctx, org, booking.Request{
		Key:       "call-1/book",
		Selection: booking.Selection{Service: "consultation", Start: time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC)},
		Contact:   booking.Contact{Phone: "+447700900123"},
	})
	switch {
	case errors.Is(err, booking.ErrConflict):
		fmt.Println("taken")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println(a.ID, a.Status)
	}
}

// Register runs as the role that migrates, here in one transaction for all
// clinics.
func ExampleRegister() {
	ctx := context.Background()
	pool, err := pgxstore.Open(ctx, "postgres://clinic_migrator@localhost/clinics")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	tx, err := pool.Begin(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback(ctx)
	err = pgxstore.Register(ctx, tx, tenant.Registration{
		Org: tenant.Org{
			ID: tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001"), Key: "harley",
			Name: "Harley Street Clinic", Zone: time.UTC, Country: "GB", Locale: "en-GB",
		},
		Secrets:        tenant.Secrets{Current: "the secret of the Vapi account"},
		PhoneNumberIDs: []string{"6f9e2b1c-phone"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		log.Fatal(err)
	}
}

// BookTx makes an appointment and an invoice, both or neither.
func ExampleStore_BookTx() {
	ctx := context.Background()
	pool, err := pgxstore.Open(ctx, "postgres://clinic_service@localhost/clinics")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := pgxstore.New(ctx, pool, pgxstore.Config{})
	if err != nil {
		log.Fatal(err)
	}
	svc, err := booking.New(booking.Config{Store: store, Catalogs: booking.StaticCatalogs{}})
	if err != nil {
		log.Fatal(err)
	}
	tx, err := pool.Begin(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback(ctx)
	org := tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001")
	a, err := store.BookTx(ctx, tx, svc, org, booking.Request{Key: "order-1"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `insert into invoice (appointment) values ($1)`, string(a.ID)); err != nil {
		log.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		log.Fatal(err)
	}
}

// FollowUps has the same contacts and appointments as the store.
func ExampleStore_FollowUps() {
	ctx := context.Background()
	pool, err := pgxstore.Open(ctx, "postgres://clinic_service@localhost/clinics")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := pgxstore.New(ctx, pool, pgxstore.Config{})
	if err != nil {
		log.Fatal(err)
	}
	org := tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001")
	intents, err := store.FollowUps().ListIntents(ctx, org, followup.IntentFilter{State: followup.Planned})
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range intents {
		fmt.Println(i.ID, i.Kind, i.Due)
	}
}

func ExamplePoolConfig() {
	config, err := pgxstore.PoolConfig("postgres://clinic_service@localhost/clinics?default_query_exec_mode=cache_describe")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(config.ConnConfig.DefaultQueryExecMode)
	fmt.Println(config.ConnConfig.RuntimeParams["application_name"])
	fmt.Println(config.ConnConfig.ConnectTimeout)
	// Output:
	// cache describe
	// callwaiting
	// 5s
}
