package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
	"github.com/callwaiting-ai/callwaiting/tenant/walltime"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/jsonscan"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/modeltext"
)

// arguments are the arguments of the booking tools. Other members, such as
// another clinic, are ignored.
type arguments struct {
	Slot        argument `json:"slot"`
	Service     argument `json:"service"`
	Date        argument `json:"date"`
	Time        argument `json:"time"`
	Name        argument `json:"name"`
	Phone       argument `json:"phone"`
	Email       argument `json:"email"`
	Resource    argument `json:"resource"`
	Appointment argument `json:"appointment"`
}

// argument is one argument as text, in whatever JSON type the model wrote it.
// A placeholder for an unknown value is empty, and so is true or false.
type argument string

// UnmarshalJSON implements [json.Unmarshaler]; it never fails.
func (a *argument) UnmarshalJSON(value []byte) error {
	*a = ""
	if value[0] == 't' || value[0] == 'f' {
		return nil
	}
	text := modeltext.OneLine(jsonscan.New(value).Scalar())
	switch strings.ToLower(text) {
	case "null", "none", "nil", "undefined", "unknown", "n/a", "any", "anyone", "anybody":
	default:
		*a = argument(text)
	}
	return nil
}

// request is one call of a booking tool, with the catalog, the parser of phone
// numbers and the formatter that it needs.
type request struct {
	call    vapi.ToolCall
	args    arguments
	catalog *booking.Catalog
	phones  phone.Parser
	formatter

	// interest is the service and the time that the caller asks for, as far
	// as they could be read.
	interest booking.Selection
}

// newRequest reads the arguments of call. The request is never nil.
func (s *toolset) newRequest(ctx context.Context, call vapi.ToolCall) (*request, error) {
	q := &request{call: call, phones: s.cfg.Phones, formatter: newFormatter(call.Org, s.cfg.Now())}
	var err error
	if q.catalog, err = s.cfg.Booking.Catalog(ctx, call.Org.ID); err != nil {
		// %v, not %w: reject must not take an error of the catalog for a
		// rejection of the caller's wish.
		return q, fmt.Errorf("tools: catalog unavailable: %v", err)
	}
	if json.Unmarshal(call.Arguments, &q.args) != nil {
		return q, invalid("arguments", "I did not get that. What can I do for you?", "give the parameters by name")
	}
	return q, nil
}

// selection returns the time that the caller selected, by slot or by service,
// date and time.
func (q *request) selection() (booking.Selection, error) {
	if q.args.Slot != "" {
		return q.slot()
	}
	service, err := q.service()
	if err != nil {
		return booking.Selection{}, err
	}
	q.interest = booking.Selection{Service: service.ID}
	return q.selectionOf(service.ID)
}

// selectionOf is [request.selection] of a service that is known already.
func (q *request) selectionOf(service booking.ServiceID) (booking.Selection, error) {
	if q.args.Slot != "" {
		selection, err := q.slot()
		if err == nil && selection.Service != service {
			err = invalid("slot", "Which day and time would you like?",
				"slot is one of another service: use a slot of "+q.serviceName(service))
		}
		return selection, err
	}
	resource, err := q.resource(service)
	if err != nil {
		return booking.Selection{}, err
	}
	date, err := q.readDate()
	if err != nil {
		return booking.Selection{}, err
	}
	clock, err := q.readTime()
	if err != nil {
		return booking.Selection{}, err
	}
	start, err := q.instant(date, clock)
	return booking.Selection{Service: service, Start: start, Resource: resource}, err
}

// slot returns the selection that a slot id stands for. A different date or
// time beside it is invalid: either could be the one that was meant.
func (q *request) slot() (booking.Selection, error) {
	selection, err := q.catalog.ResolveSlot(q.call.Org.ID, booking.SlotID(q.args.Slot))
	if err != nil {
		return selection, err
	}
	date, dateErr := schedule.ParseDate(string(q.args.Date))
	clock, clockErr := schedule.ParseTimeOfDay(string(q.args.Time))
	if dateErr == nil && date != schedule.DateOf(selection.Start) || clockErr == nil && clock != timeOfDay(selection.Start) {
		return selection, invalid("slot", "Which day and time would you like?",
			"slot is "+selection.Start.Format("2006-01-02 15:04")+" but date or time is another: give the right slot and nothing else")
	}
	return selection, nil
}

// service returns the service type with the name, the alias or the part of
// them that the caller gave; a clinic with one service needs no name.
func (q *request) service() (booking.ServiceType, error) {
	all := q.catalog.Services()
	if q.args.Service == "" {
		if len(all) == 1 {
			return all[0], nil
		}
		return booking.ServiceType{}, q.askService("What is the appointment for?", all)
	}
	switch found := q.catalog.MatchService(string(q.args.Service)); len(found) {
	case 1:
		return found[0], nil
	case 0:
		return booking.ServiceType{}, q.askService("I did not find that among our appointments.", all)
	default:
		return booking.ServiceType{}, q.askService("There is more than one of that kind.", found)
	}
}

// askService asks for the service and lists the first names to choose from.
func (q *request) askService(message string, services []booking.ServiceType) error {
	const maxNames = 10 // more than a caller can remember
	var names []string
	for _, s := range services[:min(maxNames, len(services))] {
		names = append(names, s.Name)
	}
	r := invalid("service", message+" I can offer "+list(names, "or")+".", "give one of services")
	r.result.Data["services"] = names
	return r
}

// resource returns the practitioner, room or device that the caller asks for;
// "" stands for any.
func (q *request) resource(service booking.ServiceID) (booking.ResourceID, error) {
	if q.args.Resource == "" {
		return "", nil
	}
	found := q.catalog.MatchResource(service, string(q.args.Resource))
	if len(found) == 1 {
		return found[0].ID, nil
	}
	if len(found) == 0 {
		return "", invalid("resource", "I do not have that name for this appointment. Would anybody else do?", "leave resource out for anybody")
	}
	var names []string
	for _, r := range found {
		names = append(names, r.Name)
	}
	return "", invalid("resource", "Do you mean "+list(names, "or")+"?", "give the full name")
}

// readDate returns the day. A day that is over is invalid and never moved to
// the next year.
func (q *request) readDate() (schedule.Date, error) {
	if q.args.Date == "" {
		return schedule.Date{}, invalid("date", "Which day would you like?", q.dateHint())
	}
	date, err := schedule.ParseDate(string(q.args.Date))
	if err != nil {
		return schedule.Date{}, invalid("date", "I did not get the day. Which day would you like?", q.dateHint())
	}
	if date.Before(schedule.DateOf(q.now)) {
		return schedule.Date{}, invalid("date", "That day is over. Which day would you like?", q.dateHint())
	}
	return date, nil
}

func (q *request) dateHint() string {
	return "date is YYYY-MM-DD; today is " + q.now.Format("Monday 2006-01-02")
}

// readTime returns the time of day on the clinic's clock.
func (q *request) readTime() (schedule.TimeOfDay, error) {
	const hint = "time is HH:MM on the 24-hour clock"
	if q.args.Time == "" {
		return 0, invalid("time", "What time would you like?", hint)
	}
	clock, err := schedule.ParseTimeOfDay(string(q.args.Time))
	if err != nil {
		return 0, invalid("time", "I did not get the time. What time would you like?", hint)
	}
	return clock, nil
}

// instant returns the instant of a wall time at the clinic. A time that the
// clock skips is invalid: to book the next one would move it silently.
func (q *request) instant(date schedule.Date, clock schedule.TimeOfDay) (time.Time, error) {
	at, wall := q.catalog.At(date, clock)
	if wall == walltime.Gap {
		return time.Time{}, invalid("time", "The clocks go forward then, so there is no such time. What other time would you like?", "")
	}
	return at, nil
}

// notNames are the words of a placeholder that a model gives for an unknown
// name, such as "Unknown Caller" or "Mr".
var notNames = map[string]bool{
	"guest": true, "caller": true, "customer": true, "patient": true, "user": true,
	"client": true, "anonymous": true, "unknown": true, "name": true, "the": true,
	"s": true, "not": true, "provided": true, "given": true,
	"mr": true, "mrs": true, "ms": true, "miss": true, "dr": true,
}

// isName reports whether text can be the name of a person. A template that was
// never filled in, such as "{{customer.name}}" or "[name]", cannot.
func isName(text string) bool {
	if strings.ContainsAny(text, "{}[]<>") {
		return false
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(words, func(w string) bool { return !notNames[w] })
}

// contact returns the contact of the appointment: the number that calls,
// unless the caller gave another one.
func (q *request) contact() (booking.Contact, error) {
	c := booking.Contact{Name: string(q.args.Name), Email: string(q.args.Email)}
	if !isName(c.Name) {
		return c, invalid("name", "What name may I put the appointment under?", "ask the caller; never make up a name")
	}
	if c.Email != "" {
		address, err := mail.ParseAddress(c.Email)
		if err != nil || address.Name != "" {
			return c, invalid("email", "I did not get the e-mail address. Could you spell it for me?", "email may be left out")
		}
		c.Email = address.Address
	}
	var ok bool
	if q.args.Phone != "" {
		c.Phone, ok = phone.Parse(q.phones, string(q.args.Phone), q.call.Org.Country)
		if !ok {
			return c, invalid("phone", "I did not get the phone number. Could you say it once more, digit by digit?", "ask the caller; never make up a number")
		}
		return c, nil
	}
	if c.Phone, ok = q.caller(); !ok {
		return c, invalid("phone", "I cannot see your number. Which phone number can we reach you on?", "ask the caller; never make up a number")
	}
	return c, nil
}

// caller returns the number that calls; ok is false if it is withheld, is not
// a number, or comes from a browser, where it is no proof.
func (q *request) caller() (e164 string, ok bool) {
	return phone.Parse(q.phones, q.call.Call.CallerNumber(), q.call.Org.Country)
}
