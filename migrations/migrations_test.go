package migrations_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/migrations"
)

// TestPostgres reads the files. The tests of adapters/pgxstore run them, and
// use and attack the schema.
func TestPostgres(t *testing.T) {
	t.Parallel()
	entries, err := fs.ReadDir(migrations.Postgres, "postgres")
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	files := make([]string, len(entries))
	for i, entry := range entries {
		text, err := fs.ReadFile(migrations.Postgres, "postgres/"+entry.Name())
		require.NoError(t, err)
		files[i] = string(text)
	}

	t.Run("files are numbered without gaps", func(t *testing.T) {
		for i, entry := range entries {
			require.True(t, strings.HasPrefix(entry.Name(), fmt.Sprintf("%04d_", i+1)), entry.Name())
		}
	})
	t.Run("files go forward only", func(t *testing.T) {
		for _, text := range files {
			require.Contains(t, text, "-- +goose Up")
			require.NotContains(t, text, "-- +goose Down")
		}
	})
	t.Run("schema_version returns the number of the newest file", func(t *testing.T) {
		for i, text := range files {
			require.Contains(t, text, fmt.Sprintf("callwaiting.schema_version() returns int language sql immutable\n  return %d;", i+1))
		}
	})
	t.Run("every function but schema_version is defined once", func(t *testing.T) {
		create := regexp.MustCompile(`(?m)^create (?:or replace )?function callwaiting\.(\w+)\(`)
		defined := map[string]bool{"schema_version": false}
		for _, function := range create.FindAllStringSubmatch(strings.Join(files, "\n"), -1) {
			name := function[1]
			require.False(t, defined[name], name)
			defined[name] = name != "schema_version"
		}
		require.Greater(t, len(defined), 30, "the pattern finds the functions")
	})
}
