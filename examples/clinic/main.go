// Clinic is the back office of two demo clinics in one program: it answers
// Vapi, books, and shows what it has booked.
//
//	go run ./examples/clinic
//
// It keeps its state in memory unless DATABASE_URL names a PostgreSQL
// database. Settings come from the environment; a flag of the same name in
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

	"github.com/callwaiting-ai/callwaiting/adapters/phonenumbers"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
	"github.com/callwaiting-ai/callwaiting/examples/internal/setting"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
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
}

func readSettings(args []string) (settings, error) {
	flags := flag.NewFlagSet("clinic", flag.ContinueOnError)
	addr := setting.String(flags, "ADDR", "127.0.0.1:8080", "where to listen")
	databaseURL := setting.String(flags, "DATABASE_URL", "", "postgres://… of an unprivileged role; empty: in memory")
	migrateURL := setting.String(flags, "MIGRATE_DATABASE_URL", "", "postgres://… of the role that migrates and registers the clinics; empty: already done")
	secret := setting.String(flags, "VAPI_SECRET", "", "shared secret of the demo clinics; empty: "+demo.Secret+", on loopback only")
	publicURL := setting.String(flags, "PUBLIC_URL", "", "where Vapi reaches this server; empty: http://ADDR")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("%q is no flag: see -help", flags.Arg(0))
	}
	s := settings{*addr, *databaseURL, *migrateURL, *secret, strings.TrimRight(*publicURL, "/")}
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
	handler, err := newHandler(s, clinics, stores, log)
	if err != nil {
		return err
	}
	fmt.Print(instructions(s, stores.Kind, clinics, time.Now()))
	return serve(ctx, listener, handler)
}

// newHandler puts the parts together: this is what a service of your own does.
func newHandler(s settings, clinics []demo.Clinic, stores *demo.Stores, log *slog.Logger) (http.Handler, error) {
	service, err := booking.New(booking.Config{Store: stores.Booking, Catalogs: demo.Catalogs(clinics)})
	if err != nil {
		return nil, err
	}
	tools, err := vapi.BookingTools(vapi.BookingConfig{Service: service, Phones: phonenumbers.Parser{}})
	if err != nil {
		return nil, err
	}
	calls, err := vapi.New(vapi.Config{
		Directory: stores.Directory,
		Tools:     tools,
		Log:       log,
		Assistant: func(_ context.Context, org tenant.Org) (vapi.Choice, error) {
			server := vapi.NewServer(s.publicURL+"/vapi/"+org.Key, "")
			server.Headers = map[string]string{"X-Vapi-Secret": s.secret}
			assistant, err := vapi.NewAssistant(vapi.AssistantOptions{
				Org:     org,
				Server:  server,
				Tools:   tools,
				VoiceID: demo.Voice,
			})
			return vapi.Choice{Assistant: assistant}, err
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/vapi/{key}", calls)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /{$}", &page{service: service, clinics: clinics, kind: stores.Kind, log: log})
	return mux, nil
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
