package twiliosms

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Account is a clinic's account or sub-account at Twilio, and the sender of its
// texts. It prints without its secrets.
type Account struct {
	Key string // the clinic's tenant.Org.Key: last segment of its webhook URLs
	SID string // AC…, of the account or sub-account that owns the sender

	// AuthToken is that account's primary auth token. Callbacks signed with
	// Previous, the token before it, are still accepted.
	AuthToken tenant.Secrets

	// From is a number in E.164, a short code or an alphanumeric sender ID;
	// MessagingServiceSID is MG…. Give one of them.
	From                string
	MessagingServiceSID string

	// PerSecond limits the messages per second. More messages wait here, where
	// they can still be suppressed, and not in Twilio's queue.
	//
	// Defaults to 1 with From, the rate of a US long code in segments, and to 10
	// with a messaging service, which spreads messages over several numbers.
	PerSecond float64
}

// Accounts finds the clinics' accounts. It is called for every message and every
// callback, so an implementation that reads a database should cache the results
// for a while. Safe for concurrent use.
type Accounts interface {
	// Account returns the account of a clinic. The error wraps [ErrNoAccount]
	// if the clinic has no account. Any other error is temporary: the messages
	// are kept and tried again.
	Account(ctx context.Context, org tenant.ID) (Account, error)
}

// ErrNoAccount means that a clinic cannot send texts.
var ErrNoAccount = errors.New("twiliosms: the clinic has no account")

// StaticAccounts is an [Accounts] that does not change.
type StaticAccounts map[tenant.ID]Account

// Account implements [Accounts].
func (s StaticAccounts) Account(_ context.Context, org tenant.ID) (Account, error) {
	a, ok := s[org]
	if !ok {
		return Account{}, ErrNoAccount
	}
	return a, nil
}

var (
	accountSID = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
	serviceSID = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	messageSID = regexp.MustCompile(`^(SM|MM)[0-9a-fA-F]{32}$`)
	// e164 accepts seven digits, one less than phone.Valid and as few as the
	// schema: an opt-out from any number that can text must be persisted.
	e164   = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	sender = regexp.MustCompile(`^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11})$`)
)

// Validate returns an error that names the first field of a that cannot be used,
// and the fix.
func (a Account) Validate() error {
	switch {
	case !tenant.ValidKey(a.Key):
		return errors.New("twiliosms: Account.Key: give the clinic's tenant.Org.Key")
	case !accountSID.MatchString(a.SID):
		return errors.New("twiliosms: Account.SID: give the account's SID, AC and 32 hexadecimal digits")
	case a.AuthToken.Current == "":
		return errors.New("twiliosms: Account.AuthToken is empty: give the account's primary auth token")
	case (a.From == "") == (a.MessagingServiceSID == ""):
		return errors.New("twiliosms: give one of Account.From and Account.MessagingServiceSID")
	case a.From != "" && !sender.MatchString(a.From):
		return errors.New("twiliosms: Account.From: give a number in E.164, a short code or an alphanumeric sender ID")
	case a.From == "" && !serviceSID.MatchString(a.MessagingServiceSID):
		return errors.New("twiliosms: Account.MessagingServiceSID: give the service's SID, MG and 32 hexadecimal digits")
	case a.PerSecond < 0:
		return errors.New("twiliosms: Account.PerSecond is negative: leave it 0 for its default")
	}
	return nil
}

// rate returns the messages per second.
func (a Account) rate() float64 {
	switch {
	case a.PerSecond > 0:
		return a.PerSecond
	case a.MessagingServiceSID != "":
		return 10
	}
	return 1
}

// validate returns the error of an account before the first message needs it.
func (s StaticAccounts) validate() error {
	for org, a := range s {
		if err := a.Validate(); err != nil {
			return fmt.Errorf("clinic %s: %w", org, err)
		}
	}
	return nil
}
