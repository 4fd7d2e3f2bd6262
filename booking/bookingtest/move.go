package bookingtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var moveChecks = []check{
	{"it gives an appointment another time and frees the old one", moveTime},
	{"it gives an appointment other resources and frees the old ones", moveResources},
	{"it frees the old ones only if the appointment owns the new ones", moveConflict},
	{"the appointment's own old time does not block it", moveOverlapping},
	{"a move to the present place succeeds without a change", moveToSamePlace},
	{"a repeated move keeps the place of the first", moveRepeated},
	{"a moved hold stays a hold and keeps its expiry", moveHold},
	{"an expired hold does not block a move", moveOverExpired},
	{"the error is ErrNotFound, ErrExpired for an expired hold, or ErrNotOpen", moveErrors},
	{"a move and a claim for its old time: the old time is free only if the move won", moveRacesClaim},
	{"two moves to each other's time both fail and change nothing", movesSwap},
	{"one of five moves to one time wins", movesToOneTime},
}

func moveTime(f *fixture) {
	first := f.wins(f.claim("a", at(10, 0)))
	got := f.moves(f.move(first.ID, at(15, 0)))
	want := first
	want.Start, want.End, want.Version = at(15, 0), at(15, 30), 2
	f.wantSame("the result of Move", got, want)
	f.wantSame("the appointment after the move", f.get(first.ID), want)
	f.wantKinds(first.ID, "booked", "moved")
	if e := f.events(first.ID)[1]; e.Actor != "vapi:mover" {
		f.Fatalf("the event is by %q", e.Actor)
	}
	f.loses(by(2, f.claim("new time", at(15, 0))))
	f.wins(by(2, f.claim("old time", at(10, 0))))
}

func moveResources(f *fixture) {
	a := f.wins(f.claim("a", at(10, 0), one(amara), one(room1)))
	got := f.moves(f.move(a.ID, at(10, 0), one(bello), one(room1)))
	if !slices.Equal(got.Resources, []booking.ResourceID{bello, room1}) || got.Version != 2 {
		f.Fatalf("moved to %v at version %d", got.Resources, got.Version)
	}
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara, bello, room1),
		booking.Busy{Resource: bello, Span: span(at(10, 0), at(10, 30))},
		booking.Busy{Resource: room1, Span: span(at(10, 0), at(10, 30))})
	got = f.moves(f.move(a.ID, at(10, 0), one(bello)))
	if !slices.Equal(got.Resources, []booking.ResourceID{bello}) || got.Version != 3 {
		f.Fatalf("moved to %v at version %d, want one resource", got.Resources, got.Version)
	}
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara, bello, room1), booking.Busy{Resource: bello, Span: span(at(10, 0), at(10, 30))})
	got = f.moves(f.move(a.ID, at(11, 0), one(room2), one(amara), one(room1)))
	if !slices.Equal(got.Resources, []booking.ResourceID{room2, amara, room1}) {
		f.Fatalf("moved to %v, want three resources", got.Resources)
	}
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara, bello, room1, room2),
		booking.Busy{Resource: amara, Span: span(at(11, 0), at(11, 30))},
		booking.Busy{Resource: room1, Span: span(at(11, 0), at(11, 30))},
		booking.Busy{Resource: room2, Span: span(at(11, 0), at(11, 30))})
}

// moveConflict moves into a taken resource of two: the free one must not be
// occupied, and the old time must stay.
func moveConflict(f *fixture) {
	a := f.wins(f.claim("a", at(10, 0), one(amara), one(room1)))
	f.wins(by(2, f.claim("b", at(11, 0), one(room1))))
	before := f.listBusy(at(0, 0), at(24, 0), amara, room1)
	out, err := f.Store.Move(f.ctx, f.org, f.move(a.ID, at(11, 0), one(amara), one(room1)))
	if err != nil || !out.Taken || out.Appointment.ID != "" {
		f.Fatalf("a move to a taken time: %s; want taken", show(out, err))
	}
	f.wantBusy(out.Busy, before...)
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara, room1), before...)
	f.wantSame("the appointment that could not be moved", f.get(a.ID), a)
	f.wantKinds(a.ID, "booked")
}

// moveOverlapping moves by less than the length of the appointment.
func moveOverlapping(f *fixture) {
	a := f.wins(f.claim("a", at(10, 0)))
	f.moves(f.move(a.ID, at(10, 15)))
	f.moves(f.move(a.ID, at(9, 50)))
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara), booking.Busy{Resource: amara, Span: span(at(9, 50), at(10, 20))})

	both := f.wins(by(2, f.claim("two seats", at(12, 0), seats(2, room1), seats(2, room1))))
	f.moves(f.move(both.ID, at(12, 15), seats(2, room1), seats(2, room1)))
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), room1),
		booking.Busy{Resource: room1, Seat: 0, Span: span(at(12, 15), at(12, 45))},
		booking.Busy{Resource: room1, Seat: 1, Span: span(at(12, 15), at(12, 45))})
}

func moveToSamePlace(f *fixture) {
	n := needs(one(amara), one(room1))
	a := f.wins(f.claim("a", at(10, 0), n...))
	f.wantSame("a move to where it is", f.moves(f.move(a.ID, at(10, 0), n...)), a)
	moved := f.moves(f.move(a.ID, at(11, 0), n...))
	for range 3 {
		f.wantSame("a repeated move", f.moves(f.move(a.ID, at(11, 0), n...)), moved)
	}
	f.wantKinds(a.ID, "booked", "moved")
	m := f.move(a.ID, at(11, 0), n...)
	m.Occupied = span(at(11, 0), at(11, 40))
	f.moves(m)
	f.wantKinds(a.ID, "booked", "moved", "moved")
	f.loses(by(2, f.claim("into the new buffer", at(11, 35))))
}

// moveRepeated: a resource that came earlier in the need and has become free
// does not turn a repeated move into another one.
func moveRepeated(f *fixture) {
	a := f.wins(f.claim("a", at(10, 0)))
	blocker := f.wins(by(2, f.claim("b", at(11, 0))))
	moved := f.moves(f.move(a.ID, at(11, 0), one(amara, bello)))
	if !slices.Equal(moved.Resources, []booking.ResourceID{bello}) {
		f.Fatalf("moved to %v, want the one that is free", moved.Resources)
	}
	f.cancels(blocker.ID)
	f.wantSame("the repeated move", f.moves(f.move(a.ID, at(11, 0), one(amara, bello))), moved)
	f.wantKinds(a.ID, "booked", "moved")
}

func moveHold(f *fixture) {
	a := f.wins(hold(f.claim("a", at(10, 0)), time.Hour))
	moved := f.moves(f.move(a.ID, at(11, 0)))
	if moved.Status != booking.Held || !moved.Expires.Equal(a.Expires) {
		f.Fatalf("a moved hold is %s until %v, want held until %v", moved.Status, moved.Expires, a.Expires)
	}
	f.wantKinds(a.ID, "held", "moved")
	f.confirms(a.ID)
	f.wantKinds(a.ID, "held", "moved", "confirmed")
}

func moveOverExpired(f *fixture) {
	d := f.shortHold()
	a := f.wins(f.claim("a", at(10, 0)))
	dead := f.wins(hold(by(2, f.claim("b", at(11, 0))), d))
	f.expire(dead.ID, d)
	f.moves(f.move(a.ID, at(11, 0)))
	f.wantKinds(dead.ID, "held", "expired")
}

func moveErrors(f *fixture) {
	d := f.shortHold()
	open := f.wins(f.claim("cancelled", at(10, 0)))
	f.cancels(open.ID)
	dead := f.wins(hold(by(2, f.claim("expired", at(11, 0))), d))
	f.expire(dead.ID, d)
	for _, tt := range []struct {
		what string
		id   booking.ID
		want error
	}{
		{"of an unknown appointment", booking.NewID(f.org, "never claimed"), booking.ErrNotFound},
		{"of no id", "", booking.ErrNotFound},
		{"of text that is not an id", "appointment 1'; --", booking.ErrNotFound},
		{"of a cancelled appointment", open.ID, booking.ErrNotOpen},
		{"of an expired hold", dead.ID, booking.ErrExpired},
		{"of a hold whose expiry is written", dead.ID, booking.ErrExpired},
	} {
		out, err := f.Store.Move(f.ctx, f.org, f.move(tt.id, at(15, 0)))
		f.wantError("a move "+tt.what, out, err, tt.want)
	}
	f.wantKinds(open.ID, "booked", "cancelled")
	f.wantBusy(f.listBusy(at(0, 0), at(24, 0), amara))
}

func moveRacesClaim(f *fixture) {
	for round := range f.rounds(30) {
		r := booking.ResourceID(fmt.Sprint("device-", round))
		key := fmt.Sprint("round-", round)
		a := f.wins(by(1, f.claim(key+"-a", at(10, 0), one(r))))
		// In every other round a third party wants the move's new time.
		rivals := []booking.Claim{by(2, f.claim(key+"-b", at(10, 15), one(r)))}
		if round%2 == 1 {
			rivals = append(rivals, by(3, f.claim(key+"-c", at(12, 0), one(r))))
		}
		results := suite.Race(1+len(rivals), func(i int) result {
			if i == 0 {
				out, err := f.Store.Move(f.ctx, f.org, f.move(a.ID, at(12, 0), one(r)))
				return result{out, err}
			}
			out, err := f.Store.Claim(f.ctx, f.org, rivals[i-1])
			return result{out, err}
		})
		f.winners(results)
		moved, claimed := !results[0].Taken, !results[1].Taken
		if claimed && !moved {
			f.Fatalf("round %d: the old time was given away and the move failed", round)
		}
		if got := f.get(a.ID); moved != got.Start.Equal(at(12, 0)) {
			f.Fatalf("round %d: moved is %t and the appointment is at %s", round, moved, got.Start.Format("15:04"))
		}
		if len(rivals) == 2 && moved == !results[2].Taken {
			f.Fatalf("round %d: of a move and a claim for one time, both or neither won", round)
		}
		f.disjoint(r)
	}
}

// movesSwap races two moves into each other's time. A store that frees before it
// owns would let both pass; one that locks without order would deadlock.
func movesSwap(f *fixture) {
	for round := range f.rounds(20) {
		r := booking.ResourceID(fmt.Sprint("device-", round))
		a := f.wins(by(1, f.claim(fmt.Sprint("a-", round), at(10, 0), one(r))))
		b := f.wins(by(2, f.claim(fmt.Sprint("b-", round), at(11, 0), one(r))))
		swaps := []booking.Move{f.move(a.ID, at(11, 0), one(r)), f.move(b.ID, at(10, 0), one(r))}
		results := suite.Race(2, func(i int) result {
			out, err := f.Store.Move(f.ctx, f.org, swaps[i])
			return result{out, err}
		})
		if won := f.winners(results); len(won) > 0 {
			f.Fatalf("round %d: %d of two moves went to a time that the other never left", round, len(won))
		}
		f.wantSame("the first after the swap", f.get(a.ID), a)
		f.wantSame("the second after the swap", f.get(b.ID), b)
	}
}

func movesToOneTime(f *fixture) {
	for round := range f.rounds(10) {
		r := booking.ResourceID(fmt.Sprint("device-", round))
		var moves []booking.Move
		for i := range 5 {
			a := f.wins(by(i, f.claim(fmt.Sprint(round, "-", i), at(9+i, 0), one(r))))
			moves = append(moves, f.move(a.ID, at(16, 0), one(r)))
		}
		results := suite.Race(5, func(i int) result {
			out, err := f.Store.Move(f.ctx, f.org, moves[i])
			return result{out, err}
		})
		if won := f.winners(results); len(won) != 1 {
			f.Fatalf("round %d: %d of 5 moves to one time won", round, len(won))
		}
		f.disjoint(r)
		if got := f.listBusy(at(0, 0), at(24, 0), r); len(got) != 5 {
			f.Fatalf("round %d: five appointments take%s", round, showBusy(got))
		}
	}
}
