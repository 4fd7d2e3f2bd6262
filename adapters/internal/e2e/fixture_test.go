package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
	"github.com/callwaiting-ai/callwaiting/followup/procedures"
	"github.com/callwaiting-ai/callwaiting/tenant"
	phones "github.com/callwaiting-ai/callwaiting/tenant/phone"
)

const secret = "a-secret-of-the-clinics"

// A fixture is a number of clinics on a PostgreSQL database.
type fixture struct {
	db      *pgtest.Database
	orgs    []tenant.Org
	store   *pgxstore.Store
	texts   *pgxstore.FollowUpStore
	service *followup.Service
	log     *slog.Logger
}

// org returns the n-th clinic, which is the same in every process.
func org(n int) tenant.Org {
	return tenant.Org{
		ID:  tenant.MustParseID(fmt.Sprintf("7d1f2c4a-0000-4000-8000-%012d", n+1)),
		Key: fmt.Sprintf("clinic-%d", n), Name: "Harbour Clinic", Zone: time.UTC, Country: "GB", Locale: "en-GB",
	}
}

func orgs(n int) []tenant.Org {
	all := make([]tenant.Org, n)
	for i := range all {
		all[i] = org(i)
	}
	return all
}

// phone returns one of a thousand fictitious numbers.
func phone(n int) string { return fmt.Sprintf("+447700900%03d", n%1000) }

// newFixture returns clinics on a new database.
func newFixture(t testing.TB, clinics int, conns int32) *fixture {
	t.Helper()
	w := &fixture{db: pgtest.DB(t), orgs: orgs(clinics), log: slog.New(slog.DiscardHandler)}
	admin := w.db.AdminPool(t)
	for _, o := range w.orgs {
		require.NoError(t, pgxstore.Register(t.Context(), admin, tenant.Registration{Org: o, Secrets: tenant.Secrets{Current: secret}}))
	}
	w.open(t, w.db.App, conns)
	return w
}

// open opens the database as an unprivileged service.
func (f *fixture) open(t testing.TB, url string, conns int32) {
	t.Helper()
	config, err := pgxstore.PoolConfig(url)
	require.NoError(t, err)
	config.MaxConns = conns
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	f.store, err = pgxstore.New(t.Context(), pool, pgxstore.Config{})
	require.NoError(t, err)
	f.texts = f.store.FollowUps()
	f.service = newService(t, f.texts, f.orgs, f.log)
}

// newService returns a service of clinics with two procedures, which text at
// every hour of the day.
func newService(t testing.TB, store followup.Store, orgs []tenant.Org, log *slog.Logger) *followup.Service {
	t.Helper()
	clinics := followup.StaticSettings{}
	offered := map[tenant.ID][]procedures.Procedure{}
	for _, o := range orgs {
		clinic, err := followup.NewSettings(followup.SettingsConfig{
			Org: o, AtOnce: true, PerDay: 1000, PerWeek: 1000,
			Kinds: []followup.Kind{followup.Information},
		})
		require.NoError(t, err)
		clinics[o.ID] = clinic
		offered[o.ID] = []procedures.Procedure{
			{ID: "botox", Name: "Botox", Document: "botox.pdf"},
			{ID: "rhinoplasty", Name: "Rhinoplasty", Aliases: []string{"nose job"}, Document: "rhinoplasty.pdf"},
		}
	}
	catalog, err := procedures.New(offered)
	require.NoError(t, err)
	service, err := followup.New(followup.Config{Store: store, Settings: clinics, Catalog: catalog, Policy: anyHour{}, Log: log})
	require.NoError(t, err)
	return service
}

// anyHour sends in quiet hours as well, so that a test passes at every hour of
// the day.
type anyHour struct{ followup.StandardPolicy }

func (p anyHour) Decide(c followup.DecisionInput, clinic *followup.Settings, place phones.Place) followup.Decision {
	d := p.StandardPolicy.Decide(c, clinic, place)
	if d.Action == followup.Wait && d.Reason == followup.QuietHours {
		return followup.Decision{Action: followup.Send, Until: c.Now.Add(time.Hour)}
	}
	return d
}

// worker runs a worker that sends through sender, until the test ends.
func (f *fixture) worker(t testing.TB, sender followup.Sender, change func(*followup.WorkerConfig)) {
	t.Helper()
	worker := newWorker(t, f.service, f.texts, sender, change)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		worker.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
}

func newWorker(t testing.TB, service *followup.Service, queue followup.Queue, sender followup.Sender, change func(*followup.WorkerConfig)) *followup.Worker {
	t.Helper()
	links, err := linkpage.NewLinks("https://go.harbour.example")
	require.NoError(t, err)
	cfg := followup.WorkerConfig{Service: service, Queue: queue, Sender: sender, Links: links}
	if change != nil {
		change(&cfg)
	}
	worker, err := followup.NewWorker(cfg)
	require.NoError(t, err)
	return worker
}

// consent records the consent of every number at all clinics.
func (f *fixture) consent(t testing.TB, orgs []tenant.Org, numbers int) {
	t.Helper()
	var group sync.WaitGroup
	for part := range 8 {
		group.Go(func() {
			for i := part; i < numbers*len(orgs); i += 8 {
				err := f.texts.RecordConsent(t.Context(), orgs[i/numbers].ID, followup.Consent{
					Phone: phone(i % numbers), Purpose: followup.Information, Wording: "v1", At: time.Now()})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// plan plans the texts from and to those numbers at a clinic.
func (f *fixture) plan(t testing.TB, o tenant.Org, name string, from, to int, due time.Time) []followup.IntentID {
	t.Helper()
	var ids []followup.IntentID
	for ; from < to; from += 500 {
		var plans []followup.Plan
		for n := from; n < min(from+500, to); n++ {
			id := followup.NewIntentID(o.ID, fmt.Sprint(name, n))
			ids = append(ids, id)
			plans = append(plans, followup.Plan{ID: id, Kind: followup.Information, Phone: phone(n),
				Procedure: "botox", Due: due, Deadline: time.Now().Add(48 * time.Hour)}) // beyond quiet hours; see anyHour
		}
		_, err := f.texts.PlanIntents(t.Context(), o.ID, followup.Task{}, plans)
		require.NoError(t, err)
	}
	return ids
}

// claim returns a claim of a free half hour.
func claim(o tenant.Org, key string, n int, phone string) booking.Claim {
	start := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 7).Add(time.Duration(n) * 30 * time.Minute)
	end := start.Add(30 * time.Minute)
	return booking.Claim{
		ID: booking.NewID(o.ID, key), Digest: "digest", Service: "botox", Start: start, End: end, Zone: "UTC",
		Occupied: schedule.Span{Start: start.Unix(), End: end.Unix()},
		Needs:    [][]booking.Candidate{{{Resource: booking.ResourceID("r" + strings.ReplaceAll(key, "/", "-")), Capacity: 1}}},
		Contact:  booking.Contact{Phone: phone}, Actor: "test", BusyFrom: start, BusyTo: end,
	}
}

// A recordingSender accepts every message and records the time of its request.
type recordingSender struct {
	mu           sync.Mutex
	began        map[followup.IntentID]time.Time
	count        int
	each         func(followup.Message)
	releaseEarly bool // it releases the contact before the request begins
}

func newRecordingSender() *recordingSender {
	return &recordingSender{began: map[followup.IntentID]time.Time{}}
}

func (s *recordingSender) Send(_ context.Context, _ tenant.ID, m followup.Message) (followup.Receipt, error) {
	if s.releaseEarly {
		m.RequestWritten()
		time.Sleep(10 * time.Millisecond)
	}
	if s.each != nil {
		s.each(m)
	}
	s.mu.Lock()
	s.began[m.Intent] = time.Now()
	s.count++
	s.mu.Unlock()
	m.RequestWritten()
	return followup.Receipt{Provider: "recorded-" + string(m.Intent)}, nil
}

func (s *recordingSender) sent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

func (s *recordingSender) at(id followup.IntentID) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.began[id]
	return at, ok
}

// await polls until done, and fails the test after the timeout.
func await(t testing.TB, timeout time.Duration, event string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !done(); {
		if time.Now().After(deadline) {
			t.Errorf("timeout: %s", event)
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// awaitEnd returns an intent when it is no longer open.
func awaitEnd(t testing.TB, w *fixture, org tenant.ID, id followup.IntentID) followup.Intent {
	t.Helper()
	var intent followup.Intent
	await(t, time.Minute, "the end of an intent", func() bool {
		found, err := w.texts.ListIntents(t.Context(), org, followup.IntentFilter{ID: id})
		if err != nil || len(found) != 1 {
			t.Errorf("intents: %d, %v", len(found), err)
			return true
		}
		intent = found[0]
		return !intent.State.Open()
	})
	return intent
}
