// Clinic is the back office of two demo clinics in one program: it answers
// Vapi, books, texts who hung up, and shows what it has booked and texted.
//
//	go run ./examples/clinic
//
// It keeps its state in memory unless DATABASE_URL names a PostgreSQL
// database, and prints texts unless TWILIO_ACCOUNT_SID names an account. Settings come from the environment; a flag of the same name in
// lower case with dashes wins.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
	"github.com/callwaiting-ai/callwaiting/examples/internal/setting"
	"github.com/callwaiting-ai/callwaiting/redact"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "clinic:", err)
		os.Exit(1)
	}
}

type settings struct {
	addr, databaseURL, migrateURL, secret, publicURL string

	twilio twilioSettings
}

func readSettings(args []string) (settings, error) {
	flags := flag.NewFlagSet("clinic", flag.ContinueOnError)
	addr := setting.String(flags, "ADDR", "127.0.0.1:8080", "where to listen")
	databaseURL := setting.String(flags, "DATABASE_URL", "", "postgres://… of an unprivileged role; empty: in memory")
	migrateURL := setting.String(flags, "MIGRATE_DATABASE_URL", "", "postgres://… of the role that migrates and registers the clinics; empty: already done")
	secret := setting.String(flags, "VAPI_SECRET", "", "shared secret of the demo clinics; empty: "+demo.Secret+", on loopback only")
	publicURL := setting.String(flags, "PUBLIC_URL", "", "where Vapi, Twilio and callers reach this server; empty: http://ADDR")
	twilio := twilioFlags(flags)
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("%q is no flag: see -help", flags.Arg(0))
	}
	s := settings{addr: *addr, databaseURL: *databaseURL, migrateURL: *migrateURL, secret: *secret, publicURL: strings.TrimRight(*publicURL, "/")}
	var err error
	if s.twilio, err = twilio(); err != nil {
		return settings{}, err
	}
	if s.secret == "" {
		if host, _, _ := net.SplitHostPort(s.addr); host != "localhost" && !net.ParseIP(host).IsLoopback() {
			return settings{}, errors.New("VAPI_SECRET is empty and ADDR is not a loopback address: set the secret that Vapi sends")
		}
		s.secret = demo.Secret
	}
	return s, nil
}

func run(ctx context.Context, args []string) error {
	s, err := readSettings(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	clinics, err := demo.Clinics()
	if err != nil {
		return err
	}
	stores, err := demo.Open(ctx, s.databaseURL, s.migrateURL, s.secret, clinics)
	if err != nil {
		return err
	}
	defer stores.Close()
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("ADDR: %w", err)
	}
	defer listener.Close()
	s.addr = listener.Addr().String() // with the port, if ADDR left it to the system
	s.publicURL = cmp.Or(s.publicURL, "http://"+s.addr)
	redactor, err := redact.New(redact.Config{})
	if err != nil {
		return err
	}
	log := slog.New(redact.NewHandler(slog.NewTextHandler(os.Stderr, nil), redactor))
	messages, err := demo.Messages(clinics)
	if err != nil {
		return err
	}
	office, err := newOffice(s, clinics, messages, stores, log)
	if err != nil {
		return err
	}
	fmt.Print(instructions(s, stores.Kind, clinics, time.Now()))
	ctx, stop := context.WithCancel(ctx)
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		office.worker.Run(ctx)
	}()
	defer func() {
		stop()
		<-worked
	}()
	return serve(ctx, listener, office.handler)
}

// serve answers requests until ctx ends, and lets those under way finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}
