package schedule

import "math"

// minInstant is before everything, with room to subtract.
const minInstant = math.MinInt64 / 4

var always = Span{minInstant, math.MaxInt64 / 4}

// Union appends the time that a or b covers, as spans in order that neither
// overlap nor touch. a and b must be in the order of their Start; spans may
// overlap.
//
// Joining touching spans loses the start of the second: use Union for busy
// spans, never for open ones, because their starts anchor the grid.
func Union(dst, a, b []Span) []Span {
	first := len(dst)
	for len(a)+len(b) > 0 {
		var s Span
		if len(b) == 0 || len(a) > 0 && a[0].Start <= b[0].Start {
			s, a = a[0], a[1:]
		} else {
			s, b = b[0], b[1:]
		}
		switch last := len(dst) - 1; {
		case s.Start >= s.End:
		case last >= first && s.Start <= dst[last].End:
			dst[last].End = max(dst[last].End, s.End)
		default:
			dst = append(dst, s)
		}
	}
	return dst
}

// Intersect appends the time that a and b both cover, in order: a
// practitioner's hours inside the clinic's. a and b must be in order, each
// without overlap. Each span of the result begins, and anchors its grid, where
// the later of its two began; spans that touch in a or in b still touch.
func Intersect(dst, a, b []Span) []Span {
	for len(a) > 0 && len(b) > 0 {
		both := Span{max(a[0].Start, b[0].Start), min(a[0].End, b[0].End)}
		if both.Start < both.End {
			dst = append(dst, both)
		}
		if a[0].End < b[0].End {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return dst
}

// Subtract appends the time that a covers and b does not, in order. a must be
// in order, without overlap; b must be in the order of its Start and may
// overlap.
//
// The rest of an open span has a new anchor for its grid, the end of b: a
// practitioner back at 10:20 starts at 10:20. To keep the grid of the opening,
// pass the absence as busy.
func Subtract(dst, a, b []Span) []Span {
	var reach int64 = minInstant // the latest end of the spans of b passed
	for _, s := range a {
		s.Start = max(s.Start, reach)
		for len(b) > 0 && b[0].Start < s.End {
			if b[0].Start < b[0].End {
				if s.Start < b[0].Start {
					dst = append(dst, Span{s.Start, b[0].Start})
				}
				reach = max(reach, b[0].End)
				s.Start = max(s.Start, reach)
			}
			b = b[1:]
		}
		if s.Start < s.End {
			dst = append(dst, s)
		}
	}
	return dst
}

// UnionStarts appends the starts that are in a or in b, in order and once
// each: those of any of two resources. a and b are in order.
func UnionStarts(dst, a, b []int64) []int64 {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			dst, a = append(dst, a[0]), a[1:]
		case a[0] > b[0]:
			dst, b = append(dst, b[0]), b[1:]
		default:
			dst, a, b = append(dst, a[0]), a[1:], b[1:]
		}
	}
	return append(append(dst, a...), b...)
}
