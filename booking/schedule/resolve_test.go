package schedule_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant/walltime"
)

type (
	wall struct {
		date schedule.Date
		time schedule.TimeOfDay
	}
	resolver func(*time.Location, schedule.Date, schedule.TimeOfDay) (time.Time, walltime.Occurrence)
	tally    struct{ minutes, gaps, twice, wrong int64 }
)

func shown(t time.Time) wall {
	hour, minute, _ := t.Clock()
	return wall{schedule.DateOf(t), schedule.TimeOfDay(60*hour + minute)}
}

// examine compares the results of a resolver for every minute around a change
// with an independent computation: it renders every UTC minute there in the
// zone and notes which instants show which wall time. The two share only the
// clock that package time draws.
func examine(loc *time.Location, c change, resolve resolver) (n tally) {
	jump := int(max(c.after-c.before, c.before-c.after) / 60)
	reach := jump + 90
	first, times := map[wall]int64{}, map[wall]int{}
	for minute := -reach - jump; minute <= reach+jump; minute++ {
		at := c.at + int64(minute)*60
		w := shown(time.Unix(at, 0).In(loc))
		if times[w]++; times[w] == 1 {
			first[w] = at
		}
	}
	// Wall times without a zone, so also those that are never shown.
	from := time.Unix(c.at+c.before, 0).UTC().Add(-time.Duration(reach) * time.Minute)
	for minute := range 2 * reach {
		w := shown(from.Add(time.Duration(minute) * time.Minute))
		at, is := first[w], walltime.Once
		switch times[w] {
		case 0:
			n.gaps++
			at, is = c.at, walltime.Gap
		case 2:
			n.twice++
			is = walltime.Twice
		}
		n.minutes++
		if got, gotIs := resolve(loc, w.date, w.time); got.Unix() != at || gotIs != is {
			n.wrong++
		}
		if w.time == 0 {
			if got, gotIs := resolve(loc, w.date.AddDays(-1), schedule.Midnight24); got.Unix() != at || gotIs != is {
				n.wrong++
			}
		}
	}
	return n
}

func TestResolve_AroundEveryChangeInEveryZone(t *testing.T) {
	var changes, gaps, twice atomic.Int64
	inEveryZone(t, func(t *testing.T, loc *time.Location) {
		for _, c := range newReference(loc, utc(2020, 1, 1), utc(2041, 1, 1)).changes {
			n := examine(loc, c, schedule.Resolve)
			if n.wrong > 0 {
				t.Errorf("%s: %d of %d minutes around %v are wrong", loc, n.wrong, n.minutes, time.Unix(c.at, 0).UTC())
			}
			changes.Add(1)
			gaps.Add(n.gaps)
			twice.Add(n.twice)
		}
	})
	t.Logf("%d changes, %d minutes in gaps, %d minutes that happen twice", changes.Load(), gaps.Load(), twice.Load())
	require.Greater(t, changes.Load()*int64(zoneStride), int64(3000))
	require.Positive(t, gaps.Load())
	require.Positive(t, twice.Load())
}

// time.Date has other rules for gaps and overlaps, so examine must find it wrong.
func TestResolve_RedControl(t *testing.T) {
	t.Parallel()
	byTimeDate := func(loc *time.Location, d schedule.Date, at schedule.TimeOfDay) (time.Time, walltime.Occurrence) {
		_, is := schedule.Resolve(loc, d, at)
		return time.Date(d.Year, d.Month, d.Day, 0, int(at), 0, 0, loc), is
	}
	for _, name := range []string{"Europe/London", "America/New_York", "Australia/Lord_Howe"} {
		loc := zone(t, name)
		var n tally
		for _, c := range newReference(loc, utc(2026, 1, 1), utc(2027, 1, 1)).changes {
			m := examine(loc, c, byTimeDate)
			n.minutes, n.wrong = n.minutes+m.minutes, n.wrong+m.wrong
		}
		require.Positive(t, n.wrong, name)
		require.Less(t, n.wrong, n.minutes, name)
	}
}

// Changes minutes apart, hours back and forth: no real zone is like that, and
// the rules hold all the same, for Resolve and for Open.
func TestResolve_RandomZones(t *testing.T) {
	t.Parallel()
	ordered, crowded := 0, 0
	for seed := range uint64(3_000) {
		r := rand.New(rand.NewPCG(seed, 5))
		ref := randomZone(t, r)
		at := utc(2026, 11, 20)
		for minute := 0; minute < 5*24*60; minute += 1 + r.IntN(40) {
			w := shown(at.Add(time.Duration(minute) * time.Minute))
			want, times := ref.resolve(at.Unix() + int64(minute)*60)
			got, is := schedule.Resolve(ref.loc, w.date, w.time)
			wantIs := []walltime.Occurrence{walltime.Gap, walltime.Once, walltime.Twice}[min(times, 2)]
			if got.Unix() != want || is != wantIs {
				t.Fatalf("seed %d: %v is %v (%v), want %v (%v)", seed, w, got.UTC(), is, time.Unix(want, 0).UTC(), wantIs)
			}
			if times > 2 {
				crowded++
			}
		}

		h := randomHours(r, at)
		rules, err := schedule.Compile(h, ref.loc)
		require.NoError(t, err)
		from, to := at.Unix(), at.AddDate(0, 0, 5).Unix()
		want := openByReference(h, ref, from, to)
		if slices.IsSortedFunc(want, func(a, b schedule.Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) }) {
			ordered++
			require.Equal(t, want, rules.Open(nil, from, to), "seed %d", seed)
		}
	}
	require.Greater(t, ordered, 2_000)
	require.Positive(t, crowded, "times that happen three times")
}

// Zones that follow a yearly rule have no written changes; package time then
// cuts their periods at the year's end, a day early in leap years.
func TestResolve_AtEveryYearsEnd(t *testing.T) {
	inEveryZone(t, func(t *testing.T, loc *time.Location) {
		for year := 2020; year <= 2041; year++ {
			for day := -3; day <= 3; day++ {
				d := schedule.DateOf(utc(year, 1, 1).AddDate(0, 0, day))
				got, wall := schedule.Resolve(loc, d, 12*60)
				if wall != walltime.Once || schedule.DateOf(got) != d || got.Hour() != 12 || got.Minute() != 0 {
					t.Errorf("%s: noon of %v is %v (%v)", loc, d, got, wall)
				}
			}
		}
	})
}

func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		story      string
		zone, date string
		time       schedule.TimeOfDay
		want       string // in UTC
		wall       walltime.Occurrence
	}{
		{"an ordinary time", "Europe/London", "2026-07-01", 9 * 60, "2026-07-01T08:00:00Z", walltime.Once},
		{"a clinic without summer time", "Africa/Lagos", "2026-07-01", 15 * 60, "2026-07-01T14:00:00Z", walltime.Once},
		{"the last minute before a gap", "Europe/London", "2026-03-29", 59, "2026-03-29T00:59:00Z", walltime.Once},
		{"the start of a gap", "Europe/London", "2026-03-29", 60, "2026-03-29T01:00:00Z", walltime.Gap},
		{"the middle of a gap", "Europe/London", "2026-03-29", 90, "2026-03-29T01:00:00Z", walltime.Gap},
		{"the end of a gap", "Europe/London", "2026-03-29", 120, "2026-03-29T01:00:00Z", walltime.Once},
		{"the first of two", "Europe/London", "2026-10-25", 90, "2026-10-25T00:30:00Z", walltime.Twice},
		{"after the second of two", "Europe/London", "2026-10-25", 120, "2026-10-25T02:00:00Z", walltime.Once},
		{"half an hour back", "Australia/Lord_Howe", "2026-04-05", 105, "2026-04-04T14:45:00Z", walltime.Twice},
		{"half an hour forward", "Australia/Lord_Howe", "2026-10-04", 135, "2026-10-03T15:30:00Z", walltime.Gap},
		{"two hours forward", "Antarctica/Troll", "2026-03-29", 150, "2026-03-29T01:00:00Z", walltime.Gap},
		{"a quarter past the hour", "Pacific/Chatham", "2026-09-27", 3 * 60, "2026-09-26T14:00:00Z", walltime.Gap},
		{"midnight in a gap", "Africa/Cairo", "2026-04-24", 0, "2026-04-23T22:00:00Z", walltime.Gap},
		{"24:00 in the same gap", "Africa/Cairo", "2026-04-23", schedule.Midnight24, "2026-04-23T22:00:00Z", walltime.Gap},
		{"a day that was skipped", "Pacific/Apia", "2011-12-30", 9 * 60, "2011-12-30T10:00:00Z", walltime.Gap},
		{"the day before it", "Pacific/Apia", "2011-12-29", 9 * 60, "2011-12-29T19:00:00Z", walltime.Once},
		{"the day after it", "Pacific/Apia", "2011-12-31", 9 * 60, "2011-12-30T19:00:00Z", walltime.Once},
		{"a day that happened twice", "America/Juneau", "1867-10-19", 12 * 60, "1867-10-18T20:57:41Z", walltime.Twice},
		{"an offset with seconds", "Africa/Monrovia", "1960-06-01", 9 * 60, "1960-06-01T09:44:30Z", walltime.Once},
		{"before 1970", "America/New_York", "1951-04-29", 150, "1951-04-29T07:00:00Z", walltime.Gap},
		{"a leap year's last day", "America/New_York", "2096-12-31", 9 * 60, "2096-12-31T14:00:00Z", walltime.Once},
		{"the date line", "Pacific/Kiritimati", "2026-01-01", 0, "2025-12-31T10:00:00Z", walltime.Once},
	} {
		t.Run(tt.story, func(t *testing.T) {
			d, err := schedule.ParseDate(tt.date)
			require.NoError(t, err)
			got, wall := schedule.Resolve(zone(t, tt.zone), d, tt.time)
			require.Equal(t, tt.want, got.UTC().Format(time.RFC3339))
			require.Equal(t, tt.wall, wall)
			require.Equal(t, tt.zone, got.Location().String())
		})
	}
}
