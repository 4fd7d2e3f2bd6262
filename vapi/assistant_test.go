package vapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

var update = flag.Bool("update", false, "write the golden files anew")

func options(t testing.TB) vapi.AssistantOptions {
	tools, err := vapi.BookingTools(vapi.BookingConfig{Service: service(t, memory.New())})
	require.NoError(t, err)
	texts, err := vapi.FollowUpTools(vapi.FollowUpConfig{Service: new(recorder)})
	require.NoError(t, err)
	return vapi.AssistantOptions{
		Org:     harley,
		Server:  vapi.NewServer("https://clinic.example/vapi/harley", "cred-1"),
		Tools:   append(tools, texts...),
		VoiceID: "voice-1",
		Terms:   []string{"botox", "rhinoplasty"},
	}
}

func golden(t *testing.T, name string, value any) {
	t.Helper()
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(value))
	if *update {
		require.NoError(t, os.WriteFile("testdata/"+name, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

// The golden files are what Vapi's API reference of August 2026 takes.
func TestAssistantAsVapiTakesIt(t *testing.T) {
	a, err := vapi.NewAssistant(options(t))
	require.NoError(t, err)
	golden(t, "assistant-2026-11.json", a)
}

func TestDefinitionsAsVapiTakesThem(t *testing.T) {
	server := vapi.NewServer("https://clinic.example/vapi/harley", "cred-1")
	golden(t, "definitions-2026-11.json", vapi.Definitions(options(t).Tools, &server))

	server.CredentialID, server.Headers = "", map[string]string{"X-Vapi-Secret": "s"}
	text, err := json.Marshal(server)
	require.NoError(t, err)
	require.Contains(t, string(text), `"headers":{"X-Vapi-Secret":"s"}`)
	require.NotContains(t, string(text), "credentialId")

	bare := vapi.Definitions([]vapi.Tool{{Name: "ping", Description: "Ping."}}, nil)
	text, err = json.Marshal(bare)
	require.NoError(t, err)
	require.JSONEq(t, `[{"type":"function","async":false,
		"function":{"name":"ping","description":"Ping.","parameters":{"type":"object","properties":{}}},
		"messages":[{"type":"request-start","content":"One moment.","blocking":false},
			{"type":"request-response-delayed","content":"I am still checking, thank you for waiting.","timingMilliseconds":4000}]}]`, string(text))
}

func TestAssistantFollowsItsOptions(t *testing.T) {
	o := options(t)
	o.Org.Locale, o.Org.Name = "de-DE", strings.Repeat("Ärztehaus ", 10)
	o.Transcriber, o.Provider, o.Model, o.VoiceModel = "nova-2-medical", "custom-llm", "mine", "sonic-2"
	o.FirstMessage, o.Instructions, o.WaitSeconds = "Guten Tag.", "Speak German.", 0.7
	a, err := vapi.NewAssistant(o)
	require.NoError(t, err)
	require.Equal(t, "de", a.Transcriber.Language)
	require.Equal(t, "nova-2-medical", a.Transcriber.Model)
	require.Equal(t, o.Terms, a.Transcriber.Keywords)
	require.Empty(t, a.Transcriber.Keyterm)
	require.Equal(t, "vapi", a.StartSpeakingPlan.SmartEndpointingPlan.Provider)
	require.Equal(t, 0.7, a.StartSpeakingPlan.WaitSeconds)
	require.Equal(t, "custom-llm", a.Model.Provider)
	require.Equal(t, "mine", a.Model.Model)
	require.Equal(t, "sonic-2", a.Voice.Model)
	require.Equal(t, "Guten Tag.", a.FirstMessage)
	require.LessOrEqual(t, len([]rune(a.Name)), 40)
	require.Contains(t, a.Model.Messages[0].Content, "Speak German.")

	o.Org = ikeja
	a, err = vapi.NewAssistant(o)
	require.NoError(t, err)
	require.Equal(t, "en", a.Transcriber.Language, "a variety that the transcriber does not know is its language")
	require.Equal(t, "livekit", a.StartSpeakingPlan.SmartEndpointingPlan.Provider)
	require.Contains(t, a.Model.Messages[0].Content, `{{"now" | date: "%A, %Y-%m-%d, %H:%M", "Africa/Lagos"}}`)
}

func TestAnAssistantThatCannotTextSaysNothingOfTexts(t *testing.T) {
	o := options(t)
	a, err := vapi.NewAssistant(o)
	require.NoError(t, err)
	require.Contains(t, a.Model.Messages[0].Content, `"May I text you the information at this number?"`)
	require.Contains(t, a.Model.Messages[0].Content, `known {{callerKnown | default: "no"}}`)

	o.Tools = o.Tools[:5]
	a, err = vapi.NewAssistant(o)
	require.NoError(t, err)
	require.NotContains(t, a.Model.Messages[0].Content, "text")
	require.NotContains(t, a.Model.Messages[0].Content, "{{caller")
}

func TestNewAssistantNamesTheOptionAndTheCure(t *testing.T) {
	for want, change := range map[string]func(*vapi.AssistantOptions){
		"AssistantOptions.Org: tenant: Org.ID is zero":           func(o *vapi.AssistantOptions) { o.Org = tenant.Org{} },
		"AssistantOptions.Server.URL is empty: use":              func(o *vapi.AssistantOptions) { o.Server.URL = "" },
		"AssistantOptions.VoiceID is empty: choose":              func(o *vapi.AssistantOptions) { o.VoiceID = "" },
		"AssistantOptions.WaitSeconds is out of range: use 0 to": func(o *vapi.AssistantOptions) { o.WaitSeconds = 6 },
		`Tool.Name is "": use`:                                   func(o *vapi.AssistantOptions) { o.Tools = []vapi.Tool{{}} },
	} {
		o := options(t)
		change(&o)
		_, err := vapi.NewAssistant(o)
		require.ErrorContains(t, err, want)
	}
}
