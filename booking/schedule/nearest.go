package schedule

import "slices"

// Nearest appends the k starts within a span that are nearest to at, the
// nearest first, the earlier first of two equally near. It appends fewer than
// k if there are no more.
//
// The function starts must append, in order, every start in [in.Start,
// in.End). It may combine any resources; for a single one it is
//
//	func(dst []int64, in schedule.Span) []int64 {
//		spec.Range = in
//		return schedule.Starts(dst, open, busy, spec)
//	}
//
// Nearest searches a day on each side of at first, and doubles the distance
// each time, without searching any stretch twice. So a near start costs
// little, and only a search without enough starts covers all of within. With
// within.Start equal to at it finds the next k.
func Nearest(dst []int64, at int64, k int, within Span, starts func(dst []int64, in Span) []int64) []int64 {
	if k <= 0 || within.Start >= within.End {
		return dst
	}
	// Skip the stretch between at and the nearer end of within.
	near := max(0, within.Start-at, at-within.End)
	first := len(dst)
	dst = slices.Grow(dst, k)
	scratch := dst[:first+k] // room for the answer, then a ring of starts
	for width := int64(secondsPerDay); len(dst) < first+k; width *= 2 {
		far := near + width
		early := Span{max(at-far, within.Start), min(at-near, within.End)}
		late := Span{max(at+near, within.Start), min(at+far, within.End)}
		if early.Start >= early.End && late.Start >= late.End {
			break
		}
		ring := scratch
		if early.Start < early.End {
			ring = starts(ring, early)
		}
		middle := len(ring)
		if late.Start < late.End {
			ring = starts(ring, late)
		}
		before, after := ring[first+k:middle], ring[middle:]
		for len(dst) < first+k && len(before)+len(after) > 0 {
			if l := len(before); len(after) == 0 || l > 0 && at-before[l-1] <= after[0]-at {
				dst = append(dst, before[l-1])
				before = before[:l-1]
			} else {
				dst = append(dst, after[0])
				after = after[1:]
			}
		}
		near, scratch = far, ring[:first+k]
	}
	return dst
}
