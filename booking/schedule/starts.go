package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Spec describes the appointment that a start is for. Durations are whole
// seconds.
type Spec struct {
	// Duration is its length; required. All of it lies inside opening hours.
	Duration time.Duration

	// Before and After are buffers: they may reach outside opening hours, but
	// not into a busy span.
	Before, After time.Duration

	// Grid is the distance between starts, from the opening on.
	//
	// Defaults to Duration: back to back.
	Grid time.Duration

	// Range bounds the starts: Range.Start <= start < Range.End. It carries
	// notice and booking window.
	//
	// Default: no bound.
	Range Span
}

// Validate returns an error that names the field and the fix, unless s is a
// specification that some start could fit.
func (s Spec) Validate() error {
	for _, f := range [...]struct {
		name  string
		value time.Duration
		least time.Duration
		fix   string
	}{
		{"Duration", s.Duration, time.Second, "at least one"},
		{"Before", s.Before, 0, "0 or more"},
		{"After", s.After, 0, "0 or more"},
		{"Grid", s.Grid, 0, "0 or more"},
	} {
		if f.value < f.least || f.value%time.Second != 0 {
			return fmt.Errorf("schedule: %s is %v: make it whole seconds, %s", f.name, f.value, f.fix)
		}
	}
	return nil
}

// params is a valid [Spec] in seconds.
type params struct {
	length, before int64
	tail           int64 // length and the buffer after it
	grid           int64
	limits         Span
}

func (s Spec) params() (n params, ok bool) {
	if s.Validate() != nil {
		return params{}, false
	}
	n = params{
		length: int64(s.Duration / time.Second),
		before: int64(s.Before / time.Second),
		tail:   int64((s.Duration + s.After) / time.Second),
		grid:   int64(cmp.Or(s.Grid, s.Duration) / time.Second),
		limits: s.Range,
	}
	if n.limits == (Span{}) {
		n.limits = always
	}
	return n, true
}

// Starts appends, in order, every start t on the grid of an open span such
// that [t, t+Duration) lies in the open span, or in it and those that touch
// it, and [t-Before, t+Duration+After) meets no busy span.
//
// Open spans must be in order, without overlap, as [Rules.Open] returns them
// for a range that is Duration longer than spec.Range, so that a start near the
// end finds the rest of its opening. Busy spans must be in the order of their
// Start and may overlap; an empty span has no effect.
//
// The cost is linear in the open spans, the busy spans and the starts found.
// An invalid spec has no starts.
func Starts(dst []int64, open, busy []Span, spec Spec) []int64 {
	n, ok := spec.params()
	if !ok {
		return dst
	}
	var reach int64 = minInstant // the latest end of the busy spans passed
	for i := indexEndingAfter(open, n.limits.Start); i < len(open); i++ {
		anchor := open[i].Start
		last := min(open[i].End, n.limits.End) - 1
		last = min(last, closing(open, i, n.length)-n.length)
		t := anchor
		if t < n.limits.Start {
			t = onGrid(anchor, n.limits.Start, n.grid)
		}
		for t <= last {
			for len(busy) > 0 && busy[0].Start < t+n.tail {
				if busy[0].Start < busy[0].End {
					reach = max(reach, busy[0].End)
				}
				busy = busy[1:]
			}
			if clear := reach + n.before; clear > t {
				if clear > last {
					break
				}
				t = onGrid(anchor, clear, n.grid)
				continue
			}
			until := last // free up to the next busy span
			if len(busy) > 0 {
				until = min(until, busy[0].Start-n.tail)
			}
			for ; t <= until; t += n.grid {
				dst = append(dst, t)
			}
		}
		if anchor >= n.limits.End {
			break
		}
	}
	return dst
}

// Keep appends those of the given starts that another resource allows too: the
// conditions are those of [Starts], without the grid. Starts must be in order.
// dst may be starts[:0].
func Keep(dst []int64, starts []int64, open, busy []Span, spec Spec) []int64 {
	n, ok := spec.params()
	if !ok {
		return dst
	}
	var reach int64 = minInstant
	i := 0
	for _, t := range starts {
		if t < n.limits.Start || t >= n.limits.End {
			continue
		}
		for i < len(open) && open[i].End <= t {
			i++
		}
		if i == len(open) {
			break
		}
		if open[i].Start > t || closing(open, i, n.length) < t+n.length {
			continue
		}
		for len(busy) > 0 && busy[0].Start < t+n.tail {
			if busy[0].Start < busy[0].End {
				reach = max(reach, busy[0].End)
			}
			busy = busy[1:]
		}
		if reach <= t-n.before {
			dst = append(dst, t)
		}
	}
	return dst
}

// closing returns when the opening that open[i] is part of ends, looking no
// further than a start in open[i] of the given length can need.
func closing(open []Span, i int, length int64) int64 {
	end := open[i].End
	for need := end + length; i+1 < len(open) && open[i+1].Start == end && end < need; i++ {
		end = open[i+1].End
	}
	return end
}

// onGrid returns the first point of the grid, laid from anchor, at or after t.
func onGrid(anchor, t, grid int64) int64 {
	return anchor + (t-anchor+grid-1)/grid*grid
}

// indexEndingAfter returns the index of the first span that ends after t.
func indexEndingAfter(spans []Span, t int64) int {
	i, _ := slices.BinarySearchFunc(spans, t, func(s Span, t int64) int {
		if s.End <= t {
			return -1
		}
		return 1
	})
	return i
}
