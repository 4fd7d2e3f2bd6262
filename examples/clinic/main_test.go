package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
	"github.com/callwaiting-ai/callwaiting/followup"
)

// serveDemo serves the demo clinics as run does.
func serveDemo(t *testing.T, log io.Writer) (*httptest.Server, settings, []demo.Clinic) {
	t.Helper()
	clinics, err := demo.Clinics()
	require.NoError(t, err)
	messages, err := demo.Messages(clinics)
	require.NoError(t, err)
	stores, err := demo.Open(t.Context(), "", "", demo.Secret, clinics)
	require.NoError(t, err)
	t.Cleanup(stores.Close)
	s := settings{secret: demo.Secret}
	return serveOffice(t, &s, clinics, messages, stores, log), s, clinics
}

// serveOffice serves clinics at the address that is then in s, and has the
// office work.
func serveOffice(t *testing.T, s *settings, clinics []demo.Clinic, messages followup.SettingsSource, stores *demo.Stores, log io.Writer) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s.addr = server.Listener.Addr().String()
	s.publicURL = "http://" + s.addr
	office, err := newOffice(*s, clinics, messages, stores, slog.New(slog.NewTextHandler(log, nil)))
	require.NoError(t, err)
	server.Config.Handler = office.handler
	server.Start()
	ctx, stop := context.WithCancel(context.Background())
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		office.worker.Run(ctx)
	}()
	t.Cleanup(func() {
		server.Close()
		stop()
		<-worked
	})
	return server
}

// In winter and in summer, whatever the server's zone.
func TestThePrintedCommandsBookCollideAndList(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed; the README's own test sends the same requests")
	}
	var log strings.Builder
	_, s, clinics := serveDemo(t, &log)
	july := time.Date(time.Now().Year()+1, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, now := range []time.Time{time.Now(), july.AddDate(0, 0, -7)} {
		commands := instructions(s, "in memory", clinics, now)
		script := commands[strings.Index(commands, "\n")+1:]
		out, err := exec.Command("sh", "-ec", script).Output()
		require.NoError(t, err)
		answers := strings.Split(strings.TrimSpace(string(out)), "\n")
		require.Len(t, answers, 10)
		for i := 0; i < 10; i += 5 {
			require.Contains(t, answers[i], `\"status\":\"booked\",\"code\":200`)
			require.Contains(t, answers[i+1], `\"status\":\"conflict\",\"code\":409`)
			require.Contains(t, answers[i+1], `\"alternatives\":[{\"slot\":`)
			require.NotContains(t, answers[i+1], "Ada")
			require.Contains(t, answers[i+2], `\"time\":\"10:00\"`)
			require.Contains(t, answers[i+3], `\"status\":\"noted\"`)
			require.Equal(t, "{}", answers[i+4])
		}
	}
	for _, secret := range []string{demo.Secret, "Ada", "Ben", "+447700", "447700"} {
		require.NotContains(t, log.String(), secret)
	}
}

func TestThePageShowsTimesAndTreatmentsButNoPeople(t *testing.T) {
	server, s, clinics := serveDemo(t, io.Discard)
	for line := range strings.Lines(instructions(s, "in memory", clinics, time.Now())) {
		_, after, found := strings.Cut(line, " -d '")
		if !found {
			continue
		}
		body, _, _ := strings.Cut(after, "'; echo")
		key := "harley"
		if strings.Contains(line, "/vapi/ikeja") {
			key = "ikeja"
		}
		req, err := http.NewRequest("POST", server.URL+"/vapi/"+key, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("X-Vapi-Secret", demo.Secret)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	resp, err := http.Get(server.URL + "/")
	require.NoError(t, err)
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 2, strings.Count(string(page), "Botox consultation"), "one at each clinic")
	require.Contains(t, string(page), "Harley Street Clinic")
	require.NotContains(t, string(page), "Ada")
	require.NotContains(t, string(page), "+44")
	require.NotContains(t, string(page), "7700900")

	resp, err = http.Get(server.URL + "/healthz")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestTheDemoSecretIsForLoopbackOnly(t *testing.T) {
	for addr, allowed := range map[string]bool{"127.0.0.1:8080": true, "[::1]:80": true, "localhost:1": true, ":8080": false, "0.0.0.0:8080": false, "192.0.2.1:80": false} {
		_, err := readSettings([]string{"-addr", addr, "-vapi-secret", ""})
		if allowed {
			require.NoError(t, err, addr)
			continue
		}
		require.ErrorContains(t, err, "VAPI_SECRET is empty", addr)
		_, err = readSettings([]string{"-addr", addr, "-vapi-secret", "long and secret"})
		require.NoError(t, err, addr)
	}
}

func TestAFlagWinsOverTheEnvironment(t *testing.T) {
	t.Setenv("ADDR", "127.0.0.1:1")
	s, err := readSettings(nil)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1", s.addr)
	s, err = readSettings([]string{"-addr", "127.0.0.1:2"})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:2", s.addr)
}

func TestAWordThatIsNoFlagIsRefused(t *testing.T) {
	_, err := readSettings([]string{"addr=127.0.0.1:1"})
	require.EqualError(t, err, `"addr=127.0.0.1:1" is no flag: see -help`)
}

func TestPublicURLMayEndInASlash(t *testing.T) {
	s, err := readSettings([]string{"-public-url", "https://clinic.example/"})
	require.NoError(t, err)
	require.Equal(t, "https://clinic.example", s.publicURL)
}

func TestRequestsUnderWayAreAnsweredBeforeItStops(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	entered, release := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "booked")
	})
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, listener, slow) }()
	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answer <- string(body)
	}()
	<-entered
	stop()
	close(release)
	require.Equal(t, "booked", <-answer)
	require.NoError(t, <-stopped)
}
