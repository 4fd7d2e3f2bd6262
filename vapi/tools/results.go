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

// rejection is an error that the caller can answer: the tool call ends early
// with result.
type rejection struct{ result vapi.ToolResult }

func (r *rejection) Error() string { return "tools: rejected as " + r.result.Status }

// invalid rejects an argument that is missing or cannot be used. The message is
// for the caller, the hint for the model.
func invalid(field, message, hint string) *rejection {
	data := map[string]any{"field": field}
	if hint != "" {
		data["hint"] = hint
	}
	return &rejection{vapi.ToolResult{Status: "invalid", Code: http.StatusUnprocessableEntity, Message: message, Data: data}}
}

// notFound rejects a wish about an appointment that the caller does not have.
func notFound(message string) *rejection {
	return &rejection{vapi.ToolResult{Status: "not_found", Code: http.StatusNotFound, Message: message}}
}

// reject turns an error that the caller can answer into a result. Every other
// error is a failure of this side and is returned.
func (q *request) reject(err error) (vapi.ToolResult, error) {
	var rejected *rejection
	var conflict *booking.ConflictError
	var notBookable *booking.NotBookableError
	var invalidField *booking.InvalidError
	switch {
	case errors.As(err, &rejected):
		return rejected.result, nil
	case errors.As(err, &conflict):
		return q.spoken(q.unavailable([]booking.Reason{booking.Taken}, conflict.Alternatives)), nil
	case errors.As(err, &notBookable):
		return q.spoken(q.unavailable(notBookable.Reasons, notBookable.Alternatives)), nil
	case errors.Is(err, booking.ErrUnknownSlot):
		return invalid("slot", "Which day and time would you like?",
			"no tool gave this slot: check availability and use a slot from there").result, nil
	case errors.As(err, &invalidField):
		field := strings.ToLower(invalidField.Field[strings.LastIndexByte(invalidField.Field, '.')+1:]) // as the parameter is called
		return invalid(field, "I did not get that. Could you say it once more?", field+" "+invalidField.Problem).result, nil
	case errors.Is(err, booking.ErrKeyReused):
		return vapi.ToolResult{Status: "not_bookable", Code: http.StatusUnprocessableEntity,
			Message: "That time is booked already, in this call and for another phone number. Shall I cancel that first?"}, nil
	case errors.Is(err, booking.ErrNotOpen), errors.Is(err, booking.ErrExpired), errors.Is(err, booking.ErrNotFound):
		return notFound("That appointment can no longer be changed. Shall I make a new one?").result, nil
	}
	return vapi.ToolResult{}, err
}

// spoken makes Vapi speak the message of r as it is, in English. The caller
// need not wait for the model to phrase it. The model cannot act before the
// caller's next turn either: use it for a result that ends a step only.
func (f formatter) spoken(r vapi.ToolResult) vapi.ToolResult {
	if f.english {
		r.Say = r.Message
	}
	return r
}

// confirmation returns the result of a change. sentence has verbs for the
// service and the time.
func (q *request) confirmation(status, sentence string, a booking.Appointment) vapi.ToolResult {
	return vapi.ToolResult{
		Status:  status,
		Code:    http.StatusOK,
		Message: fmt.Sprintf(sentence, q.serviceName(a.Service), q.dateTime(a.Start)),
		Data:    q.appointment(a),
	}
}

// available returns the free times of a service.
func (q *request) available(s booking.ServiceType, slots []booking.Slot) vapi.ToolResult {
	if len(slots) == 0 {
		return vapi.ToolResult{Status: "none_free", Code: http.StatusNotFound,
			Message: "I have nothing free in the next two weeks. Shall I look further ahead?"}
	}
	message := q.dateTime(slots[0].Start) + " is free."
	if len(slots) > 1 {
		message = "I could offer " + q.dateTimes(starts(slots)) + "."
	}
	data := map[string]any{"service": s.Name, "minutes": int(s.Duration.Minutes()), "slots": q.offers(slots)}
	if s.Price != "" {
		data["price"] = s.Price
	}
	return vapi.ToolResult{Status: "available", Code: http.StatusOK, Message: message, Data: data}
}

// reasonMessages are the spoken reasons why a time cannot be booked.
var reasonMessages = map[booking.Reason]string{
	booking.Past:    "That time is over.",
	booking.Notice:  "That is too soon for us.",
	booking.Window:  "That is further ahead than we book.",
	booking.Closed:  "We are closed at that time.",
	booking.OffGrid: "No appointment starts at that time.",
	booking.Away:    "Nobody is here for that at that time.",
	booking.Taken:   "That time is taken.",
}

// unavailable returns the reason why a time cannot be booked, and free times
// near it. It must not name the holder of the time.
func (q *request) unavailable(reasons []booking.Reason, alternatives []booking.Slot) vapi.ToolResult {
	status, code, message := "not_bookable", http.StatusUnprocessableEntity, "That time is not free."
	if len(reasons) > 0 {
		message = reasonMessages[reasons[0]]
		if reasons[0] == booking.Taken {
			status, code = "conflict", http.StatusConflict
		}
	}
	return q.withAlternatives(status, code, message, alternatives)
}

// withAlternatives returns a result that offers slots in place of the time that
// cannot be booked.
func (q *request) withAlternatives(status string, code int, message string, slots []booking.Slot) vapi.ToolResult {
	if len(slots) == 0 {
		message += " I have nothing free around it. Would another day suit you?"
	} else {
		message += " I could offer " + q.dateTimes(starts(slots)) + ". Would that suit you?"
	}
	return vapi.ToolResult{Status: status, Code: code, Message: message,
		Data: map[string]any{"alternatives": q.offers(slots)}}
}

func starts(slots []booking.Slot) []time.Time {
	times := make([]time.Time, len(slots))
	for i, s := range slots {
		times[i] = s.Start
	}
	return times
}

// slotOffer is a free time as the model reads it.
type slotOffer struct {
	Slot   booking.SlotID `json:"slot"`
	Date   string         `json:"date"`
	Time   string         `json:"time"`
	Spoken string         `json:"spoken"`
	With   string         `json:"with,omitempty"`
}

func (q *request) offers(slots []booking.Slot) []slotOffer {
	offers := make([]slotOffer, len(slots))
	for i, s := range slots {
		start := s.Start.In(q.zone)
		offers[i] = slotOffer{s.ID, start.Format(time.DateOnly), start.Format("15:04"), q.dateTime(start), q.resourceName(s.Resource)}
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
		"spoken":      q.dateTime(start),
		"with":        with,
	}
}

// summary returns the number of the caller's appointments, and the next ones.
func (q *request) summary(found []booking.Appointment) string {
	next := make([]string, min(len(found), maxOffers))
	for i := range next {
		next[i] = q.serviceName(found[i].Service) + " on " + q.dateTime(found[i].Start)
	}
	switch {
	case len(found) == 0:
		return "You have no upcoming appointment."
	case len(found) == 1:
		return "You have one appointment: " + next[0] + "."
	case len(found) > len(next):
		return fmt.Sprintf("You have %d appointments. The next are %s.", len(found), list(next, "and"))
	}
	return fmt.Sprintf("You have %d appointments: %s.", len(found), list(next, "and"))
}

// serviceName returns the name of a service, or "appointment" if it has left the
// catalog since it was booked; resourceName likewise returns "".
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
