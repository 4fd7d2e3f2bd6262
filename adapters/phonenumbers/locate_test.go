package phonenumbers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"

	adapter "github.com/callwaiting-ai/callwaiting/adapters/phonenumbers"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

func located(e164 string) string {
	p := adapter.Parser{}.Locate(e164)
	var zones []string
	for _, z := range p.Zones {
		zones = append(zones, z.String())
	}
	line := map[phone.Line]string{phone.Mobile: "mobile", phone.Landline: "fixed", phone.TollFree: "toll-free"}[p.Line]
	return strings.Join(strings.Fields(p.Country+" "+p.Region+" "+line+" "+strings.Join(zones, " ")), " ")
}

func TestParser_Locate(t *testing.T) {
	t.Parallel()
	const britain = "Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/London" // one clock
	for number, want := range map[string]string{
		"+12025550143":   "US DC America/New_York",
		"+18505550143":   "US FL America/Chicago America/New_York",
		"+19075550143":   "US AK America/Adak America/Anchorage",
		"+447700900456":  "GB mobile " + britain, // for fiction
		"+447911000000":  "GB mobile " + britain, // the library assigns it to Guernsey
		"+442079460123":  "GB fixed Europe/London",
		"+441632960123":  "GB " + britain, // for fiction
		"+448081570123":  "GB toll-free " + britain,
		"+2348030000000": "NG mobile Africa/Lagos",
		"+61291920123":   "AU fixed Australia/Sydney",
		"+61491570156": "AU mobile Australia/Adelaide Australia/Brisbane Australia/Eucla Australia/Lord_Howe " +
			"Australia/Perth Australia/Sydney Indian/Christmas Indian/Cocos",
		"+33199000123": "FR fixed Europe/Paris",
		"+80012345678": "toll-free", // of no country
		"+99912345678": "",
		"anonymous":    "",
		"07700 900456": "",
		"":             "",
		"+":            "",
		"+0":           "",
	} {
		require.Equal(t, want, located(number), number)
	}
}

// The table of area codes in package tenant/phone was made from the library's.
func TestParser_Locate_KnowsTheAreaCodesOfNorthAmerica(t *testing.T) {
	t.Parallel()
	known := 0
	for code := 200; code <= 999; code++ {
		e164 := fmt.Sprintf("+1%d5550143", code)
		n, err := phonenumbers.Parse(e164, "")
		require.NoError(t, err)
		if kind := phonenumbers.GetNumberType(n); kind != phonenumbers.FIXED_LINE_OR_MOBILE {
			continue
		}
		known++
		require.Equal(t, phonenumbers.GetRegionCodeForNumber(n), phone.NorthAmerica{}.Locate(e164).Country, code)
	}
	require.Greater(t, known, 380)
}

func FuzzParser_Locate(f *testing.F) {
	f.Add("+447911000000")
	f.Add("+18005550143")
	f.Add("anonymous")
	f.Fuzz(func(t *testing.T, e164 string) {
		for _, z := range (adapter.Parser{}).Locate(e164).Zones {
			require.NotNil(t, z)
		}
	})
}
