// Command run is a fake Twilio, to try out a program that sends texts:
//
//	go run ./adapters/twiliosms/twiliotest/run -addr 127.0.0.1:4010 -show
//	TWILIO_BASE_URL=http://127.0.0.1:4010 … go run ./examples/clinic
//
// It accepts any credentials, signs its callbacks with them, and prints a line for
// every message that it accepts.
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
	addr := flag.String("addr", "127.0.0.1:4010", "address to listen at")
	faults := flag.Float64("faults", 0, "share of requests that fail, from 0 to 1: a quarter each with 503, with 429, accepted and dropped, accepted and 500")
	seed := flag.Uint64("seed", 1, "seed of the faults")
	latency := flag.Duration("latency", 0, "how long a request takes")
	lag := flag.Duration("lag", 0, "how long an accepted message is not listed yet")
	callbacks := flag.Bool("callbacks", true, "report sending, sent and delivered")
	show := flag.Bool("show", false, "print the texts")
	flag.Parse()

	var accepted atomic.Int64
	cfg := twiliotest.Config{
		Addr:    *addr,
		Seed:    *seed,
		Faults:  twiliotest.FaultRates{Before: *faults / 4, RateLimited: *faults / 4, ThenDrop: *faults / 4, ThenError: *faults / 4, RetryAfter: time.Second},
		Latency: [2]time.Duration{*latency, *latency},
		ListLag: *lag,
		Observer: func(m twiliotest.Message) {
			fmt.Printf("message %d %s\n", accepted.Add(1), m.SID)
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
	fmt.Println("fake Twilio at", s.URL())
	<-ctx.Done()
	s.Close()
	for _, p := range s.Problems() {
		fmt.Println("problem:", p)
	}
	fmt.Printf("%d messages in %d requests\n", accepted.Load(), s.Requests())
}
