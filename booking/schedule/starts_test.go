package schedule_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

// fits is the definition of a start, one condition after the other and without any
// optimization.
func fits(open, busy []schedule.Span, spec schedule.Spec, start int64) (onGrid, fits bool) {
	end := start + int64(spec.Duration/time.Second)
	covered, grid := start, int64(cmp.Or(spec.Grid, spec.Duration)/time.Second)
	for _, s := range open {
		if s.Start <= start && start < s.End {
			onGrid = (start-s.Start)%grid == 0
		}
		if s.Start <= covered && covered < s.End {
			covered = s.End
		}
	}
	fits = covered >= end && start < covered
	for _, b := range busy {
		before, after := int64(spec.Before/time.Second), int64(spec.After/time.Second)
		if b.Start < b.End && b.Start < end+after && b.End > start-before {
			fits = false
		}
	}
	if spec.Range != (schedule.Span{}) && (start < spec.Range.Start || start >= spec.Range.End) {
		fits = false
	}
	return onGrid, fits
}

// A scene is short and has many spans, so that every kind of overlap occurs.
type scene struct {
	open, busy []schedule.Span
	spec       schedule.Spec
}

func randomScene(r *rand.Rand) (s scene) {
	at := int64(r.IntN(20)) - 60
	for range r.IntN(6) {
		length := 1 + int64(r.IntN(40))
		s.open = append(s.open, schedule.Span{Start: at, End: at + length})
		at += length + int64(max(0, r.IntN(12)-5))
	}
	for range r.IntN(10) {
		start := int64(r.IntN(200)) - 80
		length := int64(r.IntN(8))
		if r.IntN(8) == 0 {
			length *= 10
		}
		s.busy = append(s.busy, schedule.Span{Start: start, End: start + length})
	}
	slices.SortFunc(s.busy, func(a, b schedule.Span) int { return cmp.Compare(a.Start, b.Start) })
	s.spec = schedule.Spec{
		Duration: time.Duration(1+r.IntN(12)) * time.Second,
		Before:   time.Duration(max(0, r.IntN(8)-4)) * time.Second,
		After:    time.Duration(max(0, r.IntN(8)-4)) * time.Second,
		Grid:     time.Duration(r.IntN(8)) * time.Second,
	}
	if r.IntN(2) == 0 {
		s.spec.Range.Start = int64(r.IntN(200)) - 80
		s.spec.Range.End = s.spec.Range.Start + int64(r.IntN(100))
	}
	return s
}

func TestStarts_KeepAndFitsAgreeWithTheDefinition(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(10_000) {
		s := randomScene(rand.New(rand.NewPCG(seed, 1)))
		var want, kept, all []int64
		for at := int64(-80); at < 180; at++ {
			onGrid, fits := fits(s.open, s.busy, s.spec, at)
			if fits {
				kept = append(kept, at)
			}
			if fits && onGrid {
				want = append(want, at)
			}
			all = append(all, at)
			reason := schedule.Fits(s.open, s.busy, s.spec, at)
			if (fits && onGrid) != (reason == schedule.Free) || (fits && !onGrid) != (reason == schedule.OffGrid) {
				t.Fatalf("Fits, seed %d, start %d: %v", seed, at, reason)
			}
		}
		require.Equal(t, want, schedule.Starts(nil, s.open, s.busy, s.spec), "Starts, seed %d: %+v", seed, s)
		require.Equal(t, kept, schedule.Keep(nil, all, s.open, s.busy, s.spec), "Keep, seed %d: %+v", seed, s)
		require.Equal(t, kept, append([]int64(nil), schedule.Keep(all[:0], all, s.open, s.busy, s.spec)...), "Keep in place, seed %d", seed)
		found += len(want)
	}
	require.Greater(t, found, 30_000, "empty lists would make the test useless")
}

func TestStarts(t *testing.T) {
	t.Parallel()
	const m = 60
	day := []schedule.Span{{Start: 0, End: 120 * m}}
	quarter := schedule.Spec{Duration: 30 * time.Minute, Grid: 15 * time.Minute}
	with := func(change func(*schedule.Spec)) schedule.Spec {
		spec := quarter
		change(&spec)
		return spec
	}
	for _, tt := range []struct {
		story      string
		open, busy []schedule.Span
		spec       schedule.Spec
		want       []int64 // minutes
	}{
		{"the last start ends at closing time", day, nil, quarter, []int64{0, 15, 30, 45, 60, 75, 90}},
		{"without a grid starts are back to back", day, nil, with(func(s *schedule.Spec) { s.Grid = 0 }), []int64{0, 30, 60, 90}},
		{"the grid begins at the opening", []schedule.Span{{Start: 10 * m, End: 65 * m}}, nil, quarter, []int64{10, 25}},
		{"an appointment at 09:10-09:50 blocks what it meets", day, []schedule.Span{{Start: 10 * m, End: 50 * m}}, quarter, []int64{60, 75, 90}},
		{"appointments may follow each other at once", day, []schedule.Span{{Start: 30 * m, End: 60 * m}}, quarter, []int64{0, 60, 75, 90}},
		{"a buffer after keeps clear of the next", day, []schedule.Span{{Start: 60 * m, End: 90 * m}},
			with(func(s *schedule.Spec) { s.After = 10 * time.Minute }), []int64{0, 15, 90}},
		{"a buffer before keeps clear of the last", day, []schedule.Span{{Start: 30 * m, End: 60 * m}},
			with(func(s *schedule.Spec) { s.Before = 10 * time.Minute }), []int64{0, 75, 90}},
		{"buffers reach outside opening hours", []schedule.Span{{Start: 0, End: 30 * m}}, nil,
			with(func(s *schedule.Spec) { s.Before, s.After = time.Hour, time.Hour }), []int64{0}},
		{"a buffer must not reach a busy span outside", []schedule.Span{{Start: 0, End: 30 * m}}, []schedule.Span{{Start: 60 * m, End: 61 * m}},
			with(func(s *schedule.Spec) { s.After = time.Hour }), nil},
		{"overlapping busy spans, the longer first", day, []schedule.Span{{Start: 0, End: 80 * m}, {Start: 10 * m, End: 20 * m}}, quarter, []int64{90}},
		{"an empty busy span blocks nothing", []schedule.Span{{Start: 0, End: 30 * m}}, []schedule.Span{{Start: 10 * m, End: 10 * m}}, quarter, []int64{0}},
		{"an absence of years blocks all", day, []schedule.Span{{Start: -1 << 40, End: 1 << 40}}, quarter, nil},
		{"a start may run into a span that touches", []schedule.Span{{Start: 0, End: 20 * m}, {Start: 20 * m, End: 60 * m}}, nil, quarter, []int64{0, 15, 20}},
		{"several openings that touch", []schedule.Span{{Start: 0, End: 20 * m}, {Start: 20 * m, End: 25 * m}, {Start: 25 * m, End: 45 * m}}, nil, quarter, []int64{0, 15}},
		{"a break of a minute between openings", []schedule.Span{{Start: 0, End: 20 * m}, {Start: 21 * m, End: 60 * m}}, nil, quarter, []int64{21}},
		{"the range holds the starts, not the ends", day, nil, with(func(s *schedule.Spec) { s.Range = schedule.Span{Start: 30 * m, End: 60 * m} }), []int64{30, 45}},
		{"an empty range has no starts", day, nil, with(func(s *schedule.Spec) { s.Range = schedule.Span{Start: 30 * m, End: 30 * m} }), nil},
		{"longer than the day", day, nil, schedule.Spec{Duration: 3 * time.Hour}, nil},
		{"a spec without a duration", day, nil, schedule.Spec{Grid: time.Minute}, nil},
		{"a grid below a second", day, nil, schedule.Spec{Duration: time.Minute, Grid: time.Millisecond}, nil},
	} {
		t.Run(tt.story, func(t *testing.T) {
			var got []int64
			for _, at := range schedule.Starts(nil, tt.open, tt.busy, tt.spec) {
				got = append(got, at/m)
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	open := []schedule.Span{{Start: 1000, End: 2000}, {Start: 3000, End: 4000}}
	busy := []schedule.Span{{Start: 1200, End: 1300}}
	spec := schedule.Spec{Duration: 100 * time.Second, After: 50 * time.Second, Grid: 100 * time.Second, Range: schedule.Span{Start: 500, End: 3500}}
	for start, want := range map[int64]schedule.Reason{
		400:  schedule.TooSoon,
		3500: schedule.TooLate,
		900:  schedule.Closed,
		2000: schedule.Closed,
		1950: schedule.Overruns,
		1000: schedule.Free,
		1060: schedule.Busy, // the buffer meets
		1299: schedule.Busy,
		1350: schedule.OffGrid,
		1900: schedule.Free,
		3000: schedule.Free,
	} {
		require.Equal(t, want, schedule.Fits(open, busy, spec, start), "at %d", start)
	}
	require.Equal(t, schedule.Closed, schedule.Fits(open, busy, schedule.Spec{}, 1000))
	require.Equal(t, "off the grid", schedule.OffGrid.String())
}

func TestSpec_Validate(t *testing.T) {
	t.Parallel()
	good := schedule.Spec{Duration: time.Minute}
	require.NoError(t, good.Validate())
	for field, spec := range map[string]schedule.Spec{
		"Duration": {},
		"Before":   {Duration: time.Minute, Before: -time.Second},
		"After":    {Duration: time.Minute, After: time.Millisecond},
		"Grid":     {Duration: time.Minute, Grid: -time.Minute},
	} {
		err := spec.Validate()
		require.ErrorContains(t, err, field)
		require.ErrorContains(t, err, "whole seconds")
	}
}

func TestStarts_AllocatesOnlyForRoom(t *testing.T) {
	y := newYear(t)
	dst := schedule.Starts(nil, y.open, y.busy, y.spec)
	require.NotEmpty(t, dst)
	require.Zero(t, testing.AllocsPerRun(10, func() { dst = schedule.Starts(dst[:0], y.open, y.busy, y.spec) }))
	require.Zero(t, testing.AllocsPerRun(10, func() { dst = schedule.Keep(dst[:0], dst, y.open, y.busy, y.spec) }))
}
