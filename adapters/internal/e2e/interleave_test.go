package e2e_test

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

// number returns a size that a variable of the environment overrides.
func number(t testing.TB, name string, byDefault int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return byDefault
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}

// TestFollowUpStore_BeginSending races a due text against a booking or an
// opt-out of its contact, for one contact after the other: no request begins
// after the booking or the opt-out was acknowledged.
func TestFollowUpStore_BeginSending(t *testing.T) {
	rounds := number(t, "INTERLEAVINGS", 400)
	sent, suppressed, late := interleave(t, rounds, newRecordingSender())
	t.Logf("%d interleavings: %d texts sent before, %d suppressed, %d too late", rounds, sent, suppressed, late)
	require.Zero(t, late, "requests that began after the booking or opt-out was acknowledged")
	require.NotZero(t, sent, "no text won: there was no race")
	require.NotZero(t, suppressed, "no booking won: there was no race")
}

// The control: if the contact's lock is released before the request begins,
// texts are too late.
func TestFollowUpStore_BeginSending_Control(t *testing.T) {
	early := newRecordingSender()
	early.releaseEarly = true
	_, _, late := interleave(t, 400, early)
	t.Logf("%d too late", late)
	require.NotZero(t, late)
}

// interleave returns the numbers of texts that were sent before, suppressed, and
// sent too late.
func interleave(t *testing.T, rounds int, carrier *recordingSender) (sent, suppressed, late int64) {
	const clinics, racers = 10, 16
	w := newFixture(t, clinics, 24)
	w.consent(t, w.orgs, 1000)

	// The counter orders two kinds of events: a booking or an opt-out that was
	// acknowledged, and a request that begins.
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
	var lost, won, tooLate atomic.Int64
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
				awaitEnd(t, w, o.ID, id)
				mu.Lock()
				at, requested := began[id]
				mu.Unlock()
				switch {
				case !requested:
					lost.Add(1)
				case at < acknowledged:
					won.Add(1)
				default:
					tooLate.Add(1)
				}
			}
		})
	}
	group.Wait()
	return won.Load(), lost.Load(), tooLate.Load()
}
