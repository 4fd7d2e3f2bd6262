package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

// A year is one practitioner's 2026 in London, 09:00-17:00 on working days, with
// 2,211 bookings of half an hour and its ten minutes of buffer.
type year struct {
	rules      *schedule.Rules
	from, to   int64
	open, busy []schedule.Span
	spec       schedule.Spec
}

func newYear(t testing.TB) *year {
	t.Helper()
	hours := schedule.Hours{}
	for day := time.Monday; day <= time.Friday; day++ {
		hours.Week[day] = windows(t, "09:00-17:00")
	}
	rules, err := schedule.Compile(hours, zone(t, "Europe/London"))
	require.NoError(t, err)
	y := &year{
		rules: rules,
		from:  utc(2026, 1, 1).Unix(),
		to:    utc(2027, 1, 1).Unix(),
		spec:  schedule.Spec{Duration: 30 * time.Minute, After: 10 * time.Minute, Grid: 15 * time.Minute},
	}
	y.open = rules.Open(nil, y.from, y.to)
	r := rand.New(rand.NewPCG(1, 1))
	for _, i := range r.Perm(len(y.open) * 12)[:2211] {
		start := y.open[i/12].Start + int64(i%12)*40*60
		y.busy = append(y.busy, schedule.Span{Start: start, End: start + 40*60})
	}
	slices.SortFunc(y.busy, func(a, b schedule.Span) int { return int(a.Start - b.Start) })
	return y
}

// naive tries every candidate against every booking, as most booking systems do.
func (y *year) naive(dst []int64) []int64 {
	length, tail, grid := int64(30*60), int64(40*60), int64(15*60)
	for _, o := range y.open {
		for at := o.Start; at+length <= o.End; at += grid {
			free := true
			for _, b := range y.busy {
				if b.Start < at+tail && b.End > at {
					free = false
					break
				}
			}
			if free {
				dst = append(dst, at)
			}
		}
	}
	return dst
}

func (y *year) nearest(dst []int64, at int64, k int) []int64 {
	spec := y.spec
	return schedule.Nearest(dst, at, k, schedule.Span{Start: y.from, End: y.to}, func(dst []int64, in schedule.Span) []int64 {
		spec.Range = in
		return schedule.Starts(dst, y.open, y.busy, spec)
	})
}

// BenchmarkOpen opens a practitioner's year of hours.
func BenchmarkOpen(b *testing.B) {
	y := newYear(b)
	b.ReportAllocs()
	dst := make([]schedule.Span, 0, 366)
	for b.Loop() {
		dst = y.rules.Open(dst[:0], y.from, y.to)
	}
	b.ReportMetric(float64(len(dst)), "spans")
}

// BenchmarkYear finds a practitioner's year of free starts, the hours included, and
// reports how many times as long a loop over candidates and bookings takes in the
// same run.
func BenchmarkYear(b *testing.B) {
	y := newYear(b)
	spans, starts := make([]schedule.Span, 0, 366), make([]int64, 0, 10_000)
	require.Equal(b, y.naive(nil), schedule.Starts(nil, y.open, y.busy, y.spec), "the two agree")
	b.ReportAllocs()
	for b.Loop() {
		spans = y.rules.Open(spans[:0], y.from, y.to)
		starts = schedule.Starts(starts[:0], spans, y.busy, y.spec)
	}
	own := b.Elapsed() / time.Duration(b.N)
	b.StopTimer()

	const rounds = 10
	floor := starts[:0]
	begin := time.Now()
	for range rounds {
		floor = y.naive(floor[:0])
	}
	b.ReportMetric(float64(time.Since(begin)/rounds)/float64(own), "x_faster_than_naive")
	b.ReportMetric(float64(len(floor)), "starts")
}

func BenchmarkStarts(b *testing.B) {
	y := newYear(b)
	starts := make([]int64, 0, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		starts = schedule.Starts(starts[:0], y.open, y.busy, y.spec)
	}
}

// BenchmarkNearest finds the three starts nearest to one that is taken, in the middle
// of the year.
func BenchmarkNearest(b *testing.B) {
	y := newYear(b)
	dst := make([]int64, 0, 1000)
	b.ReportAllocs()
	for b.Loop() {
		dst = y.nearest(dst[:0], y.busy[1100].Start, 3)
	}
}

// BenchmarkLinear reports the cost per provider and day, which stays the same as both
// grow.
func BenchmarkLinear(b *testing.B) {
	y := newYear(b)
	for _, size := range []struct{ providers, days int }{{1, 30}, {10, 30}, {100, 30}, {1000, 30}, {1, 90}, {1, 360}, {100, 360}} {
		b.Run(fmt.Sprintf("%dx%dd", size.providers, size.days), func(b *testing.B) {
			to := y.from + int64(size.days)*24*60*60
			busy := y.busy
			for i, s := range busy {
				if s.Start >= to {
					busy = busy[:i]
					break
				}
			}
			spans, starts := make([]schedule.Span, 0, 400), make([]int64, 0, 10_000)
			b.ReportAllocs()
			for b.Loop() {
				for range size.providers {
					spans = y.rules.Open(spans[:0], y.from, to)
					starts = schedule.Starts(starts[:0], spans, busy, y.spec)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size.providers*size.days), "ns/provider-day")
		})
	}
}

func BenchmarkResolve(b *testing.B) {
	loc, d := zone(b, "Europe/London"), schedule.Date{Year: 2026, Month: 10, Day: 25}
	b.ReportAllocs()
	for b.Loop() {
		schedule.Resolve(loc, d, 90)
	}
}
