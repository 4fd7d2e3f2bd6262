package vapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
)

func TestReport_Transcript(t *testing.T) {
	t.Parallel()
	t.Run("speech is found in every place and never printed", func(t *testing.T) {
		t.Parallel()
		const words = "AI: Hello. User: I have heart disease."
		for _, body := range []string{
			`"artifact":{"transcript":"` + words + `","messages":[{"role":"user"}]},"transcript":"older copy"`,
			`"artifact":{"transcript":""},"transcript":"` + words + `"`,
			`"call":{"transcript":"` + words + `"}`,
		} {
			got := decode(t, `{"message":{"type":"end-of-call-report",`+body+`}}`).Report()
			require.Equal(t, words, got.Transcript.Reveal(), body)
			require.Zero(t, got.Summary.Len())

			var log handlertest.LogBuffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("ended", "report", got)
			encoded, err := json.Marshal(got)
			require.NoError(t, err)
			for _, out := range []string{log.String(), string(encoded), fmt.Sprintf("%v %+v %#v", got, got, got)} {
				require.NotContains(t, out, "heart disease")
			}
		}
		got := decode(t, `{"message":{"type":"end-of-call-report","summary":"older","analysis":{"summary":"Asked for a checkup."}}}`).Report()
		require.Equal(t, "Asked for a checkup.", got.Summary.Reveal())
	})
}

func TestConfig_Redactor(t *testing.T) {
	t.Parallel()
	t.Run("an error with words of a caller is redacted in the log", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, func(c *vapi.Config) {
			c.Tools = []vapi.Tool{{Name: "look", Description: "looks", Call: func(context.Context, vapi.ToolCall) (vapi.ToolResult, error) {
				return vapi.ToolResult{}, errors.New("no record of Sarah Connor, +447700900123, sarah@example.com, who has heart disease")
			}}}
		})
		r := handlertest.Results(t, d.Call("call-7", caller).Send("look", args{}))
		require.NotEmpty(t, r[0].Error)
		require.Contains(t, d.Log.String(), `"outcome":"failed"`)
		require.Contains(t, d.Log.String(), `"call":"call-7"`, "ids stay readable")
		require.Contains(t, d.Log.String(), `"org":"`+harley.ID.String()+`"`)
		for _, private := range []string{"Sarah", "Connor", "7700", "example.com", "heart", "disease"} {
			require.NotContains(t, d.Log.String(), private)
			require.NotContains(t, r[0].Error, private)
		}
	})
}
