// Package tools has the tools that a clinic's assistant calls: [New] returns
// those that book appointments, over a [booking.Service], and those that promise
// texts, over a [followup.Service]. [Procedures] lets both services share one
// catalog.
//
// Each tool is a method of one type. It reads its arguments leniently, calls the
// service once, and returns a sentence that the assistant can speak. A wish that
// cannot be met is a result with a reason and alternatives; only a failure of
// this side is an error.
package tools

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/modeltext"
)

// Config configures [New]. Booking or FollowUp is required.
type Config struct {
	// Booking books appointments.
	//
	// Defaults to no booking tools.
	Booking *booking.Service

	// FollowUp, such as a [followup.Service], promises texts and ends them. It
	// also records the service and the time that a caller asked for without a
	// booking; no answer waits for that.
	//
	// Defaults to no follow-up tools and no records.
	FollowUp FollowUp

	// Phones reads the numbers of callers.
	//
	// Defaults to phone.E164.
	Phones phone.Parser

	// Log gets a line for each dropped record, redacted.
	//
	// Defaults to slog.Default().
	Log *slog.Logger

	// Now returns the current time. It must be the clock of Booking.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// FollowUp promises texts and records interest. A [followup.Service] is one.
// Safe for concurrent use.
type FollowUp interface {
	// RecordCall merges e into the facts about its call.
	RecordCall(ctx context.Context, org tenant.Org, e followup.CallEvent) error

	// Promise plans a text to the caller after the call, and returns whether it
	// will be sent or the reason why not.
	Promise(ctx context.Context, org tenant.Org, p followup.Promise) (followup.PromiseResult, error)

	// OptOutCaller ends all texts to a caller; ok is false for an invalid
	// number.
	OptOutCaller(ctx context.Context, org tenant.Org, call, caller string) (ok bool, err error)
}

// New returns the tools of the services in cfg: Booking has the booking tools,
// FollowUp the follow-up tools. It returns an error without both. Change
// aliases, descriptions and opening sentences of the result as you like.
//
// The booking tools are check_availability, book_appointment,
// reschedule_appointment, cancel_appointment and find_appointments.
// Dates are YYYY-MM-DD and times HH:MM on the clinic's clock. A missing or
// unreadable argument returns a question with the status "invalid"; a time that
// is over or outside opening hours returns "not_bookable"; a taken time returns
// "conflict" with alternatives. A wish is never moved to another time. The same
// wish, asked again in one call, books once. Appointments can be found, moved or
// cancelled by the number that calls only, and in the call that booked them.
//
// The follow-up tools are send_information and opt_out.
// A text is promised only to a caller that consented, and only if the clinic has
// a document to send to the number that calls; every other case returns a
// sentence with the reason. Results must not repeat the subject of the question.
func New(cfg Config) ([]vapi.Tool, error) {
	if cfg.Booking == nil && cfg.FollowUp == nil {
		return nil, errors.New("tools: Config.Booking and Config.FollowUp are nil: give the booking.Service to book with, the followup.Service that texts, or both")
	}
	if cfg.Phones == nil {
		cfg.Phones = phone.E164{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &toolset{cfg: cfg}
	if cfg.FollowUp != nil {
		log, err := redact.NewLogger(cmp.Or(cfg.Log, slog.Default()), nil)
		if err != nil {
			return nil, err
		}
		s.interests = newInterestRecorder(cfg.FollowUp, log)
	}
	var all []vapi.Tool
	if cfg.Booking != nil {
		all = append(all, s.bookingTools()...)
	}
	if cfg.FollowUp != nil {
		all = append(all, s.followUpTools()...)
	}
	return all, nil
}

// toolset holds the services that the tools call. Each tool is a method.
type toolset struct {
	cfg       Config
	interests *interestRecorder // nil without FollowUp
}

// parameters returns the JSON Schema of text parameters, given as pairs of name
// and description.
func parameters(pairs ...string) json.RawMessage {
	type property struct {
		Type        string `json:"type"`
		Description string `json:"description"`
	}
	properties := make(map[string]property)
	for i := 0; i < len(pairs); i += 2 {
		properties[pairs[i]] = property{"string", pairs[i+1]}
	}
	schema, _ := modeltext.Encode(struct {
		Type       string              `json:"type"`
		Properties map[string]property `json:"properties"`
	}{"object", properties})
	return schema
}
