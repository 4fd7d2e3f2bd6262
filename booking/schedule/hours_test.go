package schedule_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

func TestParseDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]schedule.Date{
		"2026-11-22": {Year: 2026, Month: time.November, Day: 22},
		"2028-02-29": {Year: 2028, Month: time.February, Day: 29},
		"0001-01-01": {Year: 1, Month: time.January, Day: 1},
		"9999-12-31": {Year: 9999, Month: time.December, Day: 31},
	} {
		got, err := schedule.ParseDate(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{
		"", "2026-11-2", "2026-11-222", "26-11-22", "2026/11/22", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00",
		"0000-01-01", "-026-01-01", "+026-01-01", "2026-+1-01", "2026-1 -01", " 2026-11-2", "next Tuesday", "2026-11-2２",
	} {
		got, err := schedule.ParseDate(text)
		require.ErrorIs(t, err, schedule.ErrDate, text)
		require.Zero(t, got)
	}
}

func TestParseTimeOfDay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]schedule.TimeOfDay{"00:00": 0, "09:05": 9*60 + 5, "23:59": 1439} {
		got, err := schedule.ParseTimeOfDay(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "24:00", "9:00", "09:60", "0900", "09:00:00", "09:00 ", "2:30 PM", "-1:00", "+9:00", "09.00", "noon!"} {
		got, err := schedule.ParseTimeOfDay(text)
		require.ErrorIs(t, err, schedule.ErrTimeOfDay, text)
		require.Zero(t, got)
	}
}

func TestParseDate_ErrorsNeverRepeatTheCallersWords(t *testing.T) {
	t.Parallel()
	const words = "my knee, +44 7700 900123"
	var w schedule.Window
	_, dateErr := schedule.ParseDate(words)
	_, timeErr := schedule.ParseTimeOfDay(words)
	for _, err := range []error{dateErr, timeErr, w.UnmarshalText([]byte(words))} {
		require.Error(t, err)
		require.NotContains(t, err.Error(), "knee")
		require.NotContains(t, err.Error(), "900123")
	}
}

func TestDate_AgreesWithPackageTime(t *testing.T) {
	t.Parallel()
	start := schedule.Date{Year: 1896, Month: time.February, Day: 28}
	for n := -400; n < 60_000; n += 7 {
		want := time.Date(1896, time.February, 28+n, 12, 0, 0, 0, time.UTC)
		got := start.AddDays(n)
		require.Equal(t, schedule.DateOf(want), got)
		require.Equal(t, want.Weekday(), got.Weekday())
		require.Equal(t, want.Format(time.DateOnly), got.String())
		require.Equal(t, n > 0, start.Before(got))
		require.Equal(t, -got.Compare(start), start.Compare(got))
	}
}

func TestHours_JSON(t *testing.T) {
	t.Parallel()
	const text = `{
		"week": {"monday": ["09:00-12:00", "13:00-17:00"], "saturday": ["22:00-24:00"]},
		"dates": {"2026-12-24": ["09:00-12:00"], "2026-12-25": []}
	}`
	var h schedule.Hours
	require.NoError(t, json.Unmarshal([]byte(text), &h))
	require.NoError(t, h.Validate())
	require.Equal(t, windows(t, "09:00-12:00", "13:00-17:00"), h.On(schedule.Date{Year: 2026, Month: 11, Day: 23}))
	require.Equal(t, windows(t, "09:00-12:00"), h.On(schedule.Date{Year: 2026, Month: 12, Day: 24}))
	require.Empty(t, h.On(schedule.Date{Year: 2026, Month: 12, Day: 25}), "a date without windows is closed")
	require.Empty(t, h.On(schedule.Date{Year: 2026, Month: 11, Day: 24}), "a day not named is closed")
	require.Equal(t, schedule.Midnight24, h.Week[time.Saturday][0].To)

	out, err := json.Marshal(h)
	require.NoError(t, err)
	require.JSONEq(t, text, string(out))
}

func TestHours_InvalidJSON(t *testing.T) {
	t.Parallel()
	for story, text := range map[string]string{
		"a mistyped day":          `{"week": {"munday": ["09:00-17:00"]}}`,
		"a day's capital":         `{"week": {"Monday": ["09:00-17:00"]}}`,
		"a window without an end": `{"week": {"monday": ["09:00"]}}`,
		"a window of no length":   `{"week": {"monday": ["09:00-09:00"]}}`,
		"a window over midnight":  `{"week": {"monday": ["22:00-02:00"]}}`,
		"a start at 24:00":        `{"week": {"monday": ["24:00-24:00"]}}`,
		"an end after 24:00":      `{"week": {"monday": ["22:00-24:01"]}}`,
		"spaces":                  `{"week": {"monday": ["09:00 - 17:00"]}}`,
		"a date that is none":     `{"dates": {"2026-02-30": []}}`,
		"a list of days":          `{"week": []}`,
	} {
		h := schedule.Hours{}
		require.Error(t, json.Unmarshal([]byte(text), &h), story)
	}
	_, err := json.Marshal(schedule.Hours{Week: schedule.Week{{{From: 60, To: 30}}}})
	require.ErrorIs(t, err, schedule.ErrWindow)
	_, err = json.Marshal(schedule.Hours{Dates: map[schedule.Date][]schedule.Window{{}: nil}})
	require.ErrorContains(t, err, schedule.ErrDate.Error())
	_, err = schedule.Midnight24.MarshalText()
	require.ErrorIs(t, err, schedule.ErrTimeOfDay)
}

func TestHours_Validate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		hours schedule.Hours
		want  string
	}{
		{schedule.Hours{Week: schedule.Week{time.Tuesday: {{60, 30}}}}, "week.tuesday: window 1 (01:00-00:30) does not end after it starts"},
		{schedule.Hours{Week: schedule.Week{time.Tuesday: {{60, 1441}}}}, "week.tuesday: window 1 (01:00-24:01) leaves the day"},
		{schedule.Hours{Week: schedule.Week{time.Friday: {{60, 120}, {90, 180}}}}, "week.friday: window 2 (01:30-03:00) starts before 01:00-02:00 ends: sort"},
		{schedule.Hours{Week: schedule.Week{time.Friday: {{600, 660}, {60, 120}}}}, "week.friday: window 2 (01:00-02:00) starts before 10:00-11:00 ends: sort"},
		{schedule.Hours{Dates: map[schedule.Date][]schedule.Window{{2026, 12, 24}: {{60, 60}}}}, "dates.2026-12-24: window 1"},
		{schedule.Hours{Dates: map[schedule.Date][]schedule.Window{{2026, 2, 30}: nil}}, "dates.2026-02-30: no such day"},
	} {
		require.ErrorContains(t, tt.hours.Validate(), tt.want)
	}
	touching := schedule.Hours{Week: schedule.Week{{{0, 720}, {720, 1440}}}}
	require.NoError(t, touching.Validate())
}

func FuzzParseDate(f *testing.F) {
	f.Add("2026-11-22")
	f.Add("2026-02-30")
	f.Add("0000-00-00")
	f.Fuzz(func(t *testing.T, text string) {
		want, wantErr := time.Parse(time.DateOnly, text)
		got, err := schedule.ParseDate(text)
		if err != nil {
			require.ErrorIs(t, err, schedule.ErrDate)
			require.True(t, wantErr != nil || want.Year() == 0, "package time reads %q", text)
			return
		}
		require.NoError(t, wantErr, "package time does not read %q", text)
		require.Equal(t, schedule.DateOf(want), got)
		require.Equal(t, text, got.String())
	})
}

func FuzzParseTimeOfDay(f *testing.F) {
	f.Add("09:30")
	f.Add("24:00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := schedule.ParseTimeOfDay(text)
		if err != nil {
			require.ErrorIs(t, err, schedule.ErrTimeOfDay)
			return
		}
		want, err := time.Parse("15:04", text)
		require.NoError(t, err, "package time does not read %q", text)
		require.Equal(t, schedule.TimeOfDay(60*want.Hour()+want.Minute()), got)
		require.Equal(t, text, got.String())
	})
}

func FuzzHours(f *testing.F) {
	f.Add([]byte(`{"week":{"monday":["09:00-17:00"]},"dates":{"2026-12-25":[]}}`))
	f.Add([]byte(`{"week":{"sunday":["00:00-24:00","12:00-13:00"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var h schedule.Hours
		if json.Unmarshal(data, &h) != nil {
			return
		}
		out, err := json.Marshal(h)
		require.NoError(t, err, "a week that was read can be written")
		var again schedule.Hours
		require.NoError(t, json.Unmarshal(out, &again))
		if h.Validate() == nil {
			rules, err := schedule.Compile(h, time.UTC)
			require.NoError(t, err)
			rules2, err := schedule.Compile(again, time.UTC)
			require.NoError(t, err)
			from, to := utc(2026, 12, 1).Unix(), utc(2027, 1, 1).Unix()
			require.Equal(t, rules.Open(nil, from, to), rules2.Open(nil, from, to))
		}
	})
}
