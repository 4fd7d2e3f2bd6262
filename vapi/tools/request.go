package tools

import (
	"encoding/json"
	"net/http"
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

// arguments are what the model gives a booking tool. What else it gives, such
// as another clinic, is not looked at.
type arguments struct {
	Slot        word `json:"slot"`
	Service     word `json:"service"`
	Date        word `json:"date"`
	Time        word `json:"time"`
	Name        word `json:"name"`
	Phone       word `json:"phone"`
	Email       word `json:"email"`
	Resource    word `json:"resource"`
	Appointment word `json:"appointment"`
}

// A word is an argument as text, however the model wrote it. What models fill
// in for something they do not know is nothing, and so is true or false.
type word string

// UnmarshalJSON implements [json.Unmarshaler]; it never fails.
func (w *word) UnmarshalJSON(value []byte) error {
	*w = ""
	if value[0] == 't' || value[0] == 'f' {
		return nil
	}
	text := modeltext.OneLine(jsonscan.New(value).Scalar())
	switch strings.ToLower(text) {
	case "null", "none", "nil", "undefined", "unknown", "n/a", "any", "anyone", "anybody":
	default:
		*w = word(text)
	}
	return nil
}

// request is one call of a booking tool, with what is needed to read it.
type request struct {
	call    vapi.ToolCall
	args    arguments
	catalog *booking.Catalog
	phones  phone.Parser
	speaker

	// asked is what the caller turned out to ask for, as far as they did; nil
	// if nobody will remember it.
	asked *booking.Selection
}

func (q *request) learn(want booking.Selection) {
	if q.asked != nil {
		*q.asked = want
	}
}

// A refusal is a result that ends a tool call early: the caller has to say
// something more, or something else.
type refusal struct{ result vapi.ToolResult }

func (r *refusal) Error() string { return "tools: refused as " + r.result.Status }

// ask refuses because of an argument that is missing or cannot be used. The
// message is for the caller, hint tells the model how to do better.
func ask(field, message, hint string) *refusal {
	data := map[string]any{"field": field}
	if hint != "" {
		data["hint"] = hint
	}
	return &refusal{vapi.ToolResult{Status: "invalid", Code: http.StatusUnprocessableEntity, Message: message, Data: data}}
}

func (q *request) readArguments() error {
	if err := json.Unmarshal(q.call.Arguments, &q.args); err != nil {
		return ask("arguments", "I did not get that. What can I do for you?", "give the parameters by name")
	}
	return nil
}

// want is what the caller asks for, as far as it can be read.
func (q *request) want() (booking.Selection, error) {
	if q.args.Slot != "" {
		return q.slot()
	}
	service, err := q.service()
	if err != nil {
		return booking.Selection{}, err
	}
	q.learn(booking.Selection{Service: service.ID})
	return q.wantOf(service.ID)
}

// wantOf is [request.want] of a service that is known already.
func (q *request) wantOf(service booking.ServiceID) (booking.Selection, error) {
	if q.args.Slot != "" {
		want, err := q.slot()
		if err == nil && want.Service != service {
			err = ask("slot", "Which day and time would you like?",
				"slot is one of another service: use a slot of "+q.serviceName(service))
		}
		return want, err
	}
	resource, err := q.resource(service)
	if err != nil {
		return booking.Selection{}, err
	}
	date, err := q.date()
	if err != nil {
		return booking.Selection{}, err
	}
	clock, err := q.time()
	if err != nil {
		return booking.Selection{}, err
	}
	start, err := q.at(date, clock)
	return booking.Selection{Service: service, Start: start, Resource: resource}, err
}

// slot is what the slot that the model took stands for, unless the model says
// another day or time beside it: which of the two was meant would be a guess.
func (q *request) slot() (booking.Selection, error) {
	want, err := q.catalog.ResolveSlot(q.call.Org.ID, booking.SlotID(q.args.Slot))
	if err != nil {
		return want, err
	}
	date, dateErr := schedule.ParseDate(string(q.args.Date))
	clock, clockErr := schedule.ParseTimeOfDay(string(q.args.Time))
	if dateErr == nil && date != schedule.DateOf(want.Start) || clockErr == nil && clock != timeOfDay(want.Start) {
		return want, ask("slot", "Which day and time would you like?",
			"slot is "+want.Start.Format("2006-01-02 15:04")+" but date or time is another: give the right slot and nothing else")
	}
	return want, nil
}

// service finds what the caller calls by the service's name, an alias or part
// of them; a clinic with one service needs no name.
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

func (q *request) askService(message string, services []booking.ServiceType) error {
	const most = 10 // more than a caller can remember
	var names []string
	for _, s := range services[:min(most, len(services))] {
		names = append(names, s.Name)
	}
	r := ask("service", message+" I can offer "+listed(names, "or")+".", "give one of services")
	r.result.Data["services"] = names
	return r
}

// resource finds the practitioner, room or device that is asked for; none is any.
func (q *request) resource(service booking.ServiceID) (booking.ResourceID, error) {
	if q.args.Resource == "" {
		return "", nil
	}
	found := q.catalog.MatchResource(service, string(q.args.Resource))
	if len(found) == 1 {
		return found[0].ID, nil
	}
	if len(found) == 0 {
		return "", ask("resource", "I do not have that name for this appointment. Would anybody else do?", "leave resource out for anybody")
	}
	var names []string
	for _, r := range found {
		names = append(names, r.Name)
	}
	return "", ask("resource", "Do you mean "+listed(names, "or")+"?", "give the full name")
}

func (q *request) date() (schedule.Date, error) {
	if q.args.Date == "" {
		return schedule.Date{}, ask("date", "Which day would you like?", q.dateHint())
	}
	date, err := schedule.ParseDate(string(q.args.Date))
	if err != nil {
		return schedule.Date{}, ask("date", "I did not get the day. Which day would you like?", q.dateHint())
	}
	if date.Before(schedule.DateOf(q.now)) {
		return schedule.Date{}, ask("date", "That day is over. Which day would you like?", q.dateHint())
	}
	return date, nil
}

func (q *request) dateHint() string {
	return "date is YYYY-MM-DD; today is " + q.now.Format("Monday 2006-01-02")
}

func (q *request) time() (schedule.TimeOfDay, error) {
	const hint = "time is HH:MM on the 24-hour clock"
	if q.args.Time == "" {
		return 0, ask("time", "What time would you like?", hint)
	}
	clock, err := schedule.ParseTimeOfDay(string(q.args.Time))
	if err != nil {
		return 0, ask("time", "I did not get the time. What time would you like?", hint)
	}
	return clock, nil
}

// at is the instant a wall time means at the clinic. One that the clock skips
// does not exist, and booking the next one would be moving it silently.
func (q *request) at(date schedule.Date, clock schedule.TimeOfDay) (time.Time, error) {
	at, wall := q.catalog.At(date, clock)
	if wall == walltime.Gap {
		return time.Time{}, ask("time", "The clocks go forward then, so there is no such time. What other time would you like?", "")
	}
	return at, nil
}

// notNames are the words of what models give for a name they were not told,
// such as "Unknown Caller" or "Mr".
var notNames = map[string]bool{
	"guest": true, "caller": true, "customer": true, "patient": true, "user": true,
	"client": true, "anonymous": true, "unknown": true, "name": true, "the": true,
	"s": true, "not": true, "provided": true, "given": true,
	"mr": true, "mrs": true, "ms": true, "miss": true, "dr": true,
}

// isName reports whether text can be what a person is called. A blank that was
// never filled in, such as "{{customer.name}}" or "[name]", cannot.
func isName(text string) bool {
	if strings.ContainsAny(text, "{}[]<>") {
		return false
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(words, func(w string) bool { return !notNames[w] })
}

// contact is who the appointment is for: the caller's own number unless
// another one is given.
func (q *request) contact() (booking.Contact, error) {
	c := booking.Contact{Name: string(q.args.Name), Email: string(q.args.Email)}
	if !isName(c.Name) {
		return c, ask("name", "What name may I put the appointment under?", "ask the caller; never make up a name")
	}
	if c.Email != "" {
		address, err := mail.ParseAddress(c.Email)
		if err != nil || address.Name != "" {
			return c, ask("email", "I did not get the e-mail address. Could you spell it for me?", "email may be left out")
		}
		c.Email = address.Address
	}
	var ok bool
	if q.args.Phone != "" {
		c.Phone, ok = phone.Parse(q.phones, string(q.args.Phone), q.call.Org.Country)
		if !ok {
			return c, ask("phone", "I did not get the phone number. Could you say it once more, digit by digit?", "ask the caller; never make up a number")
		}
		return c, nil
	}
	if c.Phone, ok = q.caller(); !ok {
		return c, ask("phone", "I cannot see your number. Which phone number can we reach you on?", "ask the caller; never make up a number")
	}
	return c, nil
}

// caller is the number that calls, if there is one and the telephone network
// gave it: in a web call the browser says whatever it likes.
func (q *request) caller() (e164 string, ok bool) {
	return phone.Parse(q.phones, q.call.Call.CallerNumber(), q.call.Org.Country)
}
