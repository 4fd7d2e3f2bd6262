package assistant_test

import (
	"os"
	"testing"

	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
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
