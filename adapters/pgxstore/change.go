package pgxstore

import (
	"context"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

const claimSQL = `
	select ` + answerColumns + `
	from callwaiting.claim($1::uuid, $2::uuid, $3::text, $4::text,
		$5::timestamptz, $6::timestamptz, $7::text,
		$8::timestamptz, $9::timestamptz,
		$10::int[], $11::text[], $12::int[],
		$13::bigint,
		$14::text, $15::text, $16::text, $17::text, $18::text,
		$19::timestamptz, $20::timestamptz)`

// askClaim is the statement that claims c; its answer comes in a.
func askClaim(org tenant.ID, c booking.Claim, n needs, a *answer) ask {
	return ask{
		sql: claimSQL,
		args: []any{
			org.String(), string(c.ID), c.Digest, string(c.Service),
			c.Start, c.End, c.Zone,
			instant(c.Occupied.Start), instant(c.Occupied.End),
			n.number, n.resource, n.capacity,
			c.HoldFor.Microseconds(),
			c.Contact.Phone, c.Contact.Name, c.Contact.Email, c.Call, c.Actor,
			c.BusyFrom, c.BusyTo,
		},
		read: a.read,
	}
}

// checkClaim finds what the database would refuse, or should not be asked.
func (s *Store) checkClaim(org tenant.ID, c booking.Claim) (needs, error) {
	if org.IsZero() {
		return needs{}, fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	if !c.ID.Valid() {
		return needs{}, &booking.InvalidError{Field: "ID", Problem: "is not a UUID: make it with booking.NewID"}
	}
	if _, err := s.zones.named(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
		return needs{}, &booking.InvalidError{Field: "Zone", Problem: "is not an IANA zone"}
	}
	if c.Contact.Phone == "" {
		return needs{}, &booking.InvalidError{Field: "Contact.Phone", Problem: "is empty"}
	}
	if err := checkTimes(c.Start, c.End, c.Occupied); err != nil {
		return needs{}, err
	}
	return flatten(c.Needs)
}

func checkTimes(start, end time.Time, occupied schedule.Span) error {
	switch {
	case !start.Before(end):
		return &booking.InvalidError{Field: "End", Problem: "is not after Start"}
	case occupied.Start >= occupied.End || occupied.End-occupied.Start > int64(longest/time.Second):
		return &booking.InvalidError{Field: "Occupied", Problem: "must end after it starts, and within 31 days"}
	}
	return nil
}

// longest is how long one row of occupancy can be: it bounds what a look at
// what is taken has to read.
const longest = 31 * 24 * time.Hour

// claimIn claims c in one round trip of its own.
func (s *Store) claimIn(ctx context.Context, in session, org tenant.ID, c booking.Claim, n needs) (booking.Outcome, error) {
	var a answer
	if err := in.inOrg(ctx, org, true, askClaim(org, c, n, &a)); err != nil {
		return booking.Outcome{}, err
	}
	return a.outcomeOf(&s.zones)
}

func (s *Store) moveIn(ctx context.Context, in session, org tenant.ID, m booking.Move) (booking.Outcome, error) {
	if org.IsZero() {
		return booking.Outcome{}, fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	if !m.ID.Valid() {
		return booking.Outcome{}, booking.ErrNotFound
	}
	if err := checkTimes(m.Start, m.End, m.Occupied); err != nil {
		return booking.Outcome{}, err
	}
	n, err := flatten(m.Needs)
	if err != nil {
		return booking.Outcome{}, err
	}
	var a answer
	err = in.inOrg(ctx, org, true, ask{
		sql: `
			select ` + answerColumns + `
			from callwaiting.move($1::uuid, $2::uuid, $3::timestamptz, $4::timestamptz,
				$5::timestamptz, $6::timestamptz,
				$7::int[], $8::text[], $9::int[],
				$10::text, $11::timestamptz, $12::timestamptz)`,
		args: []any{
			org.String(), string(m.ID), m.Start, m.End,
			instant(m.Occupied.Start), instant(m.Occupied.End),
			n.number, n.resource, n.capacity,
			m.Actor, m.BusyFrom, m.BusyTo,
		},
		read: a.read,
	})
	if err != nil {
		return booking.Outcome{}, err
	}
	return a.outcomeOf(&s.zones)
}

const (
	confirmSQL = `
		select ` + answerColumns + `
		from callwaiting.confirm($1::uuid, $2::uuid, $3::text)`
	cancelSQL = `
		select ` + answerColumns + `
		from callwaiting.cancel($1::uuid, $2::uuid, $3::text)`
)

// changeIn confirms or cancels an appointment.
func (s *Store) changeIn(ctx context.Context, in session, sql string, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	if org.IsZero() {
		return booking.Appointment{}, fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	if !id.Valid() {
		return booking.Appointment{}, booking.ErrNotFound
	}
	var a answer
	if err := in.inOrg(ctx, org, true, ask{sql, []any{org.String(), string(id), actor}, a.read}); err != nil {
		return booking.Appointment{}, err
	}
	out, err := a.outcomeOf(&s.zones)
	return out.Appointment, err
}

// needs is booking.Claim's Needs as the database takes them: one row per
// resource, numbered by need from 1.
type needs struct {
	number   []int32
	resource []string
	capacity []int32
}

func flatten(all [][]booking.Candidate) (needs, error) {
	var n needs
	for i, any := range all {
		for _, s := range any {
			if s.Resource == "" || s.Capacity < 1 || s.Capacity > mostSeats {
				return needs{}, &booking.InvalidError{Field: "Needs", Problem: "has a resource without a name, or with less than 1 or more than 1000 seats"}
			}
			n.number = append(n.number, int32(i+1))
			n.resource = append(n.resource, string(s.Resource))
			n.capacity = append(n.capacity, int32(s.Capacity))
		}
		if len(any) == 0 {
			return needs{}, &booking.InvalidError{Field: "Needs", Problem: "has a need that nothing can meet"}
		}
	}
	if len(all) == 0 {
		return needs{}, &booking.InvalidError{Field: "Needs", Problem: "is empty"}
	}
	return n, nil
}

// mostSeats keeps a mistyped capacity from being counted out seat by seat.
const mostSeats = 1000

func instant(unix int64) time.Time { return time.Unix(unix, 0) }
