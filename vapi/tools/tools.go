// Package tools gives a clinic's assistant the tools to book appointments and
// to promise texts: see [New].
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
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/modeltext"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/safelog"
)

// Config configures [New]. Booking or FollowUp is required.
type Config struct {
	// Booking books.
	//
	// Defaults to no booking tools.
	Booking *booking.Service

	// FollowUp, a [followup.Service], promises texts and ends them. It also
	// remembers the service and the time that a caller asked for, if nothing
	// came of it; no answer waits for that.
	//
	// Defaults to no follow-up tools, and nothing is remembered.
	FollowUp FollowUp

	// Phones reads the numbers of callers.
	//
	// Defaults to phone.E164.
	Phones phone.Parser

	// Log gets a line where FollowUp could not keep up, redacted.
	//
	// Defaults to slog.Default().
	Log *slog.Logger

	// Now tells the time; give it the clock that Booking has.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// FollowUp is what the tools ask of a [followup.Service].
type FollowUp interface {
	RecordCall(ctx context.Context, org tenant.Org, e followup.CallEvent) error
	Promise(ctx context.Context, org tenant.Org, p followup.Promise) (followup.PromiseResult, error)
	OptOutCaller(ctx context.Context, org tenant.Org, call, caller string) (ok bool, err error)
}

// New returns the tools of the services in cfg: those that book with Booking,
// those that text with FollowUp. Give them aliases, other descriptions or
// opening sentences as you like.
//
// The booking tools are check_availability, book_appointment,
// reschedule_appointment, cancel_appointment and find_appointments.
// Dates are YYYY-MM-DD and times HH:MM on the clinic's clock. What is missing,
// cannot be read, is over or is outside opening hours comes back as something
// to say, with the status "invalid" or "not_bookable", and nothing is moved to
// a time that was not asked for; a time that is taken comes back as "conflict"
// with alternatives. A model that asks for the same again books once. Only
// appointments of the number that calls can be found, moved or cancelled, and
// those that were made in the same call.
//
// The follow-up tools are send_information and opt_out.
// A text is promised only to a caller who has agreed to get one, and only if
// there is something to send to the number they call from; whatever is missing
// comes back as something to say. Results do not repeat what the caller asked
// about.
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
		log, err := safelog.New(cmp.Or(cfg.Log, slog.Default()), nil)
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
