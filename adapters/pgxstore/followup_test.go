package pgxstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
)

func harness(store *pgxstore.Store) followuptest.StoreHarness {
	f := store.FollowUps()
	return followuptest.StoreHarness{Store: f, Queue: f, Links: f, Booking: store, Unmatched: f.Unmatched}
}

func TestFollowUpStore(t *testing.T) {
	followuptest.RunStore(t, harness(open(t, pgtest.DB(t).App, 16)))
}

func TestFollowUpStore_PgBouncer(t *testing.T) {
	through := pgtest.DB(t).PgBouncer(t, 8)
	for mode, only := range map[string][]string{
		"cache_describe": nil,
		"exec":           {"RecordResults writes the results of attempts", "the store releases a contact by itself"},
	} {
		t.Run(mode, func(t *testing.T) {
			require.Empty(t, followuptest.FailingStore(harness(open(t, through+"&default_query_exec_mode="+mode, 16)), only...))
		})
	}
}
