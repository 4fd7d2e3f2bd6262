package callwaiting

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

// Duration is a length of time in a document: "30m", "1h30m", "366d". A day has
// 24 hours.
type Duration time.Duration

var errDuration = errors.New("is not a duration: write it like \"30m\", \"2h\" or \"7d\"")

// UnmarshalText reads the form of [time.ParseDuration], or whole days.
func (d *Duration) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 10*366 {
			return errDuration
		}
		*d = Duration(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return errDuration
	}
	*d = Duration(parsed)
	return nil
}

// MarshalText writes a form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) {
	const day = 24 * time.Hour
	if v := time.Duration(d); v > 0 && v%day == 0 {
		return fmt.Appendf(nil, "%dd", v/day), nil
	}
	return []byte(time.Duration(d).String()), nil
}

// Clock is a time of day in a document, in minutes after midnight, such as
// "09:00"; the end of a day is "24:00". Zero stands for the default.
type Clock int

// UnmarshalText reads HH:MM, from 00:01 to 24:00.
func (c *Clock) UnmarshalText(text []byte) error {
	if string(text) == schedule.Midnight24.String() {
		*c = Clock(schedule.Midnight24)
		return nil
	}
	t, err := schedule.ParseTimeOfDay(string(text))
	if err != nil {
		return errors.New("is not a time of day: write it as HH:MM, such as \"09:00\"")
	}
	if t == 0 { // in followup.SettingsConfig it is the default
		return errors.New("is 00:00: write \"00:01\" for the start of a day and \"24:00\" for its end")
	}
	*c = Clock(t)
	return nil
}

// MarshalText writes HH:MM.
func (c Clock) MarshalText() ([]byte, error) { return []byte(schedule.TimeOfDay(c).String()), nil }

// LocalTime is a date and a time on the clinic's clock, such as
// "2026-12-24 12:00"; a date alone means its midnight.
type LocalTime booking.LocalTime

// UnmarshalText reads "YYYY-MM-DD HH:MM", with a space or a T, or "YYYY-MM-DD".
func (l *LocalTime) UnmarshalText(text []byte) error {
	day, clock, timed := strings.Cut(strings.Replace(string(text), "T", " ", 1), " ")
	parsed, err := schedule.ParseDate(day)
	var at schedule.TimeOfDay
	if timed && err == nil {
		at, err = schedule.ParseTimeOfDay(clock)
	}
	if err != nil {
		return errors.New("is not a local time: write it as \"2026-12-24 12:00\" or \"2026-12-24\"")
	}
	*l = LocalTime{Date: parsed, Time: at}
	return nil
}

// MarshalText writes "YYYY-MM-DD HH:MM".
func (l LocalTime) MarshalText() ([]byte, error) {
	return []byte(l.Date.String() + " " + l.Time.String()), nil
}
