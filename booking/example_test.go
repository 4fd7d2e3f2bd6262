package booking_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Two callers want the same half hour: one gets it, the other hears what is
// free nearby.
func Example() {
	ctx := context.Background()
	org := tenant.MustParseID("0b7d8a0e-9c41-4a57-8f55-1f6f3a9f1c11")
	zone, _ := time.LoadLocation("Europe/London")
	now := time.Date(2026, 7, 13, 8, 0, 0, 0, zone) // a Monday

	catalog, err := booking.NewCatalog(booking.CatalogConfig{
		Zone:      zone,
		Hours:     schedule.Hours{Week: schedule.Week{time.Monday: {{From: 9 * 60, To: 17 * 60}}}},
		Resources: []booking.Resource{{ID: "patel", Name: "Dr Patel"}},
		Services: []booking.ServiceType{{
			ID: "consultation", Name: "Consultation", Duration: 30 * time.Minute,
			Needs: []booking.Need{{"patel"}},
		}},
	})
	if err != nil {
		panic(err)
	}
	svc, err := booking.New(booking.Config{
		Store:    memory.New(),
		Catalogs: booking.StaticCatalogs{org: catalog},
		Now:      func() time.Time { return now },
	})
	if err != nil {
		panic(err)
	}

	slots, err := svc.Slots(ctx, org, booking.Query{Service: "consultation", From: now, To: now.AddDate(0, 0, 1), Limit: 1})
	if err != nil {
		panic(err)
	}
	for i, phone := range []string{"+447700900001", "+447700900002"} {
		call := fmt.Sprintf("call-%d", i+1)
		a, err := svc.Book(ctx, org, booking.Request{
			Key:       call + "/book/" + string(slots[0].ID),
			Selection: booking.Selection{Slot: slots[0].ID},
			Contact:   booking.Contact{Phone: phone},
			Call:      call,
		})
		var conflict *booking.ConflictError
		switch {
		case errors.As(err, &conflict):
			fmt.Println(call, "taken; next", conflict.Alternatives[0].Start.Format("15:04"))
		case err != nil:
			panic(err)
		default:
			fmt.Println(call, a.Status, a.Start.Format("15:04 MST"))
		}
	}
	// Output:
	// call-1 booked 09:00 BST
	// call-2 taken; next 09:30
}
