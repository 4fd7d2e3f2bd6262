package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRace_OneWinner(t *testing.T) {
	var out strings.Builder
	require.NoError(t, race(t.Context(), &out, "", ""))
	require.Equal(t, 1, strings.Count(out.String(), "booked"), out.String())
	require.Equal(t, 4, strings.Count(out.String(), "taken   instead:  "), out.String())
}

func TestRace_InvalidDatabase(t *testing.T) {
	err := race(t.Context(), &strings.Builder{}, "mysql://127.0.0.1/x", "")
	require.ErrorContains(t, err, "DATABASE_URL does not start with postgres://")
}
