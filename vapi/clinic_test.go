package vapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// It is Sunday, 22 November 2026, five past two in London.
var now = time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)

func clock() time.Time { return now }

var (
	harley = tenant.Org{
		ID: tenant.MustParseID("0b8f7a52-1111-4c3e-9a47-000000000001"), Key: "harley", Name: "Harley Street Clinic",
		Zone: zone("Europe/London"), Country: "GB", Locale: "en-GB",
	}
	ikeja = tenant.Org{
		ID: tenant.MustParseID("0b8f7a52-1111-4c3e-9a47-000000000002"), Key: "ikeja", Name: "Ikeja Skin Centre",
		Zone: zone("Africa/Lagos"), Country: "NG", Locale: "en-NG",
	}
)

const (
	secret = "harley-secret-0123456789"
	caller = "+447700900123"
)

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

func directory(t testing.TB) tenant.Directory {
	d, err := memory.NewDirectory(
		tenant.Registration{Org: harley, Secrets: tenant.Secrets{Current: secret, Previous: "harley-secret-old"},
			PhoneNumberIDs: []string{"pn-harley"}, AssistantIDs: []string{"as-harley"}},
		tenant.Registration{Org: ikeja, Secrets: tenant.Secrets{Current: "ikeja-secret-0123456789"},
			PhoneNumberIDs: []string{"pn-ikeja"}, AssistantIDs: []string{"as-ikeja"}},
	)
	require.NoError(t, err)
	return d
}

// catalogs offer the same at both clinics, Monday to Friday from nine to five:
// two practitioners, one of whom shares a room with a device.
func catalogs(t testing.TB) booking.StaticCatalogs {
	all := booking.StaticCatalogs{}
	for _, org := range []tenant.Org{harley, ikeja} {
		var hours schedule.Hours
		for day := time.Monday; day <= time.Friday; day++ {
			hours.Week[day] = []schedule.Window{{From: 9 * 60, To: 17 * 60}}
		}
		c, err := booking.NewCatalog(booking.CatalogConfig{
			Zone: org.Zone, Hours: hours, Grid: 30 * time.Minute,
			Resources: []booking.Resource{{ID: "patel", Name: "Dr Patel"}, {ID: "okafor", Name: "Dr Okafor"}, {ID: "room", Name: "Room 2"}},
			Services: []booking.ServiceType{
				{ID: "consultation", Name: "Consultation", Duration: 30 * time.Minute, Needs: []booking.Need{{"patel", "okafor"}}},
				{ID: "botox", Name: "Botox consultation", Aliases: []string{"anti-wrinkle injections"},
					Duration: 30 * time.Minute, After: 10 * time.Minute, Needs: []booking.Need{{"patel"}}, Price: "£120", Document: "botox.pdf"},
				{ID: "rhinoplasty", Name: "Rhinoplasty consultation", Aliases: []string{"nose job"},
					Duration: time.Hour, Needs: []booking.Need{{"okafor"}, {"room"}}, Document: "rhinoplasty.pdf"},
			},
		})
		require.NoError(t, err)
		all[org.ID] = c
	}
	return all
}

func service(t testing.TB, store booking.Store) *booking.Service {
	s, err := booking.New(booking.Config{Store: store, Catalogs: catalogs(t), Now: clock})
	require.NoError(t, err)
	return s
}

// A desk is a handler with everything that a test wants to look at.
type desk struct {
	t       testing.TB
	handler *vapi.Handler
	log     *lockedBuffer
	seen    *observations
}

func newDesk(t testing.TB, change func(*vapi.Config)) *desk {
	d := &desk{t: t, log: keepLog(new(lockedBuffer)), seen: new(observations)}
	cfg := vapi.Config{
		Directory: directory(t),
		Log:       slog.New(slog.NewJSONHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observer:  d.seen,
		Now:       clock,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	d.handler, err = vapi.New(cfg)
	require.NoError(t, err)
	return d
}

// bookingDesk answers with the booking tools over a store in memory.
func bookingDesk(t testing.TB) *desk {
	return bookingDeskOver(t, memory.New(memory.Clock(clock)))
}

func bookingDeskOver(t testing.TB, store booking.Store) *desk {
	tools, err := vapi.BookingTools(vapi.BookingConfig{Service: service(t, store), Now: clock})
	require.NoError(t, err)
	return newDesk(t, func(c *vapi.Config) { c.Tools = tools })
}

// post sends a body to Harley Street, with its secret.
func (d *desk) post(body string) *httptest.ResponseRecorder {
	return d.postTo("harley", body, http.Header{"X-Vapi-Secret": {secret}})
}

func (d *desk) postTo(key, body string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/vapi/"+key, strings.NewReader(body))
	if header != nil {
		r.Header = header
	}
	w := httptest.NewRecorder()
	mux := http.NewServeMux()
	mux.Handle("/vapi/{key}", d.handler)
	mux.ServeHTTP(w, r)
	return w
}

// result is one entry of the answer to tool calls.
type result struct {
	ToolCallID string `json:"toolCallId"`
	Name       string `json:"name"`
	Result     string `json:"result"`
	Error      string `json:"error"`
	Message    *struct {
		Type    string `json:"type"`
		Content string `json:"content"`
	} `json:"message"`
}

func results(t testing.TB, w *httptest.ResponseRecorder) []result {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var answer struct {
		Results []result `json:"results"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	require.NotNil(t, answer.Results)
	return answer.Results
}

// said is the result of a booking tool.
type said struct {
	Status       string      `json:"status"`
	Code         int         `json:"code"`
	Message      string      `json:"message"`
	Field        string      `json:"field"`
	Hint         string      `json:"hint"`
	Appointment  string      `json:"appointment"`
	Date         string      `json:"date"`
	Time         string      `json:"time"`
	Spoken       string      `json:"spoken"`
	With         []string    `json:"with"`
	Services     []string    `json:"services"`
	Slots        []saidOffer `json:"slots"`
	Alternatives []saidOffer `json:"alternatives"`
	Appointments []said      `json:"appointments"`
	Price        string      `json:"price"`
}

type saidOffer struct{ Slot, Date, Time, Spoken, With string }

// phoneCall is a phone call in which tools are called.
type phoneCall struct {
	d          *desk
	id, number string
	kind       string
	key        string
	calls      int
}

func (d *desk) call(id, number string) *phoneCall {
	return &phoneCall{d: d, id: id, number: number, kind: "inboundPhoneCall", key: "harley"}
}

// tool calls a tool; every time is another tool call to the model.
func (c *phoneCall) tool(name string, arguments any) said {
	c.d.t.Helper()
	c.calls++
	r := results(c.d.t, c.send(name, arguments))
	require.Len(c.d.t, r, 1)
	require.Empty(c.d.t, r[0].Error)
	require.NotContains(c.d.t, r[0].Result, "\n")
	var s said
	require.NoError(c.d.t, json.Unmarshal([]byte(r[0].Result), &s), r[0].Result)
	require.NotEmpty(c.d.t, s.Message)
	return s
}

func (c *phoneCall) send(name string, arguments any) *httptest.ResponseRecorder {
	c.d.t.Helper()
	keySecret := map[string]string{"harley": secret, "ikeja": "ikeja-secret-0123456789"}[c.key]
	return c.d.postTo(c.key, toolCalls(c.d.t, c.id, c.kind, c.number, map[string]any{
		"id": fmt.Sprintf("call_%s_%d", c.id, c.calls), "type": "function",
		"function": map[string]any{"name": name, "arguments": arguments},
	}), http.Header{"X-Vapi-Secret": {keySecret}})
}

func toolCalls(t testing.TB, id, kind, number string, calls ...any) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"message": map[string]any{
		"type": "tool-calls", "timestamp": 1763784256708, "toolCallList": calls,
		"call": map[string]any{"id": id, "type": kind, "customer": map[string]any{"number": number}},
	}})
	require.NoError(t, err)
	return string(body)
}

type args = map[string]any

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type observations struct {
	mu  sync.Mutex
	all []vapi.Observation
}

func (o *observations) Observe(_ context.Context, one vapi.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, one)
}

func (o *observations) last() vapi.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all[len(o.all)-1]
}
