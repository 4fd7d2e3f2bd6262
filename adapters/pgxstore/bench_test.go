package pgxstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// The figures below are ratios to a floor that is measured in the same run,
// alternating with the measured code, so that a busy machine slows both: one pgx
// INSERT with its commit, into a table with one unique index.

// BenchmarkFiveCallersOneSlot measures the main case of the library: the time
// until five callers for one slot all have a result, four of them with
// alternatives, in commits.
func BenchmarkFiveCallersOneSlot(b *testing.B) {
	s := newBench(b)
	race, floor := s.pool(5), s.pool(1)
	svc, at := s.service(race)
	s.race(svc, at(), 5) // prepares
	s.analyze()
	var races, commits []time.Duration
	for b.Loop() {
		commits = append(commits, s.commit(floor))
		races = append(races, s.race(svc, at(), 5))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratio(percentile(races, 50), percentile(commits, 50)), "commits-p50")
	b.ReportMetric(ratio(percentile(races, 95), percentile(commits, 50)), "commits-p95")
}

// BenchmarkFiveHundredCallersOneSlot measures the same for five hundred callers
// through sixteen connections, and the ratio to a client that locks, checks and
// inserts in separate round trips.
func BenchmarkFiveHundredCallersOneSlot(b *testing.B) {
	s := newBench(b)
	race, floor := s.pool(16), s.pool(1)
	svc, at := s.service(race)
	s.race(svc, at(), 500) // prepares
	s.analyze()
	var races, commits, plain []time.Duration
	for b.Loop() {
		for range 10 {
			commits = append(commits, s.commit(floor))
			races = append(races, s.race(svc, at(), 500))
		}
		plain = append(plain, s.plain(race, at(), 500))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratio(percentile(races, 50), percentile(commits, 50)), "commits-p50")
	b.ReportMetric(ratio(percentile(races, 95), percentile(commits, 50)), "commits-p95")
	b.ReportMetric(ratio(percentile(plain, 50), percentile(races, 50)), "times-faster")
}

// BenchmarkClaims measures the rate of claims of free slots as a ratio to the
// floor's. A claim has scope, row-level security, constraint, idempotency,
// contact and event.
func BenchmarkClaims(b *testing.B) {
	for _, conns := range []int{1, 16, 64} {
		for _, clinics := range []int{1, 16} {
			b.Run(fmt.Sprintf("connections=%d/clinics=%d", conns, clinics), func(b *testing.B) {
				s := newBench(b)
				pool := s.pool(int32(conns))
				store, err := pgxstore.New(b.Context(), pool, pgxstore.Config{})
				require.NoError(b, err)
				orgs := newOrgs(clinics)
				claims := func(caller int) { s.claims(store, orgs[caller%clinics], caller, 40) }
				inserts := func(int) {
					for range 40 {
						s.insert(pool)
					}
				}
				together(conns, claims) // prepares
				s.analyze()
				var rates []float64
				for b.Loop() {
					before := together(conns, inserts)
					took := together(conns, claims)
					after := together(conns, inserts)
					rates = append(rates, ratio((before+after)/2, took))
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(percentile(rates, 50), "of-floor-rate")
			})
		}
	}
}

// bench is a migrated database with the floor's table in it.
type bench struct {
	testing.TB
	db    *pgtest.Database
	count atomic.Int64
}

func newBench(b *testing.B) *bench {
	b.Helper()
	d := pgtest.DB(b)
	d.Exec(b, `
		create schema floor;
		create table floor.row (id text primary key, resource text not null, at timestamptz not null);
		grant usage on schema floor to public;
		grant insert on floor.row to public`)
	return &bench{TB: b, db: d}
}

// pool returns a pool of conns connections, which are open and warm.
func (b *bench) pool(conns int32) *pgxpool.Pool {
	b.Helper()
	config, err := pgxstore.PoolConfig(b.db.App)
	require.NoError(b, err)
	config.MaxConns = conns
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	held := make([]*pgxpool.Conn, conns)
	for i := range held {
		held[i], err = pool.Acquire(b.Context())
		require.NoError(b, err)
	}
	for _, conn := range held {
		conn.Release()
	}
	together(int(conns), func(int) { b.insert(pool) })
	return pool
}

// analyze collects statistics, as autovacuum does in a database's first minute.
func (b *bench) analyze() { b.db.Exec(b, `analyze`) }

// insert is the floor.
func (b *bench) insert(pool *pgxpool.Pool) {
	_, err := pool.Exec(context.Background(), `insert into floor.row values ($1, 'dr-amara', $2)`,
		fmt.Sprintf("%032x", b.count.Add(1)*0x9E3779B97F4A7C1), time.Now())
	if err != nil {
		b.Error(err)
	}
}

// commit returns the median time of three inserts.
func (b *bench) commit(pool *pgxpool.Pool) time.Duration {
	var times []time.Duration
	for range 3 {
		start := time.Now()
		b.insert(pool)
		times = append(times, time.Since(start))
	}
	return percentile(times, 50)
}

// slot is the slot of one race.
type slot struct {
	org   tenant.ID
	start time.Time
}

// service returns a service, and a function that returns a free slot: one a day.
func (b *bench) service(pool *pgxpool.Pool) (*booking.Service, func() slot) {
	b.Helper()
	store, err := pgxstore.New(b.Context(), pool, pgxstore.Config{})
	require.NoError(b, err)
	var hours schedule.Hours
	for day := range hours.Week {
		hours.Week[day] = []schedule.Window{{From: 9 * 60, To: 17 * 60}}
	}
	cat, err := booking.NewCatalog(booking.CatalogConfig{
		Zone:      time.UTC,
		Hours:     hours,
		Resources: []booking.Resource{{ID: "dr-amara", Name: "Dr Amara"}},
		Services: []booking.ServiceType{{
			ID: "consultation", Name: "Consultation", Duration: 30 * time.Minute, Needs: []booking.Need{{"dr-amara"}},
		}},
		Window: 2 * 365 * 24 * time.Hour,
	})
	require.NoError(b, err)
	catalogs := booking.StaticCatalogs{}
	orgs := newOrgs(200)
	for _, org := range orgs {
		catalogs[org] = cat
	}
	svc, err := booking.New(booking.Config{Store: store, Catalogs: catalogs})
	require.NoError(b, err)
	tomorrow := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	var day int
	return svc, func() slot {
		day++
		const days = 600
		return slot{orgs[day/days%len(orgs)], tomorrow.AddDate(0, 0, day%days).Add(10 * time.Hour)}
	}
}

// race returns the time until all callers for one slot have a result.
func (b *bench) race(svc *booking.Service, at slot, callers int) time.Duration {
	var won atomic.Int64
	took := together(callers, func(caller int) {
		_, err := svc.Book(context.Background(), at.org, booking.Request{
			Key:       fmt.Sprintf("%d/%d", at.start.Unix(), caller),
			Selection: booking.Selection{Service: "consultation", Start: at.start},
			Contact:   booking.Contact{Phone: phone(caller)},
		})
		var conflict *booking.ConflictError
		switch {
		case err == nil:
			won.Add(1)
		case !errors.As(err, &conflict):
			b.Error(err)
		case len(conflict.Alternatives) == 0:
			b.Error("a conflict without alternatives")
		}
	})
	if won.Load() != 1 {
		b.Errorf("%d winners", won.Load())
	}
	return took
}

// plain returns the time of the same race without this library: each caller
// begins, locks, checks, and inserts or stops, in a round trip each.
func (b *bench) plain(pool *pgxpool.Pool, at slot, callers int) time.Duration {
	return together(callers, func(caller int) {
		ctx := context.Background()
		tx, err := pool.Begin(ctx)
		if err != nil {
			b.Error(err)
			return
		}
		defer tx.Rollback(ctx)
		if _, err := tx.Exec(ctx, `select set_config('app.org_id', $1, true)`, at.org.String()); err != nil {
			b.Error(err)
			return
		}
		if err := lockCheckInsert(ctx, tx, at.org, at.start, caller); err != nil {
			b.Error(err)
			return
		}
		if err := tx.Commit(ctx); err != nil {
			b.Error(err)
		}
	})
}

// claims makes n claims of free slots, one after the other.
func (b *bench) claims(store *pgxstore.Store, org tenant.ID, caller, n int) {
	resource := booking.ResourceID(fmt.Sprintf("dr-%d", caller))
	for range n {
		k := b.count.Add(1)
		start := time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC).Add(time.Duration(k) * time.Hour)
		out, err := store.Claim(context.Background(), org, booking.Claim{
			ID: booking.NewID(org, fmt.Sprint(k)), Digest: "digest", Service: "consultation",
			Start: start, End: start.Add(30 * time.Minute), Zone: "UTC",
			Occupied: schedule.Span{Start: start.Unix(), End: start.Unix() + 1800},
			Needs:    [][]booking.Candidate{{{Resource: resource, Capacity: 1}}},
			Contact:  booking.Contact{Phone: phone(caller)},
			Actor:    "bench", BusyFrom: start, BusyTo: start.Add(24 * time.Hour),
		})
		if err != nil || out.Taken {
			b.Errorf("claim %d: taken %v, %v", k, out.Taken, err)
			return
		}
	}
}

// together runs callers at the same time and returns the time until all have
// ended.
func together(callers int, call func(caller int)) time.Duration {
	var ready, group sync.WaitGroup
	ready.Add(callers)
	begin := make(chan struct{})
	for caller := range callers {
		group.Go(func() {
			ready.Done()
			<-begin
			call(caller)
		})
	}
	ready.Wait()
	start := time.Now()
	close(begin)
	group.Wait()
	return time.Since(start)
}

func percentile[T ~int64 | ~float64](values []T, p int) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
