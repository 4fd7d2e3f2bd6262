package tenant_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

func clinic() tenant.Org {
	return tenant.Org{
		ID: tenant.MustParseID(harley), Key: "harley", Name: "Harley Street Clinic",
		Zone: time.UTC, Country: "GB", Locale: "en-GB",
	}
}

func TestValidateNamesTheFieldAndTheCure(t *testing.T) {
	require.NoError(t, clinic().Validate())
	for _, tt := range []struct {
		spoil       func(*tenant.Org)
		field, cure string
	}{
		{func(o *tenant.Org) { o.ID = tenant.ID{} }, "Org.ID", "NewID"},
		{func(o *tenant.Org) { o.Key = "" }, "Org.Key", "a-z"},
		{func(o *tenant.Org) { o.Key = "Harley" }, "Org.Key", "a-z"},
		{func(o *tenant.Org) { o.Name = "" }, "Org.Name", "a caller hears"},
		{func(o *tenant.Org) { o.Zone = nil }, "Org.Zone", "LoadLocation"},
		{func(o *tenant.Org) { o.Zone = time.Local }, "Org.Zone", "LoadLocation"},
		{func(o *tenant.Org) { o.Zone = time.FixedZone("", 3600) }, "Org.Zone", "LoadLocation"},
		{func(o *tenant.Org) { o.Country = "" }, "Org.Country", "ISO 3166-1"},
		{func(o *tenant.Org) { o.Country = "gb" }, "Org.Country", "ISO 3166-1"},
		{func(o *tenant.Org) { o.Country = "GBR" }, "Org.Country", "ISO 3166-1"},
		{func(o *tenant.Org) { o.Locale = "" }, "Org.Locale", "BCP 47"},
	} {
		o := clinic()
		tt.spoil(&o)
		err := o.Validate()
		require.ErrorContains(t, err, tt.field)
		require.ErrorContains(t, err, tt.cure)
	}
}

func TestValidKeyIsWhatCanStandInAURL(t *testing.T) {
	for _, key := range []string{"a", "harley", "harley-street_2", strings.Repeat("x", 64)} {
		require.True(t, tenant.ValidKey(key), key)
	}
	for _, key := range []string{"", "Harley", "har ley", "harley/", "..", "härley", "harley\n", "%2e", strings.Repeat("x", 65)} {
		require.False(t, tenant.ValidKey(key), key)
	}
}

func TestSecretsCannotBePrinted(t *testing.T) {
	s := tenant.Secrets{Current: "open-sesame", Previous: "open-barley"}
	type account struct {
		Org     string
		Secrets tenant.Secrets
	}
	a := account{"harley", s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", a)
		fmt.Fprintf(&out, verb+"\n", []tenant.Secrets{s})
	}
	text, err := json.Marshal(a)
	require.NoError(t, err)
	out.Write(text)
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("secrets", "s", s, "a", a, "group", slog.GroupValue(slog.Any("s", s)))
	}
	require.NotContains(t, out.String(), "open-")
	require.Contains(t, out.String(), "[SECRETS]")
}

func TestPrincipalTravelsInTheContext(t *testing.T) {
	_, ok := tenant.PrincipalFrom(context.Background())
	require.False(t, ok)
	p := tenant.Principal{Org: tenant.MustParseID(harley), Subject: "vapi:call-1", Method: "secret"}
	got, ok := tenant.PrincipalFrom(tenant.WithPrincipal(context.Background(), p))
	require.True(t, ok)
	require.Equal(t, p, got)
}

func Example() {
	for _, text := range []string{
		"3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001",
		"3B0C7C1E-52A0-4F4E-9D55-4B8C31A7A001",
		"00000000-0000-0000-0000-000000000000",
	} {
		id, err := tenant.ParseID(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(id)
	}
	fmt.Println(tenant.Secrets{Current: "open-sesame"})
	// Output:
	// 3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001
	// tenant: not a canonical UUID
	// tenant: not a canonical UUID
	// [SECRETS]
}
