package tools_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

func TestDateTime(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"en-GB": "Tuesday 24 November at 1:30 PM is free.",
		"en-NG": "Tuesday 24 November at 1:30 PM is free.",
		"en-US": "Tuesday, November 24 at 1:30 PM is free.",
		"de-DE": "Tuesday 24 November at 13:30 is free.",
	} {
		require.Equal(t, want, checkIn(t, locale, "2026-11-24").Message, locale)
	}
	require.Equal(t, "Tuesday 5 January 2027 at 1:30 PM is free.", checkIn(t, "en-GB", "2027-01-05").Message)
	require.Equal(t, "Tuesday, January 5, 2027 at 1:30 PM is free.", checkIn(t, "en-US", "2027-01-05").Message)
}

// checkIn checks half past one at a clinic of a locale.
func checkIn(t *testing.T, locale, date string) handlertest.ToolResult {
	org := harley
	org.Locale = locale
	clinics := handlertest.DirectoryOf(org)
	all, err := tools.New(tools.Config{Booking: handlertest.Booking(t, memory.New()), Now: clock})
	require.NoError(t, err)
	d := newFixture(t, func(c *vapi.Config) { c.Directory, c.Tools = clinics, all })
	return d.Call("call-1", caller).Tool("check_availability", args{"service": "botox", "date": date, "time": "13:30"})
}
