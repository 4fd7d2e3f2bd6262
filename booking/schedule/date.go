package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

const secondsPerDay = 24 * 60 * 60

// ErrDate is the error of [ParseDate] for any other text. It never repeats the
// text, which may be a caller's words.
var ErrDate = errors.New("schedule: not a date: want a day that exists as YYYY-MM-DD")

// Date is a calendar day, without a zone. It is comparable and serves as a
// map key. The zero Date is invalid.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads exactly YYYY-MM-DD, years 0001 to 9999, and only a day that
// exists; anything else is [ErrDate].
func ParseDate(s string) (Date, error) {
	if len(s) != len("YYYY-MM-DD") || s[4] != '-' || s[7] != '-' {
		return Date{}, ErrDate
	}
	year, ok1 := digits(s[:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:])
	d := Date{year, time.Month(month), day}
	if !ok1 || !ok2 || !ok3 || !d.valid() {
		return Date{}, ErrDate
	}
	return d, nil
}

// DateOf returns the day of t in t's location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// String returns d as YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// AddDays returns the day n days after d; before it, if n is negative.
func (d Date) AddDays(n int) Date { return dateOfDay(d.day() + int64(n)) }

// Weekday returns the day of the week of d.
func (d Date) Weekday() time.Weekday { return weekdayOf(d.day()) }

// Before reports whether d comes before e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// Compare returns -1 if d comes before e, +1 if after, and 0 if they are the
// same day.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// MarshalText writes d as YYYY-MM-DD. The error for a date that does not exist
// is [ErrDate].
func (d Date) MarshalText() ([]byte, error) {
	if !d.valid() {
		return nil, ErrDate
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads d as [ParseDate] does.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func (d Date) valid() bool {
	return d.Year >= 1 && d.Year <= 9999 && d.Month >= time.January && d == dateOfDay(d.day())
}

// day counts the days from 1970-01-01 to d.
func (d Date) day() int64 {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
}

func dateOfDay(day int64) Date { return DateOf(time.Unix(day*secondsPerDay, 0).UTC()) }

// weekdayOf knows that 1970-01-01 was a Thursday.
func weekdayOf(day int64) time.Weekday {
	return time.Weekday(((day+int64(time.Thursday))%7 + 7) % 7)
}

// digits reads ASCII digits only: strconv.Atoi would take a sign.
func digits(s string) (n int, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
