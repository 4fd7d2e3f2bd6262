package vapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// serviceDesk answers with everything there is, over a store in memory.
func serviceDesk(t testing.TB) *desk {
	store := memory.New(memory.Clock(clock))
	clinic, err := followup.NewSettings(followup.SettingsConfig{Org: harley})
	require.NoError(t, err)
	texts, err := followup.New(followup.Config{
		Store: store.FollowUps(), Settings: followup.StaticSettings{harley.ID: clinic}, Catalog: vapi.FollowUpCatalog(catalogs(t)), Now: clock,
	})
	require.NoError(t, err)
	books, err := vapi.BookingTools(vapi.BookingConfig{Service: service(t, store), Now: clock, FollowUp: texts})
	require.NoError(t, err)
	sends, err := vapi.FollowUpTools(vapi.FollowUpConfig{Service: texts})
	require.NoError(t, err)
	return newDesk(t, func(c *vapi.Config) {
		c.FollowUp, c.Tools, c.Assistant = texts, append(books, sends...), vapi.SavedAssistant("as-harley")
	})
}

func TestACallerWhoHungUpIsKnownTheNextTime(t *testing.T) {
	d := serviceDesk(t)
	require.Equal(t, nobody, variables(t, d.post(ring)))
	first := d.call("call-1", caller)
	require.Equal(t, "unknown_procedure", first.tool("send_information", args{"consent": true}).Status)
	require.Equal(t, "no_document", first.tool("send_information", args{"procedure": "a consultation", "consent": true}).Status)
	require.Equal(t, "noted", first.tool("send_information", args{"procedure": "a nose job", "consent": true}).Status)
	require.Equal(t, `{}`, d.post(about("status-update", `"status":"ended",`)).Body.String())

	values := variables(t, d.post(`{"message":{"type":"assistant-request","call":{"id":"call-2"},"customer":{"number":"`+caller+`"}}}`))
	require.Equal(t, "yes", values["callerKnown"])
	require.Equal(t, "2026-11-22", values["callerLastContact"])
	require.Equal(t, "yes", values["callerInterest"])

	second := d.call("call-2", caller)
	require.Equal(t, "noted", second.tool("send_information", args{"consent": "yes"}).Status, "the remembered one")
	require.Equal(t, "opted_out", second.tool("opt_out", args{}).Status)
	require.Equal(t, "opted_out", second.tool("send_information", args{"procedure": "botox", "consent": true}).Status)

	withheld := d.call("call-3", "+266696687")
	require.Equal(t, "no_number", withheld.tool("send_information", args{"procedure": "nose job", "consent": true}).Status)
	require.Equal(t, "no_number", withheld.tool("opt_out", args{}).Status)
}

func TestATimeThatWasAskedForIsRemembered(t *testing.T) {
	d := serviceDesk(t)
	d.call("call-1", caller).tool("check_availability", args{"service": "botox", "date": "2026-11-24", "time": "10:00"})
	require.Eventually(t, func() bool {
		return variables(t, d.post(ring))["callerWanted"] == "2026-11-24 10:00"
	}, 5*time.Second, time.Millisecond)
}
