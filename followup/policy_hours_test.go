package followup_test

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

// everyZone loads the zones of the IANA database that comes with Go. Those that
// have shown, and will show, the same time all along the years that are tested
// count as one.
func everyZone(t testing.TB, from, to time.Time) (all []*time.Location) {
	t.Helper()
	root := os.Getenv("GOROOT") // go test sets it
	if root == "" {
		out, err := exec.Command("go", "env", "GOROOT").Output()
		require.NoError(t, err)
		root = strings.TrimSpace(string(out))
	}
	archive, err := zip.OpenReader(filepath.Join(root, "lib", "time", "zoneinfo.zip"))
	require.NoError(t, err)
	defer archive.Close()
	names, known := 0, map[string]bool{}
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		r, err := file.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		loc, err := time.LoadLocationFromTZData(file.Name, data)
		require.NoError(t, err, file.Name)
		names++
		_, offset := from.In(loc).Zone()
		key := fmt.Sprint(offset, changes(loc, from, to))
		if !known[key] {
			known[key] = true
			all = append(all, loc)
		}
	}
	require.Greater(t, names, 500, "zones")
	return all
}

// changes are the days on which the clock of a zone is put forward or back.
func changes(loc *time.Location, from, to time.Time) (days []time.Time) {
	_, before := from.In(loc).Zone()
	for at := from; at.Before(to); at = at.Add(24 * time.Hour) {
		if _, after := at.In(loc).Zone(); after != before {
			days, before = append(days, at.Add(-24*time.Hour)), after
		}
	}
	return days
}

// stateTable is the table of the states written another way: the hours of a
// weekday, a Saturday and a Sunday.
var stateTable = map[string][3][2]int{
	"":   {{8, 21}, {8, 21}, {8, 21}},
	"NY": {{8, 21}, {8, 21}, {8, 21}},
	"FL": {{8, 20}, {8, 20}, {8, 20}},
	"MD": {{8, 20}, {8, 20}, {8, 20}},
	"MS": {{8, 20}, {8, 20}, {8, 20}},
	"NJ": {{8, 20}, {8, 20}, {8, 20}},
	"OK": {{8, 20}, {8, 20}, {8, 20}},
	"CT": {{9, 20}, {9, 20}, {9, 20}},
	"TX": {{9, 21}, {9, 21}, {12, 21}},
	"RI": {{9, 18}, {10, 17}, {10, 17}},
}

// openAt reports whether the wall clock of loc shows an hour that is open in a
// state.
func openAt(at time.Time, loc *time.Location, state string) bool {
	wall := at.In(loc)
	h := stateTable[state][0]
	switch wall.Weekday() {
	case time.Saturday:
		h = stateTable[state][1]
	case time.Sunday:
		h = stateTable[state][2]
	}
	return h[0] <= wall.Hour() && wall.Hour() < h[1]
}

// zoneStride is 1 to test every zone.
var zoneStride = 1

// No message is sent outside the hours of any clock, nor is valid for longer than
// they last, on every day on which a clock of the world changes.
func TestStandardPolicy_Decide_OpenHoursOfEveryZone(t *testing.T) {
	t.Parallel()
	from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	newYork := zone("America/New_York")
	zones := everyZone(t, from, to)
	require.Greater(t, len(zones), 60, "zones that differ")
	count := map[followup.Action]int{}
	for i, loc := range zones {
		if i%zoneStride != 0 {
			continue
		}
		days := append(changes(loc, from, to), changes(newYork, from, to)[i%4], from.AddDate(0, 0, 3+i%7))
		for n, first := range days {
			for state := range stateTable {
				// The clinic is in the same zone, or in another.
				both := []*time.Location{loc, loc}
				if n%2 == 1 {
					both[1] = newYork
				}
				org := harley
				org.Zone = both[1]
				clinic := clinicOf(t, followup.SettingsConfig{Org: org, Open: 1, Close: 24 * 60})
				place := phone.Place{Country: "US", Region: state, Zones: []*time.Location{loc}}
				for _, at := range moments(first, loc) {
					d := decide(clinic, place, at)
					if why := wrong(d, at, both, state); why != "" {
						require.Fail(t, why, "in %s and %s, state %q, at %s: %+v", both[0], both[1], state, at.In(loc), d)
					}
					count[d.Action]++
				}
			}
		}
	}
	require.Greater(t, min(count[followup.Send], count[followup.Wait]), 50_000/zoneStride, "decisions of each kind")
}

// moments are around the full hours of two days of a zone.
func moments(first time.Time, loc *time.Location) (all []time.Time) {
	year, month, day := first.In(loc).Date()
	for hour := 6; hour < 24+22; hour++ {
		full := time.Date(year, month, day, hour, 0, 0, 0, loc)
		all = append(all, full.Add(-61*time.Second), full.Add(-59*time.Second), full.Add(-time.Nanosecond), full)
	}
	return all
}

// wrong returns how a decision contradicts the clocks; empty: it does not.
func wrong(d followup.Decision, now time.Time, zones []*time.Location, state string) string {
	open := func(at time.Time) bool {
		return openAt(at, zones[0], state) && openAt(at, zones[1], state)
	}
	switch d.Action {
	case followup.Send:
		valid := followup.ValidFor(now, d.Until)
		if !open(now) || !open(now.Add(valid-time.Nanosecond)) || valid < time.Minute {
			return "sent outside the hours"
		}
	case followup.Wait:
		if open(now) && open(now.Add(time.Minute-time.Nanosecond)) {
			return "kept waiting in open hours"
		}
		if !open(d.At) || open(d.At.Add(-time.Nanosecond)) && d.At.Sub(now) > time.Minute || d.At.Sub(now) > 8*24*time.Hour {
			return "waits for something else than the next opening"
		}
	case followup.Suppress:
		if d.Reason != followup.NoCommonHours || open(now) && open(now.Add(time.Minute)) {
			return "suppressed"
		}
	default:
		return "neither sent nor kept waiting"
	}
	return ""
}

// A policy that reads the clinic's clock alone must fail the test above.
func TestStandardPolicy_Decide_OpenHours_RedControl(t *testing.T) {
	t.Parallel()
	clinic := clinicOf(t, followup.SettingsConfig{Org: harley})
	both := []*time.Location{zone("America/Los_Angeles"), london}
	found := 0
	for _, at := range moments(noon, london) {
		if wrong(decide(clinic, phone.Place{Country: "GB"}, at), at, both, "") != "" {
			found++
		}
	}
	require.Greater(t, found, 10)
}

func TestStandardPolicy_Decide_ClockChanges(t *testing.T) {
	t.Parallel()
	const layout = "2006-01-02 15:04:05 MST"
	for _, c := range []struct{ why, zone, now, want string }{
		{"a day of 23 hours opens by the new clock", "America/New_York", "2026-03-08 01:30:00 EST", "2026-03-08 09:00:00 EDT"},
		{"a day of 25 hours opens by the new clock", "America/New_York", "2026-11-01 00:30:00 EDT", "2026-11-01 09:00:00 EST"},
		{"the evening before a short night", "Europe/London", "2026-03-28 20:00:00 GMT", "2026-03-29 09:00:00 BST"},
		{"the evening before a long night", "Europe/London", "2026-10-24 20:00:00 BST", "2026-10-25 09:00:00 GMT"},
		{"a day that does not happen", "Pacific/Apia", "2011-12-29 20:00:00 -10", "2011-12-31 09:00:00 +14"},
	} {
		org := harley
		org.Zone = zone(c.zone)
		clinic := clinicOf(t, followup.SettingsConfig{Org: org})
		now, err := time.ParseInLocation(layout, c.now, org.Zone)
		require.NoError(t, err)
		d := decide(clinic, phone.Place{Country: "GB"}, now)
		require.Equal(t, followup.Wait, d.Action, c.why)
		require.Equal(t, c.want, d.At.In(org.Zone).Format(layout), c.why)
	}
}

func TestStandardPolicy_Decide_SeveralZones(t *testing.T) {
	t.Parallel()
	clinic := clinicOf(t, followup.SettingsConfig{Org: harley})
	alaska := phone.NorthAmerica{}.Locate("+19075550143")
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	d := decide(clinic, alaska, noon)
	require.Equal(t, followup.Wait, d.Action)
	require.Equal(t, "19:00", d.At.UTC().Format("15:04"), "09:00 on the Aleutians")
	d = decide(clinic, alaska, d.At)
	require.Equal(t, followup.Send, d.Action)
	require.Equal(t, "20:00", d.Until.UTC().Format("15:04"), "20:00 in London")

	tollFree := phone.NorthAmerica{}.Locate("+18005550143")
	d = decide(clinic, tollFree, noon)
	require.Equal(t, followup.Wait, d.Action)
	require.Equal(t, "19:00", d.At.UTC().Format("15:04"), "09:00 in Hawaii")
	d = decide(clinic, tollFree, d.At)
	require.Equal(t, followup.Send, d.Action)
	require.Equal(t, "20:00", d.Until.UTC().Format("15:04"), "20:00 in London")
}

func TestValidFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 19, 0, 0, 0, time.UTC)
	for _, c := range []struct{ left, want time.Duration }{
		{3 * time.Hour, time.Hour},
		{time.Hour, time.Hour},
		{59*time.Minute + 900*time.Millisecond, 59 * time.Minute},
		{time.Second, time.Second},
		{999 * time.Millisecond, 0},
		{0, 0},
		{-time.Hour, 0},
	} {
		require.Equal(t, c.want, followup.ValidFor(now, now.Add(c.left)), c.left)
	}
}

func BenchmarkStandardPolicy_Decide(b *testing.B) {
	clinic := clinicOf(b, followup.SettingsConfig{Org: harley})
	night := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	for name, place := range map[string]phone.Place{
		"one zone":  {Country: "GB", Zones: []*time.Location{london}},
		"toll-free": phone.NorthAmerica{}.Locate("+18005550143"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				decide(clinic, place, night)
			}
		})
	}
}
