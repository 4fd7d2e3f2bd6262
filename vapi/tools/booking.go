package tools

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// bookingTools are the tools that book.
func (d *desk) bookingTools() []vapi.Tool {
	return []vapi.Tool{
		{
			Name:        "check_availability",
			Description: "Find free times for an appointment. Use it before you offer any time.",
			Opening:     "Let me have a look.",
			Parameters:  parameters("service", serviceParameter, "date", dateParameter, "time", timeParameter, "resource", resourceParameter),
			Call:        d.answer(d.check),
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
			Call: d.answer(d.book),
		},
		{
			Name:        "reschedule_appointment",
			Description: "Move one of the caller's appointments to another time, by the slot of a free time that was offered, or by date and time.",
			Opening:     "Let me move that for you.",
			Parameters:  parameters("appointment", appointmentParameter, "slot", slotParameter, "date", dateParameter, "time", timeParameter, "resource", resourceParameter),
			Call:        d.answer(d.reschedule),
		},
		{
			Name:        "cancel_appointment",
			Description: "Cancel one of the caller's appointments. Ask the caller to confirm before.",
			Opening:     "One moment, please.",
			Parameters:  parameters("appointment", appointmentParameter),
			Call:        d.answer(d.cancel),
		},
		{
			Name:        "find_appointments",
			Description: "Find the upcoming appointments of the caller.",
			Opening:     "Let me have a look.",
			Parameters:  parameters(),
			Call:        d.answer(d.find),
		},
	}
}

const (
	serviceParameter     = "What the appointment is for, in the caller's words."
	dateParameter        = "The day, as YYYY-MM-DD."
	timeParameter        = "The time on the clinic's clock, as HH:MM with 24 hours."
	resourceParameter    = "The practitioner the caller asks for; leave it out if anybody will do."
	slotParameter        = "The slot of a free time or an alternative, exactly as a tool gave it."
	appointmentParameter = "The appointment, exactly as a tool gave it; leave it out if the caller has one."
)

// answer makes a tool of f. What f refuses is a result; an error that is none
// of booking's answers is one of ours.
func (d *desk) answer(f func(context.Context, *request) (vapi.ToolResult, error)) func(context.Context, vapi.ToolCall) (vapi.ToolResult, error) {
	return func(ctx context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
		catalog, err := d.cfg.Booking.Catalog(ctx, call.Org.ID)
		if err != nil {
			return vapi.ToolResult{}, err
		}
		q := &request{call: call, catalog: catalog, phones: d.cfg.Phones, speaker: speakerOf(call.Org, d.cfg.Now())}
		if d.notes != nil {
			q.asked = new(booking.Selection)
		}
		if err := q.readArguments(); err != nil {
			return q.settle(vapi.ToolResult{}, err)
		}
		r, err := q.settle(f(ctx, q))
		if r.Status != "booked" {
			d.notes.note(ctx, q)
		}
		return r, err
	}
}

// book gives the wanted time to the caller.
func (d *desk) book(ctx context.Context, q *request) (vapi.ToolResult, error) {
	want, err := q.want()
	if err != nil {
		return vapi.ToolResult{}, err
	}
	q.learn(want)
	contact, err := q.contact()
	if err != nil {
		return vapi.ToolResult{}, err
	}
	a, err := d.bookOnce(ctx, q, booking.Request{Selection: want, Contact: contact, Call: q.call.Call.ID})
	if err != nil {
		return vapi.ToolResult{}, err
	}
	return q.spoken(q.done("booked", "Your %s is booked for %s.", a)), nil
}

// attempts is how often one slot can be booked in one call, each time after it
// was cancelled or moved.
const attempts = 5

// bookOnce books with a key made of the call and what is wanted, not of the
// tool call: a model that asks again has a new tool call and wants the same, by
// slot or by date and time. If that has been cancelled or moved since, it is
// wanted anew.
func (d *desk) bookOnce(ctx context.Context, q *request, r booking.Request) (a booking.Appointment, err error) {
	call := q.call.Call.ID
	if call == "" {
		call = r.Contact.Phone // a call that has no id is the caller's
	}
	org := q.call.Org.ID
	for n := range attempts {
		r.Key = fmt.Sprintf("vapi/%s/book/%s/%d/%s/%d", call, r.Service, r.Start.Unix(), r.Resource, n)
		a, err = d.cfg.Booking.Book(ctx, org, r)
		if errors.Is(err, booking.ErrKeyReused) { // it was for another number
			var lost error
			if a, lost = d.cfg.Booking.Get(ctx, org, booking.NewID(org, r.Key)); lost != nil {
				return a, lost
			}
		} else if err != nil {
			return a, err
		}
		if a.Status.Occupies() && a.Start.Equal(r.Start) {
			return a, err
		}
	}
	return a, &refusal{vapi.ToolResult{Status: "not_bookable", Code: http.StatusUnprocessableEntity,
		Message: "That time was booked and given up several times in this call. Would another time suit you?"}}
}

// reschedule moves one of the caller's appointments.
func (d *desk) reschedule(ctx context.Context, q *request) (vapi.ToolResult, error) {
	a, err := d.own(ctx, q, "move")
	if err != nil {
		return vapi.ToolResult{}, err
	}
	want, err := q.wantOf(a.Service)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	if a, err = d.cfg.Booking.Reschedule(ctx, q.call.Org.ID, a.ID, want); err != nil {
		return vapi.ToolResult{}, err
	}
	return q.spoken(q.done("rescheduled", "Your %s is now on %s.", a)), nil
}

// cancel frees one of the caller's appointments.
func (d *desk) cancel(ctx context.Context, q *request) (vapi.ToolResult, error) {
	a, err := d.own(ctx, q, "cancel")
	if err != nil {
		return vapi.ToolResult{}, err
	}
	if a, err = d.cfg.Booking.Cancel(ctx, q.call.Org.ID, a.ID); err != nil {
		return vapi.ToolResult{}, err
	}
	return q.done("cancelled", "Your %s on %s is cancelled.", a), nil
}
