package assistant_test

import (
	"context"
	"fmt"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/assistant"
)

// Encode the assistant as JSON and paste it into Vapi, or return it from
// vapi.Config.Assistant.
func ExampleNew() {
	a, err := assistant.New(assistant.Options{
		Org:     harley,
		Server:  vapi.NewServer("https://clinic.example/vapi/harley", "credential-1"),
		VoiceID: "voice-1",
		Terms:   []string{"rhinoplasty"},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(a.FirstMessage)
	fmt.Println(a.Model.Model, a.Transcriber.Model, a.Transcriber.Keyterm)
	fmt.Println(a.ServerMessages, "recorded:", a.ArtifactPlan.RecordingEnabled)

	_, err = assistant.New(assistant.Options{Org: harley})
	fmt.Println(err)

	// Output:
	// Hello, Harley Street Clinic, how can I help you?
	// gpt-4.1 nova-3 [rhinoplasty]
	// [status-update end-of-call-report tool-calls hang] recorded: false
	// assistant: Options.Server.URL is empty: use vapi.NewServer with the URL of the clinic's Handler
}

func ExampleSaved() {
	choose := assistant.Saved("assistant-1") // for vapi.Config.Assistant
	choice, err := choose(context.Background(), tenant.Org{})
	fmt.Println(choice.AssistantID, err)

	// Output:
	// assistant-1 <nil>
}
