package callwaiting

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Clinic is the document of one clinic: everything that an [Office] knows about
// it. Its JSON form is described by [ClinicSchema] and read by [ParseClinic].
// Key, Name, Zone, Country, Locale, Hours, Resources, Services and
// Secrets.Current are required.
type Clinic struct {
	// Schema is the address of the JSON Schema, for editors. It has no effect.
	Schema string `json:"$schema,omitempty"`

	// Key is the last part of the clinic's webhook URL, /vapi/{key}, and the
	// name of its file: 1 to 64 of a-z, 0-9, '-' and '_'.
	Key string `json:"key"`

	// ID names the clinic in every store. It must never change.
	//
	// Defaults to an id derived from Key: give one if Key may change.
	ID tenant.ID `json:"id,omitzero"`

	Name    string `json:"name"`    // as a caller hears it
	Zone    string `json:"zone"`    // IANA time zone, such as "Europe/London"
	Country string `json:"country"` // ISO 3166-1 alpha-2, such as "GB": how local phone numbers are read
	Locale  string `json:"locale"`  // BCP 47, such as "en-GB": how dates and times are spoken

	// Hours are the opening hours, in the clinic's zone.
	Hours schedule.Hours `json:"hours"`

	// Grid, Notice and Window are the Grid, MinNotice and Window of a
	// [booking.CatalogConfig], with the same defaults.
	Grid   Duration `json:"grid,omitempty"`
	Notice Duration `json:"notice,omitempty"`
	Window Duration `json:"window,omitempty"`

	Resources []Resource    `json:"resources"`
	Services  []ServiceType `json:"services"`

	Texts   TextSettings   `json:"texts,omitzero"`
	Secrets WebhookSecrets `json:"secrets"`
	Vapi    VapiSettings   `json:"vapi,omitzero"`

	// Carrier is the clinic's account at the carrier of its texts.
	//
	// Defaults to the account that the Sender has for all clinics, if any.
	Carrier *CarrierAccount `json:"carrier,omitempty"`
}

// Resource is a practitioner, a room or a device; see [booking.Resource].
type Resource struct {
	ID       booking.ResourceID `json:"id"`
	Name     string             `json:"name"` // as a caller hears it
	Capacity int                `json:"capacity,omitempty"`
	Hours    *schedule.Hours    `json:"hours,omitempty"`
	Off      []TimeOff          `json:"off,omitempty"`
}

// TimeOff is an absence, in the clinic's wall time.
type TimeOff struct {
	From LocalTime `json:"from"`
	To   LocalTime `json:"to"`
}

// ServiceType is a type of appointment; see [booking.ServiceType].
type ServiceType struct {
	ID       booking.ServiceID `json:"id"`
	Name     string            `json:"name"` // as a caller hears it
	Aliases  []string          `json:"aliases,omitempty"`
	Duration Duration          `json:"duration"`
	Before   Duration          `json:"before,omitempty"`
	After    Duration          `json:"after,omitempty"`

	// Needs are resources that the appointment occupies, all of them. A need
	// is the id of a resource, or a list of ids of which any one will do.
	Needs []Need `json:"needs"`

	Price string `json:"price,omitempty"` // as a caller hears it

	// Document is the name of the file about the procedure, in the folder of
	// the clinic's documents.
	//
	// Defaults to no document.
	Document string `json:"document,omitempty"`
}

// Need lists resources of which any one meets a need of a service.
type Need []booking.ResourceID

// TextSettings are the clinic's rules for text messages; see
// [followup.SettingsConfig] for each field and its default.
type TextSettings struct {
	Label        string                     `json:"label,omitempty"`
	Kinds        []followup.Kind            `json:"kinds,omitempty"` // empty and not nil: no texts
	Templates    map[followup.Kind]string   `json:"templates,omitempty"`
	Open         Clock                      `json:"open,omitempty"`
	Close        Clock                      `json:"close,omitempty"`
	AtOnce       bool                       `json:"at_once,omitempty"`
	Reminders    []Duration                 `json:"reminders,omitempty"` // empty and not nil: no reminders
	PerDay       int                        `json:"per_day,omitempty"`
	PerWeek      int                        `json:"per_week,omitempty"`
	ConsentLasts map[followup.Kind]Duration `json:"consent_lasts,omitempty"`
	Deadline     Duration                   `json:"deadline,omitempty"`
	Fallback     string                     `json:"fallback,omitempty"`
	LinkLasts    Duration                   `json:"link_lasts,omitempty"`
	LinkViews    int                        `json:"link_views,omitempty"`
	Wording      string                     `json:"wording,omitempty"`
}

// WebhookSecrets prove that a request comes from the clinic's Vapi account.
// While Current is rolled out, Previous is accepted as well.
type WebhookSecrets struct {
	Current  SecretRef `json:"current"`
	Previous SecretRef `json:"previous,omitempty"`
}

// VapiSettings tie the clinic to its objects at Vapi.
type VapiSettings struct {
	PhoneNumberIDs []string `json:"phone_number_ids,omitempty"` // the numbers that callers dial
	AssistantIDs   []string `json:"assistant_ids,omitempty"`    // the assistants that answer for the clinic

	// CredentialID names a credential at Vapi that holds the clinic's secret.
	// An assistant made from this document then carries no secret.
	//
	// Defaults to no credential.
	CredentialID string `json:"credential_id,omitempty"`

	Assistant AssistantSettings `json:"assistant,omitzero"`
}

// AssistantSettings choose the assistant that takes a call: a saved one, by
// its ID, or one made from the other fields.
type AssistantSettings struct {
	ID           string   `json:"id,omitempty"`
	VoiceID      string   `json:"voice_id,omitempty"` // of Cartesia; defaults to an English voice
	VoiceModel   string   `json:"voice_model,omitempty"`
	Transcriber  string   `json:"transcriber,omitempty"`
	Terms        []string `json:"terms,omitempty"`
	Provider     string   `json:"provider,omitempty"`
	Model        string   `json:"model,omitempty"`
	FirstMessage string   `json:"first_message,omitempty"`
	Instructions string   `json:"instructions,omitempty"`
}

// CarrierAccount is the account from which the clinic's texts are sent. One of
// From and MessagingService is required.
type CarrierAccount struct {
	Account          string    `json:"account"` // the account's id, such as AC… at Twilio
	Token            SecretRef `json:"token"`
	PreviousToken    SecretRef `json:"previous_token,omitempty"`
	From             string    `json:"from,omitempty"`
	MessagingService string    `json:"messaging_service,omitempty"`
	PerSecond        float64   `json:"per_second,omitempty"` // messages per second; defaults to the carrier's limit
}

// clinicIDs is the namespace of ids derived from keys.
var clinicIDs = tenant.MustParseID("0d3a5a9e-2c1b-4c55-9f0a-6b1d0f2a7c11")

// profile is a checked document, in the forms that the services take.
type profile struct {
	doc      *Clinic
	org      tenant.Org
	catalog  *booking.Catalog
	settings *followup.Settings
}

// profile checks the document. The error is a [*DocumentError].
func (c *Clinic) profile() (*profile, error) {
	p := &profile{doc: c, org: tenant.Org{ID: c.ID, Key: c.Key, Name: c.Name, Country: c.Country, Locale: c.Locale}}
	if p.org.ID.IsZero() {
		p.org.ID = tenant.MustParseID(tenant.DeriveUUID(clinicIDs, c.Key))
	}
	var e DocumentError
	c.checkOrg(&e, &p.org)
	c.checkTexts(&e)
	c.checkSecrets(&e)
	c.checkVapi(&e)
	if len(e.Problems) > 0 { // the zone, at least, is needed below
		return nil, &e
	}
	var err error
	if p.catalog, err = booking.NewCatalog(c.catalogConfig(p.org.Zone)); err != nil {
		e.addField(err)
		return nil, &e
	}
	if p.settings, err = followup.NewSettings(c.settingsConfig(p.org)); err != nil {
		e.addField(err)
		return nil, &e
	}
	for i, s := range c.Services {
		if s.Document == "" {
			continue
		}
		err := p.settings.CheckWords(append([]string{s.Name}, s.Aliases...))
		if bad := (*followup.SettingsError)(nil); errors.As(err, &bad) {
			e.add(jsonPath("texts", bad.Field), fmt.Sprintf("holds a name of services[%d], which is a medical fact on the screen of a phone: use neutral words", i))
		}
	}
	if len(e.Problems) > 0 {
		return nil, &e
	}
	return p, nil
}

func (c *Clinic) checkOrg(e *DocumentError, org *tenant.Org) {
	if !tenant.ValidKey(c.Key) {
		e.add("key", missingOr(c.Key, "is not a key")+": use 1 to 64 of a-z, 0-9, '-' and '_'")
	}
	if strings.TrimSpace(c.Name) == "" {
		e.add("name", "is missing: give the name that a caller hears")
	}
	zone, err := time.LoadLocation(c.Zone)
	if c.Zone == "" || c.Zone == "Local" || err != nil {
		e.add("zone", missingOr(c.Zone, fmt.Sprintf("is %q, which is no IANA time zone", c.Zone))+": use a name such as \"Europe/London\"")
	}
	org.Zone = zone
	if len(c.Country) != 2 || strings.Trim(c.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		e.add("country", missingOr(c.Country, fmt.Sprintf("is %q", c.Country))+": use the two upper-case letters of ISO 3166-1, such as \"GB\"")
	}
	if c.Locale == "" {
		e.add("locale", "is missing: give a BCP 47 tag such as \"en-GB\"")
	}
	if slices.EqualFunc(c.Hours.Week[:], make([][]schedule.Window, 7), func(a, b []schedule.Window) bool { return len(a) == len(b) }) && len(c.Hours.Dates) == 0 {
		e.add("hours", "has no opening hours: give hours.week, such as {\"monday\": [\"09:00-17:00\"]}")
	}
}

func (c *Clinic) checkTexts(e *DocumentError) {
	t := &c.Texts
	if t.Open != 0 && t.Close != 0 && t.Open >= t.Close {
		e.add("texts.close", "is not after texts.open: use a later time")
	}
	for _, limit := range []struct {
		name string
		n    int
	}{{"per_day", t.PerDay}, {"per_week", t.PerWeek}, {"link_views", t.LinkViews}} {
		if limit.n < 0 {
			e.add("texts."+limit.name, fmt.Sprintf("is %d: use a positive number, or leave it out for its default", limit.n))
		}
	}
}

func (c *Clinic) checkSecrets(e *DocumentError) {
	if c.Secrets.Current == "" {
		e.add("secrets.current", "is missing: refer to the secret that Vapi sends, as \"env:NAME\" or \"file:PATH\"")
	}
	if a := c.Carrier; a != nil {
		if a.Account == "" {
			e.add("carrier.account", "is missing: give the id of the account at the carrier")
		}
		if a.Token == "" {
			e.add("carrier.token", "is missing: refer to the account's token, as \"env:NAME\" or \"file:PATH\"")
		}
		if (a.From == "") == (a.MessagingService == "") {
			e.add("carrier.from", "and carrier.messaging_service: give one of them")
		}
		if a.PerSecond < 0 {
			e.add("carrier.per_second", "is negative: leave it out for the carrier's limit")
		}
	}
}

func (c *Clinic) checkVapi(e *DocumentError) {
	check := func(path string, ids []string) {
		seen := map[string]bool{"": true}
		for i, id := range ids {
			if seen[id] {
				e.add(fmt.Sprintf("%s[%d]", path, i), "is empty or given twice: give each of Vapi's ids once")
			}
			seen[id] = true
		}
	}
	check("vapi.phone_number_ids", c.Vapi.PhoneNumberIDs)
	check("vapi.assistant_ids", c.Vapi.AssistantIDs)
}

func missingOr(value, problem string) string {
	if value == "" {
		return "is missing"
	}
	return problem
}

func (c *Clinic) catalogConfig(zone *time.Location) booking.CatalogConfig {
	cfg := booking.CatalogConfig{
		Zone: zone, Hours: c.Hours,
		Grid: time.Duration(c.Grid), MinNotice: time.Duration(c.Notice), Window: time.Duration(c.Window),
	}
	for _, r := range c.Resources {
		made := booking.Resource{ID: r.ID, Name: r.Name, Capacity: r.Capacity, Hours: r.Hours}
		for _, off := range r.Off {
			made.Off = append(made.Off, booking.TimeOff{From: booking.LocalTime(off.From), To: booking.LocalTime(off.To)})
		}
		cfg.Resources = append(cfg.Resources, made)
	}
	for _, s := range c.Services {
		made := booking.ServiceType{
			ID: s.ID, Name: s.Name, Aliases: s.Aliases, Price: s.Price, Document: s.Document,
			Duration: time.Duration(s.Duration), Before: time.Duration(s.Before), After: time.Duration(s.After),
		}
		for _, need := range s.Needs {
			made.Needs = append(made.Needs, booking.Need(need))
		}
		cfg.Services = append(cfg.Services, made)
	}
	return cfg
}

func (c *Clinic) settingsConfig(org tenant.Org) followup.SettingsConfig {
	t := &c.Texts
	cfg := followup.SettingsConfig{
		Org: org, Label: t.Label, Kinds: t.Kinds, Templates: t.Templates,
		Open: int(t.Open), Close: int(t.Close), AtOnce: t.AtOnce,
		PerDay: t.PerDay, PerWeek: t.PerWeek, Deadline: time.Duration(t.Deadline), Fallback: t.Fallback,
		LinkLasts: time.Duration(t.LinkLasts), LinkViews: t.LinkViews, Wording: t.Wording,
	}
	if t.Reminders != nil {
		cfg.Reminders = make([]time.Duration, len(t.Reminders))
	}
	for i, before := range t.Reminders {
		cfg.Reminders[i] = time.Duration(before)
	}
	for kind, lasts := range t.ConsentLasts {
		if cfg.ConsentLasts == nil {
			cfg.ConsentLasts = make(map[followup.Kind]time.Duration)
		}
		cfg.ConsentLasts[kind] = time.Duration(lasts)
	}
	return cfg
}
