package pgxstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// TestStore_RacedClaims runs 20,000 claims of sixteen concurrent callers for the
// next hour of three clinics: starts a few minutes apart, rooms and
// practitioners in opposite order, seats, holds that expire, moves, cancels and
// retries. CLAIMS sets the number; make race-million runs a million.
func TestStore_RacedClaims(t *testing.T) {
	claims := 20_000
	if testing.Short() {
		claims = 1_000
	}
	if text := os.Getenv("CLAIMS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "CLAIMS")
		claims = n
	}
	l := race(t, pgtest.DB(t), claims)
	require.NotZero(t, l.expired.Load(), "the race has holds that expire")
	require.Greater(t, l.taken.Load(), int64(claims/10), "the race has losers")
	require.Greater(t, l.won.Load(), int64(claims/10), "the race has winners")
}

// The store sets the isolation itself.
func TestStore_RacedClaims_DefaultIsolation(t *testing.T) {
	for _, isolation := range []string{"repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			race(t, pgtest.DB(t, pgtest.Set("default_transaction_isolation", isolation)), 1_000)
		})
	}
}

// A hold that expires during its own move or confirmation has moved, is
// confirmed or has expired; no other result occurs.
func TestStore_ExpiringHolds(t *testing.T) {
	d := pgtest.DB(t)
	l := newLedger(newOrgs(1))
	store := open(t, d.App, 2)
	var group sync.WaitGroup
	for worker := range 2 {
		c := l.caller(t, store, worker)
		group.Go(func() {
			for i := 0; i < 500 && !t.Failed(); i++ {
				claim := c.claim(l.orgs[0], i*48)
				claim.HoldFor = time.Duration(1+c.rand.IntN(6_000)) * time.Microsecond
				key := appointmentKey{l.orgs[0], claim.ID}
				out := c.claimOnce(key.org, claim)
				c.record(key, out)
				switch {
				case out.Taken:
				case i%4 == 0:
					c.confirm(key)
				default:
					c.move(key, i*48)
				}
			}
		})
	}
	group.Wait()
	require.False(t, t.Failed())
	l.check(t, d)
	require.NotZero(t, l.expired.Load())
	require.NotZero(t, l.moved.Load())
}

// race runs claims through two stores and checks their results.
func race(t *testing.T, d *pgtest.Database, claims int) *ledger {
	t.Helper()
	stores := []booking.Store{open(t, d.App, 8), open(t, d.App, 8)}
	l := newLedger(newOrgs(3))
	var next atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for worker := range 16 {
		c := l.caller(t, stores[worker%len(stores)], worker)
		group.Go(func() {
			for i := next.Add(1); i <= int64(claims) && !t.Failed(); i = next.Add(1) {
				c.step(int(i))
				if i%100_000 == 0 {
					t.Logf("%d claims after %v: %v", i, time.Since(start).Round(time.Second), l)
				}
			}
		})
	}
	group.Wait()
	require.False(t, t.Failed())
	l.check(t, d)
	t.Logf("%d raced claims in %v: %v; 0 double bookings", claims, time.Since(start).Round(time.Second), l)
	return l
}

// open returns a store with a pool of its own, as in a process of its own.
func open(t testing.TB, databaseURL string, conns int32) *pgxstore.Store {
	t.Helper()
	config, err := pgxstore.PoolConfig(databaseURL)
	require.NoError(t, err)
	config.MaxConns = conns
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s, err := pgxstore.New(t.Context(), pool, pgxstore.Config{})
	require.NoError(t, err)
	return s
}

func newOrgs(n int) (orgs []tenant.ID) {
	for range n {
		orgs = append(orgs, tenant.NewID())
	}
	return orgs
}

// ledger holds all results that callers received; check compares them with the
// database.
type ledger struct {
	orgs []tenant.ID
	seed uint64

	mu    sync.Mutex
	owned map[appointmentKey]booking.Appointment // as last returned
	lost  map[appointmentKey]bool                // claims that were Taken

	won, taken, retried, moved, cancelled, confirmed, expired atomic.Int64
}

type appointmentKey struct {
	org tenant.ID
	id  booking.ID
}

func newLedger(orgs []tenant.ID) *ledger {
	return &ledger{orgs: orgs, seed: rand.Uint64(), owned: map[appointmentKey]booking.Appointment{}, lost: map[appointmentKey]bool{}}
}

func (l *ledger) String() string {
	return fmt.Sprintf("%d won, %d taken, %d retried, %d moved, %d cancelled, %d holds confirmed, %d expired (seed %d)",
		l.won.Load(), l.taken.Load(), l.retried.Load(), l.moved.Load(), l.cancelled.Load(), l.confirmed.Load(), l.expired.Load(), l.seed)
}

func (l *ledger) addOwned(key appointmentKey, a booking.Appointment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owned[key] = a
}

func (l *ledger) addLost(key appointmentKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[key] = true
}

// caller is one participant of a race. It changes its own appointments only.
type caller struct {
	*ledger
	t     testing.TB
	store booking.Store
	name  int
	rand  *rand.Rand
	own   []appointmentKey
}

func (l *ledger) caller(t testing.TB, store booking.Store, name int) *caller {
	return &caller{ledger: l, t: t, store: store, name: name, rand: rand.New(rand.NewPCG(l.seed, uint64(name)))}
}

// step makes one claim, and sometimes changes another appointment.
func (c *caller) step(i int) {
	org := c.orgs[c.rand.IntN(len(c.orgs))]
	claim := c.claim(org, i)
	key := appointmentKey{org, claim.ID}
	switch c.rand.IntN(10) {
	case 0: // a retry overtakes its own first attempt
		var group sync.WaitGroup
		outcomes := make([]booking.Outcome, 2)
		for n := range outcomes {
			group.Go(func() { outcomes[n] = c.claimOnce(org, claim) })
		}
		group.Wait()
		if !outcomes[0].Taken && !outcomes[1].Taken && outcomes[0].Replay == outcomes[1].Replay {
			c.t.Errorf("%v: one key and two first outcomes, or none", claim.ID)
		}
		won := outcomes[0]
		if won.Taken || won.Replay {
			won = outcomes[1]
		}
		c.retried.Add(1)
		c.record(key, won)
	default:
		c.record(key, c.claimOnce(org, claim))
	}
	if len(c.own) == 0 {
		return
	}
	switch key := c.own[c.rand.IntN(len(c.own))]; c.rand.IntN(10) {
	case 0, 1:
		c.move(key, i)
	case 2, 3:
		c.cancel(key)
	case 4, 5, 6:
		c.confirm(key)
	}
	if len(c.own) > 20 { // older ones stay unchanged
		c.own = c.own[10:]
	}
}

// claim returns the i-th claim: a random time and random resources in the hour
// of all claims near it.
func (c *caller) claim(org tenant.ID, i int) booking.Claim {
	claim := booking.Claim{
		ID:      booking.NewID(org, fmt.Sprintf("race-%d-%d", c.name, i)),
		Digest:  "digest",
		Service: "consultation",
		Zone:    "Europe/London",
		Contact: booking.Contact{Phone: phone(c.rand.IntN(100))},
		Call:    fmt.Sprintf("call-%d", i),
		Actor:   "test",
	}
	if c.rand.IntN(3) == 0 {
		claim.HoldFor = 20 * time.Millisecond
		if c.rand.IntN(2) == 0 {
			claim.HoldFor = time.Minute
		}
	}
	claim.Start, claim.End, claim.Occupied, claim.Needs = c.slot(i)
	claim.BusyFrom, claim.BusyTo = claim.Start.Add(-time.Hour), claim.End.Add(time.Hour)
	return claim
}

// phone returns one of the hundred fictitious numbers of an area code.
func phone(caller int) string { return fmt.Sprintf("+1202555%04d", 100+caller%100) }

// seats returns a need that each of the resources can meet. A resource has the
// same capacity in all clinics.
func seats(resources ...booking.ResourceID) (need []booking.Candidate) {
	for _, r := range resources {
		capacity := 1
		if r == "laser" {
			capacity = 3
		}
		need = append(need, booking.Candidate{Resource: r, Capacity: capacity})
	}
	return need
}

func (c *caller) slot(i int) (start, end time.Time, occupied schedule.Span, needs [][]booking.Candidate) {
	hour := time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC).Add(time.Duration(i/48) * time.Hour)
	start = hour.Add(time.Duration(c.rand.IntN(12)) * 5 * time.Minute)
	end = start.Add([]time.Duration{20, 30, 60}[c.rand.IntN(3)] * time.Minute)
	occupied = schedule.Span{Start: start.Unix(), End: end.Unix() + 600*int64(c.rand.IntN(2))}
	doctors := []booking.ResourceID{"dr-amara", "dr-bello", "dr-chen"}
	rooms := []booking.ResourceID{"room-1", "room-2"}
	doctor, room := doctors[c.rand.IntN(len(doctors))], rooms[c.rand.IntN(len(rooms))]
	return start, end, occupied, [][][]booking.Candidate{
		{seats(doctor)},
		{seats(doctors...)},
		{seats(doctor), seats(room)},
		{seats(room), seats(doctor)},
		{seats("laser")},
		{seats("laser"), seats(rooms...), seats(doctors...)},
	}[c.rand.IntN(6)]
}

func (c *caller) claimOnce(org tenant.ID, claim booking.Claim) booking.Outcome {
	out, err := c.store.Claim(context.Background(), org, claim)
	if err != nil {
		c.t.Errorf("claim %v: %v", claim.ID, err)
	}
	return out
}

func (c *caller) record(key appointmentKey, out booking.Outcome) {
	if out.Taken {
		c.taken.Add(1)
		c.addLost(key)
		return
	}
	c.won.Add(1)
	c.addOwned(key, out.Appointment)
	c.own = append(c.own, key)
}

func (c *caller) move(key appointmentKey, i int) {
	m := booking.Move{ID: key.id, Actor: "test"}
	m.Start, m.End, m.Occupied, m.Needs = c.slot(i)
	m.BusyFrom, m.BusyTo = m.Start, m.End
	out, err := c.store.Move(context.Background(), key.org, m)
	switch {
	case c.closed(key, "move", err):
	case out.Taken:
	default:
		c.moved.Add(1)
		c.addOwned(key, out.Appointment)
	}
}

func (c *caller) cancel(key appointmentKey) {
	a, err := c.store.Cancel(context.Background(), key.org, key.id, "test")
	if c.closed(key, "cancel", err) {
		return
	}
	c.cancelled.Add(1)
	c.addOwned(key, a)
}

func (c *caller) confirm(key appointmentKey) {
	a, err := c.store.Confirm(context.Background(), key.org, key.id, "test")
	if c.closed(key, "confirm", err) {
		return
	}
	c.confirmed.Add(1)
	c.addOwned(key, a)
}

// closed reports whether a change failed. It may fail only if the appointment
// was cancelled, or was a hold that has expired.
func (c *caller) closed(key appointmentKey, change string, err error) bool {
	c.mu.Lock()
	a := c.owned[key]
	c.mu.Unlock()
	switch {
	case err == nil:
		return false
	case errors.Is(err, booking.ErrNotOpen) && a.Status == booking.Cancelled:
	case errors.Is(err, booking.ErrExpired) && (a.Status == booking.Held || a.Status == booking.Expired):
		c.expired.Add(1)
	default:
		c.t.Errorf("%s %v, which was %v: %v", change, key.id, a.Status, err)
	}
	return true
}

// check compares the results that callers received with the rows of the
// database, and the rows with each other.
func (l *ledger) check(t *testing.T, d *pgtest.Database) {
	t.Helper()
	pool := d.AdminPool(t)
	for name, violations := range invariants {
		var n int
		require.NoError(t, pool.QueryRow(t.Context(), `select count(*) from (`+violations+`) v`).Scan(&n), name)
		require.Zero(t, n, name)
	}

	rows, err := pool.Query(t.Context(), `
		select org_id::text, id::text, starts_at, ends_at, version,
			case when status = 'held' and expires_at <= clock_timestamp() then 'expired' else status end
		from callwaiting.appointment`)
	require.NoError(t, err)
	var org tenant.ID
	var a booking.Appointment
	found := 0
	_, err = pgx.ForEachRow(rows, []any{&org, &a.ID, &a.Start, &a.End, &a.Version, &a.Status}, func() error {
		found++
		returned, ok := l.owned[appointmentKey{org, a.ID}]
		expired := (returned.Status == booking.Held || returned.Status == booking.Expired) && a.Status == booking.Expired &&
			(a.Version == returned.Version || a.Version == returned.Version+1)
		switch {
		case !ok:
			return fmt.Errorf("%v is %v, and no caller received it", a.ID, a.Status)
		case !a.Start.Equal(returned.Start) || !a.End.Equal(returned.End):
			return fmt.Errorf("%v has another time than its owner received", a.ID)
		case !expired && (a.Status != returned.Status || a.Version != returned.Version):
			return fmt.Errorf("%v is %v, version %d; its owner received %v, version %d", a.ID, a.Status, a.Version, returned.Status, returned.Version)
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(l.owned), found, "every appointment that a caller received exists")
	for key := range l.lost {
		if _, won := l.owned[key]; won {
			t.Errorf("%v was both taken and won", key.id)
		}
	}
}

// invariants are queries that must return no rows.
var invariants = map[string]string{
	"no overlapping rows of one seat": overlaps,

	"seats within the capacity": `
		select from callwaiting.occupancy
		where seat < 0 or seat >= case resource_id when 'laser' then 3 else 1 end`,

	"an open appointment occupies its time, a closed one does not": `
		select from callwaiting.appointment a
		where (a.status in ('held', 'booked')) <> exists (
			select from callwaiting.occupancy o
			where o.org_id = a.org_id and o.appointment_id = a.id and o.active and o.period @> tstzrange(a.starts_at, a.ends_at))`,

	"every occupied time has its appointment": `
		select from callwaiting.occupancy o
		where o.active and not exists (
			select from callwaiting.appointment a where a.org_id = o.org_id and a.id = o.appointment_id)`,

	"every appointment has its contact": `
		select from callwaiting.appointment a
		where not exists (select from callwaiting.contact c where c.org_id = a.org_id and c.id = a.contact_id)`,

	"one contact for one phone": `
		select from callwaiting.contact group by org_id, phone having count(*) > 1`,

	"one event for each version": `
		select from callwaiting.appointment a
		left join callwaiting.event e on e.org_id = a.org_id and e.subject = a.id
		group by a.org_id, a.id, a.version
		having count(e.version) <> a.version or min(e.version) <> 1 or max(e.version) <> a.version or count(distinct e.version) <> a.version`,
}

// overlaps finds rows that begin before an earlier row of the same seat ends.
const overlaps = `
	select from (
		select lower(period) < max(upper(period)) over (
			partition by org_id, resource_id, seat order by lower(period), upper(period), id
			rows between unbounded preceding and 1 preceding) as doubled
		from callwaiting.occupancy where active) o
	where doubled`

// The control of the race: without the constraint the check must find double
// bookings of a client that checks before it inserts, and of one that locks
// first but reads a snapshot from before the lock.
func TestStore_RacedClaims_Control(t *testing.T) {
	for _, c := range []struct {
		name      string
		client    client
		isolation pgx.TxIsoLevel
	}{
		{"constraint dropped, check then insert", checkThenInsert, pgx.ReadCommitted},
		{"constraint dropped, lock and check, under repeatable read", lockCheckInsert, pgx.RepeatableRead},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := pgtest.DB(t)
			dropConstraint(t, d)
			require.NotZero(t, raceWriters(t, d, c.isolation, c.client), "no double booking")
		})
	}
	t.Run("constraint, check then insert; constraint dropped, lock and check under read committed", func(t *testing.T) {
		d := pgtest.DB(t, pgtest.Set("deadlock_timeout", "10ms")) // plain inserts meet in deadlocks
		require.Zero(t, raceWriters(t, d, pgx.ReadCommitted, checkThenInsert), "another writer, with the constraint")
		dropConstraint(t, d)
		require.Zero(t, raceWriters(t, d, pgx.ReadCommitted, lockCheckInsert), "lock and check, without")
	})
}

// dropConstraint drops the exclusion constraint.
func dropConstraint(t *testing.T, d *pgtest.Database) {
	t.Helper()
	var name string
	require.NoError(t, d.AdminPool(t).QueryRow(t.Context(), `
		select conname from pg_constraint where conrelid = 'callwaiting.occupancy'::regclass and contype = 'x'`).Scan(&name))
	d.Exec(t, `alter table callwaiting.occupancy drop constraint `+name)
}

// client writes into the tables directly, as another program would.
type client func(ctx context.Context, tx pgx.Tx, org tenant.ID, start time.Time, caller int) error

func checkThenInsert(ctx context.Context, tx pgx.Tx, org tenant.ID, start time.Time, caller int) error {
	var taken bool
	err := tx.QueryRow(ctx, `
		select exists (
			select from callwaiting.occupancy
			where org_id = $1 and resource_id = 'dr-amara' and active
			and period && tstzrange($2::timestamptz, $2::timestamptz + interval '30 minutes'))`, org.String(), start).Scan(&taken)
	if err != nil || taken {
		return err
	}
	return insert(ctx, tx, org, start, caller)
}

func lockCheckInsert(ctx context.Context, tx pgx.Tx, org tenant.ID, start time.Time, caller int) error {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, org.String()); err != nil {
		return err
	}
	return checkThenInsert(ctx, tx, org, start, caller)
}

func insert(ctx context.Context, tx pgx.Tx, org tenant.ID, start time.Time, caller int) error {
	_, err := tx.Exec(ctx, `
		with person as (
			insert into callwaiting.contact (org_id, phone) values ($1, $4)
			on conflict (org_id, phone) do update set name = excluded.name
			returning id
		), made as (
			insert into callwaiting.appointment (org_id, id, digest, service, resources, starts_at, ends_at, zone,
				occupied_from, occupied_to, status, contact_id)
			select $1, $2, '', 'consultation', '{dr-amara}', $3, $3::timestamptz + interval '30 minutes', 'UTC',
				$3, $3::timestamptz + interval '30 minutes', 'booked', id
			from person
		)
		insert into callwaiting.occupancy (org_id, resource_id, starts_at, ends_at, appointment_id)
		values ($1, 'dr-amara', $3, $3::timestamptz + interval '30 minutes', $2)`, org.String(), string(booking.NewID(org, fmt.Sprint(start, caller))), start, phone(caller))
	return err
}

// raceWriters races five clients for one slot, with starts ten minutes apart, a
// hundred times, and counts the double bookings.
func raceWriters(t *testing.T, d *pgtest.Database, isolation pgx.TxIsoLevel, write client) (doubled int) {
	t.Helper()
	pool := d.AdminPool(t, pgtest.Conns(5), func(c *pgxpool.Config) { c.MinConns = 5 })
	org := tenant.NewID()
	for trial := range 100 {
		hour := time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC).Add(time.Duration(trial) * 2 * time.Hour)
		var ready, group sync.WaitGroup
		ready.Add(5)
		for n := range 5 {
			group.Go(func() {
				tx, err := pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: isolation})
				ready.Done()
				if err != nil {
					t.Error(err)
					return
				}
				defer tx.Rollback(context.Background())
				ready.Wait()
				err = write(t.Context(), tx, org, hour.Add(time.Duration(n)*10*time.Minute), n)
				if err == nil {
					err = tx.Commit(t.Context())
				}
				if err != nil && !lost(err) {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	require.NoError(t, pool.QueryRow(t.Context(), `select count(*) from (`+overlaps+`) o`).Scan(&doubled))
	return doubled
}

// lost reports whether the database rolled a writer back in favour of another:
// exclusion, deadlock, serialization.
func lost(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains([]string{"23P01", "40P01", "40001"}, pg.Code)
}
