package pgxstore

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

// appointmentRow is one row of the SQL type callwaiting.appointment_result. The
// types of package zeronull scan null as the zero value: an outcome without an
// appointment has nulls in its columns.
type appointmentRow struct {
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
	resultColumns = appointmentColumns + `, busy_resource, busy_seat, busy_from, busy_to`
)

// appointmentFields returns where appointmentColumns are scanned.
func (r *appointmentRow) appointmentFields() []any {
	return []any{&r.outcome, &r.id, &r.service, &r.resources, &r.starts, &r.ends, &r.zone, &r.status, &r.expires,
		&r.contact, &r.phone, &r.name, &r.email, &r.call, &r.version}
}

// read reads the next row, which has resultColumns.
func (r *appointmentRow) read(rows sqltx.Rows) error {
	*r = appointmentRow{}
	if !rows.Next() {
		return rows.Err()
	}
	return rows.Scan(append(r.appointmentFields(), &r.busyResource, &r.busySeat, &r.busyFrom, &r.busyTo)...)
}

// toAppointment converts the row, with times in the zone that it was booked in.
func (r *appointmentRow) toAppointment(z *zones) (booking.Appointment, error) {
	zone, err := z.load(string(r.zone))
	if err != nil {
		return booking.Appointment{}, fmt.Errorf("pgxstore: unknown time zone of appointment %s: import time/tzdata", r.id)
	}
	out := booking.Appointment{
		ID:        booking.ID(r.id),
		Service:   booking.ServiceID(r.service),
		Resources: make([]booking.ResourceID, len(r.resources)),
		Start:     time.Time(r.starts).In(zone),
		End:       time.Time(r.ends).In(zone),
		Zone:      string(r.zone),
		Status:    booking.Status(r.status),
		Contact: booking.Contact{
			ID:    booking.ContactID(r.contact),
			Phone: string(r.phone),
			Name:  string(r.name),
			Email: string(r.email),
		},
		Call:    string(r.call),
		Version: int(r.version),
	}
	for i, resource := range r.resources {
		out.Resources[i] = booking.ResourceID(resource)
	}
	if out.Status == booking.Held {
		out.Expires = time.Time(r.expires).In(zone)
	}
	return out, nil
}

// toOutcome converts the row's outcome into that of [booking.Store], or into
// its error.
func (r *appointmentRow) toOutcome(z *zones) (booking.Outcome, error) {
	switch r.outcome {
	case "done", "replay":
		a, err := r.toAppointment(z)
		return booking.Outcome{Appointment: a, Replay: r.outcome == "replay"}, err
	case "taken":
		out := booking.Outcome{Taken: true}
		for i, resource := range r.busyResource {
			out.Busy = append(out.Busy, busy(resource, r.busySeat[i], r.busyFrom[i], r.busyTo[i]))
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

// busy returns an occupied time, rounded outwards to whole seconds.
func busy(resource string, seat int32, from, to time.Time) booking.Busy {
	return booking.Busy{
		Resource: booking.ResourceID(resource),
		Seat:     int(seat),
		Span:     schedule.Span{Start: from.Unix(), End: to.Add(time.Second - 1).Unix()},
	}
}
