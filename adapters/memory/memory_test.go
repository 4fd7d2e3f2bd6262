package memory_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/bookingtest"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A clock is a time that tests move forward.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestStore(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2031, time.June, 1, 12, 0, 0, 0, time.UTC)}
	bookingtest.Run(t, bookingtest.Harness{Store: memory.New(memory.Clock(c.Now)), Advance: c.Advance})
}

func TestStore_RealClock(t *testing.T) {
	t.Parallel()
	bookingtest.Run(t, bookingtest.Harness{Store: memory.New()})
}

// Five callers claim one slot at the same moment.
func Example() {
	ctx := context.Background()
	store := memory.New()
	org := tenant.NewID()
	start := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	end := start.Add(30 * time.Minute)

	outcomes := make(chan booking.Outcome)
	for n := range 5 {
		go func() {
			out, err := store.Claim(ctx, org, booking.Claim{
				ID:       booking.NewID(org, fmt.Sprint("caller-", n)),
				Service:  "consultation",
				Start:    start,
				End:      end,
				Zone:     "UTC",
				Occupied: schedule.Span{Start: start.Unix(), End: end.Unix()},
				Needs:    [][]booking.Candidate{{{Resource: "dr-amara", Capacity: 1}}},
				Contact:  booking.Contact{Phone: fmt.Sprintf("+1202555010%d", n)},
				BusyFrom: start,
				BusyTo:   end,
			})
			if err != nil {
				panic(err)
			}
			outcomes <- out
		}()
	}
	won := 0
	for range 5 {
		if out := <-outcomes; !out.Taken {
			won++
		}
	}
	fmt.Println("booked:", won)
	fmt.Println("taken:", 5-won)
	// Output:
	// booked: 1
	// taken: 4
}

// BenchmarkStore_ListBusy shows that the cost of ListBusy depends on the times it
// finds, not on the number of other bookings: 48 hours out of a year cost as much as
// 48 out of a hundred.
func BenchmarkStore_ListBusy(b *testing.B) {
	ctx, start := context.Background(), time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)
	look := func(booked int) func() time.Duration {
		store, org := memory.New(), tenant.NewID()
		for n := range booked {
			at := start.Add(time.Duration(n) * time.Hour)
			_, err := store.Claim(ctx, org, booking.Claim{
				ID:       booking.NewID(org, fmt.Sprint(n)),
				Start:    at,
				End:      at.Add(time.Hour),
				Zone:     "UTC",
				Occupied: schedule.Span{Start: at.Unix(), End: at.Unix() + 3600},
				Needs:    [][]booking.Candidate{{{Resource: "dr-amara", Capacity: 1}}},
				Contact:  booking.Contact{Phone: "+12025550100"},
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		q := booking.BusyQuery{Resources: []booking.ResourceID{"dr-amara"}, From: start, To: start.AddDate(0, 0, 2)}
		return func() time.Duration {
			began := time.Now()
			if view, err := store.ListBusy(ctx, org, q); err != nil || len(view.Busy) != 48 {
				b.Fatal(len(view.Busy), err)
			}
			return time.Since(began)
		}
	}
	year, floor := look(365*24), look(100)
	var took, least time.Duration
	b.ReportAllocs()
	for b.Loop() {
		took += year()
		least += floor()
	}
	b.ReportMetric(float64(took)/float64(least), "x-of-100-booked")
}

// A store with a clock of its own: the hold expires when that clock is advanced.
func ExampleNew() {
	ctx := context.Background()
	org := tenant.NewID()
	now := time.Date(2027, time.March, 1, 8, 0, 0, 0, time.UTC)
	store := memory.New(memory.Clock(func() time.Time { return now }))

	start, end := now.Add(time.Hour), now.Add(90*time.Minute)
	_, err := store.Claim(ctx, org, booking.Claim{
		ID:       booking.NewID(org, "call-1"),
		Service:  "consultation",
		Start:    start,
		End:      end,
		Zone:     "UTC",
		Occupied: schedule.Span{Start: start.Unix(), End: end.Unix()},
		Needs:    [][]booking.Candidate{{{Resource: "dr-amara", Capacity: 1}}},
		Contact:  booking.Contact{Phone: "+12025550100"},
		HoldFor:  2 * time.Minute,
	})
	if err != nil {
		panic(err)
	}
	for range 2 {
		found, err := store.ListAppointments(ctx, org, booking.AppointmentFilter{Phone: "+12025550100"})
		if err != nil {
			panic(err)
		}
		fmt.Println(now.Format("15:04"), found[0].Status)
		now = now.Add(2 * time.Minute)
	}
	// Output:
	// 08:00 held
	// 08:02 expired
}
