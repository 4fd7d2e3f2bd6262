package e2e_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// A worker process is this test's own program; its environment selects the kind.
const (
	envWorker   = "E2E_WORKER" // "careful" or "naive"
	envDatabase = "E2E_DATABASE_URL"
	envTwilio   = "E2E_TWILIO_URL"
	envPublic   = "E2E_PUBLIC_URL"

	killClinics = 10
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(envWorker); kind != "" {
		if err := work(kind); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestWorker_Killed sends every webhook twice and in random order, kills workers
// while they send, and has the carrier fail in every way it can: each call gets
// one text. CALLS sets the number of calls.
func TestWorker_Killed(t *testing.T) {
	if testing.Short() {
		t.Skip("slow: kills processes")
	}
	calls := number(t, "CALLS", 60)
	r := runKilled(t, "careful", calls)
	t.Logf("%d calls, %d workers killed, %d requests to the carrier: lost %d, duplicates %d; from the end of the call until it is accepted p50 %v, p99 %v, max %v",
		calls, r.kills, r.requests, r.lost, r.duplicates, percentile(r.took, 50), percentile(r.took, 99), percentile(r.took, 100))
	require.Zero(t, r.lost, "calls without a text")
	require.Zero(t, r.duplicates, "texts after the first")
	require.Empty(t, r.problems, "requests that the carrier could not read")
	require.NotZero(t, r.kills)
}

// The control: a worker that leases a job, and sends again when the lease has
// expired, sends duplicates.
func TestWorker_Killed_Control(t *testing.T) {
	if testing.Short() {
		t.Skip("slow: kills processes")
	}
	calls := number(t, "CALLS", 60)
	r := runKilled(t, "naive", calls)
	t.Logf("%d calls, %d workers killed: lost %d, duplicates %d", calls, r.kills, r.lost, r.duplicates)
	require.NotZero(t, r.duplicates)
}

// A killResult counts the texts of the calls.
type killResult struct {
	kills, requests  int
	lost, duplicates int
	took             []time.Duration
	problems         []string
}

// runKilled ends calls at sixteen a second, and kills workers until all callers
// have their text.
func runKilled(t *testing.T, kind string, calls int) killResult {
	w := newFixture(t, killClinics, 16)
	mux := http.NewServeMux()
	public := httptest.NewServer(mux)
	t.Cleanup(public.Close)
	carrier := startCarrier(t, kind)
	mount(t, mux, w, public.URL)
	kills := killWorkers(t, kind, w, carrier.URL(), public.URL)

	ended := newRecordingSender() // the time at which each call's end was acknowledged
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	arrivals(calls, 16, func(i int) { endCall(t, client, public.URL, w, i, ended) })
	r := killResult{}
	if kind == "careful" {
		await(t, 2*time.Minute, "a text for every call", func() bool {
			return t.Failed() || len(first(carrier.Messages())) == calls
		})
	}
	awaitAllEnds(t, w)
	r.kills = kills()
	texts := carrier.Messages()
	firsts := first(texts)
	r.requests, r.problems = carrier.Requests(), carrier.Problems()
	r.lost, r.duplicates = calls-len(firsts), len(texts)-len(firsts)
	for i := range calls {
		m, texted := firsts[recipient(org(i%killClinics), phone(i/killClinics))]
		at, _ := ended.at(followup.IntentID(fmt.Sprint(i)))
		if texted {
			r.took = append(r.took, m.Created.Sub(at))
		}
	}
	return r
}

// first returns the first text of each recipient.
func first(texts []twiliotest.Message) map[string]twiliotest.Message {
	firsts := map[string]twiliotest.Message{}
	for _, m := range texts {
		key := m.AccountSID + m.To
		if _, known := firsts[key]; !known {
			firsts[key] = m
		}
	}
	return firsts
}

func recipient(o tenant.Org, phone string) string { return accountOf(o).SID + phone }

// startCarrier starts a carrier of which 15 % of the requests fail. For the naive
// worker it posts no callbacks.
func startCarrier(t *testing.T, kind string) *twiliotest.Server {
	t.Helper()
	cfg := twiliotest.Config{
		Seed:    1,
		Faults:  twiliotest.FaultRates{Before: .04, RateLimited: .03, ThenDrop: .05, ThenError: .03},
		Latency: [2]time.Duration{20 * time.Millisecond, 200 * time.Millisecond},
		ListLag: 400 * time.Millisecond,
	}
	if kind == "careful" {
		cfg.Callbacks = &twiliotest.Callbacks{
			Delay: [2]time.Duration{50 * time.Millisecond, 400 * time.Millisecond}, Shuffled: true, Twice: true,
		}
	}
	carrier, err := twiliotest.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(carrier.Close)
	return carrier
}

// mount adds the handlers of Vapi's and Twilio's webhooks. They run in this
// process, which is not killed.
func mount(t testing.TB, mux *http.ServeMux, w *fixture, publicURL string) {
	t.Helper()
	all, err := tools.New(tools.Config{FollowUp: w.service})
	require.NoError(t, err)
	calls, err := vapi.New(vapi.Config{Directory: w.store, Tools: all, FollowUp: w.service, Log: w.log})
	require.NoError(t, err)
	mux.Handle("/vapi/{key}", calls)
	callbacks, err := twiliosms.NewCallbacks(twiliosms.CallbackConfig{
		Accounts: accounts(), Keys: w.store, Inbox: w.service, PublicURL: publicURL, Log: w.log})
	require.NoError(t, err)
	mux.Handle("/sms/status/{key}", callbacks.StatusHandler())
}

func accountOf(o tenant.Org) twiliosms.Account {
	n := o.ID.Bytes()
	return twiliosms.Account{
		Key: o.Key, SID: fmt.Sprintf("AC%032x", n[15]), AuthToken: tenant.Secrets{Current: "token-of-" + o.Key},
		MessagingServiceSID: fmt.Sprintf("MG%032x", n[15]), PerSecond: 1000,
	}
}

func accounts() twiliosms.StaticAccounts {
	all := twiliosms.StaticAccounts{}
	for _, o := range orgs(killClinics) {
		all[o.ID] = accountOf(o)
	}
	return all
}

// endCall posts the messages of one call: the promise, the end and the report,
// each twice and in random order.
func endCall(t *testing.T, client *http.Client, url string, w *fixture, i int, ended *recordingSender) {
	o, call := w.orgs[i%killClinics], fmt.Sprintf(`"call":{"id":"call-%d","customer":{"number":%q}}`, i, phone(i/killClinics))
	bodies := []string{
		`{"message":{"type":"tool-calls",` + call + `,"toolCallList":[{"id":"t1","function":{"name":"send_information","arguments":{"procedure":"nose job","consent":true}}}]}}`,
		`{"message":{"type":"status-update","status":"ended",` + call + `}}`,
		`{"message":{"type":"end-of-call-report",` + call + `,"artifact":{"transcript":"AI: Hello.\nUser: I want a nose job."}}}`,
	}
	bodies = append(bodies, bodies...)
	rand.Shuffle(len(bodies), func(a, b int) { bodies[a], bodies[b] = bodies[b], bodies[a] })
	promised, over := false, false
	for _, body := range bodies {
		reply, err := post(client, url+"/vapi/"+o.Key, body)
		if err != nil {
			t.Errorf("call %d: %v", i, err)
			return
		}
		promised = promised || strings.Contains(reply, "noted")
		over = over || !strings.Contains(body, "tool-calls")
		if _, noted := ended.at(followup.IntentID(fmt.Sprint(i))); promised && over && !noted {
			ended.mu.Lock()
			ended.began[followup.IntentID(fmt.Sprint(i))] = time.Now()
			ended.mu.Unlock()
		}
	}
	if !promised {
		t.Errorf("call %d: no text was promised", i)
	}
}

func post(client *http.Client, url, body string) (string, error) {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("X-Vapi-Secret", secret)
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return string(text), err
}

// awaitAllEnds returns when no intent is open.
func awaitAllEnds(t *testing.T, w *fixture) {
	t.Helper()
	await(t, 2*time.Minute, "the end of all intents", func() bool {
		for _, o := range w.orgs {
			for _, state := range []followup.State{followup.Planned, followup.Sending, followup.Unknown} {
				open, err := w.texts.ListIntents(t.Context(), o.ID, followup.IntentFilter{State: state, Limit: 1})
				if err != nil {
					t.Error(err)
					return true
				}
				if len(open) > 0 {
					time.Sleep(50 * time.Millisecond)
					return false
				}
			}
		}
		return true
	})
}

// killWorkers runs two workers, and kills and replaces one of them every 0.3 to
// 1.2 seconds until stop.
func killWorkers(t *testing.T, kind string, w *fixture, twilioURL, publicURL string) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), envWorker+"="+kind, envDatabase+"="+w.db.App, envTwilio+"="+twilioURL, envPublic+"="+publicURL)
		if err := cmd.Start(); err != nil {
			t.Errorf("worker: %v", err)
			return nil
		}
		return cmd
	}
	var kills atomic.Int64
	var group sync.WaitGroup
	group.Go(func() {
		workers := []*exec.Cmd{start(), start()}
		defer func() {
			for _, cmd := range workers {
				end(cmd)
			}
		}()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-time.After(300*time.Millisecond + rand.N(900*time.Millisecond)):
			}
			end(workers[n%2])
			kills.Add(1)
			workers[n%2] = start()
		}
	})
	done := sync.OnceFunc(func() {
		cancel()
		group.Wait()
	})
	t.Cleanup(done)
	return func() int {
		done()
		return int(kills.Load())
	}
}

// end kills a process and waits for its end.
func end(cmd *exec.Cmd) {
	if cmd != nil {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// work runs a worker process until it is killed.
func work(kind string) error {
	ctx := context.Background()
	pool, err := pgxstore.Open(ctx, os.Getenv(envDatabase))
	if err != nil {
		return err
	}
	store, err := pgxstore.New(ctx, pool, pgxstore.Config{})
	if err != nil {
		return err
	}
	texts := store.FollowUps()
	twilio, err := twiliosms.New(twiliosms.Config{
		Accounts: accounts(), PublicURL: os.Getenv(envPublic), BaseURL: os.Getenv(envTwilio), Timeout: time.Second})
	if err != nil {
		return err
	}
	t := &process{}
	cfg := func(c *followup.WorkerConfig) {
		c.SendTimeout, c.Lease, c.ReconcileDelay = time.Second, 1500*time.Millisecond, time.Second
	}
	var sender followup.Sender = twilio
	if kind == "naive" {
		sender = naive{twilio}
		cfg = func(c *followup.WorkerConfig) {
			c.SendTimeout, c.Lease, c.ReconcileDelay = time.Second, 1500*time.Millisecond, time.Nanosecond
		}
	}
	service := newService(t, texts, orgs(killClinics), slog.New(slog.DiscardHandler))
	return newWorker(t, service, texts, sender, cfg).Run(ctx)
}

// naive finds no sent message: its worker sends again when a lease has expired.
type naive struct{ *twiliosms.Sender }

func (naive) FindSent(context.Context, tenant.ID, followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	return followup.Receipt{}, false, nil
}

// process is a testing.TB for a process that runs no test.
type process struct{ testing.TB }

func (*process) Helper()                           {}
func (*process) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*process) FailNow()                          { panic("failed") }
