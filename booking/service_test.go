package booking_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

var london = mustZone("Europe/London")

func mustZone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

// monday is a quiet summer's Monday morning before the clinic opens.
var monday = time.Date(2026, 7, 13, 8, 0, 0, 0, london)

func at(hour, minute int) time.Time {
	return time.Date(2026, 7, 13, hour, minute, 0, 0, london)
}

func weekdays(windows ...schedule.Window) (w schedule.Week) {
	for d := time.Monday; d <= time.Friday; d++ {
		w[d] = windows
	}
	return w
}

var nineToFive = schedule.Window{From: 9 * 60, To: 17 * 60}

func catalogConfig() booking.CatalogConfig {
	return booking.CatalogConfig{
		Zone:  london,
		Hours: schedule.Hours{Week: weekdays(nineToFive)},
		Resources: []booking.Resource{
			{ID: "patel", Name: "Dr Patel"},
			{ID: "jones", Name: "Dr Jones"},
			{ID: "room", Name: "Theatre room"},
			{ID: "class", Name: "Class", Capacity: 3},
		},
		Services: []booking.ServiceType{
			{ID: "consultation", Name: "Consultation", Duration: 30 * time.Minute, Needs: []booking.Need{{"patel", "jones"}}},
			{ID: "botox", Name: "Botox consultation", Aliases: []string{"wrinkle treatment"}, Duration: 30 * time.Minute, After: 10 * time.Minute, Needs: []booking.Need{{"patel"}}},
			{ID: "nose", Name: "Rhinoplasty consultation", Duration: time.Hour, Needs: []booking.Need{{"patel", "jones"}, {"room"}}},
			{ID: "class", Name: "Back class", Duration: time.Hour, Needs: []booking.Need{{"class"}}},
		},
		MinNotice: 30 * time.Minute,
		Window:    60 * 24 * time.Hour,
	}
}

type clinic struct {
	*booking.Service
	org   tenant.ID
	store booking.Store
	now   time.Time
}

func newClinic(t *testing.T, change func(*booking.CatalogConfig)) *clinic {
	t.Helper()
	cfg := catalogConfig()
	if change != nil {
		change(&cfg)
	}
	cat, err := booking.NewCatalog(cfg)
	require.NoError(t, err)
	c := &clinic{org: tenant.NewID(), now: monday}
	c.store = memory.New(memory.Clock(func() time.Time { return c.now }))
	c.Service, err = booking.New(booking.Config{
		Store:    c.store,
		Catalogs: booking.StaticCatalogs{c.org: cat},
		Now:      func() time.Time { return c.now },
	})
	require.NoError(t, err)
	return c
}

func caller(n int) booking.Contact {
	return booking.Contact{Phone: fmt.Sprintf("+4477009%05d", n), Name: "Ada Caller"}
}

func request(n int, w booking.Selection) booking.Request {
	return booking.Request{Key: fmt.Sprintf("call-%d/book/%s/%d/%s", n, w.Service, w.Start.Unix(), w.Slot), Selection: w, Contact: caller(n), Call: fmt.Sprintf("call-%d", n)}
}

func TestService_Book(t *testing.T) {
	t.Parallel()
	t.Run("one of many simultaneous callers gets the slot", func(t *testing.T) {
		t.Parallel()
		for _, callers := range []int{5, 50, 500} {
			c := newClinic(t, nil)
			want := booking.Selection{Service: "botox", Start: at(10, 0)}
			type answer struct {
				booking.Appointment
				err error
			}
			answers := make([]answer, callers)
			var ready, done sync.WaitGroup
			start := make(chan struct{})
			for i := range answers {
				ready.Add(1)
				done.Go(func() {
					ready.Done()
					<-start
					answers[i].Appointment, answers[i].err = c.Book(t.Context(), c.org, request(i, want))
				})
			}
			ready.Wait()
			close(start)
			done.Wait()

			winners := 0
			for i, a := range answers {
				if a.err == nil {
					winners++
					require.Equal(t, caller(i).Phone, a.Contact.Phone)
					continue
				}
				var conflict *booking.ConflictError
				require.ErrorAs(t, a.err, &conflict)
				require.ErrorIs(t, a.err, booking.ErrConflict)
				require.Len(t, conflict.Alternatives, 3)
				// 10:00 to 10:30 and ten minutes after it are gone.
				require.Equal(t, []time.Time{at(9, 0), at(9, 15), at(10, 45)}, starts(conflict.Alternatives))
			}
			require.Equal(t, 1, winners, "%d callers", callers)
		}
	})

	t.Run("a retry that waits behind others returns its own appointment", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		want := booking.Selection{Service: "botox", Start: at(10, 0)}
		var wg sync.WaitGroup
		ids := make([]booking.ID, 40)
		for i := range ids {
			wg.Go(func() {
				a, err := c.Book(t.Context(), c.org, request(7, want)) // all are caller 7
				if err == nil {
					ids[i] = a.ID
				}
			})
		}
		wg.Wait()
		for _, id := range ids {
			require.Equal(t, booking.NewID(c.org, request(7, want).Key), id)
		}
		events, err := c.Events(t.Context(), c.org, ids[0])
		require.NoError(t, err)
		require.Len(t, events, 1)
	})

	t.Run("two practitioners serve two callers and no more", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		want := booking.Selection{Service: "consultation", Start: at(10, 0)}
		first, err := c.Book(t.Context(), c.org, request(1, want))
		require.NoError(t, err)
		require.Equal(t, []booking.ResourceID{"patel"}, first.Resources)
		second, err := c.Book(t.Context(), c.org, request(2, want))
		require.NoError(t, err)
		require.Equal(t, []booking.ResourceID{"jones"}, second.Resources)
		_, err = c.Book(t.Context(), c.org, request(3, want))
		require.ErrorIs(t, err, booking.ErrConflict)
	})

	t.Run("a service that needs a room gets both resources or neither", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		a, err := c.Book(t.Context(), c.org, request(1, booking.Selection{Service: "nose", Start: at(10, 0)}))
		require.NoError(t, err)
		require.Equal(t, []booking.ResourceID{"patel", "room"}, a.Resources, "in the order of the service's needs")

		_, err = c.Book(t.Context(), c.org, request(2, booking.Selection{Service: "nose", Start: at(10, 30)}))
		var conflict *booking.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []time.Time{at(11, 0), at(11, 15), at(11, 30)}, starts(conflict.Alternatives))

		free, err := c.Slots(t.Context(), c.org, booking.Query{Service: "consultation", Resource: "jones", From: at(10, 0), To: at(11, 0)})
		require.NoError(t, err)
		require.Len(t, free, 4, "a refused caller occupies no time")
	})

	t.Run("a selected resource is the only candidate", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		want := booking.Selection{Service: "consultation", Start: at(10, 0), Resource: "jones"}
		a, err := c.Book(t.Context(), c.org, request(1, want))
		require.NoError(t, err)
		require.Equal(t, []booking.ResourceID{"jones"}, a.Resources)
		_, err = c.Book(t.Context(), c.org, request(2, want))
		var conflict *booking.ConflictError
		require.ErrorAs(t, err, &conflict)
		for _, s := range conflict.Alternatives {
			require.Equal(t, booking.ResourceID("jones"), s.Resource)
			require.Equal(t, []booking.ResourceID{"jones"}, s.Resources)
		}
		_, err = c.Book(t.Context(), c.org, request(3, booking.Selection{Service: "botox", Start: at(12, 0), Resource: "jones"}))
		require.ErrorIs(t, err, booking.ErrUnknownResource)
	})

	t.Run("capacity is booked seat by seat", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		want := booking.Selection{Service: "class", Start: at(10, 0)}
		for i := range 3 {
			_, err := c.Book(t.Context(), c.org, request(i, want))
			require.NoError(t, err)
		}
		_, err := c.Book(t.Context(), c.org, request(4, want))
		require.ErrorIs(t, err, booking.ErrConflict)
		free, err := c.Slots(t.Context(), c.org, booking.Query{Service: "class", From: at(9, 0), To: at(12, 0)})
		require.NoError(t, err)
		require.Equal(t, []time.Time{at(9, 0), at(11, 0), at(11, 15), at(11, 30), at(11, 45)}, starts(free))
	})

	t.Run("nested needs are met by different resources", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, func(cfg *booking.CatalogConfig) {
			cfg.Services = append(cfg.Services, booking.ServiceType{
				ID: "pair", Name: "Pair", Duration: 30 * time.Minute,
				Needs: []booking.Need{{"patel", "jones"}, {"patel"}},
			})
		})
		a, err := c.Book(t.Context(), c.org, request(1, booking.Selection{Service: "pair", Start: at(10, 0)}))
		require.NoError(t, err)
		require.Equal(t, []booking.ResourceID{"jones", "patel"}, a.Resources)
		_, err = c.Book(t.Context(), c.org, request(2, booking.Selection{Service: "consultation", Start: at(11, 0), Resource: "jones"}))
		require.NoError(t, err)
		slots, err := c.Slots(t.Context(), c.org, booking.Query{Service: "pair", From: at(10, 0), To: at(12, 0)})
		require.NoError(t, err)
		require.Equal(t, []time.Time{at(10, 30), at(11, 30), at(11, 45)}, starts(slots))
	})

	t.Run("two seats of one resource are offered as they are booked", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, func(cfg *booking.CatalogConfig) {
			cfg.Services = append(cfg.Services, booking.ServiceType{
				ID: "couple", Name: "Class for two", Duration: time.Hour, Needs: []booking.Need{{"class"}, {"class"}},
			})
		})
		free := func() bool {
			slots, err := c.Slots(t.Context(), c.org, booking.Query{Service: "couple", From: at(10, 0), To: at(10, 1)})
			require.NoError(t, err)
			return len(slots) == 1
		}
		require.True(t, free(), "three seats")
		_, err := c.Book(t.Context(), c.org, request(1, booking.Selection{Service: "couple", Start: at(10, 0)}))
		require.NoError(t, err)
		require.False(t, free(), "one seat")
		_, err = c.Book(t.Context(), c.org, request(2, booking.Selection{Service: "couple", Start: at(10, 0)}))
		require.ErrorIs(t, err, booking.ErrConflict)
		_, err = c.Book(t.Context(), c.org, request(3, booking.Selection{Service: "class", Start: at(10, 0)}))
		require.NoError(t, err)
	})

	t.Run("an offered slot is booked by its id", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		free, err := c.Slots(t.Context(), c.org, booking.Query{Service: "nose", From: monday, To: monday.AddDate(0, 0, 1)})
		require.NoError(t, err)
		require.Equal(t, at(9, 0), free[0].Start)
		require.Equal(t, []booking.ResourceID{"patel", "room"}, free[0].Resources)
		require.Len(t, string(free[0].ID), 13)

		a, err := c.Book(t.Context(), c.org, request(1, booking.Selection{Slot: free[1].ID}))
		require.NoError(t, err)
		require.Equal(t, free[1].Start, a.Start)
		require.Equal(t, booking.ServiceID("nose"), a.Service)

		invented := []booking.SlotID{"x", "0123456789abc", free[0].ID[:12] + "x", "ilou!", booking.SlotID(string(free[0].ID) + "0")}
		for _, id := range invented {
			if id == free[0].ID {
				continue
			}
			_, err := c.Book(t.Context(), c.org, request(2, booking.Selection{Slot: id}))
			require.ErrorIs(t, err, booking.ErrUnknownSlot, "%q", id)
		}

		other := newClinic(t, nil)
		_, err = other.Book(t.Context(), other.org, request(1, booking.Selection{Slot: free[2].ID}))
		require.ErrorIs(t, err, booking.ErrUnknownSlot, "a slot of one clinic is no slot of another")
	})

	t.Run("a retry after the notice has run out returns the appointment", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		r := request(1, booking.Selection{Service: "botox", Start: at(9, 0)})
		first, err := c.Book(t.Context(), c.org, r)
		require.NoError(t, err)
		c.now = at(9, 1)
		again, err := c.Book(t.Context(), c.org, r)
		require.NoError(t, err)
		require.Equal(t, first, again)
	})

	t.Run("an absence entered later leaves appointments as they are", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		r := request(1, booking.Selection{Service: "botox", Start: at(10, 0)})
		first, err := c.Book(t.Context(), c.org, r)
		require.NoError(t, err)

		cfg := catalogConfig()
		cfg.Resources[0].Off = []booking.TimeOff{{
			From: booking.LocalTime{Date: schedule.Date{Year: 2026, Month: 7, Day: 13}},
			To:   booking.LocalTime{Date: schedule.Date{Year: 2026, Month: 7, Day: 14}},
		}}
		away, err := booking.NewCatalog(cfg)
		require.NoError(t, err)
		svc, err := booking.New(booking.Config{Store: c.store, Catalogs: booking.StaticCatalogs{c.org: away}, Now: func() time.Time { return c.now }})
		require.NoError(t, err)
		again, err := svc.Book(t.Context(), c.org, r)
		require.NoError(t, err)
		require.Equal(t, first, again)
		again, err = svc.Reschedule(t.Context(), c.org, first.ID, booking.Selection{Start: first.Start})
		require.NoError(t, err)
		require.Equal(t, first, again)
		_, err = svc.Book(t.Context(), c.org, request(2, booking.Selection{Service: "botox", Start: at(14, 0)}))
		require.ErrorIs(t, err, booking.ErrNotBookable)
	})

	t.Run("a key has one outcome", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		r := request(1, booking.Selection{Service: "botox", Start: at(10, 0)})
		a, err := c.Book(t.Context(), c.org, r)
		require.NoError(t, err)

		r.Contact.Name = "Ada Q. Caller" // spelled better
		again, err := c.Book(t.Context(), c.org, r)
		require.NoError(t, err)
		require.Equal(t, a.ID, again.ID)

		other := r
		other.Start = at(12, 0)
		_, err = c.Book(t.Context(), c.org, other)
		require.ErrorIs(t, err, booking.ErrKeyReused)
		other = r
		other.Contact = caller(2)
		_, err = c.Book(t.Context(), c.org, other)
		require.ErrorIs(t, err, booking.ErrKeyReused)

		_, err = c.Cancel(t.Context(), c.org, a.ID)
		require.NoError(t, err)
		again, err = c.Book(t.Context(), c.org, r)
		require.NoError(t, err)
		require.Equal(t, booking.Cancelled, again.Status, "a late retry does not book a cancelled appointment again")
	})

	t.Run("an invalid request returns the field and never its value", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		good := request(1, booking.Selection{Service: "botox", Start: at(10, 0)})
		for field, spoil := range map[string]func(*booking.Request){
			"Request.Key":     func(r *booking.Request) { r.Key = "" },
			"Contact.Phone":   func(r *booking.Request) { r.Contact.Phone = "07700 900123" },
			"Contact.Name":    func(r *booking.Request) { r.Contact.Name = "Eve\nfake log line" },
			"Contact.Email":   func(r *booking.Request) { r.Contact.Email = string(make([]byte, 300)) },
			"Request.Call":    func(r *booking.Request) { r.Call = "\x00" },
			"Selection.Start": func(r *booking.Request) { r.Start = time.Time{} },
		} {
			r := good
			spoil(&r)
			_, err := c.Book(t.Context(), c.org, r)
			var invalid *booking.InvalidError
			require.ErrorAs(t, err, &invalid, field)
			require.Equal(t, field, invalid.Field)
			require.NotContains(t, err.Error(), "07700")
			require.NotContains(t, err.Error(), "Eve")
		}
		_, err := c.Book(t.Context(), c.org, request(1, booking.Selection{Service: "massage", Start: at(10, 0)}))
		require.ErrorIs(t, err, booking.ErrUnknownService)
		_, err = c.Book(t.Context(), tenant.NewID(), good)
		require.ErrorIs(t, err, tenant.ErrUnknownOrg)
	})

	t.Run("an unknown outcome is resolved by a retry", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		for lose, want := range map[int]error{1: nil, 2: nil, 99: booking.ErrOutcomeUnknown} {
			svc := c.Using(&lost{Store: c.store, lose: lose})
			r := request(lose, booking.Selection{Service: "class", Start: at(10, 0)})
			a, err := svc.Book(t.Context(), c.org, r)
			require.ErrorIs(t, err, want)
			if want == nil {
				require.Equal(t, 1, a.Version)
			}
			_, err = c.Get(t.Context(), c.org, booking.NewID(c.org, r.Key))
			require.NoError(t, err, "it was booked, once")
		}
	})

	t.Run("a caller that gives up does not delay the others", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		slow := &stalled{Store: c.store, entered: make(chan struct{}, 1), release: make(chan struct{})}
		svc, err := booking.New(booking.Config{Store: slow, Catalogs: c.Service, Now: func() time.Time { return c.now }})
		require.NoError(t, err)
		want := booking.Selection{Service: "botox", Start: at(10, 0)}

		var wg sync.WaitGroup
		wg.Go(func() { _, err := svc.Book(context.Background(), c.org, request(1, want)); require.NoError(t, err) })
		<-slow.entered
		impatient, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() { _, err := svc.Book(impatient, c.org, request(2, want)); gone <- err }()
		patient := make(chan error, 1)
		wg.Go(func() { _, err := svc.Book(t.Context(), c.org, request(3, want)); patient <- err })
		cancel()
		require.ErrorIs(t, <-gone, context.Canceled)
		close(slow.release)
		require.ErrorIs(t, <-patient, booking.ErrConflict)
		wg.Wait()
	})

	t.Run("every waiting caller gets ErrUnavailable of a store that is down", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		svc, err := booking.New(booking.Config{Store: down{}, Catalogs: c.Service, Now: func() time.Time { return c.now }})
		require.NoError(t, err)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, err := svc.Book(t.Context(), c.org, request(i, booking.Selection{Service: "botox", Start: at(10, 0)}))
				if !errors.Is(err, booking.ErrUnavailable) {
					t.Errorf("got %v, want ErrUnavailable", err)
				}
			})
		}
		wg.Wait()
	})
}

func starts(slots []booking.Slot) (out []time.Time) {
	for _, s := range slots {
		out = append(out, s.Start)
	}
	return out
}

func TestService_Explain(t *testing.T) {
	t.Parallel()
	t.Run("every rule has its reason and no time is moved", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, func(cfg *booking.CatalogConfig) {
			cfg.Resources[0].Off = []booking.TimeOff{{
				From: booking.LocalTime{Date: schedule.Date{Year: 2026, Month: 7, Day: 14}},
				To:   booking.LocalTime{Date: schedule.Date{Year: 2026, Month: 7, Day: 15}},
			}}
			cfg.Hours.Dates = map[schedule.Date][]schedule.Window{{Year: 2026, Month: 7, Day: 16}: nil}
		})
		c.now = at(10, 5)
		for _, test := range []struct {
			name  string
			start time.Time
			want  []booking.Reason
		}{
			{"free", at(11, 0), nil},
			{"past", at(9, 0), []booking.Reason{booking.Past}},
			{"now", at(10, 5), []booking.Reason{booking.Past, booking.OffGrid}},
			{"notice", at(10, 30), []booking.Reason{booking.Notice}},
			{"window", time.Date(2026, 10, 1, 10, 0, 0, 0, london), []booking.Reason{booking.Window}},
			{"before opening", at(10, 0).AddDate(0, 0, 1).Add(-2 * time.Hour), []booking.Reason{booking.Closed}},
			{"over at closing", at(16, 30).AddDate(0, 0, 2), nil},
			{"not over at closing", at(16, 45).AddDate(0, 0, 2), []booking.Reason{booking.Closed}},
			{"sunday", at(10, 0).AddDate(0, 0, 6), []booking.Reason{booking.Closed}},
			{"closed that day", at(10, 0).AddDate(0, 0, 3), []booking.Reason{booking.Closed}},
			{"between the grid", at(11, 7), []booking.Reason{booking.OffGrid}},
			{"away", at(11, 0).AddDate(0, 0, 1), []booking.Reason{booking.Away}},
		} {
			want := booking.Selection{Service: "botox", Start: test.start}
			got, err := c.Explain(t.Context(), c.org, want)
			require.NoError(t, err, test.name)
			require.Equal(t, test.want, got.Reasons, test.name)
			require.Len(t, got.Nearest, 3, test.name)
			require.Equal(t, test.want == nil, slices.ContainsFunc(got.Nearest, func(s booking.Slot) bool {
				return s.Start.Equal(test.start)
			}), "%s: it is among the nearest if it is free", test.name)

			a, err := c.Book(t.Context(), c.org, request(1, want))
			if test.want == nil {
				require.NoError(t, err, test.name)
				require.True(t, a.Start.Equal(test.start), test.name)
				continue
			}
			var refused *booking.NotBookableError
			require.ErrorAs(t, err, &refused, test.name)
			require.ErrorIs(t, err, booking.ErrNotBookable)
			require.Equal(t, test.want, refused.Reasons, test.name)
			require.Len(t, refused.Alternatives, 3, test.name)
			for _, s := range refused.Alternatives {
				free, err := c.Explain(t.Context(), c.org, booking.Selection{Slot: s.ID})
				require.NoError(t, err)
				require.Empty(t, free.Reasons, "%s: an alternative can be booked", test.name)
			}
		}
		taken, err := c.Explain(t.Context(), c.org, booking.Selection{Service: "botox", Start: at(11, 0)})
		require.NoError(t, err)
		require.Equal(t, []booking.Reason{booking.Taken}, taken.Reasons)
	})
}

func TestService_Hold(t *testing.T) {
	t.Parallel()
	t.Run("a hold excludes others until it expires", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		want := booking.Selection{Service: "botox", Start: at(10, 0)}
		hold, err := c.Hold(t.Context(), c.org, request(1, want))
		require.NoError(t, err)
		require.Equal(t, booking.Held, hold.Status)
		require.Equal(t, monday.Add(2*time.Minute), hold.Expires)

		_, err = c.Book(t.Context(), c.org, request(2, want))
		require.ErrorIs(t, err, booking.ErrConflict)

		c.now = monday.Add(2 * time.Minute)
		free, err := c.Explain(t.Context(), c.org, want)
		require.NoError(t, err)
		require.Empty(t, free.Reasons)
		_, err = c.Confirm(t.Context(), c.org, hold.ID)
		require.ErrorIs(t, err, booking.ErrExpired)
		_, err = c.Book(t.Context(), c.org, request(2, want))
		require.NoError(t, err)
	})
}

func TestService_Confirm(t *testing.T) {
	t.Parallel()
	t.Run("a confirmed hold is booked", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		hold, err := c.Hold(t.Context(), c.org, request(1, booking.Selection{Service: "botox", Start: at(10, 0)}))
		require.NoError(t, err)
		for range 2 {
			a, err := c.Confirm(t.Context(), c.org, hold.ID)
			require.NoError(t, err)
			require.Equal(t, booking.Booked, a.Status)
			require.Zero(t, a.Expires)
			require.Equal(t, 2, a.Version)
		}
	})
}

func TestService_Reschedule(t *testing.T) {
	t.Parallel()
	t.Run("the old time is kept unless the new one is owned", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		mine, err := c.Book(t.Context(), c.org, request(1, booking.Selection{Service: "consultation", Start: at(10, 0), Resource: "jones"}))
		require.NoError(t, err)
		for i := range 2 {
			_, err = c.Book(t.Context(), c.org, request(10+i, booking.Selection{Service: "consultation", Start: at(14, 0)}))
			require.NoError(t, err)
		}
		_, err = c.Reschedule(t.Context(), c.org, mine.ID, booking.Selection{Start: at(14, 0)})
		require.ErrorIs(t, err, booking.ErrConflict)
		_, err = c.Reschedule(t.Context(), c.org, mine.ID, booking.Selection{Start: at(20, 0)})
		require.ErrorIs(t, err, booking.ErrNotBookable)
		still, err := c.Get(t.Context(), c.org, mine.ID)
		require.NoError(t, err)
		require.Equal(t, mine, still)

		moved, err := c.Reschedule(t.Context(), c.org, mine.ID, booking.Selection{Start: at(10, 15)})
		require.NoError(t, err)
		require.Equal(t, at(10, 15), moved.Start)
		require.Equal(t, []booking.ResourceID{"jones"}, moved.Resources, "the practitioner stays where that is possible")
		again, err := c.Reschedule(t.Context(), c.org, mine.ID, booking.Selection{Start: at(10, 15)})
		require.NoError(t, err)
		require.Equal(t, moved, again, "a repeated move makes no change")

		_, err = c.Book(t.Context(), c.org, request(2, booking.Selection{Service: "consultation", Start: at(9, 45), Resource: "jones"}))
		require.NoError(t, err, "the old time is free")
	})

	t.Run("an offered slot of the same service is accepted", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		mine, err := c.Book(t.Context(), c.org, request(1, booking.Selection{Service: "botox", Start: at(10, 0)}))
		require.NoError(t, err)
		slots, err := c.Slots(t.Context(), c.org, booking.Query{Service: "botox", From: at(15, 0), To: at(16, 0)})
		require.NoError(t, err)
		moved, err := c.Reschedule(t.Context(), c.org, mine.ID, booking.Selection{Slot: slots[0].ID})
		require.NoError(t, err)
		require.Equal(t, at(15, 0), moved.Start)

		others, err := c.Slots(t.Context(), c.org, booking.Query{Service: "nose", From: at(9, 0), To: at(12, 0)})
		require.NoError(t, err)
		_, err = c.Reschedule(t.Context(), c.org, mine.ID, booking.Selection{Slot: others[0].ID})
		var invalid *booking.InvalidError
		require.ErrorAs(t, err, &invalid)
	})
}

func TestService_Get(t *testing.T) {
	t.Parallel()
	t.Run("unknown and foreign appointments return the same error", func(t *testing.T) {
		t.Parallel()
		a, b := newClinic(t, nil), newClinic(t, nil)
		theirs, err := b.Book(t.Context(), b.org, request(1, booking.Selection{Service: "botox", Start: at(10, 0)}))
		require.NoError(t, err)
		for _, id := range []booking.ID{theirs.ID, booking.NewID(a.org, "no such key"), "", "not an id", booking.ID(tenant.NewID().String())} {
			for name, call := range map[string]func() error{
				"get":     func() error { _, err := a.Get(t.Context(), a.org, id); return err },
				"cancel":  func() error { _, err := a.Cancel(t.Context(), a.org, id); return err },
				"confirm": func() error { _, err := a.Confirm(t.Context(), a.org, id); return err },
				"reschedule": func() error {
					_, err := a.Reschedule(t.Context(), a.org, id, booking.Selection{Start: at(11, 0)})
					return err
				},
			} {
				err := call()
				require.ErrorIs(t, err, booking.ErrNotFound, "%s %q", name, id)
				require.Equal(t, booking.ErrNotFound.Error(), err.Error(), "%s %q", name, id)
			}
		}
	})
}

func TestService_List(t *testing.T) {
	t.Parallel()
	t.Run("the filter needs a contact or a range", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		for i, hour := range []int{15, 9, 12} {
			_, err := c.Book(t.Context(), c.org, request(i%2, booking.Selection{Service: "consultation", Start: at(hour, 0)}))
			require.NoError(t, err)
		}
		mine, err := c.List(t.Context(), c.org, booking.AppointmentFilter{Phone: caller(0).Phone})
		require.NoError(t, err)
		require.Len(t, mine, 2)
		require.Equal(t, at(12, 0), mine[0].Start)
		morning, err := c.List(t.Context(), c.org, booking.AppointmentFilter{From: at(9, 0), To: at(12, 0)})
		require.NoError(t, err)
		require.Len(t, morning, 1)
		_, err = c.List(t.Context(), c.org, booking.AppointmentFilter{})
		var invalid *booking.InvalidError
		require.ErrorAs(t, err, &invalid)
	})
}

func TestAppointment_NeverPrintsThePerson(t *testing.T) {
	t.Parallel()
	c := newClinic(t, nil)
	a, err := c.Book(t.Context(), c.org, request(123, booking.Selection{Service: "botox", Start: at(10, 0)}))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{a, a.Contact, &a.Contact, a.LogValue()} {
			out := fmt.Sprintf(verb, v)
			require.NotContains(t, out, "Ada", verb)
			require.NotContains(t, out, "+4477", verb)
		}
	}
}

// lost is a store whose answers get lost after the work is done.
type lost struct {
	booking.Store
	answers int // lost so far
	lose    int
}

func (s *lost) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	out, err := s.Store.Claim(ctx, org, c)
	if s.answers < s.lose {
		s.answers++
		return booking.Outcome{}, fmt.Errorf("connection reset: %w", booking.ErrOutcomeUnknown)
	}
	return out, err
}

func TestService_Slots(t *testing.T) {
	t.Parallel()
	t.Run("summer time is the clinic's, not the server's", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t, nil)
		c.now = time.Date(2026, 10, 23, 8, 0, 0, 0, time.UTC) // Friday; clocks go back on Sunday
		slots, err := c.Slots(t.Context(), c.org, booking.Query{Service: "nose", From: c.now, To: c.now.AddDate(0, 0, 5)})
		require.NoError(t, err)
		require.Equal(t, "2026-10-23T09:30:00+01:00", slots[0].Start.Format(time.RFC3339))
		last := slots[len(slots)-1]
		require.Equal(t, "2026-10-27T16:00:00Z", last.Start.Format(time.RFC3339))
		for _, s := range slots {
			require.GreaterOrEqual(t, s.Start.Hour(), 9)
			require.LessOrEqual(t, s.Start.Hour(), 16)
		}
	})
}

func TestNew_InvalidConfig(t *testing.T) {
	t.Parallel()
	_, err := booking.New(booking.Config{})
	require.ErrorContains(t, err, "Config.Store is nil: pass")
	_, err = booking.New(booking.Config{Store: memory.New()})
	require.ErrorContains(t, err, "Config.Catalogs is nil: pass")
	for want, spoil := range map[string]func(*booking.CatalogConfig){
		"CatalogConfig.Zone: is missing":                                          func(c *booking.CatalogConfig) { c.Zone = nil },
		"CatalogConfig.Grid: is 1s: use whole minutes":                            func(c *booking.CatalogConfig) { c.Grid = time.Second },
		"CatalogConfig.Resources: is empty":                                       func(c *booking.CatalogConfig) { c.Resources = nil },
		"CatalogConfig.Services: is empty":                                        func(c *booking.CatalogConfig) { c.Services = nil },
		`CatalogConfig.Resources[1].ID: "jones" is the id of an earlier resource`: func(c *booking.CatalogConfig) { c.Resources[0].ID = "jones" },
		`CatalogConfig.Services[0].Document: is not a plain name`:                 func(c *booking.CatalogConfig) { c.Services[0].Document = "../rhinoplasty.pdf" },
		`CatalogConfig.Services[0].Needs[0]: no resource "dentist": use one of `:  func(c *booking.CatalogConfig) { c.Services[0].Needs = []booking.Need{{"dentist"}} },
		"CatalogConfig.Services[0].Needs[1]: shares some": func(c *booking.CatalogConfig) {
			c.Services[0].Needs = []booking.Need{{"patel", "room"}, {"patel", "jones", "class"}}
		},
		"CatalogConfig.Hours.week.monday: window 1": func(c *booking.CatalogConfig) { c.Hours.Week[1] = []schedule.Window{{From: 600, To: 500}} },
	} {
		cfg := catalogConfig()
		spoil(&cfg)
		_, err := booking.NewCatalog(cfg)
		require.ErrorContains(t, err, want)
	}
}

func TestCatalog_MatchService(t *testing.T) {
	t.Parallel()
	cat, err := booking.NewCatalog(catalogConfig())
	require.NoError(t, err)
	for words, want := range map[string][]booking.ServiceID{
		"Botox Consultation":         {"botox"},
		"wrinkle-treatment":          {"botox"},
		"botox":                      {"botox"},
		"consultation":               {"consultation"},
		"rhinoplasty":                {"nose"},
		"a wrinkle treatment please": {"botox"},
		"a consultation for Botox®":  {"botox"},
		"wrinkle treatments":         {"botox"},
		"rhinoplasty consultation":   {"nose"},
		"botox or a rhinoplasty":     {"botox", "nose"},
		"massage":                    nil,
		"":                           nil,
	} {
		var got []booking.ServiceID
		for _, s := range cat.MatchService(words) {
			got = append(got, s.ID)
		}
		require.Equal(t, want, got, words)
	}
}

// stalled is a store whose first claim waits to be released.
type stalled struct {
	booking.Store
	entered, release chan struct{}
}

func (s *stalled) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	select {
	case s.entered <- struct{}{}:
		<-s.release
	default:
	}
	return s.Store.Claim(ctx, org, c)
}

type down struct{ booking.Store }

func (down) Claim(context.Context, tenant.ID, booking.Claim) (booking.Outcome, error) {
	return booking.Outcome{}, booking.ErrUnavailable
}

func (down) ListBusy(context.Context, tenant.ID, booking.BusyQuery) (booking.BusyView, error) {
	return booking.BusyView{}, booking.ErrUnavailable
}

func TestCatalog_MatchResource(t *testing.T) {
	t.Parallel()
	cfg := catalogConfig()
	cfg.Resources = []booking.Resource{
		{ID: "amara", Name: "Dr Amara Patel"}, {ID: "dr-jones", Name: "Dr Jones"}, {ID: "nurse-jones", Name: "Nurse Jones"},
		{ID: "obrien", Name: "Mr Seán O’Brien"},
	}
	cfg.Services = []booking.ServiceType{{ID: "check", Name: "Check", Duration: 30 * time.Minute,
		Needs: []booking.Need{{"amara", "dr-jones", "nurse-jones", "obrien"}}}}
	cat, err := booking.NewCatalog(cfg)
	require.NoError(t, err)
	for words, want := range map[string][]booking.ResourceID{
		"Doctor Patel":  {"amara"},
		"Dr. Patel":     {"amara"},
		"Miss Patel":    {"amara"},
		"Mr Jones":      {"dr-jones", "nurse-jones"},
		"amara":         {"amara"},
		"doctor jones":  {"dr-jones"},
		"nurse jones":   {"nurse-jones"},
		"Jones":         {"dr-jones", "nurse-jones"},
		"Doctor":        nil,
		"Dr House":      nil,
		"Seán O'Brien":  {"obrien"},
		"Mister Nobody": nil,
	} {
		var got []booking.ResourceID
		for _, r := range cat.MatchResource("check", words) {
			got = append(got, r.ID)
		}
		require.Equal(t, want, got, words)
	}
}

func TestCatalog_ResolveSlot(t *testing.T) {
	t.Parallel()
	c := newClinic(t, nil)
	slots, err := c.Slots(t.Context(), c.org, booking.Query{Service: "consultation", From: at(9, 0), To: at(17, 0)})
	require.NoError(t, err)
	cat, err := c.Catalog(t.Context(), c.org)
	require.NoError(t, err)
	for _, s := range slots {
		id := string(s.ID)
		for _, spelled := range []string{
			strings.ToUpper(id), id[:5] + "-" + id[5:], strings.Join(strings.Split(id, ""), " "), `"` + id + `".`,
			strings.NewReplacer("0", "O", "1", "l").Replace(id), strings.NewReplacer("0", "o", "1", "I").Replace(id),
		} {
			w, err := cat.ResolveSlot(c.org, booking.SlotID(spelled))
			require.NoError(t, err, spelled)
			require.Equal(t, s.Start, w.Start, spelled)
		}
		for _, other := range []string{id[:12], id + "0", id[1:] + id[:1], "slot " + id} {
			_, err := cat.ResolveSlot(c.org, booking.SlotID(other))
			require.ErrorIs(t, err, booking.ErrUnknownSlot, other)
		}
	}
}
