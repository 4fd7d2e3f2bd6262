package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func redline(t *testing.T, input string, args ...string) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, run(args, strings.NewReader(input), &out, false))
	return out.String()
}

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("contacts are marked and medical facts are replaced", func(t *testing.T) {
		t.Parallel()
		require.Equal(t,
			"My name is [CONTACT/PERSON: Sarah Connor], I live at [CONTACT/ADDRESS: 123 Harley Street] and I have [REDACTED: MEDICAL]\n",
			redline(t, "My name is Sarah Connor, I live at 123 Harley Street and I have heart disease\n"))
		require.Equal(t,
			"my name is [CONTACT/PERSON: sarah connor] i live at [CONTACT/ADDRESS: 123 harley street] and i have [REDACTED: MEDICAL]\n",
			redline(t, "my name is sarah connor i live at 123 harley street and i have heart disease\n"))
	})
	t.Run("-all replaces contacts too", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "It's [REDACTED: PERSON], call me on [REDACTED: PHONE].",
			redline(t, "It's Sarah Connor, call me on 07700 900123.", "-all"))
	})
	t.Run("a terminal gets colours", func(t *testing.T) {
		t.Parallel()
		var out strings.Builder
		require.NoError(t, run(nil, strings.NewReader("I have asthma."), &out, true))
		require.Equal(t, "I have \x1b[1;31m[REDACTED: MEDICAL]\x1b[0m.", out.String())
	})
	t.Run("-json prints places and no words", func(t *testing.T) {
		t.Parallel()
		out := redline(t, "é, I have asthma.", "-json")
		require.Contains(t, out, `{"start":11,"end":17,"label":"MEDICAL"`)
		require.NotContains(t, out, "asthma")
	})
	t.Run("-jsonl prints byte offsets per line", func(t *testing.T) {
		t.Parallel()
		out := redline(t, `{"id":"a","text":"é, I have asthma."}`+"\n"+`{"id":7,"text":"nothing here"}`+"\n", "-jsonl")
		require.Equal(t, `{"id":"a","spans":[{"start":11,"end":17,"label":"MEDICAL"}]}`+"\n"+`{"id":7,"spans":[]}`+"\n", out)
		err := run([]string{"-jsonl"}, strings.NewReader("I have asthma"), io.Discard, false)
		require.ErrorContains(t, err, "object 1")
		require.NotContains(t, err.Error(), "asthma")
	})
	t.Run("-eval prints score and speed", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "labelled.jsonl")
		line := `{"id":"1","source":"demo","text":"I have asthma.","spans":[{"start":7,"end":13,"label":"MEDICAL"}]}` + "\n"
		require.NoError(t, os.WriteFile(file, []byte(strings.Repeat(line, 100)), 0o600))
		out := redline(t, "", "-eval", file)
		require.Regexp(t, `demo +MEDICAL +100 +1\.000 +100 +1\.000 +1\.000`, out)
		require.Contains(t, out, "MB/s")
		require.Contains(t, redline(t, "", "-eval", "own"), "own-calls-asr")
	})
	t.Run("a whole line is written before the input ends", func(t *testing.T) {
		t.Parallel()
		in, feed := io.Pipe()
		out, drain := io.Pipe()
		done := make(chan error, 1)
		go func() {
			done <- run(nil, in, drain, false)
			drain.Close()
		}()
		go func() { _, _ = io.WriteString(feed, "i have asthma\n") }()
		got := make([]byte, len("i have [REDACTED: MEDICAL]\n"))
		_, err := io.ReadFull(out, got)
		require.NoError(t, err)
		require.Equal(t, "i have [REDACTED: MEDICAL]\n", string(got))
		feed.Close()
		_, err = io.ReadAll(out)
		require.NoError(t, err)
		require.NoError(t, <-done)
	})
	t.Run("an unknown region is refused", func(t *testing.T) {
		t.Parallel()
		require.ErrorContains(t, run([]string{"-region", "XX"}, strings.NewReader(""), io.Discard, false), "Region")
	})
}
