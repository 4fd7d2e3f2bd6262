package migrations_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/migrations"
)

// The database is brought to this schema, used and attacked in the tests of
// adapters/pgxstore.
func TestEveryFileIsAMigrationThatSaysItsNumber(t *testing.T) {
	files, err := fs.ReadDir(migrations.Postgres, "postgres")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i, f := range files {
		require.True(t, strings.HasPrefix(f.Name(), fmt.Sprintf("%04d_", i+1)), "%s: forward only, without gaps", f.Name())
		text, err := fs.ReadFile(migrations.Postgres, "postgres/"+f.Name())
		require.NoError(t, err)
		require.Contains(t, string(text), "-- +goose Up")
		require.NotContains(t, string(text), "-- +goose Down")
		require.Contains(t, string(text), fmt.Sprintf("callwaiting.schema_version() returns int language sql immutable\n  return %d;", i+1))
	}
}
