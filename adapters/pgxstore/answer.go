package pgxstore

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

// answer is what the functions of the schema return; see type callwaiting.appointment_result.
type answer struct {
	outcome, id, service  zeronull.Text
	resources             []string
	starts, ends, expires zeronull.Timestamptz
	zone, status          zeronull.Text
	contact, phone        zeronull.Text
	name, email, call     zeronull.Text
	version               zeronull.Int4
	busyResource          []string
	busySeat              []int32
	busyFrom, busyTo      []time.Time
}

const (
	appointmentColumns = `outcome, id::text, service, resources, starts_at, ends_at, zone, status, expires_at,
			contact_id::text, phone, name, email, call, version`
	answerColumns = appointmentColumns + `, busy_resource, busy_seat, busy_from, busy_to`
)

func (a *answer) appointmentFields() []any {
	return []any{&a.outcome, &a.id, &a.service, &a.resources, &a.starts, &a.ends, &a.zone, &a.status, &a.expires,
		&a.contact, &a.phone, &a.name, &a.email, &a.call, &a.version}
}

// read reads the one row of an answer.
func (a *answer) read(rows pgx.Rows) error {
	*a = answer{}
	if !rows.Next() {
		return rows.Err()
	}
	return rows.Scan(append(a.appointmentFields(), &a.busyResource, &a.busySeat, &a.busyFrom, &a.busyTo)...)
}

// appointment returns what the row says, in the zone it was booked in.
func (a *answer) appointment(z *zones) (booking.Appointment, error) {
	zone, err := z.named(string(a.zone))
	if err != nil {
		return booking.Appointment{}, fmt.Errorf("pgxstore: appointment %s: its time zone is not known here: import time/tzdata", a.id)
	}
	out := booking.Appointment{
		ID:        booking.ID(a.id),
		Service:   booking.ServiceID(a.service),
		Resources: make([]booking.ResourceID, len(a.resources)),
		Start:     time.Time(a.starts).In(zone),
		End:       time.Time(a.ends).In(zone),
		Zone:      string(a.zone),
		Status:    booking.Status(a.status),
		Contact: booking.Contact{
			ID:    booking.ContactID(a.contact),
			Phone: string(a.phone),
			Name:  string(a.name),
			Email: string(a.email),
		},
		Call:    string(a.call),
		Version: int(a.version),
	}
	for i, r := range a.resources {
		out.Resources[i] = booking.ResourceID(r)
	}
	if out.Status == booking.Held {
		out.Expires = time.Time(a.expires).In(zone)
	}
	return out, nil
}

// outcomeOf turns an answer into the one of booking.Store.
func (a *answer) outcomeOf(z *zones) (booking.Outcome, error) {
	switch a.outcome {
	case "done", "replay":
		made, err := a.appointment(z)
		return booking.Outcome{Appointment: made, Replay: a.outcome == "replay"}, err
	case "taken":
		out := booking.Outcome{Taken: true}
		for i, r := range a.busyResource {
			out.Busy = append(out.Busy, busy(r, a.busySeat[i], a.busyFrom[i], a.busyTo[i]))
		}
		return out, nil
	case "reused":
		return booking.Outcome{}, booking.ErrKeyReused
	case "expired":
		return booking.Outcome{}, booking.ErrExpired
	case "closed":
		return booking.Outcome{}, booking.ErrNotOpen
	}
	return booking.Outcome{}, booking.ErrNotFound
}

// busy rounds to whole seconds, outwards.
func busy(resource string, seat int32, from, to time.Time) booking.Busy {
	return booking.Busy{
		Resource: booking.ResourceID(resource),
		Seat:     int(seat),
		Span:     schedule.Span{Start: from.Unix(), End: to.Add(time.Second - 1).Unix()},
	}
}
