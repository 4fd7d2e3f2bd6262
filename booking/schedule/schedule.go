// Package schedule is the calendar arithmetic under package booking: pure
// functions over sorted slices, without I/O, clock or state.
//
// Opening hours are written in wall time, everything else is instants:
//
//	Hours ── Compile ──▶ Rules ── Open ──▶ []Span ─┐
//	                                               ├─ Starts ──▶ []int64
//	bookings, time off, other calendars ── []Span ─┘
//
// [Nearest] picks the starts nearest to a time; [Fits] returns the reason why a
// time is not a start.
//
// Package walltime turns wall time into instants, with two rules: a wall time
// that a clock change skips means the first instant after the gap, and a wall
// time that happens twice means the first of the two. [Resolve] is its form
// for a [Date] and a [TimeOfDay]. A window that crosses a clock change has its
// real length, so a day has 23, 24 or 25 hours; a day that a zone skips has 0.
//
// The grid counts elapsed time from the opening of the span a start lies in:
// hours of 09:10–17:00 with a 30-minute grid start at 09:10, 09:40, …, whatever
// the zone's offset.
//
// An appointment that needs several resources combines lists of starts:
//
//	any of two practitioners   UnionStarts(Starts(p1), Starts(p2))
//	a practitioner and a room  Keep(Starts(p), r)
//	both                       UnionStarts(Keep(s, r1), Keep(s, r2)), s as in the first line
//	capacity 2                 each seat as a resource of its own: any of two
//
// One resource, the first, owns the grid: two grids with different openings
// may have no start in common although both resources are free for hours.
//
// Functions that take dst append to it, and allocate only if it lacks room.
// All functions are safe for concurrent use; a [Rules] never changes.
package schedule

// Span is the half-open stretch of time [Start, End) in Unix seconds.
type Span struct{ Start, End int64 }
