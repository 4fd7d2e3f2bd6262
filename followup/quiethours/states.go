package quiethours

import "time"

// federal are the hours of the United States, by the clock of the texted
// person, 47 CFR 64.1200(c)(1). They are kept in every country.
var federal = Window{8 * 60, 21 * 60}

// states are the hours of the states with stricter laws on telephone
// solicitation, from Sunday to Saturday, as of November 2026; Texas since SB 140 of 1
// September 2025. Whether they bind texts that were asked for is disputed: they
// are kept.
var states = map[string][7]Window{
	"CT": everyDay(9, 20),
	"FL": everyDay(8, 20),
	"MD": everyDay(8, 20),
	"MS": everyDay(8, 20),
	"NJ": everyDay(8, 20),
	"OK": everyDay(8, 20),
	"RI": weekend(everyDay(9, 18), Window{10 * 60, 17 * 60}),
	"TX": sunday(everyDay(9, 21), Window{12 * 60, 21 * 60}),
}

func everyDay(open, close int) (week [7]Window) {
	for d := range week {
		week[d] = Window{open * 60, close * 60}
	}
	return week
}

func sunday(week [7]Window, w Window) [7]Window {
	week[time.Sunday] = w
	return week
}

func weekend(week [7]Window, w Window) [7]Window {
	week[time.Saturday] = w
	return sunday(week, w)
}
