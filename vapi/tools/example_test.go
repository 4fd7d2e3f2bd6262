package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// sunday is the time of the examples, and clinicCatalogs their catalog.
func sunday() time.Time { return time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC) }

func clinicCatalogs() booking.Catalogs {
	catalog, err := booking.NewCatalog(booking.CatalogConfig{
		Zone:      harley.Zone,
		Hours:     schedule.Hours{Week: schedule.Week{time.Tuesday: {{From: 9 * 60, To: 17 * 60}}}},
		Resources: []booking.Resource{{ID: "patel", Name: "Dr Patel"}},
		Services: []booking.ServiceType{{ID: "botox", Name: "Botox consultation", Aliases: []string{"botox"}, Duration: 30 * time.Minute,
			Needs: []booking.Need{{"patel"}}, Document: "botox.pdf"}},
		Grid: 30 * time.Minute,
	})
	check(err)
	return booking.StaticCatalogs{harley.ID: catalog}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// call calls the tool with a name as the handler does, and prints its result.
func call(all []vapi.Tool, name string, arguments map[string]any) {
	text, err := json.Marshal(arguments)
	check(err)
	for _, tool := range all {
		if tool.Name == name {
			result, err := tool.Call(context.Background(), vapi.ToolCall{
				ID: "1", Name: name, Arguments: text, Org: harley,
				Call: vapi.Call{ID: "call-1", Type: "inboundPhoneCall", Caller: "+447700900123"},
			})
			check(err)
			fmt.Println(result.Code, result.Status+":", result.Message)
		}
	}
}

// A caller books an appointment, and asks for a text about it.
func ExampleNew() {
	store, catalogs := memory.New(), clinicCatalogs()
	appointments, err := booking.New(booking.Config{Store: store, Catalogs: catalogs, Now: sunday})
	check(err)
	settings, err := followup.NewSettings(followup.SettingsConfig{Org: harley})
	check(err)
	texts, err := followup.New(followup.Config{
		Store: store.FollowUps(), Settings: followup.StaticSettings{harley.ID: settings},
		Catalog: tools.Procedures(catalogs), Now: sunday,
	})
	check(err)

	all, err := tools.New(tools.Config{Booking: appointments, FollowUp: texts, Now: sunday})
	check(err)
	call(all, "send_information", map[string]any{"procedure": "botox", "consent": false})
	call(all, "send_information", map[string]any{"procedure": "botox", "consent": true})
	call(all, "book_appointment", map[string]any{"date": "2026-11-24", "time": "20:00", "name": "Ada Obi"})
	call(all, "book_appointment", map[string]any{"date": "2026-11-24", "time": "10:00", "name": "Ada Obi"})

	_, err = tools.New(tools.Config{})
	fmt.Println(err)

	// Output:
	// 422 consent_needed: May I text you the information at this number?
	// 200 noted: I will text you the information after this call.
	// 422 not_bookable: We are closed at that time. I could offer Tuesday 24 November at 3:30 PM, 4:00 PM or 4:30 PM. Would that suit you?
	// 200 booked: Your Botox consultation is booked for Tuesday 24 November at 10:00 AM.
	// tools: Config.Booking and Config.FollowUp are nil: give the booking.Service to book with, the followup.Service that texts, or both
}

// A service type is matched in the caller's words, and has a document to send.
func ExampleProcedures() {
	procedures := tools.Procedures(clinicCatalogs())
	id, found, err := procedures.Match(context.Background(), harley.ID, redact.NewSpeech("How much is Botox?"))
	check(err)
	document, _, err := procedures.Document(context.Background(), harley.ID, id)
	check(err)
	fmt.Println(found, id, document)

	// Output:
	// true botox botox.pdf
}

// mailbox is a FollowUp of an integrator's own, without a followup.Service.
type mailbox struct{}

func (mailbox) RecordCall(context.Context, tenant.Org, followup.CallEvent) error { return nil }

func (mailbox) Promise(_ context.Context, org tenant.Org, p followup.Promise) (followup.PromiseResult, error) {
	fmt.Println("promised at", org.Key, "in", p.Call)
	return followup.Noted, nil
}

func (mailbox) OptOutCaller(context.Context, tenant.Org, string, string) (bool, error) {
	return true, nil
}

func ExampleFollowUp() {
	all, err := tools.New(tools.Config{FollowUp: mailbox{}})
	check(err)
	call(all, "send_information", map[string]any{"procedure": "botox", "consent": "yes"})
	call(all, "opt_out", nil)

	// Output:
	// promised at harley in call-1
	// 200 noted: I will text you the information after this call.
	// 200 opted_out: You will not get any texts from us.
}
