package tools

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// findAppointments lists the caller's upcoming appointments.
func (s *toolset) findAppointments(ctx context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
	q, err := s.newRequest(ctx, call)
	if err != nil {
		return q.reject(err)
	}
	found, err := s.upcoming(ctx, q)
	if err != nil {
		return q.reject(err)
	}
	return vapi.ToolResult{Status: "ok", Code: http.StatusOK, Message: q.summary(found),
		Data: map[string]any{"appointments": q.appointments(found)}}, nil
}

// ownAppointment returns the appointment that the caller wants to move or
// cancel: the named one, or the only one. An appointment of another person is
// answered exactly as one that does not exist.
func (s *toolset) ownAppointment(ctx context.Context, q *request, verb string) (booking.Appointment, error) {
	if q.args.Appointment != "" {
		a, err := s.cfg.Booking.Get(ctx, q.call.Org.ID, booking.ID(strings.ToLower(string(q.args.Appointment))))
		if err != nil && !errors.Is(err, booking.ErrNotFound) {
			return a, err
		}
		if err != nil || !q.isOwn(a) || !a.Start.After(q.now) {
			return a, notFound("I cannot find that appointment among yours.")
		}
		return a, nil
	}
	found, err := s.upcoming(ctx, q)
	if err != nil {
		return booking.Appointment{}, err
	}
	switch len(found) {
	case 0:
		return booking.Appointment{}, notFound("I find no upcoming appointment for the number you are calling from.")
	case 1:
		return found[0], nil
	}
	r := invalid("appointment", q.summary(found)+" Which one shall I "+verb+"?", "give appointment as one of appointments")
	r.result.Data["appointments"] = q.appointments(found)
	return booking.Appointment{}, r
}

// isOwn reports whether a belongs to the number that calls, or was booked in
// this call.
func (q *request) isOwn(a booking.Appointment) bool {
	caller, known := q.caller()
	return known && a.Contact.Phone == caller || q.call.Call.ID != "" && a.Call == q.call.Call.ID
}

// upcoming returns the caller's appointments from now on.
func (s *toolset) upcoming(ctx context.Context, q *request) ([]booking.Appointment, error) {
	caller, known := q.caller()
	if !known {
		return nil, notFound("I cannot see the number you are calling from, so I cannot look up your appointments.")
	}
	found, err := s.cfg.Booking.List(ctx, q.call.Org.ID, booking.AppointmentFilter{Phone: caller, From: q.now})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(a booking.Appointment) bool {
		return a.Status != booking.Booked && a.Status != booking.Held
	}), nil
}
