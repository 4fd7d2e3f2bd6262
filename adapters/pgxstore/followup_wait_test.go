package pgxstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// plan plans a message that is due now.
func plan(t *testing.T, f *pgxstore.FollowUpStore, org tenant.ID, key string) followup.IntentID {
	t.Helper()
	id := followup.NewIntentID(org, key)
	_, err := f.PlanIntents(t.Context(), org, followup.Task{}, []followup.Plan{{
		ID: id, Kind: followup.Confirmation, Phone: "+12025550123", Deadline: time.Now().Add(time.Hour),
	}})
	require.NoError(t, err)
	return id
}

func TestFollowUpStore_PlanIntents_Notify(t *testing.T) {
	t.Parallel()
	d, org := pgtest.DB(t), tenant.NewID()
	store := open(t, d.App, 2)
	listener, err := pgx.Connect(t.Context(), d.App)
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close(context.Background()) })
	_, err = listener.Exec(t.Context(), `listen callwaiting_task`)
	require.NoError(t, err)

	_, err = store.Claim(t.Context(), org, claimOf(org, "key", day(9, 0)))
	require.NoError(t, err)
	_, err = listener.Exec(t.Context(), `notify callwaiting_task, 'after the booking'`)
	require.NoError(t, err)
	plan(t, store.FollowUps(), org, "a")

	for _, want := range []string{"after the booking", ""} {
		n, err := listener.WaitForNotification(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, n.Payload, "a booking sends no notification: commits would wait for each other")
	}
}

func TestFollowUpStore_Wait(t *testing.T) {
	t.Parallel()
	d, org := pgtest.DB(t), tenant.NewID()
	store := open(t, d.App, 4)
	f := store.FollowUps()
	admin := d.AdminPool(t)
	listeners := func() (pids []int32) {
		rows, err := admin.Query(t.Context(), `
			select pid from pg_stat_activity
			where datname = current_database() and (query ilike 'listen%' or query = '-- ping')`)
		require.NoError(t, err)
		pids, err = pgx.CollectRows(rows, pgx.RowTo[int32])
		require.NoError(t, err)
		return pids
	}
	wait := func() {
		done := make(chan error)
		for range 3 {
			go func() { done <- f.Wait(t.Context(), time.Hour) }()
		}
		for range 3 {
			require.NoError(t, <-done, "Wait returns after the poll interval at the latest")
		}
	}
	wait()
	first := listeners()
	require.Len(t, first, 1, "one connection listens for all calls")

	plan(t, f, org, "a")
	wait()
	tasks, err := f.Dequeue(t.Context(), 10, 10, time.Minute, nil)
	require.NoError(t, err)
	require.Len(t, tasks, 1)

	t.Run("a lost connection is replaced and no task is missed", func(t *testing.T) {
		_, err := admin.Exec(t.Context(), `select pg_terminate_backend($1)`, first[0])
		require.NoError(t, err)
		for again := listeners(); len(again) != 1 || again[0] == first[0]; again = listeners() {
			wait()
		}
		plan(t, f, org, "b")
		wait()
		tasks, err := f.Dequeue(t.Context(), 10, 10, time.Minute, nil)
		require.NoError(t, err)
		require.Len(t, tasks, 1)
	})
	t.Run("the end of the context ends the wait", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, f.Wait(ctx, time.Hour), context.Canceled)
	})
}

func TestFollowUpStore_Wait_PgBouncer(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	f := open(t, d.PgBouncer(t, 2)+"&default_query_exec_mode=cache_describe", 4).FollowUps()
	require.NoError(t, f.Wait(t.Context(), time.Millisecond))
	var listening int
	require.NoError(t, d.AdminPool(t).QueryRow(t.Context(), `
		select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'`).Scan(&listening))
	require.Zero(t, listening)
}

// A clinic with more tasks than dequeue_tasks reads at first does not delay the
// others.
func TestFollowUpStore_Dequeue(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	f := open(t, d.App, 2).FollowUps()
	noisy := tenant.NewID()
	d.Exec(t, `insert into callwaiting.task (org_id, kind, id, due_at)
		select '`+noisy.String()+`', 'call', n::text, now() - interval '1 hour' from generate_series(1, 3000) n`)
	others := map[tenant.ID]bool{}
	for range 20 {
		org := tenant.NewID()
		others[org] = true
		plan(t, f, org, "a")
	}
	tasks, err := f.Dequeue(t.Context(), 64, 32, time.Minute, nil)
	require.NoError(t, err)
	fromNoisy := 0
	for _, task := range tasks {
		if delete(others, task.Org); task.Org == noisy {
			fromNoisy++
		}
	}
	require.Empty(t, others, "every clinic has a task in the result")
	require.Equal(t, 32, fromNoisy, "the noisy clinic has perOrg tasks")

	without, err := f.Dequeue(t.Context(), 64, 32, time.Minute, []tenant.ID{noisy})
	require.NoError(t, err)
	require.Empty(t, without)
}
