package schedule_test

import (
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

// openByReference asks every window of every day for its two instants.
func openByReference(h schedule.Hours, ref *reference, from, to int64) (spans []schedule.Span) {
	first := schedule.DateOf(time.Unix(from, 0).UTC()).AddDays(-4)
	last := schedule.DateOf(time.Unix(to, 0).UTC()).AddDays(4)
	for d := first; !last.Before(d); d = d.AddDays(1) {
		midnight := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix()
		for _, w := range h.On(d) {
			start, _ := ref.resolve(midnight + 60*int64(w.From))
			end, _ := ref.resolve(midnight + 60*int64(w.To))
			if start < end && start < to && end > from {
				spans = append(spans, schedule.Span{Start: start, End: end})
			}
		}
	}
	return spans
}

// randomDay returns windows that often begin and end at midnight and in the
// small hours, where clocks change.
func randomDay(r *rand.Rand) (windows []schedule.Window) {
	var edges []schedule.TimeOfDay
	for range 2 * r.IntN(4) {
		edge := schedule.TimeOfDay(r.IntN(1441))
		switch r.IntN(4) {
		case 0:
			edge = schedule.TimeOfDay(15 * r.IntN(4*4+1))
		case 1:
			edge = schedule.TimeOfDay(1440 * r.IntN(2))
		}
		edges = append(edges, edge)
	}
	slices.Sort(edges)
	for ; len(edges) > 0; edges = edges[2:] {
		if w := (schedule.Window{From: edges[0], To: edges[1]}); w.From < w.To {
			windows = append(windows, w)
		}
	}
	return windows
}

func zoneSeed(loc *time.Location) uint64 { return uint64(crc32.ChecksumIEEE([]byte(loc.String()))) }

func randomHours(r *rand.Rand, near time.Time) schedule.Hours {
	h := schedule.Hours{Dates: map[schedule.Date][]schedule.Window{}}
	for day := range h.Week {
		h.Week[day] = randomDay(r)
	}
	for range r.IntN(30) {
		h.Dates[schedule.DateOf(near).AddDays(r.IntN(400)-200)] = randomDay(r)
	}
	return h
}

func checkOrdered(t *testing.T, spans []schedule.Span) {
	t.Helper()
	for i, s := range spans {
		if s.Start >= s.End || i > 0 && s.Start < spans[i-1].End {
			t.Errorf("spans %d and %d are out of order", i-1, i)
		}
	}
}

func TestRules_Open_InEveryZoneFor20Years(t *testing.T) {
	from, to := utc(2020, 1, 1), utc(2041, 1, 1)
	inEveryZone(t, func(t *testing.T, loc *time.Location) {
		ref := newReference(loc, from.AddDate(0, 0, -9), to.AddDate(0, 0, 9))
		r := rand.New(rand.NewPCG(2020, zoneSeed(loc)))
		h := randomHours(r, utc(2030, 1, 1))
		rules, err := schedule.Compile(h, loc)
		if err != nil {
			t.Error(err)
			return
		}
		got := rules.Open(nil, from.Unix(), to.Unix())
		if !slices.Equal(got, openByReference(h, ref, from.Unix(), to.Unix())) {
			t.Errorf("%s: opening hours %v differ from the reference", loc, h)
		}
		checkOrdered(t, got)
	})
}

// Before 1972 zones had offsets with seconds, changed by odd amounts at odd
// times, and moved across the date line.
func TestRules_Open_AroundEveryChangeBefore1972(t *testing.T) {
	inEveryZone(t, func(t *testing.T, loc *time.Location) {
		whole := newReference(loc, utc(1840, 1, 1), utc(1972, 1, 1))
		r := rand.New(rand.NewPCG(1840, zoneSeed(loc)))
		for i, c := range whole.changes {
			const reach = 20 * 24 * 60 * 60
			ref := &reference{loc: loc}
			for _, near := range whole.changes[max(0, i-5):min(len(whole.changes), i+6)] {
				if near.at > c.at-reach && near.at < c.at+reach {
					ref.changes = append(ref.changes, near)
				}
			}
			h := randomHours(r, time.Unix(c.at, 0))
			rules, err := schedule.Compile(h, loc)
			if err != nil {
				t.Error(err)
				return
			}
			from := c.at - r.Int64N(5*24*60*60)
			to := c.at + r.Int64N(5*24*60*60)
			got := rules.Open(nil, from, to)
			if !slices.Equal(got, openByReference(h, ref, from, to)) {
				t.Errorf("%s: opening hours around %v differ from the reference", loc, time.Unix(c.at, 0).UTC())
			}
			checkOrdered(t, got)
		}
	})
}

func TestRules_Open(t *testing.T) {
	t.Parallel()
	always := func(text string) (week schedule.Week) {
		for day := range week {
			week[day] = windows(t, text)
		}
		return week
	}
	for _, tt := range []struct {
		story, zone string
		hours       schedule.Hours
		from, to    string
		want        []string // in the zone
	}{
		{
			"a span that meets the range is whole", "Europe/London", schedule.Hours{Week: always("09:00-17:00")},
			"2026-07-01T12:00:00+01:00", "2026-07-02T09:00:01+01:00",
			[]string{"2026-07-01 09:00 +0100 8h0m0s", "2026-07-02 09:00 +0100 8h0m0s"},
		}, {
			"a span that only touches the range is left out", "Europe/London", schedule.Hours{Week: always("09:00-17:00")},
			"2026-07-01T17:00:00+01:00", "2026-07-02T09:00:00+01:00", nil,
		}, {
			"an empty range has no spans", "Europe/London", schedule.Hours{Week: always("09:00-17:00")},
			"2026-07-01T12:00:00+01:00", "2026-07-01T12:00:00+01:00", nil,
		}, {
			"a night that loses an hour", "Europe/London", schedule.Hours{Week: always("00:00-06:00")},
			"2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z",
			[]string{"2026-03-29 00:00 +0000 5h0m0s"},
		}, {
			"a night that gains an hour", "Europe/London", schedule.Hours{Week: always("00:00-06:00")},
			"2026-10-25T00:00:00Z", "2026-10-25T12:00:00Z",
			[]string{"2026-10-25 00:00 +0100 7h0m0s"},
		}, {
			"an opening in a gap is put off to its end", "Europe/Berlin", schedule.Hours{Week: always("02:30-04:00")},
			"2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z",
			[]string{"2026-03-29 03:00 +0200 1h0m0s"},
		}, {
			"a window inside a gap is swallowed", "Europe/Berlin", schedule.Hours{Week: always("02:15-02:45")},
			"2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z", nil,
		}, {
			"a window over an hour that happens twice opens at the first", "Europe/Berlin", schedule.Hours{Week: always("02:30-03:00")},
			"2026-10-25T00:00:00Z", "2026-10-25T12:00:00Z",
			[]string{"2026-10-25 02:30 +0200 1h30m0s"},
		}, {
			"round the clock the days touch, whatever their length", "Africa/Cairo", schedule.Hours{Week: always("00:00-24:00")},
			"2026-04-23T12:00:00+02:00", "2026-04-24T12:00:00+03:00",
			[]string{"2026-04-23 00:00 +0200 24h0m0s", "2026-04-24 01:00 +0300 23h0m0s"},
		}, {
			"a day that was skipped is closed", "Pacific/Apia", schedule.Hours{Week: always("09:00-17:00")},
			"2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00",
			[]string{"2011-12-29 09:00 -1000 8h0m0s", "2011-12-31 09:00 +1400 8h0m0s"},
		}, {
			"a date replaces its weekday", "Africa/Lagos",
			schedule.Hours{Week: always("09:00-17:00"), Dates: map[schedule.Date][]schedule.Window{
				{Year: 2026, Month: 12, Day: 25}: nil,
				{Year: 2026, Month: 12, Day: 24}: windows(t, "09:00-11:30", "12:00-13:00"),
			}},
			"2026-12-23T18:00:00+01:00", "2026-12-26T18:00:00+01:00",
			[]string{"2026-12-24 09:00 +0100 2h30m0s", "2026-12-24 12:00 +0100 1h0m0s", "2026-12-26 09:00 +0100 8h0m0s"},
		}, {
			"without hours it is closed", "Africa/Lagos", schedule.Hours{},
			"2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", nil,
		}, {
			"before 1970", "America/New_York", schedule.Hours{Week: always("20:00-24:00")},
			"1969-12-31T00:00:00-05:00", "1970-01-01T00:00:00-05:00",
			[]string{"1969-12-31 20:00 -0500 4h0m0s"},
		}, {
			"an offset with seconds", "Africa/Monrovia", schedule.Hours{Week: always("09:00-10:00")},
			"1960-06-01T00:00:00Z", "1960-06-02T00:00:00Z",
			[]string{"1960-06-01 09:00 -0044 1h0m0s"},
		},
	} {
		t.Run(tt.story, func(t *testing.T) {
			loc := zone(t, tt.zone)
			rules, err := schedule.Compile(tt.hours, loc)
			require.NoError(t, err)
			var got []string
			for _, s := range rules.Open(nil, instant(t, tt.from), instant(t, tt.to)) {
				got = append(got, time.Unix(s.Start, 0).In(loc).Format("2006-01-02 15:04 -0700 ")+
					(time.Duration(s.End-s.Start)*time.Second).String())
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestRules_Open_AllocatesOnlyForRoom(t *testing.T) {
	rules, err := schedule.Compile(schedule.Hours{Week: schedule.Week{time.Monday: windows(t, "09:00-17:00")}}, zone(t, "Europe/London"))
	require.NoError(t, err)
	from, to := utc(2026, 1, 1).Unix(), utc(2027, 1, 1).Unix()
	kept := schedule.Span{Start: math.MinInt64, End: math.MinInt64 + 1}
	dst := rules.Open([]schedule.Span{kept}, from, to)
	require.Len(t, dst, 1+52)
	require.Equal(t, kept, dst[0])
	require.Zero(t, testing.AllocsPerRun(10, func() { dst = rules.Open(dst[:1], from, to) }))
}

func TestCompile_CopiesTheHours(t *testing.T) {
	t.Parallel()
	h := schedule.Hours{Week: schedule.Week{time.Monday: windows(t, "09:00-17:00")}}
	rules, err := schedule.Compile(h, time.UTC)
	require.NoError(t, err)
	h.Week[time.Monday][0].From = 0
	require.Equal(t, []schedule.Span{{Start: instant(t, "2026-11-23T09:00:00Z"), End: instant(t, "2026-11-23T17:00:00Z")}},
		rules.Open(nil, utc(2026, 11, 23).Unix(), utc(2026, 11, 24).Unix()))
}

func TestCompile_InvalidHours(t *testing.T) {
	t.Parallel()
	_, err := schedule.Compile(schedule.Hours{}, nil)
	require.ErrorContains(t, err, "time.LoadLocation")
	_, err = schedule.Compile(schedule.Hours{Week: schedule.Week{{{From: 10, To: 10}}}}, time.UTC)
	require.ErrorContains(t, err, "week.sunday")
}

func windows(t testing.TB, texts ...string) (windows []schedule.Window) {
	t.Helper()
	for _, text := range texts {
		var w schedule.Window
		require.NoError(t, w.UnmarshalText([]byte(text)))
		windows = append(windows, w)
	}
	return windows
}

func instant(t testing.TB, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at.Unix()
}
