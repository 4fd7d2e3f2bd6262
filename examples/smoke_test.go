// Package examples_test runs every example as a newcomer would: in a process of
// its own, on memory and on PostgreSQL.
package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smoke runs each example by name. An example that is missing here fails the
// test.
var smoke = map[string]func(t *testing.T, program string){
	"minimal":     minimal,
	"fivecallers": fiveCallers,
	"clinic":      clinic,
	"redline":     redline,
}

func TestExamplesRun(t *testing.T) {
	mains, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	require.NotEmpty(t, mains)
	for _, file := range mains {
		name := filepath.Dir(file)
		t.Run(name, func(t *testing.T) {
			run, known := smoke[name]
			require.True(t, known, "examples/%s has no smoke run: add one to smoke", name)
			run(t, build(t, "./"+name))
		})
	}
}

// build compiles a package of this folder and returns the program.
func build(t *testing.T, pkg string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	out, err := exec.Command("go", "build", "-o", program, pkg).CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// run runs a program to its end and returns its output.
func run(t *testing.T, stdin string, env []string, command ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(environment(), env...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	t.Logf("%s\n%s", strings.Join(command, " "), out)
	return string(out), err
}

// environment returns the environment without an example's settings.
func environment() (env []string) {
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch name {
		case "ADDR", "DATABASE_URL", "MIGRATE_DATABASE_URL", "CLINICS", "VAPI_SECRET", "PUBLIC_URL", "TWILIO_ACCOUNT_SID",
			"TWILIO_AUTH_TOKEN", "TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID", "TWILIO_BASE_URL":
		default:
			env = append(env, e)
		}
	}
	return env
}

// onPostgres returns the command that runs a program with a server of its own
// and the URLs of a migrated database in its environment.
func onPostgres(t *testing.T, command ...string) []string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: without PostgreSQL")
	}
	return append([]string{build(t, "../adapters/internal/pgtest/run")}, command...)
}

func minimal(t *testing.T, program string) {
	out, err := run(t, "", nil, program)
	require.NoError(t, err)
	require.Contains(t, out, "booked")

	t.Run("with an empty module cache and no network", func(t *testing.T) {
		cache := t.TempDir()
		out, err := run(t, "", []string{"GOPROXY=off", "GOFLAGS=", "GOMODCACHE=" + cache}, "go", "run", "./minimal")
		require.NoError(t, err)
		require.Contains(t, out, "booked")
	})
}

func fiveCallers(t *testing.T, program string) {
	check := func(t *testing.T, command ...string) {
		out, err := run(t, "", nil, command...)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(out, " booked"), "one winner")
		require.Equal(t, 4, strings.Count(out, " taken"), "four conflicts")
	}
	t.Run("on memory", func(t *testing.T) { check(t, program) })
	t.Run("on PostgreSQL", func(t *testing.T) { check(t, onPostgres(t, program)...) })
}

func redline(t *testing.T, program string) {
	out, err := run(t, "The patient had a rhinoplasty.\n", nil, program)
	require.NoError(t, err)
	require.NotEmpty(t, out)
	require.NotContains(t, out, "rhinoplasty")
}

// clinic starts the example, books, collides and drops a call.
func clinic(t *testing.T, program string) {
	check := func(t *testing.T, command ...string) {
		url := serve(t, command...)
		for _, key := range []string{"harley", "ikeja"} {
			day := time.Now().AddDate(0, 0, 14)
			for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
				day = day.AddDate(0, 0, 1)
			}
			wish := fmt.Sprintf(`{"service":"Botox consultation","date":%q,"time":"10:00","name":"Ada Caller"}`, day.Format(time.DateOnly))
			first := call(t, url+"/vapi/"+key, "call-1-"+key, "+12025550101", "book_appointment", wish)
			require.Contains(t, first, `"booked"`)
			second := call(t, url+"/vapi/"+key, "call-2-"+key, "+12025550102", "book_appointment", wish)
			require.Contains(t, second, `"code":409`)
			require.Contains(t, second, `"alternatives":[{`)
			mine := call(t, url+"/vapi/"+key, "call-3-"+key, "+12025550101", "find_appointments", `{}`)
			require.Contains(t, mine, `"date":"`+day.Format(time.DateOnly)+`"`)
			require.Contains(t, mine, `"time":"10:00"`)
			promised := call(t, url+"/vapi/"+key, "call-4-"+key, "+12025550103", "send_information", `{"procedure":"nose job","consent":true}`)
			require.Contains(t, promised, `"noted"`)
			for range 2 { // Vapi may repeat a message
				post(t, url+"/vapi/"+key, `{"message":{"type":"status-update","status":"ended",
					"call":{"id":"call-4-`+key+`","customer":{"number":"+12025550103"}}}}`)
			}
		}
		require.Eventually(t, func() bool {
			return strings.Count(get(t, url+"/"), "<td>information<td>sent") == 2
		}, 10*time.Second, 20*time.Millisecond, "each clinic sends one text for the dropped call")
	}
	t.Run("on memory", func(t *testing.T) { check(t, program) })
	t.Run("on PostgreSQL", func(t *testing.T) { check(t, onPostgres(t, program)...) })
	t.Run("with a clinic of its own, in one JSON file", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "smile.json"), []byte(`{
			"key": "smile", "name": "Smile Dental", "zone": "America/New_York", "country": "US", "locale": "en-US",
			"hours": {"week": {"monday": ["08:00-18:00"]}},
			"resources": [{"id": "dr-lee", "name": "Dr Lee"}],
			"services": [{"id": "check-up", "name": "Check-up", "duration": "30m", "needs": ["dr-lee"]}],
			"secrets": {"current": "env:SMILE_SECRET"}
		}`), 0o600))
		t.Setenv("SMILE_SECRET", "demo-secret")
		url := serve(t, program, "-clinics", dir)
		require.Contains(t, call(t, url+"/vapi/smile", "call-1", "+12025550101", "check_availability", `{"service":"check-up"}`), `"slot":`)
	})
	t.Run("a document with a mistake is refused", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "smile.json"), []byte(`{"key": "smile", "nmae": "Smile Dental"}`), 0o600))
		out, err := run(t, "", []string{"ADDR=127.0.0.1:0"}, program, "-clinics", dir)
		require.Error(t, err)
		require.Contains(t, out, `smile.json: nmae: is no member: did you mean "name"?`)
	})
	t.Run("a superuser is refused", func(t *testing.T) {
		out, err := run(t, "", []string{"ADDR=127.0.0.1:0"}, onPostgres(t, "sh", "-c", `DATABASE_URL=$MIGRATE_DATABASE_URL exec "$0"`, program)...)
		require.Error(t, err)
		require.Contains(t, out, "superuser")
	})
}

// serve starts a server and returns its URL when it is healthy. The end of the
// test interrupts it, as a terminal does.
func serve(t *testing.T, command ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())

	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(environment(), "ADDR="+addr)
	cmd.Dir = t.TempDir() // its files go to its working directory
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("exit: %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("still running a minute after SIGTERM")
			cmd.Process.Kill()
		}
		t.Logf("%s\n%s", strings.Join(command, " "), out.String())
	})

	require.Eventually(t, func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Errorf("exited before it was healthy: %v", err)
			return true
		default:
		}
		r, err := http.Get("http://" + addr + "/healthz")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond)
	require.False(t, t.Failed())
	return "http://" + addr
}

// call posts a tool call as Vapi does, and returns the tool's result.
func call(t *testing.T, url, id, from, tool, arguments string) string {
	t.Helper()
	body := fmt.Sprintf(`{"message":{"type":"tool-calls","call":{"id":%q,"customer":{"number":%q}},
		"toolCallList":[{"id":"tool-1","function":{"name":%q,"arguments":%s}}]}}`, id, from, tool, arguments)
	text := post(t, url, body)
	var reply struct {
		Results []struct{ Result, Error string }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &reply))
	require.Len(t, reply.Results, 1)
	require.Empty(t, reply.Results[0].Error)
	return reply.Results[0].Result
}

// post posts a message as Vapi does, and returns the response.
func post(t *testing.T, url, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-Vapi-Secret", "demo-secret")
	return answer(t, request)
}

// get returns a page.
func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return answer(t, request)
}

func answer(t *testing.T, request *http.Request) string {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(text))
	return string(text)
}

// output collects the output of a running program.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
