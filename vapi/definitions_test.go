package vapi_test

import (
	"encoding/json"
	"testing"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
	"github.com/stretchr/testify/require"
)

func TestDefinitions(t *testing.T) {
	t.Parallel()
	server := vapi.NewServer("https://clinic.example/vapi/harley", "cred-1")
	all, err := tools.New(tools.Config{Booking: handlertest.Booking(t, memory.New()), FollowUp: new(handlertest.FollowUp)})
	require.NoError(t, err)
	handlertest.Golden(t, "definitions-2026-11.json", vapi.Definitions(all, &server))

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
