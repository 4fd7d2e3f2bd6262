package memory_test

import (
	"testing"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
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
