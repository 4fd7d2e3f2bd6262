package bookingtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// A fixture is a fresh clinic in the store under test, with the steps and
// assertions of the checks. An assertion that fails ends the check; call them
// from the goroutine of the check only.
type fixture struct {
	suite.Reporter
	Harness
	ctx   context.Context
	org   tenant.ID
	short bool
}

// fixture gives a check a clinic and a minute: a longer check is stuck.
func (h Harness) fixture(r suite.Reporter) (*fixture, func()) {
	if h.Org == nil {
		h.Org = tenant.NewID
	}
	if h.Seed == 0 {
		h.Seed = uint64(time.Now().UnixNano())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	return &fixture{Reporter: r, Harness: h, ctx: ctx, org: h.Org(), short: suite.Short(r)}, cancel
}

// rounds returns how often a race runs.
func (f *fixture) rounds(n int) int {
	if f.short {
		return max(1, n/5)
	}
	return n
}

const (
	amara = booking.ResourceID("dr-amara") // practitioners
	bello = booking.ResourceID("dr-bello")
	room1 = booking.ResourceID("room-1")
	room2 = booking.ResourceID("room-2")
)

const zone = "Europe/London"

// london is loaded once: a file read before every call would keep the callers
// of a race apart.
var london = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic("bookingtest: no time zone database: " + err.Error())
	}
	return loc
})

// at is a wall time of the clinic on a summer's day, an hour ahead of UTC.
func at(hour, minute int) time.Time {
	return time.Date(2031, time.July, 1, hour, minute, 0, 0, london())
}

// one is a need that any of the resources can meet, each for one at a time.
func one(any ...booking.ResourceID) []booking.Candidate { return seats(1, any...) }

func seats(capacity int, any ...booking.ResourceID) []booking.Candidate {
	var need []booking.Candidate
	for _, r := range any {
		need = append(need, booking.Candidate{Resource: r, Capacity: capacity})
	}
	return need
}

func needs(n ...[]booking.Candidate) [][]booking.Candidate { return n }

func span(start, end time.Time) schedule.Span {
	return schedule.Span{Start: start.Unix(), End: end.Unix()}
}

// phone is the number of caller n.
func phone(n int) string { return fmt.Sprintf("+447700900%03d", n%1000) }

// claim returns a booking of 30 minutes for caller 1, with Dr Amara unless
// needs are given.
func (f *fixture) claim(key string, start time.Time, needs ...[]booking.Candidate) booking.Claim {
	if needs == nil {
		needs = [][]booking.Candidate{one(amara)}
	}
	end := start.Add(30 * time.Minute)
	c := booking.Claim{
		ID:       booking.NewID(f.org, key),
		Service:  "consultation",
		Start:    start,
		End:      end,
		Zone:     zone,
		Occupied: span(start, end),
		Needs:    needs,
		Contact:  booking.Contact{Phone: phone(1)},
		Call:     "call-" + key,
		Actor:    "vapi:" + key,
		BusyFrom: at(0, 0),
		BusyTo:   at(24, 0),
	}
	return digested(c)
}

// digested sets the digest of the content that a repeated key must repeat.
func digested(c booking.Claim) booking.Claim {
	sum := sha256.Sum256(fmt.Append(nil, c.Service, c.Start.Unix(), c.End.Unix(), c.Needs, c.HoldFor))
	c.Digest = hex.EncodeToString(sum[:])
	return c
}

// hold makes c a hold.
func hold(c booking.Claim, d time.Duration) booking.Claim {
	c.HoldFor = d
	return digested(c)
}

func by(caller int, c booking.Claim) booking.Claim {
	c.Contact = booking.Contact{Phone: phone(caller)}
	return c
}

// move is the move of an appointment to another start, still 30 minutes.
func (f *fixture) move(id booking.ID, start time.Time, needs ...[]booking.Candidate) booking.Move {
	if needs == nil {
		needs = [][]booking.Candidate{one(amara)}
	}
	end := start.Add(30 * time.Minute)
	return booking.Move{
		ID: id, Start: start, End: end, Occupied: span(start, end), Needs: needs,
		Actor: "vapi:mover", BusyFrom: at(0, 0), BusyTo: at(24, 0),
	}
}

// wins claims c and expects to get it.
func (f *fixture) wins(c booking.Claim) booking.Appointment {
	f.Helper()
	out, err := f.Store.Claim(f.ctx, f.org, c)
	if err != nil || out.Taken {
		f.Fatalf("a claim of free time: %s; want the appointment", show(out, err))
	}
	return out.Appointment
}

// loses claims c and expects its time to be taken.
func (f *fixture) loses(c booking.Claim) booking.Outcome {
	f.Helper()
	out, err := f.Store.Claim(f.ctx, f.org, c)
	if err != nil || !out.Taken || out.Appointment.ID != "" {
		f.Fatalf("a claim of taken time: %s; want taken", show(out, err))
	}
	return out
}

func (f *fixture) moves(m booking.Move) booking.Appointment {
	f.Helper()
	out, err := f.Store.Move(f.ctx, f.org, m)
	if err != nil || out.Taken {
		f.Fatalf("a move to free time: %s; want the appointment", show(out, err))
	}
	return out.Appointment
}

func (f *fixture) confirms(id booking.ID) booking.Appointment {
	f.Helper()
	a, err := f.Store.Confirm(f.ctx, f.org, id, "vapi:confirmer")
	if err != nil {
		f.Fatalf("Confirm: %v", err)
	}
	return a
}

func (f *fixture) cancels(id booking.ID) booking.Appointment {
	f.Helper()
	a, err := f.Store.Cancel(f.ctx, f.org, id, "vapi:canceller")
	if err != nil {
		f.Fatalf("Cancel: %v", err)
	}
	return a
}

// get returns an appointment that must exist.
func (f *fixture) get(id booking.ID) booking.Appointment {
	f.Helper()
	found := f.list(booking.AppointmentFilter{ID: id})
	if len(found) != 1 {
		f.Fatalf("found %d appointments by one id", len(found))
	}
	return found[0]
}

func (f *fixture) list(q booking.AppointmentFilter) []booking.Appointment {
	f.Helper()
	found, err := f.Store.ListAppointments(f.ctx, f.org, q)
	if err != nil {
		f.Fatalf("ListAppointments: %v", err)
	}
	return found
}

func (f *fixture) listBusy(from, to time.Time, resources ...booking.ResourceID) []booking.Busy {
	f.Helper()
	view, err := f.Store.ListBusy(f.ctx, f.org, booking.BusyQuery{Resources: resources, From: from, To: to})
	if err != nil {
		f.Fatalf("ListBusy: %v", err)
	}
	return view.Busy
}

func (f *fixture) events(id booking.ID) []booking.Event {
	f.Helper()
	events, err := f.Store.ListEvents(f.ctx, f.org, id)
	if err != nil {
		f.Fatalf("ListEvents: %v", err)
	}
	return events
}

// eventKinds returns the kinds of an appointment's events, which must be one
// per version from 1.
func (f *fixture) eventKinds(id booking.ID) []string {
	f.Helper()
	var kinds []string
	for i, e := range f.events(id) {
		if e.Version != i+1 || e.Appointment != id {
			f.Fatalf("event %d of %s has version %d and is of %s", i+1, id, e.Version, e.Appointment)
		}
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// wantKinds expects an appointment's events by kind.
func (f *fixture) wantKinds(id booking.ID, want ...string) {
	f.Helper()
	if got := f.eventKinds(id); !slices.Equal(got, want) {
		f.Fatalf("events are %q, want %q", got, want)
	}
}

// wantBusy expects the taken times, in any order of seats.
func (f *fixture) wantBusy(got []booking.Busy, want ...booking.Busy) {
	f.Helper()
	if !slices.IsSortedFunc(got, func(a, b booking.Busy) int { return int(a.Start - b.Start) }) {
		f.Fatalf("busy is not sorted by start: %v", got)
	}
	if !slices.Equal(sortBusy(got), sortBusy(want)) {
		f.Fatalf("busy is %v, want %v", got, want)
	}
}

// expire lets a hold of d end; the hold must exist.
func (f *fixture) expire(id booking.ID, d time.Duration) {
	f.Helper()
	if f.Advance != nil {
		f.Advance(d)
	}
	for f.get(id).Status != booking.Expired {
		if f.Advance != nil || f.ctx.Err() != nil {
			f.Fatalf("a hold for %v has not expired after it", d)
		}
		time.Sleep(time.Millisecond)
	}
}

// shortHold is the length of a hold that is to expire.
func (f *fixture) shortHold() time.Duration {
	if f.Advance != nil {
		return 10 * time.Minute
	}
	return 20 * time.Millisecond
}

// A result is the return of a Claim or a Move.
type result struct {
	booking.Outcome
	err error
}

// claimAll races claims.
func (f *fixture) claimAll(claims []booking.Claim) []result {
	return suite.Race(len(claims), func(i int) result {
		out, err := f.Store.Claim(f.ctx, f.org, claims[i])
		return result{out, err}
	})
}

// winners expects every result to be an appointment or taken, and returns the
// appointments.
func (f *fixture) winners(results []result) []booking.Appointment {
	f.Helper()
	var won []booking.Appointment
	for _, a := range results {
		switch {
		case a.err != nil:
			f.Fatalf("one of %d simultaneous callers got an error: %v", len(results), a.err)
		case !a.Taken:
			won = append(won, a.Appointment)
		}
	}
	return won
}

// wantError expects an error of a kind and the zero value with it.
func (f *fixture) wantError(what string, got any, err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Fatalf("%s: error %v, want %v", what, err, want)
	}
	if s := fmt.Sprint(got); s != fmt.Sprint(booking.Appointment{}) && s != fmt.Sprint(booking.Outcome{}) && s != "[]" {
		f.Fatalf("%s: an error with a result, %s", what, s)
	}
}

func (f *fixture) wantSame(what string, got, want booking.Appointment) {
	f.Helper()
	if g, w := showAppointment(got), showAppointment(want); g != w || got.Contact.ID != want.Contact.ID {
		f.Fatalf("%s: got %s, want %s", what, g, w)
	}
}
