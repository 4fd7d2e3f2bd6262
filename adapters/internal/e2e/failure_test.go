package e2e_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A webhookServer serves the webhooks of Vapi and Twilio for the clinics of a
// fixture, and has a carrier.
type webhookServer struct {
	*fixture
	carrier *twiliotest.Server
	url     string
	client  *http.Client
}

// serve starts the webhooks of clinics and a carrier; no worker runs yet.
func serve(t *testing.T, w *fixture, cfg twiliotest.Config) *webhookServer {
	t.Helper()
	carrier, err := twiliotest.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(carrier.Close)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mount(t, mux, w, server.URL)
	callbacks, err := twiliosms.NewCallbacks(twiliosms.CallbackConfig{
		Accounts: accounts(), Keys: w.store, Inbox: w.service, PublicURL: server.URL, Log: w.log})
	require.NoError(t, err)
	mux.Handle("/sms/inbound/{key}", callbacks.InboundHandler())
	return &webhookServer{fixture: w, carrier: carrier, url: server.URL, client: &http.Client{}}
}

// startWorker runs a worker that sends to the carrier's URL.
func (s *webhookServer) startWorker(t *testing.T, carrierURL string, of twiliosms.Accounts, timeout time.Duration) {
	t.Helper()
	sender, err := twiliosms.New(twiliosms.Config{Accounts: of, PublicURL: s.url, BaseURL: carrierURL, Timeout: timeout})
	require.NoError(t, err)
	s.worker(t, sender, func(c *followup.WorkerConfig) {
		c.SendTimeout, c.Lease, c.ReconcileDelay = timeout, timeout+500*time.Millisecond, time.Second
	})
}

// newFixtureOn is newFixture on database d, through a URL.
func newFixtureOn(t *testing.T, d *pgtest.Database, clinics int, url string) *fixture {
	t.Helper()
	w := &fixture{db: d, orgs: orgs(clinics), log: slog.New(slog.DiscardHandler)}
	admin := d.AdminPool(t)
	for _, o := range w.orgs {
		require.NoError(t, pgxstore.Register(t.Context(), admin, tenant.Registration{Org: o, Secrets: tenant.Secrets{Current: secret}}))
	}
	admin.Close()
	w.open(t, url, 16)
	return w
}

// promisedJSON is the tool call in which a text is promised.
func promisedJSON(id, number string) string {
	return `{"message":{"type":"tool-calls",` + callJSON(id, number) + `,"toolCallList":[{"id":"t1","function":{"name":"send_information","arguments":{"procedure":"nose job","consent":true}}}]}}`
}

func endedJSON(id, number string) string {
	return `{"message":{"type":"status-update","status":"ended",` + callJSON(id, number) + `}}`
}

func callJSON(id, number string) string {
	return fmt.Sprintf(`"call":{"id":%q,"customer":{"number":%q}}`, id, number)
}

// postCall posts a call in which a text is promised, and its end.
func (s *webhookServer) postCall(t *testing.T, o tenant.Org, id, number string) {
	t.Helper()
	for _, body := range []string{promisedJSON(id, number), endedJSON(id, number)} {
		_, err := post(s.client, s.url+"/vapi/"+o.Key, body)
		require.NoError(t, err)
	}
}

// post posts a message of Vapi and returns the status code.
func (s *webhookServer) post(t *testing.T, o tenant.Org, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/vapi/"+o.Key, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("X-Vapi-Secret", secret)
	resp, err := s.client.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	return resp.StatusCode
}

// received returns the number of texts that a number got from a clinic.
func (s *webhookServer) received(o tenant.Org, number string) (n int) {
	for _, m := range s.carrier.Messages() {
		if m.AccountSID == accountOf(o).SID && m.To == number {
			n++
		}
	}
	return n
}

// intent returns the one intent of a call.
func (s *webhookServer) intent(t *testing.T, o tenant.Org, id string) followup.Intent {
	t.Helper()
	found, err := s.texts.ListIntents(t.Context(), o.ID, followup.IntentFilter{Call: id})
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}

func TestService_RecordCall_DatabaseDown(t *testing.T) {
	c := pgtest.NewCluster(t)
	d := c.DB(t)
	s := serve(t, newFixtureOn(t, d, 1, d.App), twiliotest.Config{})
	s.startWorker(t, s.carrier.URL(), accounts(), time.Second)
	o, number := s.orgs[0], phone(1)
	report := `{"message":{"type":"end-of-call-report",` + callJSON("call-1", number) + `,"artifact":{"transcript":"User: I want a nose job."}}}`
	require.Equal(t, http.StatusOK, s.post(t, o, promisedJSON("call-1", number)))

	c.Kill()
	for range 3 {
		require.Equal(t, http.StatusServiceUnavailable, s.post(t, o, endedJSON("call-1", number)), "a message is acknowledged only when it is durable")
		require.Equal(t, http.StatusServiceUnavailable, s.post(t, o, report))
	}
	require.NoError(t, c.Start())
	require.Eventually(t, func() bool { return s.post(t, o, endedJSON("call-1", number)) == http.StatusOK }, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool { return s.post(t, o, report) == http.StatusOK }, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool { return s.received(o, number) == 1 }, time.Minute, time.Millisecond)
	awaitAllEnds(t, s.fixture)
	require.Equal(t, 1, s.received(o, number))
	require.Equal(t, followup.Accepted, s.intent(t, o, "call-1").State)
}

func TestWorker_DatabaseRestart(t *testing.T) {
	c := pgtest.NewCluster(t)
	d := c.DB(t)
	s := serve(t, newFixtureOn(t, d, 2, d.App), twiliotest.Config{})
	s.startWorker(t, s.carrier.URL(), accounts(), time.Second)
	s.consent(t, s.orgs, 10)
	s.postCall(t, s.orgs[0], "before", phone(10))
	require.Eventually(t, func() bool { return s.received(s.orgs[0], phone(10)) == 1 }, time.Minute, time.Millisecond)

	for outage, duration := range []time.Duration{0, 3 * time.Second} {
		due := time.Now().Add(500 * time.Millisecond)
		for _, o := range s.orgs {
			s.plan(t, o, fmt.Sprint("outage-", outage, "-"), 5*outage, 5*outage+5, due)
		}
		c.Kill()
		time.Sleep(duration)
		require.NoError(t, c.Start())
		restarted := time.Now()
		for _, o := range s.orgs {
			for n := 5 * outage; n < 5*outage+5; n++ {
				require.Eventually(t, func() bool { return s.received(o, phone(n)) == 1 }, time.Minute, time.Millisecond)
			}
		}
		t.Logf("down for %v and the start: all texts sent %v after the restart", duration, time.Since(restarted).Round(time.Millisecond))
	}
	require.Eventually(t, func() bool { return listeners(t, d) == 1 }, time.Minute, 10*time.Millisecond, "the worker listens again")
	awaitAllEnds(t, s.fixture)
	require.Len(t, s.carrier.Messages(), 21)
}

// listeners returns the number of sessions that listen.
func listeners(t *testing.T, d *pgtest.Database) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.Admin)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, conn.QueryRow(t.Context(), `
		select count(*) from pg_stat_activity where datname = current_database() and query like 'listen %'`).Scan(&n))
	return n
}

func TestWorker_TerminatedSessions(t *testing.T) {
	const each = 40
	s := serve(t, newFixture(t, 5, 16), twiliotest.Config{
		Latency:   [2]time.Duration{10 * time.Millisecond, 60 * time.Millisecond},
		Callbacks: &twiliotest.Callbacks{Twice: true, Shuffled: true},
	})
	s.consent(t, s.orgs, each)
	due := time.Now().Add(time.Second)
	for _, o := range s.orgs {
		for n := range each { // due over 1.2 seconds
			s.plan(t, o, "drain-", n, n+1, due.Add(time.Duration(n)*30*time.Millisecond))
		}
	}
	s.startWorker(t, s.carrier.URL(), accounts(), time.Second)

	conn, err := pgx.Connect(t.Context(), s.db.Admin)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	listening, sessions := 0, 0
	for round := 0; len(s.carrier.Messages()) < each*len(s.orgs) && !t.Failed(); round++ {
		which, count := `query like 'listen %'`, &listening
		if round%5 == 4 {
			which, count = `true`, &sessions
		}
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), `
			select count(pg_terminate_backend(pid)) from pg_stat_activity
			where datname = current_database() and application_name = 'callwaiting' and `+which).Scan(&n))
		*count += n
		time.Sleep(100 * time.Millisecond)
		require.Less(t, round, 2400, "the texts are not sent") // four minutes: a busy machine holds the lock too long, and backs off
	}
	awaitAllEnds(t, s.fixture)
	for _, o := range s.orgs {
		for n := range each {
			require.Equal(t, 1, s.received(o, phone(n)))
		}
		all, err := s.texts.ListIntents(t.Context(), o.ID, followup.IntentFilter{Limit: 1000})
		require.NoError(t, err)
		for _, i := range all {
			require.True(t, i.State.AtCarrier(), "%v", i)
		}
	}
	require.NotZero(t, listening, "no listening session was ended")
	require.NotZero(t, sessions, "no other session was ended")
	require.Eventually(t, func() bool { return listeners(t, s.db) == 1 }, time.Minute, 10*time.Millisecond, "the worker listens again")
	t.Logf("%d texts once each, while %d listening and %d other sessions were ended", each*len(s.orgs), listening, sessions)
}

// The faults of a carrierProxy.
const (
	cutRequest   int32 = iota + 1 // the connection is reset before the request is forwarded
	cutResponse                   // the connection is reset before the response is forwarded
	lateResponse                  // the response is forwarded after the delay
)

// A carrierProxy forwards connections to a carrier.
type carrierProxy struct {
	url, target string
	delay       time.Duration
	fault       atomic.Int32
	left        atomic.Int64 // messages that the fault still affects
}

func newCarrierProxy(t *testing.T, carrier *twiliotest.Server, delay time.Duration) *carrierProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	p := &carrierProxy{url: "http://" + listener.Addr().String(), target: strings.TrimPrefix(carrier.URL(), "http://"), delay: delay}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.forward(client.(*net.TCPConn))
		}
	}()
	return p
}

// inject makes a fault happen to the next messages.
func (p *carrierProxy) inject(fault int32, messages int) {
	p.fault.Store(fault)
	p.left.Store(int64(messages))
}

func (p *carrierProxy) faulty(fault int32) bool {
	return p.fault.Load() == fault && p.left.Add(-1) >= 0
}

func (p *carrierProxy) forward(client *net.TCPConn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		for buf := make([]byte, 64<<10); ; {
			n, err := server.Read(buf)
			if err != nil {
				return
			}
			if p.faulty(cutResponse) {
				client.SetLinger(0)
				return
			}
			if p.faulty(lateResponse) {
				time.Sleep(p.delay)
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	for buf := make([]byte, 64<<10); ; {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if p.faulty(cutRequest) {
			client.SetLinger(0)
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestWorker_CarrierFailure(t *testing.T) {
	const calls = 4 // fewer failures in a row than suspend a clinic's sending
	s := serve(t, newFixture(t, 4, 16), twiliotest.Config{ListLag: 100 * time.Millisecond})
	p := newCarrierProxy(t, s.carrier, 1500*time.Millisecond)
	s.startWorker(t, p.url, accounts(), time.Second)
	for n, tt := range []struct {
		name  string
		begin func()
		end   func()
	}{
		{name: "the connection is reset before the request", begin: func() { p.inject(cutRequest, calls) }},
		{name: "the connection is reset before the response", begin: func() { p.inject(cutResponse, calls) }},
		{name: "the response comes after the sender's timeout", begin: func() { p.inject(lateResponse, calls) }},
		{name: "the connection is refused", begin: func() { s.carrier.Fault(followuptest.RefuseConnection) },
			end: func() { s.carrier.Fault(followuptest.Fine) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := s.orgs[n]
			tt.begin()
			var group sync.WaitGroup
			for i := range calls {
				group.Go(func() {
					for _, body := range []string{promisedJSON(fmt.Sprint("call-", i), phone(i)), endedJSON(fmt.Sprint("call-", i), phone(i))} {
						if _, err := post(s.client, s.url+"/vapi/"+o.Key, body); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
			tried := func() (n int) {
				all, err := s.texts.ListIntents(t.Context(), o.ID, followup.IntentFilter{})
				require.NoError(t, err)
				for _, i := range all {
					if i.Attempt > 0 && i.Reason == followup.Transient || i.Reason == followup.Unresolved {
						n++
					}
				}
				return n
			}
			require.Eventually(t, func() bool { return tried() > 0 }, time.Minute, time.Millisecond, "no attempt hit the fault")
			if tt.end != nil {
				tt.end()
			}
			for i := range calls {
				require.Eventually(t, func() bool { return s.received(o, phone(i)) == 1 }, time.Minute, time.Millisecond)
			}
			awaitAllEnds(t, s.fixture)
			for i := range calls {
				require.Equal(t, 1, s.received(o, phone(i)))
				require.Equal(t, followup.Accepted, s.intent(t, o, fmt.Sprint("call-", i)).State)
			}
		})
	}
	require.Empty(t, s.carrier.Problems())
}

func TestCallbacks_BeforeResult(t *testing.T) {
	s := serve(t, newFixture(t, 1, 8), twiliotest.Config{Callbacks: &twiliotest.Callbacks{}})
	respond := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		forward, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, s.carrier.URL()+r.URL.Path, r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		forward.Header = r.Header
		resp, err := http.DefaultClient.Do(forward)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer resp.Body.Close()
		<-respond
		out.WriteHeader(resp.StatusCode)
		io.Copy(out, resp.Body)
	}))
	t.Cleanup(slow.Close)
	sender, err := twiliosms.New(twiliosms.Config{Accounts: accounts(), PublicURL: s.url, BaseURL: slow.URL, Timeout: time.Minute})
	require.NoError(t, err)
	results := make(chan followup.Observation, 10)
	worker := newWorker(t, s.service, s.fixture.texts, sender, func(c *followup.WorkerConfig) {
		c.SendTimeout, c.Observer = time.Minute, observer(results)
	})
	ctx, stop := context.WithCancel(t.Context())
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		worker.Run(ctx)
	}()

	s.postCall(t, s.orgs[0], "call-1", phone(1))
	require.Eventually(t, func() bool {
		all, err := s.texts.ListIntents(t.Context(), s.orgs[0].ID, followup.IntentFilter{Call: "call-1", State: followup.Delivered})
		return err == nil && len(all) == 1
	}, time.Minute, time.Millisecond, "the callback is stored while the response is outstanding")
	close(respond)
	require.Equal(t, followup.Accepted, (<-results).State, "the response has arrived")
	stop()
	<-worked // the worker has written the result

	i := s.intent(t, s.orgs[0], "call-1")
	require.Equal(t, followup.Delivered, i.State)
	require.Equal(t, s.carrier.Messages()[0].SID, i.Provider)
	require.Equal(t, 1, s.received(s.orgs[0], phone(1)))
}

// observer sends its observations to a channel.
type observer chan<- followup.Observation

func (o observer) ObserveMessage(_ context.Context, one followup.Observation) { o <- one }

func TestCallbacks_Invalid(t *testing.T) {
	s := serve(t, newFixture(t, 2, 8), twiliotest.Config{})
	s.startWorker(t, s.carrier.URL(), accounts(), time.Second)
	o, other := s.orgs[0], s.orgs[1]
	s.postCall(t, o, "call-1", phone(1))
	s.postCall(t, other, "call-1", phone(1))
	require.Eventually(t, func() bool { return len(s.carrier.Messages()) == 2 }, time.Minute, time.Millisecond)
	awaitAllEnds(t, s.fixture)
	var m, others twiliotest.Message
	for _, one := range s.carrier.Messages() {
		if one.AccountSID == accountOf(o).SID {
			m = one
		} else {
			others = one
		}
	}
	for _, status := range []string{"sent", "delivered"} {
		code, err := s.carrier.Report(t.Context(), m.SID, status, 0)
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, code)
	}
	before, before2 := s.intent(t, o, "call-1"), s.intent(t, other, "call-1")
	require.Equal(t, followup.Delivered, before.State)
	require.Equal(t, followup.Accepted, before2.State)

	token, otherToken := accountOf(o).AuthToken.Current, accountOf(other).AuthToken.Current
	callback := func(sid, status string) url.Values {
		return url.Values{"MessageSid": {sid}, "MessageStatus": {status}, "ErrorCode": {"30005"}}
	}
	atOther := strings.Replace(m.StatusCallback, "/"+o.Key+"?", "/"+other.Key+"?", 1)
	query := others.StatusCallback[strings.Index(others.StatusCallback, "?"):]
	for name, tt := range map[string]struct {
		target, token string
		form          url.Values
		want          int
	}{
		"signed with an unknown token":        {m.StatusCallback, "guess", callback(m.SID, "failed"), http.StatusForbidden},
		"signed by another clinic's account":  {m.StatusCallback, otherToken, callback(m.SID, "failed"), http.StatusForbidden},
		"posted to another clinic":            {atOther, token, callback(m.SID, "failed"), http.StatusForbidden},
		"posted to and signed by another one": {atOther, otherToken, callback(m.SID, "failed"), http.StatusForbidden},
		"for another clinic's intent":         {s.url + "/sms/status/" + o.Key + query, token, callback(m.SID, "failed"), http.StatusForbidden},
		"without a tag":                       {s.url + "/sms/status/" + o.Key + "?i=" + string(before.ID), token, callback(m.SID, "failed"), http.StatusForbidden},
		"without a query":                     {s.url + "/sms/status/" + o.Key, token, callback(m.SID, "failed"), http.StatusForbidden},
		"of an unknown clinic":                {s.url + "/sms/status/unknown", token, callback(m.SID, "failed"), http.StatusNotFound},
		"replayed":                            {m.StatusCallback, token, callback(m.SID, "delivered"), http.StatusNoContent},
		"stale":                               {m.StatusCallback, token, callback(m.SID, "sent"), http.StatusNoContent},
		"another final status":                {m.StatusCallback, token, callback(m.SID, "undelivered"), http.StatusNoContent},
		"of another message":                  {m.StatusCallback, token, callback("SM00000000000000000000000000000001", "sending"), http.StatusNoContent},
		"with an unknown status":              {m.StatusCallback, token, callback(m.SID, "eaten"), http.StatusNoContent},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, err := twiliotest.Post(t.Context(), tt.target, tt.token, tt.form)
			require.NoError(t, err)
			require.Equal(t, tt.want, code)
		})
	}
	t.Run("not signed", func(t *testing.T) {
		resp, err := http.PostForm(m.StatusCallback, callback(m.SID, "failed"))
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusForbidden, resp.StatusCode)
	})
	require.Equal(t, before, s.intent(t, o, "call-1"))
	require.Equal(t, before2, s.intent(t, other, "call-1"))

	t.Run("a STOP that is replayed after a START", func(t *testing.T) {
		texted := func(sid, body string) {
			code, _, err := twiliotest.Post(t.Context(), s.url+"/sms/inbound/"+o.Key, token,
				url.Values{"MessageSid": {sid}, "From": {phone(1)}, "Body": {body}})
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, code)
		}
		const stop, start = "SM00000000000000000000000000000001", "SM00000000000000000000000000000002"
		texted(stop, "STOP")
		summary, err := s.texts.Summary(t.Context(), o.ID, phone(1))
		require.NoError(t, err)
		require.True(t, summary.OptedOut)
		texted(start, "START")
		texted(stop, "STOP")
		summary, err = s.texts.Summary(t.Context(), o.ID, phone(1))
		require.NoError(t, err)
		require.False(t, summary.OptedOut)
	})
	awaitAllEnds(t, s.fixture)
	require.Len(t, s.carrier.Messages(), 2)
}

// mutableAccounts are accounts that a test adds and corrects while texts wait.
type mutableAccounts struct {
	mu  sync.Mutex
	all twiliosms.StaticAccounts
}

func (a *mutableAccounts) Account(ctx context.Context, org tenant.ID) (twiliosms.Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all.Account(ctx, org)
}

func (a *mutableAccounts) put(org tenant.ID, account twiliosms.Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all[org] = account
}

func TestWorker_MissingAccount(t *testing.T) {
	w := newFixture(t, 3, 16)
	tokens := map[string]string{}
	for _, o := range w.orgs {
		tokens[accountOf(o).SID] = accountOf(o).AuthToken.Current
	}
	s := serve(t, w, twiliotest.Config{Accounts: tokens})
	without, with, wrong := s.orgs[0], s.orgs[1], s.orgs[2]
	mistaken := accountOf(wrong)
	mistaken.AuthToken.Current = "the token of last year"
	of := &mutableAccounts{all: twiliosms.StaticAccounts{with.ID: accountOf(with), wrong.ID: mistaken}}
	s.startWorker(t, s.carrier.URL(), of, time.Second)
	for _, o := range s.orgs {
		for n := range 3 {
			s.postCall(t, o, fmt.Sprint("call-", n), phone(n))
		}
	}
	require.Eventually(t, func() bool { return len(s.carrier.Messages()) == 3 }, time.Minute, time.Millisecond)
	reasons := func(o tenant.Org) (all []followup.Reason) {
		for n := range 3 {
			i := s.intent(t, o, fmt.Sprint("call-", n))
			require.True(t, i.State.Open(), "%v", i)
			all = append(all, i.Reason)
		}
		return all
	}
	for _, o := range []tenant.Org{without, wrong} {
		require.Eventually(t, func() bool { return slices.Contains(reasons(o), followup.BadConfig) }, time.Minute, time.Millisecond, "an intent has the reason for the delay")
	}
	for n := range 3 {
		require.Equal(t, 1, s.received(with, phone(n)))
	}
	t.Logf("without an account: %v; with a wrong token: %v", reasons(without), reasons(wrong))

	of.put(without.ID, accountOf(without))
	of.put(wrong.ID, accountOf(wrong))
	require.Eventually(t, func() bool { // the update skips the minutes until the retry
		s.db.Exec(t, `update callwaiting.task set due_at = clock_timestamp() where kind = 'intent' and due_at > clock_timestamp() + interval '5 seconds'`)
		return len(s.carrier.Messages()) == 9
	}, time.Minute, 20*time.Millisecond)
	awaitAllEnds(t, s.fixture)
	for _, o := range s.orgs {
		for n := range 3 {
			require.Equal(t, 1, s.received(o, phone(n)))
		}
	}
}

func TestService_OptOut_OneClinic(t *testing.T) {
	s := serve(t, newFixture(t, 2, 8), twiliotest.Config{})
	s.startWorker(t, s.carrier.URL(), accounts(), time.Second)
	stopped, other, number := s.orgs[0], s.orgs[1], phone(1)
	for _, o := range s.orgs {
		require.Equal(t, http.StatusOK, s.post(t, o, promisedJSON("call-1", number)))
	}
	code, _, err := twiliotest.Post(t.Context(), s.url+"/sms/inbound/"+stopped.Key, accountOf(stopped).AuthToken.Current,
		url.Values{"MessageSid": {"SM00000000000000000000000000000001"}, "From": {number}, "Body": {"STOP"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, code)
	for _, o := range s.orgs {
		require.Equal(t, http.StatusOK, s.post(t, o, endedJSON("call-1", number)))
	}
	require.Eventually(t, func() bool { return s.received(other, number) == 1 }, time.Minute, time.Millisecond)
	awaitAllEnds(t, s.fixture)
	require.Equal(t, 1, s.received(other, number))
	require.Zero(t, s.received(stopped, number))
	i := s.intent(t, stopped, "call-1")
	require.Equal(t, followup.Suppressed, i.State)
	require.Equal(t, followup.OptedOut, i.Reason)
}

func TestWorker_PgBouncer(t *testing.T) {
	const calls = 40
	d := pgtest.DB(t)
	s := serve(t, newFixtureOn(t, d, 4, d.PgBouncer(t, 6)+"&default_query_exec_mode=cache_describe"), twiliotest.Config{
		Faults:    twiliotest.FaultRates{ThenDrop: .1},
		Callbacks: &twiliotest.Callbacks{Twice: true, Shuffled: true},
	})
	s.startWorker(t, s.carrier.URL(), accounts(), time.Second)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for n := worker; n < calls; n += 4 {
				o, id := s.orgs[n/10], fmt.Sprint("call-", n)
				for _, body := range []string{promisedJSON(id, phone(n)), endedJSON(id, phone(n)), endedJSON(id, phone(n)), promisedJSON(id, phone(n))} {
					if n%10 == 9 && strings.Contains(body, "ended") { // the caller books first
						if _, err := s.store.Claim(t.Context(), o.ID, claim(o, id, n, phone(n))); err != nil {
							t.Error(err)
						}
					}
					if _, err := post(s.client, s.url+"/vapi/"+o.Key, body); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	require.Eventually(t, func() bool { return len(s.carrier.Messages()) >= calls*9/10 }, time.Minute, time.Millisecond)
	awaitAllEnds(t, s.fixture)
	for n := range calls {
		want := 1
		if n%10 == 9 {
			want = 0
		}
		require.Equal(t, want, s.received(s.orgs[n/10], phone(n)), "call %d", n)
	}
	require.Zero(t, listeners(t, d), "a worker must not listen through a pooler")
}
