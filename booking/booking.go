// Package booking gives one slot to one caller.
//
// A [Service] answers what is free ([Service.Slots]), gives a slot to exactly
// one of several simultaneous callers ([Service.Book], [Service.Hold]) and
// tells the others the nearest alternatives ([ConflictError]). What can be
// booked, by whom, where and when is a clinic's [Catalog]; who owns what is
// kept by a [Store], whose contract package bookingtest checks. The arithmetic
// of opening hours is package schedule, which does no I/O.
//
//	svc, err := booking.New(booking.Config{Store: memory.New(), Catalogs: catalogs})
//	slots, err := svc.Slots(ctx, org, booking.Query{Service: "consultation", From: now, To: now.AddDate(0, 0, 7)})
//	a, err := svc.Book(ctx, org, booking.Request{Key: callID + "/book", Want: booking.Want{Slot: slots[0].ID}, Contact: caller})
package booking

import (
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// ID names an appointment within its clinic: a UUID in canonical text.
type ID string

// NewID derives an appointment's id from the idempotency key it is claimed
// with, by [tenant.DeriveUUID]. The primary key of the appointment is thereby
// the idempotency constraint.
func NewID(org tenant.ID, key string) ID {
	return ID(tenant.DeriveUUID(org, key))
}

// Valid reports whether id has the form of an id. One that has not names no appointment.
func (id ID) Valid() bool {
	_, err := tenant.ParseID(string(id))
	return err == nil
}

// ResourceID names what a booking occupies: a practitioner, a room, a device.
// ServiceID names a type of appointment. Both are the clinic's own short words,
// 1 to 64 of a-z, 0-9, '-' and '_'.
type (
	ResourceID string
	ServiceID  string
)

// ContactID names a person known to a clinic: a UUID in canonical text.
type ContactID string

// Status is where an appointment is in its life.
type Status string

// A held appointment occupies its time exactly as a booked one does, until it
// is confirmed, cancelled or expires.
const (
	Held      Status = "held"
	Booked    Status = "booked"
	Cancelled Status = "cancelled"
	Expired   Status = "expired"
	Completed Status = "completed"
	NoShow    Status = "noshow"
)

// Occupies reports whether an appointment in this status keeps its time from others.
func (s Status) Occupies() bool { return s != Cancelled && s != Expired }

// Contact is a person known to a clinic by phone number. It prints and logs as
// its id only.
type Contact struct {
	ID    ContactID // the store's; ignored in a request
	Phone string    // E.164, such as +447700900456
	Name  string
	Email string
}

// String returns the contact's id and nothing else.
func (c Contact) String() string { return "contact " + string(c.ID) }

// GoString keeps %#v from printing the person.
func (c Contact) GoString() string { return c.String() }

// LogValue keeps slog from logging the person.
func (c Contact) LogValue() slog.Value { return slog.StringValue(string(c.ID)) }

// Appointment is a stretch of time owned by a contact.
type Appointment struct {
	ID        ID
	Service   ServiceID
	Resources []ResourceID // what it occupies, in the order of the service's needs
	Start     time.Time    // in the clinic's zone; without buffers
	End       time.Time
	Zone      string // the IANA zone it was booked in
	Status    Status
	Expires   time.Time // when a hold ends by itself; zero unless held
	Contact   Contact
	Call      string // the phone call it was made in; empty for other channels
	Version   int    // 1 at first, one more with every change
}

// LogValue logs an appointment without the person it belongs to.
func (a Appointment) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", string(a.ID)),
		slog.String("service", string(a.Service)),
		slog.Time("start", a.Start),
		slog.String("status", string(a.Status)),
		slog.Int("version", a.Version),
	)
}

// Event is one change of one appointment: audit row and outbox message in one.
// It is written in the transaction of the change, so there is exactly one per
// version.
type Event struct {
	Appointment ID
	Version     int
	Kind        string // "held", "booked", "confirmed", "moved", "cancelled", "expired"
	Actor       string // who did it: a tenant.Principal's subject
	At          time.Time
}
