package schedule

import (
	"errors"
	"fmt"
)

// ErrTimeOfDay is the error of [ParseTimeOfDay] for any other text. It never
// repeats the text, which may be a caller's words.
var ErrTimeOfDay = errors.New("schedule: not a time of day: want HH:MM from 00:00 to 23:59")

// TimeOfDay is a wall-clock time in minutes since midnight, 0 to 1439.
// [Midnight24] is allowed for an end only.
type TimeOfDay int

// Midnight24 is 24:00, the midnight that ends a day: the end of a [Window]
// that lasts until the next day begins.
const Midnight24 TimeOfDay = 24 * 60

// ParseTimeOfDay reads exactly HH:MM from 00:00 to 23:59; anything else is
// [ErrTimeOfDay]. Only the end of a [Window] may be 24:00: no appointment
// starts at it.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	if len(s) != len("HH:MM") || s[2] != ':' {
		return 0, ErrTimeOfDay
	}
	hour, ok1 := digits(s[:2])
	minute, ok2 := digits(s[3:])
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, ErrTimeOfDay
	}
	return TimeOfDay(60*hour + minute), nil
}

// String returns t as HH:MM.
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// MarshalText writes t as HH:MM. The error for a time outside the day, and for
// [Midnight24], is [ErrTimeOfDay].
func (t TimeOfDay) MarshalText() ([]byte, error) {
	if t < 0 || t >= Midnight24 {
		return nil, ErrTimeOfDay
	}
	return []byte(t.String()), nil
}

// UnmarshalText reads t as [ParseTimeOfDay] does.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	parsed, err := ParseTimeOfDay(string(text))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}
