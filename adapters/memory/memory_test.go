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

// A clock is a time that tests let pass.
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
	c := &clock{now: time.Date(2031, time.June, 1, 12, 0, 0, 0, time.UTC)}
	bookingtest.Run(t, bookingtest.Harness{Store: memory.New(memory.Clock(c.Now)), Advance: c.Advance})
}

func TestStoreByTheRealClock(t *testing.T) {
	bookingtest.Run(t, bookingtest.Harness{Store: memory.New()})
}

// Five callers want one slot at the same moment.
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
	fmt.Println("got the slot:", won)
	fmt.Println("heard that it is taken:", 5-won)
	// Output:
	// got the slot: 1
	// heard that it is taken: 4
}

// A look costs what it finds, however much else is booked: 48 hours out of a
// year cost as much as 48 out of a hundred.
func BenchmarkLook(b *testing.B) {
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
