package e2e_test

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
// its own: a slow call does not delay the next.
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

// scaled returns n, or a tenth of it with -short, which only checks that the
// benchmarks run.
func scaled(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// BenchmarkCommitToRequest measures the time from the commit of an intent to the
// request to the carrier, at fifty calls a second.
func BenchmarkCommitToRequest(b *testing.B) {
	w := newFixture(b, 10, 16)
	w.consent(b, w.orgs, 100)
	carrier := newRecordingSender()
	w.worker(b, carrier, nil)
	n := scaled(1000)
	var mu sync.Mutex
	var took []time.Duration
	for round := 0; b.Loop(); round++ {
		arrivals(n, 50, func(i int) {
			o := w.orgs[i%len(w.orgs)]
			n := i / len(w.orgs)
			id := w.plan(b, o, fmt.Sprint("commit-", round, "-"), n, n+1, time.Time{})[0]
			committed := time.Now()
			var began time.Time
			await(b, time.Minute, "a request", func() (ok bool) { began, ok = carrier.at(id); return ok })
			mu.Lock()
			took = append(took, max(0, began.Sub(committed)))
			mu.Unlock()
		})
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(percentile(took, 50)), "ms-p50")
	b.ReportMetric(milliseconds(percentile(took, 99)), "ms-p99")
}

// BenchmarkWebhookToAccepted measures the time from the post of a call's end to
// the carrier's acceptance of the text, at fifty calls a second: HTTP, PostgreSQL
// and Twilio's protocol included. The carrier takes a hundred milliseconds.
func BenchmarkWebhookToAccepted(b *testing.B) {
	w := newFixture(b, killClinics, 16)
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
	n := scaled(1000)
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
			await(b, time.Minute, "a text", func() (ok bool) {
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

// BenchmarkDrain measures the rate of texts that come due at the same time, to a
// carrier without latency.
func BenchmarkDrain(b *testing.B) {
	w := newFixture(b, 8, 16)
	w.consent(b, w.orgs, 1000)
	carrier := newRecordingSender()
	n := scaled(5000)
	w.worker(b, carrier, nil)
	var rates []float64
	for round := 0; b.Loop(); round++ {
		before := carrier.sent()
		due := time.Now().Add(5 * time.Second) // all are planned before the first is due
		for _, o := range w.orgs {
			w.plan(b, o, fmt.Sprint("drain-", round, "-"), 0, n/len(w.orgs), due)
		}
		time.Sleep(time.Until(due))
		// On a slow machine some were sent while others were planned.
		start, all := time.Now(), before+n/len(w.orgs)*len(w.orgs)
		left := all - carrier.sent()
		await(b, 5*time.Minute, "the last text", func() bool { return carrier.sent() >= all })
		rates = append(rates, float64(left)/time.Since(start).Seconds())
	}
	slices.Sort(rates)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rates[len(rates)/2], "intents/s")
}

// BenchmarkNoisyClinic measures the delay that ten thousand texts of one clinic
// add to the few of another.
func BenchmarkNoisyClinic(b *testing.B) {
	w := newFixture(b, 2, 16)
	noisy, quiet := w.orgs[0], w.orgs[1]
	w.consent(b, w.orgs, 1000)
	carrier := newRecordingSender()
	w.worker(b, carrier, nil)
	n := scaled(10000)
	few := func(name string) time.Duration {
		var mu sync.Mutex
		var took []time.Duration
		arrivals(100, 50, func(i int) {
			id := w.plan(b, quiet, name, i, i+1, time.Time{})[0]
			committed := time.Now()
			var began time.Time
			await(b, time.Minute, "a request", func() (ok bool) { began, ok = carrier.at(id); return ok })
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
		await(b, 5*time.Minute, "the end of the noise", func() bool { return carrier.sent() >= (round+1)*(n+200) })
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(percentile(alone, 50)), "ms-p99-alone")
	b.ReportMetric(milliseconds(percentile(beside, 50)), "ms-p99-beside")
	b.ReportMetric(milliseconds(percentile(beside, 50)-percentile(alone, 50)), "ms-p99-more")
}
