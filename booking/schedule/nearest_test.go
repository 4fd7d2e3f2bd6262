package schedule_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

func TestNearest_AgreesWithSortingAllByDistance(t *testing.T) {
	t.Parallel()
	const hour = 60 * 60
	for seed := range uint64(5_000) {
		r := rand.New(rand.NewPCG(seed, 2))
		var all []int64
		for at := int64(-100 * 24); at < 100*24; at += 1 + int64(r.IntN(1+r.IntN(400))) {
			all = append(all, at*hour)
		}
		within := schedule.Span{Start: int64(r.IntN(4000)-2400) * hour}
		within.End = within.Start + int64(r.IntN(4000))*hour
		at, k := int64(r.IntN(6000)-3000)*hour, r.IntN(8)

		var want []int64
		for _, s := range all {
			if within.Start <= s && s < within.End {
				want = append(want, s)
			}
		}
		slices.SortStableFunc(want, func(a, b int64) int { return cmp.Compare(max(a-at, at-a), max(b-at, at-b)) })
		want = want[:min(k, len(want))]

		var asked []schedule.Span
		got := schedule.Nearest([]int64{42}, at, k, within, func(dst []int64, in schedule.Span) []int64 {
			asked = append(asked, in)
			for _, s := range all {
				if in.Start <= s && s < in.End {
					dst = append(dst, s)
				}
			}
			return dst
		})
		require.Equal(t, append([]int64{42}, want...), got, "seed %d", seed)

		slices.SortFunc(asked, func(a, b schedule.Span) int { return cmp.Compare(a.Start, b.Start) })
		for i, in := range asked {
			require.Less(t, in.Start, in.End, "seed %d: an empty question", seed)
			require.GreaterOrEqual(t, in.Start, within.Start, "seed %d", seed)
			require.LessOrEqual(t, in.End, within.End, "seed %d", seed)
			if i > 0 {
				require.LessOrEqual(t, asked[i-1].End, in.Start, "seed %d: asked twice", seed)
			}
		}
	}
}

func TestNearest_AllocatesOnlyForRoom(t *testing.T) {
	y := newYear(t)
	dst := make([]int64, 0, 1000)
	require.Zero(t, testing.AllocsPerRun(10, func() { dst = y.nearest(dst[:0], y.busy[1000].Start, 3) }))
	require.Len(t, dst, 3)
}
