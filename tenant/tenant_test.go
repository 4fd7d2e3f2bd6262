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

func TestOrg_Validate_NamesTheFieldAndTheFix(t *testing.T) {
	t.Parallel()
	require.NoError(t, clinic().Validate())
	for _, tt := range []struct {
		spoil      func(*tenant.Org)
		field, fix string
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
		require.ErrorContains(t, err, tt.fix)
	}
}

func TestValidKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"a", "harley", "harley-street_2", strings.Repeat("x", 64)} {
		require.True(t, tenant.ValidKey(key), key)
	}
	for _, key := range []string{"", "Harley", "har ley", "harley/", "..", "härley", "harley\n", "%2e", strings.Repeat("x", 65)} {
		require.False(t, tenant.ValidKey(key), key)
	}
}

func TestSecrets_CannotBePrinted(t *testing.T) {
	t.Parallel()
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

func TestWithPrincipal(t *testing.T) {
	t.Parallel()
	_, ok := tenant.PrincipalFrom(context.Background())
	require.False(t, ok)
	p := tenant.Principal{Org: tenant.MustParseID(harley), Subject: "vapi:call-1", Method: "secret"}
	got, ok := tenant.PrincipalFrom(tenant.WithPrincipal(context.Background(), p))
	require.True(t, ok)
	require.Equal(t, p, got)
}
