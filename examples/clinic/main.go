// Clinic is the back office of clinics in one program: it answers Vapi, books,
// texts after a dropped call, and shows the bookings and the texts.
//
//	go run ./examples/clinic
//
// It serves two demo clinics, or those of the documents in the folder that
// CLINICS names. It keeps its state in memory unless DATABASE_URL names a
// PostgreSQL database, and prints texts unless a Twilio account is set. A
// setting comes from the environment; a flag of the same name in lower case
// with dashes wins.
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
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/callwaiting-ai/callwaiting"
	"github.com/callwaiting-ai/callwaiting/adapters/phonenumbers"
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
	addr, databaseURL, migrateURL, clinics, secret, publicURL string

	loopback bool // addr is one
	twilio   twilioSettings
}

func readSettings(args []string) (settings, error) {
	flags := flag.NewFlagSet("clinic", flag.ContinueOnError)
	addr := setting.String(flags, "ADDR", "127.0.0.1:8080", "where to listen")
	databaseURL := setting.String(flags, "DATABASE_URL", "", "postgres://… of an unprivileged role; empty: in memory")
	migrateURL := setting.String(flags, "MIGRATE_DATABASE_URL", "", "postgres://… of the role that migrates; empty: already done")
	clinics := setting.String(flags, "CLINICS", "", "folder of clinic documents, {key}.json; empty: two demo clinics")
	secret := setting.String(flags, "VAPI_SECRET", "", "secret of every clinic without a VAPI_SECRET_{KEY} of its own; empty: "+demo.Secret+", on loopback and without a PUBLIC_URL elsewhere only")
	publicURL := setting.String(flags, "PUBLIC_URL", "", "where Vapi, Twilio and callers reach this server; empty: http://ADDR")
	twilio := twilioFlags(flags)
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("%q is no flag: see -help", flags.Arg(0))
	}
	s := settings{addr: *addr, databaseURL: *databaseURL, migrateURL: *migrateURL, clinics: *clinics, secret: *secret, publicURL: strings.TrimRight(*publicURL, "/")}
	host, _, _ := net.SplitHostPort(s.addr)
	s.loopback = isLoopback(host)
	public, _ := url.Parse(s.publicURL) // callwaiting.New reports a bad one
	local := s.publicURL == "" || public != nil && isLoopback(public.Hostname())
	if s.secret == "" && s.loopback && local { // the secret is known to everybody
		s.secret = demo.Secret
	}
	var err error
	s.twilio, err = twilio()
	return s, err
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// lookupEnv is os.LookupEnv, with VAPI_SECRET for a clinic's VAPI_SECRET_{KEY}
// that is not set. A key's '-' is '_' there.
func (s settings) lookupEnv(name string) (string, bool) {
	value, ok := os.LookupEnv(name)
	if !ok && strings.HasPrefix(name, "VAPI_SECRET") && !strings.HasSuffix(name, "_PREVIOUS") {
		return s.secret, s.secret != ""
	}
	return value, ok
}

// registry reads the documents of the clinics.
func (s settings) registry(ctx context.Context, log *slog.Logger) (*callwaiting.Registry, error) {
	folder := demo.Clinics()
	if s.clinics != "" {
		root, err := os.OpenRoot(s.clinics) // a link in it cannot lead out
		if err != nil {
			return nil, fmt.Errorf("CLINICS: %w", err)
		}
		folder = root.FS()
	}
	return callwaiting.NewRegistry(ctx, callwaiting.RegistryConfig{
		Clinics:   callwaiting.ClinicFolder(folder),
		Documents: folder,
		Secrets:   callwaiting.SecretSource{LookupEnv: s.lookupEnv, ReadFile: os.ReadFile, Loopback: s.loopback},
		Log:       log,
	})
}

func run(ctx context.Context, args []string) error {
	s, err := readSettings(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	log, err := redact.NewLogger(slog.New(slog.NewTextHandler(os.Stderr, nil)), nil)
	if err != nil {
		return err
	}
	clinics, err := s.registry(ctx, log)
	if err != nil {
		return err
	}
	stores, err := demo.Open(ctx, s.databaseURL, s.migrateURL)
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
	office, err := newOffice(ctx, &s, clinics, stores, log)
	if err != nil {
		return err
	}
	commands, err := instructions(ctx, s, stores.Kind, office, clinics, time.Now())
	if err != nil {
		return err
	}
	fmt.Print(commands)
	ctx, stop := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		office.Run(ctx)
	}()
	defer func() {
		stop()
		<-stopped
	}()
	return serve(ctx, listener, withPage(office, stores, clinics, log))
}

// newOffice assembles the parts. PublicURL defaults to the address in s.
func newOffice(ctx context.Context, s *settings, clinics *callwaiting.Registry, stores *demo.Stores, log *slog.Logger) (*callwaiting.Office, error) {
	s.publicURL = cmp.Or(s.publicURL, "http://"+s.addr)
	sender, err := s.twilio.sender(ctx, s.publicURL, clinics)
	if err != nil {
		return nil, err
	}
	return callwaiting.New(callwaiting.Config{
		Clinics: clinics, Bookings: stores.Bookings, FollowUps: stores.FollowUps, Sender: sender,
		Phones: phonenumbers.Parser{}, PublicURL: s.publicURL, Log: log,
	})
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
