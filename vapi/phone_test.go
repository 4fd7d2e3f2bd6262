package vapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/vapi"
)

func TestE164IsStrict(t *testing.T) {
	for text, want := range map[string]string{
		"+447700900456":             "+447700900456",
		" +44 7700 900-456 ":        "+447700900456",
		"+1 (202) 555.0143":         "+12025550143",
		"+44 (0)7700 900456":        "",
		"07700 900456":              "",
		"447700900456":              "",
		"00447700900456":            "",
		"+07700900456":              "",
		"+4477009":                  "",
		"+4477009004567890":         "",
		"+44 7700 9OO456":           "",
		"+44770090045６":             "",
		"++447700900456":            "",
		"+":                         "",
		"":                          "",
		"anonymous":                 "",
		"unknown":                   "",
		"sip:+447700900456@pbx":     "",
		"+447700900456,07700900457": "",
	} {
		got, ok := vapi.E164{}.ParsePhone(text, "GB")
		require.Equal(t, want, got, text)
		require.Equal(t, want != "", ok, text)
	}
}
