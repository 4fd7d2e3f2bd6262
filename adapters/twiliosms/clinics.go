package twiliosms

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/callwaiting-ai/callwaiting"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

var _ callwaiting.CallbackSender = (*Sender)(nil)

// ClinicAccounts returns the [Accounts] that the documents of clinics describe.
// A clinic without one of its own sends from the account shared; its Key is
// set for each clinic. A zero shared account serves no clinic.
func ClinicAccounts(clinics *callwaiting.Registry, shared Account) Accounts {
	return clinicAccounts{clinics, shared}
}

type clinicAccounts struct {
	clinics *callwaiting.Registry
	shared  Account
}

// Account implements [Accounts].
func (a clinicAccounts) Account(ctx context.Context, org tenant.ID) (Account, error) {
	clinic, err := a.clinics.Clinic(ctx, org)
	if err != nil {
		return Account{}, ErrNoAccount
	}
	account := a.shared
	own, ok, err := a.clinics.Carrier(ctx, org)
	switch {
	case err != nil || !ok && account.SID == "":
		return Account{}, ErrNoAccount
	case ok:
		account = Account{
			SID: own.Account, AuthToken: own.Token, From: own.From,
			MessagingServiceSID: own.MessagingService, PerSecond: own.PerSecond,
		}
	}
	account.Key = clinic.Key
	return account, nil
}

// Callbacks implements callwaiting.CallbackSender: the handlers of [Callbacks]
// at the paths that Send names to Twilio.
func (s *Sender) Callbacks(inbox *followup.Service, directory tenant.Directory, log *slog.Logger) (map[string]http.Handler, error) {
	callbacks, err := NewCallbacks(CallbackConfig{
		Accounts: s.cfg.Accounts, Keys: directory, Inbox: inbox, PublicURL: s.cfg.PublicURL, Log: log,
	})
	if err != nil {
		return nil, err
	}
	return map[string]http.Handler{
		"/sms/status/{key}":  callbacks.StatusHandler(),
		"/sms/inbound/{key}": callbacks.InboundHandler(),
	}, nil
}
