package main

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
	"github.com/callwaiting-ai/callwaiting/examples/internal/setting"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// twilioSettings name the Twilio account that texts for both demo clinics; the
// zero value names none.
type twilioSettings struct {
	sid, token, from, messagingService, baseURL string
}

// twilioFlags defines the settings; read them when the flags are parsed.
func twilioFlags(flags *flag.FlagSet) (read func() (twilioSettings, error)) {
	sid := setting.String(flags, "TWILIO_ACCOUNT_SID", "", "AC… of the account that texts; empty: texts are printed here")
	token := setting.String(flags, "TWILIO_AUTH_TOKEN", "", "of the account")
	from := setting.String(flags, "TWILIO_FROM", "", "the number that texts, in E.164; or else TWILIO_MESSAGING_SERVICE_SID")
	messagingService := setting.String(flags, "TWILIO_MESSAGING_SERVICE_SID", "", "MG… of the messaging service that texts")
	baseURL := setting.String(flags, "TWILIO_BASE_URL", "", "where Twilio's API is; empty: https://api.twilio.com")
	return func() (twilioSettings, error) {
		t := twilioSettings{*sid, *token, *from, *messagingService, *baseURL}
		switch {
		case t.sid == "" && (t.token != "" || t.from != "" || t.messagingService != "" || t.baseURL != ""):
			return t, fmt.Errorf("TWILIO_ACCOUNT_SID is empty and other settings of Twilio are not: set it, or none of them to have texts printed")
		case t.sid != "" && t.token == "":
			return t, fmt.Errorf("TWILIO_AUTH_TOKEN is empty: set the token of TWILIO_ACCOUNT_SID")
		case t.sid != "" && (t.from == "") == (t.messagingService == ""):
			return t, fmt.Errorf("set one of TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID")
		}
		return t, nil
	}
}

// sender returns what texts: Twilio, whose callbacks are then answered on mux,
// or the console.
func (t twilioSettings) sender(publicURL string, clinics []demo.Clinic, directory tenant.Directory, texts *followup.Service, mux *http.ServeMux, log *slog.Logger) (followup.Sender, error) {
	if t.sid == "" {
		return &demo.Console{Out: os.Stdout}, nil
	}
	accounts := make(twiliosms.StaticAccounts)
	for _, c := range clinics {
		accounts[c.Org.ID] = twiliosms.Account{
			Key: c.Org.Key, SID: t.sid, AuthToken: tenant.Secrets{Current: t.token},
			From: t.from, MessagingServiceSID: t.messagingService,
		}
	}
	callbacks, err := twiliosms.NewCallbacks(twiliosms.CallbackConfig{
		Accounts: accounts, Keys: directory, Inbox: texts, PublicURL: publicURL, Log: log,
	})
	if err != nil {
		return nil, err
	}
	mux.Handle("/sms/status/{key}", callbacks.StatusHandler())
	mux.Handle("/sms/inbound/{key}", callbacks.InboundHandler())
	return twiliosms.New(twiliosms.Config{Accounts: accounts, PublicURL: publicURL, BaseURL: t.baseURL})
}
