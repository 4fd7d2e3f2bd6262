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

// TestRacedClaims is 20,000 claims in which sixteen callers at a time fight
// over three clinics' next hour: starts a few minutes apart, rooms and
// practitioners in opposite order, seats, holds that lapse, moves, cancels and
// retries. CLAIMS changes the number; make race-million has a million.
func TestRacedClaims(t *testing.T) {
	claims := 20_000
	if testing.Short() {
		claims = 1_000
	}
	if text := os.Getenv("CLAIMS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "CLAIMS")
		claims = n
	}
	l := fight(t, pgtest.DB(t), claims)
	require.NotZero(t, l.lapsed.Load(), "holds that lapse are part of the race")
	require.Greater(t, l.taken.Load(), int64(claims/10), "a race has losers")
	require.Greater(t, l.won.Load(), int64(claims/10), "a race has winners")
}

// What the database thinks of isolation is not asked.
func TestRacedClaimsUnderAnyDefaultIsolation(t *testing.T) {
	for _, isolation := range []string{"repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			fight(t, pgtest.DB(t, pgtest.Set("default_transaction_isolation", isolation)), 1_000)
		})
	}
}

// A hold that ends in the middle of its own move or confirmation has moved, is
// confirmed, or has expired; never something else.
func TestHoldsThatEndWhileTheyChange(t *testing.T) {
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
				o := owner{l.orgs[0], claim.ID}
				out := c.ask(o.org, claim)
				c.note(o, out)
				switch {
				case out.Taken:
				case i%4 == 0:
					c.confirm(o)
				default:
					c.move(o, i*48)
				}
			}
		})
	}
	group.Wait()
	require.False(t, t.Failed())
	l.check(t, d)
	require.NotZero(t, l.lapsed.Load())
	require.NotZero(t, l.moved.Load())
}

// fight runs so many claims from two processes and checks what comes of them.
func fight(t *testing.T, d *pgtest.Database, claims int) *ledger {
	t.Helper()
	processes := []booking.Store{open(t, d.App, 8), open(t, d.App, 8)}
	l := newLedger(newOrgs(3))
	var next atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for worker := range 16 {
		c := l.caller(t, processes[worker%len(processes)], worker)
		group.Go(func() {
			for i := next.Add(1); i <= int64(claims) && !t.Failed(); i = next.Add(1) {
				c.turn(int(i))
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

// open returns a store of its own, as another process would have.
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

// ledger is what callers were told. It is right or wrong as a whole: check.
type ledger struct {
	orgs []tenant.ID
	seed uint64

	mu      sync.Mutex
	owned   map[owner]booking.Appointment // as last told
	refused map[owner]bool                // told "taken"

	won, taken, replayed, moved, cancelled, confirmed, lapsed atomic.Int64
}

// owner names an appointment of a clinic.
type owner struct {
	org tenant.ID
	id  booking.ID
}

func newLedger(orgs []tenant.ID) *ledger {
	return &ledger{orgs: orgs, seed: rand.Uint64(), owned: map[owner]booking.Appointment{}, refused: map[owner]bool{}}
}

func (l *ledger) String() string {
	return fmt.Sprintf("%d won, %d told taken, %d retried, %d moved, %d cancelled, %d holds confirmed, %d lapsed (seed %d)",
		l.won.Load(), l.taken.Load(), l.replayed.Load(), l.moved.Load(), l.cancelled.Load(), l.confirmed.Load(), l.lapsed.Load(), l.seed)
}

func (l *ledger) tell(o owner, a booking.Appointment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owned[o] = a
}

func (l *ledger) refuse(o owner) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[o] = true
}

// caller is one of those who fight. It changes only what it owns.
type caller struct {
	*ledger
	t     testing.TB
	store booking.Store
	name  int
	rand  *rand.Rand
	mine  []owner
}

func (l *ledger) caller(t testing.TB, store booking.Store, name int) *caller {
	return &caller{ledger: l, t: t, store: store, name: name, rand: rand.New(rand.NewPCG(l.seed, uint64(name)))}
}

// turn claims once, and sometimes changes something else besides.
func (c *caller) turn(i int) {
	org := c.orgs[c.rand.IntN(len(c.orgs))]
	claim := c.claim(org, i)
	o := owner{org, claim.ID}
	switch c.rand.IntN(10) {
	case 0: // a retry overtakes its own first attempt
		var group sync.WaitGroup
		answers := make([]booking.Outcome, 2)
		for n := range answers {
			group.Go(func() { answers[n] = c.ask(org, claim) })
		}
		group.Wait()
		if !answers[0].Taken && !answers[1].Taken && answers[0].Replay == answers[1].Replay {
			c.t.Errorf("%v: one key and two first answers, or none", claim.ID)
		}
		won := answers[0]
		if won.Taken || won.Replay {
			won = answers[1]
		}
		c.replayed.Add(1)
		c.note(o, won)
	default:
		c.note(o, c.ask(org, claim))
	}
	if len(c.mine) == 0 {
		return
	}
	switch o := c.mine[c.rand.IntN(len(c.mine))]; c.rand.IntN(10) {
	case 0, 1:
		c.move(o, i)
	case 2, 3:
		c.cancel(o)
	case 4, 5, 6:
		c.confirm(o)
	}
	if len(c.mine) > 20 { // what is older is left alone
		c.mine = c.mine[10:]
	}
}

// claim makes up what the i-th claim wants: something in the hour that all
// who run with it fight over.
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
	claim.Start, claim.End, claim.Occupied, claim.Needs = c.want(i)
	claim.BusyFrom, claim.BusyTo = claim.Start.Add(-time.Hour), claim.End.Add(time.Hour)
	return claim
}

// phone returns one of the hundred numbers that nobody has.
func phone(caller int) string { return fmt.Sprintf("+1202555%04d", 100+caller%100) }

// The clinics are alike: what a resource can take is the same for everybody.
func seats(any ...booking.ResourceID) (need []booking.Candidate) {
	for _, r := range any {
		capacity := 1
		if r == "laser" {
			capacity = 3
		}
		need = append(need, booking.Candidate{Resource: r, Capacity: capacity})
	}
	return need
}

func (c *caller) want(i int) (start, end time.Time, occupied schedule.Span, needs [][]booking.Candidate) {
	hour := time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC).Add(time.Duration(i/48) * time.Hour)
	start = hour.Add(time.Duration(c.rand.IntN(12)) * 5 * time.Minute)
	end = start.Add([]time.Duration{20, 30, 60}[c.rand.IntN(3)] * time.Minute)
	occupied = schedule.Span{Start: start.Unix(), End: end.Unix() + 600*int64(c.rand.IntN(2))}
	who := []booking.ResourceID{"dr-amara", "dr-bello", "dr-chen"}
	where := []booking.ResourceID{"room-1", "room-2"}
	one, room := who[c.rand.IntN(len(who))], where[c.rand.IntN(len(where))]
	return start, end, occupied, [][][]booking.Candidate{
		{seats(one)},
		{seats(who...)},
		{seats(one), seats(room)},
		{seats(room), seats(one)},
		{seats("laser")},
		{seats("laser"), seats(where...), seats(who...)},
	}[c.rand.IntN(6)]
}

func (c *caller) ask(org tenant.ID, claim booking.Claim) booking.Outcome {
	out, err := c.store.Claim(context.Background(), org, claim)
	if err != nil {
		c.t.Errorf("claim %v: %v", claim.ID, err)
	}
	return out
}

func (c *caller) note(o owner, out booking.Outcome) {
	if out.Taken {
		c.taken.Add(1)
		c.refuse(o)
		return
	}
	c.won.Add(1)
	c.tell(o, out.Appointment)
	c.mine = append(c.mine, o)
}

func (c *caller) move(o owner, i int) {
	m := booking.Move{ID: o.id, Actor: "test"}
	m.Start, m.End, m.Occupied, m.Needs = c.want(i)
	m.BusyFrom, m.BusyTo = m.Start, m.End
	out, err := c.store.Move(context.Background(), o.org, m)
	switch {
	case c.over(o, "move", err):
	case out.Taken:
	default:
		c.moved.Add(1)
		c.tell(o, out.Appointment)
	}
}

func (c *caller) cancel(o owner) {
	a, err := c.store.Cancel(context.Background(), o.org, o.id, "test")
	if c.over(o, "cancel", err) {
		return
	}
	c.cancelled.Add(1)
	c.tell(o, a)
}

func (c *caller) confirm(o owner) {
	a, err := c.store.Confirm(context.Background(), o.org, o.id, "test")
	if c.over(o, "confirm", err) {
		return
	}
	c.confirmed.Add(1)
	c.tell(o, a)
}

// over reports whether an appointment could not be changed, which is so if it
// was cancelled, or was a hold whose time is over.
func (c *caller) over(o owner, what string, err error) bool {
	c.mu.Lock()
	a := c.owned[o]
	c.mu.Unlock()
	switch {
	case err == nil:
		return false
	case errors.Is(err, booking.ErrNotOpen) && a.Status == booking.Cancelled:
	case errors.Is(err, booking.ErrExpired) && (a.Status == booking.Held || a.Status == booking.Expired):
		c.lapsed.Add(1)
	default:
		c.t.Errorf("%s %v, which was told to be %v: %v", what, o.id, a.Status, err)
	}
	return true
}

// check compares what was told with what the database holds, row by row, and
// the database with itself.
func (l *ledger) check(t *testing.T, d *pgtest.Database) {
	t.Helper()
	pool := d.AdminPool(t)
	for what, query := range invariants {
		var wrong int
		require.NoError(t, pool.QueryRow(t.Context(), `select count(*) from (`+query+`) wrong`).Scan(&wrong), what)
		require.Zero(t, wrong, what)
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
		told, ok := l.owned[owner{org, a.ID}]
		lapsed := (told.Status == booking.Held || told.Status == booking.Expired) && a.Status == booking.Expired &&
			(a.Version == told.Version || a.Version == told.Version+1)
		switch {
		case !ok:
			return fmt.Errorf("%v is %v, and nobody was told", a.ID, a.Status)
		case !a.Start.Equal(told.Start) || !a.End.Equal(told.End):
			return fmt.Errorf("%v is not when its owner was told", a.ID)
		case !lapsed && (a.Status != told.Status || a.Version != told.Version):
			return fmt.Errorf("%v is %v, version %d; its owner was told %v, version %d", a.ID, a.Status, a.Version, told.Status, told.Version)
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(l.owned), found, "every appointment that was told exists")
	for o := range l.refused {
		if _, won := l.owned[o]; won {
			t.Errorf("%v was told both taken and won", o.id)
		}
	}
}

// invariants are queries for what must not be.
var invariants = map[string]string{
	"one owner at a time": overlaps,

	"seats that exist": `
		select from callwaiting.occupancy
		where seat < 0 or seat >= case resource_id when 'laser' then 3 else 1 end`,

	"an appointment that occupies has its time, and one that does not has none": `
		select from callwaiting.appointment a
		where (a.status in ('held', 'booked')) <> exists (
			select from callwaiting.occupancy o
			where o.org_id = a.org_id and o.appointment_id = a.id and o.active and o.period @> tstzrange(a.starts_at, a.ends_at))`,

	"what is occupied is owned": `
		select from callwaiting.occupancy o
		where o.active and not exists (
			select from callwaiting.appointment a where a.org_id = o.org_id and a.id = o.appointment_id)`,

	"no appointment without its contact": `
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

// overlaps finds stretches of time that begin before one of the same seat's
// earlier ones has ended.
const overlaps = `
	select from (
		select lower(period) < max(upper(period)) over (
			partition by org_id, resource_id, seat order by lower(period), upper(period), id
			rows between unbounded preceding and 1 preceding) as doubled
		from callwaiting.occupancy where active) o
	where doubled`

// The race above is worth what its check notices: without the constraint, a
// client that checks before it inserts double-books, and so does one that
// takes a lock first but reads what was true before it had it.
func TestRaceNoticesDoubleBookings(t *testing.T) {
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
			require.NotZero(t, storm(t, d, c.isolation, c.client), "nobody double-booked")
		})
	}
	t.Run("the same with the constraint, and the lock under read committed", func(t *testing.T) {
		d := pgtest.DB(t, pgtest.Set("deadlock_timeout", "10ms")) // plain inserts meet in deadlocks
		require.Zero(t, storm(t, d, pgx.ReadCommitted, checkThenInsert), "another writer, with the constraint")
		dropConstraint(t, d)
		require.Zero(t, storm(t, d, pgx.ReadCommitted, lockCheckInsert), "lock and check, without")
	})
}

// dropConstraint takes the exclusion constraint from the database.
func dropConstraint(t *testing.T, d *pgtest.Database) {
	t.Helper()
	var name string
	require.NoError(t, d.AdminPool(t).QueryRow(t.Context(), `
		select conname from pg_constraint where conrelid = 'callwaiting.occupancy'::regclass and contype = 'x'`).Scan(&name))
	d.Exec(t, `alter table callwaiting.occupancy drop constraint `+name)
}

// client writes straight into the tables, as somebody else's program would.
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

// storm lets five clients at a time loose on one slot, their starts ten
// minutes apart, a hundred times, and counts who got what another had.
func storm(t *testing.T, d *pgtest.Database, isolation pgx.TxIsoLevel, write client) (doubled int) {
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

// lost reports whether the database turned a writer away for the sake of
// another: exclusion, deadlock, serialization.
func lost(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains([]string{"23P01", "40P01", "40001"}, pg.Code)
}
