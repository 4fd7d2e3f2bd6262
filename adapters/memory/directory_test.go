package memory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest"
)

func harley() tenant.Registration {
	return tenant.Registration{
		Org: tenant.Org{
			ID: tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001"), Key: "harley", Name: "Harley Street Clinic",
			Zone: time.UTC, Country: "GB", Locale: "en-GB",
		},
		Secrets:        tenant.Secrets{Current: "harley-secret", Previous: "harley-old-secret"},
		PhoneNumberIDs: []string{"phone-h1", "phone-h2"},
		AssistantIDs:   []string{"assistant-h"},
	}
}

func ikeja() tenant.Registration {
	return tenant.Registration{
		Org: tenant.Org{
			ID: tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a002"), Key: "ikeja", Name: "Ikeja Skin Centre",
			Zone: time.UTC, Country: "NG", Locale: "en-NG",
		},
		Secrets:        tenant.Secrets{Current: "ikeja-secret"},
		PhoneNumberIDs: []string{"phone-i"},
		AssistantIDs:   []string{"assistant-i"},
	}
}

func TestDirectory(t *testing.T) {
	clinics := []tenant.Registration{harley(), ikeja()}
	d, err := memory.NewDirectory(clinics...)
	require.NoError(t, err)
	tenanttest.RunDirectory(t, tenanttest.DirectoryHarness{Directory: d, Clinics: clinics})
}

func TestNewDirectory_NamesTheFieldAndTheFix(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		make func(first, second *tenant.Registration)
		want []string // in the error: the field and the fix
	}{
		{"an org that is not valid", func(_, c *tenant.Registration) { c.Org.Zone = nil }, []string{"Org.Zone", "LoadLocation"}},
		{"an empty secret", func(_, c *tenant.Registration) { c.Secrets.Current = "" }, []string{"Secrets.Current", "give the secret"}},
		{"a clinic given twice", func(a, b *tenant.Registration) { b.Org.ID = a.Org.ID }, []string{"Org.ID", "once"}},
		{"a key of two clinics", func(a, b *tenant.Registration) { b.Org.Key = a.Org.Key }, []string{"Org.Key", "a key of its own"}},
		{"a phone number of two clinics", func(a, b *tenant.Registration) { b.PhoneNumberIDs = a.PhoneNumberIDs[1:] }, []string{"PhoneNumberIDs", "phone-h2", "one clinic"}},
		{"an assistant of two clinics", func(a, b *tenant.Registration) { b.AssistantIDs = a.AssistantIDs }, []string{"AssistantIDs", "assistant-h", "one clinic"}},
		{"an empty phone number", func(_, c *tenant.Registration) { c.PhoneNumberIDs = []string{""} }, []string{"PhoneNumberIDs", "empty", "take it out"}},
		{"an empty assistant", func(_, c *tenant.Registration) { c.AssistantIDs = []string{"x", ""} }, []string{"AssistantIDs", "empty", "take it out"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, second := harley(), ikeja()
			tt.make(&first, &second)
			d, err := memory.NewDirectory(first, second)
			require.Error(t, err)
			require.Nil(t, d)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "-secret", "an error must not repeat a secret")
		})
	}
}

func TestDirectory_WithoutClinics(t *testing.T) {
	t.Parallel()
	d, err := memory.NewDirectory()
	require.NoError(t, err)
	_, _, err = d.ByKey(t.Context(), "harley")
	require.ErrorIs(t, err, tenant.ErrUnknownOrg)
}

func TestNewDirectory_CopiesItsArguments(t *testing.T) {
	t.Parallel()
	c := harley()
	d, err := memory.NewDirectory(c)
	require.NoError(t, err)
	c.PhoneNumberIDs[0] = "phone-of-somebody-else"
	_, err = d.ByPhoneNumberID(t.Context(), "phone-h1")
	require.NoError(t, err)
}

func ExampleNewDirectory() {
	first, second := harley(), ikeja()
	directory, err := memory.NewDirectory(first, second)
	if err != nil {
		panic(err)
	}
	org, _, err := directory.ByKey(context.Background(), "harley")
	fmt.Println(org.Name, err)

	second.Org.Key = "harley"
	_, err = memory.NewDirectory(first, second)
	fmt.Println(err)
	// Output:
	// Harley Street Clinic <nil>
	// memory: Registration.Org.Key of 3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a002 is also that of 3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001: give each clinic a key of its own
}
