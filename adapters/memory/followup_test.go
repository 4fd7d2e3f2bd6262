package memory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func followUpHarness(s *memory.Store) followuptest.StoreHarness {
	f := s.FollowUps()
	return followuptest.StoreHarness{Store: f, Queue: f, Links: f, Booking: s, Unmatched: f.Unmatched}
}

func TestFollowUpStore(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2031, time.June, 1, 12, 0, 0, 0, time.UTC)}
	h := followUpHarness(memory.New(memory.Clock(c.Now)))
	h.Advance = c.Advance
	followuptest.RunStore(t, h)
}

func TestFollowUpStore_RealClock(t *testing.T) {
	t.Parallel()
	h := followUpHarness(memory.New())
	h.Rounds = 100
	followuptest.RunStore(t, h)
}

func TestFollowUpStore_ListReplies_NegativeLimit(t *testing.T) {
	t.Parallel()
	org := tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001")
	f := memory.New().FollowUps()
	_, err := f.RecordReply(t.Context(), org, followup.Reply{Phone: "+447700900123", Message: "m", Kind: followup.ReplyBook})
	require.NoError(t, err)
	replies, err := f.ListReplies(t.Context(), org, -1)
	require.NoError(t, err)
	require.Empty(t, replies)
}
