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

// plan plans a message that is due at once.
func plan(t *testing.T, f *pgxstore.FollowUpStore, org tenant.ID, key string) followup.IntentID {
	t.Helper()
	id := followup.NewIntentID(org, key)
	_, err := f.PlanIntents(t.Context(), org, followup.Task{}, []followup.Plan{{
		ID: id, Kind: followup.Confirmation, Phone: "+12025550123", Deadline: time.Now().Add(time.Hour),
	}})
	require.NoError(t, err)
	return id
}

func TestTheBellSaysNothingButThatItRings(t *testing.T) {
	d, org := pgtest.DB(t), tenant.NewID()
	store := open(t, d.App, 2)
	ear, err := pgx.Connect(t.Context(), d.App)
	require.NoError(t, err)
	t.Cleanup(func() { ear.Close(context.Background()) })
	_, err = ear.Exec(t.Context(), `listen callwaiting_task`)
	require.NoError(t, err)

	_, err = store.Claim(t.Context(), org, claimOf(org, "key", day(9, 0)))
	require.NoError(t, err)
	_, err = ear.Exec(t.Context(), `notify callwaiting_task, 'after the booking'`)
	require.NoError(t, err)
	plan(t, store.FollowUps(), org, "a")

	for _, want := range []string{"after the booking", ""} {
		n, err := ear.WaitForNotification(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, n.Payload, "a booking rings no bell: that would make commits wait for each other")
	}
}

func TestOneListensForAllWhoWait(t *testing.T) {
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
			require.NoError(t, <-done, "nobody waits for longer than it takes to look anyway")
		}
	}
	wait()
	first := listeners()
	require.Len(t, first, 1)

	plan(t, f, org, "a")
	wait()
	tasks, err := f.Dequeue(t.Context(), 10, 10, time.Minute, nil)
	require.NoError(t, err)
	require.Len(t, tasks, 1)

	t.Run("a connection that is lost is made again, and missed by nobody", func(t *testing.T) {
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
	t.Run("who gives up waiting says so", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, f.Wait(ctx, time.Hour), context.Canceled)
	})
}

func TestBehindAPoolerNobodyListens(t *testing.T) {
	d := pgtest.DB(t)
	f := open(t, d.PgBouncer(t, 2)+"&default_query_exec_mode=cache_describe", 4).FollowUps()
	require.NoError(t, f.Wait(t.Context(), time.Millisecond))
	var listening int
	require.NoError(t, d.AdminPool(t).QueryRow(t.Context(), `
		select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'`).Scan(&listening))
	require.Zero(t, listening)
}

// A clinic with more than take reads at first does not hide the others.
func TestNoClinicWaitsForANoisyOne(t *testing.T) {
	d := pgtest.DB(t)
	f := open(t, d.App, 2).FollowUps()
	noisy := tenant.NewID()
	d.Exec(t, `insert into callwaiting.task (org_id, kind, id, due_at)
		select '`+noisy.String()+`', 'call', n::text, now() - interval '1 hour' from generate_series(1, 3000) n`)
	quiet := map[tenant.ID]bool{}
	for range 20 {
		org := tenant.NewID()
		quiet[org] = true
		plan(t, f, org, "a")
	}
	tasks, err := f.Dequeue(t.Context(), 64, 32, time.Minute, nil)
	require.NoError(t, err)
	loud := 0
	for _, task := range tasks {
		if delete(quiet, task.Org); task.Org == noisy {
			loud++
		}
	}
	require.Empty(t, quiet, "every clinic got its turn")
	require.Equal(t, 32, loud, "and the noisy one what it may have")

	without, err := f.Dequeue(t.Context(), 64, 32, time.Minute, []tenant.ID{noisy})
	require.NoError(t, err)
	require.Empty(t, without)
}
