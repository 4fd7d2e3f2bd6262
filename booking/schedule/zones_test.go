package schedule_test

import (
	"archive/zip"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// zones loads every zone of the IANA database that comes with Go, so the tests
// run wherever Go does, and on the same data. Zones that are other names for
// the same data, byte for byte, count as one.
func zones(t testing.TB) []*time.Location {
	t.Helper()
	root := os.Getenv("GOROOT") // go test sets it
	if root == "" {
		out, err := exec.Command("go", "env", "GOROOT").Output()
		require.NoError(t, err)
		root = strings.TrimSpace(string(out))
	}
	archive, err := zip.OpenReader(filepath.Join(root, "lib", "time", "zoneinfo.zip"))
	require.NoError(t, err)
	defer archive.Close()
	var all []*time.Location
	names, known := 0, map[string]bool{}
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		r, err := file.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		names++
		if known[string(data)] {
			continue
		}
		known[string(data)] = true
		loc, err := time.LoadLocationFromTZData(file.Name, data)
		require.NoError(t, err, file.Name)
		all = append(all, loc)
	}
	require.Greater(t, names, 500, "zones")
	require.Greater(t, len(all), 300, "zones that differ")
	return all
}

// zoneStride is 1 to look at every zone.
var zoneStride = 1

// inEveryZone runs check on each zone, on every processor.
func inEveryZone(t *testing.T, check func(t *testing.T, loc *time.Location)) {
	t.Helper()
	work := make(chan *time.Location)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for loc := range work {
				check(t, loc)
			}
		})
	}
	for i, loc := range zones(t) {
		if i%zoneStride == 0 {
			work <- loc
		}
	}
	close(work)
	wg.Wait()
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// A reference holds the times that a zone's clock shows, found by asking it for the
// time once a day and halving in on each change: it uses no zone bounds, rules or
// years.
type reference struct {
	loc     *time.Location
	changes []change
}

// Until a change's instant the clock is before ahead of UTC, from it on after.
type change struct{ at, before, after int64 }

func offsetAt(loc *time.Location, at int64) int64 {
	_, offset := time.Unix(at, 0).In(loc).Zone()
	return int64(offset)
}

func newReference(loc *time.Location, from, to time.Time) *reference {
	const step = 24 * 60 * 60
	r := &reference{loc: loc}
	before := offsetAt(loc, from.Unix())
	for at := from.Unix(); at < to.Unix(); at += step {
		after := offsetAt(loc, at+step)
		if after != before {
			n := sort.Search(step, func(n int) bool { return offsetAt(loc, at+int64(n)) != before })
			r.changes = append(r.changes, change{at + int64(n), before, after})
		}
		before = after
	}
	return r
}

// resolve looks the wall time up in every stretch between changes.
func (r *reference) resolve(wall int64) (at int64, times int) {
	start := int64(-1 << 62)
	var skipped []int64
	for i := range len(r.changes) + 1 {
		end, offset := int64(1<<62), int64(0)
		switch {
		case i < len(r.changes):
			end, offset = r.changes[i].at, r.changes[i].before
		case i > 0:
			offset = r.changes[i-1].after
		default:
			offset = offsetAt(r.loc, wall)
		}
		if u := wall - offset; start <= u && u < end {
			if times == 0 {
				at = u
			}
			times++
		}
		if i < len(r.changes) && end+offset <= wall && wall < end+r.changes[i].after {
			skipped = append(skipped, end)
		}
		start = end
	}
	if times == 0 {
		return slices.Min(skipped), 0
	}
	return at, times
}

// randomZone makes a zone of random changes in the days around 22 November
// 2026, as the bytes of a version 1 TZif file (RFC 9636).
func randomZone(t testing.TB, r *rand.Rand) *reference {
	t.Helper()
	offset := func() int64 { return int64(r.IntN(20)-10) * int64(r.IntN(3600)) }
	ref := &reference{}
	at, before := utc(2026, 11, 18).Unix(), offset()
	offsets := []int64{before}
	for range 1 + r.IntN(6) {
		at += 60 + int64(r.IntN(36*60*60)>>r.IntN(8))
		after := offset()
		ref.changes = append(ref.changes, change{at, before, after})
		offsets = append(offsets, after)
		before = after
	}

	data := append([]byte("TZif"), make([]byte, 16+3*4)...) // version, reserved, no indicators or leap seconds
	for _, count := range []int{len(ref.changes), len(offsets), 2} {
		data = binary.BigEndian.AppendUint32(data, uint32(count))
	}
	for _, c := range ref.changes {
		data = binary.BigEndian.AppendUint32(data, uint32(c.at))
	}
	for i := range ref.changes {
		data = append(data, byte(i+1))
	}
	for _, offset := range offsets {
		data = append(binary.BigEndian.AppendUint32(data, uint32(offset)), 0, 0)
	}
	loc, err := time.LoadLocationFromTZData("Random/Zone", append(data, "X\x00"...))
	require.NoError(t, err)
	ref.loc = loc
	return ref
}

func utc(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
