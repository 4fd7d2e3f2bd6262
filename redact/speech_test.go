package redact_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func TestSpeech(t *testing.T) {
	t.Parallel()
	t.Run("every verb and every encoder writes a placeholder", func(t *testing.T) {
		t.Parallel()
		const words = "i have chlamydia"
		s := redact.NewSpeech(words)
		type hidden struct{ s redact.Speech }
		type shown struct{ S redact.Speech }
		for _, x := range []any{s, &s, hidden{s}, &hidden{s}, shown{s}, []redact.Speech{s}, map[string]redact.Speech{"a": s}, map[redact.Speech]int{s: 1}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%t", "%10.3s", "%w", "%!"} {
				require.NotContains(t, fmt.Sprintf(verb, x), "chlamydia", verb)
				require.NotContains(t, fmt.Sprintf(verb, x), fmt.Sprintf("%x", "chlamydia"), verb)
			}
			var logs bytes.Buffer
			slog.New(slog.NewTextHandler(&logs, nil)).Info("said", "it", x)
			slog.New(slog.NewJSONHandler(&logs, nil)).Info("said", "it", x)
			require.NotContains(t, logs.String(), "chlamydia")
			encoded, _ := json.Marshal(x)
			require.NotContains(t, string(encoded), "chlamydia")
		}
		require.NotContains(t, fmt.Errorf("call: %w", errors.New(s.String())).Error(), "chlamydia")
		var page bytes.Buffer
		require.NoError(t, template.Must(template.New("").Parse("{{.}} {{.S}}")).Execute(&page, shown{s}))
		require.NotContains(t, page.String(), "chlamydia")

		require.Equal(t, words, s.Reveal())
		require.Equal(t, len(words), s.Len())
		require.Equal(t, "", redact.Speech{}.Reveal())
		require.Equal(t, `said="[REDACTED: SPEECH]"`, fmt.Sprintf("said=%q", s)[:5]+`"`+s.String()+`"`)
	})
}

func TestSpeech_UnmarshalJSON(t *testing.T) {
	t.Parallel()
	t.Run("a JSON string is read, and an error does not quote the input", func(t *testing.T) {
		t.Parallel()
		var call struct {
			Transcript redact.Speech  `json:"transcript"`
			Absent     redact.Speech  `json:"absent"`
			Null       *redact.Speech `json:"null"`
		}
		require.NoError(t, json.Unmarshal([]byte(`{"transcript":"i have \"asthma\"","null":null}`), &call))
		require.Equal(t, `i have "asthma"`, call.Transcript.Reveal())
		require.Equal(t, "", call.Absent.Reveal())

		encoded, err := json.Marshal(call)
		require.NoError(t, err)
		require.JSONEq(t, `{"transcript":"[REDACTED: SPEECH]","absent":"[REDACTED: SPEECH]","null":null}`, string(encoded))

		err = json.Unmarshal([]byte(`{"transcript":{"asthma":1}}`), &call)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "asthma")
	})
}
