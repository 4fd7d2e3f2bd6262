package vapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// clinics is a directory of two clinics; the first has the secret.
func clinics() tenant.Directory {
	first := tenant.MustParseID("0b8f7a52-1111-4c3e-9a47-000000000001")
	second := tenant.MustParseID("0b8f7a52-1111-4c3e-9a47-000000000002")
	directory, err := memory.NewDirectory(
		tenant.Registration{
			Org:     tenant.Org{ID: first, Key: "harley", Name: "Harley Street Clinic", Zone: time.UTC, Country: "GB", Locale: "en-GB"},
			Secrets: tenant.Secrets{Current: "demo-secret"},
		},
		tenant.Registration{
			Org:            tenant.Org{ID: second, Key: "ikeja", Name: "Ikeja Skin Centre", Zone: time.UTC, Country: "NG", Locale: "en-NG"},
			Secrets:        tenant.Secrets{Current: "another-secret-of-ikeja"},
			PhoneNumberIDs: []string{"pn-ikeja"},
		},
	)
	check(err)
	return directory
}

// parking is a tool of an integrator's own.
var parking = vapi.Tool{
	Name:        "find_parking",
	Description: "Find a place to park near the clinic.",
	Parameters:  json.RawMessage(`{"type":"object","properties":{"car":{"type":"string"}}}`),
	Call: func(_ context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
		return vapi.ToolResult{Status: "ok", Code: 200, Message: "You can park behind " + call.Org.Name + "."}, nil
	},
}

// post sends a message with the clinic's secret and prints the reply.
func post(handler *vapi.Handler, message string) {
	r := httptest.NewRequest("POST", "/vapi/harley", strings.NewReader(`{"message":`+message+`}`))
	r.Header.Set("X-Vapi-Secret", "demo-secret")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
}

// A handler answers tool calls of the clinic whose secret the request has.
func ExampleNew() {
	handler, err := vapi.New(vapi.Config{
		Directory: clinics(), Tools: []vapi.Tool{parking}, Log: slog.New(slog.DiscardHandler),
	})
	check(err)
	post(handler, `{"type":"tool-calls","call":{"id":"call-1"},"toolCallList":[{"id":"1","name":"find_parking"}]}`)

	_, err = vapi.New(vapi.Config{})
	fmt.Println(err)

	// Output:
	// 200 {"results":[{"toolCallId":"1","name":"find_parking","result":"{\"status\":\"ok\",\"code\":200,\"message\":\"You can park behind Harley Street Clinic.\"}"}]}
	// vapi: Config.Directory is nil: give the tenant.Directory that knows your clinics
}

func ExampleDecode() {
	m, err := vapi.Decode([]byte(`{"message":{"type":"tool-calls",
		"call":{"id":"call-1","customer":{"number":"+447700900123"}},
		"toolCallList":[{"id":"1","function":{"name":"find_parking","arguments":"{\"car\":\"van\"}"}}]}}`))
	check(err)
	call := m.ToolCalls[0]
	fmt.Println(m.Type, call.Name, string(call.Arguments))
	fmt.Println(m.Call) // never the caller's number

	_, err = vapi.Decode([]byte(`{"message":{}}`))
	fmt.Println(errors.Is(err, vapi.ErrNoType))

	// Output:
	// tool-calls find_parking {"car":"van"}
	// call call-1
	// true
}

func ExampleMessage_Report() {
	m, err := vapi.Decode([]byte(`{"message":{"type":"end-of-call-report","endedReason":"customer-ended-call",
		"artifact":{"transcript":"User: I have a rash."}}}`))
	check(err)
	r := m.Report()
	fmt.Println(r.EndedReason)
	fmt.Println(r.Transcript)

	// Output:
	// customer-ended-call
	// [REDACTED: SPEECH]
}

// The definitions are pasted into Vapi's dashboard as JSON.
func ExampleDefinitions() {
	server := vapi.NewServer("https://clinic.example/vapi/harley", "credential-1")
	definition := vapi.Definitions([]vapi.Tool{parking}, &server)[0]
	text, err := json.Marshal(definition.Function)
	check(err)
	fmt.Println(string(text))
	fmt.Println(definition.Messages[0].Content, definition.Server.URL)

	// Output:
	// {"name":"find_parking","description":"Find a place to park near the clinic.","parameters":{"type":"object","properties":{"car":{"type":"string"}}}}
	// One moment. https://clinic.example/vapi/harley
}

// Vapi repeats a message after 503, and not after a refusal.
func ExampleNewServer() {
	server := vapi.NewServer("https://clinic.example/vapi/harley", "credential-1")
	fmt.Println(server.BackoffPlan.MaxRetries, server.BackoffPlan.ExcludedStatusCodes)

	// Output:
	// 3 [400 401 403 404 413 422]
}

func ExampleValidateTools() {
	fmt.Println(vapi.ValidateTools([]vapi.Tool{parking, parking}))

	// Output:
	// vapi: Config.Tools has "find_parking" twice: give each name and alias to one tool
}

func ExampleVariables() {
	lagos, err := time.LoadLocation("Africa/Lagos")
	check(err)
	variables := vapi.Variables(tenant.Org{Name: "Ikeja Skin Centre", Zone: lagos}, time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC))
	fmt.Println(variables["weekday"], variables["today"], variables["localTime"])

	// Output:
	// Monday 2026-11-23 00:30
}

// counter is an Observer that prints its observations.
type counter struct{}

func (counter) Observe(_ context.Context, o vapi.Observation) {
	fmt.Println("observed", o.Type, o.Status, o.Outcome)
}

func ExampleObserver() {
	handler, err := vapi.New(vapi.Config{
		Directory: clinics(), Observer: counter{}, Log: slog.New(slog.DiscardHandler),
	})
	check(err)
	post(handler, `{"type":"hang"}`)

	// Output:
	// observed hang 200 ok
	// 200 {}
}

// journal is a FollowUp that prints its calls. A followup.Service persists them.
type journal struct{}

func (journal) RecordCall(_ context.Context, org tenant.Org, e followup.CallEvent) error {
	fmt.Println("recorded", org.Key, e.Call, e.Signal)
	return nil
}

func (journal) Lookup(context.Context, tenant.Org, string) (followup.ContactSummary, error) {
	return followup.ContactSummary{}, nil
}

func (journal) CountUnmatched(context.Context, tenant.ID, string) error { return nil }

// The facts about a call are persisted before the message is acknowledged.
func ExampleFollowUp() {
	handler, err := vapi.New(vapi.Config{
		Directory: clinics(), FollowUp: journal{}, Log: slog.New(slog.DiscardHandler),
	})
	check(err)
	post(handler, `{"type":"status-update","status":"ended","call":{"id":"call-1"}}`)

	// Output:
	// recorded harley call-1 ended
	// 200 {}
}

// A log line holds ids and an outcome, and no words of the caller.
func ExampleHandler() {
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}
	handler, err := vapi.New(vapi.Config{
		Directory: clinics(),
		Log:       slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})),
	})
	check(err)
	post(handler, `{"type":"hang","call":{"id":"call-1","phoneNumberId":"pn-ikeja"}}`)

	// Output:
	// level=WARN msg="vapi: request" type=hang call=call-1 status=403 outcome=forbidden org=0b8f7a52-1111-4c3e-9a47-000000000001 error="vapi: forbidden: a phone number or an assistant of another clinic" audit=true
	// 403 {"error":"forbidden"}
}
