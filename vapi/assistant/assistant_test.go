package assistant_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/assistant"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

func options(t testing.TB) assistant.Options {
	all, err := tools.New(tools.Config{Booking: handlertest.Booking(t, memory.New()), FollowUp: new(handlertest.FollowUp)})
	require.NoError(t, err)
	return assistant.Options{
		Org:     harley,
		Server:  vapi.NewServer("https://clinic.example/vapi/harley", "cred-1"),
		Tools:   all,
		VoiceID: "voice-1",
		Terms:   []string{"botox", "rhinoplasty"},
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	t.Run("the golden file is JSON that Vapi takes", func(t *testing.T) {
		// The golden files agree with Vapi's API reference of August 2026.
		t.Parallel()
		a, err := assistant.New(options(t))
		require.NoError(t, err)
		handlertest.Golden(t, "assistant-2026-11.json", a)
	})
	t.Run("each option is in the assistant", func(t *testing.T) {
		t.Parallel()
		o := options(t)
		o.Org.Locale, o.Org.Name = "de-DE", strings.Repeat("Ärztehaus ", 10)
		o.Transcriber, o.Provider, o.Model, o.VoiceModel = "nova-2-medical", "custom-llm", "mine", "sonic-2"
		o.FirstMessage, o.Instructions, o.WaitSeconds = "Guten Tag.", "Speak German.", 0.7
		a, err := assistant.New(o)
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
		a, err = assistant.New(o)
		require.NoError(t, err)
		require.Equal(t, "en", a.Transcriber.Language, "a variety that the transcriber does not know is its language")
		require.Equal(t, "livekit", a.StartSpeakingPlan.SmartEndpointingPlan.Provider)
		require.Contains(t, a.Model.Messages[0].Content, `{{"now" | date: "%A, %Y-%m-%d, %H:%M", "Africa/Lagos"}}`)
	})
	t.Run("an assistant without the texting tools has no prompt about texts", func(t *testing.T) {
		t.Parallel()
		o := options(t)
		a, err := assistant.New(o)
		require.NoError(t, err)
		require.Contains(t, a.Model.Messages[0].Content, `"May I text you the information at this number?"`)
		require.Contains(t, a.Model.Messages[0].Content, `known {{callerKnown | default: "no"}}`)

		o.Tools = o.Tools[:5]
		a, err = assistant.New(o)
		require.NoError(t, err)
		require.NotContains(t, a.Model.Messages[0].Content, "text")
		require.NotContains(t, a.Model.Messages[0].Content, "{{caller")
	})
	t.Run("an error names the option and the fix", func(t *testing.T) {
		t.Parallel()
		for want, change := range map[string]func(*assistant.Options){
			"Options.Org: tenant: Org.ID is zero":           func(o *assistant.Options) { o.Org = tenant.Org{} },
			"Options.Server.URL is empty: use":              func(o *assistant.Options) { o.Server.URL = "" },
			"Options.VoiceID is empty: choose":              func(o *assistant.Options) { o.VoiceID = "" },
			"Options.WaitSeconds is out of range: use 0 to": func(o *assistant.Options) { o.WaitSeconds = 6 },
			`Tool.Name is "": use`:                          func(o *assistant.Options) { o.Tools = []vapi.Tool{{}} },
		} {
			o := options(t)
			change(&o)
			_, err := assistant.New(o)
			require.ErrorContains(t, err, want)
		}
	})
}
