package pgxstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// TestStore_Crash kills all processes of the server during claims, which their
// callers repeat until they have a result: no acknowledged claim is lost, no
// time has two owners, and no caller is refused its own slot.
func TestStore_Crash(t *testing.T) {
	const crashes, resultsBetween = 5, 400
	if testing.Short() {
		t.Skip("slow: kills servers")
	}
	c := pgtest.NewCluster(t)
	d := c.DB(t, pgtest.Set("synchronous_commit", "off")) // the store overrides it
	l := newLedger(newOrgs(2))
	store := open(t, d.App, 8)

	ctx, stop := context.WithCancel(t.Context())
	var results, retries atomic.Int64
	var down outage
	var group sync.WaitGroup
	for worker := range 8 {
		caller := l.caller(t, store, worker)
		group.Go(func() {
			for i := 0; ctx.Err() == nil && !t.Failed(); i++ {
				org := l.orgs[i%len(l.orgs)]
				claim := caller.claim(org, int(results.Load()))
				claim.ID = booking.NewID(org, fmt.Sprintf("crash-%d-%d", worker, i))
				claim.HoldFor = 0
				out, again := claimUntilKnown(t, store, org, claim, &down)
				retries.Add(int64(again))
				caller.record(appointmentKey{org, claim.ID}, out)
				results.Add(1)
			}
		})
	}
	for crash := range crashes {
		require.Eventually(t, func() bool { return t.Failed() || results.Load() >= int64(resultsBetween*(crash+1)) },
			5*time.Minute, time.Millisecond)
		c.Kill()
		end := down.begin()
		err := c.Start()
		end()
		require.NoError(t, err)
	}
	stop()
	group.Wait()
	require.False(t, t.Failed())

	c.Kill() // the last acknowledged claims must survive too
	require.NoError(t, c.Start())
	l.check(t, d)
	require.NotZero(t, retries.Load(), "no crash hit a claim")
	t.Logf("%d crashes, %d results after %d retries: %v", crashes+1, results.Load(), retries.Load(), l)
}

// The control of the crash test: a writer that does not wait for the disk loses
// acknowledged rows.
func TestStore_Crash_Control(t *testing.T) {
	if testing.Short() {
		t.Skip("slow: kills servers")
	}
	c := pgtest.NewCluster(t)
	d := c.DB(t, pgtest.Set("synchronous_commit", "off"))
	d.Exec(t, `alter system set wal_writer_delay = '10s'`)
	d.Exec(t, `select pg_reload_conf()`)
	d.Exec(t, `create table note (id int primary key)`)
	d.Exec(t, `checkpoint`)
	pool := d.AdminPool(t, pgtest.Conns(1))

	acknowledged, kept := 0, 0
	for crash := 0; crash < 5 && kept == acknowledged; crash++ {
		for range 20 {
			_, err := pool.Exec(t.Context(), `insert into note values ($1)`, acknowledged)
			require.NoError(t, err)
			acknowledged++
		}
		c.Kill()
		require.NoError(t, c.Start())
		pool.Reset()
		require.NoError(t, pool.QueryRow(t.Context(), `select count(*) from note`).Scan(&kept))
	}
	require.Less(t, kept, acknowledged)
}

// outage makes callers wait while the server is down.
type outage struct {
	mu    sync.Mutex
	ended chan struct{}
}

// begin starts an outage; the function it returns ends it.
func (o *outage) begin() (end func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = make(chan struct{})
	return sync.OnceFunc(func() { close(o.ended) })
}

// wait returns when the server is up.
func (o *outage) wait() {
	o.mu.Lock()
	ended := o.ended
	o.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// claimUntilKnown repeats a claim with the same key until its outcome is known.
func claimUntilKnown(t testing.TB, store booking.Store, org tenant.ID, claim booking.Claim, down *outage) (out booking.Outcome, again int) {
	for ; again < 1000; again++ {
		down.wait()
		out, err := store.Claim(context.Background(), org, claim)
		switch {
		case err == nil:
			return out, again
		case !errors.Is(err, booking.ErrUnavailable) && !errors.Is(err, booking.ErrOutcomeUnknown):
			t.Errorf("claim %v: %v", claim.ID, err)
			return out, again
		}
	}
	t.Errorf("claim %v: no outcome after %d attempts", claim.ID, again)
	return out, again
}

// TestStore_CutConnections drops responses after the commit, and requests before
// the server receives them: a repeated key returns the first outcome.
func TestStore_CutConnections(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	p := d.Proxy(t)
	l := newLedger(newOrgs(2))
	store := open(t, p.URL, 8)
	var trips, responses, requests atomic.Int64
	p.DropResponses(func() bool { return trips.Add(1)%10 == 0 && responses.Add(1) > 0 })
	p.DropRequests(func() bool { return trips.Load()%10 == 5 && requests.Add(1) > 0 })

	var group sync.WaitGroup
	var replays, retries atomic.Int64
	for worker := range 8 {
		caller := l.caller(t, store, worker)
		group.Go(func() {
			for i := 0; i < 150 && !t.Failed(); i++ {
				org := l.orgs[i%len(l.orgs)]
				claim := caller.claim(org, i*8)
				claim.HoldFor = 0
				out, again := claimUntilKnown(t, store, org, claim, new(outage))
				retries.Add(int64(again))
				if out.Replay {
					replays.Add(1)
				}
				caller.record(appointmentKey{org, claim.ID}, out)
			}
		})
	}
	group.Wait()
	require.False(t, t.Failed())
	l.check(t, d)
	require.NotZero(t, replays.Load(), "no cut hit a claim that had won")
	t.Logf("%d responses dropped after the commit, %d requests dropped, %d retries, %d of them replayed: %v",
		responses.Load(), requests.Load(), retries.Load(), replays.Load(), l)
}

// The control of the cut test: callers that retry with a new key own time
// without knowing it, and are refused their own slot.
func TestStore_CutConnections_Control(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	p := d.Proxy(t)
	l := newLedger(newOrgs(1))
	store := open(t, p.URL, 1)
	caller := l.caller(t, store, 0)
	caller.claimOnce(l.orgs[0], caller.claim(l.orgs[0], 0)) // logs in

	claim := caller.claim(l.orgs[0], 100)
	claim.HoldFor = 0
	claim.Needs = [][]booking.Candidate{seats("dr-amara")}
	p.DropResponses(func() bool { return true })
	_, err := store.Claim(t.Context(), l.orgs[0], claim)
	p.DropResponses(nil)
	require.ErrorIs(t, err, booking.ErrOutcomeUnknown)

	fresh := claim
	fresh.ID = booking.NewID(l.orgs[0], "another key")
	out := caller.claimOnce(l.orgs[0], fresh)
	require.True(t, out.Taken, "the caller's own first claim has the slot")
	out = caller.claimOnce(l.orgs[0], claim)
	require.True(t, out.Replay, "the same key returns the first outcome")
}
