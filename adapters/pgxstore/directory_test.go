package pgxstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest"
)

func harley(t *testing.T) tenant.Registration {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	return tenant.Registration{
		Org:            tenant.Org{ID: tenant.NewID(), Key: "harley", Name: "Harley Street Clinic", Zone: zone, Country: "GB", Locale: "en-GB"},
		Secrets:        tenant.Secrets{Current: "harley-secret", Previous: "harley-old-secret"},
		PhoneNumberIDs: []string{"phone-h1", "phone-h2"},
		AssistantIDs:   []string{"assistant-h"},
	}
}

func ikeja(t *testing.T) tenant.Registration {
	t.Helper()
	zone, err := time.LoadLocation("Africa/Lagos")
	require.NoError(t, err)
	return tenant.Registration{
		Org:            tenant.Org{ID: tenant.NewID(), Key: "ikeja", Name: "Ikeja Skin Centre", Zone: zone, Country: "NG", Locale: "en-NG"},
		Secrets:        tenant.Secrets{Current: "ikeja-secret"},
		PhoneNumberIDs: []string{"phone-i"},
		AssistantIDs:   []string{"assistant-i"},
	}
}

func TestStore_Directory(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	clinics := []tenant.Registration{harley(t), ikeja(t)}
	directory := open(t, d.App, 4)
	admin := d.AdminPool(t)
	for _, c := range clinics {
		require.NoError(t, pgxstore.Register(t.Context(), admin, c))
	}
	tenanttest.RunDirectory(t, tenanttest.DirectoryHarness{Directory: directory, Clinics: clinics})
}

func TestRegister(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	admin := d.AdminPool(t)
	h, i := harley(t), ikeja(t)
	require.NoError(t, pgxstore.Register(t.Context(), admin, h))

	t.Run("a second registration replaces the first", func(t *testing.T) {
		moved := h
		moved.Org.Key, moved.Secrets.Current, moved.PhoneNumberIDs = "harley-2", "new", []string{"phone-h3"}
		require.NoError(t, pgxstore.Register(t.Context(), admin, moved))
		store := open(t, d.App, 2)
		_, _, err := store.ByKey(t.Context(), "harley")
		require.ErrorIs(t, err, tenant.ErrUnknownOrg)
		org, secrets, err := store.ByKey(t.Context(), "harley-2")
		require.NoError(t, err)
		require.Equal(t, moved.Org, org)
		require.Equal(t, moved.Secrets, secrets)
		_, err = store.ByPhoneNumberID(t.Context(), "phone-h1")
		require.ErrorIs(t, err, tenant.ErrUnknownOrg)
		require.NoError(t, pgxstore.Register(t.Context(), admin, h))
	})
	t.Run("a route of another clinic is refused, and so is a missing field", func(t *testing.T) {
		for field, spoil := range map[string]func(*tenant.Registration){
			"Org.Key":         func(c *tenant.Registration) { c.Org.Key = h.Org.Key },
			"PhoneNumberIDs":  func(c *tenant.Registration) { c.PhoneNumberIDs = []string{"phone-i", "phone-h2"} },
			"AssistantIDs":    func(c *tenant.Registration) { c.AssistantIDs = h.AssistantIDs },
			"Secrets.Current": func(c *tenant.Registration) { c.Secrets.Current = "" },
			"Org.Zone":        func(c *tenant.Registration) { c.Org.Zone = nil },
		} {
			c := i
			spoil(&c)
			require.ErrorContains(t, pgxstore.Register(t.Context(), admin, c), field)
		}
		store := open(t, d.App, 2)
		_, err := store.ByPhoneNumberID(t.Context(), "phone-i")
		require.ErrorIs(t, err, tenant.ErrUnknownOrg, "a refused registration leaves no rows")
	})
	t.Run("a member of callwaiting_owner may register, the service's role may not", func(t *testing.T) {
		migrator := pool(t, login(t, d, "", "callwaiting_owner"), 1)
		t.Cleanup(migrator.Close)
		require.NoError(t, pgxstore.Register(t.Context(), migrator, i))
		err := pgxstore.Register(t.Context(), pool(t, d.App, 1), i)
		require.ErrorContains(t, err, "needs the role that migrates")
	})
	t.Run("a registration can be part of a transaction", func(t *testing.T) {
		c := ikeja(t)
		c.Org.Key, c.PhoneNumberIDs, c.AssistantIDs = "third", nil, nil
		require.NoError(t, pgx.BeginFunc(t.Context(), admin, func(tx pgx.Tx) error { return pgxstore.Register(t.Context(), tx, c) }))
		org, _, err := open(t, d.App, 2).ByKey(t.Context(), "third")
		require.NoError(t, err)
		require.Equal(t, c.Org.ID, org.ID)
	})
}

func TestStore_DirectoryCache(t *testing.T) {
	t.Parallel()
	d := pgtest.DB(t)
	admin := d.AdminPool(t)
	require.NoError(t, pgxstore.Register(t.Context(), admin, harley(t)))
	proxy := d.Proxy(t)
	trips := func(do func()) int64 {
		before := proxy.Trips()
		do()
		return proxy.Trips() - before
	}
	warm := func(store *pgxstore.Store) {
		store.ByKey(t.Context(), "warm")
		store.ByPhoneNumberID(t.Context(), "warm")
	}

	t.Run("concurrent lookups share one round trip, later ones need none", func(t *testing.T) {
		store := storeOf(t, proxy.URL, 1, pgxstore.Config{})
		warm(store)
		require.EqualValues(t, 1, trips(func() {
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					org, secrets, err := store.ByKey(t.Context(), "harley")
					if err != nil || org.Name != "Harley Street Clinic" || secrets.Current != "harley-secret" {
						t.Errorf("ByKey: %s, %v", org.ID, err)
					}
				})
			}
			all.Wait()
		}))
		require.Zero(t, trips(func() {
			_, _, err := store.ByKey(t.Context(), "harley")
			require.NoError(t, err)
		}))
		require.EqualValues(t, 1, trips(func() {
			for range 3 {
				_, err := store.ByPhoneNumberID(t.Context(), "phone-unknown")
				require.ErrorIs(t, err, tenant.ErrUnknownOrg)
			}
		}), "an unknown id is cached too")
	})
	t.Run("an entry expires after DirectoryTTL", func(t *testing.T) {
		store := storeOf(t, d.App, 2, pgxstore.Config{DirectoryTTL: time.Millisecond})
		_, err := store.ByPhoneNumberID(t.Context(), "phone-i")
		require.ErrorIs(t, err, tenant.ErrUnknownOrg)
		require.NoError(t, pgxstore.Register(t.Context(), admin, ikeja(t)))
		require.Eventually(t, func() bool {
			_, err := store.ByPhoneNumberID(t.Context(), "phone-i")
			return err == nil
		}, time.Minute, time.Millisecond)
	})
	t.Run("an error is not cached, and a cancelled lookup does not fail the others", func(t *testing.T) {
		store := storeOf(t, proxy.URL, 1, pgxstore.Config{})
		warm(store)
		proxy.DropRequests(func() bool { return true })
		_, _, err := store.ByKey(t.Context(), "harley")
		require.ErrorIs(t, err, booking.ErrUnavailable)
		proxy.DropRequests(nil)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		store.ByKey(cancelled, "harley")
		_, _, err = store.ByKey(t.Context(), "harley")
		require.NoError(t, err)
	})
	t.Run("an invalid key is not looked up in the database", func(t *testing.T) {
		store := storeOf(t, proxy.URL, 1, pgxstore.Config{})
		require.Zero(t, trips(func() {
			for _, key := range []string{"", "Harley", "harley'; --", "../harley"} {
				_, _, err := store.ByKey(t.Context(), key)
				require.ErrorIs(t, err, tenant.ErrUnknownOrg)
			}
			_, err := store.ByAssistantID(t.Context(), "")
			require.ErrorIs(t, err, tenant.ErrUnknownOrg)
		}))
	})
}
