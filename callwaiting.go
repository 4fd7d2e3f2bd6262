package callwaiting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/assistant"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// Config configures an [Office]. Clinics, Bookings and PublicURL are required.
type Config struct {
	Clinics  *Registry
	Bookings booking.Store

	// PublicURL is the address at which Vapi, the carrier and callers reach
	// Handler, such as "https://calls.clinic.example". Links in texts begin
	// with it.
	PublicURL string

	// FollowUps keeps calls and text messages; Sender hands the messages to a
	// carrier. Give both or neither.
	//
	// Default to no texts: dropped calls are not remembered.
	FollowUps FollowUpStore
	Sender    followup.Sender

	// Phones reads the phone numbers of callers. Adapter phonenumbers reads
	// those of every country.
	//
	// Defaults to phone.NorthAmerica, which reads numbers of the North
	// American plan and numbers written in full.
	Phones phone.NumberingPlan

	// Tools are further tools for the assistants, besides those of this module.
	//
	// Defaults to no further tools.
	Tools []vapi.Tool

	// Log receives the lines of every part, redacted.
	//
	// Defaults to slog.Default().
	Log *slog.Logger

	// Now returns the time. The stores have clocks of their own.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// FollowUpStore is a store of calls, messages, due tasks and links, such as
// FollowUps of a memory.Store or a pgxstore.Store.
type FollowUpStore interface {
	followup.Store
	followup.Queue
	followup.LinkStore
}

// CallbackSender is a [followup.Sender] with a carrier that calls back with delivery
// reports and replies, such as a twiliosms.Sender. An Office mounts the
// callbacks by themselves.
type CallbackSender interface {
	followup.Sender

	// Callbacks returns the handlers by their patterns, as those of
	// [http.ServeMux]. The handlers must authenticate every request.
	Callbacks(inbox *followup.Service, directory tenant.Directory, log *slog.Logger) (map[string]http.Handler, error)
}

// Office is the back office of the clinics of a [Registry]: it answers Vapi,
// books, and texts after a dropped call. It is the usual assembly of the parts
// of this module, each of which is usable alone. Safe for concurrent use. Make
// one with [New].
type Office struct {
	cfg      Config
	booking  *booking.Service
	followUp *followup.Service // nil without texts
	worker   *followup.Worker  // nil without texts
	mux      *http.ServeMux
}

// New assembles an office without starting it: serve Handler and call Run. The
// error names the field of cfg that is missing or invalid, and the fix.
func New(cfg Config) (*Office, error) {
	switch {
	case cfg.Clinics == nil:
		return nil, errors.New("callwaiting: Config.Clinics is nil: make a registry with callwaiting.NewRegistry")
	case cfg.Bookings == nil:
		return nil, errors.New("callwaiting: Config.Bookings is nil: pass a store, such as memory.New or pgxstore.New makes")
	case cfg.PublicURL == "":
		return nil, errors.New("callwaiting: Config.PublicURL is empty: give the address at which Vapi and callers reach this service")
	case (cfg.FollowUps == nil) != (cfg.Sender == nil):
		return nil, errors.New("callwaiting: Config.FollowUps and Config.Sender go together: give both, or neither for no texts")
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	if cfg.Phones == nil {
		cfg.Phones = phone.NorthAmerica{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	var err error
	if cfg.Log, err = redact.NewLogger(cmp.Or(cfg.Log, slog.Default()), nil); err != nil {
		return nil, err
	}
	o := &Office{cfg: cfg, mux: http.NewServeMux()}
	if o.booking, err = booking.New(booking.Config{Store: cfg.Bookings, Catalogs: cfg.Clinics, Now: cfg.Now}); err != nil {
		return nil, err
	}
	if cfg.FollowUps != nil {
		if err := o.addTexts(); err != nil {
			return nil, err
		}
	}
	if err := o.addCalls(); err != nil {
		return nil, err
	}
	o.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return o, nil
}

// addTexts makes the parts that remember calls and send texts.
func (o *Office) addTexts() (err error) {
	cfg := &o.cfg
	o.followUp, err = followup.New(followup.Config{
		Store: cfg.FollowUps, Settings: cfg.Clinics, Catalog: tools.Procedures(cfg.Clinics),
		Assets: cfg.Clinics.assets, Phones: cfg.Phones, Log: cfg.Log, Now: cfg.Now,
	})
	if err != nil {
		return err
	}
	links, err := linkpage.NewLinks(cfg.PublicURL)
	if err != nil {
		return fmt.Errorf("callwaiting: Config.PublicURL: %w", err)
	}
	o.worker, err = followup.NewWorker(followup.WorkerConfig{Service: o.followUp, Queue: cfg.FollowUps, Sender: cfg.Sender, Links: links})
	if err != nil {
		return err
	}
	if cfg.Clinics.assets != nil {
		pages, err := linkpage.New(linkpage.Config{
			Links: cfg.FollowUps, Settings: cfg.Clinics, Assets: cfg.Clinics.assets, Log: cfg.Log, Now: cfg.Now,
		})
		if err != nil {
			return err
		}
		o.mux.Handle("/d/{token}", pages)
	}
	if sender, ok := cfg.Sender.(CallbackSender); ok {
		callbacks, err := sender.Callbacks(o.followUp, cfg.Clinics, cfg.Log)
		if err != nil {
			return err
		}
		for pattern, handler := range callbacks {
			o.mux.Handle(pattern, handler)
		}
	}
	return nil
}

// addCalls makes the parts that answer Vapi.
func (o *Office) addCalls() error {
	cfg := &o.cfg
	toolConfig := tools.Config{Booking: o.booking, Phones: cfg.Phones, Log: cfg.Log, Now: cfg.Now}
	var followUp vapi.FollowUp
	if o.followUp != nil {
		followUp, toolConfig.FollowUp = o.followUp, o.followUp
	}
	all, err := tools.New(toolConfig)
	if err != nil {
		return err
	}
	all = append(all, cfg.Tools...)
	calls, err := vapi.New(vapi.Config{
		Directory: cfg.Clinics, Tools: all, FollowUp: followUp, Log: cfg.Log, Now: cfg.Now,
		Assistant: func(ctx context.Context, org tenant.Org) (vapi.AssistantChoice, error) {
			return o.chooseAssistant(ctx, org, all)
		},
	})
	if err != nil {
		return err
	}
	o.mux.Handle("/vapi/{key}", calls)
	return nil
}

// defaultVoice is one of Cartesia's public English voices.
const defaultVoice = "a0e99841-438c-4a64-b679-ae501e7d6091"

// chooseAssistant returns the assistant of a clinic's document: the saved one,
// or one with the given tools.
func (o *Office) chooseAssistant(ctx context.Context, org tenant.Org, all []vapi.Tool) (vapi.AssistantChoice, error) {
	m, err := o.cfg.Clinics.find(org.ID)
	if err != nil {
		return vapi.AssistantChoice{}, err
	}
	v := m.doc.Vapi
	if v.Assistant.ID != "" {
		return vapi.AssistantChoice{AssistantID: v.Assistant.ID}, nil
	}
	server := vapi.NewServer(o.cfg.PublicURL+"/vapi/"+org.Key, v.CredentialID)
	if v.CredentialID == "" {
		server.Headers = map[string]string{"X-Vapi-Secret": m.secrets.Current}
	}
	made, err := assistant.New(assistant.Options{
		Org: org, Server: server, Tools: all,
		VoiceID: cmp.Or(v.Assistant.VoiceID, defaultVoice), VoiceModel: v.Assistant.VoiceModel,
		Transcriber: v.Assistant.Transcriber, Terms: v.Assistant.Terms,
		Provider: v.Assistant.Provider, Model: v.Assistant.Model,
		FirstMessage: v.Assistant.FirstMessage, Instructions: v.Assistant.Instructions,
	})
	return vapi.AssistantChoice{Assistant: made}, err
}

// Handler answers every request of the office:
//
//	POST /vapi/{key}           Vapi's server messages
//	GET, POST /d/{token}       the documents that links in texts open
//	POST /sms/status/{key}     the carrier's callbacks, of a [CallbackSender]
//	POST /sms/inbound/{key}
//	GET /healthz               ok, while the process answers
func (o *Office) Handler() http.Handler { return o.mux }

// Booking returns the service that books, for channels besides the telephone.
func (o *Office) Booking() *booking.Service { return o.booking }

// FollowUp returns the service that remembers calls; nil without texts.
func (o *Office) FollowUp() *followup.Service { return o.followUp }

// Run sends the texts that are due and reloads the clinics' documents, until
// ctx ends; then it waits for sends under way. The error is that of ctx.
func (o *Office) Run(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { o.cfg.Clinics.Run(ctx) })
	if o.worker != nil {
		running.Go(func() { o.worker.Run(ctx) })
	}
	running.Wait()
	return ctx.Err()
}
