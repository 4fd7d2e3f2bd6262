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

// A store on a server that is not there says so at once.
func Example() {
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
