package walltime_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/tenant/walltime"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// wall reads a wall time as the number that package walltime counts.
func wall(t testing.TB, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.DateTime, text)
	require.NoError(t, err)
	return at.Unix()
}

// Package schedule examines Resolve around every change of every zone; these
// cases are the ones a reader wants to see, with the last instant as well.
func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, wall, first, last string
		want                          walltime.Occurrence
	}{
		{"an ordinary time", "Europe/London", "2026-07-01 09:00:00", "2026-07-01T08:00:00Z", "2026-07-01T08:00:00Z", walltime.Once},
		{"in a gap", "Europe/London", "2026-03-29 01:30:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", walltime.Gap},
		{"at the end of a gap", "Europe/London", "2026-03-29 02:00:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", walltime.Once},
		{"an hour that happens twice", "Europe/London", "2026-10-25 01:30:00", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", walltime.Twice},
		{"half an hour that happens twice", "Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", walltime.Twice},
		{"a day that was skipped", "Pacific/Apia", "2011-12-30 09:00:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", walltime.Gap},
		{"a day that happened twice", "America/Juneau", "1867-10-19 12:00:00", "1867-10-18T20:57:41Z", "1867-10-19T20:57:41Z", walltime.Twice},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, last, occurrence := walltime.Resolve(zone(t, c.zone), wall(t, c.wall))
			require.Equal(t, c.first, time.Unix(first, 0).UTC().Format(time.RFC3339))
			require.Equal(t, c.last, time.Unix(last, 0).UTC().Format(time.RFC3339))
			require.Equal(t, c.want, occurrence)
		})
	}
}

func TestResolve_EveryInstantIsAmongTheInstantsOfItsWallTime(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Lagos", "Antarctica/Troll"} {
		loc := zone(t, name)
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
		cursor := walltime.NewCursor(loc, walltime.Of(time.Unix(from, 0).In(loc)))
		highest := int64(0)
		for at := from; at < from+366*24*60*60; at += 15 * 60 {
			w := walltime.Of(time.Unix(at, 0).In(loc))
			first, last, occurrence := walltime.Resolve(loc, w)
			require.True(t, at == first || at == last, "%s: %v is %d or %d", name, time.Unix(at, 0).In(loc), first, last)
			require.Equal(t, first != last, occurrence == walltime.Twice)
			if w >= highest {
				highest = w
				require.Equal(t, first, cursor.Resolve(w), "%s: %v", name, time.Unix(at, 0).In(loc))
			}
		}
	}
}

func ExampleResolve() {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	for _, night := range []time.Time{
		time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC),  // the clock goes from 01:00 to 02:00
		time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), // the clock goes from 02:00 to 01:00
	} {
		first, last, occurrence := walltime.Resolve(london, night.Unix())
		show := func(at int64) string { return time.Unix(at, 0).In(london).Format("15:04 MST") }
		fmt.Println("01:30 happens", occurrence, show(first), show(last))
	}
	// Output:
	// 01:30 happens gap 02:00 BST 02:00 BST
	// 01:30 happens twice 01:30 BST 01:30 GMT
}
