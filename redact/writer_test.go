package redact_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// inPieces writes text through a Writer in pieces of random length.
func inPieces(t testing.TB, e *redact.Engine, text string, rng *rand.Rand) string {
	t.Helper()
	var out bytes.Buffer
	w := redact.NewWriter(&out, e)
	longest := 1 + rng.IntN(2000)
	for len(text) > 0 {
		n := min(len(text), 1+rng.IntN(longest))
		k, err := w.Write([]byte(text[:n]))
		require.NoError(t, err)
		require.Equal(t, n, k)
		text = text[n:]
	}
	require.NoError(t, w.Close())
	return out.String()
}

func TestWriter(t *testing.T) {
	t.Parallel()
	t.Run("the output equals Redact of the whole, however the text is divided", func(t *testing.T) {
		t.Parallel()
		e := engine(t, redact.Config{})
		rng := rand.New(rand.NewPCG(1, 2))
		texts := calls
		for range 60 {
			var b strings.Builder
			for b.Len() < 1+rng.IntN(20_000) {
				b.WriteString(texts[rng.IntN(len(texts))])
				b.WriteByte(" \n"[rng.IntN(2)])
			}
			text := b.String()
			require.Equal(t, e.Redact(text), inPieces(t, e, text, rng))
		}
	})
	t.Run("a flagged marker is not written, however the text is divided", func(t *testing.T) {
		t.Parallel()
		const marker = "QQ-marker. 07 QQ"
		e := engine(t, redact.Config{Recognizers: append(redact.Builtin(), wordRecognizer{marker: {Kind: "MARK", Score: 1}})})
		rng := rand.New(rand.NewPCG(3, 4))
		texts := calls
		for range 60 {
			var b strings.Builder
			for b.Len() < 1+rng.IntN(15_000) {
				b.WriteString(texts[rng.IntN(len(texts))])
				b.WriteString([]string{" ", "", "\n"}[rng.IntN(3)])
				b.WriteString(marker)
			}
			got := inPieces(t, e, b.String(), rng)
			require.NotContains(t, got, marker)
			require.NotContains(t, got, "QQ")
		}
	})
	t.Run("at most 5 KB are held back until Flush", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		w := redact.NewWriter(&out, engine(t, redact.Config{}))
		for range 10_000 {
			_, err := w.WriteString("still talking. ")
			require.NoError(t, err)
		}
		require.Greater(t, out.Len(), 10_000*15-5*1024)
		require.NoError(t, w.Flush())
		require.Equal(t, 10_000*15, out.Len())

		_, err := w.WriteString("i have heart")
		require.NoError(t, err)
		_, err = w.WriteString(" disease")
		require.NoError(t, err)
		require.Equal(t, 10_000*15, out.Len(), "nothing leaves before it is understood")
		require.NoError(t, w.Close())
		require.Equal(t, "i have [REDACTED: MEDICAL]", out.String()[10_000*15:])
		require.NoError(t, w.Close())
		_, err = w.WriteString("more")
		require.Error(t, err)
	})
	t.Run("a fault is written as [REDACTED: ERROR]", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		e := engine(t, only(failingRecognizer{panics: true}))
		w := redact.NewWriter(&out, e)
		for range 1000 {
			_, err := w.WriteString("sarah has asthma. ")
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		require.Empty(t, strings.ReplaceAll(out.String(), "[REDACTED: ERROR]", ""))
		require.NotZero(t, e.Faults())
	})
	t.Run("an error of the underlying writer is returned from then on", func(t *testing.T) {
		t.Parallel()
		w := redact.NewWriter(failingWriter{}, engine(t, redact.Config{}))
		_, err := w.WriteString("short")
		require.NoError(t, err, "held back")
		require.ErrorIs(t, w.Flush(), errDiskFull)
		_, err = w.WriteString("more")
		require.ErrorIs(t, err, errDiskFull)
		require.ErrorIs(t, w.Close(), errDiskFull)
	})
}

type failingWriter struct{}

var errDiskFull = errors.New("disk full")

func (failingWriter) Write([]byte) (int, error) { return 0, errDiskFull }
