package followup

import "time"

// hours are minutes after midnight.
type hours struct{ open, close int }

// everyone is when anybody may be texted: the hours of the United States, by
// the clock of the person who is, 47 CFR 64.1200(c)(1). They are kept everywhere.
var everyone = hours{8 * 60, 21 * 60}

// stateHours are the hours of the states whose laws on telephone solicitation
// allow fewer, from Sunday to Saturday, as of November 2026; Texas since SB 140
// of 1 September 2025. Whether they bind texts that were asked for is disputed:
// they are kept.
var stateHours = map[string][7]hours{
	"CT": everyDay(9, 20),
	"FL": everyDay(8, 20),
	"MD": everyDay(8, 20),
	"MS": everyDay(8, 20),
	"NJ": everyDay(8, 20),
	"OK": everyDay(8, 20),
	"RI": weekend(everyDay(9, 18), hours{10 * 60, 17 * 60}),
	"TX": sunday(everyDay(9, 21), hours{12 * 60, 21 * 60}),
}

func everyDay(open, close int) (week [7]hours) {
	for d := range week {
		week[d] = hours{open * 60, close * 60}
	}
	return week
}

func sunday(week [7]hours, h hours) [7]hours {
	week[time.Sunday] = h
	return week
}

func weekend(week [7]hours, h hours) [7]hours {
	week[time.Saturday] = h
	return sunday(week, h)
}

// meet is when both h and o are open.
func (h hours) meet(o hours) hours { return hours{max(h.open, o.open), min(h.close, o.close)} }
