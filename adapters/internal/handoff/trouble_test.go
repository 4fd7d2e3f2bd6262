package handoff_test

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

// A line is a phone line of some clinics: Vapi's and Twilio's ends of it.
type line struct {
	*world
	carrier *twiliotest.Server
	url     string
	client  *http.Client
}

// connect answers calls and callbacks for clinics on a database, and has a
// carrier, which is not texted through yet.
func connect(t *testing.T, w *world, cfg twiliotest.Config) *line {
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
	return &line{world: w, carrier: carrier, url: server.URL, client: &http.Client{}}
}

// text has a worker text, at a carrier's URL.
func (l *line) text(t *testing.T, carrierURL string, of twiliosms.Accounts, timeout time.Duration) {
	t.Helper()
	sender, err := twiliosms.New(twiliosms.Config{Accounts: of, PublicURL: l.url, BaseURL: carrierURL, Timeout: timeout})
	require.NoError(t, err)
	l.worker(t, sender, func(c *followup.WorkerConfig) {
		c.SendTimeout, c.Lease, c.ReconcileDelay = timeout, timeout+500*time.Millisecond, time.Second
	})
}

// worldOn is newWorld on a given database, reached through a given URL.
func worldOn(t *testing.T, d *pgtest.Database, clinics int, url string) *world {
	t.Helper()
	w := &world{db: d, orgs: orgs(clinics), log: slog.New(slog.DiscardHandler)}
	admin := d.AdminPool(t)
	for _, o := range w.orgs {
		require.NoError(t, pgxstore.Register(t.Context(), admin, tenant.Registration{Org: o, Secrets: tenant.Secrets{Current: secret}}))
	}
	admin.Close()
	w.open(t, url, 16)
	return w
}

// promised is what Vapi says of a call in which a text is promised, but for its end.
func promised(id, number string) string {
	return `{"message":{"type":"tool-calls",` + call(id, number) + `,"toolCallList":[{"id":"t1","function":{"name":"send_information","arguments":{"procedure":"nose job","consent":true}}}]}}`
}

func ended(id, number string) string {
	return `{"message":{"type":"status-update","status":"ended",` + call(id, number) + `}}`
}

func call(id, number string) string {
	return fmt.Sprintf(`"call":{"id":%q,"customer":{"number":%q}}`, id, number)
}

// hangsUp is a call in which a text is promised.
func (l *line) hangsUp(t *testing.T, o tenant.Org, id, number string) {
	t.Helper()
	for _, body := range []string{promised(id, number), ended(id, number)} {
		_, err := post(l.client, l.url+"/vapi/"+o.Key, body)
		require.NoError(t, err)
	}
}

// status is what is answered to a message of Vapi's.
func (l *line) status(t *testing.T, o tenant.Org, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.url+"/vapi/"+o.Key, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("X-Vapi-Secret", secret)
	resp, err := l.client.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	return resp.StatusCode
}

// got is how many texts a number got from a clinic.
func (l *line) got(o tenant.Org, number string) (n int) {
	for _, m := range l.carrier.Messages() {
		if m.AccountSID == accountOf(o).SID && m.To == number {
			n++
		}
	}
	return n
}

// intent is what follows from a call.
func (l *line) intent(t *testing.T, o tenant.Org, id string) followup.Intent {
	t.Helper()
	found, err := l.texts.ListIntents(t.Context(), o.ID, followup.IntentFilter{Call: id})
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}

func TestACallThatEndsWhileTheDatabaseIsDownIsTextedOnceWhenItIsBack(t *testing.T) {
	c := pgtest.NewCluster(t)
	d := c.DB(t)
	l := connect(t, worldOn(t, d, 1, d.App), twiliotest.Config{})
	l.text(t, l.carrier.URL(), accounts(), time.Second)
	o, number := l.orgs[0], phone(1)
	report := `{"message":{"type":"end-of-call-report",` + call("call-1", number) + `,"artifact":{"transcript":"User: I want a nose job."}}}`
	require.Equal(t, http.StatusOK, l.status(t, o, promised("call-1", number)))

	c.Kill()
	for range 3 {
		require.Equal(t, http.StatusServiceUnavailable, l.status(t, o, ended("call-1", number)), "nothing is acknowledged that is not kept")
		require.Equal(t, http.StatusServiceUnavailable, l.status(t, o, report))
	}
	require.NoError(t, c.Start())
	require.Eventually(t, func() bool { return l.status(t, o, ended("call-1", number)) == http.StatusOK }, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool { return l.status(t, o, report) == http.StatusOK }, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool { return l.got(o, number) == 1 }, time.Minute, time.Millisecond)
	quiet(t, l.world)
	require.Equal(t, 1, l.got(o, number))
	require.Equal(t, followup.Accepted, l.intent(t, o, "call-1").State)
}

func TestAWorkerGoesOnByItselfWhenTheDatabaseIsBack(t *testing.T) {
	c := pgtest.NewCluster(t)
	d := c.DB(t)
	l := connect(t, worldOn(t, d, 2, d.App), twiliotest.Config{})
	l.text(t, l.carrier.URL(), accounts(), time.Second)
	l.consent(t, l.orgs, 10)
	l.hangsUp(t, l.orgs[0], "before", phone(10))
	require.Eventually(t, func() bool { return l.got(l.orgs[0], phone(10)) == 1 }, time.Minute, time.Millisecond)

	for outage, lasts := range []time.Duration{0, 3 * time.Second} {
		due := time.Now().Add(500 * time.Millisecond)
		for _, o := range l.orgs {
			l.plan(t, o, fmt.Sprint("outage-", outage, "-"), 5*outage, 5*outage+5, due)
		}
		c.Kill()
		time.Sleep(lasts)
		require.NoError(t, c.Start())
		back := time.Now()
		for _, o := range l.orgs {
			for n := 5 * outage; n < 5*outage+5; n++ {
				require.Eventually(t, func() bool { return l.got(o, phone(n)) == 1 }, time.Minute, time.Millisecond)
			}
		}
		t.Logf("down for %v and the time to start: all texts %v after the database is back", lasts, time.Since(back).Round(time.Millisecond))
	}
	require.Eventually(t, func() bool { return listeners(t, d) == 1 }, time.Minute, 10*time.Millisecond, "it listens again")
	quiet(t, l.world)
	require.Len(t, l.carrier.Messages(), 21)
}

// listeners are how many sessions wait for the bell.
func listeners(t *testing.T, d *pgtest.Database) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.Admin)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, conn.QueryRow(t.Context(), `
		select count(*) from pg_stat_activity where datname = current_database() and query like 'listen %'`).Scan(&n))
	return n
}

func TestSessionsThatAreEndedInTheMiddleOfADrainLoseAndDoubleNothing(t *testing.T) {
	const each = 40
	l := connect(t, newWorld(t, 5, 16), twiliotest.Config{
		Latency:   [2]time.Duration{10 * time.Millisecond, 60 * time.Millisecond},
		Callbacks: &twiliotest.Callbacks{Twice: true, Shuffled: true},
	})
	l.consent(t, l.orgs, each)
	due := time.Now().Add(time.Second)
	for _, o := range l.orgs {
		for n := range each { // over a while
			l.plan(t, o, "drain-", n, n+1, due.Add(time.Duration(n)*30*time.Millisecond))
		}
	}
	l.text(t, l.carrier.URL(), accounts(), time.Second)

	conn, err := pgx.Connect(t.Context(), l.db.Admin)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	bells, sessions := 0, 0
	for round := 0; len(l.carrier.Messages()) < each*len(l.orgs) && !t.Failed(); round++ {
		which, count := `query like 'listen %'`, &bells
		if round%5 == 4 {
			which, count = `true`, &sessions
		}
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), `
			select count(pg_terminate_backend(pid)) from pg_stat_activity
			where datname = current_database() and application_name = 'callwaiting' and `+which).Scan(&n))
		*count += n
		time.Sleep(100 * time.Millisecond)
		require.Less(t, round, 600, "it does not get done")
	}
	quiet(t, l.world)
	for _, o := range l.orgs {
		for n := range each {
			require.Equal(t, 1, l.got(o, phone(n)))
		}
		all, err := l.texts.ListIntents(t.Context(), o.ID, followup.IntentFilter{Limit: 1000})
		require.NoError(t, err)
		for _, i := range all {
			require.True(t, i.State.AtCarrier(), "%v", i)
		}
	}
	require.NotZero(t, bells, "no bell was lost")
	require.NotZero(t, sessions, "no session was lost")
	require.Eventually(t, func() bool { return listeners(t, l.db) == 1 }, time.Minute, 10*time.Millisecond, "it listens again")
	t.Logf("%d texts once each, while %d listening sessions were ended, and %d besides", each*len(l.orgs), bells, sessions)
}

// The trouble that a wire can make.
const (
	cutRequest int32 = iota + 1 // the connection is reset before the request has come
	cutAnswer                   // and after it
	lateAnswer                  // it comes after delay
)

// A wire leads to a carrier.
type wire struct {
	url, target string
	delay       time.Duration
	trouble     atomic.Int32
	left        atomic.Int64 // how often it makes trouble yet
}

func lay(t *testing.T, carrier *twiliotest.Server, delay time.Duration) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	w := &wire{url: "http://" + listener.Addr().String(), target: strings.TrimPrefix(carrier.URL(), "http://"), delay: delay}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go w.lead(client.(*net.TCPConn))
		}
	}()
	return w
}

// make has the next so many messages go wrong in a way.
func (w *wire) make(trouble int32, times int) {
	w.trouble.Store(trouble)
	w.left.Store(int64(times))
}

func (w *wire) makes(trouble int32) bool { return w.trouble.Load() == trouble && w.left.Add(-1) >= 0 }

func (w *wire) lead(client *net.TCPConn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.target)
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
			if w.makes(cutAnswer) {
				client.SetLinger(0)
				return
			}
			if w.makes(lateAnswer) {
				time.Sleep(w.delay)
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
		if w.makes(cutRequest) {
			client.SetLinger(0)
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestACarrierInTroubleTextsOnce(t *testing.T) {
	const calls = 4 // fewer in a row than suspend a clinic's sending
	l := connect(t, newWorld(t, 4, 16), twiliotest.Config{ListLag: 100 * time.Millisecond})
	w := lay(t, l.carrier, 1500*time.Millisecond)
	l.text(t, w.url, accounts(), time.Second)
	for n, tt := range []struct {
		name  string
		begin func()
		end   func()
	}{
		{name: "a connection that is reset before the request has come", begin: func() { w.make(cutRequest, calls) }},
		{name: "a connection that is reset after it", begin: func() { w.make(cutAnswer, calls) }},
		{name: "an answer that comes after the sender has given up", begin: func() { w.make(lateAnswer, calls) }},
		{name: "a connection that does not come about", begin: func() { l.carrier.Fault(followuptest.RefuseConnection) },
			end: func() { l.carrier.Fault(followuptest.Fine) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := l.orgs[n]
			tt.begin()
			var group sync.WaitGroup
			for i := range calls {
				group.Go(func() {
					for _, body := range []string{promised(fmt.Sprint("call-", i), phone(i)), ended(fmt.Sprint("call-", i), phone(i))} {
						if _, err := post(l.client, l.url+"/vapi/"+o.Key, body); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
			tried := func() (n int) {
				all, err := l.texts.ListIntents(t.Context(), o.ID, followup.IntentFilter{})
				require.NoError(t, err)
				for _, i := range all {
					if i.Attempt > 0 && i.Reason == followup.Transient || i.Reason == followup.Unresolved {
						n++
					}
				}
				return n
			}
			require.Eventually(t, func() bool { return tried() > 0 }, time.Minute, time.Millisecond, "no attempt met the trouble")
			if tt.end != nil {
				tt.end()
			}
			for i := range calls {
				require.Eventually(t, func() bool { return l.got(o, phone(i)) == 1 }, time.Minute, time.Millisecond)
			}
			quiet(t, l.world)
			for i := range calls {
				require.Equal(t, 1, l.got(o, phone(i)))
				require.Equal(t, followup.Accepted, l.intent(t, o, fmt.Sprint("call-", i)).State)
			}
		})
	}
	require.Empty(t, l.carrier.Problems())
}

func TestACallbackThatComesBeforeOurOwnCommitStands(t *testing.T) {
	l := connect(t, newWorld(t, 1, 8), twiliotest.Config{Callbacks: &twiliotest.Callbacks{}})
	answers := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		forward, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, l.carrier.URL()+r.URL.Path, r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		forward.Header = r.Header
		resp, err := http.DefaultClient.Do(forward)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer resp.Body.Close()
		<-answers
		out.WriteHeader(resp.StatusCode)
		io.Copy(out, resp.Body)
	}))
	t.Cleanup(slow.Close)
	sender, err := twiliosms.New(twiliosms.Config{Accounts: accounts(), PublicURL: l.url, BaseURL: slow.URL, Timeout: time.Minute})
	require.NoError(t, err)
	results := make(chan followup.Observation, 10)
	worker := newWorker(t, l.service, l.world.texts, sender, func(c *followup.WorkerConfig) {
		c.SendTimeout, c.Observer = time.Minute, observer(results)
	})
	ctx, stop := context.WithCancel(t.Context())
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		worker.Run(ctx)
	}()

	l.hangsUp(t, l.orgs[0], "call-1", phone(1))
	require.Eventually(t, func() bool {
		all, err := l.texts.ListIntents(t.Context(), l.orgs[0].ID, followup.IntentFilter{Call: "call-1", State: followup.Delivered})
		return err == nil && len(all) == 1
	}, time.Minute, time.Millisecond, "the carrier's word is kept while its answer to us is still on its way")
	close(answers)
	require.Equal(t, followup.Accepted, (<-results).State, "the answer has come")
	stop()
	<-worked // with what it had to write

	i := l.intent(t, l.orgs[0], "call-1")
	require.Equal(t, followup.Delivered, i.State)
	require.Equal(t, l.carrier.Messages()[0].SID, i.Provider)
	require.Equal(t, 1, l.got(l.orgs[0], phone(1)))
}

// observer passes on what it observes.
type observer chan<- followup.Observation

func (o observer) ObserveMessage(_ context.Context, one followup.Observation) { o <- one }

func TestACallbackThatIsForgedStaleOrReplayedChangesNothing(t *testing.T) {
	l := connect(t, newWorld(t, 2, 8), twiliotest.Config{})
	l.text(t, l.carrier.URL(), accounts(), time.Second)
	o, other := l.orgs[0], l.orgs[1]
	l.hangsUp(t, o, "call-1", phone(1))
	l.hangsUp(t, other, "call-1", phone(1))
	require.Eventually(t, func() bool { return len(l.carrier.Messages()) == 2 }, time.Minute, time.Millisecond)
	quiet(t, l.world)
	var m, others twiliotest.Message
	for _, one := range l.carrier.Messages() {
		if one.AccountSID == accountOf(o).SID {
			m = one
		} else {
			others = one
		}
	}
	for _, status := range []string{"sent", "delivered"} {
		code, err := l.carrier.Report(t.Context(), m.SID, status, 0)
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, code)
	}
	before, before2 := l.intent(t, o, "call-1"), l.intent(t, other, "call-1")
	require.Equal(t, followup.Delivered, before.State)
	require.Equal(t, followup.Accepted, before2.State)

	token, otherToken := accountOf(o).AuthToken.Current, accountOf(other).AuthToken.Current
	says := func(sid, status string) url.Values {
		return url.Values{"MessageSid": {sid}, "MessageStatus": {status}, "ErrorCode": {"30005"}}
	}
	atOther := strings.Replace(m.StatusCallback, "/"+o.Key+"?", "/"+other.Key+"?", 1)
	query := others.StatusCallback[strings.Index(others.StatusCallback, "?"):]
	for name, tt := range map[string]struct {
		target, token string
		form          url.Values
		want          int
	}{
		"signed by nobody who is known":       {m.StatusCallback, "guess", says(m.SID, "failed"), http.StatusForbidden},
		"signed by another clinic's account":  {m.StatusCallback, otherToken, says(m.SID, "failed"), http.StatusForbidden},
		"posted to another clinic":            {atOther, token, says(m.SID, "failed"), http.StatusForbidden},
		"posted to and signed by another":     {atOther, otherToken, says(m.SID, "failed"), http.StatusForbidden},
		"for another clinic's intent":         {l.url + "/sms/status/" + o.Key + query, token, says(m.SID, "failed"), http.StatusForbidden},
		"without a tag":                       {l.url + "/sms/status/" + o.Key + "?i=" + string(before.ID), token, says(m.SID, "failed"), http.StatusForbidden},
		"without anything":                    {l.url + "/sms/status/" + o.Key, token, says(m.SID, "failed"), http.StatusForbidden},
		"of a clinic that nobody knows":       {l.url + "/sms/status/nobody", token, says(m.SID, "failed"), http.StatusNotFound},
		"replayed":                            {m.StatusCallback, token, says(m.SID, "delivered"), http.StatusNoContent},
		"stale":                               {m.StatusCallback, token, says(m.SID, "sent"), http.StatusNoContent},
		"another end than the one it has had": {m.StatusCallback, token, says(m.SID, "undelivered"), http.StatusNoContent},
		"of another message":                  {m.StatusCallback, token, says("SM00000000000000000000000000000001", "sending"), http.StatusNoContent},
		"with a status that nobody knows":     {m.StatusCallback, token, says(m.SID, "eaten"), http.StatusNoContent},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, err := twiliotest.Post(t.Context(), tt.target, tt.token, tt.form)
			require.NoError(t, err)
			require.Equal(t, tt.want, code)
		})
	}
	t.Run("not signed", func(t *testing.T) {
		resp, err := http.PostForm(m.StatusCallback, says(m.SID, "failed"))
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusForbidden, resp.StatusCode)
	})
	require.Equal(t, before, l.intent(t, o, "call-1"))
	require.Equal(t, before2, l.intent(t, other, "call-1"))

	t.Run("a STOP that is replayed after a START", func(t *testing.T) {
		texted := func(sid, body string) {
			code, _, err := twiliotest.Post(t.Context(), l.url+"/sms/inbound/"+o.Key, token,
				url.Values{"MessageSid": {sid}, "From": {phone(1)}, "Body": {body}})
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, code)
		}
		const stop, start = "SM00000000000000000000000000000001", "SM00000000000000000000000000000002"
		texted(stop, "STOP")
		memory, err := l.texts.Summary(t.Context(), o.ID, phone(1))
		require.NoError(t, err)
		require.True(t, memory.OptedOut)
		texted(start, "START")
		texted(stop, "STOP")
		memory, err = l.texts.Summary(t.Context(), o.ID, phone(1))
		require.NoError(t, err)
		require.False(t, memory.OptedOut)
	})
	quiet(t, l.world)
	require.Len(t, l.carrier.Messages(), 2)
}

// latecomers are accounts that come, and are put right, while texts wait.
type latecomers struct {
	mu  sync.Mutex
	all twiliosms.StaticAccounts
}

func (a *latecomers) Account(ctx context.Context, org tenant.ID) (twiliosms.Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all.Account(ctx, org)
}

func (a *latecomers) put(org tenant.ID, account twiliosms.Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all[org] = account
}

func TestTextsOfAClinicWithoutAnAccountWaitForIt(t *testing.T) {
	w := newWorld(t, 3, 16)
	tokens := map[string]string{}
	for _, o := range w.orgs {
		tokens[accountOf(o).SID] = accountOf(o).AuthToken.Current
	}
	l := connect(t, w, twiliotest.Config{Accounts: tokens})
	without, with, wrong := l.orgs[0], l.orgs[1], l.orgs[2]
	mistaken := accountOf(wrong)
	mistaken.AuthToken.Current = "the token of last year"
	of := &latecomers{all: twiliosms.StaticAccounts{with.ID: accountOf(with), wrong.ID: mistaken}}
	l.text(t, l.carrier.URL(), of, time.Second)
	for _, o := range l.orgs {
		for n := range 3 {
			l.hangsUp(t, o, fmt.Sprint("call-", n), phone(n))
		}
	}
	require.Eventually(t, func() bool { return len(l.carrier.Messages()) == 3 }, time.Minute, time.Millisecond)
	reasons := func(o tenant.Org) (all []followup.Reason) {
		for n := range 3 {
			i := l.intent(t, o, fmt.Sprint("call-", n))
			require.True(t, i.State.Open(), "%v", i)
			all = append(all, i.Reason)
		}
		return all
	}
	for _, o := range []tenant.Org{without, wrong} {
		require.Eventually(t, func() bool { return slices.Contains(reasons(o), followup.BadConfig) }, time.Minute, time.Millisecond, "what they wait for is said")
	}
	for n := range 3 {
		require.Equal(t, 1, l.got(with, phone(n)))
	}
	t.Logf("without an account: %v; with a wrong token: %v", reasons(without), reasons(wrong))

	of.put(without.ID, accountOf(without))
	of.put(wrong.ID, accountOf(wrong))
	require.Eventually(t, func() bool { // the minutes until they are tried again pass
		l.db.Exec(t, `update callwaiting.task set due_at = clock_timestamp() where kind = 'intent' and due_at > clock_timestamp() + interval '5 seconds'`)
		return len(l.carrier.Messages()) == 9
	}, time.Minute, 20*time.Millisecond)
	quiet(t, l.world)
	for _, o := range l.orgs {
		for n := range 3 {
			require.Equal(t, 1, l.got(o, phone(n)))
		}
	}
}

func TestAnOptOutAtOneClinicDoesNotTouchAnother(t *testing.T) {
	l := connect(t, newWorld(t, 2, 8), twiliotest.Config{})
	l.text(t, l.carrier.URL(), accounts(), time.Second)
	stopped, other, number := l.orgs[0], l.orgs[1], phone(1)
	for _, o := range l.orgs {
		require.Equal(t, http.StatusOK, l.status(t, o, promised("call-1", number)))
	}
	code, _, err := twiliotest.Post(t.Context(), l.url+"/sms/inbound/"+stopped.Key, accountOf(stopped).AuthToken.Current,
		url.Values{"MessageSid": {"SM00000000000000000000000000000001"}, "From": {number}, "Body": {"STOP"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, code)
	for _, o := range l.orgs {
		require.Equal(t, http.StatusOK, l.status(t, o, ended("call-1", number)))
	}
	require.Eventually(t, func() bool { return l.got(other, number) == 1 }, time.Minute, time.Millisecond)
	quiet(t, l.world)
	require.Equal(t, 1, l.got(other, number))
	require.Zero(t, l.got(stopped, number))
	i := l.intent(t, stopped, "call-1")
	require.Equal(t, followup.Suppressed, i.State)
	require.Equal(t, followup.OptedOut, i.Reason)
}

func TestBehindPgBouncerAWorkerPollsAndEverythingWorks(t *testing.T) {
	const calls = 40
	d := pgtest.DB(t)
	l := connect(t, worldOn(t, d, 4, d.PgBouncer(t, 6)+"&default_query_exec_mode=cache_describe"), twiliotest.Config{
		Faults:    twiliotest.FaultRates{ThenDrop: .1},
		Callbacks: &twiliotest.Callbacks{Twice: true, Shuffled: true},
	})
	l.text(t, l.carrier.URL(), accounts(), time.Second)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for n := worker; n < calls; n += 4 {
				o, id := l.orgs[n/10], fmt.Sprint("call-", n)
				for _, body := range []string{promised(id, phone(n)), ended(id, phone(n)), ended(id, phone(n)), promised(id, phone(n))} {
					if n%10 == 9 && strings.Contains(body, "ended") { // books first
						if _, err := l.store.Claim(t.Context(), o.ID, claim(o, id, n, phone(n))); err != nil {
							t.Error(err)
						}
					}
					if _, err := post(l.client, l.url+"/vapi/"+o.Key, body); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	require.Eventually(t, func() bool { return len(l.carrier.Messages()) >= calls*9/10 }, time.Minute, time.Millisecond)
	quiet(t, l.world)
	for n := range calls {
		want := 1
		if n%10 == 9 {
			want = 0
		}
		require.Equal(t, want, l.got(l.orgs[n/10], phone(n)), "call %d", n)
	}
	require.Zero(t, listeners(t, d), "a pooler's connection is nobody's to listen on")
}
