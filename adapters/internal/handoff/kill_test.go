package handoff_test

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

// A worker process is this test's own program, told by its environment what it is.
const (
	envWorker   = "HANDOFF_WORKER" // "careful" or "naive"
	envDatabase = "HANDOFF_DATABASE_URL"
	envTwilio   = "HANDOFF_TWILIO_URL"
	envPublic   = "HANDOFF_PUBLIC_URL"

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

// TestACallIsTextedOnceWhateverIsKilled is the promise, at its worst: every
// webhook comes twice and in any order, workers are killed in the middle of
// what they do, and the carrier fails in every way it can. CALLS sets how many
// calls there are.
func TestACallIsTextedOnceWhateverIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills processes for a while")
	}
	calls := number(t, "CALLS", 60)
	o := killed(t, "careful", calls)
	t.Logf("%d calls, %d workers killed, %d requests to the carrier: lost %d, duplicates %d; from the end of the call until it is accepted p50 %v, p99 %v, max %v",
		calls, o.kills, o.requests, o.lost, o.duplicates, percentile(o.took, 50), percentile(o.took, 99), percentile(o.took, 100))
	require.Zero(t, o.lost, "calls that got no text")
	require.Zero(t, o.duplicates, "texts beyond the first")
	require.Empty(t, o.problems, "what the carrier did not understand")
	require.NotZero(t, o.kills)
}

// What most would write, to lease a job and to do it again when the lease has
// run out, does not keep the promise; or else the test above would show nothing.
func TestALeaseAndARetryTextTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills processes for a while")
	}
	calls := number(t, "CALLS", 60)
	o := killed(t, "naive", calls)
	t.Logf("%d calls, %d workers killed: lost %d, duplicates %d", calls, o.kills, o.lost, o.duplicates)
	require.NotZero(t, o.duplicates)
}

// An outcome is what came of the calls.
type outcome struct {
	kills, requests  int
	lost, duplicates int
	took             []time.Duration
	problems         []string
}

// killed has so many calls end at sixteen a second, and workers killed until
// all have been texted.
func killed(t *testing.T, kind string, calls int) outcome {
	w := newWorld(t, killClinics, 16)
	mux := http.NewServeMux()
	public := httptest.NewServer(mux)
	t.Cleanup(public.Close)
	carrier := startCarrier(t, kind)
	mount(t, mux, w, public.URL)
	kills := killWorkers(t, kind, w, carrier.URL(), public.URL)

	ended := newSink() // when each call's end was acknowledged
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	arrivals(calls, 16, func(i int) { hangUp(t, client, public.URL, w, i, ended) })
	o := outcome{}
	if kind == "careful" {
		until(t, 2*time.Minute, "a text for every call", func() bool {
			return t.Failed() || len(first(carrier.Messages())) == calls
		})
	}
	quiet(t, w) // no worker has anything to do any more
	o.kills = kills()
	texts := carrier.Messages()
	firsts := first(texts)
	o.requests, o.problems = carrier.Requests(), carrier.Problems()
	o.lost, o.duplicates = calls-len(firsts), len(texts)-len(firsts)
	for i := range calls {
		m, texted := firsts[recipient(org(i%killClinics), phone(i/killClinics))]
		at, _ := ended.at(followup.IntentID(fmt.Sprint(i)))
		if texted {
			o.took = append(o.took, m.Created.Sub(at))
		}
	}
	return o
}

// first returns the first text that each recipient got.
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

// startCarrier fails fifteen times of a hundred. Of the naive worker it calls
// nobody back.
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

// mount answers Vapi and Twilio, in this process, which is not killed.
func mount(t testing.TB, mux *http.ServeMux, w *world, publicURL string) {
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

// hangUp is one call: what was promised, its end and its report, each twice and
// in any order.
func hangUp(t *testing.T, client *http.Client, url string, w *world, i int, ended *sink) {
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
		answer, err := post(client, url+"/vapi/"+o.Key, body)
		if err != nil {
			t.Errorf("call %d: %v", i, err)
			return
		}
		promised = promised || strings.Contains(answer, "noted")
		over = over || !strings.Contains(body, "tool-calls")
		if _, noted := ended.at(followup.IntentID(fmt.Sprint(i))); promised && over && !noted {
			ended.mu.Lock()
			ended.began[followup.IntentID(fmt.Sprint(i))] = time.Now()
			ended.mu.Unlock()
		}
	}
	if !promised {
		t.Errorf("call %d: nothing was promised", i)
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

// quiet waits until every intent has come to its end.
func quiet(t *testing.T, w *world) {
	t.Helper()
	until(t, 2*time.Minute, "the end of all intents", func() bool {
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

// killWorkers runs two workers and kills one of them every 0.3 to 1.2 seconds,
// until it is told to stop; another takes its place.
func killWorkers(t *testing.T, kind string, w *world, twilioURL, publicURL string) (stop func() int) {
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

// end kills a process and takes leave of it.
func end(cmd *exec.Cmd) {
	if cmd != nil {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// work is the life of a worker process, until it is killed.
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

// naive never finds what it has lost: a lease that has run out is tried again.
type naive struct{ *twiliosms.Sender }

func (naive) FindSent(context.Context, tenant.ID, followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	return followup.Receipt{}, false, nil
}

// process is a testing.TB for a process that is no test.
type process struct{ testing.TB }

func (*process) Helper()                           {}
func (*process) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*process) FailNow()                          { panic("failed") }
