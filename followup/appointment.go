package followup

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// An AppointmentReader reads the appointments that messages are about. See
// [Store] for the promises that all its methods make.
type AppointmentReader interface {
	// Appointment returns the part of an appointment that messages need; the
	// error is ErrNotFound for an unknown one. Every change of an appointment
	// schedules a task with its id, in the transaction of the change.
	Appointment(ctx context.Context, org tenant.ID, id string) (Appointment, error)
}

// Appointment is the part of an appointment that messages need. It prints as
// its id.
type Appointment struct {
	ID      string
	Phone   string // of its contact
	Start   time.Time
	Zone    string    // the clinic's, IANA
	Status  string    // as in package booking: "booked", "cancelled", …
	Made    time.Time // when it was booked, or its hold confirmed
	Changed time.Time // when it was last booked, confirmed, moved or cancelled
	Now     time.Time // of the store's clock
}

// String returns the appointment's id, without the person.
func (a Appointment) String() string { return "appointment " + a.ID }

// GoString keeps %#v from printing the person.
func (a Appointment) GoString() string { return a.String() }

// LogValue keeps slog from logging the person.
func (a Appointment) LogValue() slog.Value { return slog.StringValue(a.String()) }

const (
	// minReminderLead is how long after the last change of an appointment its
	// first reminder may come: one that comes earlier repeats the confirmation.
	minReminderLead = time.Hour

	// confirmWithin is how late a confirmation or a cancellation notice is still
	// of use.
	confirmWithin = 12 * time.Hour
)

// planAppointment plans the messages that an appointment needs in its current
// state. It does not undo plans for an earlier state: their intents are found to
// be obsolete when they are due.
func (s *Service) planAppointment(ctx context.Context, settings *Settings, t Task) error {
	a, err := s.cfg.Store.Appointment(ctx, t.Org, t.ID)
	if errors.Is(err, ErrNotFound) {
		_, err = s.cfg.Store.PlanIntents(ctx, t.Org, t, nil)
		return err
	}
	if err != nil {
		return err
	}
	_, err = s.cfg.Store.PlanIntents(ctx, t.Org, t, appointmentPlans(settings, a))
	return err
}

// appointmentPlans returns the messages that an appointment needs in its current
// state. Each has its own key, so that it is planned once.
func appointmentPlans(settings *Settings, a Appointment) []Plan {
	var plans []Plan
	plan := func(kind Kind, occasion string, due, deadline time.Time) {
		if !settings.Sends(kind) || !a.Now.Before(deadline) {
			return
		}
		key := "appointment/" + a.ID + "/" + occasion + "/" + strconv.FormatInt(a.Start.Unix(), 10)
		if kind != Reminder { // an appointment that is moved away and back is confirmed anew
			key += "/" + strconv.FormatInt(a.Changed.UnixMicro(), 10)
		}
		plans = append(plans, Plan{
			ID: NewIntentID(settings.Org().ID, key), Kind: kind, Phone: a.Phone,
			Appointment: a.ID, Start: a.Start, Due: due, Deadline: deadline,
		})
	}
	switch a.Status {
	case "booked":
		plan(Confirmation, "confirmed", time.Time{}, earlier(a.Start, a.Changed.Add(confirmWithin)))
		for _, before := range settings.Reminders() {
			if due := a.Start.Add(-before); due.After(a.Changed.Add(minReminderLead)) {
				plan(Reminder, "reminder-"+before.String(), due, reminderDeadline(due, before))
			}
		}
	case "cancelled":
		if !a.Made.IsZero() { // a hold that was never confirmed needs no notice
			plan(Cancellation, "cancelled", time.Time{}, earlier(a.Start, a.Changed.Add(confirmWithin)))
		}
	}
	return plans
}

// reminderDeadline returns when a reminder is too late. A reminder of the day
// before is too late when half of its time has passed, since the next one comes
// soon. A reminder on the day may wait for the morning, up to the start.
func reminderDeadline(due time.Time, before time.Duration) time.Time {
	if before > confirmWithin {
		return due.Add(before / 2)
	}
	return due.Add(before)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
