package tools_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

func match(t testing.TB, c followup.Catalog, org tenant.ID, words string) followup.ProcedureID {
	t.Helper()
	id, ok, err := c.Match(t.Context(), org, redact.NewSpeech(words))
	require.NoError(t, err)
	require.Equal(t, id != "", ok)
	return id
}

func TestProcedures(t *testing.T) { // not parallel: it measures allocations
	t.Run("a service type is a procedure of the same id", func(t *testing.T) {
		t.Parallel()
		c := tools.Procedures(handlertest.Catalogs(t))
		for words, want := range map[string]followup.ProcedureID{
			"I would like a Botox consultation":    "botox",
			"What do anti-wrinkle injections cost": "botox",
			"a nose job":                           "rhinoplasty",
			"rhinoplasty":                          "rhinoplasty", // its id
			"just a consultation":                  "consultation",
			"a haircut":                            "",
		} {
			require.Equal(t, want, match(t, c, harley.ID, words), words)
		}
		name, ok, err := c.Document(t.Context(), harley.ID, "botox")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "botox.pdf", name)
		for _, id := range []followup.ProcedureID{"consultation", "hair"} {
			_, ok, err = c.Document(t.Context(), harley.ID, id)
			require.NoError(t, err)
			require.False(t, ok, id)
		}
	})
	t.Run("a clinic without a catalog has no procedures", func(t *testing.T) {
		t.Parallel()
		c := tools.Procedures(booking.StaticCatalogs{})
		require.Empty(t, match(t, c, harley.ID, "botox"))
		_, ok, err := c.Document(t.Context(), harley.ID, "botox")
		require.NoError(t, err)
		require.False(t, ok)
		_, _, err = c.Match(t.Context(), tenant.ID{}, redact.Speech{})
		require.ErrorIs(t, err, tenant.ErrNoOrg)
		_, _, err = c.Document(t.Context(), tenant.ID{}, "botox")
		require.ErrorIs(t, err, tenant.ErrNoOrg)
	})
	t.Run("a changed catalog is read anew", func(t *testing.T) {
		changing := &changingCatalogs{catalog: catalogOf(t, booking.ServiceType{ID: "peel", Name: "Peel"})}
		c := tools.Procedures(changing)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 50 {
					_, _, err := c.Match(t.Context(), harley.ID, redact.NewSpeech("a peel"))
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		changing.set(catalogOf(t, booking.ServiceType{ID: "peel", Name: "Chemical peel", Document: "peel.pdf"}), nil)
		wg.Wait()
		require.Empty(t, match(t, c, harley.ID, "a peel"))
		require.EqualValues(t, "peel", match(t, c, harley.ID, "a chemical peel"))
		require.EqualValues(t, "peel", match(t, c, ikeja.ID, "a chemical peel"))

		allocs := testing.AllocsPerRun(100, func() {
			if _, _, err := c.Document(context.Background(), harley.ID, "peel"); err != nil {
				t.Fatal(err)
			}
		})
		require.Zero(t, allocs, "it is kept")

		down := errors.New("down")
		changing.set(nil, down)
		_, _, err := c.Match(t.Context(), harley.ID, redact.NewSpeech("a peel"))
		require.ErrorIs(t, err, down)
	})
	t.Run("of two services with the same name the first is meant", func(t *testing.T) {
		// A booking catalog accepts names that procedures.New refuses.
		t.Parallel()
		c := tools.Procedures(&changingCatalogs{catalog: catalogOf(t,
			booking.ServiceType{ID: "first", Name: "Botox", Aliases: []string{"anti-wrinkle injection", "?!", "s"}, Document: "a.pdf"},
			booking.ServiceType{ID: "second", Name: "Botox refresher", Aliases: []string{"botox", "Anti wrinkle injections"}, Document: "b.pdf"},
			booking.ServiceType{ID: "third-kind", Name: "BOTOX", Aliases: []string{"Botox’s"}, Document: "c.pdf"},
		)})
		require.EqualValues(t, "first", match(t, c, harley.ID, "botox"))
		require.EqualValues(t, "first", match(t, c, harley.ID, "anti-wrinkle injections"))
		require.EqualValues(t, "second", match(t, c, harley.ID, "a botox refresher"))
		require.EqualValues(t, "third-kind", match(t, c, harley.ID, "third-kind"))
		name, _, err := c.Document(t.Context(), harley.ID, "third-kind")
		require.NoError(t, err)
		require.Equal(t, "c.pdf", name)
	})
	t.Run("an invalid document name is an error", func(t *testing.T) {
		t.Parallel()
		c := tools.Procedures(&changingCatalogs{catalog: catalogOf(t, booking.ServiceType{ID: "peel", Name: "Peel", Document: "peel\n.pdf"})})
		_, _, err := c.Match(t.Context(), harley.ID, redact.NewSpeech("a peel"))
		require.ErrorContains(t, err, `the Document of "peel"`)
	})
}

// changingCatalogs return the catalog that was set last.
type changingCatalogs struct {
	mu      sync.Mutex
	catalog *booking.Catalog
	err     error
}

func (c *changingCatalogs) Catalog(context.Context, tenant.ID) (*booking.Catalog, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.catalog, c.err
}

func (c *changingCatalogs) set(catalog *booking.Catalog, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.catalog, c.err = catalog, err
}

func catalogOf(t testing.TB, services ...booking.ServiceType) *booking.Catalog {
	t.Helper()
	for i := range services {
		services[i].Duration, services[i].Needs = time.Hour, []booking.Need{{"room"}}
	}
	c, err := booking.NewCatalog(booking.CatalogConfig{
		Zone: harley.Zone, Hours: schedule.Hours{Week: schedule.Week{time.Monday: {{From: 9 * 60, To: 17 * 60}}}},
		Resources: []booking.Resource{{ID: "room", Name: "Room"}}, Services: services,
	})
	require.NoError(t, err)
	return c
}

// FuzzProcedures checks that a service type with any name is a procedure.
func FuzzProcedures(f *testing.F) {
	for _, names := range [][3]string{{"Botox", "botox", "BOTOX’S"}, {"ſ", "S", "s"}, {"İ", "i̇", "i"}, {"a b", "A-B", "a\u0301 b"}, {"don't", "no", "dont"}, {"x''s", "x' s", "ʼ"}} {
		f.Add(names[0], names[1], names[2])
	}
	f.Fuzz(func(t *testing.T, name, other, alias string) {
		if name == "" || other == "" {
			return
		}
		c := tools.Procedures(&changingCatalogs{catalog: catalogOf(t,
			booking.ServiceType{ID: "first", Name: name, Document: "a.pdf"},
			booking.ServiceType{ID: "second", Name: other, Aliases: []string{alias}, Document: "b.pdf"})})
		for id, want := range map[followup.ProcedureID]string{"first": "a.pdf", "second": "b.pdf"} {
			got, ok, err := c.Document(t.Context(), harley.ID, id)
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, want, got)
		}
	})
}
