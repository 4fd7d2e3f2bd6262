package schedule_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

// seconds is the set of seconds that spans cover.
func seconds(spans []schedule.Span) map[int64]bool {
	set := map[int64]bool{}
	for _, s := range spans {
		for at := s.Start; at < s.End; at++ {
			set[at] = true
		}
	}
	return set
}

func TestUnion_IntersectAndSubtractAgreeWithSetsOfSeconds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5_000) {
		r := rand.New(rand.NewPCG(seed, 3))
		a, b := randomScene(r), randomScene(r)
		union := schedule.Union(nil, a.busy, b.busy)
		want := seconds(a.busy)
		for at := range seconds(b.busy) {
			want[at] = true
		}
		require.Equal(t, want, seconds(union), "Union, seed %d", seed)
		checkOrdered(t, union)
		for i := 1; i < len(union); i++ {
			require.Less(t, union[i-1].End, union[i].Start, "Union leaves touching spans, seed %d", seed)
		}

		both := schedule.Intersect(nil, a.open, b.open)
		want = map[int64]bool{}
		inB := seconds(b.open)
		for at := range seconds(a.open) {
			if inB[at] {
				want[at] = true
			}
		}
		require.Equal(t, want, seconds(both), "Intersect, seed %d", seed)
		checkOrdered(t, both)

		rest := schedule.Subtract(nil, a.open, b.busy)
		want = seconds(a.open)
		for at := range seconds(b.busy) {
			delete(want, at)
		}
		require.Equal(t, want, seconds(rest), "Subtract, seed %d", seed)
		checkOrdered(t, rest)
	}
}

func TestIntersect_TouchingSpansStayApart(t *testing.T) {
	t.Parallel()
	touching := []schedule.Span{{Start: 0, End: 10}, {Start: 10, End: 20}}
	middle := []schedule.Span{{Start: 5, End: 15}}
	require.Equal(t, []schedule.Span{{Start: 0, End: 20}}, schedule.Union(nil, touching, nil))
	require.Equal(t, []schedule.Span{{Start: 5, End: 10}, {Start: 10, End: 15}}, schedule.Intersect(nil, touching, middle))
	require.Equal(t, touching, schedule.Subtract(nil, touching, nil))
	require.Equal(t, []schedule.Span{{Start: 0, End: 5}, {Start: 15, End: 20}}, schedule.Subtract(nil, touching, middle))
}

func TestUnionStarts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1_000) {
		r := rand.New(rand.NewPCG(seed, 4))
		var a, b []int64
		for at := range int64(30) {
			if r.IntN(3) == 0 {
				a = append(a, at)
			}
			if r.IntN(3) == 0 {
				b = append(b, at)
			}
		}
		want := slices.Concat(a, b)
		slices.Sort(want)
		want = slices.Compact(want)
		require.Equal(t, append([]int64{99}, want...), schedule.UnionStarts([]int64{99}, a, b), "seed %d", seed)
	}
}
