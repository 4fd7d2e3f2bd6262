package vapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// Two callers want the same half hour.
func Example() {
	london, _ := time.LoadLocation("Europe/London")
	org := tenant.Org{
		ID: tenant.MustParseID("0b8f7a52-1111-4c3e-9a47-000000000001"), Key: "harley", Name: "Harley Street Clinic",
		Zone: london, Country: "GB", Locale: "en-GB",
	}
	clinics, err := memory.NewDirectory(tenant.Registration{Org: org, Secrets: tenant.Secrets{Current: "demo-secret"}})
	check(err)
	catalog, err := booking.NewCatalog(booking.CatalogConfig{
		Zone:      london,
		Hours:     schedule.Hours{Week: schedule.Week{time.Tuesday: {{From: 9 * 60, To: 17 * 60}}}},
		Resources: []booking.Resource{{ID: "patel", Name: "Dr Patel"}},
		Services: []booking.ServiceType{{ID: "consultation", Name: "Consultation", Duration: 30 * time.Minute,
			Needs: []booking.Need{{"patel"}}}},
		Grid: 30 * time.Minute,
	})
	check(err)
	sunday := func() time.Time { return time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC) }
	svc, err := booking.New(booking.Config{
		Store: memory.New(), Catalogs: booking.StaticCatalogs{org.ID: catalog}, Now: sunday,
	})
	check(err)
	all, err := tools.New(tools.Config{Booking: svc, Now: sunday})
	check(err)
	handler, err := vapi.New(vapi.Config{
		Directory: clinics, Tools: all, Now: sunday, Log: slog.New(slog.DiscardHandler),
	})
	check(err)

	mux := http.NewServeMux()
	mux.Handle("POST /vapi/{key}", handler)
	server := httptest.NewServer(mux)
	defer server.Close()

	for _, number := range []string{"+447700900123", "+447700900456"} {
		body := `{"message":{"type":"tool-calls",
			"call":{"id":"call-` + number[10:] + `","customer":{"number":"` + number + `"}},
			"toolCallList":[{"id":"1","function":{"name":"book_appointment",
				"arguments":{"service":"consultation","date":"2026-11-24","time":"10:00","name":"Ada Obi"}}}]}}`
		request, err := http.NewRequest(http.MethodPost, server.URL+"/vapi/harley", strings.NewReader(body))
		check(err)
		request.Header.Set("X-Vapi-Secret", "demo-secret")
		response, err := http.DefaultClient.Do(request)
		check(err)
		fmt.Println(message(response.Body))
	}

	// Output:
	// 200 Your Consultation is booked for Tuesday 24 November at 10:00 AM.
	// 409 That time is taken. I could offer Tuesday 24 November at 9:00 AM, 9:30 AM or 10:30 AM. Would that suit you?
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// message returns the code and the message of the one result in an answer.
func message(body io.ReadCloser) string {
	defer body.Close()
	var answer struct{ Results []struct{ Result string } }
	check(json.NewDecoder(body).Decode(&answer))
	var result struct {
		Code    int
		Message string
	}
	check(json.NewDecoder(bytes.NewReader([]byte(answer.Results[0].Result))).Decode(&result))
	return fmt.Sprint(result.Code, " ", result.Message)
}
