package handoff_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
)

// number is a size that the environment may change.
func number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}

// TestNothingIsSentAfterABookingOrAnOptOut races, for one contact after the
// other, a text that is due against a booking or an opt-out of the contact:
// whichever of the two has happened first, no request begins after the other
// has been acknowledged.
func TestNothingIsSentAfterABookingOrAnOptOut(t *testing.T) {
	rounds := number(t, "INTERLEAVINGS", 400)
	sent, stopped, late := interleave(t, rounds, newSink())
	t.Logf("%d interleavings: %d texts sent before, %d stopped, %d too late", rounds, sent, stopped, late)
	require.Zero(t, late, "requests that began after the booking or opt-out was acknowledged")
	require.NotZero(t, sent, "no text ever wins: nothing was raced")
	require.NotZero(t, stopped, "no booking ever wins: nothing was raced")
}

// Without the contact's lock until the request is on its way, texts are late;
// or else the test above would show nothing.
func TestAContactThatIsLetGoTooEarlyIsTextedTooLate(t *testing.T) {
	hasty := newSink()
	hasty.hasty = true
	_, _, late := interleave(t, 400, hasty)
	t.Logf("%d too late", late)
	require.NotZero(t, late)
}

// interleave returns how many texts were sent, how many were stopped, and how
// many were sent too late.
func interleave(t *testing.T, rounds int, carrier *sink) (sent, stopped, late int64) {
	const clinics, racers = 10, 16
	w := newWorld(t, clinics, 24)
	w.consent(t, w.orgs, 1000)

	// What happened, in the order of one counter: a booking or an opt-out that
	// has been acknowledged, and a request that begins.
	var clock atomic.Int64
	var mu sync.Mutex
	began := map[followup.IntentID]int64{}
	carrier.each = func(m followup.Message) {
		at := clock.Add(1)
		mu.Lock()
		began[m.Intent] = at
		mu.Unlock()
	}
	w.worker(t, carrier, nil)

	var group sync.WaitGroup
	var beaten, won, tooLate atomic.Int64
	for racer := range racers {
		group.Go(func() {
			for n := racer; n < rounds && !t.Failed(); n += racers {
				o := w.orgs[n/1000%clinics]
				id := w.plan(t, o, "interleave", n, n+1, time.Time{})[0]
				time.Sleep(time.Duration(rand.Int64N(int64(40 * time.Millisecond))))
				var err error
				if n%2 == 0 {
					_, err = w.store.Claim(t.Context(), o.ID, claim(o, fmt.Sprint("round-", n), 0, phone(n)))
				} else {
					err = w.texts.RecordOptOut(t.Context(), o.ID, followup.OptOut{Phone: phone(n), Source: "text", Message: fmt.Sprint("SM", n)})
				}
				acknowledged := clock.Add(1)
				if err != nil {
					t.Errorf("round %d: %v", n, err)
					return
				}
				settled(t, w, o.ID, id)
				mu.Lock()
				at, requested := began[id]
				mu.Unlock()
				switch {
				case !requested:
					beaten.Add(1)
				case at < acknowledged:
					won.Add(1)
				default:
					tooLate.Add(1)
				}
			}
		})
	}
	group.Wait()
	return won.Load(), beaten.Load(), tooLate.Load()
}
