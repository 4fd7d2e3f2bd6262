package migrations_test

import (
	"fmt"
	"io/fs"
	"log"

	"github.com/callwaiting-ai/callwaiting/migrations"
)

// The files are for any tool that can read them.
func Example() {
	first, err := fs.Glob(migrations.Postgres, "postgres/0001_*.sql")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(first)
	// Output:
	// [postgres/0001_booking.sql]
}
