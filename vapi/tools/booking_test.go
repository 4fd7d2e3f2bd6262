package tools_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

func TestBookAppointment(t *testing.T) {
	t.Parallel()
	t.Run("a caller finds, books, moves and cancels in one call", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		c := d.Call("call-1", caller)
		free := c.Tool("check_availability", args{"service": "Anti-wrinkle injections", "date": "2026-11-24"})
		require.Equal(t, "available", free.Status)
		require.Equal(t, "£120", free.Price)
		require.Len(t, free.Slots, 4)
		require.Equal(t, "09:00", free.Slots[0].Time)
		require.Equal(t, "Tuesday 24 November at 9:00 AM", free.Slots[0].Spoken)
		require.Equal(t, "I could offer Tuesday 24 November at 9:00 AM, 11:00 AM, 1:00 PM or 3:00 PM.", free.Message)

		booked := c.Tool("book_appointment", args{"slot": free.Slots[1].Slot, "name": "Ada Obi"})
		require.Equal(t, "booked", booked.Status)
		require.Equal(t, 200, booked.Code)
		require.Equal(t, "Your Botox consultation is booked for Tuesday 24 November at 11:00 AM.", booked.Message)
		require.Equal(t, []string{"Dr Patel"}, booked.With)

		found := c.Tool("find_appointments", args{})
		require.Equal(t, "You have one appointment: Botox consultation on Tuesday 24 November at 11:00 AM.", found.Message)
		require.Equal(t, booked.Appointment, found.Appointments[0].Appointment)

		moved := c.Tool("reschedule_appointment", args{"date": "2026-11-25", "time": "09:30"})
		require.Equal(t, "rescheduled", moved.Status)
		require.Equal(t, "Your Botox consultation is now on Wednesday 25 November at 9:30 AM.", moved.Message)
		require.Equal(t, booked.Appointment, moved.Appointment)

		cancelled := c.Tool("cancel_appointment", args{})
		require.Equal(t, "Your Botox consultation on Wednesday 25 November at 9:30 AM is cancelled.", cancelled.Message)
		require.Equal(t, "You have no upcoming appointment.", c.Tool("find_appointments", args{}).Message)

		log := d.Log.String()
		for _, private := range []string{"Ada", "Obi", "900123", "Botox", "Patel", secret} {
			require.NotContains(t, log, private)
		}
	})
	t.Run("one winner among five callers", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		replies := make([]handlertest.ToolResult, 5)
		var wg sync.WaitGroup
		for i := range replies {
			wg.Add(1)
			go func() {
				defer wg.Done()
				replies[i] = d.Call(fmt.Sprint("call-", i), fmt.Sprintf("+44770090020%d", i)).
					Tool("book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": fmt.Sprint("Caller Number", i)})
			}()
		}
		wg.Wait()
		won := 0
		for _, s := range replies {
			if s.Status == "booked" {
				won++
				continue
			}
			require.Equal(t, "conflict", s.Status)
			require.Equal(t, 409, s.Code)
			require.NotEmpty(t, s.Alternatives)
			require.Contains(t, s.Message, "That time is taken. I could offer Tuesday 24 November at ")
			require.NotContains(t, s.Message, "Caller Number")
			for _, a := range s.Alternatives {
				require.NotEmpty(t, a.Slot)
				require.NotEqual(t, "10:00", a.Time)
				require.Contains(t, a.Spoken, "November at ")
			}
		}
		require.Equal(t, 1, won)

		next := d.Call("call-9", "+447700900209")
		offered := next.Tool("book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Late Comer"})
		require.Equal(t, "conflict", offered.Status)
		require.Equal(t, "booked", next.Tool("book_appointment", args{"slot": offered.Alternatives[0].Slot, "name": "Late Comer"}).Status)
	})
	t.Run("the same wish asked again books once", func(t *testing.T) {
		// A model that asks again does so with a new tool call, and in other words.
		t.Parallel()
		d := bookingFixture(t)
		c := d.Call("call-1", caller)
		for _, service := range []string{"botox", "consultation"} { // of which the second could be had twice at once
			slot := c.Tool("check_availability", args{"service": service, "date": "2026-11-24", "time": "10:30"}).Slots
			if service == "botox" {
				slot = c.Tool("check_availability", args{"service": service, "date": "2026-11-24", "time": "10:00"}).Slots
			}
			require.Len(t, slot, 1)
			bySlot := args{"slot": slot[0].Slot, "name": "Ada Obi"}
			byTime := args{"service": service, "date": slot[0].Date, "time": slot[0].Time, "name": "Ada Obi"}
			first := c.Tool("book_appointment", byTime)
			require.Equal(t, "booked", first.Status)
			for _, again := range []args{bySlot, byTime, bySlot, {"slot": strings.ToUpper(slot[0].Slot[:5]) + " " + slot[0].Slot[5:], "name": "Ada Obi-Brown"}} {
				second := c.Tool("book_appointment", again)
				require.Equal(t, first.Appointment, second.Appointment)
				require.Equal(t, "booked", second.Status)
			}
		}
		require.Len(t, c.Tool("find_appointments", args{}).Appointments, 2)
	})
	t.Run("two tool calls at once for the same wish book once", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		want := args{"service": "consultation", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"}
		call := func(id string) any {
			return args{"id": id, "function": args{"name": "book_appointment", "arguments": want}}
		}
		body := handlertest.ToolCalls(t, "call-1", "inboundPhoneCall", caller, call("a"), call("b"), call("c"))
		for _, r := range handlertest.Results(t, d.Post(body)) {
			require.Contains(t, r.Result, `"status":"booked"`)
		}
		require.Len(t, d.Call("call-1", caller).Tool("find_appointments", args{}).Appointments, 1)
	})
	t.Run("a slot that was cancelled in the call can be booked again", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		c := d.Call("call-1", caller)
		want := args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"}
		seen := map[string]bool{}
		for range 3 {
			booked := c.Tool("book_appointment", want)
			require.Equal(t, "booked", booked.Status)
			require.False(t, seen[booked.Appointment], "a cancelled appointment stays cancelled")
			seen[booked.Appointment] = true
			require.Equal(t, "booked", c.Tool("book_appointment", want).Status)
			require.Equal(t, "cancelled", c.Tool("cancel_appointment", args{}).Status)
		}
		for range 2 {
			require.Equal(t, "booked", c.Tool("book_appointment", want).Status)
			c.Tool("cancel_appointment", args{})
		}
		require.Equal(t, "not_bookable", c.Tool("book_appointment", want).Status, "there is an end to it")
	})
	t.Run("a missing or unreadable argument is asked for", func(t *testing.T) {
		t.Parallel()
		whole := args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"}
		with := func(field string, value any) args {
			a := args{}
			for k, v := range whole {
				a[k] = v
			}
			a[field] = value
			return a
		}
		d := bookingFixture(t)
		for _, c := range []struct {
			name    string
			args    args
			field   string
			message string
		}{
			{"no argument", args{}, "service", "What is the appointment for? I can offer Consultation, Botox consultation or Rhinoplasty consultation."},
			{"an unknown service", with("service", "tattoo removal"), "service", "I did not find that among our appointments. I can offer Consultation, Botox consultation or Rhinoplasty consultation."},
			{"words that mean two services", with("service", "botox or rhinoplasty"), "service", ""},
			{"no date", with("date", ""), "date", "Which day would you like?"},
			{"a date in words", with("date", "next Tuesday"), "date", "I did not get the day. Which day would you like?"},
			{"a date in another order", with("date", "24/11/2026"), "date", "I did not get the day. Which day would you like?"},
			{"a date without zeros", with("date", "2026-11-4"), "date", "I did not get the day. Which day would you like?"},
			{"a date that is none", with("date", "2026-02-30"), "date", "I did not get the day. Which day would you like?"},
			{"an instant", with("date", "2026-11-24T10:00:00Z"), "date", "I did not get the day. Which day would you like?"},
			{"a date that is an object", with("date", args{"day": 24}), "date", "Which day would you like?"},
			{"a day that is over", with("date", "2026-11-21"), "date", "That day is over. Which day would you like?"},
			{"a date of two years ago", with("date", "2024-11-24"), "date", "That day is over. Which day would you like?"},
			{"no time", with("time", nil), "time", "What time would you like?"},
			{"a time with a.m.", with("time", "2:30 PM"), "time", "I did not get the time. What time would you like?"},
			{"a malformed time", with("time", "25:00"), "time", "I did not get the time. What time would you like?"},
			{"a time as a number", with("time", 10), "time", "I did not get the time. What time would you like?"},
			{"no name", with("name", " "), "name", "What name may I put the appointment under?"},
			{"a placeholder as name", with("name", "Guest"), "name", "What name may I put the appointment under?"},
			{"a name that is null", with("name", "null"), "name", "What name may I put the appointment under?"},
			{"an endless name", with("name", strings.Repeat("Ada ", 100)), "name", "I did not get that. Could you say it once more?"},
			{"a phone number that is none", with("phone", "the one I call from"), "phone", "I did not get the phone number. Could you say it once more, digit by digit?"},
			{"a phone number of no country", with("phone", "07700 900 456"), "phone", "I did not get the phone number. Could you say it once more, digit by digit?"},
			{"an e-mail address that is none", with("email", "ada at example"), "email", "I did not get the e-mail address. Could you spell it for me?"},
			{"an unknown practitioner", with("resource", "Dr House"), "resource", "I do not have that name for this appointment. Would anybody else do?"},
			{"a practitioner of another service", with("resource", "Okafor"), "resource", "I do not have that name for this appointment. Would anybody else do?"},
			{"a slot that was not offered", with("slot", "tomorrow-at-ten"), "slot", "Which day and time would you like?"},
		} {
			t.Run(c.name, func(t *testing.T) {
				s := d.Call("call-1", caller).Tool("book_appointment", c.args)
				require.Equal(t, "invalid", s.Status)
				require.Equal(t, 422, s.Code)
				require.Equal(t, c.field, s.Field)
				if c.message != "" {
					require.Equal(t, c.message, s.Message)
				}
			})
		}
		require.Empty(t, d.Call("call-1", caller).Tool("find_appointments", args{}).Appointments, "the call booked no appointment")
		hint := d.Call("call-1", caller).Tool("book_appointment", with("date", "tomorrow")).Hint
		require.Equal(t, "date is YYYY-MM-DD; today is Sunday 2026-11-22", hint)
	})
	t.Run("a time outside the rules of the clinic is not moved", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		for _, c := range []struct{ name, date, time, message string }{
			{"at night", "2026-11-24", "03:00", "We are closed at that time. I could offer "},
			{"on a Sunday", "2026-11-29", "10:00", "We are closed at that time. I could offer "},
			{"too late to finish", "2026-11-24", "16:45", "We are closed at that time. I could offer "},
			{"between two starts", "2026-11-24", "10:10", "No appointment starts at that time. I could offer "},
			{"earlier today", "2026-11-22", "10:00", "That time is over. I could offer "},
			{"in a year", "2027-11-24", "10:00", "That is further ahead than we book. "},
		} {
			t.Run(c.name, func(t *testing.T) {
				call := d.Call("call-1", caller)
				booked := call.Tool("book_appointment", args{"service": "botox", "date": c.date, "time": c.time, "name": "Ada Obi"})
				require.Equal(t, "not_bookable", booked.Status)
				require.Equal(t, 422, booked.Code)
				require.Contains(t, booked.Message, c.message)
				checked := call.Tool("check_availability", args{"service": "botox", "date": c.date, "time": c.time})
				require.Equal(t, "not_bookable", checked.Status)
				require.Contains(t, checked.Message, c.message)
			})
		}
	})
	t.Run("an hour that the clocks skip does not exist", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, func(cfg *vapi.Config) {
			early := func() time.Time { return time.Date(2027, 3, 20, 9, 0, 0, 0, time.UTC) }
			s, err := booking.New(booking.Config{Store: memory.New(), Catalogs: handlertest.Catalogs(t), Now: early})
			require.NoError(t, err)
			cfg.Tools, err = tools.New(tools.Config{Booking: s, Now: early})
			require.NoError(t, err)
		})
		s := d.Call("call-1", caller).Tool("book_appointment", args{"service": "botox", "date": "2027-03-28", "time": "01:30", "name": "Ada Obi"})
		require.Equal(t, "invalid", s.Status)
		require.Contains(t, s.Message, "there is no such time")
	})
	t.Run("a result that ends a step is spoken at once", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		c := d.Call("call-1", caller)
		want := args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"}
		r := handlertest.Results(t, c.Send("book_appointment", want))[0]
		require.Equal(t, "request-complete", r.Message.Type)
		require.Equal(t, "Your Botox consultation is booked for Tuesday 24 November at 10:00 AM.", r.Message.Content)
		require.NotNil(t, handlertest.Results(t, d.Call("call-2", "+447700900456").Send("book_appointment", want))[0].Message, "so is a conflict")
		require.Nil(t, handlertest.Results(t, c.Send("check_availability", args{"service": "botox"}))[0].Message, "the model may go on to book")
		require.Nil(t, handlertest.Results(t, c.Send("book_appointment", args{}))[0].Message, "a hint is for the model")
	})
	t.Run("each clinic speaks in its own zone", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		london, lagos := d.Call("call-1", caller), d.Call("call-2", "+447700900456")
		lagos.Key = "ikeja"
		want := args{"service": "botox", "date": "2026-11-24", "time": "09:00", "name": "Ada Obi"}
		require.Equal(t, "Your Botox consultation is booked for Tuesday 24 November at 9:00 AM.", london.Tool("book_appointment", want).Message)
		require.Equal(t, "Your Botox consultation is booked for Tuesday 24 November at 9:00 AM.", lagos.Tool("book_appointment", want).Message)
	})
	t.Run("arguments that name another clinic are ignored", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		c := d.Call("call-1", caller)
		c.Tool("book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi",
			"org_id": ikeja.ID.String(), "clinic": "ikeja", "tenantId": ikeja.ID.String(), "org": ikeja})
		require.Len(t, c.Tool("find_appointments", args{"org_id": ikeja.ID.String()}).Appointments, 1)
		c.Key = "ikeja"
		require.Empty(t, c.Tool("find_appointments", args{"org_id": harley.ID.String()}).Appointments)

		slot := d.Call("call-1", caller).Tool("check_availability", args{"service": "botox"}).Slots[0].Slot
		require.Equal(t, "invalid", c.Tool("book_appointment", args{"slot": slot, "name": "Ada Obi"}).Status, "a slot of another clinic is no slot")
	})
	t.Run("a caller without a number is asked for one", func(t *testing.T) {
		t.Parallel()
		want := args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"}
		for i, number := range []string{"", "anonymous", "Restricted", "+266696687", "+86282452253", "sip:agent@example.com", "07700 900456"} {
			d := bookingFixture(t)
			c := d.Call(fmt.Sprint("call-", i), number)
			s := c.Tool("book_appointment", want)
			require.Equal(t, "invalid", s.Status, number)
			require.Equal(t, "phone", s.Field)
			require.Equal(t, "I cannot see your number. Which phone number can we reach you on?", s.Message)
			require.Equal(t, "not_found", c.Tool("find_appointments", args{}).Status)

			booked := c.Tool("book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi", "phone": "+44 7700 900-456"})
			require.Equal(t, "booked", booked.Status)
			// An appointment of this call can be changed in it.
			require.Equal(t, "rescheduled", c.Tool("reschedule_appointment", args{"appointment": booked.Appointment, "date": "2026-11-24", "time": "11:00"}).Status)
			require.Equal(t, "cancelled", c.Tool("cancel_appointment", args{"appointment": booked.Appointment}).Status)
		}
	})
	t.Run("the same time for another number is not booked twice", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		c := d.Call("call-1", caller)
		slot := c.Tool("check_availability", args{"service": "botox"}).Slots[0].Slot
		require.Equal(t, "booked", c.Tool("book_appointment", args{"slot": slot, "name": "Ada Obi"}).Status)
		s := c.Tool("book_appointment", args{"slot": slot, "name": "Ada Obi", "phone": "+447700900456"})
		require.Equal(t, "not_bookable", s.Status)
		require.Contains(t, s.Message, "booked already, in this call")
	})
	t.Run("a call without an id books once", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		c := d.Call("", caller)
		want := args{"service": "consultation", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"}
		first := c.Tool("book_appointment", want)
		require.Equal(t, first.Appointment, c.Tool("book_appointment", want).Appointment)
		require.Equal(t, "booked", d.Call("", "+447700900456").Tool("book_appointment", want).Status, "another caller is another caller")
	})
	t.Run("a store that is down is an error of the tool", func(t *testing.T) {
		t.Parallel()
		for _, down := range []error{booking.ErrUnavailable, errors.New("anything else")} {
			d := bookingFixtureOver(t, downStore{err: down})
			c := d.Call("call-1", caller)
			for tool, a := range map[string]args{
				"check_availability":     {"service": "botox"},
				"book_appointment":       {"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"},
				"find_appointments":      {},
				"cancel_appointment":     {},
				"reschedule_appointment": {"date": "2026-11-24", "time": "10:00"},
			} {
				r := handlertest.Results(t, c.Send(tool, a))
				require.Empty(t, r[0].Result, tool)
				require.Equal(t, "This failed on our side. Apologise to the caller and offer to try again.", r[0].Error, tool)
			}
		}
	})
}

func TestCheckAvailability(t *testing.T) {
	t.Parallel()
	t.Run("times are found on a day, at a time and soon", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		c := d.Call("call-1", caller)

		soon := c.Tool("check_availability", args{"service": "botox"})
		require.Equal(t, "I could offer Monday 23 November at 9:00 AM or 1:00 PM, or Tuesday 24 November at 9:00 AM or 1:00 PM.", soon.Message)

		mornings := c.Tool("check_availability", args{"service": "botox", "time": "09:30"})
		require.Equal(t, "I could offer Monday 23 November at 9:30 AM, Tuesday 24 November at 9:30 AM, Wednesday 25 November at 9:30 AM, or Thursday 26 November at 9:30 AM.", mornings.Message)

		nights := c.Tool("check_availability", args{"service": "botox", "time": "22:00"})
		require.Equal(t, "none_free", nights.Status)
		require.Contains(t, nights.Message, "I have nothing free at that time. I could offer Monday")

		sunday := c.Tool("check_availability", args{"service": "botox", "date": "2026-11-29"})
		require.Equal(t, "none_free", sunday.Status)
		require.Contains(t, sunday.Message, "I have nothing free on Sunday 29 November. I could offer Monday 30 November at ")

		exact := c.Tool("check_availability", args{"service": "consultation", "date": "2026-11-24", "time": "10:00", "resource": "Dr Okafor"})
		require.Equal(t, "Tuesday 24 November at 10:00 AM is free.", exact.Message)
		require.Equal(t, "Dr Okafor", exact.Slots[0].With)
		booked := c.Tool("book_appointment", args{"slot": exact.Slots[0].Slot, "name": "Ada Obi"})
		require.Equal(t, []string{"Dr Okafor"}, booked.With)

		taken := c.Tool("check_availability", args{"service": "consultation", "date": "2026-11-24", "time": "10:00", "resource": "Dr Okafor"})
		require.Equal(t, "conflict", taken.Status)
		require.Equal(t, "That time is taken. I could offer Tuesday 24 November at 9:00 AM, 9:30 AM or 10:30 AM. Would that suit you?", taken.Message)

		require.Equal(t, "conflict", c.Tool("check_availability", args{"service": "nose job", "date": "2026-11-24", "time": "09:30"}).Status)
	})
}

func TestOwnAppointment(t *testing.T) {
	t.Parallel()
	t.Run("only the caller's own appointments are changed", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		owner, other := d.Call("call-1", caller), d.Call("call-2", "+447700900456")
		booked := owner.Tool("book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"})

		require.Empty(t, other.Tool("find_appointments", args{"phone": caller}).Appointments)
		foreign := other.Tool("cancel_appointment", args{"appointment": booked.Appointment, "phone": caller})
		unknown := other.Tool("cancel_appointment", args{"appointment": string(booking.NewID(harley.ID, "never"))})
		malformed := other.Tool("cancel_appointment", args{"appointment": "my botox thing"})
		require.Equal(t, "not_found", foreign.Status)
		require.Equal(t, unknown, foreign)
		require.Equal(t, unknown, malformed)
		require.Equal(t, unknown, other.Tool("reschedule_appointment", args{"appointment": booked.Appointment, "date": "2026-11-25", "time": "10:00"}))
		require.Equal(t, "not_found", other.Tool("cancel_appointment", args{}).Status)

		browser := d.Call("call-3", caller)
		browser.Kind = "webCall"
		require.Equal(t, "not_found", browser.Tool("find_appointments", args{}).Status, "a browser can say it is anybody")
		require.Equal(t, unknown, browser.Tool("cancel_appointment", args{"appointment": booked.Appointment}))

		later := d.Call("call-4", caller)
		require.Equal(t, "cancelled", later.Tool("cancel_appointment", args{"appointment": booked.Appointment}).Status)
	})
	t.Run("an appointment that has begun is not changed", func(t *testing.T) {
		t.Parallel()
		at := now
		moving := func() time.Time { return at }
		s, err := booking.New(booking.Config{Store: memory.New(memory.Clock(moving)), Catalogs: handlertest.Catalogs(t), Now: moving})
		require.NoError(t, err)
		all, err := tools.New(tools.Config{Booking: s, Now: moving})
		require.NoError(t, err)
		c := newFixture(t, func(cfg *vapi.Config) { cfg.Tools = all }).Call("call-1", caller)
		booked := c.Tool("book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"})
		at = time.Date(2026, 11, 24, 10, 5, 0, 0, time.UTC)
		require.Empty(t, c.Tool("find_appointments", args{}).Appointments)
		require.Equal(t, "not_found", c.Tool("cancel_appointment", args{}).Status)
		require.Equal(t, "not_found", c.Tool("cancel_appointment", args{"appointment": booked.Appointment}).Status)
	})
	t.Run("a caller with several appointments is asked which", func(t *testing.T) {
		t.Parallel()
		d := bookingFixture(t)
		c := d.Call("call-1", caller)
		c.Tool("book_appointment", args{"service": "botox", "date": "2026-11-24", "time": "10:00", "name": "Ada Obi"})
		second := c.Tool("book_appointment", args{"service": "nose job", "date": "2026-11-25", "time": "11:00", "name": "Ada Obi"})

		s := c.Tool("cancel_appointment", args{})
		require.Equal(t, "invalid", s.Status)
		require.Equal(t, "You have 2 appointments: Botox consultation on Tuesday 24 November at 10:00 AM and Rhinoplasty consultation on Wednesday 25 November at 11:00 AM. Which one shall I cancel?", s.Message)
		require.Len(t, s.Appointments, 2)
		require.Contains(t, c.Tool("reschedule_appointment", args{"date": "2026-11-26", "time": "10:00"}).Message, "Which one shall I move?")

		require.Equal(t, "cancelled", c.Tool("cancel_appointment", args{"appointment": s.Appointments[1].Appointment}).Status)
		require.Equal(t, second.Appointment, s.Appointments[1].Appointment)
		require.Len(t, c.Tool("find_appointments", args{}).Appointments, 1)
	})
}

// downStore is a database that cannot be reached, or cannot confirm its write.
type downStore struct {
	booking.Store
	err error
}

func (d downStore) Claim(context.Context, tenant.ID, booking.Claim) (booking.Outcome, error) {
	return booking.Outcome{}, d.err
}

func (d downStore) ListBusy(context.Context, tenant.ID, booking.BusyQuery) (booking.BusyView, error) {
	return booking.BusyView{}, d.err
}

func (d downStore) ListAppointments(context.Context, tenant.ID, booking.AppointmentFilter) ([]booking.Appointment, error) {
	return nil, d.err
}
