package quiethours_test

import (
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup/quiethours"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

// A clinic in London texts a number of Alaska, which has two time zones: the
// hours are those that are open on all three clocks.
func ExampleOf() {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	org := tenant.Org{Zone: london, Country: "GB"}
	alaska := phone.NorthAmerica{}.Locate("+19075550143")
	hours, ok := quiethours.Of(org, quiethours.Window{Open: 9 * 60, Close: 20 * 60}, alaska)
	fmt.Println(ok)

	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	opens, closes, ok := hours.Next(noon)
	fmt.Println(opens.UTC().Format("15:04"), closes.UTC().Format("15:04"), ok)

	_, ok = quiethours.Of(org, quiethours.Window{Open: 9 * 60, Close: 20 * 60}, phone.Place{Country: "FR"})
	fmt.Println(ok)
	// Output:
	// true
	// 19:00 20:00 true
	// false
}
