package tenanttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// DirectoryHarness is a directory and the clinics it knows. Both are required.
// There must be at least two clinics, each with a phone number and an assistant.
type DirectoryHarness struct {
	Directory tenant.Directory
	Clinics   []tenant.Registration
}

// RunDirectory checks h.Directory.
func RunDirectory(t *testing.T, h DirectoryHarness) {
	if len(h.Clinics) < 2 {
		t.Fatal("tenanttest: DirectoryHarness.Clinics has fewer than two: one clinic cannot be taken for another")
	}
	for _, c := range h.Clinics {
		if len(c.PhoneNumberIDs) == 0 || len(c.AssistantIDs) == 0 {
			t.Fatalf("tenanttest: DirectoryHarness.Clinics: %s needs a phone number and an assistant", c.Org.ID)
		}
	}
	directorySuite.Run(t, h.fixture)
}

// FailingDirectory checks h.Directory as [RunDirectory] does and returns the
// sentences that do not hold.
func FailingDirectory(h DirectoryHarness) []string { return directorySuite.Failing(h.fixture) }

var directorySuite = suite.Suite[directory]{
	{"ByKey", []suite.Check[directory]{{"it returns the clinic whose webhook URL ends in key, and its secrets", byKey}}},
	{"ByPhoneNumberID", []suite.Check[directory]{{"it returns the clinic that owns the number", byPhoneNumber}}},
	{"ByAssistantID", []suite.Check[directory]{{"it returns the clinic that owns the assistant", byAssistant}}},
	{"Directory", []suite.Check[directory]{
		{"the error wraps ErrUnknown for all but an exact match", exactMatch},
		{"simultaneous calls get their own results", simultaneous},
	}},
}

// directory is the fixture of the suite.
type directory struct {
	suite.Reporter
	DirectoryHarness
}

func (h DirectoryHarness) fixture(r suite.Reporter) (directory, func()) {
	return directory{r, h}, func() {}
}

func sameOrg(a, b tenant.Org) bool {
	return a.ID == b.ID && a.Key == b.Key && a.Name == b.Name && a.Country == b.Country && a.Locale == b.Locale &&
		a.Zone != nil && b.Zone != nil && a.Zone.String() == b.Zone.String()
}

func byKey(h directory) {
	for _, c := range h.Clinics {
		org, secrets, err := h.Directory.ByKey(context.Background(), c.Org.Key)
		if err != nil || !sameOrg(org, c.Org) {
			h.Errorf("by key %q: clinic %s, error %v, want %s as it was registered", c.Org.Key, org.ID, err, c.Org.ID)
		}
		if err := org.Validate(); err != nil {
			h.Errorf("by key %q: %v", c.Org.Key, err)
		}
		if secrets != c.Secrets {
			h.Errorf("by key %q: the secrets are not those registered", c.Org.Key)
		}
	}
}

func byPhoneNumber(h directory) {
	for _, c := range h.Clinics {
		for _, id := range c.PhoneNumberIDs {
			if org, err := h.Directory.ByPhoneNumberID(context.Background(), id); err != nil || org != c.Org.ID {
				h.Errorf("by phone number id %q: clinic %s, error %v, want %s", id, org, err, c.Org.ID)
			}
		}
	}
}

func byAssistant(h directory) {
	for _, c := range h.Clinics {
		for _, id := range c.AssistantIDs {
			if org, err := h.Directory.ByAssistantID(context.Background(), id); err != nil || org != c.Org.ID {
				h.Errorf("by assistant id %q: clinic %s, error %v, want %s", id, org, err, c.Org.ID)
			}
		}
	}
}

// near returns texts that differ little from known, and texts that have a
// meaning in SQL.
func near(known string) []string {
	texts := []string{
		"", " ", "%", "_", "*", "null", "' or ''='",
		strings.ToUpper(known), " " + known, known + " ", known + "/", known + "\x00", known + known,
		known[:len(known)-1], known[1:], "%" + known[1:],
	}
	return slices.DeleteFunc(texts, func(s string) bool { return s == known })
}

func exactMatch(h directory) {
	ctx := context.Background()
	for _, c := range h.Clinics {
		for _, key := range append(near(c.Org.Key), c.PhoneNumberIDs[0], c.AssistantIDs[0], c.Org.ID.String()) {
			org, secrets, err := h.Directory.ByKey(ctx, key)
			if !errors.Is(err, tenant.ErrUnknownOrg) || !org.ID.IsZero() || secrets != (tenant.Secrets{}) {
				h.Errorf("by key %q: clinic %q, error %v, want %v and zero values", key, org.ID, err, tenant.ErrUnknownOrg)
			}
		}
		for _, id := range append(near(c.PhoneNumberIDs[0]), c.AssistantIDs[0], c.Org.Key) {
			if org, err := h.Directory.ByPhoneNumberID(ctx, id); !errors.Is(err, tenant.ErrUnknownOrg) || !org.IsZero() {
				h.Errorf("by phone number id %q: clinic %q, error %v, want %v", id, org, err, tenant.ErrUnknownOrg)
			}
		}
		for _, id := range append(near(c.AssistantIDs[0]), c.PhoneNumberIDs[0], c.Org.Key) {
			if org, err := h.Directory.ByAssistantID(ctx, id); !errors.Is(err, tenant.ErrUnknownOrg) || !org.IsZero() {
				h.Errorf("by assistant id %q: clinic %q, error %v, want %v", id, org, err, tenant.ErrUnknownOrg)
			}
		}
	}
}

func simultaneous(h directory) {
	ctx := context.Background()
	wrong := suite.Race(8, func(w int) (wrong int) {
		for n := range 500 {
			c := h.Clinics[(w+n)%len(h.Clinics)]
			org, secrets, err := h.Directory.ByKey(ctx, c.Org.Key)
			if err != nil || !sameOrg(org, c.Org) || secrets != c.Secrets {
				wrong++
			}
			if id, err := h.Directory.ByPhoneNumberID(ctx, c.PhoneNumberIDs[0]); err != nil || id != c.Org.ID {
				wrong++
			}
			if id, err := h.Directory.ByAssistantID(ctx, c.AssistantIDs[0]); err != nil || id != c.Org.ID {
				wrong++
			}
		}
		return wrong
	})
	for _, n := range wrong {
		if n > 0 {
			h.Fatalf("%d of 1500 simultaneous calls got a wrong result", n)
		}
	}
}
