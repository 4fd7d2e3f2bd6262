package followup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
)

var _ followup.PhoneNormalizer = followup.NorthAmerica{}

func TestNumbersAreRead(t *testing.T) {
	for _, c := range []struct{ text, country, want string }{
		{"+12025550143", "GB", "+12025550143"},
		{" +1 (202) 555-0143 ", "", "+12025550143"},
		{"+1.202.555.0143", "US", "+12025550143"},
		{"+44 7700 900456", "US", "+447700900456"},
		{"(202) 555-0143", "US", "+12025550143"},
		{"202-555-0143", "CA", "+12025550143"},
		{"1 202 555 0143", "US", "+12025550143"},
	} {
		got, ok := followup.NorthAmerica{}.ParsePhone(c.text, c.country)
		require.True(t, ok, "%q in %s", c.text, c.country)
		require.Equal(t, c.want, got)
	}
}

func TestWhatIsNotSurelyANumberIsNotRead(t *testing.T) {
	for _, c := range []struct{ text, country string }{
		{"", "US"}, {" ", "US"}, {"+", "US"}, {"+1", "US"}, {"anonymous", "US"}, {"Restricted", "US"}, {"unknown", "US"}, {"null", "US"},
		{"+266696687", "US"}, {"+7378742833", "US"}, {"+86282452253", "US"}, {"+2562533", "US"}, {"+8656696", "US"}, {"7378742833", "US"},
		{"2025550143", "GB"}, {"2025550143", ""}, {"12025550143", "GB"}, {"07700 900456", "GB"}, {"07700 900456", "US"},
		{"555-0143", "US"}, {"202 555 014", "US"}, {"202 555 01433", "US"}, {"102-555-0143", "US"}, {"202-155-0143", "US"}, {"911-555-0143", "US"},
		{"+1 202 555 014", "US"}, {"+1 202 555 01433", "US"}, {"+1 102 555 0143", "US"}, {"+1 000 000 0000", "US"}, {"911", "US"},
		{"+44 (0)7700 900456", "GB"}, {"+0447700900456", "GB"}, {"+44770090045600000", "GB"}, {"+4477009", "GB"},
		{"++12025550143", "US"}, {"+1+2025550143", "US"}, {"sip:+12025550143@example.com", "US"}, {"tel:+12025550143", "US"},
		{"+12025550143x12", "US"}, {"+12025550143,+12025550144", "US"}, {"+1 202 555 O143", "US"}, {"+１２０２５５５０１４３", "US"},
	} {
		got, ok := followup.NorthAmerica{}.ParsePhone(c.text, c.country)
		require.False(t, ok, "%q was read as %s", c.text, got)
	}
}

func located(e164 string) string {
	p := followup.NorthAmerica{}.Locate(e164)
	var zones []string
	for _, z := range p.Zones {
		zones = append(zones, z.String())
	}
	line := map[followup.Line]string{followup.Mobile: "mobile", followup.Fixed: "fixed", followup.TollFree: "toll-free"}[p.Line]
	return strings.Join(strings.Fields(p.Country+" "+p.Region+" "+line+" "+strings.Join(zones, " ")), " ")
}

func TestAreaCodesAreWhereTheyAre(t *testing.T) {
	for code, want := range map[string]string{
		"201": "US NJ America/New_York",
		"202": "US DC America/New_York",
		"203": "US CT America/New_York",
		"212": "US NY America/New_York",
		"213": "US CA America/Los_Angeles",
		"219": "US IN America/Chicago America/New_York",
		"228": "US MS America/Chicago",
		"305": "US FL America/New_York",
		"307": "US WY America/Denver",
		"312": "US IL America/Chicago",
		"401": "US RI America/New_York",
		"405": "US OK America/Chicago",
		"410": "US MD America/New_York",
		"415": "US CA America/Los_Angeles",
		"416": "CA America/Toronto",
		"512": "US TX America/Chicago",
		"564": "US WA America/Los_Angeles",
		"602": "US AZ America/Phoenix",
		"604": "CA America/Vancouver",
		"605": "US SD America/Chicago America/Denver",
		"671": "GU Pacific/Guam",
		"689": "US FL America/New_York",
		"709": "CA America/Halifax America/St_Johns",
		"787": "PR America/Puerto_Rico",
		"808": "US HI Pacific/Honolulu",
		"850": "US FL America/Chicago America/New_York",
		"876": "JM America/Jamaica",
		"906": "US MI America/Chicago America/New_York",
		"907": "US AK America/Adak America/Anchorage",
		"915": "US TX America/Denver",
		"928": "US AZ America/Denver America/Phoenix",
	} {
		require.Equal(t, want, located("+1"+code+"5550143"))
	}
}

func TestEveryAreaCodeHasACountryAndAZoneAndInTheUSAState(t *testing.T) {
	listed, states := 0, map[string]bool{}
	for code := 200; code <= 999; code++ {
		p := followup.NorthAmerica{}.Locate(fmt.Sprintf("+1%d5550143", code))
		if p.Country == "" {
			continue
		}
		listed++
		require.NotEmpty(t, p.Zones, code)
		require.Equal(t, p.Country == "US", len(p.Region) == 2, "%d is in %q", code, p.Region)
		states[p.Region] = true
	}
	require.Greater(t, listed, 380)
	require.Len(t, states, 52, "fifty states, the District of Columbia, and no state")
}

func TestATollFreeNumberMayBeAnywhere(t *testing.T) {
	for _, code := range []string{"800", "833", "844", "855", "866", "877", "888"} {
		p := followup.NorthAmerica{}.Locate("+1" + code + "5550143")
		require.Equal(t, followup.TollFree, p.Line)
		require.Empty(t, p.Country)
		require.Greater(t, len(p.Zones), 15)
	}
}

// A code that is assigned after this table was made is not one of nowhere.
func TestAnAreaCodeThatIsNotListedMayBeAnywhereInTheUSAndCanada(t *testing.T) {
	p := followup.NorthAmerica{}.Locate("+19995550143")
	require.Empty(t, p.Country)
	names := map[string]bool{}
	for _, z := range p.Zones {
		names[z.String()] = true
	}
	require.True(t, names["America/Adak"] && names["America/St_Johns"])
	require.False(t, names["Pacific/Guam"])
}

func TestOtherCountries(t *testing.T) {
	for number, want := range map[string]string{
		"+447700900456":   "GB mobile Europe/London",
		"+442079460123":   "GB fixed Europe/London",
		"+441632960123":   "GB fixed Europe/London",
		"+443069990123":   "GB fixed Europe/London",
		"+448081570123":   "GB Europe/London",
		"+447000000000":   "GB Europe/London",
		"+2348010000000":  "NG mobile Africa/Lagos",
		"+23410000000":    "NG Africa/Lagos",
		"+353850000000":   "IE mobile Europe/Dublin",
		"+35310000000":    "IE fixed Europe/Dublin",
		"+4930000000":     "DE Europe/Berlin",
		"+61491570156":    "", // of a country with several zones
		"+79000000000":    "",
		"+80012345678":    "",
		"+12":             "",
		"+1202555014":     "",
		"2025550143":      "",
		"":                "",
		"+":               "",
		"+1202555014３":    "",
		"+44":             "GB Europe/London",
		"+99999999999999": "",
	} {
		require.Equal(t, want, located(number), number)
	}
}

func FuzzNorthAmerica(f *testing.F) {
	f.Add("+1 (202) 555-0143", "US")
	f.Add("2025550143", "CA")
	f.Add("+44 7700 900456", "GB")
	f.Add("anonymous", "NG")
	f.Fuzz(func(t *testing.T, text, country string) {
		var p followup.NorthAmerica
		p.Locate(text)
		e164, ok := p.ParsePhone(text, country)
		if !ok {
			return
		}
		require.Regexp(t, `^\+[1-9][0-9]{7,14}$`, e164)
		again, ok := p.ParsePhone(e164, "")
		require.True(t, ok)
		require.Equal(t, e164, again)
		p.Locate(e164)
	})
}

func BenchmarkLocate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		followup.NorthAmerica{}.Locate("+12025550143")
	}
}
