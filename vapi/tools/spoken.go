package tools

import (
	"slices"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A speaker puts times into words, in the clinic's zone. The words are English:
// a model that speaks another language translates them. By the clinic's locale,
// the month comes before the day where that is usual ("Tuesday, July 14" in
// en-US, en-CA and en-PH, "Tuesday 14 July" elsewhere), and the clock has twelve
// hours in English ("9:30 AM", which every voice reads well) and twenty-four in
// other languages.
type speaker struct {
	zone       *time.Location
	now        time.Time
	english    bool
	monthFirst bool
}

func speakerOf(org tenant.Org, now time.Time) speaker {
	language, _, _ := strings.Cut(org.Locale, "-")
	return speaker{
		zone:       org.Zone,
		now:        now.In(org.Zone),
		english:    strings.EqualFold(language, "en"),
		monthFirst: slices.Contains([]string{"en-US", "en-CA", "en-PH"}, org.Locale),
	}
}

// moment is the day and the time of t.
func (s speaker) moment(t time.Time) string { return s.day(t) + " at " + s.clock(t) }

// day names the day of t, with its year if that is not this one.
func (s speaker) day(t time.Time) string {
	t = t.In(s.zone)
	layout, year := "Monday 2 January", " 2006"
	if s.monthFirst {
		layout, year = "Monday, January 2", ", 2006"
	}
	if t.Year() != s.now.Year() {
		layout += year
	}
	return t.Format(layout)
}

func (s speaker) clock(t time.Time) string {
	if s.english {
		return t.In(s.zone).Format("3:04 PM")
	}
	return t.In(s.zone).Format("15:04")
}

// moments names several times, each day once, in the order they are given:
// "Tuesday 14 July at 9:30 AM or 10:00 AM, or Wednesday 15 July at 9:00 AM".
func (s speaker) moments(times []time.Time) string {
	var days []string
	for len(times) > 0 {
		day := s.day(times[0])
		n := 1
		for n < len(times) && s.day(times[n]) == day {
			n++
		}
		clocks := make([]string, n)
		for i, t := range times[:n] {
			clocks[i] = s.clock(t)
		}
		days = append(days, day+" at "+listed(clocks, "or"))
		times = times[n:]
	}
	if len(days) > 1 {
		return strings.Join(days[:len(days)-1], ", ") + ", or " + days[len(days)-1]
	}
	return listed(days, "or")
}

// listed lists things, with "and" or "or" before the last of them.
func listed(things []string, word string) string {
	if len(things) < 2 {
		return strings.Join(things, "")
	}
	last := len(things) - 1
	return strings.Join(things[:last], ", ") + " " + word + " " + things[last]
}

// timeOfDay is what the clock shows at t, in t's own zone.
func timeOfDay(t time.Time) schedule.TimeOfDay {
	return schedule.TimeOfDay(60*t.Hour() + t.Minute())
}
