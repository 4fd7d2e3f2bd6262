package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/callwaiting-ai/callwaiting/adapters/phonenumbers"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

// An office is the parts put together: what answers, and what works by itself.
type office struct {
	handler http.Handler
	worker  *followup.Worker
}

// newOffice puts the parts together: this is what a service of your own does.
func newOffice(s settings, clinics []demo.Clinic, messages followup.SettingsSource, stores *demo.Stores, log *slog.Logger) (*office, error) {
	catalogs := demo.Catalogs(clinics)
	service, err := booking.New(booking.Config{Store: stores.Booking, Catalogs: catalogs})
	if err != nil {
		return nil, err
	}
	documents, err := demo.Documents(clinics)
	if err != nil {
		return nil, err
	}
	texts, err := followup.New(followup.Config{
		Store: stores.Texts, Settings: messages, Catalog: vapi.FollowUpCatalog(catalogs), Assets: documents,
		Phones: phonenumbers.Parser{}, Log: log,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	sender, err := s.twilio.sender(s.publicURL, clinics, stores.Directory, texts, mux, log)
	if err != nil {
		return nil, err
	}
	links, err := followup.NewLinks(s.publicURL)
	if err != nil {
		return nil, fmt.Errorf("PUBLIC_URL: %w", err)
	}
	worker, err := followup.NewWorker(followup.WorkerConfig{Service: texts, Queue: stores.Texts, Sender: sender, Links: links})
	if err != nil {
		return nil, err
	}
	pages, err := followup.NewLinkHandler(followup.LinkHandlerConfig{Links: stores.Texts, Clinics: messages, Assets: documents, Log: log})
	if err != nil {
		return nil, err
	}
	calls, err := answerCalls(s, stores.Directory, service, texts, log)
	if err != nil {
		return nil, err
	}
	mux.Handle("/vapi/{key}", calls)
	mux.Handle("/d/{token}", pages)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /{$}", &page{service: service, texts: stores.Texts, clinics: clinics, kind: stores.Kind, log: log})
	return &office{mux, worker}, nil
}

// answerCalls answers Vapi.
func answerCalls(s settings, directory tenant.Directory, service *booking.Service, texts *followup.Service, log *slog.Logger) (http.Handler, error) {
	tools, err := vapi.BookingTools(vapi.BookingConfig{Service: service, Phones: phonenumbers.Parser{}, FollowUp: texts, Log: log})
	if err != nil {
		return nil, err
	}
	more, err := vapi.FollowUpTools(vapi.FollowUpConfig{Service: texts})
	if err != nil {
		return nil, err
	}
	tools = append(tools, more...)
	return vapi.New(vapi.Config{
		Directory: directory,
		Tools:     tools,
		FollowUp:  texts,
		Log:       log,
		Assistant: func(_ context.Context, org tenant.Org) (vapi.AssistantChoice, error) {
			server := vapi.NewServer(s.publicURL+"/vapi/"+org.Key, "")
			server.Headers = map[string]string{"X-Vapi-Secret": s.secret}
			assistant, err := vapi.NewAssistant(vapi.AssistantOptions{
				Org:     org,
				Server:  server,
				Tools:   tools,
				VoiceID: demo.Voice,
			})
			return vapi.AssistantChoice{Assistant: assistant}, err
		},
	})
}
