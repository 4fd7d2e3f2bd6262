package twiliosms_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

const (
	sid      = "AC00000000000000000000000000000001"
	otherSID = "AC00000000000000000000000000000002"
	token    = "token-of-harley-0001"
	to       = "+12025550143"
	public   = "https://texts.example.com"
)

var (
	harley = tenant.NewID()
	ikeja  = tenant.NewID()
)

func harleys() twiliosms.Account {
	return twiliosms.Account{Key: "harley", SID: sid, AuthToken: tenant.Secrets{Current: token}, From: "+12025550100"}
}

func accounts() twiliosms.StaticAccounts {
	return twiliosms.StaticAccounts{
		harley: harleys(),
		ikeja: {
			Key: "ikeja", SID: otherSID, AuthToken: tenant.Secrets{Current: "token-of-ikeja-0001"},
			MessagingServiceSID: "MG00000000000000000000000000000002",
		},
	}
}

func carrier(t testing.TB, cfg twiliotest.Config) *twiliotest.Server {
	t.Helper()
	s, err := twiliotest.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	t.Cleanup(func() { require.Empty(t, s.Problems(), "Twilio understands every request") })
	return s
}

func newSender(t testing.TB, cfg twiliosms.Config) *twiliosms.Sender {
	t.Helper()
	if cfg.Accounts == nil {
		cfg.Accounts = accounts()
	}
	if cfg.PublicURL == "" {
		cfg.PublicURL = public
	}
	s, err := twiliosms.New(cfg)
	require.NoError(t, err)
	return s
}

func message(n int) followup.Message {
	return followup.Message{
		Intent: followup.NewIntentID(harley, fmt.Sprint(n)), To: to, ValidFor: time.Hour,
		Body: fmt.Sprintf("Harley Street Clinic: thanks for calling: https://go.example.com/d/%04d", n),
	}
}

func sendError(t testing.TB, err error) *followup.SendError {
	t.Helper()
	var e *followup.SendError
	require.ErrorAs(t, err, &e)
	return e
}

func TestSender(t *testing.T) {
	t.Parallel()
	followuptest.RunSender(t, followuptest.SenderHarness{
		Orgs:    [2]tenant.ID{harley, ikeja},
		Secrets: []string{token, "token-of-ikeja-0001"},
		New: func(*slog.Logger) (followup.Sender, followuptest.Carrier) {
			c := carrier(t, twiliotest.Config{Accounts: map[string]string{sid: token, otherSID: "token-of-ikeja-0001"}})
			transport := &http.Transport{}
			return newSender(t, twiliosms.Config{BaseURL: c.URL(), HTTP: &http.Client{Transport: transport}}), freshConnections{c, transport}
		},
	})
}

// freshConnections is a carrier whose faults begin on new connections. A request
// on an idle one that the carrier is just closing may have been sent, for all
// that the client can know.
type freshConnections struct {
	*twiliotest.Server
	transport *http.Transport
}

func (c freshConnections) Fault(f followuptest.Fault) {
	c.Server.Fault(f)
	c.transport.CloseIdleConnections()
}

func TestSender_Send_Request(t *testing.T) {
	t.Setenv("TWILIO_EDGE", "sydney") // the SDK's own client would go there
	t.Setenv("TWILIO_REGION", "au1")
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL() + "/", PublicURL: public + "/clinic/"})

	receipt, err := s.Send(t.Context(), harley, message(1))
	require.NoError(t, err)
	require.Equal(t, followup.Accepted, receipt.State)
	_, err = s.Send(t.Context(), ikeja, message(2))
	require.NoError(t, err)

	sent := c.Messages()
	require.Len(t, sent, 2)
	require.Equal(t, receipt.Provider, sent[0].SID)
	require.Equal(t, sid, sent[0].AccountSID)
	require.Equal(t, to, sent[0].To)
	require.Equal(t, "+12025550100", sent[0].From)
	require.Empty(t, sent[0].MessagingServiceSID)
	require.Equal(t, message(1).Body, sent[0].Body)
	require.Equal(t, 3600, sent[0].ValidityPeriod)

	callback, err := url.Parse(sent[0].StatusCallback)
	require.NoError(t, err)
	require.Equal(t, public+"/clinic/sms/status/harley", callback.Scheme+"://"+callback.Host+callback.Path)
	require.Equal(t, string(message(1).Intent), callback.Query().Get("i"))
	require.Len(t, callback.Query().Get("h"), 22, "16 bytes")
	require.Len(t, callback.Query(), 2)

	require.Empty(t, sent[1].From)
	require.Equal(t, "MG00000000000000000000000000000002", sent[1].MessagingServiceSID)
}

func TestSender_Send_ValidityPeriod(t *testing.T) {
	t.Parallel()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL()})
	for _, row := range []struct {
		d    time.Duration
		want int
	}{{0, 1}, {-time.Hour, 1}, {1999 * time.Millisecond, 1}, {10 * time.Hour, 36000}, {11 * time.Hour, 36000}} {
		m := message(1)
		m.ValidFor = row.d
		_, err := s.Send(t.Context(), harley, m)
		require.NoError(t, err)
		sent := c.Messages()
		require.Equal(t, row.want, sent[len(sent)-1].ValidityPeriod, row.d)
	}
}

// net/http closes the connection of a body that was not read to its end.
func TestSender_Send_ErrorsKeepTheConnection(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	trailing := strings.Repeat(" ", 600)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"code":21617,"status":400}`+trailing)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	s := newSender(t, twiliosms.Config{BaseURL: server.URL})
	for n := range 100 {
		_, err := s.Send(t.Context(), harley, message(n))
		require.Equal(t, followup.Blocked, sendError(t, err).Reason)
	}
	require.EqualValues(t, 1, connections.Load())
}

func TestSender_Send_FollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	s := newSender(t, twiliosms.Config{BaseURL: server.URL, HTTP: &http.Client{}})
	_, err := s.Send(t.Context(), harley, message(1))
	require.Equal(t, followup.Uncertain, sendError(t, err).Outcome)
	require.Zero(t, elsewhere.Load())
}

// net/http repeats a request that it takes for idempotent if the server has
// closed the idle connection.
func TestSender_Send_NeverRepeatsAPost(t *testing.T) {
	t.Parallel()
	var posts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if posts.Add(1)%2 == 0 {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.(*net.TCPConn).SetLinger(0)
				conn.Close()
			}
			return
		}
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"sid":"SM00000000000000000000000000000001","status":"queued"}`)
	}))
	t.Cleanup(server.Close)
	s := newSender(t, twiliosms.Config{BaseURL: server.URL})
	for n := range 100 {
		_, err := s.Send(t.Context(), harley, message(n))
		if n%2 == 0 {
			require.NoError(t, err)
		} else {
			require.Equal(t, followup.Uncertain, sendError(t, err).Outcome)
		}
		require.EqualValues(t, n+1, posts.Load())
	}
}

// A request is cancelled or sent, never both: whenever its context ends, NotSent
// means that Twilio does not have the message.
func TestSender_Send_ContextEndsAtAnyMoment(t *testing.T) {
	t.Parallel()
	c := carrier(t, twiliotest.Config{})
	notSent := 0
	for n := range 300 {
		m := message(n)
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(n)*2*time.Microsecond, cancel)
		_, err := newSender(t, twiliosms.Config{BaseURL: c.URL()}).Send(ctx, harley, m)
		timer.Stop()
		cancel()
		if err != nil && sendError(t, err).Outcome == followup.NotSent {
			notSent++
			for _, sent := range c.Messages() {
				require.NotEqual(t, m.Body, sent.Body)
			}
		}
	}
	t.Logf("%d of 300 were cancelled in time", notSent)
}

// late is a transport that returns an error at the end of the context and reads
// the body afterwards, as a transport with goroutines of its own may do.
type late struct {
	returned chan struct{}
	read     chan string
}

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	go func() {
		<-l.returned
		body, _ := io.ReadAll(r.Body)
		l.read <- string(body)
	}()
	return nil, r.Context().Err()
}

func TestSender_Send_CancelledRequestIsNotMadeLater(t *testing.T) {
	t.Parallel()
	l := &late{make(chan struct{}), make(chan string)}
	s := newSender(t, twiliosms.Config{HTTP: &http.Client{Transport: l}, Timeout: time.Millisecond})
	_, err := s.Send(t.Context(), harley, message(1))
	require.Equal(t, followup.NotSent, sendError(t, err).Outcome)
	close(l.returned)
	require.Empty(t, <-l.read, "no byte of it goes out")
}

func TestSender_Send_UnreadableResponse(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty": "", "not JSON": "<html>+12025550143", "no message": `{}`, "a foreign id": `{"sid":"+12025550143"}`,
		"other types": `{"sid":12025550143}`, "too much": strings.Repeat(" ", 5<<20), "cut off": `{"sid":"SM000000`,
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
			t.Cleanup(server.Close)
			s := newSender(t, twiliosms.Config{BaseURL: server.URL})
			_, err := s.Send(t.Context(), harley, message(1))
			require.Equal(t, followup.Uncertain, sendError(t, err).Outcome)
			require.NotContains(t, err.Error(), "2025550143")
			_, found, err := s.FindSent(t.Context(), harley, followup.UnconfirmedMessage{To: to, Tried: time.Now(), Digest: sha256.Sum256([]byte("x"))})
			require.Error(t, err, "a page that cannot be read is no proof of absence")
			require.False(t, found)
			require.NotContains(t, err.Error(), "2025550143")
		})
	}
}

func TestNew_NamesTheField(t *testing.T) {
	t.Parallel()
	account := func(change func(*twiliosms.Account)) twiliosms.Config {
		a := harleys()
		change(&a)
		return twiliosms.Config{Accounts: twiliosms.StaticAccounts{harley: a}, PublicURL: public}
	}
	for field, cfg := range map[string]twiliosms.Config{
		"Accounts":                    {PublicURL: public},
		"PublicURL is empty":          {Accounts: accounts()},
		"PublicURL is not":            {Accounts: accounts(), PublicURL: "texts.example.com"},
		"PublicURL cannot":            {Accounts: accounts(), PublicURL: "https://a_b.example.com"},
		"BaseURL":                     {Accounts: accounts(), PublicURL: public, BaseURL: "api.twilio.com"},
		"Timeout":                     {Accounts: accounts(), PublicURL: public, Timeout: -1},
		"Account.Key":                 account(func(a *twiliosms.Account) { a.Key = "" }),
		"Account.SID":                 account(func(a *twiliosms.Account) { a.SID = "SK1" }),
		"Account.AuthToken":           account(func(a *twiliosms.Account) { a.AuthToken.Current = "" }),
		"one of Account.From":         account(func(a *twiliosms.Account) { a.From = "" }),
		"MessagingServiceSID":         account(func(a *twiliosms.Account) { a.MessagingServiceSID = "MG00000000000000000000000000000002" }),
		"Account.MessagingServiceSID": account(func(a *twiliosms.Account) { a.From, a.MessagingServiceSID = "", "MG1" }),
		"Account.From:":               account(func(a *twiliosms.Account) { a.From = "+1-202-555" }),
		"PerSecond":                   account(func(a *twiliosms.Account) { a.PerSecond = -1 }),
	} {
		_, err := twiliosms.New(cfg)
		require.ErrorContains(t, err, field)
	}
}

func TestSender_Send_ClinicWithoutAnAccount(t *testing.T) {
	t.Parallel()
	c := carrier(t, twiliotest.Config{})
	known := twiliosms.StaticAccounts{}
	s := newSender(t, twiliosms.Config{Accounts: known, BaseURL: c.URL()})
	_, err := s.Send(t.Context(), harley, message(1))
	require.ErrorIs(t, err, twiliosms.ErrNoAccount)
	require.Equal(t, followup.NotSent, sendError(t, err).Outcome)
	require.Equal(t, followup.BadConfig, sendError(t, err).Reason)
	require.True(t, s.Breaker(harley).Open)
	may, again, _ := s.Pace(harley, 5)
	require.Zero(t, may)
	require.Positive(t, again)

	known[harley] = harleys()
	may, _, _ = s.Pace(harley, 5)
	require.Equal(t, 1, may, "a new account begins with a closed breaker")
	_, err = s.Send(t.Context(), harley, message(1))
	require.NoError(t, err)
	require.False(t, s.Breaker(harley).Open)
}

type broken struct{}

func (broken) Account(context.Context, tenant.ID) (twiliosms.Account, error) {
	return twiliosms.Account{}, errors.New("database down")
}

func TestSender_Send_AccountsUnavailable(t *testing.T) {
	t.Parallel()
	s := newSender(t, twiliosms.Config{Accounts: broken{}})
	for range 10 {
		_, err := s.Send(t.Context(), harley, message(1))
		require.Equal(t, followup.NotSent, sendError(t, err).Outcome)
		require.Equal(t, followup.Transient, sendError(t, err).Reason)
	}
	require.False(t, s.Breaker(harley).Open, "an unavailable directory does not open the breaker")
	may, again, _ := s.Pace(harley, 1)
	require.Zero(t, may)
	require.Positive(t, again)
	_, _, err := s.FindSent(t.Context(), harley, followup.UnconfirmedMessage{})
	require.Error(t, err)
}

func TestAccount_PrintsWithoutSecrets(t *testing.T) {
	t.Parallel()
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", harleys(), harleys(), harleys()), fmt.Sprint(accounts())} {
		require.NotContains(t, text, token)
	}
}

func BenchmarkSend(b *testing.B) {
	c := carrier(b, twiliotest.Config{})
	s := newSender(b, twiliosms.Config{BaseURL: c.URL()})
	m := message(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Send(b.Context(), harley, m); err != nil {
			b.Fatal(err)
		}
	}
}
