package jsonscan_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/vapi/internal/jsonscan"
)

func TestScanner(t *testing.T) {
	t.Parallel()
	t.Run("members are read in order and the rest is skipped", func(t *testing.T) {
		t.Parallel()
		s := jsonscan.New([]byte(`{"a":"\u00e9","b":[1,{"c":true}],"d":2.5} `))
		var read []string
		s.Object(func(key []byte) {
			if string(key) == "b" {
				s.Skip()
				return
			}
			read = append(read, string(key)+" "+s.Scalar())
		})
		s.End()
		require.False(t, s.Failed())
		require.Equal(t, []string{"a é", "d 2.5"}, read)
	})
	t.Run("the first error sticks", func(t *testing.T) {
		t.Parallel()
		s := jsonscan.New([]byte(`{"a":tru,"b":1}`))
		s.Object(func([]byte) { s.Skip() })
		require.True(t, s.Failed())
		require.Empty(t, s.Scalar())
	})
}

// FuzzScanner compares the scanner with encoding/json: the same texts are JSON.
func FuzzScanner(f *testing.F) {
	for _, text := range []string{``, `null`, `{"a":[1,-0.5e+3,"\ud800"]}`, `[`, `{"a":01}`, "\"\n\"", `{"a":1,}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := jsonscan.New(text)
		s.Skip()
		s.End()
		require.Equal(t, json.Valid(text), !s.Failed())
	})
}
