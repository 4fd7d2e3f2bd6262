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

// Clinics tells how each clinic wants its messages. It is asked for every
// message, so an implementation that reads a database keeps its answers for a
// while. Safe for concurrent use.
type SettingsSource interface {
	// Clinic returns the clinic's wishes. The error wraps [tenant.ErrUnknownOrg]
	// for a clinic that is gone: what was planned for it is suppressed.
	Settings(ctx context.Context, org tenant.ID) (*Settings, error)
}

// StaticSettings is the [SettingsSource] of a program that knows them when it starts.
// Do not change it afterwards.
type StaticSettings map[tenant.ID]*Settings

// Clinic implements [SettingsSource].
func (s StaticSettings) Settings(_ context.Context, org tenant.ID) (*Settings, error) {
	if clinic := s[org]; clinic != nil {
		return clinic, nil
	}
	return nil, fmt.Errorf("followup: clinic %s: %w", org, tenant.ErrUnknownOrg)
}

// SettingsConfig says how a clinic wants its messages. Org is required.
type SettingsConfig struct {
	Org tenant.Org

	// Label is how the clinic signs its texts. A clinic's name can itself be a
	// medical fact: give a neutral one then. With the default templates it can
	// have 20 characters.
	//
	// Defaults to Org.Name.
	Label string

	// Kinds are the messages it sends; empty and not nil: none.
	//
	// Defaults to all.
	Kinds []Kind

	// Templates are the texts by kind, with {clinic}, {link} (in Information),
	// {day} and {time} (in the others). Each must fit one text of 160 GSM 7-bit
	// characters with the longest values, an Information and an Offer must tell
	// how to STOP, and none may tell more than the placeholders do: see
	// [Settings.CheckWords].
	//
	// Defaults to DefaultTemplates for those that are missing.
	Templates map[Kind]string

	// Open and Close bound the hours in which it texts, as minutes after
	// midnight, on every clock the contact may be looking at. Nobody is texted
	// before 8:00 or after 21:00 on any of them, nor outside the hours of a
	// state that allows fewer.
	//
	// Default to 9:00 and 20:00.
	Open, Close int

	// AtOnce lets a document go out at any hour within fifteen minutes of the
	// caller's agreeing to it.
	//
	// Defaults to false: it waits for the morning.
	AtOnce bool

	// Reminders are how long before an appointment its contact is reminded, a
	// quarter of an hour at least; empty and not nil: never.
	//
	// Defaults to 24 and 2 hours.
	Reminders []time.Duration

	// PerDay and PerWeek limit the documents and offers sent to one contact.
	//
	// Default to 1 and 3.
	PerDay, PerWeek int

	// ConsentLasts is how long a contact's consent stands that was not given
	// in the call a message follows; 0 in the map: not at all.
	//
	// Defaults to 24 hours for documents and one year for offers.
	ConsentLasts map[Kind]time.Duration

	// Deadline is how late a document may still be sent after the call.
	//
	// Defaults to 36 hours: past a night and a Sunday morning.
	Deadline time.Duration

	// Fallback is the document for a caller of whom no procedure is known.
	//
	// Defaults to none: nothing is sent.
	Fallback string

	// LinkLasts is how long a link opens its document, and LinkViews how often.
	//
	// Default to 7 days and 20 times.
	LinkLasts time.Duration
	LinkViews int

	// Wording names the version of the question by which the clinic's
	// receptionist asks whether it may text; it is kept with every consent.
	//
	// Defaults to "v1".
	Wording string
}

const day = 24 * time.Hour

// shortestReminder is how long before an appointment a reminder is of use.
const shortestReminder = 15 * time.Minute

// Clinic is how a clinic wants its messages, checked. Make one with
// [NewSettings]. Safe for concurrent use.
type Settings struct {
	cfg   SettingsConfig
	texts map[Kind]string // of the kinds it sends, as they are sent
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

// withDefaults returns cfg with its defaults, sharing nothing that can change.
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

// check says which field cannot be used, and reads the templates.
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
		if before < shortestReminder {
			return "Reminders", fmt.Errorf("has one less than %s before the appointment: remind earlier", shortestReminder)
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

// readTemplates checks the templates that are given, and the default ones of
// the other kinds that are sent.
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
	c.cfg.Templates = nil // the caller's own; texts has what is sent
	return "", nil
}

// Org is the clinic.
func (c *Settings) Org() tenant.Org { return c.cfg.Org }

// Label is how it signs.
func (c *Settings) Label() string { return c.cfg.Label }

// Sends reports whether it sends messages of a kind.
func (c *Settings) Sends(kind Kind) bool { return slices.Contains(c.cfg.Kinds, kind) }

// Hours are when it texts, as minutes after midnight.
func (c *Settings) Hours() (open, close int) { return c.cfg.Open, c.cfg.Close }

// AtOnce reports whether a document may follow its call at any hour.
func (c *Settings) AtOnce() bool { return c.cfg.AtOnce }

// Reminders are how long before an appointment it reminds.
func (c *Settings) Reminders() []time.Duration { return slices.Clone(c.cfg.Reminders) }

// Caps are how many documents and offers one contact may get in 24 hours and
// in seven days.
func (c *Settings) Caps() (perDay, perWeek int) { return c.cfg.PerDay, c.cfg.PerWeek }

// ConsentLasts is how long consent to a kind stands that was given elsewhere
// than in the call a message follows.
func (c *Settings) ConsentLasts(kind Kind) time.Duration { return c.cfg.ConsentLasts[kind] }

// Deadline is how late a document may be sent after the call.
func (c *Settings) Deadline() time.Duration { return c.cfg.Deadline }

// Fallback is the document for a caller of whom no procedure is known; empty
// if there is none.
func (c *Settings) Fallback() string { return c.cfg.Fallback }

// LinkLasts is how long a link opens its document.
func (c *Settings) LinkLasts() time.Duration { return c.cfg.LinkLasts }

// LinkViews is how often a link opens its document.
func (c *Settings) LinkViews() int { return c.cfg.LinkViews }

// Wording names the version of the question for consent.
func (c *Settings) Wording() string { return c.cfg.Wording }
