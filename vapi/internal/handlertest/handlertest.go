// Package handlertest gives the tests of vapi and of the packages below it a
// handler of two clinics, a follow-up service that records its calls, and a
// check that no log of any test holds persons' data.
package handlertest

import (
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

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// Now is Sunday, 22 November 2026, five past two in London.
var Now = time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)

// Clock returns Now.
func Clock() time.Time { return Now }

// The clinics.
var (
	Harley = tenant.Org{
		ID: tenant.MustParseID("0b8f7a52-1111-4c3e-9a47-000000000001"), Key: "harley", Name: "Harley Street Clinic",
		Zone: Zone("Europe/London"), Country: "GB", Locale: "en-GB",
	}
	Ikeja = tenant.Org{
		ID: tenant.MustParseID("0b8f7a52-1111-4c3e-9a47-000000000002"), Key: "ikeja", Name: "Ikeja Skin Centre",
		Zone: Zone("Africa/Lagos"), Country: "NG", Locale: "en-NG",
	}
)

const (
	Secret         = "harley-secret-0123456789" // of Harley
	PreviousSecret = "harley-secret-old"
	IkejaSecret    = "ikeja-secret-0123456789"
	Caller         = "+447700900123"
)

// Zone loads a time zone.
func Zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

// Directory returns both clinics.
func Directory() tenant.Directory {
	return directory{
		{Org: Harley, Secrets: tenant.Secrets{Current: Secret, Previous: PreviousSecret},
			PhoneNumberIDs: []string{"pn-harley"}, AssistantIDs: []string{"as-harley"}},
		{Org: Ikeja, Secrets: tenant.Secrets{Current: IkejaSecret},
			PhoneNumberIDs: []string{"pn-ikeja"}, AssistantIDs: []string{"as-ikeja"}},
	}
}

// DirectoryOf returns a directory of one clinic, with the secret Secret.
func DirectoryOf(org tenant.Org) tenant.Directory {
	return directory{{Org: org, Secrets: tenant.Secrets{Current: Secret}}}
}

type directory []tenant.Registration

func (d directory) ByKey(_ context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	for _, r := range d {
		if r.Org.Key == key {
			return r.Org, r.Secrets, nil
		}
	}
	return tenant.Org{}, tenant.Secrets{}, tenant.ErrUnknownOrg
}

func (d directory) ByPhoneNumberID(_ context.Context, id string) (tenant.ID, error) {
	return d.owner(id, func(r tenant.Registration) []string { return r.PhoneNumberIDs })
}

func (d directory) ByAssistantID(_ context.Context, id string) (tenant.ID, error) {
	return d.owner(id, func(r tenant.Registration) []string { return r.AssistantIDs })
}

func (d directory) owner(id string, ids func(tenant.Registration) []string) (tenant.ID, error) {
	for _, r := range d {
		for _, own := range ids(r) {
			if own == id {
				return r.Org.ID, nil
			}
		}
	}
	return tenant.ID{}, tenant.ErrUnknownOrg
}

// Catalogs offer the same at both clinics, Monday to Friday from nine to five:
// two practitioners, one of whom shares a room with a device.
func Catalogs(t testing.TB) booking.StaticCatalogs {
	all := booking.StaticCatalogs{}
	for _, org := range []tenant.Org{Harley, Ikeja} {
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
		must(t, err)
		all[org.ID] = c
	}
	return all
}

// Booking returns a service over store with Catalogs and Clock.
func Booking(t testing.TB, store booking.Store) *booking.Service {
	s, err := booking.New(booking.Config{Store: store, Catalogs: Catalogs(t), Now: Clock})
	must(t, err)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Fixture is a handler, with its log and its observations.
type Fixture struct {
	T            testing.TB
	Handler      *vapi.Handler
	Log          *LogBuffer
	Observations *Observations
}

// New returns a Fixture. change, unless it is nil, changes its configuration.
func New(t testing.TB, change func(*vapi.Config)) *Fixture {
	f := &Fixture{T: t, Log: NewLogBuffer(), Observations: new(Observations)}
	cfg := vapi.Config{
		Directory: Directory(),
		Log:       slog.New(slog.NewJSONHandler(f.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observer:  f.Observations,
		Now:       Clock,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	f.Handler, err = vapi.New(cfg)
	must(t, err)
	return f
}

// Post sends a body to Harley, with its secret.
func (f *Fixture) Post(body string) *httptest.ResponseRecorder {
	return f.PostTo("harley", body, http.Header{"X-Vapi-Secret": {Secret}})
}

// PostTo sends a body to the clinic with a key.
func (f *Fixture) PostTo(key, body string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/vapi/"+key, strings.NewReader(body))
	if header != nil {
		r.Header = header
	}
	w := httptest.NewRecorder()
	mux := http.NewServeMux()
	mux.Handle("/vapi/{key}", f.Handler)
	mux.ServeHTTP(w, r)
	return w
}

// Result is one entry of the answer to tool calls.
type Result struct {
	ToolCallID string `json:"toolCallId"`
	Name       string `json:"name"`
	Result     string `json:"result"`
	Error      string `json:"error"`
	Message    *struct {
		Type    string `json:"type"`
		Content string `json:"content"`
	} `json:"message"`
}

// Results reads the answer to tool calls.
func Results(t testing.TB, w *httptest.ResponseRecorder) []Result {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status is %d, want 200: %s", w.Code, w.Body)
	}
	var answer struct {
		Results []Result `json:"results"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Results == nil {
		t.Fatalf("no results (%v): %s", err, w.Body)
	}
	return answer.Results
}

// ToolResult is the result of one of this module's tools.
type ToolResult struct {
	Status       string       `json:"status"`
	Code         int          `json:"code"`
	Message      string       `json:"message"`
	Field        string       `json:"field"`
	Hint         string       `json:"hint"`
	Appointment  string       `json:"appointment"`
	Date         string       `json:"date"`
	Time         string       `json:"time"`
	Spoken       string       `json:"spoken"`
	With         []string     `json:"with"`
	Services     []string     `json:"services"`
	Slots        []Offer      `json:"slots"`
	Alternatives []Offer      `json:"alternatives"`
	Appointments []ToolResult `json:"appointments"`
	Price        string       `json:"price"`
}

// Offer is a free time in a ToolResult.
type Offer struct{ Slot, Date, Time, Spoken, With string }

// Args are the arguments of a tool call.
type Args = map[string]any

// PhoneCall is a phone call in which tools are called.
type PhoneCall struct {
	ID, Number string
	Kind       string // Vapi's type of the call
	Key        string // of the clinic

	f     *Fixture
	calls int
}

// Call returns an inbound phone call to Harley.
func (f *Fixture) Call(id, number string) *PhoneCall {
	return &PhoneCall{f: f, ID: id, Number: number, Kind: "inboundPhoneCall", Key: "harley"}
}

// Tool calls a tool; every time is another tool call to the model.
func (c *PhoneCall) Tool(name string, arguments any) ToolResult {
	t := c.f.T
	t.Helper()
	c.calls++
	r := Results(t, c.Send(name, arguments))
	if len(r) != 1 || r[0].Error != "" || strings.Contains(r[0].Result, "\n") {
		t.Fatalf("not one result on one line: %+v", r)
	}
	var result ToolResult
	if err := json.Unmarshal([]byte(r[0].Result), &result); err != nil || result.Message == "" {
		t.Fatalf("a result without a message (%v): %s", err, r[0].Result)
	}
	return result
}

// Send posts the call of a tool; once more, it is the same tool call.
func (c *PhoneCall) Send(name string, arguments any) *httptest.ResponseRecorder {
	c.f.T.Helper()
	secret := map[string]string{"harley": Secret, "ikeja": IkejaSecret}[c.Key]
	return c.f.PostTo(c.Key, ToolCalls(c.f.T, c.ID, c.Kind, c.Number, map[string]any{
		"id": fmt.Sprintf("call_%s_%d", c.ID, c.calls), "type": "function",
		"function": map[string]any{"name": name, "arguments": arguments},
	}), http.Header{"X-Vapi-Secret": {secret}})
}

// ToolCalls returns the body of a "tool-calls" message.
func ToolCalls(t testing.TB, id, kind, number string, calls ...any) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"message": map[string]any{
		"type": "tool-calls", "timestamp": 1763784256708, "toolCallList": calls,
		"call": map[string]any{"id": id, "type": kind, "customer": map[string]any{"number": number}},
	}})
	must(t, err)
	return string(body)
}

// Observations keeps all that a handler reports.
type Observations struct {
	mu  sync.Mutex
	all []vapi.Observation
}

// Observe implements [vapi.Observer].
func (o *Observations) Observe(_ context.Context, one vapi.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, one)
}

// Last returns the newest observation.
func (o *Observations) Last() vapi.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all[len(o.all)-1]
}
