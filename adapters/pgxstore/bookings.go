package pgxstore

import (
	"context"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// bookings implements [booking.Store] in a session; each method is one round
// trip.
type bookings struct {
	session session
	zones   *zones
}

// Claim implements [booking.Store].
func (b *bookings) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	n, err := b.checkClaim(org, c)
	if err != nil {
		return booking.Outcome{}, err
	}
	var row appointmentRow
	if err := b.session.Run(ctx, scope{Org: org, Writes: true}, claimStatement(org, c, n, &row)); err != nil {
		return booking.Outcome{}, err
	}
	return row.toOutcome(b.zones)
}

// claimStatement returns the statement that makes one claim and reads its row.
func claimStatement(org tenant.ID, c booking.Claim, n needs, row *appointmentRow) statement {
	return statement{
		SQL: `
			select ` + resultColumns + `
			from callwaiting.claim($1::uuid, $2::uuid, $3::text, $4::text,
				$5::timestamptz, $6::timestamptz, $7::text,
				$8::timestamptz, $9::timestamptz,
				$10::int[], $11::text[], $12::int[],
				$13::bigint,
				$14::text, $15::text, $16::text, $17::text, $18::text,
				$19::timestamptz, $20::timestamptz)`,
		Args: []any{
			org.String(), string(c.ID), c.Digest, string(c.Service),
			c.Start, c.End, c.Zone,
			instant(c.Occupied.Start), instant(c.Occupied.End),
			n.number, n.resource, n.capacity,
			c.HoldFor.Microseconds(),
			c.Contact.Phone, c.Contact.Name, c.Contact.Email, c.Call, c.Actor,
			c.BusyFrom, c.BusyTo,
		},
		Read: row.read,
	}
}

// Move implements [booking.Store].
func (b *bookings) Move(ctx context.Context, org tenant.ID, m booking.Move) (booking.Outcome, error) {
	if org.IsZero() {
		return booking.Outcome{}, fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	if !m.ID.Valid() {
		return booking.Outcome{}, booking.ErrNotFound
	}
	if err := checkTimes(m.Start, m.End, m.Occupied); err != nil {
		return booking.Outcome{}, err
	}
	n, err := flattenNeeds(m.Needs)
	if err != nil {
		return booking.Outcome{}, err
	}
	var row appointmentRow
	err = b.session.Run(ctx, scope{Org: org, Writes: true}, statement{
		SQL: `
			select ` + resultColumns + `
			from callwaiting.move($1::uuid, $2::uuid, $3::timestamptz, $4::timestamptz,
				$5::timestamptz, $6::timestamptz,
				$7::int[], $8::text[], $9::int[],
				$10::text, $11::timestamptz, $12::timestamptz)`,
		Args: []any{
			org.String(), string(m.ID), m.Start, m.End,
			instant(m.Occupied.Start), instant(m.Occupied.End),
			n.number, n.resource, n.capacity,
			m.Actor, m.BusyFrom, m.BusyTo,
		},
		Read: row.read,
	})
	if err != nil {
		return booking.Outcome{}, err
	}
	return row.toOutcome(b.zones)
}

// Confirm implements [booking.Store].
func (b *bookings) Confirm(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return b.change(ctx, org, id, actor, `
		select `+resultColumns+`
		from callwaiting.confirm($1::uuid, $2::uuid, $3::text)`)
}

// Cancel implements [booking.Store].
func (b *bookings) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return b.change(ctx, org, id, actor, `
		select `+resultColumns+`
		from callwaiting.cancel($1::uuid, $2::uuid, $3::text)`)
}

func (b *bookings) change(ctx context.Context, org tenant.ID, id booking.ID, actor, sql string) (booking.Appointment, error) {
	if org.IsZero() {
		return booking.Appointment{}, fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	if !id.Valid() {
		return booking.Appointment{}, booking.ErrNotFound
	}
	var row appointmentRow
	err := b.session.Run(ctx, scope{Org: org, Writes: true},
		statement{SQL: sql, Args: []any{org.String(), string(id), actor}, Read: row.read})
	if err != nil {
		return booking.Appointment{}, err
	}
	out, err := row.toOutcome(b.zones)
	return out.Appointment, err
}

// checkClaim returns the errors of a claim that need no database: some the
// database would not notice, and the others would fail the whole batch.
func (b *bookings) checkClaim(org tenant.ID, c booking.Claim) (needs, error) {
	if org.IsZero() {
		return needs{}, fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	if !c.ID.Valid() {
		return needs{}, &booking.InvalidError{Field: "ID", Problem: "is not a UUID: make it with booking.NewID"}
	}
	if _, err := b.zones.load(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
		return needs{}, &booking.InvalidError{Field: "Zone", Problem: "is not an IANA zone: give a name such as Europe/London"}
	}
	if c.Contact.Phone == "" {
		return needs{}, &booking.InvalidError{Field: "Contact.Phone", Problem: "is empty: give a number in E.164"}
	}
	if err := checkTimes(c.Start, c.End, c.Occupied); err != nil {
		return needs{}, err
	}
	return flattenNeeds(c.Needs)
}

// maxOccupied is how long one row of occupancy can be: it bounds the rows that
// a search for busy times has to read.
const maxOccupied = 31 * 24 * time.Hour

func checkTimes(start, end time.Time, occupied schedule.Span) error {
	switch {
	case !start.Before(end):
		return &booking.InvalidError{Field: "End", Problem: "is not after Start: give a later end"}
	case occupied.Start >= occupied.End || occupied.End-occupied.Start > int64(maxOccupied/time.Second):
		return &booking.InvalidError{Field: "Occupied", Problem: "does not end within 31 days after its start: give another end"}
	}
	return nil
}

// needs are the Needs of a booking.Claim as arguments: one element per
// candidate, numbered by need from 1.
type needs struct {
	number   []int32
	resource []string
	capacity []int32
}

// maxSeats bounds a mistyped capacity: the database tries seats one by one.
const maxSeats = 1000

func flattenNeeds(all [][]booking.Candidate) (needs, error) {
	var n needs
	for i, candidates := range all {
		for _, c := range candidates {
			if c.Resource == "" || c.Capacity < 1 || c.Capacity > maxSeats {
				return needs{}, &booking.InvalidError{Field: "Needs", Problem: "has an unnamed resource, or a capacity outside 1 to 1000: correct the candidate"}
			}
			n.number = append(n.number, int32(i+1))
			n.resource = append(n.resource, string(c.Resource))
			n.capacity = append(n.capacity, int32(c.Capacity))
		}
		if len(candidates) == 0 {
			return needs{}, &booking.InvalidError{Field: "Needs", Problem: "has a need without a candidate: give one or leave the need out"}
		}
	}
	if len(all) == 0 {
		return needs{}, &booking.InvalidError{Field: "Needs", Problem: "is empty: give one need at least"}
	}
	return n, nil
}

func instant(unix int64) time.Time { return time.Unix(unix, 0) }
