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

// TestCrashes kills the server, processes and all, in the middle of claims
// whose callers insist on an answer: nothing acknowledged is lost, nothing is
// owned twice, and nobody is told that what is theirs is somebody else's.
func TestCrashes(t *testing.T) {
	const crashes, answersBetween = 5, 400
	if testing.Short() {
		t.Skip("it takes a while")
	}
	c := pgtest.NewCluster(t)
	d := c.DB(t, pgtest.Set("synchronous_commit", "off")) // the store knows better
	l := newLedger(newOrgs(2))
	store := open(t, d.App, 8)

	ctx, stop := context.WithCancel(t.Context())
	var answers, retries atomic.Int64
	var up outage
	var group sync.WaitGroup
	for worker := range 8 {
		caller := l.caller(t, store, worker)
		group.Go(func() {
			for i := 0; ctx.Err() == nil && !t.Failed(); i++ {
				org := l.orgs[i%len(l.orgs)]
				claim := caller.claim(org, int(answers.Load()))
				claim.ID = booking.NewID(org, fmt.Sprintf("crash-%d-%d", worker, i))
				claim.HoldFor = 0
				out, again := insist(t, store, org, claim, &up)
				retries.Add(int64(again))
				caller.note(owner{org, claim.ID}, out)
				answers.Add(1)
			}
		})
	}
	for crash := range crashes {
		require.Eventually(t, func() bool { return t.Failed() || answers.Load() >= int64(answersBetween*(crash+1)) },
			5*time.Minute, time.Millisecond)
		c.Kill()
		over := up.begin()
		err := c.Start()
		over()
		require.NoError(t, err)
	}
	stop()
	group.Wait()
	require.False(t, t.Failed())

	c.Kill() // what was acknowledged last counts as well
	require.NoError(t, c.Start())
	l.check(t, d)
	require.NotZero(t, retries.Load(), "no crash met a claim")
	t.Logf("%d crashes, %d answers after %d retries: %v", crashes+1, answers.Load(), retries.Load(), l)
}

// The crashes are worth what they notice: a writer that does not wait for the
// disk loses what was acknowledged.
func TestCrashesNoticeWhatWasNotOnDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a while")
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

// outage is what callers wait for before they try again.
type outage struct {
	mu   sync.Mutex
	over chan struct{}
}

// begin starts an outage; the function it returns ends it.
func (o *outage) begin() (over func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = make(chan struct{})
	return sync.OnceFunc(func() { close(o.over) })
}

// wait waits until no outage is on.
func (o *outage) wait() {
	o.mu.Lock()
	over := o.over
	o.mu.Unlock()
	if over != nil {
		<-over
	}
}

// insist repeats a claim with the same key until it has an answer.
func insist(t testing.TB, store booking.Store, org tenant.ID, claim booking.Claim, up *outage) (out booking.Outcome, again int) {
	for ; again < 1000; again++ {
		up.wait()
		out, err := store.Claim(context.Background(), org, claim)
		switch {
		case err == nil:
			return out, again
		case !errors.Is(err, booking.ErrUnavailable) && !errors.Is(err, booking.ErrOutcomeUnknown):
			t.Errorf("claim %v: %v", claim.ID, err)
			return out, again
		}
	}
	t.Errorf("claim %v: no answer after %d attempts", claim.ID, again)
	return out, again
}

// TestCutConnections drops answers after the server has committed them, and
// requests before it has seen them: the repeated key gets the first answer.
func TestCutConnections(t *testing.T) {
	d := pgtest.DB(t)
	p := d.Proxy(t)
	l := newLedger(newOrgs(2))
	store := open(t, p.URL, 8)
	var asked, dropped, lost atomic.Int64
	p.DropResponses(func() bool { return asked.Add(1)%10 == 0 && dropped.Add(1) > 0 })
	p.DropRequests(func() bool { return asked.Load()%10 == 5 && lost.Add(1) > 0 })

	var group sync.WaitGroup
	var replays, retries atomic.Int64
	for worker := range 8 {
		caller := l.caller(t, store, worker)
		group.Go(func() {
			for i := 0; i < 150 && !t.Failed(); i++ {
				org := l.orgs[i%len(l.orgs)]
				claim := caller.claim(org, i*8)
				claim.HoldFor = 0
				out, again := insist(t, store, org, claim, new(outage))
				retries.Add(int64(again))
				if out.Replay {
					replays.Add(1)
				}
				caller.note(owner{org, claim.ID}, out)
			}
		})
	}
	group.Wait()
	require.False(t, t.Failed())
	l.check(t, d)
	require.NotZero(t, replays.Load(), "no cut met a claim that had won")
	t.Logf("%d answers dropped after commit, %d requests lost, %d retries, %d of them replayed: %v",
		dropped.Load(), lost.Load(), retries.Load(), replays.Load(), l)
}

// The tests above are worth what they notice: callers who retry with a fresh
// key each time own time that they were never told of, and are told that
// their own slot is taken.
func TestCutsNoticeCallersWithoutKeys(t *testing.T) {
	d := pgtest.DB(t)
	p := d.Proxy(t)
	l := newLedger(newOrgs(1))
	store := open(t, p.URL, 1)
	caller := l.caller(t, store, 0)
	caller.ask(l.orgs[0], caller.claim(l.orgs[0], 0)) // logs in

	claim := caller.claim(l.orgs[0], 100)
	claim.HoldFor = 0
	claim.Needs = [][]booking.Candidate{seats("dr-amara")}
	p.DropResponses(func() bool { return true })
	_, err := store.Claim(t.Context(), l.orgs[0], claim)
	p.DropResponses(nil)
	require.ErrorIs(t, err, booking.ErrOutcomeUnknown)

	fresh := claim
	fresh.ID = booking.NewID(l.orgs[0], "another key")
	out := caller.ask(l.orgs[0], fresh)
	require.True(t, out.Taken, "the caller's own slot, by its own forgotten claim")
	out = caller.ask(l.orgs[0], claim)
	require.True(t, out.Replay, "the same key is told the truth")
}
