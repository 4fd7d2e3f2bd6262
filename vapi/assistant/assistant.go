// Package assistant writes a clinic's assistant as JSON that Vapi takes: [New]
// a whole one, with the prompt, the tools and the settings for quick answers and
// few stored data. [Saved] chooses one that was saved at Vapi before.
package assistant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// Options configures an [Assistant]. Org, Server.URL and VoiceID are required.
type Options struct {
	Org    tenant.Org
	Server vapi.Server // by [vapi.NewServer]
	Tools  []vapi.Tool

	// VoiceID is one of Cartesia's voices.
	VoiceID string

	// VoiceModel is Cartesia's model.
	//
	// Defaults to "sonic-3".
	VoiceModel string

	// Transcriber is Deepgram's model: "nova-3", "nova-3-medical" or one of
	// the "nova-2" family.
	//
	// Defaults to "nova-3".
	Transcriber string

	// Terms are words the transcriber should expect, such as the names of the
	// clinic's treatments and practitioners.
	//
	// Defaults to no terms.
	Terms []string

	// Provider and Model are the language model, which takes most of the
	// caller's waiting time. Your agreement with the provider must cover health
	// data.
	//
	// Default to "openai" and "gpt-4.1".
	Provider, Model string

	// FirstMessage is the first sentence that the caller hears.
	//
	// Defaults to a greeting with the clinic's name.
	FirstMessage string

	// Instructions are the clinic's own part of the prompt.
	//
	// Defaults to no instructions.
	Instructions string

	// WaitSeconds is the least silence after the caller's turn, 0 to 5. Vapi
	// advises 0.6 to 0.8 for hesitant callers.
	//
	// Defaults to 0.2, for quick answers.
	WaitSeconds float64
}

// Assistant is an assistant as Vapi takes it, ready to be saved or to answer an
// "assistant-request" with. It can be changed before it is encoded.
type Assistant struct {
	Name              string            `json:"name"`
	FirstMessage      string            `json:"firstMessage"`
	Model             Model             `json:"model"`
	Transcriber       Transcriber       `json:"transcriber"`
	Voice             Voice             `json:"voice"`
	StartSpeakingPlan StartSpeakingPlan `json:"startSpeakingPlan"`
	StopSpeakingPlan  StopSpeakingPlan  `json:"stopSpeakingPlan"`
	BackgroundSound   string            `json:"backgroundSound"`
	Server            vapi.Server       `json:"server"`
	ServerMessages    []string          `json:"serverMessages"`
	AnalysisPlan      AnalysisPlan      `json:"analysisPlan"`
	ArtifactPlan      ArtifactPlan      `json:"artifactPlan"`
	MonitorPlan       MonitorPlan       `json:"monitorPlan"`
}

// Model is the language model of an [Assistant].
type Model struct {
	Provider    string            `json:"provider"`
	Model       string            `json:"model"`
	Temperature float64           `json:"temperature"`
	MaxTokens   int               `json:"maxTokens"`
	Messages    []ModelPrompt     `json:"messages"`
	Tools       []vapi.Definition `json:"tools"`
}

// ModelPrompt is a message the model starts with.
type ModelPrompt struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Transcriber is the speech recognition of an [Assistant].
type Transcriber struct {
	Provider    string   `json:"provider"`
	Model       string   `json:"model"`
	Language    string   `json:"language"`
	SmartFormat bool     `json:"smartFormat"`
	Numerals    bool     `json:"numerals"`
	Endpointing int      `json:"endpointing"`        // milliseconds
	Keyterm     []string `json:"keyterm,omitempty"`  // of nova-3
	Keywords    []string `json:"keywords,omitempty"` // of nova-2
}

// Voice is the speech of an [Assistant].
type Voice struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	VoiceID  string `json:"voiceId"`
}

// StartSpeakingPlan decides when an [Assistant] starts to speak.
type StartSpeakingPlan struct {
	WaitSeconds          float64              `json:"waitSeconds"`
	SmartEndpointingPlan SmartEndpointingPlan `json:"smartEndpointingPlan"`
}

// SmartEndpointingPlan detects the end of the caller's turn.
type SmartEndpointingPlan struct {
	Provider     string `json:"provider"`
	WaitFunction string `json:"waitFunction,omitempty"`
}

// StopSpeakingPlan decides when the caller interrupts an [Assistant].
type StopSpeakingPlan struct {
	NumWords       int     `json:"numWords"`
	VoiceSeconds   float64 `json:"voiceSeconds"`
	BackoffSeconds float64 `json:"backoffSeconds"`
}

// AnalysisPlan is Vapi's analysis of a call after its end.
type AnalysisPlan struct {
	SummaryPlan           Switch `json:"summaryPlan"`
	StructuredDataPlan    Switch `json:"structuredDataPlan"`
	SuccessEvaluationPlan Switch `json:"successEvaluationPlan"`
}

// Switch turns a part of a plan on or off.
type Switch struct {
	Enabled bool `json:"enabled"`
}

// ArtifactPlan decides which parts of a call Vapi stores.
type ArtifactPlan struct {
	RecordingEnabled bool   `json:"recordingEnabled"`
	LoggingEnabled   bool   `json:"loggingEnabled"`
	PcapEnabled      bool   `json:"pcapEnabled"`
	TranscriptPlan   Switch `json:"transcriptPlan"`
}

// MonitorPlan opens a call to listeners.
type MonitorPlan struct {
	ListenEnabled  bool `json:"listenEnabled"`
	ControlEnabled bool `json:"controlEnabled"`
}

// New returns an assistant that answers quickly and stores few data, or an
// error that names the unusable option and the fix.
func New(o Options) (*Assistant, error) {
	if err := o.Org.Validate(); err != nil {
		return nil, fmt.Errorf("assistant: Options.Org: %w", err)
	}
	if o.Server.URL == "" {
		return nil, errors.New("assistant: Options.Server.URL is empty: use vapi.NewServer with the URL of the clinic's Handler")
	}
	if o.VoiceID == "" {
		return nil, errors.New("assistant: Options.VoiceID is empty: choose a voice at Cartesia and give its id")
	}
	if o.WaitSeconds < 0 || o.WaitSeconds > 5 {
		return nil, errors.New("assistant: Options.WaitSeconds is out of range: use 0 to 5")
	}
	if err := vapi.ValidateTools(o.Tools); err != nil {
		return nil, err
	}
	a := &Assistant{
		Name:         firstRunes(o.Org.Name, 40), // Vapi's limit
		FirstMessage: cmp.Or(o.FirstMessage, fmt.Sprintf("Hello, %s, how can I help you?", o.Org.Name)),
		Model: Model{
			Provider:    cmp.Or(o.Provider, "openai"),
			Model:       cmp.Or(o.Model, "gpt-4.1"),
			Temperature: 0.2, // it reads out times; it need not be inventive
			MaxTokens:   250, // Vapi's default, some 15 seconds of speech
			Messages:    []ModelPrompt{{Role: "system", Content: prompt(o)}},
			Tools:       vapi.Definitions(o.Tools, nil),
		},
		Transcriber: transcriber(o),
		Voice:       Voice{Provider: "cartesia", Model: cmp.Or(o.VoiceModel, "sonic-3"), VoiceID: o.VoiceID},
		StartSpeakingPlan: StartSpeakingPlan{
			WaitSeconds:          cmp.Or(o.WaitSeconds, 0.2), // Vapi's default is 0.4
			SmartEndpointingPlan: endpointing(o.Org.Locale),
		},
		StopSpeakingPlan: StopSpeakingPlan{
			NumWords:       2, // as in Vapi's clinic example: a cough or an "uh-huh" does not interrupt
			VoiceSeconds:   0.2,
			BackoffSeconds: 1,
		},
		BackgroundSound: "off", // on the phone the default is the noise of an office
		Server:          o.Server,
		// Without a list Vapi sends eleven types, among them the whole
		// conversation at every turn.
		ServerMessages: []string{"status-update", "end-of-call-report", "tool-calls", "hang"},
		// Each of these holds back the report of the call by up to five
		// seconds, and stores a summary of a person's health at Vapi.
		AnalysisPlan: AnalysisPlan{},
		// All are on by default. The transcript stays: it is part of the
		// report, and the caller's wish is matched in it.
		ArtifactPlan: ArtifactPlan{TranscriptPlan: Switch{Enabled: true}},
		// On by default, and open to any holder of the link.
		MonitorPlan: MonitorPlan{},
	}
	return a, nil
}

func transcriber(o Options) Transcriber {
	t := Transcriber{
		Provider:    "deepgram",
		Model:       cmp.Or(o.Transcriber, "nova-3"),
		Language:    spokenLanguage(o.Org.Locale),
		SmartFormat: true,
		Numerals:    true,
		Endpointing: 10, // Vapi's default and the least
	}
	if strings.HasPrefix(t.Model, "nova-3") {
		t.Keyterm = o.Terms
	} else {
		t.Keywords = o.Terms
	}
	return t
}

// deepgramEnglish are the varieties of English that Deepgram's nova models know.
var deepgramEnglish = []string{"en-US", "en-AU", "en-GB", "en-IN", "en-NZ"}

// spokenLanguage is the transcriber's word for the language of locale.
func spokenLanguage(locale string) string {
	language, _, _ := strings.Cut(locale, "-")
	if slices.Contains(deepgramEnglish, locale) {
		return locale
	}
	return strings.ToLower(language)
}

// endpointing is LiveKit's model for English, the only language it knows, with
// the waiting time of Vapi's clinic example.
func endpointing(locale string) SmartEndpointingPlan {
	if spokenLanguage(locale) != "en" && !slices.Contains(deepgramEnglish, locale) {
		return SmartEndpointingPlan{Provider: "vapi"}
	}
	return SmartEndpointingPlan{Provider: "livekit", WaitFunction: "20 + 500 * sqrt(x) + 2500 * x^3"}
}

func firstRunes(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return strings.TrimSpace(string(r[:n]))
	}
	return text
}

// Saved returns a function for vapi.Config.Assistant that always chooses the
// saved assistant with the id given.
func Saved(id string) func(context.Context, tenant.Org) (vapi.AssistantChoice, error) {
	return func(context.Context, tenant.Org) (vapi.AssistantChoice, error) {
		return vapi.AssistantChoice{AssistantID: id}, nil
	}
}
