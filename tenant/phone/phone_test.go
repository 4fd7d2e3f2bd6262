package phone_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

var _ phone.NumberingPlan = phone.NorthAmerica{}

func TestNorthAmerica_Parse(t *testing.T) {
	t.Parallel()
	t.Run("a number in full, or ten digits in the US and Canada, is read", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct{ text, country, want string }{
			{"+12025550143", "GB", "+12025550143"},
			{" +1 (202) 555-0143 ", "", "+12025550143"},
			{"+1.202.555.0143", "US", "+12025550143"},
			{"+44 7700 900456", "US", "+447700900456"},
			{"(202) 555-0143", "US", "+12025550143"},
			{"202-555-0143", "CA", "+12025550143"},
			{"1 202 555 0143", "US", "+12025550143"},
		} {
			got, ok := phone.NorthAmerica{}.Parse(c.text, c.country)
			require.True(t, ok, "%q in %s", c.text, c.country)
			require.Equal(t, c.want, got)
		}
	})
	t.Run("text that is not surely one number is refused", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct{ text, country string }{
			{"", "US"}, {" ", "US"}, {"+", "US"}, {"+1", "US"}, {"anonymous", "US"}, {"Restricted", "US"}, {"unknown", "US"}, {"null", "US"},
			{"+266696687", "US"}, {"+7378742833", "US"}, {"+86282452253", "US"}, {"+2562533", "US"}, {"+8656696", "US"}, {"7378742833", "US"},
			{"2025550143", "GB"}, {"2025550143", ""}, {"12025550143", "GB"}, {"07700 900456", "GB"}, {"07700 900456", "US"},
			{"555-0143", "US"}, {"202 555 014", "US"}, {"202 555 01433", "US"}, {"102-555-0143", "US"}, {"202-155-0143", "US"}, {"911-555-0143", "US"},
			{"+1 202 555 014", "US"}, {"+1 202 555 01433", "US"}, {"+1 102 555 0143", "US"}, {"+1 000 000 0000", "US"}, {"911", "US"},
			{"+44 (0)7700 900456", "GB"}, {"+0447700900456", "GB"}, {"+44770090045600000", "GB"}, {"+4477009", "GB"},
			{"++12025550143", "US"}, {"+1+2025550143", "US"}, {"sip:+12025550143@example.com", "US"}, {"tel:+12025550143", "US"},
			{"+12025550143x12", "US"}, {"+12025550143,+12025550144", "US"}, {"+1 202 555 O143", "US"}, {"+１２０２５５５０１４３", "US"},
			{"2o25550143", "US"}, {"12025550l43", "US"},
		} {
			got, ok := phone.NorthAmerica{}.Parse(c.text, c.country)
			require.False(t, ok, "%q was read as %s", c.text, got)
		}
	})
}

func TestE164_Parse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"+447700900456":             "+447700900456",
		" +44 7700 900-456 ":        "+447700900456",
		"+1 (202) 555.0143":         "+12025550143",
		"+44 (0)7700 900456":        "",
		"07700 900456":              "",
		"447700900456":              "",
		"00447700900456":            "",
		"+07700900456":              "",
		"+4477009":                  "",
		"+4477009004567890":         "",
		"+44 7700 9OO456":           "",
		"+44770090045６":             "",
		"++447700900456":            "",
		"+":                         "",
		"":                          "",
		"anonymous":                 "",
		"unknown":                   "",
		"sip:+447700900456@pbx":     "",
		"+447700900456,07700900457": "",
	} {
		for _, country := range []string{"GB", "US", ""} { // the country has no effect
			got, ok := phone.E164{}.Parse(text, country)
			require.Equal(t, want, got, text)
			require.Equal(t, want != "", ok, text)
		}
	}
}

// credulous is a Parser that believes every text.
type credulous struct{}

func (credulous) Parse(text, _ string) (string, bool) { return text, true }

func TestParse(t *testing.T) {
	t.Parallel()
	t.Run("a withheld number is refused whatever the parser returns", func(t *testing.T) {
		t.Parallel()
		for _, text := range []string{"+266696687", "+7378742833", "+86282452253", "+2562533", "+8656696"} {
			got, ok := phone.Parse(credulous{}, text, "GB")
			require.False(t, ok, text)
			require.Empty(t, got)
		}
		got, ok := phone.Parse(credulous{}, "+447700900456", "GB")
		require.True(t, ok)
		require.Equal(t, "+447700900456", got)
	})
	t.Run("a number that the parser refuses is refused", func(t *testing.T) {
		t.Parallel()
		got, ok := phone.Parse(phone.E164{}, "07700 900456", "GB")
		require.False(t, ok)
		require.Empty(t, got)
	})
}

func TestValid(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"+12025550143", "+447700900456", "+12345678", "+123456789012345"} {
		require.True(t, phone.Valid(s), s)
	}
	for _, s := range []string{
		"", "+", "+1234567", "+1234567890123456", "+02025550143", "12025550143", " +12025550143", "+12025550143 ",
		"+1202555014a", "+1 2025550143", "+1202555014３", "00447700900456",
	} {
		require.False(t, phone.Valid(s), s)
	}
}

func located(e164 string) string {
	p := phone.NorthAmerica{}.Locate(e164)
	var zones []string
	for _, z := range p.Zones {
		zones = append(zones, z.String())
	}
	line := map[phone.Line]string{phone.Mobile: "mobile", phone.Landline: "fixed", phone.TollFree: "toll-free"}[p.Line]
	return strings.Join(strings.Fields(p.Country+" "+p.Region+" "+line+" "+strings.Join(zones, " ")), " ")
}

func TestNorthAmerica_Locate_AreaCodes(t *testing.T) {
	t.Parallel()
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

// Every area code has a country and a zone; one in the US has a state too.
func TestNorthAmerica_Locate_WholeTable(t *testing.T) {
	t.Parallel()
	listed, states := 0, map[string]bool{}
	for code := 200; code <= 999; code++ {
		p := phone.NorthAmerica{}.Locate(fmt.Sprintf("+1%d5550143", code))
		if p.Country == "" {
			continue
		}
		listed++
		require.NotEmpty(t, p.Zones, code)
		require.Equal(t, p.Country == "US", len(p.Region) == 2, "%d is in %q", code, p.Region)
		states[p.Region] = true
	}
	require.Greater(t, listed, 380)
	require.Len(t, states, 52, "fifty states, the District of Columbia, and the empty state of other countries")
}

// A toll-free number may be from anywhere in the US and Canada.
func TestNorthAmerica_Locate_TollFree(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"800", "833", "844", "855", "866", "877", "888"} {
		p := phone.NorthAmerica{}.Locate("+1" + code + "5550143")
		require.Equal(t, phone.TollFree, p.Line)
		require.Empty(t, p.Country)
		require.Greater(t, len(p.Zones), 15)
	}
}

// An area code that was assigned after the table was made has the zones of the
// whole US and Canada.
func TestNorthAmerica_Locate_UnlistedAreaCode(t *testing.T) {
	t.Parallel()
	p := phone.NorthAmerica{}.Locate("+19995550143")
	require.Empty(t, p.Country)
	names := map[string]bool{}
	for _, z := range p.Zones {
		names[z.String()] = true
	}
	require.True(t, names["America/Adak"] && names["America/St_Johns"])
	require.False(t, names["Pacific/Guam"])
}

func TestNorthAmerica_Locate_OtherCountries(t *testing.T) {
	t.Parallel()
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

func TestLoadZones(t *testing.T) {
	t.Parallel()
	names := []string{"Europe/London", "Africa/Lagos", "Europe/London"}
	zones := phone.LoadZones(names...)
	require.Len(t, zones, 2, "a zone that is named twice comes once")
	require.Equal(t, []string{"Europe/London", "Africa/Lagos", "Europe/London"}, names)
	require.Nil(t, phone.LoadZones("Europe/London", "Europe/Atlantis"), "one unknown zone makes all unknown")
	require.Nil(t, phone.LoadZones())
}

func FuzzNorthAmerica(f *testing.F) {
	f.Add("+1 (202) 555-0143", "US")
	f.Add("2025550143", "CA")
	f.Add("+44 7700 900456", "GB")
	f.Add("anonymous", "NG")
	f.Fuzz(func(t *testing.T, text, country string) {
		var p phone.NorthAmerica
		p.Locate(text)
		e164, ok := p.Parse(text, country)
		if !ok {
			require.Empty(t, e164)
			return
		}
		require.Regexp(t, `^\+[1-9][0-9]{7,14}$`, e164)
		require.True(t, phone.Valid(e164))
		_, ok = phone.Parse(credulous{}, e164, country)
		require.True(t, ok, "a withheld number was read")
		again, ok := phone.E164{}.Parse(e164, "")
		require.True(t, ok)
		require.Equal(t, e164, again)
		p.Locate(e164)
	})
}

func FuzzValid(f *testing.F) {
	f.Add("+12025550143")
	f.Add("+123456789012345")
	f.Add("+0202555014３")
	pattern := regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)
	f.Fuzz(func(t *testing.T, text string) {
		require.Equal(t, pattern.MatchString(text), phone.Valid(text))
	})
}

func BenchmarkNorthAmerica_Locate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		phone.NorthAmerica{}.Locate("+12025550143")
	}
}
