package pgxstore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A service keeps its clinics' appointments in a database.
func Example() {
	ctx := context.Background()
	pool, err := pgxstore.Open(ctx, "postgres://clinic_service@localhost/clinics")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := pgxstore.New(ctx, pool, pgxstore.Config{})
	if err != nil {
		log.Fatal(err) // says what is wrong with the role, the schema or the pool, and what to do
	}
	svc, err := booking.New(booking.Config{Store: store, Catalogs: booking.StaticCatalogs{}})
	if err != nil {
		log.Fatal(err)
	}

	// An appointment and an invoice, both or neither.
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
