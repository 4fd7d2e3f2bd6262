package tools

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// How many free times a caller is told, and how many days ahead they are
// looked for if the day that was asked for has none.
const (
	offers  = 4
	horizon = 14
)

// check looks for free times: at a time, on a day, or soon.
func (d *desk) check(ctx context.Context, q *request) (vapi.ToolResult, error) {
	service, err := q.service()
	if err != nil {
		return vapi.ToolResult{}, err
	}
	q.learn(booking.Selection{Service: service.ID})
	query := booking.Query{Service: service.ID}
	if query.Resource, err = q.resource(service.ID); err != nil {
		return vapi.ToolResult{}, err
	}
	switch {
	case q.args.Date == "":
		return d.checkSoon(ctx, q, service, query)
	case q.args.Time == "":
		return d.checkDay(ctx, q, service, query)
	default:
		return d.checkTime(ctx, q, service)
	}
}

// checkSoon finds the next free times, on any day or at a time of any day.
func (d *desk) checkSoon(ctx context.Context, q *request, service booking.ServiceType, query booking.Query) (vapi.ToolResult, error) {
	var clock schedule.TimeOfDay
	var err error
	if q.args.Time != "" {
		if clock, err = q.time(); err != nil {
			return vapi.ToolResult{}, err
		}
	}
	slots, err := d.slots(ctx, q, query, schedule.DateOf(q.now), horizon)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	if q.args.Time == "" {
		return q.free(service, sample(slots)), nil
	}
	at := slices.DeleteFunc(slices.Clone(slots), func(s booking.Slot) bool { return timeOfDay(s.Start) != clock })
	if len(at) == 0 {
		return q.instead("none_free", http.StatusNotFound, "I have nothing free at that time.", sample(slots)), nil
	}
	return q.free(service, at[:min(offers, len(at))]), nil
}

// checkDay finds free times on a day, or else after it.
func (d *desk) checkDay(ctx context.Context, q *request, service booking.ServiceType, query booking.Query) (vapi.ToolResult, error) {
	date, err := q.date()
	if err != nil {
		return vapi.ToolResult{}, err
	}
	slots, err := d.slots(ctx, q, query, date, 1)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	if len(slots) > 0 {
		return q.free(service, sample(slots)), nil
	}
	if slots, err = d.slots(ctx, q, query, date, horizon); err != nil {
		return vapi.ToolResult{}, err
	}
	noon, _ := q.catalog.At(date, 12*60)
	if len(slots) == 0 { // none to be had, or further ahead than the clinic books?
		found, err := d.cfg.Booking.Explain(ctx, q.call.Org.ID, booking.Selection{Service: service.ID, Start: noon, Resource: query.Resource})
		if err != nil || slices.Contains(found.Reasons, booking.Window) {
			return q.notFree(found.Reasons, found.Nearest), err
		}
	}
	return q.instead("none_free", http.StatusNotFound, "I have nothing free on "+q.day(noon)+".", sample(slots)), nil
}

// checkTime says whether one time is free, and what is near it if it is not.
func (d *desk) checkTime(ctx context.Context, q *request, service booking.ServiceType) (vapi.ToolResult, error) {
	want, err := q.wantOf(service.ID)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	q.learn(want)
	found, err := d.cfg.Booking.Explain(ctx, q.call.Org.ID, want)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	for _, s := range found.Nearest {
		if s.Start.Equal(want.Start) {
			return q.free(service, []booking.Slot{s}), nil
		}
	}
	return q.notFree(found.Reasons, found.Nearest), nil
}

// slots are the free times of some days, beginning with date.
func (d *desk) slots(ctx context.Context, q *request, query booking.Query, date schedule.Date, days int) ([]booking.Slot, error) {
	query.From, _ = q.catalog.At(date, 0)
	query.To, _ = q.catalog.At(date.AddDays(days), 0)
	query.Limit = 10_000
	return d.cfg.Booking.Slots(ctx, q.call.Org.ID, query)
}

// sample picks a few of many: from all over one day, or from two.
func sample(slots []booking.Slot) []booking.Slot {
	var days [][]booking.Slot
	for from := 0; from < len(slots) && len(days) < 2; {
		to := from + 1
		for to < len(slots) && slots[to].Start.YearDay() == slots[from].Start.YearDay() {
			to++
		}
		days = append(days, slots[from:to])
		from = to
	}
	var picked []booking.Slot
	for _, day := range days {
		n := min(offers/len(days), len(day))
		for i := range n {
			picked = append(picked, day[i*len(day)/n])
		}
	}
	return picked
}

// find tells the caller their upcoming appointments.
func (d *desk) find(ctx context.Context, q *request) (vapi.ToolResult, error) {
	found, err := d.upcoming(ctx, q)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	return vapi.ToolResult{Status: "ok", Code: http.StatusOK, Message: q.counted(found),
		Data: map[string]any{"appointments": q.appointments(found)}}, nil
}

// own finds the appointment that the caller wants to move or cancel: the one
// that is named, or the only one. An appointment of somebody else is answered
// exactly as one that does not exist.
func (d *desk) own(ctx context.Context, q *request, verb string) (booking.Appointment, error) {
	if q.args.Appointment != "" {
		a, err := d.cfg.Booking.Get(ctx, q.call.Org.ID, booking.ID(strings.ToLower(string(q.args.Appointment))))
		if err != nil && !errors.Is(err, booking.ErrNotFound) {
			return a, err
		}
		if err != nil || !q.isOwn(a) || !a.Start.After(q.now) {
			return a, &refusal{vapi.ToolResult{Status: "not_found", Code: http.StatusNotFound, Message: "I cannot find that appointment among yours."}}
		}
		return a, nil
	}
	found, err := d.upcoming(ctx, q)
	if err != nil {
		return booking.Appointment{}, err
	}
	switch len(found) {
	case 0:
		return booking.Appointment{}, &refusal{vapi.ToolResult{Status: "not_found", Code: http.StatusNotFound,
			Message: "I find no upcoming appointment for the number you are calling from."}}
	case 1:
		return found[0], nil
	}
	r := ask("appointment", q.counted(found)+" Which one shall I "+verb+"?", "give appointment as one of appointments")
	r.result.Data["appointments"] = q.appointments(found)
	return booking.Appointment{}, r
}

func (q *request) isOwn(a booking.Appointment) bool {
	caller, known := q.caller()
	return known && a.Contact.Phone == caller || q.call.Call.ID != "" && a.Call == q.call.Call.ID
}

// upcoming are the caller's appointments from now on.
func (d *desk) upcoming(ctx context.Context, q *request) ([]booking.Appointment, error) {
	caller, known := q.caller()
	if !known {
		return nil, &refusal{vapi.ToolResult{Status: "not_found", Code: http.StatusNotFound,
			Message: "I cannot see the number you are calling from, so I cannot look up your appointments."}}
	}
	found, err := d.cfg.Booking.List(ctx, q.call.Org.ID, booking.AppointmentFilter{Phone: caller, From: q.now})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(a booking.Appointment) bool {
		return a.Status != booking.Booked && a.Status != booking.Held
	}), nil
}
