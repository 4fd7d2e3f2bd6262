package handoff_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
)

// arrivals calls do at the times of a Poisson process, each in a goroutine of
// its own, without waiting for it: who is slow does not slow what comes.
func arrivals(n int, perSecond float64, do func(i int)) {
	var group sync.WaitGroup
	next := time.Now()
	for i := range n {
		next = next.Add(time.Duration(rand.ExpFloat64() / perSecond * float64(time.Second)))
		time.Sleep(time.Until(next))
		group.Go(func() { do(i) })
	}
	group.Wait()
}

func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(p/100*float64(len(all))))]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// load is n, or a part of it where every benchmark is only run to see that it
// does: with -short.
func load(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// BenchmarkCommitToRequest is how long after the commit of an intent the
// request to the carrier begins, at fifty calls a second.
func BenchmarkCommitToRequest(b *testing.B) {
	w := newWorld(b, 10, 16)
	w.consent(b, w.orgs, 100)
	carrier := newSink()
	w.worker(b, carrier, nil)
	n := load(1000)
	var mu sync.Mutex
	var took []time.Duration
	for round := 0; b.Loop(); round++ {
		arrivals(n, 50, func(i int) {
			o := w.orgs[i%len(w.orgs)]
			n := i / len(w.orgs)
			id := w.plan(b, o, fmt.Sprint("commit-", round, "-"), n, n+1, time.Time{})[0]
			committed := time.Now()
			var began time.Time
			until(b, time.Minute, "a request", func() (ok bool) { began, ok = carrier.at(id); return ok })
			mu.Lock()
			took = append(took, max(0, began.Sub(committed)))
			mu.Unlock()
		})
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(percentile(took, 50)), "ms-p50")
	b.ReportMetric(milliseconds(percentile(took, 99)), "ms-p99")
}

// BenchmarkWebhookToAccepted is how long after the end of a call is posted the
// text is accepted by a carrier that takes a hundred milliseconds, at fifty
// calls a second: HTTP, PostgreSQL and Twilio's protocol included.
func BenchmarkWebhookToAccepted(b *testing.B) {
	w := newWorld(b, killClinics, 16)
	var mu sync.Mutex
	accepted := map[string]time.Time{}
	carrier, err := twiliotest.Start(twiliotest.Config{
		Latency: [2]time.Duration{100 * time.Millisecond, 100 * time.Millisecond},
		Observer: func(m twiliotest.Message) {
			mu.Lock()
			accepted[m.AccountSID+m.To] = time.Now()
			mu.Unlock()
		},
	})
	require.NoError(b, err)
	b.Cleanup(carrier.Close)
	mux := http.NewServeMux()
	public := httptest.NewServer(mux)
	b.Cleanup(public.Close)
	mount(b, mux, w, public.URL)
	sender, err := twiliosms.New(twiliosms.Config{Accounts: accounts(), PublicURL: public.URL, BaseURL: carrier.URL()})
	require.NoError(b, err)
	w.worker(b, sender, nil)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	n := load(1000)
	var took []time.Duration
	for round := 0; b.Loop(); round++ {
		arrivals(n, 50, func(i int) {
			o, number := w.orgs[i%killClinics], phone((round*n+i)/killClinics)
			call := fmt.Sprintf(`"call":{"id":"call-%d-%d","customer":{"number":%q}}`, round, i, number)
			_, err := post(client, public.URL+"/vapi/"+o.Key, `{"message":{"type":"tool-calls",`+call+
				`,"toolCallList":[{"id":"t1","function":{"name":"send_information","arguments":{"procedure":"nose job","consent":true}}}]}}`)
			if err != nil {
				b.Error(err)
			}
			posted := time.Now()
			if _, err := post(client, public.URL+"/vapi/"+o.Key, `{"message":{"type":"status-update","status":"ended",`+call+`}}`); err != nil {
				b.Error(err)
			}
			var at time.Time
			until(b, time.Minute, "a text", func() (ok bool) {
				mu.Lock()
				defer mu.Unlock()
				at, ok = accepted[recipient(o, number)]
				return ok
			})
			mu.Lock()
			took = append(took, at.Sub(posted))
			mu.Unlock()
		})
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(percentile(took, 50)), "ms-p50")
	b.ReportMetric(milliseconds(percentile(took, 99)), "ms-p99")
}

// BenchmarkDrain is how fast texts go out that are due all at once, to a
// carrier that takes no time.
func BenchmarkDrain(b *testing.B) {
	w := newWorld(b, 8, 16)
	w.consent(b, w.orgs, 1000)
	carrier := newSink()
	n := load(5000)
	w.worker(b, carrier, nil)
	var rates []float64
	for round := 0; b.Loop(); round++ {
		before := carrier.sent()
		due := time.Now().Add(5 * time.Second) // all are there before the first is due
		for _, o := range w.orgs {
			w.plan(b, o, fmt.Sprint("drain-", round, "-"), 0, n/len(w.orgs), due)
		}
		time.Sleep(time.Until(due))
		// On a slow machine some may have gone while others were planned.
		start, all := time.Now(), before+n/len(w.orgs)*len(w.orgs)
		left := all - carrier.sent()
		until(b, 5*time.Minute, "the last text", func() bool { return carrier.sent() >= all })
		rates = append(rates, float64(left)/time.Since(start).Seconds())
	}
	slices.Sort(rates)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rates[len(rates)/2], "intents/s")
}

// BenchmarkNoisyClinic is by how much another clinic's ten thousand texts delay
// those of one that has few.
func BenchmarkNoisyClinic(b *testing.B) {
	w := newWorld(b, 2, 16)
	noisy, quiet := w.orgs[0], w.orgs[1]
	w.consent(b, w.orgs, 1000)
	carrier := newSink()
	w.worker(b, carrier, nil)
	n := load(10000)
	few := func(name string) time.Duration {
		var mu sync.Mutex
		var took []time.Duration
		arrivals(100, 50, func(i int) {
			id := w.plan(b, quiet, name, i, i+1, time.Time{})[0]
			committed := time.Now()
			var began time.Time
			until(b, time.Minute, "a request", func() (ok bool) { began, ok = carrier.at(id); return ok })
			mu.Lock()
			took = append(took, max(0, began.Sub(committed)))
			mu.Unlock()
		})
		return percentile(took, 99)
	}
	var alone, beside []time.Duration
	for round := 0; b.Loop(); round++ {
		alone = append(alone, few(fmt.Sprint("alone-", round, "-")))
		w.plan(b, noisy, fmt.Sprint("noise-", round, "-"), 0, n, time.Time{})
		beside = append(beside, few(fmt.Sprint("beside-", round, "-")))
		until(b, 5*time.Minute, "the end of the noise", func() bool { return carrier.sent() >= (round+1)*(n+200) })
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(percentile(alone, 50)), "ms-p99-alone")
	b.ReportMetric(milliseconds(percentile(beside, 50)), "ms-p99-beside")
	b.ReportMetric(milliseconds(percentile(beside, 50)-percentile(alone, 50)), "ms-p99-more")
}
