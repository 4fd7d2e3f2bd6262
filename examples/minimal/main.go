// Minimal sends the tool calls of one phone call to the library over HTTP, as
// Vapi does, and prints the conversation.
//
//	go run ./examples/minimal
package main

import (
	"encoding/json"
	"fmt"
	"log"
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

func main() {
	org := tenant.Org{ID: tenant.NewID(), Key: "demo", Name: "Demo Clinic", Zone: time.UTC, Country: "GB", Locale: "en-GB"}
	nineToFive := []schedule.Window{{From: 9 * 60, To: 17 * 60}}
	catalog := must(booking.NewCatalog(booking.CatalogConfig{
		Zone:      org.Zone,
		Hours:     schedule.Hours{Week: schedule.Week{nineToFive, nineToFive, nineToFive, nineToFive, nineToFive, nineToFive, nineToFive}},
		Resources: []booking.Resource{{ID: "patel", Name: "Dr Patel"}},
		Services:  []booking.ServiceType{{ID: "check-up", Name: "Check-up", Duration: 30 * time.Minute, Needs: []booking.Need{{"patel"}}}},
	}))
	service := must(booking.New(booking.Config{Store: memory.New(), Catalogs: booking.StaticCatalogs{org.ID: catalog}}))
	directory := must(memory.NewDirectory(tenant.Registration{Org: org, Secrets: tenant.Secrets{Current: "secret"}}))
	bookingTools := must(tools.New(tools.Config{Booking: service}))
	handler := must(vapi.New(vapi.Config{Directory: directory, Tools: bookingTools, Log: slog.New(slog.DiscardHandler)}))
	server := httptest.NewServer(handler) // POST /vapi/demo

	call := func(tool, arguments string) string { // sends one tool call as Vapi does
		body := fmt.Sprintf(`{"message":{"type":"tool-calls","call":{"id":"call-1","customer":{"number":"+447700900123"}},"toolCallList":[{"id":%[1]q,"function":{"name":%[1]q,"arguments":%[2]s}}]}}`, tool, arguments)
		request := must(http.NewRequest("POST", server.URL+"/vapi/demo", strings.NewReader(body)))
		request.Header.Set("X-Vapi-Secret", "secret")
		var reply struct{ Results []struct{ Result string } }
		fmt.Println("assistant →", tool, arguments)
		must(0, json.NewDecoder(must(http.DefaultClient.Do(request)).Body).Decode(&reply))
		fmt.Println("          ←", reply.Results[0].Result)
		return reply.Results[0].Result
	}
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	fmt.Println("caller    : I need a check-up tomorrow morning, please.")
	var offer struct{ Slots []struct{ Slot string } }
	must(0, json.Unmarshal([]byte(call("check_availability", `{"service":"check-up","date":"`+tomorrow+`"}`)), &offer))
	fmt.Println("caller    : The first one. My name is Ada Obi.")
	call("book_appointment", `{"slot":"`+offer.Slots[0].Slot+`","name":"Ada Obi"}`)
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
