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

// Two callers want the same half hour: one gets it, the other gets the nearest
// alternative.
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

var exampleOrg = tenant.MustParseID("0b7d8a0e-9c41-4a57-8f55-1f6f3a9f1c11")

// exampleService books half hours with Dr Patel, Mondays from nine to twelve.
// It is Monday, 13 July 2026, eight o'clock.
func exampleService() (svc *booking.Service, now time.Time) {
	now = time.Date(2026, 7, 13, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	catalog, err := booking.NewCatalog(booking.CatalogConfig{
		Zone:      time.UTC,
		Hours:     schedule.Hours{Week: schedule.Week{time.Monday: {{From: 9 * 60, To: 12 * 60}}}},
		Resources: []booking.Resource{{ID: "patel", Name: "Dr Patel"}},
		Services: []booking.ServiceType{{
			ID: "consultation", Name: "Consultation", Aliases: []string{"check-up"},
			Duration: 30 * time.Minute, Needs: []booking.Need{{"patel"}},
		}},
	})
	if err != nil {
		panic(err)
	}
	svc, err = booking.New(booking.Config{
		Store:    memory.New(memory.Clock(clock)),
		Catalogs: booking.StaticCatalogs{exampleOrg: catalog},
		Now:      clock,
	})
	if err != nil {
		panic(err)
	}
	return svc, now
}

func exampleRequest(call string, start time.Time) booking.Request {
	return booking.Request{
		Key:       call + "/book",
		Selection: booking.Selection{Service: "consultation", Start: start},
		Contact:   booking.Contact{Phone: "+447700900001"},
		Call:      call,
	}
}

func ExampleNew() {
	_, err := booking.New(booking.Config{Store: memory.New()})
	fmt.Println(err)
	// Output:
	// booking: Config.Catalogs is nil: pass the catalogs of the clinics, such as booking.StaticCatalogs
}

func ExampleNewCatalog() {
	config := booking.CatalogConfig{
		Zone:      time.UTC,
		Hours:     schedule.Hours{Week: schedule.Week{time.Monday: {{From: 9 * 60, To: 17 * 60}}}},
		Resources: []booking.Resource{{ID: "patel", Name: "Dr Patel"}, {ID: "room-1", Name: "Room 1"}},
		Services: []booking.ServiceType{{
			ID: "botox", Name: "Botox consultation", Duration: 30 * time.Minute, After: 10 * time.Minute,
			Needs: []booking.Need{{"patel"}, {"room-1"}},
		}},
	}
	catalog, err := booking.NewCatalog(config)
	if err != nil {
		panic(err)
	}
	for _, s := range catalog.Services() {
		fmt.Println(s.Name, s.Duration)
	}

	config.Services[0].Needs = []booking.Need{{"patle"}}
	_, err = booking.NewCatalog(config)
	fmt.Println(err)
	// Output:
	// Botox consultation 30m0s
	// booking: CatalogConfig.Services[0].Needs[0]: no resource "patle": use one of patel, room-1
}

// A service that keeps its clinics elsewhere implements [booking.Catalogs] with
// one method.
func ExampleCatalogs() {
	var catalogs booking.Catalogs = booking.StaticCatalogs{}
	_, err := catalogs.Catalog(context.Background(), exampleOrg)
	fmt.Println(errors.Is(err, tenant.ErrUnknownOrg))
	// Output:
	// true
}

func ExampleCatalog_MatchService() {
	svc, _ := exampleService()
	catalog, err := svc.Catalog(context.Background(), exampleOrg)
	if err != nil {
		panic(err)
	}
	for _, s := range catalog.MatchService("a check-up please") {
		fmt.Println(s.ID)
	}
	// Output:
	// consultation
}

func ExampleService_Slots() {
	svc, now := exampleService()
	slots, err := svc.Slots(context.Background(), exampleOrg, booking.Query{
		Service: "consultation", From: now, To: now.AddDate(0, 0, 1), Limit: 3,
	})
	if err != nil {
		panic(err)
	}
	for _, s := range slots {
		fmt.Println(s.ID, s.Start.Format("Mon 15:04"), s.Resources)
	}
	// Output:
	// 072ttz5vxgatt Mon 09:00 [patel]
	// 072tv2xvxjzgg Mon 09:15 [patel]
	// 072tv6nvxkmjp Mon 09:30 [patel]
}

// A repeated request returns the appointment of the first.
func ExampleService_Book() {
	svc, now := exampleService()
	for range 2 {
		a, err := svc.Book(context.Background(), exampleOrg, exampleRequest("call-1", now.Add(time.Hour)))
		if err != nil {
			panic(err)
		}
		fmt.Println(a.Status, a.Start.Format("15:04"), "version", a.Version)
	}
	// Output:
	// booked 09:00 version 1
	// booked 09:00 version 1
}

func ExampleService_Hold() {
	ctx := context.Background()
	svc, now := exampleService()
	a, err := svc.Hold(ctx, exampleOrg, exampleRequest("call-1", now.Add(time.Hour)))
	if err != nil {
		panic(err)
	}
	fmt.Println(a.Status, "until", a.Expires.Format("15:04"))
	a, err = svc.Confirm(ctx, exampleOrg, a.ID)
	if err != nil {
		panic(err)
	}
	fmt.Println(a.Status)
	// Output:
	// held until 08:02
	// booked
}

func ExampleService_Reschedule() {
	ctx := context.Background()
	svc, now := exampleService()
	a, err := svc.Book(ctx, exampleOrg, exampleRequest("call-1", now.Add(time.Hour)))
	if err != nil {
		panic(err)
	}
	_, err = svc.Reschedule(ctx, exampleOrg, a.ID, booking.Selection{Start: now.Add(8 * time.Hour)})
	fmt.Println(err)
	a, err = svc.Reschedule(ctx, exampleOrg, a.ID, booking.Selection{Start: now.Add(2 * time.Hour)})
	if err != nil {
		panic(err)
	}
	fmt.Println(a.Start.Format("15:04"))
	// Output:
	// booking: not bookable: the clinic's rules forbid the time: [closed]; 3 alternatives
	// 10:00
}

func ExampleService_Cancel() {
	ctx := context.Background()
	svc, now := exampleService()
	a, err := svc.Book(ctx, exampleOrg, exampleRequest("call-1", now.Add(time.Hour)))
	if err != nil {
		panic(err)
	}
	if _, err := svc.Cancel(ctx, exampleOrg, a.ID); err != nil {
		panic(err)
	}
	events, err := svc.Events(ctx, exampleOrg, a.ID)
	if err != nil {
		panic(err)
	}
	for _, e := range events {
		fmt.Println(e.Version, e.Kind)
	}
	// Output:
	// 1 booked
	// 2 cancelled
}

func ExampleService_Explain() {
	svc, now := exampleService()
	e, err := svc.Explain(context.Background(), exampleOrg, booking.Selection{Service: "consultation", Start: now.Add(4 * time.Hour)})
	if err != nil {
		panic(err)
	}
	fmt.Println(e.Reasons)
	for _, s := range e.Nearest {
		fmt.Println(s.Start.Format("15:04"))
	}
	// Output:
	// [closed]
	// 11:00
	// 11:15
	// 11:30
}

func ExampleService_List() {
	ctx := context.Background()
	svc, now := exampleService()
	for i := range 3 {
		if _, err := svc.Book(ctx, exampleOrg, exampleRequest(fmt.Sprint("call-", i), now.Add(time.Duration(1+i)*time.Hour))); err != nil {
			panic(err)
		}
	}
	found, err := svc.List(ctx, exampleOrg, booking.AppointmentFilter{Phone: "+447700900001", From: now.Add(2 * time.Hour)})
	if err != nil {
		panic(err)
	}
	for _, a := range found {
		fmt.Println(a.Start.Format("15:04"), a.Service)
	}
	// Output:
	// 10:00 consultation
	// 11:00 consultation
}

// A store gives a time to one owner. The other caller learns when it is taken, and
// not the name of the owner.
func ExampleStore() {
	ctx := context.Background()
	var store booking.Store = memory.New()
	start := time.Date(2026, 7, 13, 9, 0, 0, 0, time.UTC)
	end := start.Add(30 * time.Minute)
	for _, phone := range []string{"+447700900001", "+447700900002"} {
		out, err := store.Claim(ctx, exampleOrg, booking.Claim{
			ID:       booking.NewID(exampleOrg, phone),
			Service:  "consultation",
			Start:    start,
			End:      end,
			Zone:     "UTC",
			Occupied: schedule.Span{Start: start.Unix(), End: end.Unix()},
			Needs:    [][]booking.Candidate{{{Resource: "patel", Capacity: 1}}},
			Contact:  booking.Contact{Phone: phone},
			BusyFrom: start,
			BusyTo:   end,
		})
		if err != nil {
			panic(err)
		}
		fmt.Println("taken:", out.Taken, "busy:", len(out.Busy))
	}
	// Output:
	// taken: false busy: 0
	// taken: true busy: 1
}
