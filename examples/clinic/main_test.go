package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
)

// clinicServer is the example in the test's own process, in memory.
type clinicServer struct {
	*httptest.Server
	settings settings
	clinics  *callwaiting.Registry
	office   *callwaiting.Office
}

// serveDemo serves the demo clinics as run does.
func serveDemo(t *testing.T, log io.Writer) *clinicServer {
	t.Helper()
	s, err := readSettings([]string{"-vapi-secret", demo.Secret})
	require.NoError(t, err)
	clinics, err := s.registry(t.Context(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	stores, err := demo.Open(t.Context(), "", "")
	require.NoError(t, err)
	t.Cleanup(stores.Close)
	return serveOffice(t, s, clinics, stores, log)
}

// serveOffice serves clinics at an address of its own and runs the office.
func serveOffice(t *testing.T, s settings, clinics *callwaiting.Registry, stores *demo.Stores, log io.Writer) *clinicServer {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s.addr = server.Listener.Addr().String()
	s.publicURL = "http://" + s.addr
	logger := slog.New(slog.NewTextHandler(log, nil))
	office, err := newOffice(t.Context(), &s, clinics, stores, logger)
	require.NoError(t, err)
	server.Config.Handler = withPage(office, stores, clinics, logger)
	server.Start()
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		office.Run(ctx)
	}()
	t.Cleanup(func() {
		server.Close()
		stop()
		<-stopped
	})
	return &clinicServer{server, s, clinics, office}
}

// The commands work in winter and in summer, whatever the server's zone.
func TestInstructions(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed; the README's own test sends the same requests")
	}
	var log strings.Builder
	server := serveDemo(t, &log)
	july := time.Date(time.Now().Year()+1, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, now := range []time.Time{time.Now(), july.AddDate(0, 0, -7)} {
		commands, err := instructions(t.Context(), server.settings, "in memory", server.office, server.clinics, now)
		require.NoError(t, err)
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
			require.Contains(t, answers[i+2], `\"time\":\"09:00\"`)
			require.Contains(t, answers[i+3], `\"status\":\"noted\"`)
			require.Equal(t, "{}", answers[i+4])
		}
	}
	for _, secret := range []string{demo.Secret, "Ada", "Ben", "+447700", "447700"} {
		require.NotContains(t, log.String(), secret)
	}
}

func TestPage_ShowsNoPeople(t *testing.T) {
	server := serveDemo(t, io.Discard)
	commands, err := instructions(t.Context(), server.settings, "in memory", server.office, server.clinics, time.Now())
	require.NoError(t, err)
	for line := range strings.Lines(commands) {
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

func TestSettings_Registry(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	t.Run("the demo secret is for loopback only", func(t *testing.T) {
		for addr, allowed := range map[string]bool{"127.0.0.1:8080": true, "[::1]:80": true, "localhost:1": true, ":8080": false, "0.0.0.0:8080": false, "192.0.2.1:80": false} {
			s, err := readSettings([]string{"-addr", addr, "-vapi-secret", ""})
			require.NoError(t, err)
			_, err = s.registry(t.Context(), log)
			if allowed {
				require.NoError(t, err, addr)
				continue
			}
			require.ErrorContains(t, err, "harley: secrets.current: is env:VAPI_SECRET_HARLEY: not found or empty: set it", addr)
		}
	})
	t.Run("the demo secret never guards a public address", func(t *testing.T) {
		for public, allowed := range map[string]bool{"http://127.0.0.1:8080": true, "http://localhost:8080/": true, "https://clinic.example": false, "https://x.tunnel.example": false, "%": false} {
			s, err := readSettings([]string{"-addr", "127.0.0.1:8080", "-vapi-secret", "", "-public-url", public})
			require.NoError(t, err)
			_, err = s.registry(t.Context(), log)
			require.Equal(t, allowed, err == nil, "%s: %v", public, err)
		}
	})
	t.Run("off loopback each clinic has a secret of its own", func(t *testing.T) {
		s, err := readSettings([]string{"-addr", ":8080", "-vapi-secret", "a secret that two clinics share"})
		require.NoError(t, err)
		_, err = s.registry(t.Context(), log)
		require.ErrorContains(t, err, "ikeja: secrets.current: is also that of the clinic harley")
		t.Setenv("VAPI_SECRET_IKEJA", "a secret of the clinic ikeja")
		_, err = s.registry(t.Context(), log)
		require.NoError(t, err)
	})
	t.Run("CLINICS names the folder of other clinics", func(t *testing.T) {
		s, err := readSettings([]string{"-clinics", filepath.Join(t.TempDir(), "none")})
		require.NoError(t, err)
		_, err = s.registry(t.Context(), log)
		require.ErrorContains(t, err, "CLINICS: ")
	})
}

func TestReadSettings_FlagWins(t *testing.T) {
	t.Setenv("ADDR", "127.0.0.1:1")
	s, err := readSettings(nil)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1", s.addr)
	s, err = readSettings([]string{"-addr", "127.0.0.1:2"})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:2", s.addr)
}

func TestReadSettings_UnknownWord(t *testing.T) {
	_, err := readSettings([]string{"addr=127.0.0.1:1"})
	require.EqualError(t, err, `"addr=127.0.0.1:1" is no flag: see -help`)
}

func TestReadSettings_PublicURL(t *testing.T) {
	s, err := readSettings([]string{"-public-url", "https://clinic.example/"})
	require.NoError(t, err)
	require.Equal(t, "https://clinic.example", s.publicURL)
}

func TestServe_FinishesRequests(t *testing.T) {
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
