package tenant_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

const harley = "3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001"

func TestNewID_IsARandomUUID(t *testing.T) {
	t.Parallel()
	seen := map[tenant.ID]bool{}
	for range 1000 {
		id := tenant.NewID()
		text := id.String()
		require.False(t, id.IsZero())
		require.False(t, seen[id], "an id came twice")
		require.Equal(t, byte('4'), text[14], "version of %s", text)
		require.Contains(t, "89ab", text[19:20], "variant of %s", text)
		seen[id] = true
	}
}

func TestParseID_AcceptsOneSpelling(t *testing.T) {
	t.Parallel()
	id, err := tenant.ParseID(harley)
	require.NoError(t, err)
	require.Equal(t, harley, id.String())
	for _, text := range []string{
		"",
		"harley",
		strings.ToUpper(harley),
		"3B0c7c1e-52a0-4f4e-9d55-4b8c31a7a001",
		"{" + harley + "}",
		"urn:uuid:" + harley,
		" " + harley,
		harley + " ",
		harley + "\x00",
		harley[:35],
		strings.ReplaceAll(harley, "-", ""),
		"3b0c7c1e52a0-4f4e-9d55--4b8c31a7a001",
		"3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a00g",
		"3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a0é1",
		"+b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001",
		"00000000-0000-0000-0000-000000000000",
	} {
		id, err := tenant.ParseID(text)
		require.ErrorIs(t, err, tenant.ErrBadID, "%q", text)
		require.True(t, id.IsZero(), "%q", text)
	}
	require.Panics(t, func() { tenant.MustParseID("harley") })
}

func FuzzParseID(f *testing.F) {
	f.Add(harley)
	f.Add(strings.ToUpper(harley))
	f.Add("00000000-0000-0000-0000-000000000000")
	f.Add("{" + harley + "}")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := tenant.ParseID(text)
		if err != nil {
			require.True(t, id.IsZero(), "a refused text made an id")
			return
		}
		require.Equal(t, text, id.String(), "an id has two spellings")
		require.False(t, id.IsZero())
		var scanned tenant.ID
		require.NoError(t, scanned.Scan(id.Bytes()))
		require.Equal(t, id, scanned)
	})
}

func TestID_JSON(t *testing.T) {
	t.Parallel()
	type row struct{ Org tenant.ID }
	in := row{tenant.MustParseID(harley)}
	text, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"Org":"`+harley+`"}`, string(text))
	var out row
	require.NoError(t, json.Unmarshal(text, &out))
	require.Equal(t, in, out)

	_, err = json.Marshal(row{})
	require.ErrorIs(t, err, tenant.ErrNoOrg, "the zero ID must not be written")
	for _, text := range []string{`{"Org":""}`, `{"Org":"00000000-0000-0000-0000-000000000000"}`, `{"Org":7}`} {
		require.Error(t, json.Unmarshal([]byte(text), &out), text)
	}
	require.Equal(t, in, out, "a refused text leaves the ID unchanged")
}

func TestID_ValueAndScan(t *testing.T) {
	t.Parallel()
	id := tenant.MustParseID(harley)
	value, err := id.Value()
	require.NoError(t, err)
	b := id.Bytes()
	for _, column := range []any{value, harley, []byte(harley), b[:], b} {
		var got tenant.ID
		require.NoError(t, got.Scan(column), "%T", column)
		require.Equal(t, id, got, "%T", column)
	}
	_, err = tenant.ID{}.Value()
	require.ErrorIs(t, err, tenant.ErrNoOrg, "the zero ID must not be stored")
	for _, column := range []any{nil, "", "harley", []byte(nil), make([]byte, 16), [16]byte{}, 7} {
		var got tenant.ID
		require.Error(t, got.Scan(column), "%T", column)
		require.True(t, got.IsZero(), "%T", column)
	}
}

func TestID_LogValue(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("called", "org", tenant.MustParseID(harley))
	require.Contains(t, out.String(), "org="+harley)
}
