// Fivecallers books one slot for five callers at the same moment, and prints
// the winner and the alternatives offered to the others.
//
//	go run ./examples/fivecallers
//
// The race runs in memory, or in the PostgreSQL database of DATABASE_URL.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
	"github.com/callwaiting-ai/callwaiting/examples/internal/setting"
)

func main() {
	databaseURL := setting.String(flag.CommandLine, "DATABASE_URL", "", "postgres://… of an unprivileged role; empty: in memory")
	migrateURL := setting.String(flag.CommandLine, "MIGRATE_DATABASE_URL", "", "postgres://… of the role that migrates; empty: already done")
	flag.Parse()
	if err := race(context.Background(), os.Stdout, *databaseURL, *migrateURL); err != nil {
		fmt.Fprintln(os.Stderr, "fivecallers:", err)
		os.Exit(1)
	}
}

func race(ctx context.Context, out io.Writer, databaseURL, migrateURL string) error {
	clinics, err := demo.Registry(ctx)
	if err != nil {
		return err
	}
	stores, err := demo.Open(ctx, databaseURL, migrateURL)
	if err != nil {
		return err
	}
	defer stores.Close()
	service, err := booking.New(booking.Config{Store: stores.Bookings, Catalogs: clinics})
	if err != nil {
		return err
	}
	clinic := clinics.Orgs()[0]
	now := time.Now()
	free, err := service.Slots(ctx, clinic.ID, booking.Query{Service: "botox-consultation", From: now, To: now.AddDate(0, 0, 14), Limit: 1})
	if err != nil {
		return err
	}
	if len(free) == 0 {
		return errors.New("no free slot in the next two weeks: clear the database")
	}
	fmt.Fprintf(out, "Five callers ask %s for %s, state %s.\n", clinic.Name, spoken(free[0].Start), stores.Kind)

	run := rand.Text() // so that the keys of another run are new ones
	var results [5]result
	var ready, done sync.WaitGroup
	ready.Add(len(results))
	for i := range results {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			results[i].appointment, results[i].err = service.Book(ctx, clinic.ID, booking.Request{
				Key:       fmt.Sprintf("%s/call-%d", run, i+1),
				Selection: booking.Selection{Slot: free[0].ID},
				Contact:   booking.Contact{Phone: fmt.Sprintf("+44770090003%d", i+1), Name: fmt.Sprintf("Caller %d", i+1)},
			})
		})
	}
	done.Wait()
	for i, r := range results {
		if err := r.print(out, i+1); err != nil {
			return err
		}
	}
	return nil
}

type result struct {
	appointment booking.Appointment
	err         error
}

func (r result) print(out io.Writer, caller int) error {
	var conflict *booking.ConflictError
	switch {
	case r.err == nil:
		fmt.Fprintf(out, "call-%d  booked  %s\n", caller, spoken(r.appointment.Start))
	case errors.As(r.err, &conflict):
		fmt.Fprintf(out, "call-%d  taken   instead:", caller)
		for _, s := range conflict.Alternatives {
			fmt.Fprintf(out, "  %s", spoken(s.Start))
		}
		fmt.Fprintln(out)
	default:
		return r.err
	}
	return nil
}

func spoken(t time.Time) string { return t.Format("Mon 2 Jan 15:04") }
