package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/jsonscan"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/modeltext"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/safelog"
)

// followUpTools returns the tools of Config.FollowUp.
func (s *toolset) followUpTools() []vapi.Tool {
	return []vapi.Tool{
		{
			Name: "send_information",
			Description: "Text the caller the clinic's information about a treatment after the call. " +
				"Ask first: \"" + modeltext.ConsentQuestion + "\" Call it only when the caller has agreed.",
			Opening: "One moment.",
			Parameters: json.RawMessage(`{"type":"object","properties":{` +
				`"procedure":{"type":"string","description":"What the information is to be about, in the caller's words; leave it out for what they asked about before."},` +
				`"consent":{"type":"boolean","description":"true if the caller agreed in this call to get the text; never assume it."}}}`),
			Call: s.sendInformation,
		},
		{
			Name:        "opt_out",
			Description: "Make sure that the caller gets no texts from the clinic. Call it when the caller wants none, or no more of them.",
			Opening:     "One moment.",
			Parameters:  parameters(),
			Call:        s.optOut,
		},
	}
}

// informationArguments are the arguments of send_information.
type informationArguments struct {
	Procedure argument `json:"procedure"`
	Consent   consent  `json:"consent"`
}

// consent is an argument that is a plain yes, in whatever JSON type the model
// wrote it. Every other value must count as no.
type consent bool

// UnmarshalJSON implements [json.Unmarshaler]; it never fails.
func (c *consent) UnmarshalJSON(value []byte) error {
	*c = consent(modeltext.Affirmative(jsonscan.New(value).Scalar()))
	return nil
}

// sendInformation promises the caller a text.
func (s *toolset) sendInformation(ctx context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
	var args informationArguments
	if json.Unmarshal(call.Arguments, &args) != nil || !args.Consent {
		return vapi.ToolResult{Status: "consent_needed", Code: http.StatusUnprocessableEntity, Message: modeltext.ConsentQuestion,
			Data: map[string]any{"field": "consent", "hint": "ask the caller; if they agree, call this again with consent true"}}, nil
	}
	p := followup.Promise{Call: call.Call.ID, Caller: call.Call.CallerNumber()}
	if args.Procedure != "" {
		p.Procedure = redact.NewSpeech(string(args.Procedure))
	}
	promised, err := s.cfg.FollowUp.Promise(ctx, call.Org, p)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	text, ok := promiseMessages[promised]
	if !ok {
		return vapi.ToolResult{}, fmt.Errorf("tools: no message for the promise result %q", safelog.ID(string(promised)))
	}
	r := vapi.ToolResult{Status: string(promised), Code: text.code, Message: text.message}
	if promised == followup.Noted {
		return newFormatter(call.Org, s.cfg.Now()).spoken(r), nil
	}
	if text.hint != "" {
		r.Data = map[string]any{"hint": text.hint}
	}
	return r, nil
}

// promiseMessages are the results of a promise as the caller hears them.
var promiseMessages = map[followup.PromiseResult]struct {
	code          int
	message, hint string
}{
	followup.Noted: {code: http.StatusOK,
		message: "I will text you the information after this call."},
	followup.ProcedureUnknown: {code: http.StatusNotFound,
		message: "Which treatment would you like the information about?",
		hint:    "ask, and call this again with procedure in the caller's words: one treatment of the clinic"},
	followup.DocumentMissing: {code: http.StatusNotFound,
		message: "I am sorry, I have no information about that which I could text you."},
	followup.NoNumberToText: {code: http.StatusUnprocessableEntity,
		message: "I can only text the number you are calling from, and I cannot see it.",
		hint:    "do not ask for a number"},
	followup.NotATextNumber: {code: http.StatusUnprocessableEntity,
		message: "I can only text the number you are calling from, and it cannot get our texts.",
		hint:    "do not ask for another number"},
	followup.TextedAlready: {code: http.StatusUnprocessableEntity,
		message: "We have texted you already, and the link in that text still works. I cannot send another one today."},
	followup.HasBooked: {code: http.StatusUnprocessableEntity,
		message: "As you have booked an appointment, you will get all you need there, and no text about it now."},
	followup.WantsNoTexts: {code: http.StatusUnprocessableEntity,
		message: "You have asked us not to text you. If you would like texts again, please text START to the clinic's number."},
	followup.ClinicSendsNoText: {code: http.StatusUnprocessableEntity,
		message: "I am sorry, we do not send information by text."},
}

// optOut ends all texts to the caller.
func (s *toolset) optOut(ctx context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
	ok, err := s.cfg.FollowUp.OptOutCaller(ctx, call.Org, call.Call.ID, call.Call.CallerNumber())
	if err != nil {
		return vapi.ToolResult{}, err
	}
	if !ok {
		return vapi.ToolResult{Status: "no_number", Code: http.StatusUnprocessableEntity,
			Message: "I can only stop texts to the number you are calling from, and I cannot see it. You can reply STOP to any text of ours."}, nil
	}
	r := vapi.ToolResult{Status: "opted_out", Code: http.StatusOK, Message: "You will not get any texts from us."}
	return newFormatter(call.Org, s.cfg.Now()).spoken(r), nil
}
