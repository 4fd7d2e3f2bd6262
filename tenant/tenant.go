// Package tenant identifies the clinic that owns a piece of data.
//
// A clinic is an [Org] and is named by an [ID]. Every port and every service
// method of this module takes the ID as its parameter right after ctx, so that
// leaving it out does not compile. It must never come from a model's arguments.
// A [Directory] finds the clinic a request belongs to. A [Principal] is the
// authenticated party of a request. Package tenanttest checks that a store
// keeps clinics apart.
package tenant

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Org is a clinic.
type Org struct {
	ID   ID
	Key  string // last segment of its webhook URL: /vapi/{Key}
	Name string // as it is spoken to a caller

	// Zone is the clinic's IANA time zone. Opening hours, spoken times and
	// texts are all in it.
	Zone *time.Location

	Country string // ISO 3166-1 alpha-2, upper case: how local phone numbers are read
	Locale  string // BCP 47, e.g. "en-GB": how dates and times are spoken
}

// Validate returns an error that names the first field of o that cannot be
// used, and the fix.
func (o Org) Validate() error {
	switch {
	case o.ID.IsZero():
		return errors.New("tenant: Org.ID is zero: make one with tenant.NewID and keep it")
	case !ValidKey(o.Key):
		return fmt.Errorf("tenant: Org.Key of %s: use 1 to 64 of a-z, 0-9, '-' and '_'", o.ID)
	case o.Name == "":
		return fmt.Errorf("tenant: Org.Name of %s is empty: give the name a caller hears", o.ID)
	case o.Zone == nil:
		return fmt.Errorf("tenant: Org.Zone of %s is nil: load its IANA zone with time.LoadLocation", o.ID)
	case o.Zone == time.Local || o.Zone.String() == "":
		return fmt.Errorf("tenant: Org.Zone of %s has no IANA name: load it with time.LoadLocation", o.ID)
	case len(o.Country) != 2 || o.Country[0] < 'A' || o.Country[0] > 'Z' || o.Country[1] < 'A' || o.Country[1] > 'Z':
		return fmt.Errorf("tenant: Org.Country of %s: use the two upper-case letters of ISO 3166-1", o.ID)
	case o.Locale == "":
		return fmt.Errorf("tenant: Org.Locale of %s is empty: give a BCP 47 tag such as \"en-GB\"", o.ID)
	}
	return nil
}

// ValidKey reports whether key can stand in a webhook URL: 1 to 64 characters
// of a-z, 0-9, '-' and '_'.
func ValidKey(key string) bool {
	if key == "" || len(key) > 64 {
		return false
	}
	for _, c := range []byte(key) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// Secrets are a clinic's webhook secrets. Previous is accepted beside Current
// while a new secret is rolled out. An empty secret must never authenticate a
// request.
//
// Secrets print, encode and log as "[SECRETS]".
type Secrets struct{ Current, Previous string }

// String hides the secrets from fmt.
func (Secrets) String() string { return "[SECRETS]" }

// GoString hides the secrets from fmt's %#v.
func (s Secrets) GoString() string { return s.String() }

// MarshalJSON hides the secrets from encoders.
func (s Secrets) MarshalJSON() ([]byte, error) { return []byte(`"[SECRETS]"`), nil }

// LogValue hides the secrets from slog.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// ErrUnknownOrg means that no clinic has a key, a phone number or an assistant.
var ErrUnknownOrg = errors.New("tenant: no such clinic")

// Registration is a clinic's entry in a [Directory].
type Registration struct {
	Org     Org
	Secrets Secrets // Current is required

	PhoneNumberIDs []string // Vapi's ids of the clinic's phone numbers
	AssistantIDs   []string // Vapi's ids of the clinic's assistants
}

// A Directory finds the clinic a request belongs to. It is called on every
// request, so an implementation that reads a database should cache the results
// for a while. Safe for concurrent use. Package tenanttest checks implementations.
type Directory interface {
	// ByKey returns the clinic whose webhook URL ends in key, and the secrets
	// that prove a request comes from its Vapi account. The error wraps
	// [ErrUnknownOrg] if no clinic has that key.
	ByKey(ctx context.Context, key string) (Org, Secrets, error)

	// ByPhoneNumberID returns the clinic that owns a Vapi phone number id, by
	// exact match. The error wraps [ErrUnknownOrg] if no clinic owns it.
	ByPhoneNumberID(ctx context.Context, id string) (ID, error)

	// ByAssistantID returns the clinic that owns a Vapi assistant id, by exact
	// match. The error wraps [ErrUnknownOrg] if no clinic owns it.
	ByAssistantID(ctx context.Context, id string) (ID, error)
}
