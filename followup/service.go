package followup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

// Config configures a [Service]. Store, Settings and Catalog are required.
type Config struct {
	Store    Store
	Settings SettingsSource
	Catalog  Catalog

	// Assets are opened before a document is promised or sent, to check that it
	// exists.
	//
	// Defaults to no check.
	Assets Assets

	// Phones reads the numbers of callers.
	//
	// Defaults to phone.NorthAmerica.
	Phones phone.NumberingPlan

	// Policy decides whether and when a message may be sent.
	//
	// Defaults to StandardPolicy.
	Policy Policy

	// FallbackDelay is how long a call that ended waits for its report if the
	// procedure is unknown and the clinic has a Fallback.
	//
	// Defaults to 1.5 seconds.
	FallbackDelay time.Duration

	// ReportWait is how long it waits if the clinic has no Fallback: then no
	// message is possible without the report, which comes when Vapi has
	// analysed the call. An analysis may be set to take up to 60 seconds.
	//
	// Defaults to 2 minutes.
	ReportWait time.Duration

	// IdleAfter is how long a call without further messages counts as going on;
	// a tenth of it after a hang.
	//
	// Defaults to 20 minutes: twice Vapi's default limit of a call.
	IdleAfter time.Duration

	// Log gets a line for every failure, ids only.
	//
	// Defaults to slog.Default().
	Log *slog.Logger

	// Now returns the time. The store has a clock of its own.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// Service records events of calls and contacts. A method returns when its changes
// are durable, and may be called again with the same arguments. Safe for
// concurrent use.
type Service struct {
	cfg Config
}

// New returns a service. The error names the missing or invalid field and the
// fix.
func New(cfg Config) (*Service, error) {
	switch {
	case cfg.Store == nil:
		return nil, errors.New("followup: Config.Store is nil: pass a store, such as FollowUps of a memory.Store or a pgxstore.Store")
	case cfg.Settings == nil:
		return nil, errors.New("followup: Config.Settings is nil: pass the settings of the clinics' messages, such as followup.StaticSettings")
	case cfg.Catalog == nil:
		return nil, errors.New("followup: Config.Catalog is nil: pass the clinics' procedures and documents, such as tools.Procedures")
	case cfg.FallbackDelay < 0 || cfg.ReportWait < 0 || cfg.IdleAfter < 0:
		return nil, errors.New("followup: Config.FallbackDelay, ReportWait and IdleAfter cannot be negative: leave them 0 for their defaults")
	}
	cfg.FallbackDelay = cmp.Or(cfg.FallbackDelay, 1500*time.Millisecond)
	cfg.ReportWait = cmp.Or(cfg.ReportWait, 2*time.Minute)
	cfg.IdleAfter = cmp.Or(cfg.IdleAfter, 20*time.Minute)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	if cfg.Phones == nil {
		cfg.Phones = phone.NorthAmerica{}
	}
	if cfg.Policy == nil {
		cfg.Policy = StandardPolicy{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Service{cfg}, nil
}

// document returns the name of the document about a procedure, or the clinic's
// fallback; without a document, it returns the reason.
func (s *Service) document(ctx context.Context, settings *Settings, procedure ProcedureID) (name string, why Reason, err error) {
	why = UnknownProcedure
	if procedure != "" {
		var ok bool
		if name, ok, err = s.cfg.Catalog.Document(ctx, settings.Org().ID, procedure); err != nil {
			return "", "", err
		}
		if !ok {
			name = ""
		}
		why = NoDocument
	}
	if name == "" {
		name = settings.Fallback()
	}
	if name == "" {
		return "", why, nil
	}
	if s.cfg.Assets == nil {
		return name, "", nil
	}
	found, err := s.cfg.Assets.Open(ctx, settings.Org().ID, name)
	if errors.Is(err, ErrNotFound) {
		s.cfg.Log.ErrorContext(ctx, "followup: document missing", "org", settings.Org().ID)
		return "", NoDocument, nil
	}
	if err != nil {
		return "", "", err
	}
	return name, "", found.Close()
}

// RecordConsent records that a contact agreed to be texted, as when joining a
// waitlist. Promise records a caller's consent to a document.
func (s *Service) RecordConsent(ctx context.Context, org tenant.ID, c Consent) error {
	if c.Phone == "" || c.At.IsZero() || c.Purpose.AboutAppointment() || c.Purpose == "" {
		return errors.New("followup: Consent.Phone, Purpose (Information or Offer) and At are required")
	}
	return s.cfg.Store.RecordConsent(ctx, org, c)
}

// OptOutCaller records that a caller wants no texts. ok is false if caller is not
// a phone number.
func (s *Service) OptOutCaller(ctx context.Context, org tenant.Org, call, caller string) (ok bool, err error) {
	e164, ok := s.number(org, caller)
	if !ok {
		return false, nil
	}
	return true, s.cfg.Store.RecordOptOut(ctx, org.ID, OptOut{Phone: e164, Source: "call", Call: call})
}

// Lookup returns the summary of a contact by a number as it was given; the zero
// ContactSummary for an unknown contact or an invalid number.
func (s *Service) Lookup(ctx context.Context, org tenant.Org, number string) (ContactSummary, error) {
	e164, ok := s.number(org, number)
	if !ok {
		return ContactSummary{}, nil
	}
	return s.cfg.Store.Summary(ctx, org.ID, e164)
}

// CountUnmatched counts a message that belongs to no call. kind is its type.
func (s *Service) CountUnmatched(ctx context.Context, org tenant.ID, kind string) error {
	return s.cfg.Store.CountUnmatched(ctx, org, kind)
}

// RecordStatus records a carrier's report on a message. A number that has opted
// out at the carrier is opted out here too. The error wraps ErrNotFound for an
// unknown message.
func (s *Service) RecordStatus(ctx context.Context, org tenant.ID, u StatusUpdate) error {
	intent, err := s.cfg.Store.RecordStatus(ctx, org, u)
	if err != nil || u.Reason != OptedOut {
		return err
	}
	return s.cfg.Store.RecordOptOut(ctx, org, OptOut{Phone: intent.Phone, Source: "carrier", Message: u.Provider})
}

// number returns the E.164 form of a number as it was given; ok is false if it
// is not a number that can be texted.
func (s *Service) number(org tenant.Org, given string) (e164 string, ok bool) {
	return phone.Parse(s.cfg.Phones, given, org.Country)
}

func (s *Service) settings(ctx context.Context, org tenant.ID) (*Settings, error) {
	if org.IsZero() {
		return nil, fmt.Errorf("followup: %w", tenant.ErrNoOrg)
	}
	return s.cfg.Settings.Settings(ctx, org)
}
