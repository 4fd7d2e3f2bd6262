package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/callwaiting-ai/callwaiting"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
	"github.com/callwaiting-ai/callwaiting/examples/internal/setting"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// twilioSettings name the Twilio account of every clinic with a document that names
// no account of its own; the zero value names no account.
type twilioSettings struct {
	sid, token, from, messagingService, baseURL string
}

// twilioFlags defines the settings; read them when the flags are parsed.
func twilioFlags(flags *flag.FlagSet) (read func() (twilioSettings, error)) {
	sid := setting.String(flags, "TWILIO_ACCOUNT_SID", "", "AC… of the account that texts; empty: texts are printed")
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

// sender returns Twilio if these settings or the document of a clinic name an
// account, and the console otherwise.
func (t twilioSettings) sender(ctx context.Context, publicURL string, clinics *callwaiting.Registry) (followup.Sender, error) {
	uses := t.sid != ""
	for _, org := range clinics.Orgs() {
		_, own, err := clinics.Carrier(ctx, org.ID)
		if err != nil {
			return nil, err
		}
		uses = uses || own
	}
	if !uses {
		return &demo.Console{Out: os.Stdout}, nil
	}
	shared := twiliosms.Account{
		SID: t.sid, AuthToken: tenant.Secrets{Current: t.token}, From: t.from, MessagingServiceSID: t.messagingService,
	}
	return twiliosms.New(twiliosms.Config{
		Accounts: twiliosms.ClinicAccounts(clinics, shared), PublicURL: publicURL, BaseURL: t.baseURL,
	})
}
