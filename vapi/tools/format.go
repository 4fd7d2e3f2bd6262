package tools

import (
	"slices"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// formatter writes times as words, in the clinic's zone. The words are English:
// a model that speaks another language translates them. By the clinic's locale,
// the month comes before the day where that is usual ("Tuesday, July 14" in
// en-US, en-CA and en-PH, "Tuesday 14 July" elsewhere), and the clock has twelve
// hours in English ("9:30 AM", which every voice reads well) and twenty-four in
// other languages.
type formatter struct {
	zone       *time.Location
	now        time.Time
	english    bool
	monthFirst bool
}

func newFormatter(org tenant.Org, now time.Time) formatter {
	language, _, _ := strings.Cut(org.Locale, "-")
	return formatter{
		zone:       org.Zone,
		now:        now.In(org.Zone),
		english:    strings.EqualFold(language, "en"),
		monthFirst: slices.Contains([]string{"en-US", "en-CA", "en-PH"}, org.Locale),
	}
}

// dateTime writes the day and the time of t.
func (f formatter) dateTime(t time.Time) string { return f.date(t) + " at " + f.clock(t) }

// date writes the day of t, with the year unless it is the current one.
func (f formatter) date(t time.Time) string {
	t = t.In(f.zone)
	layout, year := "Monday 2 January", " 2006"
	if f.monthFirst {
		layout, year = "Monday, January 2", ", 2006"
	}
	if t.Year() != f.now.Year() {
		layout += year
	}
	return t.Format(layout)
}

func (f formatter) clock(t time.Time) string {
	if f.english {
		return t.In(f.zone).Format("3:04 PM")
	}
	return t.In(f.zone).Format("15:04")
}

// dateTimes writes several times in the given order, each day once:
// "Tuesday 14 July at 9:30 AM or 10:00 AM, or Wednesday 15 July at 9:00 AM".
func (f formatter) dateTimes(times []time.Time) string {
	var days []string
	for len(times) > 0 {
		day := f.date(times[0])
		n := 1
		for n < len(times) && f.date(times[n]) == day {
			n++
		}
		clocks := make([]string, n)
		for i, t := range times[:n] {
			clocks[i] = f.clock(t)
		}
		days = append(days, day+" at "+list(clocks, "or"))
		times = times[n:]
	}
	if len(days) > 1 {
		return strings.Join(days[:len(days)-1], ", ") + ", or " + days[len(days)-1]
	}
	return list(days, "or")
}

// list joins items, with the conjunction "and" or "or" before the last.
func list(items []string, conjunction string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " " + conjunction + " " + items[last]
}

// timeOfDay returns the time on the clock at t, in t's own zone.
func timeOfDay(t time.Time) schedule.TimeOfDay {
	return schedule.TimeOfDay(60*t.Hour() + t.Minute())
}
