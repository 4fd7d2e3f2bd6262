package sqlxstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/jmoiron/sqlx"

	"github.com/callwaiting-ai/callwaiting/adapters/sqlxstore"
	"github.com/callwaiting-ai/callwaiting/followup"
)

// New connects, and reports a server that is down.
func ExampleNew() {
	db, err := sqlx.Open("pgx", "postgres://clinic_app@127.0.0.1:1/clinic?connect_timeout=1")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	_, err = sqlxstore.New(context.Background(), db, sqlxstore.Config{})
	fmt.Println(errors.Is(err, followup.ErrUnavailable))
	// Output:
	// true
}

// A worker takes messages from the store. It needs a server and a carrier, so
// the example has no output.
func ExampleFollowUpStore() {
	ctx := context.Background()
	db, err := sqlx.Open("pgx", "postgres://clinic_app@localhost/clinic")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store, err := sqlxstore.New(ctx, db, sqlxstore.Config{})
	if err != nil {
		log.Fatal(err) // names the problem with the role or the schema, and the fix
	}
	service, err := followup.New(followup.Config{Store: store, Settings: followup.StaticSettings{}})
	if err != nil {
		log.Fatal(err)
	}
	var sender followup.Sender // such as that of package twiliosms
	worker, err := followup.NewWorker(followup.WorkerConfig{Service: service, Queue: store, Sender: sender})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(worker.Run(ctx))
}
