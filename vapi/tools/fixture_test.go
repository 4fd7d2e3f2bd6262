package tools_test

import (
	"os"
	"testing"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
	"github.com/stretchr/testify/require"
)

var (
	now   = handlertest.Now
	clock = handlertest.Clock

	harley = handlertest.Harley
	ikeja  = handlertest.Ikeja
)

const (
	secret = handlertest.Secret
	caller = handlertest.Caller
)

type (
	args    = handlertest.Args
	fixture = handlertest.Fixture
)

func newFixture(t testing.TB, change func(*vapi.Config)) *fixture { return handlertest.New(t, change) }

func TestMain(m *testing.M) { os.Exit(handlertest.Main(m)) }

// bookingFixture answers with the booking tools over a store in memory.
func bookingFixture(t testing.TB) *fixture {
	return bookingFixtureOver(t, memory.New(memory.Clock(clock)))
}

func bookingFixtureOver(t testing.TB, store booking.Store) *fixture {
	all, err := tools.New(tools.Config{Booking: handlertest.Booking(t, store), Now: clock})
	require.NoError(t, err)
	return newFixture(t, func(c *vapi.Config) { c.Tools = all })
}
