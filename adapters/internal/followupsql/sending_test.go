package followupsql_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

var org = tenant.MustParseID("7e9f9a52-4a0e-4b0f-9a53-0d0c5f0b8a01")

func TestStore_BeginSending(t *testing.T) {
	t.Parallel()
	t.Run("LockedUntil is half a second after the second decision", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			batch, conn := begin(t, 0)
			require.Equal(t, 500*time.Millisecond, time.Until(batch.LockedUntil))
			batch.Release()
			batch.Release()
			require.Equal(t, 1, conn.closed, "the connection is returned once")
		})
	})
	t.Run("LockedUntil has passed if the process was suspended until the server ended the transaction", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			batch, _ := begin(t, 2*time.Second)
			defer batch.Release()
			require.LessOrEqual(t, time.Until(batch.LockedUntil), time.Duration(0))
		})
	})
	t.Run("a batch that is not released releases itself", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			batch, conn := begin(t, 0)
			time.Sleep(time.Second)
			synctest.Wait()
			require.Equal(t, 1, conn.closed)
			batch.Release()
			require.Equal(t, 1, conn.closed)
		})
	})
}

// begin begins to send one intent. The process is suspended for so long before
// the second decision.
func begin(t *testing.T, suspended time.Duration) (followup.Batch, *conn) {
	timeouts, err := sqltx.NewTimeouts(0, 0)
	require.NoError(t, err)
	c := &conn{id: followup.NewIntentID(org, "test")}
	decisions := 0
	batch, err := followupsql.New(runner{conn: c}, timeouts).BeginSending(t.Context(), org, []followup.IntentID{c.id}, 30*time.Second,
		func(followup.DecisionInput) followup.IntentDecision {
			if decisions++; decisions == 2 {
				time.Sleep(suspended)
			}
			return followup.IntentDecision{Action: followup.Send}
		})
	require.NoError(t, err)
	require.Len(t, batch.Send, 1)
	return batch, c
}

// runner is a Runner with one connection.
type runner struct {
	sqltx.Runner
	conn *conn
}

func (r runner) Conn(context.Context) (sqltx.Conn, error) { return r.conn, nil }

// conn is the connection to a server with one planned intent.
type conn struct {
	id     followup.IntentID
	closed int
}

func (c *conn) Close(context.Context) { c.closed++ }

func (c *conn) Run(_ context.Context, statements ...sqltx.Statement) error {
	for _, st := range statements {
		if st.Read == nil {
			continue
		}
		text := `[]`
		if strings.Contains(st.SQL, "followup_lock_intents") {
			text = fmt.Sprintf(`[{"intent": {"id": %q}}]`, c.id)
		}
		if err := st.Read(&row{text: text}); err != nil {
			return err
		}
	}
	return nil
}

// row is the one row of a result.
type row struct {
	text string
	read bool
}

func (r *row) Next() bool {
	first := !r.read
	r.read = true
	return first
}

func (r *row) Scan(dest ...any) error {
	*dest[0].(**string) = &r.text
	return nil
}

func (r *row) Err() error { return nil }
