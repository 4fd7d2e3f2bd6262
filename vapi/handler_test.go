package vapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
)

const hang = `{"message":{"type":"hang","call":{"id":"call-1"}}}`

func TestNew(t *testing.T) {
	t.Parallel()
	t.Run("an error names the field and the fix", func(t *testing.T) {
		t.Parallel()
		tool := vapi.Tool{Name: "lookup", Call: func(context.Context, vapi.ToolCall) (vapi.ToolResult, error) { return vapi.ToolResult{}, nil }}
		for want, change := range map[string]func(*vapi.Config){
			"Config.Directory is nil: give":          func(c *vapi.Config) { c.Directory = nil },
			"Config.ToolDeadline is negative: leave": func(c *vapi.Config) { c.ToolDeadline = -1 },
			"Config.MaxBody is negative: leave":      func(c *vapi.Config) { c.MaxBody = -1 },
			`Config.Accept holds "basic": use`:       func(c *vapi.Config) { c.Accept = []vapi.AuthMethod{"basic"} },
			`Signature.Hash is "md5": use`:           func(c *vapi.Config) { c.Signature.Hash = "md5" },
			`Signature.Encoding is "base32": use`:    func(c *vapi.Config) { c.Signature.Encoding = "base32" },
			`Signature.Payload is "{url}": use`:      func(c *vapi.Config) { c.Signature.Payload = "{url}" },
			"Signature.Window is negative: leave":    func(c *vapi.Config) { c.Signature.Window = -1 },
			`Tool.Name is "look up": use`:            func(c *vapi.Config) { c.Tools = []vapi.Tool{{Name: "look up", Call: tool.Call}} },
			`Tool.Call of "lookup" is nil: give`:     func(c *vapi.Config) { c.Tools = []vapi.Tool{{Name: "lookup"}} },
			`"lookup" twice: give`:                   func(c *vapi.Config) { c.Tools = []vapi.Tool{tool, tool} },
			`Tool.Aliases of "lookup": use`:          func(c *vapi.Config) { c.Tools = []vapi.Tool{{Name: "lookup", Aliases: []string{""}, Call: tool.Call}} },
			`Tool.Parameters of "lookup": give a JSO`: func(c *vapi.Config) {
				c.Tools = []vapi.Tool{{Name: "lookup", Parameters: []byte(`{}`), Call: tool.Call}}
			},
		} {
			cfg := vapi.Config{Directory: handlertest.Directory()}
			change(&cfg)
			_, err := vapi.New(cfg)
			require.ErrorContains(t, err, want)
		}
	})
}

func TestHandler_ServeHTTP(t *testing.T) {
	t.Parallel()
	t.Run("each input has its status and its answer", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, func(c *vapi.Config) { c.MaxBody = 1000 })
		good := http.Header{"X-Vapi-Secret": {secret}}
		long := `{"message":{"type":"hang","x":"` + strings.Repeat("x", 1000) + `"}}`
		for _, c := range []struct {
			name, key, body string
			header          http.Header
			status          int
			answer          string
		}{
			{"an unknown key", "unknown", hang, good, 404, `{"error":"not_found"}`},
			{"a key of no form", "Harley%20Street", hang, good, 404, `{"error":"not_found"}`},
			{"no secret", "harley", hang, nil, 401, `{"error":"unauthorized"}`},
			{"a wrong secret", "harley", hang, http.Header{"X-Vapi-Secret": {"wrong"}}, 401, `{"error":"unauthorized"}`},
			{"another clinic's secret", "ikeja", hang, good, 401, `{"error":"unauthorized"}`},
			{"a body too large", "harley", long, good, 413, `{"error":"too_large"}`},
			{"a body too large, before the key is looked up", "unknown", long, nil, 413, `{"error":"too_large"}`},
			{"no body", "harley", "", good, 400, `{"error":"bad_json"}`},
			{"half a body", "harley", hang[:20], good, 400, `{"error":"bad_json"}`},
			{"two bodies", "harley", hang + hang, good, 400, `{"error":"bad_json"}`},
			{"no message", "harley", `{"type":"hang"}`, good, 400, `{"error":"no_type"}`},
			{"a message that is no object", "harley", `{"message":"hang"}`, good, 400, `{"error":"no_type"}`},
			{"a list", "harley", `[1]`, good, 400, `{"error":"no_type"}`},
			{"a type that is no text", "harley", `{"message":{"type":{"a":1}}}`, good, 400, `{"error":"no_type"}`},
			{"a known message", "harley", hang, good, 200, `{}`},
			{"the key's previous secret", "harley", hang, http.Header{"X-Vapi-Secret": {"harley-secret-old"}}, 200, `{}`},
			{"another clinic's phone number", "harley", `{"message":{"type":"hang","call":{"phoneNumberId":"pn-ikeja"}}}`, good, 403, `{"error":"forbidden"}`},
			{"another clinic's phone number, beside its own", "harley", `{"message":{"type":"hang","call":{"phoneNumberId":"pn-harley"},"phoneNumber":{"id":"pn-ikeja"}}}`, good, 403, `{"error":"forbidden"}`},
			{"another clinic's assistant", "harley", `{"message":{"type":"hang","assistant":{"id":"as-ikeja"}}}`, good, 403, `{"error":"forbidden"}`},
			{"another clinic's assistant, in the call", "harley", `{"message":{"type":"tool-calls","call":{"assistantId":"as-ikeja"}}}`, good, 403, `{"error":"forbidden"}`},
			{"its own phone number and assistant", "harley", `{"message":{"type":"hang","call":{"phoneNumberId":"pn-harley","assistantId":"as-harley"}}}`, good, 200, `{}`},
			{"an unregistered phone number", "harley", `{"message":{"type":"hang","call":{"phoneNumberId":"pn-new","assistantId":null}}}`, good, 200, `{}`},
			{"metadata that names another clinic", "harley", `{"message":{"type":"hang","call":{"metadata":{"org_id":"` + ikeja.ID.String() + `"}}}}`, good, 200, `{}`},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := d.PostTo(c.key, c.body, c.header)
				require.Equal(t, c.status, w.Code)
				require.Equal(t, c.answer, w.Body.String())
				require.Equal(t, "application/json", w.Header().Get("Content-Type"))
				require.Equal(t, c.status, d.Observations.Last().Status)
			})
		}
	})
	t.Run("only POST is answered", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, nil)
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
			w := httptest.NewRecorder()
			d.Handler.ServeHTTP(w, httptest.NewRequest(method, "/vapi/harley", nil))
			require.Equal(t, http.StatusMethodNotAllowed, w.Code)
			require.Equal(t, "POST", w.Header().Get("Allow"))
		}
	})
	t.Run("the key is the last part of the path without a pattern", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, nil)
		r := httptest.NewRequest(http.MethodPost, "/hooks/vapi/harley", strings.NewReader(hang))
		r.Header.Set("X-Vapi-Secret", secret)
		w := httptest.NewRecorder()
		d.Handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
	})
	t.Run("a number of another clinic leaves an audit line", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, nil)
		d.Post(`{"message":{"type":"hang","call":{"id":"call-1","phoneNumberId":"pn-ikeja"}}}`)
		require.Contains(t, d.Log.String(), `"audit":true`)
		require.Contains(t, d.Log.String(), harley.ID.String())
		require.Equal(t, "forbidden", d.Observations.Last().Outcome)
	})
	t.Run("an unknown type is acknowledged and counted", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, nil)
		w := d.Post(`{"message":{"type":"call.sneezed","call":{"id":"call-1"}}}`)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, `{}`, w.Body.String())
		seen := d.Observations.Last()
		require.False(t, seen.Known)
		require.Equal(t, "call.sneezed", seen.Type)
		require.Equal(t, "call-1", seen.Call)
		require.Equal(t, harley.ID, seen.Org)

		d.Post(`{"message":{"type":"call.sneezed\n{\"forged\":\"line\"}"}}`)
		require.NotContains(t, d.Log.String(), "forged")
	})
	t.Run("a directory that is down is 503", func(t *testing.T) {
		t.Parallel()
		for _, broken := range []brokenDirectory{{keys: true}, {numbers: true}} {
			d := newFixture(t, func(c *vapi.Config) {
				broken.Directory = c.Directory
				c.Directory = broken
			})
			w := d.Post(`{"message":{"type":"hang","phoneNumber":{"id":"pn-harley"}}}`)
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, `{"error":"unavailable"}`, w.Body.String())
		}
	})
	t.Run("a directory that hangs leaves time for an answer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := newFixture(t, func(c *vapi.Config) { c.Directory = silentDirectory{c.Directory} })
			start := time.Now()
			w := d.Post(`{"message":{"type":"assistant-request","assistant":{"id":"as-harley"}}}`)
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Less(t, time.Since(start), 6*time.Second)
		})
	})
	t.Run("a panic is answered and its value is not logged", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, func(c *vapi.Config) { c.Directory = panickingDirectory{} })
		w := d.Post(hang)
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Equal(t, `{"error":"internal"}`, w.Body.String())
		require.Contains(t, d.Log.String(), "panic with a string")
		require.NotContains(t, d.Log.String(), "rash")
	})
	t.Run("a body is read only with a secret or a signature", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, nil)
		body := new(endless)
		r := httptest.NewRequest(http.MethodPost, "/vapi/harley", body)
		r.Header.Set("X-Vapi-Secret", "wrong")
		w := httptest.NewRecorder()
		d.Handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.Zero(t, body.read)
	})
	t.Run("a body of unknown length is cut off", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, func(c *vapi.Config) { c.MaxBody = 100_000 })
		r := httptest.NewRequest(http.MethodPost, "/vapi/harley", new(endless))
		r.Header.Set("X-Vapi-Secret", secret)
		w := httptest.NewRecorder()
		d.Handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)

		r = httptest.NewRequest(http.MethodPost, "/vapi/harley", io.MultiReader(strings.NewReader(hang[:10]), brokenPipe{}))
		r.Header.Set("X-Vapi-Secret", secret)
		w = httptest.NewRecorder()
		d.Handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Equal(t, `{"error":"unreadable"}`, w.Body.String())
	})
	t.Run("the principal is the call", func(t *testing.T) {
		t.Parallel()
		var principal tenant.Principal
		d := newFixture(t, func(c *vapi.Config) {
			c.Tools = []vapi.Tool{{Name: "whoami", Call: func(ctx context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
				principal, _ = tenant.PrincipalFrom(ctx)
				return vapi.ToolResult{Status: "ok", Code: 200, Message: call.Org.Name}, nil
			}}}
		})
		r := handlertest.Results(t, d.Post(`{"message":{"type":"tool-calls","call":{"id":"call-1"},"toolCallList":[{"id":"1","name":"whoami"}]}}`))
		require.Equal(t, tenant.Principal{Org: harley.ID, Subject: "vapi:call-1", Method: "secret"}, principal)
		require.Equal(t, `{"status":"ok","code":200,"message":"Harley Street Clinic"}`, r[0].Result)
	})
}

func TestConfig_RegisteredOnly(t *testing.T) {
	t.Parallel()
	t.Run("an unregistered number is refused", func(t *testing.T) {
		t.Parallel()
		const body = `{"message":{"type":"hang","phoneNumber":{"id":"pn-new"}}}`
		d := newFixture(t, nil)
		require.Equal(t, http.StatusOK, d.Post(body).Code)
		require.True(t, d.Observations.Last().Unregistered)

		d = newFixture(t, func(c *vapi.Config) { c.RegisteredOnly = true })
		require.Equal(t, http.StatusForbidden, d.Post(body).Code)
		require.Equal(t, http.StatusOK, d.Post(`{"message":{"type":"hang","phoneNumber":{"id":"pn-harley"}}}`).Code)
	})
}

// brokenDirectory fails as one with its database down does.
type brokenDirectory struct {
	tenant.Directory
	keys, numbers bool
}

var errDown = errors.New("connection refused")

func (b brokenDirectory) ByKey(ctx context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	if b.keys {
		return tenant.Org{}, tenant.Secrets{}, errDown
	}
	return b.Directory.ByKey(ctx, key)
}

func (b brokenDirectory) ByPhoneNumberID(ctx context.Context, id string) (tenant.ID, error) {
	if b.numbers {
		return tenant.ID{}, errDown
	}
	return b.Directory.ByPhoneNumberID(ctx, id)
}

// silentDirectory does not answer until its context ends.
type silentDirectory struct{ tenant.Directory }

func (silentDirectory) ByAssistantID(ctx context.Context, _ string) (tenant.ID, error) {
	<-ctx.Done()
	return tenant.ID{}, ctx.Err()
}

// panickingDirectory panics with a value that must not be logged.
type panickingDirectory struct{ tenant.Directory }

func (panickingDirectory) ByKey(context.Context, string) (tenant.Org, tenant.Secrets, error) {
	panic("Zoë Brown has a rash")
}

// endless is a body without end. It counts the bytes that were read.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

type brokenPipe struct{}

func (brokenPipe) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestHandler_ServeHTTP_PublishedPayloads sends every body that Vapi has published; see
// vapi-payloads beside this repository.
func TestHandler_ServeHTTP_PublishedPayloads(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../shared/vapi-payloads/*.json")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("no published payloads beside this repository")
	}
	none := http.StatusOK
	want := map[string]string{ // types with a reply of their own
		"assistant-request":            `{"error":"I am sorry, we cannot take your call right now. Please call again in a few minutes."}`,
		"transfer-destination-request": `{"error":"There is nobody to transfer the call to."}`,
		"handoff-destination-request":  `{"error":"There is nobody to transfer the call to."}`,
		"knowledge-base-request":       `{"documents":[]}`,
		"call.endpointing.request":     `{"timeoutSeconds":0.5}`,
		"campaign.predial":             `{"eligible":false}`,
	}
	forbidden := []string{"Danville", "Hi there", "PRIVATE_TEXT", "I'd like to book", "hello", "How can I help", "12345",
		"+1202", "+4477", "+9198", "+1415", "+12345", "john@example.com", "San Francisco", "Europe/London"}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			var shape struct {
				Message struct{ Type string } `json:"message"`
			}
			require.NoError(t, json.Unmarshal(body, &shape))
			d := newFixture(t, func(c *vapi.Config) {
				c.Tools = []vapi.Tool{{
					Name: "getWeatherByCity_001", Aliases: []string{"check_calendar_availability_keey", "sendEmail", "get_weather"},
					Call: func(_ context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
						return vapi.ToolResult{Status: "ok", Code: 200, Message: "done", Data: map[string]any{"got": call.Arguments}}, nil
					},
				}}
			})
			w := d.Post(string(body))
			answer := w.Body.String()
			switch shape.Message.Type {
			case "": // the first frame of a transcriber's socket is no message
				require.Equal(t, http.StatusBadRequest, w.Code)
				return
			case "tool-calls":
				r := handlertest.Results(t, w)
				require.Len(t, r, 1)
				require.Empty(t, r[0].Error)
				require.NotEmpty(t, r[0].ToolCallID)
				require.NotContains(t, r[0].Result, `"got":{}`, "the arguments were found")
			case "voice-request":
				require.Equal(t, "application/octet-stream", w.Header().Get("Content-Type"))
				require.Equal(t, make([]byte, 24000/50*2), w.Body.Bytes())
			default:
				require.Equal(t, none, w.Code)
				if expected, ok := want[shape.Message.Type]; ok {
					require.Equal(t, expected, answer)
				} else {
					require.Equal(t, "{}", answer)
				}
			}
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, shape.Message.Type, d.Observations.Last().Type)
			require.True(t, d.Observations.Last().Known)
			for _, word := range forbidden {
				require.NotContains(t, d.Log.String(), word)
			}
		})
	}
}

func FuzzHandler(f *testing.F) {
	f.Add([]byte(hang))
	f.Add([]byte(`{"message":{"type":"tool-calls","toolCallList":[{"id":"1","function":{"name":"book_appointment","arguments":"{\"date\":\"2026-11-23\"}"}}]}}`))
	f.Add([]byte(`{"message":{"type":"assistant-request","call":{"phoneNumberId":"pn-harley"}}}`))
	f.Add([]byte(`{"message":{"type":"voice-request","sampleRate":8000}}`))
	files, _ := filepath.Glob("../../shared/vapi-payloads/*.json")
	for _, file := range files {
		if body, err := os.ReadFile(file); err == nil {
			f.Add(body)
		}
	}
	d := bookingFixture(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		w := d.Post(string(body))
		switch w.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge:
		default:
			t.Fatalf("status %d", w.Code)
		}
		if w.Header().Get("Content-Type") == "application/json" && (!json.Valid(w.Body.Bytes()) || strings.Contains(w.Body.String(), "\n")) {
			t.Fatalf("not one line of JSON: %s", w.Body)
		}
	})
}
