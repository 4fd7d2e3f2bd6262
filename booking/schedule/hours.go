package schedule

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ErrWindow is the error for text or times that are not a [Window].
var ErrWindow = errors.New("schedule: not opening hours: want HH:MM-HH:MM, at most 24:00, the end after the start")

// Window is one stretch of opening hours in wall time, [From, To). As text it
// is "09:00-17:00"; a window that lasts until midnight ends at 24:00.
type Window struct{ From, To TimeOfDay }

// String returns w as HH:MM-HH:MM.
func (w Window) String() string { return w.From.String() + "-" + w.To.String() }

// MarshalText writes w as HH:MM-HH:MM. The error for a window that does not end
// after it starts, on the same day, is [ErrWindow].
func (w Window) MarshalText() ([]byte, error) {
	if !w.valid() {
		return nil, ErrWindow
	}
	return []byte(w.String()), nil
}

// UnmarshalText reads exactly HH:MM-HH:MM, the end after the start and at
// most 24:00; anything else is [ErrWindow].
func (w *Window) UnmarshalText(text []byte) error {
	from, to, _ := strings.Cut(string(text), "-")
	start, err := ParseTimeOfDay(from)
	if err != nil {
		return ErrWindow
	}
	end := Midnight24
	if to != Midnight24.String() {
		if end, err = ParseTimeOfDay(to); err != nil {
			return ErrWindow
		}
	}
	parsed := Window{start, end}
	if !parsed.valid() {
		return ErrWindow
	}
	*w = parsed
	return nil
}

func (w Window) valid() bool { return w.From >= 0 && w.From < w.To && w.To <= Midnight24 }

// Week is the opening hours of each day of the week, indexed by
// [time.Weekday]; a day without windows is closed. As JSON it is an object
// with lower-case English names of days, closed days left out:
// {"monday":["09:00-12:00","13:00-17:00"]}.
type Week [7][]Window

// MarshalJSON writes the object that [Week] describes.
func (w Week) MarshalJSON() ([]byte, error) {
	days := make(map[string][]Window, len(w))
	for day, windows := range w {
		if len(windows) > 0 {
			days[dayName(time.Weekday(day))] = windows
		}
	}
	return json.Marshal(days)
}

// UnmarshalJSON replaces w. A name that is not a day of the week is an error,
// because a mistyped day would otherwise be closed without notice.
func (w *Week) UnmarshalJSON(data []byte) error {
	var days map[string][]Window
	if err := json.Unmarshal(data, &days); err != nil {
		return err
	}
	var week Week
	for day := range week {
		name := dayName(time.Weekday(day))
		week[day] = days[name]
		delete(days, name)
	}
	for name := range days {
		return fmt.Errorf("schedule: week.%s: not a day: want sunday, monday, … saturday", name)
	}
	*w = week
	return nil
}

func dayName(d time.Weekday) string { return strings.ToLower(d.String()) }

// Hours are the opening hours of a clinic, a practitioner or a room: a week
// that repeats, and single dates that differ. The hours of a date replace
// those of its weekday; a date with no windows (in JSON [] or null) is closed.
type Hours struct {
	Week  Week              `json:"week"`
	Dates map[Date][]Window `json:"dates,omitempty"`
}

// On returns the windows of one day.
func (h Hours) On(d Date) []Window {
	if windows, ok := h.Dates[d]; ok {
		return windows
	}
	return h.Week[d.Weekday()]
}

// Validate returns an error that names the day and the fix, unless every
// window ends after it starts and each day's windows are in order and do not
// overlap. Windows may touch: they are then one opening, in which the second
// window begins its own grid.
func (h Hours) Validate() error {
	for day, windows := range h.Week {
		if err := validate("week."+dayName(time.Weekday(day)), windows); err != nil {
			return err
		}
	}
	for _, d := range slices.SortedFunc(maps.Keys(h.Dates), Date.Compare) {
		if !d.valid() {
			return fmt.Errorf("schedule: dates.%s: no such day: remove it", d)
		}
		if err := validate("dates."+d.String(), h.Dates[d]); err != nil {
			return err
		}
	}
	return nil
}

func validate(field string, windows []Window) error {
	for i, w := range windows {
		switch {
		case w.From < 0 || w.To > Midnight24:
			return fmt.Errorf("schedule: %s: window %d (%s) leaves the day: keep it between 00:00 and 24:00", field, i+1, w)
		case w.From >= w.To:
			return fmt.Errorf("schedule: %s: window %d (%s) does not end after it starts: swap its ends, or split it at midnight into -24:00 and 00:00-", field, i+1, w)
		case i > 0 && w.From < windows[i-1].To:
			return fmt.Errorf("schedule: %s: window %d (%s) starts before %s ends: sort the windows and join those that overlap", field, i+1, w, windows[i-1])
		}
	}
	return nil
}
