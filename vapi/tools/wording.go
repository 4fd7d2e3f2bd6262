package tools

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// settle turns what booking answers into what the model reads; what is not
// here is a failure of ours.
func (q *request) settle(r vapi.ToolResult, err error) (vapi.ToolResult, error) {
	var refused *refusal
	var conflict *booking.ConflictError
	var notBookable *booking.NotBookableError
	var invalid *booking.InvalidError
	switch {
	case err == nil:
		return r, nil
	case errors.As(err, &refused):
		return refused.result, nil
	case errors.As(err, &conflict):
		return q.spoken(q.notFree([]booking.Reason{booking.Taken}, conflict.Alternatives)), nil
	case errors.As(err, &notBookable):
		return q.spoken(q.notFree(notBookable.Reasons, notBookable.Alternatives)), nil
	case errors.Is(err, booking.ErrUnknownSlot):
		return ask("slot", "Which day and time would you like?",
			"no tool gave this slot: check availability and use a slot from there").result, nil
	case errors.As(err, &invalid):
		field := strings.ToLower(invalid.Field[strings.LastIndexByte(invalid.Field, '.')+1:]) // as the parameter is called
		return ask(field, "I did not get that. Could you say it once more?", field+" "+invalid.Problem).result, nil
	case errors.Is(err, booking.ErrKeyReused):
		return vapi.ToolResult{Status: "not_bookable", Code: http.StatusUnprocessableEntity,
			Message: "That time is booked already, in this call and for another phone number. Shall I cancel that first?"}, nil
	case errors.Is(err, booking.ErrNotOpen), errors.Is(err, booking.ErrExpired), errors.Is(err, booking.ErrNotFound):
		return vapi.ToolResult{Status: "not_found", Code: http.StatusNotFound,
			Message: "That appointment can no longer be changed. Shall I make a new one?"}, nil
	}
	return vapi.ToolResult{}, err
}

// spoken has the message of r said as it is, in English. The caller need not
// wait for the model to put it into words, but the model cannot act on it
// either before they answer: not for a result that is a step on the way.
func (q *request) spoken(r vapi.ToolResult) vapi.ToolResult {
	if q.english {
		r.Say = r.Message
	}
	return r
}

// done tells what has become of an appointment; sentence has room for its
// service and its time.
func (q *request) done(status, sentence string, a booking.Appointment) vapi.ToolResult {
	return vapi.ToolResult{
		Status:  status,
		Code:    http.StatusOK,
		Message: fmt.Sprintf(sentence, q.serviceName(a.Service), q.moment(a.Start)),
		Data:    q.appointment(a),
	}
}

// free tells the free times of a service.
func (q *request) free(s booking.ServiceType, slots []booking.Slot) vapi.ToolResult {
	if len(slots) == 0 {
		return vapi.ToolResult{Status: "none_free", Code: http.StatusNotFound,
			Message: "I have nothing free in the next two weeks. Shall I look further ahead?"}
	}
	message := q.moment(slots[0].Start) + " is free."
	if len(slots) > 1 {
		message = "I could offer " + q.moments(starts(slots)) + "."
	}
	data := map[string]any{"service": s.Name, "minutes": int(s.Duration.Minutes()), "slots": q.offered(slots)}
	if s.Price != "" {
		data["price"] = s.Price
	}
	return vapi.ToolResult{Status: "available", Code: http.StatusOK, Message: message, Data: data}
}

// why puts the rules that forbid a time into words.
var why = map[booking.Reason]string{
	booking.Past:    "That time is over.",
	booking.Notice:  "That is too soon for us.",
	booking.Window:  "That is further ahead than we book.",
	booking.Closed:  "We are closed at that time.",
	booking.OffGrid: "No appointment starts at that time.",
	booking.Away:    "Nobody is here for that at that time.",
	booking.Taken:   "That time is taken.",
}

// notFree tells why a time cannot be had, but not on whose account, and what
// can be had instead.
func (q *request) notFree(reasons []booking.Reason, instead []booking.Slot) vapi.ToolResult {
	status, code, message := "not_bookable", http.StatusUnprocessableEntity, "That time is not free."
	if len(reasons) > 0 {
		message = why[reasons[0]]
		if reasons[0] == booking.Taken {
			status, code = "conflict", http.StatusConflict
		}
	}
	return q.instead(status, code, message, instead)
}

// instead adds alternatives to bad news.
func (q *request) instead(status string, code int, message string, slots []booking.Slot) vapi.ToolResult {
	if len(slots) == 0 {
		message += " I have nothing free around it. Would another day suit you?"
	} else {
		message += " I could offer " + q.moments(starts(slots)) + ". Would that suit you?"
	}
	return vapi.ToolResult{Status: status, Code: code, Message: message,
		Data: map[string]any{"alternatives": q.offered(slots)}}
}

func starts(slots []booking.Slot) []time.Time {
	times := make([]time.Time, len(slots))
	for i, s := range slots {
		times[i] = s.Start
	}
	return times
}

// An offer is a free time as the model reads it.
type offer struct {
	Slot   booking.SlotID `json:"slot"`
	Date   string         `json:"date"`
	Time   string         `json:"time"`
	Spoken string         `json:"spoken"`
	With   string         `json:"with,omitempty"`
}

func (q *request) offered(slots []booking.Slot) []offer {
	offers := make([]offer, len(slots))
	for i, s := range slots {
		start := s.Start.In(q.zone)
		offers[i] = offer{s.ID, start.Format(time.DateOnly), start.Format("15:04"), q.moment(start), q.resourceName(s.Resource)}
	}
	return offers
}

func (q *request) appointments(found []booking.Appointment) []map[string]any {
	all := make([]map[string]any, len(found))
	for i, a := range found {
		all[i] = q.appointment(a)
	}
	return all
}

func (q *request) appointment(a booking.Appointment) map[string]any {
	start := a.Start.In(q.zone)
	with := make([]string, len(a.Resources))
	for i, r := range a.Resources {
		with[i] = q.resourceName(r)
	}
	return map[string]any{
		"appointment": a.ID,
		"service":     q.serviceName(a.Service),
		"date":        start.Format(time.DateOnly),
		"time":        start.Format("15:04"),
		"spoken":      q.moment(start),
		"with":        with,
	}
}

// counted says how many appointments the caller has, and which are the next.
func (q *request) counted(found []booking.Appointment) string {
	next := make([]string, min(len(found), offers))
	for i := range next {
		next[i] = q.serviceName(found[i].Service) + " on " + q.moment(found[i].Start)
	}
	switch {
	case len(found) == 0:
		return "You have no upcoming appointment."
	case len(found) == 1:
		return "You have one appointment: " + next[0] + "."
	case len(found) > len(next):
		return fmt.Sprintf("You have %d appointments. The next are %s.", len(found), listed(next, "and"))
	}
	return fmt.Sprintf("You have %d appointments: %s.", len(found), listed(next, "and"))
}

// A service or a resource may have left the catalog since it was booked.
func (q *request) serviceName(id booking.ServiceID) string {
	if s, ok := q.catalog.Service(id); ok {
		return s.Name
	}
	return "appointment"
}

func (q *request) resourceName(id booking.ResourceID) string {
	if r, ok := q.catalog.Resource(id); ok {
		return r.Name
	}
	return ""
}
