package followup_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
	"github.com/callwaiting-ai/callwaiting/followup/procedures"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

var harley = tenant.Org{
	ID: tenant.MustParseID("0b8f7a52-1111-4c3e-9a47-000000000001"), Key: "harley", Name: "Harley Street Clinic",
	Zone: london, Country: "GB", Locale: "en-GB",
}

var london = zone("Europe/London")

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

const caller = "+447700900123"

// clock is a clock that tests advance.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is a clinic with its store and its carrier, on a clock of its own.
type fixture struct {
	t       *testing.T
	clock   *clock
	booking *memory.Store
	store   *memory.FollowUpStore
	carrier *carrier
	service *followup.Service
	worker  *followup.Worker
	log     *bytes.Buffer
}

// option changes the configuration of a fixture.
type option func(*followup.SettingsConfig, *followup.Config, *followup.WorkerConfig)

func withClinic(change func(*followup.SettingsConfig)) option {
	return func(c *followup.SettingsConfig, _ *followup.Config, _ *followup.WorkerConfig) { change(c) }
}

func withService(change func(*followup.Config)) option {
	return func(_ *followup.SettingsConfig, c *followup.Config, _ *followup.WorkerConfig) { change(c) }
}

func withWorker(change func(*followup.WorkerConfig)) option {
	return func(_ *followup.SettingsConfig, _ *followup.Config, c *followup.WorkerConfig) { change(c) }
}

// newFixture starts on Tuesday, 24 November 2026, at noon in London.
func newFixture(t *testing.T, options ...option) *fixture {
	t.Helper()
	w := &fixture{t: t, clock: &clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}}
	w.booking = memory.New(memory.Clock(w.clock.Now))
	w.store = w.booking.FollowUps()
	w.carrier = &carrier{}
	clinicConfig := followup.SettingsConfig{Org: harley}
	catalog, err := procedures.New(map[tenant.ID][]procedures.Procedure{harley.ID: {
		{ID: "botox", Name: "Botox consultation", Aliases: []string{"botox"}, Document: "botox.pdf"},
		{ID: "rhinoplasty", Name: "Rhinoplasty consultation", Aliases: []string{"rhinoplasty", "nose job"}, Document: "rhinoplasty.pdf"},
		{ID: "facelift", Name: "Facelift", Document: ""},
		{ID: "consultation", Name: "Consultation"},
	}})
	require.NoError(t, err)
	config := followup.Config{Store: w.store, Catalog: catalog, Now: w.clock.Now,
		Log: slog.New(slog.NewTextHandler(w.log, nil))}
	links, err := linkpage.NewLinks("https://go.harley.example")
	require.NoError(t, err)
	workerConfig := followup.WorkerConfig{Queue: w.store, Sender: w.carrier, Links: links}
	for _, change := range options {
		change(&clinicConfig, &config, &workerConfig)
	}
	if config.Settings == nil {
		clinic, err := followup.NewSettings(clinicConfig)
		require.NoError(t, err)
		config.Settings = followup.StaticSettings{harley.ID: clinic}
	}
	w.service, err = followup.New(config)
	require.NoError(t, err)
	workerConfig.Service = w.service
	w.worker, err = followup.NewWorker(workerConfig)
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, secret := range []string{caller, "447700", "otox", "hinoplasty", "go.harley.example"} {
			require.NotContains(t, w.log.String(), secret, "the log")
		}
	})
	return w
}

// record records an event of call-1.
func (w *fixture) record(signal followup.CallSignal, changes ...func(*followup.CallEvent)) {
	w.t.Helper()
	e := followup.CallEvent{Call: "call-1", Signal: signal, Caller: caller}
	for _, change := range changes {
		change(&e)
	}
	require.NoError(w.t, w.service.RecordCall(w.t.Context(), harley, e))
}

func service(id followup.ProcedureID) func(*followup.CallEvent) {
	return func(e *followup.CallEvent) { e.Service = id }
}

func transcript(words string) func(*followup.CallEvent) {
	return func(e *followup.CallEvent) { e.Transcript = redact.NewSpeech(words) }
}

func from(number string) func(*followup.CallEvent) {
	return func(e *followup.CallEvent) { e.Caller = number }
}

// promise records that the caller agrees to be texted.
func (w *fixture) promise(words string) followup.PromiseResult {
	w.t.Helper()
	got, err := w.service.Promise(w.t.Context(), harley, followup.Promise{
		Call: "call-1", Caller: caller, Procedure: redact.NewSpeech(words),
	})
	require.NoError(w.t, err)
	return got
}

// work processes all tasks that are due, and those that become due meanwhile.
func (w *fixture) work() {
	w.t.Helper()
	for range 100 {
		tasks, err := w.store.Dequeue(w.t.Context(), 100, 100, 5*time.Second, nil)
		require.NoError(w.t, err)
		if len(tasks) == 0 {
			return
		}
		for _, task := range tasks {
			w.worker.Process(w.t.Context(), task)
		}
	}
	w.t.Fatal("tasks stay due without end")
}

// wait advances the clock and processes due tasks, step by step.
func (w *fixture) wait(d, step time.Duration) {
	w.t.Helper()
	for ; d > 0; d -= step {
		w.clock.Advance(min(d, step))
		w.work()
	}
}

// only returns the only intent.
func (w *fixture) only() followup.Intent {
	w.t.Helper()
	intents := w.intents()
	require.Len(w.t, intents, 1)
	return intents[0]
}

func (w *fixture) intents() []followup.Intent {
	w.t.Helper()
	intents, err := w.store.ListIntents(w.t.Context(), harley.ID, followup.IntentFilter{})
	require.NoError(w.t, err)
	return intents
}

// claim returns the claim of half an hour.
func claim(key, phone, call string, start time.Time) booking.Claim {
	end := start.Add(30 * time.Minute)
	return booking.Claim{
		ID: booking.NewID(harley.ID, key), Digest: "digest", Service: "botox", Start: start, End: end, Zone: "Europe/London",
		Occupied: schedule.Span{Start: start.Unix(), End: end.Unix()},
		Needs:    [][]booking.Candidate{{{Resource: "dr-amara", Capacity: 1}}},
		Contact:  booking.Contact{Phone: phone}, Call: call, Actor: "test",
		BusyFrom: start, BusyTo: end,
	}
}

// book makes an appointment next Tuesday at two.
func (w *fixture) book(phone, call string) booking.Appointment {
	w.t.Helper()
	out, err := w.booking.Claim(w.t.Context(), harley.ID, claim(phone+call, phone, call, time.Date(2026, 12, 1, 14, 0, 0, 0, london)))
	require.NoError(w.t, err)
	require.False(w.t, out.Taken)
	return out.Appointment
}

// carrier accepts every message, unless a test scripts another outcome.
type carrier struct {
	mu    sync.Mutex
	next  []func(followup.Message) (followup.Receipt, error) // one for each attempt to come
	taken []followup.Message
	blind error // the error of FindSent
}

func (c *carrier) Send(_ context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	m.RequestWritten()
	c.mu.Lock()
	var scripted func(followup.Message) (followup.Receipt, error)
	if len(c.next) > 0 {
		scripted, c.next = c.next[0], c.next[1:]
	}
	c.mu.Unlock()
	if scripted != nil {
		return scripted(m)
	}
	return c.take(m), nil
}

func (c *carrier) take(m followup.Message) followup.Receipt {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = append(c.taken, m)
	return followup.Receipt{Provider: "SM" + string(m.Intent)}
}

func (c *carrier) FindSent(_ context.Context, org tenant.ID, l followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blind != nil {
		return followup.Receipt{}, false, c.blind
	}
	for _, m := range c.taken {
		if m.To == l.To && l.Is(m.Body) {
			return followup.Receipt{Provider: "SM" + string(m.Intent)}, true, nil
		}
	}
	return followup.Receipt{}, false, nil
}

// then scripts the next attempts.
func (c *carrier) then(next ...func(followup.Message) (followup.Receipt, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = append(c.next, next...)
}

func fails(e followup.SendError) func(followup.Message) (followup.Receipt, error) {
	return func(followup.Message) (followup.Receipt, error) { return followup.Receipt{}, &e }
}

func (c *carrier) sent() []followup.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]followup.Message(nil), c.taken...)
}

// onlyText returns the only text that was sent, to the caller.
func (w *fixture) onlyText() string {
	w.t.Helper()
	sent := w.carrier.sent()
	require.Len(w.t, sent, 1)
	require.Equal(w.t, caller, sent[0].To)
	return sent[0].Body
}

func neutral(t *testing.T, body string) {
	t.Helper()
	for _, word := range []string{"botox", "rhinoplasty", "nose"} {
		require.NotContains(t, strings.ToLower(body), word)
	}
}
