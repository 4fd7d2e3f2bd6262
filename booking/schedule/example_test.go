package schedule_test

import (
	"encoding/json"
	"fmt"
	"time"
	_ "time/tzdata"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

// A London clinic on the weekend on which the clocks go back: its hours stay
// 09:00 on the wall, and move by one hour in UTC. The Sunday has 25 hours.
func Example() {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	var hours schedule.Hours
	err = json.Unmarshal([]byte(`{
		"week":  {"saturday": ["09:00-10:30"], "sunday": ["00:30-02:30"], "monday": ["09:00-10:30"]},
		"dates": {"2026-10-31": []}
	}`), &hours)
	if err != nil {
		panic(err)
	}
	rules, err := schedule.Compile(hours, london)
	if err != nil {
		panic(err)
	}

	from, _ := schedule.Resolve(london, schedule.Date{Year: 2026, Month: time.October, Day: 24}, 0)
	to := from.AddDate(0, 0, 8)
	open := rules.Open(nil, from.Unix(), to.Unix())
	for _, s := range open {
		start := time.Unix(s.Start, 0).In(london)
		fmt.Println(start.Format("Mon 15:04 MST"), time.Duration(s.End-s.Start)*time.Second, "from", start.UTC().Format("15:04Z"))
	}

	// A start at 09:00 on Monday is taken.
	taken, _ := schedule.Resolve(london, schedule.Date{Year: 2026, Month: time.October, Day: 26}, 9*60)
	busy := []schedule.Span{{Start: taken.Unix(), End: taken.Add(30 * time.Minute).Unix()}}
	spec := schedule.Spec{Duration: 30 * time.Minute, After: 10 * time.Minute, Grid: 15 * time.Minute}
	fmt.Print("Mon 09:00 is ", schedule.Fits(open, busy, spec, taken.Unix()))
	weekday := ""
	for _, t := range schedule.Starts(nil, open, busy, spec) {
		start := time.Unix(t, 0).In(london)
		if start.Format("Mon") != weekday {
			weekday = start.Format("Mon")
			fmt.Printf("\n%s", weekday)
		}
		fmt.Print(start.Format(" 15:04"))
	}

	// Output:
	// Sat 09:00 BST 1h30m0s from 08:00Z
	// Sun 00:30 BST 3h0m0s from 23:30Z
	// Mon 09:00 GMT 1h30m0s from 09:00Z
	// Mon 09:00 is busy
	// Sat 09:00 09:15 09:30 09:45 10:00
	// Sun 00:30 00:45 01:00 01:15 01:30 01:45 01:00 01:15 01:30 01:45 02:00
	// Mon 09:30 09:45 10:00
}

// An hour with a practitioner, any of two, in the one room: the three starts
// nearest to the one asked for.
func ExampleNearest() {
	day := schedule.Span{Start: 9 * 3600, End: 17 * 3600} // of 1970-01-01, in UTC
	open := []schedule.Span{day}
	ada := []schedule.Span{{Start: 9 * 3600, End: 12 * 3600}}
	ben := []schedule.Span{{Start: 10 * 3600, End: 15 * 3600}}
	room := []schedule.Span{{Start: 12 * 3600, End: 13 * 3600}}
	spec := schedule.Spec{Duration: time.Hour, Grid: 30 * time.Minute}

	starts := func(dst []int64, in schedule.Span) []int64 {
		spec.Range = in
		either := schedule.UnionStarts(nil,
			schedule.Starts(nil, open, ada, spec),
			schedule.Starts(nil, open, ben, spec))
		return schedule.Keep(dst, either, open, room, spec)
	}
	for _, t := range schedule.Nearest(nil, 12*3600, 3, day, starts) {
		fmt.Println(time.Unix(t, 0).UTC().Format("15:04"))
	}
	// Output:
	// 13:00
	// 13:30
	// 14:00
}

func ExampleCompile() {
	hours := schedule.Hours{Week: schedule.Week{time.Monday: {{From: 9 * 60, To: 12 * 60}, {From: 13 * 60, To: 17 * 60}}}}
	rules, err := schedule.Compile(hours, time.UTC)
	if err != nil {
		panic(err)
	}
	monday := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	for _, s := range rules.Open(nil, monday.Unix(), monday.AddDate(0, 0, 1).Unix()) {
		fmt.Println(time.Unix(s.Start, 0).UTC().Format("Mon 15:04"), "to", time.Unix(s.End, 0).UTC().Format("15:04"))
	}

	hours.Week[time.Tuesday] = []schedule.Window{{From: 17 * 60, To: 9 * 60}}
	_, err = schedule.Compile(hours, time.UTC)
	fmt.Println(err)
	// Output:
	// Mon 09:00 to 12:00
	// Mon 13:00 to 17:00
	// schedule: week.tuesday: window 1 (17:00-09:00) does not end after it starts: swap its ends, or split it at midnight into -24:00 and 00:00-
}

func ExampleResolve() {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	for _, text := range []string{"2026-03-28", "2026-03-29", "2026-10-25"} {
		date, err := schedule.ParseDate(text)
		if err != nil {
			panic(err)
		}
		at, occurrence := schedule.Resolve(london, date, 60+30)
		fmt.Println(text, "01:30 happens", occurrence, at.Format("15:04 MST"))
	}
	// Output:
	// 2026-03-28 01:30 happens once 01:30 GMT
	// 2026-03-29 01:30 happens gap 02:00 BST
	// 2026-10-25 01:30 happens twice 01:30 BST
}
