package schedule

// Reason is the reason why an appointment cannot start at a time.
type Reason int

// The reasons, in the order in which [Fits] tries them. OffGrid comes last, so
// that a caller may treat it as Free for a resource that does not own the grid.
const (
	Free     Reason = iota // it can start
	TooSoon                // before Spec.Range
	TooLate                // after Spec.Range
	Closed                 // outside opening hours
	Overruns               // inside, but not over at closing time
	Busy                   // it, or a buffer, meets a busy span
	OffGrid                // between two starts of the grid
)

// String returns the reason in a few lower-case words.
func (r Reason) String() string {
	return [...]string{"free", "too soon", "too late", "closed", "overruns closing", "busy", "off the grid"}[r]
}

// Fits returns Free if start is one of the [Starts] of the same arguments, or
// else the first reason why not. For an invalid spec every start is Closed.
func Fits(open, busy []Span, spec Spec, start int64) Reason {
	n, ok := spec.params()
	switch {
	case !ok:
		return Closed
	case start < n.limits.Start:
		return TooSoon
	case start >= n.limits.End:
		return TooLate
	}
	i := indexEndingAfter(open, start)
	switch {
	case i == len(open) || open[i].Start > start:
		return Closed
	case closing(open, i, n.length) < start+n.length:
		return Overruns
	}
	occupied := Span{start - n.before, start + n.tail}
	for _, b := range busy {
		if b.Start >= occupied.End {
			break
		}
		if b.Start < b.End && b.End > occupied.Start {
			return Busy
		}
	}
	if (start-open[i].Start)%n.grid != 0 {
		return OffGrid
	}
	return Free
}
