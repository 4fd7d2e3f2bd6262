package pgxstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// The busy times and the known ids of one view are read by one statement, and
// so at one moment.
//
// The conditions are on starts_at and ends_at, not on the range: range operators
// are not leakproof, and so cannot use an index under row-level security. No row
// is longer than maxOccupied, which bounds the rows that the index returns.
const (
	busySQL = `
		select o.resource_id, o.seat, o.starts_at, o.ends_at, null as known
		from callwaiting.occupancy o
		where o.org_id = $1::uuid
			and o.resource_id = any ($2::text[])
			and o.ends_at > $3::timestamptz
			and o.ends_at < $4::timestamptz + interval '31 days'
			and o.starts_at < $4::timestamptz
			and o.active
			and (o.expires_at is null or o.expires_at > clock_timestamp())`
	knownSQL = `
		union all
		select null, null, null, null, a.id::text
		from callwaiting.appointment a
		where a.org_id = $1::uuid
			and a.id = any ($5::uuid[])`
	byStart = `
		order by starts_at`
)

// ListBusy implements [booking.Store].
func (b *bookings) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	resources := make([]string, len(q.Resources))
	for i, r := range q.Resources {
		resources[i] = string(r)
	}
	sql, args := busySQL+byStart, []any{org.String(), resources, q.From, q.To}
	if len(q.IDs) > 0 {
		ids := make([]string, 0, len(q.IDs))
		for _, id := range q.IDs {
			if id.Valid() {
				ids = append(ids, string(id))
			}
		}
		sql, args = busySQL+knownSQL+byStart, append(args, ids)
	}
	var view booking.BusyView
	err := b.session.Run(ctx, scope{Org: org}, statement{SQL: sql, Args: args, Read: func(rows sqltx.Rows) error {
		view = booking.BusyView{}
		for rows.Next() {
			var resource, known zeronull.Text
			var seat zeronull.Int4
			var from, to zeronull.Timestamptz
			if err := rows.Scan(&resource, &seat, &from, &to, &known); err != nil {
				return err
			}
			if known != "" {
				view.Known = append(view.Known, booking.ID(known))
				continue
			}
			view.Busy = append(view.Busy, busy(string(resource), int32(seat), time.Time(from), time.Time(to)))
		}
		return nil
	}})
	if err != nil {
		return booking.BusyView{}, err
	}
	return view, nil
}

// The limits of ListAppointments.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// ListAppointments implements [booking.Store].
func (b *bookings) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	if org.IsZero() {
		return nil, fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	if f.ID == "" && f.Phone == "" && f.From.IsZero() && f.To.IsZero() {
		return nil, &booking.InvalidError{Field: "AppointmentFilter", Problem: "is empty: give an ID, a Phone or a range"}
	}
	if f.ID != "" && !f.ID.Valid() {
		return nil, nil
	}
	sql, args := appointmentsSQL(org, f)
	var found []appointmentRow
	err := b.session.Run(ctx, scope{Org: org}, statement{SQL: sql, Args: args, Read: func(rows sqltx.Rows) error {
		found = nil
		for rows.Next() {
			var r appointmentRow
			if err := rows.Scan(r.appointmentFields()...); err != nil {
				return err
			}
			found = append(found, r)
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	var appointments []booking.Appointment
	for i := range found {
		a, err := found[i].toAppointment(b.zones)
		if err != nil {
			return nil, err
		}
		appointments = append(appointments, a)
	}
	return appointments, nil
}

// appointmentsSQL has a condition for each field that f sets, so that each
// combination of fields gets a plan of its own.
func appointmentsSQL(org tenant.ID, f booking.AppointmentFilter) (string, []any) {
	var sql strings.Builder
	sql.WriteString(`
		select '' as outcome, a.id::text, a.service, a.resources, a.starts_at, a.ends_at, a.zone,
			case when a.status = 'held' and a.expires_at <= clock_timestamp() then 'expired' else a.status end,
			a.expires_at, a.contact_id::text, c.phone, c.name, c.email, a.call, a.version
		from callwaiting.appointment a
		join callwaiting.contact c on c.org_id = a.org_id and c.id = a.contact_id
		where a.org_id = $1::uuid`)
	args := []any{org.String()}
	and := func(condition string, arg any) {
		args = append(args, arg)
		fmt.Fprintf(&sql, condition, len(args))
	}
	if f.ID != "" {
		and(`
			and a.id = $%d::uuid`, string(f.ID))
	}
	if f.Phone != "" {
		and(`
			and c.phone = $%d::text`, f.Phone)
	}
	if !f.From.IsZero() {
		and(`
			and a.starts_at >= $%d::timestamptz`, f.From)
	}
	if !f.To.IsZero() {
		and(`
			and a.starts_at < $%d::timestamptz`, f.To)
	}
	limit := min(f.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	and(`
		order by a.starts_at, a.id
		limit $%d::int`, limit)
	return sql.String(), args
}

// ListEvents implements [booking.Store].
func (b *bookings) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	if org.IsZero() {
		return nil, fmt.Errorf("pgxstore: %w", tenant.ErrNoOrg)
	}
	if !id.Valid() {
		return nil, nil
	}
	var events []booking.Event
	err := b.session.Run(ctx, scope{Org: org}, statement{
		SQL: `
			select e.version, e.kind, e.actor, e.at
			from callwaiting.event e
			where e.org_id = $1::uuid
				and e.subject = $2::uuid
			order by e.version`,
		Args: []any{org.String(), string(id)},
		Read: func(rows sqltx.Rows) error {
			events = nil
			for rows.Next() {
				e := booking.Event{Appointment: id}
				if err := rows.Scan(&e.Version, &e.Kind, &e.Actor, &e.At); err != nil {
					return err
				}
				events = append(events, e)
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}
