package vapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/redact"
)

// FollowUpConfig configures [FollowUpTools]. Service is required.
type FollowUpConfig struct {
	// Service is a [followup.Service], the one of [Config].
	Service FollowUp
}

// FollowUpTools returns the tools that promise a text and that end all texts:
// send_information and opt_out.
//
// A text is promised only to a caller who has agreed to get one, and only if
// there is something to send to the number they call from; whatever is missing
// comes back as something to say. Results do not repeat what the caller asked
// about.
func FollowUpTools(cfg FollowUpConfig) ([]Tool, error) {
	if cfg.Service == nil {
		return nil, errors.New("vapi: FollowUpConfig.Service is nil: give the followup.Service that texts")
	}
	return []Tool{
		{
			Name: "send_information",
			Description: "Text the caller the clinic's information about a treatment after the call. " +
				"Ask first: \"" + consentQuestion + "\" Call it only when the caller has agreed.",
			Opening: "One moment.",
			Parameters: json.RawMessage(`{"type":"object","properties":{` +
				`"procedure":{"type":"string","description":"What the information is to be about, in the caller's words; leave it out for what they asked about before."},` +
				`"consent":{"type":"boolean","description":"true if the caller agreed in this call to get the text; never assume it."}}}`),
			Call: cfg.sendInformation,
		},
		{
			Name:        "opt_out",
			Description: "Make sure that the caller gets no texts from the clinic. Call it when the caller wants none, or no more of them.",
			Opening:     "One moment.",
			Parameters:  parameters(),
			Call:        cfg.optOut,
		},
	}, nil
}

// consentQuestion is how a caller is asked whether they may be texted. What
// they agree to is kept with Wording of the [followup.ClinicConfig].
const consentQuestion = "May I text you the information at this number?"

// informationArguments are what the model gives send_information.
type informationArguments struct {
	Procedure word `json:"procedure"`
	Consent   yes  `json:"consent"`
}

// yes is an argument that says yes, however the model wrote it. What it does
// not surely say is no.
type yes bool

// UnmarshalJSON implements [json.Unmarshaler]; it never fails.
func (y *yes) UnmarshalJSON(value []byte) error {
	s := scanner{text: value}
	*y = yes(affirmative(s.scalar()))
	return nil
}

// sendInformation promises the caller a text.
func (cfg FollowUpConfig) sendInformation(ctx context.Context, call ToolCall) (ToolResult, error) {
	var args informationArguments
	if json.Unmarshal(call.Arguments, &args) != nil || !args.Consent {
		return ToolResult{Status: "consent_needed", Code: http.StatusUnprocessableEntity, Message: consentQuestion,
			Data: map[string]any{"field": "consent", "hint": "ask the caller; if they agree, call this again with consent true"}}, nil
	}
	p := followup.Promise{Call: call.Call.ID, Caller: call.Call.number()}
	if args.Procedure != "" {
		p.Procedure = redact.NewSpeech(string(args.Procedure))
	}
	promised, err := cfg.Service.Promise(ctx, call.Org, p)
	if err != nil {
		return ToolResult{}, err
	}
	said, ok := promises[promised]
	if !ok {
		return ToolResult{}, fmt.Errorf("vapi: no words for a promise that is %q", plainID(string(promised)))
	}
	r := ToolResult{Status: string(promised), Code: said.code, Message: said.message}
	if promised == followup.Noted {
		return inEnglish(call, r), nil
	}
	if said.hint != "" {
		r.Data = map[string]any{"hint": said.hint}
	}
	return r, nil
}

// promises puts what became of a promise into words.
var promises = map[followup.PromiseResult]struct {
	code          int
	message, hint string
}{
	followup.Noted: {code: http.StatusOK,
		message: "I will text you the information after this call."},
	followup.NothingKnown: {code: http.StatusNotFound,
		message: "Which treatment would you like the information about?",
		hint:    "ask, and call this again with procedure in the caller's words: one treatment of the clinic"},
	followup.NothingToSend: {code: http.StatusNotFound,
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
func (cfg FollowUpConfig) optOut(ctx context.Context, call ToolCall) (ToolResult, error) {
	ok, err := cfg.Service.OptOutCaller(ctx, call.Org, call.Call.ID, call.Call.number())
	if err != nil {
		return ToolResult{}, err
	}
	if !ok {
		return ToolResult{Status: "no_number", Code: http.StatusUnprocessableEntity,
			Message: "I can only stop texts to the number you are calling from, and I cannot see it. You can reply STOP to any text of ours."}, nil
	}
	return inEnglish(call, ToolResult{Status: "opted_out", Code: http.StatusOK, Message: "You will not get any texts from us."}), nil
}

// inEnglish has the message said as it is where English is spoken.
func inEnglish(call ToolCall, r ToolResult) ToolResult {
	q := request{speaker: speakerOf(call.Org, time.Time{})}
	return q.spoken(r)
}
