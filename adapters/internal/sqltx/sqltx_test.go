package sqltx_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func TestAttempts_Again(t *testing.T) {
	t.Parallel()
	fail := func(a sqltx.Action) error {
		return fmt.Errorf("store: %w", &sqltx.Error{Action: a, Err: errors.New("failed")})
	}
	for name, tt := range map[string]struct {
		once   bool
		errors []error
		want   []bool
	}{
		"a transaction that the server rolls back runs three times": {
			errors: []error{fail(sqltx.Retry), fail(sqltx.Retry), fail(sqltx.Retry)},
			want:   []bool{true, true, false},
		},
		"with Once it runs one time": {
			once: true, errors: []error{fail(sqltx.Retry)}, want: []bool{false},
		},
		"an unsent transaction is resent once, with Once too": {
			once: true, errors: []error{fail(sqltx.Resend), fail(sqltx.Resend)}, want: []bool{true, false},
		},
		"an explicit begin is tried once": {
			errors: []error{fail(sqltx.BeginExplicit), fail(sqltx.BeginExplicit)}, want: []bool{true, false},
		},
		"an attempt counts, whatever its error": {
			errors: []error{fail(sqltx.Resend), fail(sqltx.Retry), fail(sqltx.Retry)},
			want:   []bool{true, true, false},
		},
		"other errors end the attempts": {
			errors: []error{fail(sqltx.GiveUp), errors.New("unclassified")}, want: []bool{false, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			attempts := sqltx.Attempts{Once: tt.once}
			for i, err := range tt.errors {
				require.Equal(t, tt.want[i], attempts.Again(t.Context(), err), "attempt %d", i+1)
			}
		})
	}
	t.Run("the end of the context ends the attempts", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var attempts sqltx.Attempts
		require.False(t, attempts.Again(ctx, fail(sqltx.Retry)))
	})
}

func TestNewTimeouts(t *testing.T) {
	t.Parallel()
	got, err := sqltx.NewTimeouts(0, 0)
	require.NoError(t, err)
	require.Equal(t, sqltx.Timeouts{Lock: "1000", Statement: "3000"}, got)
	_, err = sqltx.NewTimeouts(time.Microsecond, 0)
	require.ErrorContains(t, err, "Config.LockTimeout")
	_, err = sqltx.NewTimeouts(2*time.Second, time.Second)
	require.ErrorContains(t, err, "Config.StatementTimeout")
}

func TestTimeouts_Enter(t *testing.T) {
	t.Parallel()
	timeouts := sqltx.Timeouts{Lock: "1000", Statement: "3000"}
	org := tenant.NewID()
	t.Run("the zero clinic is an error", func(t *testing.T) {
		_, err := timeouts.Enter(sqltx.Scope{})
		require.ErrorIs(t, err, tenant.ErrNoOrg)
	})
	t.Run("a read sets no lock timeout and no durability", func(t *testing.T) {
		s, err := timeouts.Enter(sqltx.Scope{Org: org})
		require.NoError(t, err)
		require.Equal(t, []any{org.String(), "3000"}, s.Args)
		require.NotContains(t, s.SQL, "synchronous_commit")
	})
	t.Run("a change waits for the disk", func(t *testing.T) {
		s, err := timeouts.Enter(sqltx.Scope{Org: org, Writes: true})
		require.NoError(t, err)
		require.Equal(t, []any{org.String(), "1000", "3000"}, s.Args)
		require.Contains(t, s.SQL, "synchronous_commit")
	})
	t.Run("Enter replaces the scope of a clinic", func(t *testing.T) {
		enter := sqltx.Statement{SQL: `select 1`}
		s, err := timeouts.Enter(sqltx.Scope{Enter: &enter})
		require.NoError(t, err)
		require.Equal(t, "select 1", s.SQL)
	})
}
