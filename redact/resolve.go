package redact

import (
	"cmp"
	"slices"
)

// A resolver makes overlapping spans disjoint. Its memory is reused.
type resolver struct {
	out, order, pieces []Span
}

// resolve returns spans in text order and without overlaps. Of two overlapping
// spans the longer one wins, then the one with the higher score, then the kind
// that comes first in ranking. A medical span inside an address is part of the
// address ("Bath Road"). The bytes that a loser covers beyond the winner remain
// a span of their own, so no found word is left in the text. The result is valid
// until the next call.
func (r *resolver) resolve(text string, spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int {
		return cmp.Or(a.Start-b.Start, b.End-a.End, byPriority(a, b))
	})
	r.out = r.out[:0]
	for len(spans) > 0 {
		// Spans that overlap in a chain are resolved as one group.
		n, end := 1, spans[0].End
		for n < len(spans) && spans[n].Start < end {
			end = max(end, spans[n].End)
			n++
		}
		if n == 1 {
			r.out = append(r.out, spans[0])
		} else {
			r.resolveGroup(text, spans[:n])
		}
		spans = spans[n:]
	}
	return r.out
}

// resolveGroup appends the disjoint pieces of one group to r.out.
func (r *resolver) resolveGroup(text string, group []Span) {
	r.order, r.pieces = r.order[:0], r.pieces[:0]
	for _, s := range group {
		if s.Kind == Medical && slices.ContainsFunc(group, func(a Span) bool {
			return a.Kind == Address && a.Start <= s.Start && s.End <= a.End
		}) {
			continue
		}
		r.order = append(r.order, s)
	}
	slices.SortStableFunc(r.order, byPriority)
	for _, s := range r.order {
		// The pieces are sorted and disjoint: insert the parts of s between them.
		from := s.Start
		for i := 0; i < len(r.pieces) && r.pieces[i].Start < s.End; i++ {
			if p := r.pieces[i]; p.End > from {
				i += r.insert(i, text, s, from, p.Start)
				from = p.End
			}
		}
		i := len(r.pieces)
		for i > 0 && r.pieces[i-1].Start >= s.End {
			i--
		}
		r.insert(i, text, s, from, s.End)
	}
	r.out = append(r.out, r.pieces...)
}

// insert adds bytes [from, to) of s before piece i, without blanks at a cut
// end. It returns the number of pieces added, 0 or 1.
func (r *resolver) insert(i int, text string, s Span, from, to int) int {
	for from > s.Start && from < to && text[from] == ' ' {
		from++
	}
	for to < s.End && from < to && text[to-1] == ' ' {
		to--
	}
	if from >= to {
		return 0
	}
	s.Start, s.End = from, to
	r.pieces = slices.Insert(r.pieces, i, s)
	return 1
}

// byPriority orders spans from winner to loser.
func byPriority(a, b Span) int {
	return cmp.Or((b.End-b.Start)-(a.End-a.Start), cmp.Compare(b.Score, a.Score), rank(a.Kind)-rank(b.Kind))
}

// rank returns the place of k in ranking; unknown kinds come last.
func rank(k Kind) int {
	for i, known := range ranking {
		if k == known {
			return i
		}
	}
	return len(ranking)
}

// ranking lists the kinds from the most to the least sensitive.
var ranking = [...]Kind{Medical, ID, Address, Phone, Email, URL, Date, Person, Org, Location}
