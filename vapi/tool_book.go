package vapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

// BookingConfig configures [BookingTools]. Service is required.
type BookingConfig struct {
	Service *booking.Service

	// Phones reads the numbers of callers.
	//
	// Defaults to phone.E164.
	Phones phone.Parser

	// FollowUp remembers the service and the time that a caller asked for, if
	// nothing came of it; no answer waits for that.
	//
	// Defaults to none.
	FollowUp FollowUp

	// Log gets a line where FollowUp could not keep up, redacted.
	//
	// Defaults to slog.Default().
	Log *slog.Logger

	// Now tells the time; give it the clock that Service has.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// BookingTools returns the tools that book: check_availability,
// book_appointment, reschedule_appointment, cancel_appointment and
// find_appointments. Give them aliases, other descriptions or opening sentences
// as you like.
//
// Dates are YYYY-MM-DD and times HH:MM on the clinic's clock. What is missing,
// cannot be read, is over or is outside opening hours comes back as something
// to say, with the status "invalid" or "not_bookable", and nothing is moved to
// a time that was not asked for; a time that is taken comes back as "conflict"
// with alternatives. A model that asks for the same again books once. Only
// appointments of the number that calls can be found, moved or cancelled, and
// those that were made in the same call.
func BookingTools(cfg BookingConfig) ([]Tool, error) {
	if cfg.Service == nil {
		return nil, errors.New("vapi: BookingConfig.Service is nil: give the booking.Service to book with")
	}
	if cfg.Phones == nil {
		cfg.Phones = phone.E164{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	d := &desk{cfg: cfg}
	if cfg.FollowUp != nil {
		log, err := redacting(cmp.Or(cfg.Log, slog.Default()), nil)
		if err != nil {
			return nil, err
		}
		d.notes = newNotebook(cfg.FollowUp, log)
	}
	return []Tool{
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
	}, nil
}

const (
	serviceParameter     = "What the appointment is for, in the caller's words."
	dateParameter        = "The day, as YYYY-MM-DD."
	timeParameter        = "The time on the clinic's clock, as HH:MM with 24 hours."
	resourceParameter    = "The practitioner the caller asks for; leave it out if anybody will do."
	slotParameter        = "The slot of a free time or an alternative, exactly as a tool gave it."
	appointmentParameter = "The appointment, exactly as a tool gave it; leave it out if the caller has one."
)

// parameters is the JSON Schema of text parameters, given as name and description.
func parameters(pairs ...string) json.RawMessage {
	type property struct {
		Type        string `json:"type"`
		Description string `json:"description"`
	}
	properties := make(map[string]property)
	for i := 0; i < len(pairs); i += 2 {
		properties[pairs[i]] = property{"string", pairs[i+1]}
	}
	return encode(struct {
		Type       string              `json:"type"`
		Properties map[string]property `json:"properties"`
	}{"object", properties})
}

// desk is where the booking tools work.
type desk struct {
	cfg   BookingConfig
	notes *notebook
}

// answer makes a tool of f. What f refuses is a result; an error that is none
// of booking's answers is one of ours.
func (d *desk) answer(f func(context.Context, *request) (ToolResult, error)) func(context.Context, ToolCall) (ToolResult, error) {
	return func(ctx context.Context, call ToolCall) (ToolResult, error) {
		catalog, err := d.cfg.Service.Catalog(ctx, call.Org.ID)
		if err != nil {
			return ToolResult{}, err
		}
		q := &request{call: call, catalog: catalog, phones: d.cfg.Phones, speaker: speakerOf(call.Org, d.cfg.Now())}
		if d.notes != nil {
			q.asked = new(booking.Selection)
		}
		if err := q.readArguments(); err != nil {
			return q.settle(ToolResult{}, err)
		}
		r, err := q.settle(f(ctx, q))
		if r.Status != "booked" {
			d.notes.note(ctx, q)
		}
		return r, err
	}
}

// book gives the wanted time to the caller.
func (d *desk) book(ctx context.Context, q *request) (ToolResult, error) {
	want, err := q.want()
	if err != nil {
		return ToolResult{}, err
	}
	q.learn(want)
	contact, err := q.contact()
	if err != nil {
		return ToolResult{}, err
	}
	a, err := d.bookOnce(ctx, q, booking.Request{Selection: want, Contact: contact, Call: q.call.Call.ID})
	if err != nil {
		return ToolResult{}, err
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
		a, err = d.cfg.Service.Book(ctx, org, r)
		if errors.Is(err, booking.ErrKeyReused) { // it was for another number
			var lost error
			if a, lost = d.cfg.Service.Get(ctx, org, booking.NewID(org, r.Key)); lost != nil {
				return a, lost
			}
		} else if err != nil {
			return a, err
		}
		if a.Status.Occupies() && a.Start.Equal(r.Start) {
			return a, err
		}
	}
	return a, &refusal{ToolResult{Status: "not_bookable", Code: http.StatusUnprocessableEntity,
		Message: "That time was booked and given up several times in this call. Would another time suit you?"}}
}

// reschedule moves one of the caller's appointments.
func (d *desk) reschedule(ctx context.Context, q *request) (ToolResult, error) {
	a, err := d.own(ctx, q, "move")
	if err != nil {
		return ToolResult{}, err
	}
	want, err := q.wantOf(a.Service)
	if err != nil {
		return ToolResult{}, err
	}
	if a, err = d.cfg.Service.Reschedule(ctx, q.call.Org.ID, a.ID, want); err != nil {
		return ToolResult{}, err
	}
	return q.spoken(q.done("rescheduled", "Your %s is now on %s.", a)), nil
}

// cancel frees one of the caller's appointments.
func (d *desk) cancel(ctx context.Context, q *request) (ToolResult, error) {
	a, err := d.own(ctx, q, "cancel")
	if err != nil {
		return ToolResult{}, err
	}
	if a, err = d.cfg.Service.Cancel(ctx, q.call.Org.ID, a.ID); err != nil {
		return ToolResult{}, err
	}
	return q.done("cancelled", "Your %s on %s is cancelled.", a), nil
}
