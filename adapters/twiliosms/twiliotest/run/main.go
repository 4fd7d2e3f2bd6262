// Command run is a pretended Twilio, for trying out what sends texts:
//
//	go run ./adapters/twiliosms/twiliotest/run -addr 127.0.0.1:4010 -show
//	TWILIO_BASE_URL=http://127.0.0.1:4010 … go run ./examples/clinic
//
// It takes whatever credentials come, signs its callbacks with them, and prints
// a line for every message that it takes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:4010", "where to listen")
	faults := flag.Float64("faults", 0, "share of requests that go wrong, of 0 to 1: a quarter each 503 before, 429, taken and dropped, taken and 500")
	seed := flag.Uint64("seed", 1, "of the faults")
	latency := flag.Duration("latency", 0, "how long a request takes")
	lag := flag.Duration("lag", 0, "how long a message is not listed")
	callbacks := flag.Bool("callbacks", true, "report sending, sent and delivered")
	show := flag.Bool("show", false, "print the texts")
	flag.Parse()

	var taken atomic.Int64
	cfg := twiliotest.Config{
		Addr:    *addr,
		Seed:    *seed,
		Random:  twiliotest.Chances{Before: *faults / 4, RateLimited: *faults / 4, ThenDrop: *faults / 4, ThenError: *faults / 4, RetryAfter: time.Second},
		Latency: [2]time.Duration{*latency, *latency},
		ListLag: *lag,
		Observer: func(m twiliotest.Message) {
			fmt.Printf("message %d %s\n", taken.Add(1), m.SID)
			if *show {
				fmt.Printf("  %s\n", m.Body)
			}
		},
	}
	if *callbacks {
		cfg.Callbacks = &twiliotest.Callbacks{Delay: [2]time.Duration{300 * time.Millisecond, 600 * time.Millisecond}}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := twiliotest.Start(cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("a pretended Twilio at", s.URL())
	<-ctx.Done()
	s.Close()
	for _, p := range s.Problems() {
		fmt.Println("not understood:", p)
	}
	fmt.Printf("%d messages in %d requests\n", taken.Load(), s.Requests())
}
