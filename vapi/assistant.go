package vapi

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/modeltext"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/safelog"
)

// AssistantChoice is the assistant that takes a call: a saved one by its id,
// which Vapi sets up faster, or a whole one.
type AssistantChoice struct {
	AssistantID string
	Assistant   any // as JSON, such as an assistant.Assistant; only if AssistantID is empty

	// Values are variables of the assistant besides those of [Variables]; one
	// of the same name replaces it. Keep them neutral: Vapi stores them.
	Values map[string]string
}

// assistantDeadline is the time from the request to the choice of an
// assistant. Vapi gives up after 7.5 seconds end to end, which cannot be
// configured.
const assistantDeadline = 6 * time.Second

// assistantReply answers "assistant-request".
type assistantReply struct {
	AssistantID string             `json:"assistantId,omitempty"`
	Assistant   json.RawMessage    `json:"assistant,omitempty"`
	Overrides   assistantOverrides `json:"assistantOverrides"`
}

type assistantOverrides struct {
	VariableValues map[string]string `json:"variableValues"`
}

var errNoAssistant = errors.New("vapi: Config.Assistant chose no assistant, or one that is not JSON")

// chooseAssistant returns the assistant that takes a call, or the apology
// [Config.Unanswered] in time: after the deadline the caller hears silence.
func (h *Handler) chooseAssistant(ctx context.Context, start time.Time, org tenant.Org, m *Message) reply {
	unanswered := reply{
		status:  http.StatusOK,
		outcome: "unanswered",
		value:   map[string]string{"error": modeltext.OneLine(h.cfg.Unanswered)},
	}
	if h.cfg.Assistant == nil {
		return unanswered
	}
	ctx, cancel := context.WithDeadline(ctx, start.Add(assistantDeadline))
	defer cancel()
	var caller <-chan followup.ContactSummary
	if h.cfg.FollowUp != nil {
		caller = h.startCallerLookup(ctx, org, m)
	}
	choice, err := h.configuredAssistant(ctx, org)
	if err != nil {
		unanswered.err = err
		return unanswered
	}
	values := Variables(org, h.cfg.Now())
	if caller != nil {
		maps.Copy(values, callerVariables(org, <-caller, h.cfg.Now()))
	}
	maps.Copy(values, choice.Values)
	answer := assistantReply{AssistantID: choice.AssistantID, Overrides: assistantOverrides{values}}
	if answer.AssistantID == "" {
		if answer.Assistant, err = json.Marshal(choice.Assistant); err != nil || choice.Assistant == nil {
			unanswered.err = errNoAssistant
			return unanswered
		}
	}
	return ok(answer)
}

// configuredAssistant calls Config.Assistant and waits for it until ctx ends.
func (h *Handler) configuredAssistant(ctx context.Context, org tenant.Org) (AssistantChoice, error) {
	type result struct {
		choice AssistantChoice
		err    error
	}
	done := make(chan result, 1) // a late choice must not block
	go func() {
		var r result
		defer func() { done <- r }()
		defer safelog.Recover(&r.err)
		r.choice, r.err = h.cfg.Assistant(ctx, org)
	}()
	select {
	case r := <-done:
		return r.choice, r.err
	case <-ctx.Done():
		return AssistantChoice{}, ctx.Err()
	}
}

// Variables are the variables of an assistant at the start of every call, as
// {{name}} in its prompt; times are the clinic's and words are English:
//
//	clinicName  Harley Street Clinic
//	timeZone    Europe/London
//	today       2026-11-22
//	weekday     Sunday
//	localTime   14:05
//	nextDays    Sunday 2026-11-22, Monday 2026-11-23, …
//
// nextDays has two weeks, for a model that has to reckon the date of "Tuesday
// week" now and then gets it wrong.
//
// With [Config.FollowUp] there are also variables about the caller. They hold
// dates and no words: the subject of earlier calls must not reach Vapi.
//
//	callerKnown        yes or no: they have been in touch before
//	callerLastContact  2026-11-20, when they last were; empty if they were not
//	callerInformed     2026-11-20, when they were last texted information; empty if never
//	callerWanted       2026-11-24 10:00, the time they last asked for; empty once it is over
//	callerUpcoming     yes or no: they have an appointment to come
//	callerInterest     yes or no: they asked about a treatment, and send_information
//	                   without a procedure is about that one
func Variables(org tenant.Org, now time.Time) map[string]string {
	now = now.In(org.Zone)
	days := make([]string, 14)
	for i := range days {
		day := time.Date(now.Year(), now.Month(), now.Day()+i, 12, 0, 0, 0, time.UTC)
		days[i] = day.Format("Monday 2006-01-02")
	}
	return map[string]string{
		"clinicName": org.Name,
		"timeZone":   org.Zone.String(),
		"today":      now.Format(time.DateOnly),
		"weekday":    now.Weekday().String(),
		"localTime":  now.Format("15:04"),
		"nextDays":   strings.Join(days, ", "),
	}
}
