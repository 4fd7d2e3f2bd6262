package followup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A SettingsSource returns the settings of clinics. It is called for every
// message, so an implementation that reads a database should cache. Safe for
// concurrent use.
type SettingsSource interface {
	// Settings returns the settings of a clinic. The error wraps
	// [tenant.ErrUnknownOrg] for an unknown clinic: its planned messages are
	// then suppressed.
	Settings(ctx context.Context, org tenant.ID) (*Settings, error)
}

// StaticSettings is the [SettingsSource] of a program that knows the settings at
// its start. It must not be changed afterwards.
type StaticSettings map[tenant.ID]*Settings

// Settings implements [SettingsSource].
func (s StaticSettings) Settings(_ context.Context, org tenant.ID) (*Settings, error) {
	if clinic := s[org]; clinic != nil {
		return clinic, nil
	}
	return nil, fmt.Errorf("followup: no settings of clinic %s: %w", org, tenant.ErrUnknownOrg)
}

// SettingsConfig configures a clinic's messages. Org is required.
type SettingsConfig struct {
	Org tenant.Org

	// Label is the name with which the clinic signs its texts. A clinic's name
	// can itself be a medical fact: give a neutral one then. With the default
	// templates it can have 20 characters.
	//
	// Defaults to Org.Name.
	Label string

	// Kinds are the kinds of messages to send; empty and not nil: no messages.
	//
	// Defaults to all kinds.
	Kinds []Kind

	// Templates are the texts by kind, with {clinic}, {link} (in Information),
	// {day} and {time} (in the others). Each must fit one text of 160 GSM 7-bit
	// characters with the longest values, an Information and an Offer must
	// explain how to STOP, and a template may hold no medical word: see
	// [Settings.CheckWords].
	//
	// Defaults to DefaultTemplates, kind by kind.
	Templates map[Kind]string

	// Open and Close bound the hours in which the clinic texts, as minutes after
	// midnight, on every clock the contact may be looking at. A contact is
	// never texted before 8:00 or after 21:00 on any of them, nor outside the
	// hours of a state that allows fewer.
	//
	// Default to 9:00 and 20:00.
	Open, Close int

	// AtOnce sends a document at any hour within fifteen minutes of the caller's
	// consent.
	//
	// Defaults to false: it waits for the morning.
	AtOnce bool

	// Reminders are the times before an appointment at which its contact is
	// reminded, a quarter of an hour at least; empty and not nil: never.
	//
	// Defaults to 24 and 2 hours.
	Reminders []time.Duration

	// PerDay and PerWeek limit the documents and offers sent to one contact.
	//
	// Default to 1 and 3.
	PerDay, PerWeek int

	// ConsentLasts is how long a consent counts that was not given in the call
	// a message follows; 0 in the map: not at all.
	//
	// Defaults to 24 hours for documents and one year for offers.
	ConsentLasts map[Kind]time.Duration

	// Deadline is how late a document may still be sent after the call.
	//
	// Defaults to 36 hours: past a night and a Sunday morning.
	Deadline time.Duration

	// Fallback is the document for a caller with an unknown procedure.
	//
	// Defaults to no document: no message is sent.
	Fallback string

	// LinkLasts is how long a link opens its document, and LinkViews how often.
	//
	// Default to 7 days and 20 times.
	LinkLasts time.Duration
	LinkViews int

	// Wording names the version of the question for consent that the clinic's
	// receptionist asks; it is stored with every consent.
	//
	// Defaults to "v1".
	Wording string
}

const day = 24 * time.Hour

// minReminder is the shortest time before an appointment at which a reminder is
// of use.
const minReminder = 15 * time.Minute

// Settings are the checked settings of a clinic's messages. Make them with
// [NewSettings]. Safe for concurrent use.
type Settings struct {
	cfg   SettingsConfig
	texts map[Kind]string // templates of the kinds that are sent
}

// SettingsError names an invalid field of a [SettingsConfig], such as
// "Templates[offer]".
type SettingsError struct {
	Field string
	Org   tenant.ID
	Err   error // the reason and the fix
}

// Error implements error.
func (e *SettingsError) Error() string {
	return fmt.Sprintf("followup: SettingsConfig.%s of %s %v", e.Field, e.Org, e.Err)
}

// Unwrap returns the reason.
func (e *SettingsError) Unwrap() error { return e.Err }

// NewSettings checks cfg and returns its settings. The error is a
// [*SettingsError] unless Org is invalid.
func NewSettings(cfg SettingsConfig) (*Settings, error) {
	if err := cfg.Org.Validate(); err != nil {
		return nil, fmt.Errorf("followup: SettingsConfig.Org: %w", err)
	}
	c := &Settings{cfg: withDefaults(cfg)}
	if field, err := c.check(); err != nil {
		return nil, &SettingsError{field, cfg.Org.ID, err}
	}
	return c, nil
}

// withDefaults returns a deep copy of cfg with its defaults.
func withDefaults(cfg SettingsConfig) SettingsConfig {
	cfg.Label = cmp.Or(cfg.Label, cfg.Org.Name)
	if cfg.Kinds == nil {
		cfg.Kinds = kinds()
	}
	if cfg.Reminders == nil {
		cfg.Reminders = []time.Duration{day, 2 * time.Hour}
	}
	cfg.Kinds, cfg.Reminders = slices.Clone(cfg.Kinds), slices.Clone(cfg.Reminders)
	cfg.Open, cfg.Close = cmp.Or(cfg.Open, 9*60), cmp.Or(cfg.Close, 20*60)
	cfg.PerDay, cfg.PerWeek = cmp.Or(cfg.PerDay, 1), cmp.Or(cfg.PerWeek, 3)
	lasts := map[Kind]time.Duration{Information: day, Offer: 365 * day}
	maps.Copy(lasts, cfg.ConsentLasts)
	cfg.ConsentLasts = lasts
	cfg.Deadline = cmp.Or(cfg.Deadline, 36*time.Hour)
	cfg.LinkLasts, cfg.LinkViews = cmp.Or(cfg.LinkLasts, 7*day), cmp.Or(cfg.LinkViews, 20)
	cfg.Wording = cmp.Or(cfg.Wording, "v1")
	return cfg
}

func kinds() []Kind { return []Kind{Information, Confirmation, Reminder, Cancellation, Offer} }

// check returns the first invalid field, and reads the templates.
func (c *Settings) check() (field string, err error) {
	cfg := &c.cfg
	for _, kind := range cfg.Kinds {
		if !slices.Contains(kinds(), kind) {
			return "Kinds", fmt.Errorf("has an unknown kind: use %q", kinds())
		}
	}
	if cfg.Open < 0 || cfg.Open >= cfg.Close || cfg.Close > 24*60 {
		return "Open", errors.New("and Close are no hours: give minutes after midnight, such as 9*60 and 20*60")
	}
	for _, before := range cfg.Reminders {
		if before < minReminder {
			return "Reminders", fmt.Errorf("has one less than %s before the appointment: remind earlier", minReminder)
		}
	}
	for kind, lasts := range cfg.ConsentLasts {
		if kind != Information && kind != Offer {
			return "ConsentLasts", fmt.Errorf("has a kind that needs no consent: use %q and %q", Information, Offer)
		}
		if lasts < 0 {
			return "ConsentLasts", fmt.Errorf("is negative for %q: 0 asks for consent in every call", kind)
		}
	}
	switch {
	case cfg.PerDay < 0 || cfg.PerWeek < 0:
		return "PerDay", errors.New("and PerWeek cannot be negative: leave them 0 for their defaults")
	case cfg.Deadline < 0:
		return "Deadline", errors.New("is negative: leave it 0 for its default")
	case cfg.LinkLasts < 0 || cfg.LinkViews < 0:
		return "LinkLasts", errors.New("and LinkViews cannot be negative: leave them 0 for their defaults")
	case cfg.Fallback != "" && !ValidDocumentName(cfg.Fallback):
		return "Fallback", errors.New("is not the name of a document: give one without a folder, such as \"general.pdf\"")
	}
	if cfg.Label, err = lintLabel(cfg.Label); err != nil {
		return "Label", err
	}
	return c.readTemplates()
}

// readTemplates checks the given templates, and the default templates of the
// other kinds that are sent.
func (c *Settings) readTemplates() (field string, err error) {
	c.texts = map[Kind]string{}
	for kind := range c.cfg.Templates {
		if !slices.Contains(kinds(), kind) {
			return "Templates", fmt.Errorf("has an unknown kind: use %q", kinds())
		}
	}
	for _, kind := range kinds() {
		text, given := c.cfg.Templates[kind]
		if !given {
			text = DefaultTemplates[kind]
		}
		if !given && !c.Sends(kind) {
			continue
		}
		if c.texts[kind], err = lintTemplate(kind, text, c.cfg.Label); err != nil {
			return fmt.Sprintf("Templates[%s]", kind), err
		}
	}
	c.cfg.Templates = nil // the caller may change its map; texts is a copy
	return "", nil
}

// Org returns the clinic.
func (c *Settings) Org() tenant.Org { return c.cfg.Org }

// Label returns the name with which the clinic signs.
func (c *Settings) Label() string { return c.cfg.Label }

// Sends reports whether the clinic sends messages of a kind.
func (c *Settings) Sends(kind Kind) bool { return slices.Contains(c.cfg.Kinds, kind) }

// Hours returns the hours in which the clinic texts, as minutes after midnight.
func (c *Settings) Hours() (open, close int) { return c.cfg.Open, c.cfg.Close }

// AtOnce reports whether a document may be sent at any hour soon after consent.
func (c *Settings) AtOnce() bool { return c.cfg.AtOnce }

// Reminders returns the times before an appointment at which to remind.
func (c *Settings) Reminders() []time.Duration { return slices.Clone(c.cfg.Reminders) }

// Caps returns how many documents and offers one contact may get in 24 hours and
// in seven days.
func (c *Settings) Caps() (perDay, perWeek int) { return c.cfg.PerDay, c.cfg.PerWeek }

// ConsentLasts returns how long a consent to a kind counts that was not given in
// the call a message follows.
func (c *Settings) ConsentLasts(kind Kind) time.Duration { return c.cfg.ConsentLasts[kind] }

// Deadline returns how late a document may be sent after the call.
func (c *Settings) Deadline() time.Duration { return c.cfg.Deadline }

// Fallback returns the document for a caller with an unknown procedure; empty:
// no document.
func (c *Settings) Fallback() string { return c.cfg.Fallback }

// LinkLasts returns how long a link opens its document.
func (c *Settings) LinkLasts() time.Duration { return c.cfg.LinkLasts }

// LinkViews returns how often a link opens its document.
func (c *Settings) LinkViews() int { return c.cfg.LinkViews }

// Wording returns the version of the question for consent.
func (c *Settings) Wording() string { return c.cfg.Wording }
