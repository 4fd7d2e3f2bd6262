package schedule

import (
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant/walltime"
)

// Resolve returns the one instant, in loc, that the wall time t on day d
// means, and how often that wall time happens. The rules are those of package
// walltime: a time in a gap is the first instant after the gap; a time that
// happens twice is the first of the two. [Midnight24] is midnight at the start
// of the next day.
func Resolve(loc *time.Location, d Date, t TimeOfDay) (time.Time, walltime.Occurrence) {
	at, _, occurrence := walltime.Resolve(loc, d.day()*secondsPerDay+int64(t)*60)
	return time.Unix(at, 0).In(loc), occurrence
}
