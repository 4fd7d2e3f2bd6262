// Package booking gives one slot to one caller.
//
// A [Service] lists free slots ([Service.Slots]), gives a slot to exactly one
// of several simultaneous callers ([Service.Book], [Service.Hold]) and offers
// the nearest alternatives to the others ([ConflictError]). A clinic's
// [Catalog] holds its services, resources and opening hours. A [Store] keeps
// the appointments; package bookingtest checks its contract. The arithmetic of
// opening hours is package schedule, which does no I/O.
//
//	svc, err := booking.New(booking.Config{Store: memory.New(), Catalogs: catalogs})
//	slots, err := svc.Slots(ctx, org, booking.Query{Service: "consultation", From: now, To: now.AddDate(0, 0, 7)})
//	a, err := svc.Book(ctx, org, booking.Request{
//		Key: callID + "/book", Selection: booking.Selection{Slot: slots[0].ID}, Contact: caller,
//	})
//
// Two rules keep a slot from having two owners. The store decides, in one
// atomic step; a service only requests. And a request carries an idempotency key:
// a retry after a lost answer returns the appointment of the first request,
// so the caller never loses a slot to itself.
package booking

import (
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// ID names an appointment within its clinic: a UUID in canonical text.
type ID string

// NewID derives an appointment's id from the idempotency key of its claim, by
// [tenant.DeriveUUID]. The primary key of the appointment is thereby the
// idempotency constraint.
func NewID(org tenant.ID, key string) ID {
	return ID(tenant.DeriveUUID(org, key))
}

// Valid reports whether id is a UUID in canonical text. An invalid id names no
// appointment.
func (id ID) Valid() bool {
	_, err := tenant.ParseID(string(id))
	return err == nil
}

// ResourceID names a resource that a booking occupies: a practitioner, a room,
// a device. ServiceID names a type of appointment. Both are the clinic's own
// short words, 1 to 64 of a-z, 0-9, '-' and '_'.
type (
	ResourceID string
	ServiceID  string
)

// ContactID names a person known to a clinic: a UUID in canonical text.
type ContactID string

// Status is the stage of an appointment's life.
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

// Occupies reports whether an appointment in this status keeps its time from
// others. Completed and missed appointments do: their time is past, and a
// report may still count it.
func (s Status) Occupies() bool { return s != Cancelled && s != Expired }

// Contact is a person known to a clinic by phone number. It prints and logs as
// its id only, so that no name or number reaches a log by accident.
type Contact struct {
	ID    ContactID // set by the store; ignored in a request
	Phone string    // E.164, such as +447700900456
	Name  string
	Email string
}

// String returns the contact's id only.
func (c Contact) String() string { return "contact " + string(c.ID) }

// GoString keeps %#v from printing the person.
func (c Contact) GoString() string { return c.String() }

// LogValue keeps slog from logging the person.
func (c Contact) LogValue() slog.Value { return slog.StringValue(string(c.ID)) }

// Appointment is a stretch of time owned by a contact.
type Appointment struct {
	ID        ID
	Service   ServiceID
	Resources []ResourceID // occupied, in the order of the service's needs
	Start     time.Time    // in the clinic's zone; without buffers
	End       time.Time
	Zone      string // the IANA zone of the booking
	Status    Status
	Expires   time.Time // end of a hold; zero unless held
	Contact   Contact
	Call      string // the phone call of the booking; empty for other channels
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
	Actor       string // subject of the tenant.Principal that made the change
	At          time.Time
}
