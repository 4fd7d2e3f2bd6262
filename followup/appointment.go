package followup

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// A reminder that would come within this time of the booking tells nothing new.
const newsFor = time.Hour

// A confirmation that is later than this confirms nothing.
const confirmWithin = 12 * time.Hour

// planAppointment plans the messages that an appointment now calls for. What
// was planned for what it was before is not undone here: it is seen to be gone
// when it comes due.
func (s *Service) planAppointment(ctx context.Context, clinic *Settings, t Task) error {
	a, err := s.cfg.Store.Appointment(ctx, t.Org, t.ID)
	if errors.Is(err, ErrNotFound) {
		_, err = s.cfg.Store.PlanIntents(ctx, t.Org, t, nil)
		return err
	}
	if err != nil {
		return err
	}
	_, err = s.cfg.Store.PlanIntents(ctx, t.Org, t, appointmentPlans(clinic, a))
	return err
}

// appointmentPlans are the messages that an appointment calls for as it is now.
// Each has its own key, so that none is planned twice.
func appointmentPlans(clinic *Settings, a Appointment) []Plan {
	var plans []Plan
	plan := func(kind Kind, what string, due, deadline time.Time) {
		if !clinic.Sends(kind) || !a.Now.Before(deadline) {
			return
		}
		key := "appointment/" + a.ID + "/" + what + "/" + strconv.FormatInt(a.Start.Unix(), 10)
		if kind != Reminder { // one that is moved away and back is confirmed anew
			key += "/" + strconv.FormatInt(a.Changed.UnixMicro(), 10)
		}
		plans = append(plans, Plan{
			ID: NewIntentID(clinic.Org().ID, key), Kind: kind, Phone: a.Phone,
			Appointment: a.ID, Start: a.Start, Due: due, Deadline: deadline,
		})
	}
	switch a.Status {
	case "booked":
		plan(Confirmation, "confirmed", time.Time{}, earlier(a.Start, a.Changed.Add(confirmWithin)))
		for _, before := range clinic.Reminders() {
			if due := a.Start.Add(-before); due.After(a.Changed.Add(newsFor)) {
				plan(Reminder, "reminder-"+before.String(), due, reminderDeadline(due, before))
			}
		}
	case "cancelled":
		if !a.Made.IsZero() { // and not only held
			plan(Cancellation, "cancelled", time.Time{}, earlier(a.Start, a.Changed.Add(confirmWithin)))
		}
	}
	return plans
}

// reminderDeadline is when a reminder is too late: the one of the day before
// when half of its time has passed, since the next one comes soon, and one on
// the day at its start, as it may have to wait for the morning.
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
