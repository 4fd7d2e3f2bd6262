package schedule

import (
	"errors"
	"fmt"
)

// ErrTimeOfDay is what [ParseTimeOfDay] answers to anything but a time of day.
// It does not repeat the text, which may be a caller's words.
var ErrTimeOfDay = errors.New("schedule: not a time of day: want HH:MM from 00:00 to 23:59")

// TimeOfDay is a wall-clock time in minutes since midnight, 0 to 1439.
// [Midnight24] stands only where an end is meant.
type TimeOfDay int

// Midnight24 is 24:00, the midnight that ends a day: the end of a [Window]
// that lasts until the next day begins.
const Midnight24 TimeOfDay = 24 * 60

// ParseTimeOfDay reads exactly HH:MM from 00:00 to 23:59; anything else is
// [ErrTimeOfDay]. 24:00 is no time at which something starts, so it is refused
// here and read only as the end of a [Window].
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

// MarshalText writes what UnmarshalText reads. What is not a time of day is
// [ErrTimeOfDay], and so is [Midnight24].
func (t TimeOfDay) MarshalText() ([]byte, error) {
	if t < 0 || t >= Midnight24 {
		return nil, ErrTimeOfDay
	}
	return []byte(t.String()), nil
}

// UnmarshalText reads what [ParseTimeOfDay] reads.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	parsed, err := ParseTimeOfDay(string(text))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}
