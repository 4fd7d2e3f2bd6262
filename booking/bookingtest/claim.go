package bookingtest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
)

var claimChecks = []check{
	{"one winner among five callers", func(f *fixture) { oneWinner(f, 5, 20) }},
	{"one winner among fifty callers", func(f *fixture) { oneWinner(f, 50, 5) }},
	{"one winner per slot among five callers for each of three", oneWinnerPerSlot},
	{"of simultaneous claims whose occupied times overlap on a resource, exactly one wins", staggered},
	{"back-to-back appointments do not collide", backToBack},
	{"buffers are occupied too", buffers},
	{"each need gets the first free seat of its candidates", firstSeat},
	{"no two needs take one seat", nestedNeeds},
	{"all needs are met, or no resource is occupied", allOrNone},
	{"two resources claimed in opposite order neither deadlock nor half-book", oppositeOrder},
	{"of ten callers for three seats three win, each a seat of its own", capacity},
	{"any practitioner and any room", anyOf},
	{"the contact is found by phone or created in the same transaction", contactUpsert},
	{"simultaneous first claims from one phone create one contact", oneContact},
	{"a given name or e-mail replaces the kept one", contactReplaced},
	{"one event is written", oneEvent},
	{"a hold lasts for HoldFor", holdLasts},
	{"a claim with a known ID is a replay without a change", replay},
	{"simultaneous claims with one ID create one appointment, and all return it", simultaneousReplays},
	{"a known ID with another Digest returns ErrKeyReused", keyReused},
	{"the ID of a claim that lost is free", takenLeavesNoTrace},
	{"an expired hold does not block a claim: its expiry is written first", expiredGivesWay},
	{"a hold that has not expired blocks a claim", holdOccupies},
	{"if a need cannot be met, Busy lists the taken times", takenListsBusy},
	{"Busy never identifies an owner", takenHidesOwner},
}

// oneWinner also reads back: a loser must see the winner's time in Busy, and
// the store must keep an appointment for the winner only.
func oneWinner(f *fixture, callers, rounds int) {
	for round := range f.rounds(rounds) {
		start := at(9, 0).Add(time.Duration(round) * 30 * time.Minute)
		var claims []booking.Claim
		for i := range callers {
			claims = append(claims, by(i, f.claim(fmt.Sprint("caller-", round, "-", i), start)))
		}
		results := f.claimAll(claims)
		won := f.winners(results)
		if len(won) != 1 {
			f.Fatalf("round %d: %d of %d callers got the slot", round, len(won), callers)
		}
		for i, a := range results {
			if a.Taken && !slices.Contains(a.Busy, booking.Busy{Resource: amara, Span: claims[i].Occupied}) {
				f.Fatalf("round %d: Busy of a loser lacks the winner's time:%s", round, showBusy(a.Busy))
			}
		}
		for i, c := range claims {
			stored := f.list(booking.AppointmentFilter{ID: c.ID})
			if results[i].Taken != (len(stored) == 0) {
				f.Fatalf("round %d: %d appointments are kept for a result of %s", round, len(stored), show(results[i].Outcome, nil))
			}
		}
	}
}

// oneWinnerPerSlot catches a lock that is wider than its slot and lets one
// winner block the other slots.
func oneWinnerPerSlot(f *fixture) {
	var claims []booking.Claim
	for i := range 15 {
		claims = append(claims, by(i, f.claim(fmt.Sprint("caller-", i), at(9+i%3, 0))))
	}
	perSlot := map[int]int{}
	for _, a := range f.winners(f.claimAll(claims)) {
		perSlot[a.Start.Hour()]++
	}
	for hour := 9; hour < 12; hour++ {
		if perSlot[hour] != 1 {
			f.Fatalf("winners by hour are %v, want one for each of three", perSlot)
		}
	}
}

// staggered catches a lock keyed by the exact start: starts that differ by
// minutes overlap all the same. An earlier implementation booked 98 of 100 such
// races twice.
func staggered(f *fixture) {
	for round := range f.rounds(20) {
		base := at(8, 0).Add(time.Duration(round) * 40 * time.Minute)
		var claims []booking.Claim
		for i := range 5 { // each overlaps all the others
			claims = append(claims, by(i, f.claim(fmt.Sprint("caller-", round, "-", i), base.Add(time.Duration(i)*2*time.Minute))))
		}
		if won := f.winners(f.claimAll(claims)); len(won) != 1 {
			f.Fatalf("round %d: %d of 5 overlapping claims won", round, len(won))
		}
	}
	f.disjoint(amara)
}

// disjoint expects that no two owners of a seat overlap.
func (f *fixture) disjoint(resources ...booking.ResourceID) {
	f.Helper()
	busy := f.listBusy(at(0, 0), at(24, 0), resources...)
	for i, a := range busy {
		for _, b := range busy[:i] {
			if a.Resource == b.Resource && a.Seat == b.Seat && a.Start < b.End && b.Start < a.End {
				f.Fatalf("two owners of one seat:%s", showBusy([]booking.Busy{a, b}))
			}
		}
	}
}

// backToBack checks that spans are half-open: an end is not part of the time.
func backToBack(f *fixture) {
	f.wins(f.claim("ten", at(10, 0)))
	f.wins(f.claim("half past nine", at(9, 30)))
	f.wins(f.claim("half past ten", at(10, 30)))
	f.loses(f.claim("a minute before", at(10, 59)))
	f.loses(f.claim("a minute after nine", at(9, 1)))
}

// buffers uses Occupied, which is wider than Start to End.
func buffers(f *fixture) {
	c := f.claim("with buffers", at(10, 0))
	c.Occupied = span(at(9, 50), at(10, 40))
	a := f.wins(c)
	if !a.Start.Equal(at(10, 0)) || !a.End.Equal(at(10, 30)) {
		f.Fatalf("an appointment's time has its buffers in it: %s", showAppointment(a))
	}
	f.loses(f.claim("into the buffer before", at(9, 21)))
	f.loses(f.claim("into the buffer after", at(10, 39)))
	f.wins(f.claim("up to the buffer", at(9, 20)))
	f.wins(f.claim("from the buffer on", at(10, 40)))
}

// firstSeat also checks that a cancelled seat is the first free one again.
func firstSeat(f *fixture) {
	need := []booking.Candidate{{Resource: bello, Capacity: 1}, {Resource: amara, Capacity: 2}}
	want := []booking.Busy{
		{Resource: bello, Seat: 0, Span: span(at(10, 0), at(10, 30))},
		{Resource: amara, Seat: 0, Span: span(at(10, 0), at(10, 30))},
		{Resource: amara, Seat: 1, Span: span(at(10, 0), at(10, 30))},
	}
	var ids []booking.ID
	for i, w := range want {
		a := f.wins(by(i, f.claim(fmt.Sprint("caller-", i), at(10, 0), need)))
		if !slices.Equal(a.Resources, []booking.ResourceID{w.Resource}) {
			f.Fatalf("claim %d has %v, want %s", i+1, a.Resources, w.Resource)
		}
		ids = append(ids, a.ID)
		f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara, bello), want[:i+1]...)
	}
	f.loses(f.claim("one too many", at(10, 0), need))
	f.cancels(ids[1])
	f.wins(f.claim("into the gap", at(10, 0), need))
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara, bello), want...)
}

// nestedNeeds has needs that share resources, the narrower first.
func nestedNeeds(f *fixture) {
	a := f.wins(f.claim("two of one group", at(10, 0), one(amara), one(amara, bello)))
	if !slices.Equal(a.Resources, []booking.ResourceID{amara, bello}) {
		f.Fatalf("Resources are %v, want them in the order of the needs", a.Resources)
	}
	f.loses(f.claim("one is not two", at(10, 30), one(amara), one(amara)))
	a = f.wins(f.claim("two seats of one", at(11, 0), seats(2, room1), seats(2, room1)))
	if !slices.Equal(a.Resources, []booking.ResourceID{room1, room1}) {
		f.Fatalf("Resources are %v, want one for each need", a.Resources)
	}
	f.wantBusy(f.listBusy(at(11, 0), at(12, 0), room1),
		booking.Busy{Resource: room1, Seat: 0, Span: span(at(11, 0), at(11, 30))},
		booking.Busy{Resource: room1, Seat: 1, Span: span(at(11, 0), at(11, 30))})
}

// allOrNone reads everything back: a claim that lost must not leave occupied
// time, an event, or a contact's name behind.
func allOrNone(f *fixture) {
	f.wins(f.claim("the room", at(10, 0), one(room1)))
	before := f.listBusy(at(0, 0), at(24, 0), amara, room1)
	c := by(2, f.claim("practitioner and room", at(10, 0), one(amara), one(room1)))
	c.Contact.Name = "Never Kept"
	f.loses(c)
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara, room1), before...)
	if found := f.list(booking.AppointmentFilter{Phone: phone(2)}); len(found) > 0 {
		f.Fatalf("a claim that was not met is found: %s", showAll(found))
	}
	f.wantKinds(c.ID)
	if a := f.wins(by(2, f.claim("practitioner alone", at(10, 0)))); a.Contact.Name != "" {
		f.Fatalf("a claim that was not met has left a name behind")
	}
}

// oppositeOrder races claims that lock the same two resources in opposite order:
// a store must sort its locks.
func oppositeOrder(f *fixture) {
	for round := range f.rounds(20) {
		start := at(4, 0).Add(time.Duration(round) * 30 * time.Minute)
		var claims []booking.Claim
		for i := range 6 {
			n := needs(one(amara), one(room1))
			if i%2 == 1 {
				slices.Reverse(n)
			}
			claims = append(claims, by(i, f.claim(fmt.Sprint("caller-", round, "-", i), start, n...)))
		}
		won := f.winners(f.claimAll(claims))
		if len(won) != 1 {
			f.Fatalf("round %d: %d of 6 callers got both resources", round, len(won))
		}
		f.wantBusy(f.listBusy(start, start.Add(30*time.Minute), amara, room1),
			booking.Busy{Resource: amara, Span: span(won[0].Start, won[0].End)},
			booking.Busy{Resource: room1, Span: span(won[0].Start, won[0].End)})
	}
}

func capacity(f *fixture) {
	var claims []booking.Claim
	for i := range 10 {
		claims = append(claims, by(i, f.claim(fmt.Sprint("caller-", i), at(10, 0), seats(3, room1))))
	}
	if won := f.winners(f.claimAll(claims)); len(won) != 3 {
		f.Fatalf("%d of 10 callers got one of 3 seats", len(won))
	}
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), room1),
		booking.Busy{Resource: room1, Seat: 0, Span: claims[0].Occupied},
		booking.Busy{Resource: room1, Seat: 1, Span: claims[0].Occupied},
		booking.Busy{Resource: room1, Seat: 2, Span: claims[0].Occupied})
}

func anyOf(f *fixture) {
	n := needs(one(amara, bello), one(room1, room2))
	var claims []booking.Claim
	for i := range 8 {
		claims = append(claims, by(i, f.claim(fmt.Sprint("caller-", i), at(10, 0), n...)))
	}
	won := f.winners(f.claimAll(claims))
	if len(won) != 2 {
		f.Fatalf("%d of 8 callers got one of two practitioners and one of two rooms", len(won))
	}
	for i := range 2 {
		if won[0].Resources[i] == won[1].Resources[i] {
			f.Fatalf("two winners share %s", won[0].Resources[i])
		}
	}
	f.wins(f.claim("a practitioner is busy at eleven", at(11, 0), one(amara)))
	a := f.wins(f.claim("so the other is taken", at(11, 0), n...))
	if !slices.Equal(a.Resources, []booking.ResourceID{bello, room1}) {
		f.Fatalf("Resources are %v, want %s and %s", a.Resources, bello, room1)
	}
}

func contactUpsert(f *fixture) {
	c := f.claim("first", at(10, 0))
	c.Contact = booking.Contact{ID: "not-for-the-caller-to-say", Phone: phone(1), Name: "Ada", Email: "ada@example.org"}
	first := f.wins(c)
	if first.Contact.ID == "" || first.Contact.ID == c.Contact.ID {
		f.Fatalf("a new contact's id is %q", first.Contact.ID)
	}
	if k := first.Contact; k.Phone != phone(1) || k.Name != "Ada" || k.Email != "ada@example.org" {
		f.Fatalf("the contact has not been kept as given")
	}
	second := f.wins(f.claim("second", at(11, 0)))
	if second.Contact != first.Contact {
		f.Fatalf("the contact was not found by phone")
	}
	if other := f.wins(by(2, f.claim("third", at(12, 0)))); other.Contact.ID == first.Contact.ID {
		f.Fatalf("two phones have one contact")
	}
}

// oneContact races first claims of one phone for different resources, so that no
// resource lock serializes the creation of the contact.
func oneContact(f *fixture) {
	for round := range f.rounds(10) {
		var claims []booking.Claim
		for i := range 5 {
			start := at(8, 0).Add(time.Duration(5*round+i) * 15 * time.Minute)
			c := by(round, f.claim(fmt.Sprint("caller-", round, "-", i), start, one(booking.ResourceID(fmt.Sprint("device-", i)))))
			claims = append(claims, c)
		}
		won := f.winners(f.claimAll(claims))
		if len(won) != 5 {
			f.Fatalf("%d of 5 claims of free times won", len(won))
		}
		for _, a := range won {
			if a.Contact.ID != won[0].Contact.ID {
				f.Fatalf("round %d: one phone has two contacts", round)
			}
		}
	}
}

func contactReplaced(f *fixture) {
	say := func(key string, hour int, name, email string) booking.Appointment {
		c := f.claim(key, at(hour, 0))
		c.Contact = booking.Contact{Phone: phone(1), Name: name, Email: email}
		return f.wins(c)
	}
	first := say("both", 9, "Ada", "ada@example.org")
	second := say("neither", 10, "", "")
	third := say("name", 11, "Ada Okafor", "")
	fourth := say("e-mail", 12, "", "okafor@example.org")
	for i, tt := range []struct {
		got         booking.Appointment
		name, email string
	}{
		{first, "Ada", "ada@example.org"},
		{second, "Ada", "ada@example.org"},
		{third, "Ada Okafor", "ada@example.org"},
		{fourth, "Ada Okafor", "okafor@example.org"},
		{f.get(first.ID), "Ada Okafor", "okafor@example.org"},
	} {
		if tt.got.Contact.Name != tt.name || tt.got.Contact.Email != tt.email {
			f.Fatalf("case %d: the contact is %q %q, want %q %q", i+1, tt.got.Contact.Name, tt.got.Contact.Email, tt.name, tt.email)
		}
	}
}

func oneEvent(f *fixture) {
	booked := f.wins(f.claim("booked", at(10, 0)))
	f.wantKinds(booked.ID, "booked")
	held := f.wins(hold(f.claim("held", at(11, 0)), time.Hour))
	f.wantKinds(held.ID, "held")
	if e := f.events(held.ID)[0]; e.Actor != "vapi:held" || e.At.IsZero() {
		f.Fatalf("the event is by %q at %v", e.Actor, e.At)
	}
	if booked.Version != 1 || held.Version != 1 {
		f.Fatalf("versions are %d and %d, want 1", booked.Version, held.Version)
	}
}

func holdLasts(f *fixture) {
	const d = 10 * time.Minute
	a := f.wins(hold(f.claim("held", at(10, 0)), d))
	if a.Status != booking.Held {
		f.Fatalf("status is %s", a.Status)
	}
	// A store may read its clock more than once in a claim.
	if got := a.Expires.Sub(f.events(a.ID)[0].At); got < d-time.Second || got > d+time.Second {
		f.Fatalf("a hold made for %v ends %v after it was made", d, got)
	}
	if b := f.wins(f.claim("booked", at(11, 0))); b.Status != booking.Booked || !b.Expires.IsZero() {
		f.Fatalf("a claim that holds for no time is %s", showAppointment(b))
	}
	f.wantSame("the hold read back", f.get(a.ID), a)
	if f.Advance == nil {
		return
	}
	f.Advance(d - time.Second)
	f.wantSame("the hold before its end", f.get(a.ID), a)
	f.Advance(time.Second)
	if got := f.get(a.ID).Status; got != booking.Expired {
		f.Fatalf("a hold made for %v is %s after it", d, got)
	}
}

// replay repeats a claim after every kind of change. The content of the first
// claim stays, whatever else the repetition contains.
func replay(f *fixture) {
	c := f.claim("once", at(10, 0))
	c.Contact.Name = "Ada"
	first := f.wins(c)
	again := func(what string, want booking.Appointment, kinds ...string) {
		f.Helper()
		c := c
		c.Contact.Name, c.Actor, c.Call = "Somebody Else", "vapi:again", "call-again"
		out, err := f.Store.Claim(f.ctx, f.org, c)
		if err != nil || !out.Replay || out.Taken {
			f.Fatalf("a replay %s: %s", what, show(out, err))
		}
		f.wantSame("a replay "+what, out.Appointment, want)
		f.wantSame("what is kept after a replay "+what, f.get(c.ID), want)
		f.wantKinds(c.ID, kinds...)
	}
	again("at once", first, "booked")
	moved := f.moves(f.move(c.ID, at(12, 0)))
	f.wins(by(2, f.claim("another, where it was", at(10, 0))))
	again("after a move", moved, "booked", "moved")
	again("after a cancellation", f.cancels(c.ID), "booked", "moved", "cancelled")
}

// simultaneousReplays is the retry that overtakes its original: a client that
// timed out sends the same key while the first request still runs.
func simultaneousReplays(f *fixture) {
	for round := range f.rounds(10) {
		c := f.claim(fmt.Sprint("round-", round), at(8, 0).Add(time.Duration(round)*30*time.Minute))
		results := f.claimAll(slices.Repeat([]booking.Claim{c}, 20))
		won := f.winners(results)
		if len(won) != 20 {
			f.Fatalf("%d of 20 equal claims got taken", 20-len(won))
		}
		made := 0
		for _, a := range results {
			f.wantSame("the result of a replay", a.Appointment, won[0])
			if !a.Replay {
				made++
			}
		}
		if made != 1 {
			f.Fatalf("%d of 20 equal claims have no Replay, want one", made)
		}
		f.wantKinds(c.ID, "booked")
	}
	if got := f.listBusy(at(0, 0), at(24, 0), amara); len(got) != f.rounds(10) {
		f.Fatalf("%d times are taken by %d appointments", len(got), f.rounds(10))
	}
}

func keyReused(f *fixture) {
	first := f.wins(f.claim("once", at(10, 0)))
	for _, other := range []booking.Claim{
		f.claim("once", at(11, 0)),
		f.claim("once", at(10, 0), one(bello)),
		hold(f.claim("once", at(10, 0)), time.Hour),
	} {
		other.Contact.Name = "Never Kept"
		out, err := f.Store.Claim(f.ctx, f.org, other)
		f.wantError("a known ID with another digest", out, err, booking.ErrKeyReused)
	}
	f.wantSame("the appointment after that", f.get(first.ID), first)
	f.wantKinds(first.ID, "booked")
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara, bello), booking.Busy{Resource: amara, Span: span(at(10, 0), at(10, 30))})

	// Of different claims that race with one ID, the first decides the content.
	for round := range f.rounds(10) {
		key := fmt.Sprint("raced-", round)
		start := at(11, 0).Add(time.Duration(round) * 30 * time.Minute)
		claims := []booking.Claim{f.claim(key, start), f.claim(key, start, one(bello))}
		results := f.claimAll(claims)
		ok := slices.IndexFunc(results, func(r result) bool { return r.err == nil })
		if ok < 0 || !errors.Is(results[1-ok].err, booking.ErrKeyReused) {
			f.Fatalf("two claims with one ID: %s and %s", show(results[0].Outcome, results[0].err), show(results[1].Outcome, results[1].err))
		}
		f.wantBusy(f.listBusy(start, start.Add(time.Minute), amara, bello),
			booking.Busy{Resource: claims[ok].Needs[0][0].Resource, Span: claims[ok].Occupied})
	}
}

// takenLeavesNoTrace: a caller that lost must be able to claim another time
// under the same key.
func takenLeavesNoTrace(f *fixture) {
	f.wins(f.claim("somebody", at(10, 0)))
	f.loses(f.claim("twice", at(10, 0)))
	a := f.wins(f.claim("twice", at(11, 0)))
	if a.Version != 1 {
		f.Fatalf("version is %d, want 1", a.Version)
	}
	f.wantKinds(a.ID, "booked")
}

// expiredGivesWay covers an expired hold of one resource and of two, a hold that
// spans several later bookings, and a race for the time of an expired hold.
func expiredGivesWay(f *fixture) {
	d := f.shortHold()
	n := needs(one(amara), one(room1))
	first := f.wins(hold(by(1, f.claim("held", at(10, 0), n...)), d))
	f.expire(first.ID, d)
	f.wins(by(2, f.claim("next", at(10, 15), one(amara))))
	f.wantKinds(first.ID, "held", "expired")
	if got := f.get(first.ID); got.Version != 2 || got.Status != booking.Expired {
		f.Fatalf("the hold is %s at version %d, want expired at 2", got.Status, got.Version)
	}
	f.wins(by(3, f.claim("its room", at(10, 15), one(room1))))
	out, err := f.Store.Claim(f.ctx, f.org, hold(by(1, f.claim("held", at(10, 0), n...)), d))
	if err != nil || !out.Replay || out.Appointment.Status != booking.Expired {
		f.Fatalf("the replay of an expired hold: %s; want it expired", show(out, err))
	}
	f.wantKinds(first.ID, "held", "expired")

	// A long hold does not hide the bookings within its time.
	long := hold(f.claim("long", at(17, 0)), d)
	long.End = at(20, 0)
	long.Occupied = span(long.Start, long.End)
	f.wins(digested(long))
	f.expire(long.ID, d)
	f.wins(by(2, f.claim("within", at(17, 30))))
	f.wins(by(3, f.claim("within, later", at(18, 30))))
	f.loses(by(4, f.claim("on the first", at(17, 45))))
	f.loses(by(4, f.claim("on the second", at(18, 45))))
	f.wantKinds(long.ID, "held", "expired")

	// Of five callers that find a hold expired, one wins.
	for round := range f.rounds(5) {
		start := at(12, 0).Add(time.Duration(round) * 30 * time.Minute)
		dead := f.wins(hold(f.claim(fmt.Sprint("dead-", round), start, n...), d))
		f.expire(dead.ID, d)
		var claims []booking.Claim
		for i := range 5 {
			claims = append(claims, by(i, f.claim(fmt.Sprint("heir-", round, "-", i), start, n...)))
		}
		if won := f.winners(f.claimAll(claims)); len(won) != 1 {
			f.Fatalf("round %d: %d of 5 callers got an expired hold's time", round, len(won))
		}
		f.wantKinds(dead.ID, "held", "expired")
	}
}

func holdOccupies(f *fixture) {
	a := f.wins(hold(f.claim("held", at(10, 0)), time.Hour))
	f.loses(by(2, f.claim("somebody else", at(10, 0))))
	f.loses(hold(by(2, f.claim("somebody else's hold", at(10, 15))), time.Hour))
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara), booking.Busy{Resource: amara, Span: span(at(10, 0), at(10, 30))})
	f.wantKinds(a.ID, "held")
}

func takenListsBusy(f *fixture) {
	f.wins(f.claim("at nine", at(9, 0)))
	c := f.claim("at ten", at(10, 0))
	c.Occupied = span(at(9, 50), at(10, 40))
	f.wins(c)
	f.wins(hold(f.claim("with the other", at(10, 0), one(bello)), time.Hour))
	f.wins(f.claim("the room", at(10, 0), one(room1)))
	f.wins(f.claim("at noon", at(12, 0)))

	c = by(2, f.claim("too late", at(10, 0), one(amara, bello)))
	c.BusyFrom, c.BusyTo = at(9, 30), at(12, 0)
	f.wantBusy(f.loses(c).Busy,
		booking.Busy{Resource: amara, Span: span(at(9, 50), at(10, 40))},
		booking.Busy{Resource: bello, Span: span(at(10, 0), at(10, 30))})

	// Busy covers the resources of needs that could be met as well:
	// alternatives need them.
	c = by(2, f.claim("too late for both", at(10, 0), one(room2), one(amara)))
	c.BusyFrom, c.BusyTo = at(9, 29), at(12, 1)
	f.wantBusy(f.loses(c).Busy,
		booking.Busy{Resource: amara, Span: span(at(9, 0), at(9, 30))},
		booking.Busy{Resource: amara, Span: span(at(9, 50), at(10, 40))},
		booking.Busy{Resource: amara, Span: span(at(12, 0), at(12, 30))})

	c = by(2, f.claim("an empty range", at(10, 0)))
	c.BusyFrom, c.BusyTo = at(11, 0), at(11, 0)
	f.wantBusy(f.loses(c).Busy)
}

// takenHidesOwner: a conflict must not reveal who has the appointment.
func takenHidesOwner(f *fixture) {
	c := f.claim("winner", at(10, 0))
	c.Contact.Name, c.Contact.Email = "Ada", "ada@example.org"
	f.wins(c)
	out := f.loses(by(2, f.claim("loser", at(10, 0))))
	f.wantBusy(out.Busy, booking.Busy{Resource: amara, Span: c.Occupied})
	if a := out.Appointment; fmt.Sprintf("%#v", a) != fmt.Sprintf("%#v", booking.Appointment{}) || a.Contact != (booking.Contact{}) {
		f.Fatalf("a loser was given an appointment")
	}
}
