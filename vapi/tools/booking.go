package tools

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

const (
	serviceParameter     = "What the appointment is for, in the caller's words."
	dateParameter        = "The day, as YYYY-MM-DD."
	timeParameter        = "The time on the clinic's clock, as HH:MM with 24 hours."
	resourceParameter    = "The practitioner the caller asks for; leave it out if anybody will do."
	slotParameter        = "The slot of a free time or an alternative, exactly as a tool gave it."
	appointmentParameter = "The appointment, exactly as a tool gave it; leave it out if the caller has one."
)

// bookingTools returns the tools of Config.Booking.
func (s *toolset) bookingTools() []vapi.Tool {
	return []vapi.Tool{
		{
			Name:        "check_availability",
			Description: "Find free times for an appointment. Use it before you offer any time.",
			Opening:     "Let me have a look.",
			Parameters:  parameters("service", serviceParameter, "date", dateParameter, "time", timeParameter, "resource", resourceParameter),
			Call:        s.checkAvailability,
		},
		{
			Name:        "book_appointment",
			Description: "Book an appointment, by the slot of a free time that was offered, or by service, date and time.",
			Opening:     "Let me book that for you.",
			Parameters: parameters("slot", slotParameter, "service", serviceParameter, "date", dateParameter, "time", timeParameter,
				"name", "The caller's full name, as they gave it.",
				"phone", "The caller's phone number, only if it is not the one they call from.",
				"email", "The caller's e-mail address, if they gave it.",
				"resource", resourceParameter),
			Call: s.bookAppointment,
		},
		{
			Name:        "reschedule_appointment",
			Description: "Move one of the caller's appointments to another time, by the slot of a free time that was offered, or by date and time.",
			Opening:     "Let me move that for you.",
			Parameters:  parameters("appointment", appointmentParameter, "slot", slotParameter, "date", dateParameter, "time", timeParameter, "resource", resourceParameter),
			Call:        s.rescheduleAppointment,
		},
		{
			Name:        "cancel_appointment",
			Description: "Cancel one of the caller's appointments. Ask the caller to confirm before.",
			Opening:     "One moment, please.",
			Parameters:  parameters("appointment", appointmentParameter),
			Call:        s.cancelAppointment,
		},
		{
			Name:        "find_appointments",
			Description: "Find the upcoming appointments of the caller.",
			Opening:     "Let me have a look.",
			Parameters:  parameters(),
			Call:        s.findAppointments,
		},
	}
}

// maxAttempts bounds how often one slot can be booked in one call, each time
// after it was cancelled or moved.
const maxAttempts = 5

// bookAppointment books the selected time for the caller.
//
// The idempotency key is made of the call and the selection, not of the tool
// call: a model that asks again sends a new tool call for the same wish, by
// slot or by date and time. A selection that was cancelled or moved since is a
// new wish, with the next key.
func (s *toolset) bookAppointment(ctx context.Context, call vapi.ToolCall) (result vapi.ToolResult, err error) {
	q, err := s.newRequest(ctx, call)
	if err != nil {
		return q.reject(err)
	}
	defer func() {
		if result.Status != "booked" {
			s.interests.record(ctx, q)
		}
	}()
	selection, err := q.selection()
	if err != nil {
		return q.reject(err)
	}
	q.interest = selection
	contact, err := q.contact()
	if err != nil {
		return q.reject(err)
	}

	callID := call.Call.ID
	if callID == "" {
		callID = contact.Phone // keeps callers apart if their calls have no id
	}
	r := booking.Request{Selection: selection, Contact: contact, Call: call.Call.ID}
	for n := range maxAttempts {
		r.Key = fmt.Sprintf("vapi/%s/book/%s/%d/%s/%d", callID, r.Service, r.Start.Unix(), r.Resource, n)
		a, bookErr := s.cfg.Booking.Book(ctx, call.Org.ID, r)
		if errors.Is(bookErr, booking.ErrKeyReused) { // by this call, for another number
			if a, err = s.cfg.Booking.Get(ctx, call.Org.ID, booking.NewID(call.Org.ID, r.Key)); err != nil {
				return q.reject(err)
			}
		} else if bookErr != nil {
			return q.reject(bookErr)
		}
		if !a.Status.Occupies() || !a.Start.Equal(r.Start) {
			continue
		}
		if bookErr != nil {
			return q.reject(bookErr)
		}
		return q.spoken(q.confirmation("booked", "Your %s is booked for %s.", a)), nil
	}
	return vapi.ToolResult{Status: "not_bookable", Code: http.StatusUnprocessableEntity,
		Message: "That time was booked and given up several times in this call. Would another time suit you?"}, nil
}

// rescheduleAppointment moves one of the caller's appointments.
func (s *toolset) rescheduleAppointment(ctx context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
	q, err := s.newRequest(ctx, call)
	if err != nil {
		return q.reject(err)
	}
	a, err := s.ownAppointment(ctx, q, "move")
	if err != nil {
		return q.reject(err)
	}
	selection, err := q.selectionOf(a.Service)
	if err != nil {
		return q.reject(err)
	}
	if a, err = s.cfg.Booking.Reschedule(ctx, call.Org.ID, a.ID, selection); err != nil {
		return q.reject(err)
	}
	return q.spoken(q.confirmation("rescheduled", "Your %s is now on %s.", a)), nil
}

// cancelAppointment cancels one of the caller's appointments.
func (s *toolset) cancelAppointment(ctx context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
	q, err := s.newRequest(ctx, call)
	if err != nil {
		return q.reject(err)
	}
	a, err := s.ownAppointment(ctx, q, "cancel")
	if err != nil {
		return q.reject(err)
	}
	if a, err = s.cfg.Booking.Cancel(ctx, call.Org.ID, a.ID); err != nil {
		return q.reject(err)
	}
	return q.confirmation("cancelled", "Your %s on %s is cancelled.", a), nil
}
