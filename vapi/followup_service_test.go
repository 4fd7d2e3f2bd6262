package vapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/assistant"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// fullFixture has all tools, follow-up and an assistant, over a store in memory.
func fullFixture(t testing.TB) *fixture {
	store := memory.New(memory.Clock(clock))
	clinic, err := followup.NewSettings(followup.SettingsConfig{Org: harley})
	require.NoError(t, err)
	texts, err := followup.New(followup.Config{
		Store: store.FollowUps(), Settings: followup.StaticSettings{harley.ID: clinic}, Catalog: tools.Procedures(handlertest.Catalogs(t)), Now: clock,
	})
	require.NoError(t, err)
	all, err := tools.New(tools.Config{Booking: handlertest.Booking(t, store), FollowUp: texts, Now: clock})
	require.NoError(t, err)
	return newFixture(t, func(c *vapi.Config) {
		c.FollowUp, c.Tools, c.Assistant = texts, all, assistant.Saved("as-harley")
	})
}

func TestFollowUp_Service(t *testing.T) {
	t.Parallel()
	t.Run("a caller that hung up is known in the next call", func(t *testing.T) {
		t.Parallel()
		d := fullFixture(t)
		require.Equal(t, unknownCaller, variables(t, d.Post(assistantRequest)))
		first := d.Call("call-1", caller)
		require.Equal(t, "unknown_procedure", first.Tool("send_information", args{"consent": true}).Status)
		require.Equal(t, "no_document", first.Tool("send_information", args{"procedure": "a consultation", "consent": true}).Status)
		require.Equal(t, "noted", first.Tool("send_information", args{"procedure": "a nose job", "consent": true}).Status)
		require.Equal(t, `{}`, d.Post(about("status-update", `"status":"ended",`)).Body.String())

		values := variables(t, d.Post(`{"message":{"type":"assistant-request","call":{"id":"call-2"},"customer":{"number":"`+caller+`"}}}`))
		require.Equal(t, "yes", values["callerKnown"])
		require.Equal(t, "2026-11-22", values["callerLastContact"])
		require.Equal(t, "yes", values["callerInterest"])

		second := d.Call("call-2", caller)
		require.Equal(t, "noted", second.Tool("send_information", args{"consent": "yes"}).Status, "the remembered one")
		require.Equal(t, "opted_out", second.Tool("opt_out", args{}).Status)
		require.Equal(t, "opted_out", second.Tool("send_information", args{"procedure": "botox", "consent": true}).Status)

		withheld := d.Call("call-3", "+266696687")
		require.Equal(t, "no_number", withheld.Tool("send_information", args{"procedure": "nose job", "consent": true}).Status)
		require.Equal(t, "no_number", withheld.Tool("opt_out", args{}).Status)
	})
	t.Run("a requested time is known in the next call", func(t *testing.T) {
		t.Parallel()
		d := fullFixture(t)
		d.Call("call-1", caller).Tool("check_availability", args{"service": "botox", "date": "2026-11-24", "time": "10:00"})
		require.Eventually(t, func() bool {
			return variables(t, d.Post(assistantRequest))["callerWanted"] == "2026-11-24 10:00"
		}, 5*time.Second, time.Millisecond)
	})
}
