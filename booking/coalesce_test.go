package booking_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// counting is a store that counts calls. Its first claim waits for release,
// and panics if panics is set.
type counting struct {
	booking.Store
	release       chan struct{}
	panics        bool
	claims, reads atomic.Int64
}

func (s *counting) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	if s.claims.Add(1) == 1 {
		<-s.release
		if s.panics {
			panic("a store with a bug")
		}
	}
	return s.Store.Claim(ctx, org, c)
}

func (s *counting) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	s.reads.Add(1)
	return s.Store.ListBusy(ctx, org, q)
}

func (s *counting) service(t *testing.T, c *clinic) *booking.Service {
	svc, err := booking.New(booking.Config{Store: s, Catalogs: c.Service, Now: func() time.Time { return c.now }})
	require.NoError(t, err)
	return svc
}

func TestService_Book_Coalescing(t *testing.T) {
	t.Parallel()
	selection := booking.Selection{Service: "botox", Start: at(10, 0)}

	t.Run("five hundred simultaneous callers cost one claim and one read", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newClinic(t, nil)
			store := &counting{Store: c.store, release: make(chan struct{})}
			svc := store.service(t, c)
			var won, lost atomic.Int64
			for i := range 500 {
				go func() {
					switch _, err := svc.Book(t.Context(), c.org, request(i, selection)); {
					case err == nil:
						won.Add(1)
					case errors.Is(err, booking.ErrConflict):
						lost.Add(1)
					}
				}()
			}
			synctest.Wait() // all but the leader wait
			require.EqualValues(t, 1, store.claims.Load())
			require.EqualValues(t, 0, store.reads.Load())
			close(store.release)
			synctest.Wait()
			require.EqualValues(t, 1, won.Load())
			require.EqualValues(t, 499, lost.Load())
			require.EqualValues(t, 1, store.claims.Load())
			require.EqualValues(t, 1, store.reads.Load())
		})
	})

	t.Run("a waiter books a time that is free again", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newClinic(t, nil)
			store := &counting{Store: c.store, release: make(chan struct{})}
			svc := store.service(t, c)
			ctx, cancel := context.WithCancel(t.Context())
			first := make(chan error, 1)
			go func() {
				_, err := svc.Book(ctx, c.org, request(1, selection))
				first <- err
			}()
			synctest.Wait()
			second := make(chan error, 1)
			go func() {
				_, err := svc.Book(t.Context(), c.org, request(2, selection))
				second <- err
			}()
			synctest.Wait()
			cancel() // so that the first claim fails
			close(store.release)
			require.ErrorIs(t, <-first, booking.ErrUnavailable)
			require.NoError(t, <-second)
			require.EqualValues(t, 2, store.claims.Load())
			require.EqualValues(t, 1, store.reads.Load())
		})
	})

	t.Run("a panic in the store does not block the waiters", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newClinic(t, nil)
			store := &counting{Store: c.store, release: make(chan struct{}), panics: true}
			svc := store.service(t, c)
			recovered := make(chan any, 1)
			go func() {
				defer func() { recovered <- recover() }()
				svc.Book(t.Context(), c.org, request(1, selection))
			}()
			synctest.Wait()
			second := make(chan error, 1)
			go func() {
				_, err := svc.Book(t.Context(), c.org, request(2, selection))
				second <- err
			}()
			synctest.Wait()
			close(store.release)
			require.NotNil(t, <-recovered)
			require.NoError(t, <-second)
		})
	})
}
