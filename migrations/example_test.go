package migrations_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log"
	"os"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"

	"github.com/callwaiting-ai/callwaiting/migrations"
)

// The URL logs in as the role that migrates, not as the service.
func ExampleUp() {
	db, err := sql.Open("pgx", os.Getenv("MIGRATE_DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := migrations.Up(context.Background(), db); err != nil {
		log.Fatal(err)
	}
}

// Any migration tool can read the files.
func Example_files() {
	files, err := fs.Glob(migrations.Postgres, "postgres/*.sql")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(files)
	// Output:
	// [postgres/0001_booking.sql postgres/0002_followup.sql]
}
