package assistant_test

import (
	"os"
	"testing"

	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
)

var (
	harley = handlertest.Harley
	ikeja  = handlertest.Ikeja
)

func TestMain(m *testing.M) { os.Exit(handlertest.Main(m)) }
