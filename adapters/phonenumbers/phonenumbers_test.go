package phonenumbers_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/phonenumbers"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

func TestParser_Parse(t *testing.T) {
	t.Parallel()
	t.Run("a number is read as people write it in a country", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct{ text, country, want string }{
			{"07700 900 456", "GB", "+447700900456"},
			{"07700900456", "GB", "+447700900456"},
			{"7700 900456", "GB", "+447700900456"},
			{"+44 7700 900456", "GB", "+447700900456"},
			{"+44 (0)7700 900456", "GB", "+447700900456"},
			{"0044 7700 900456", "GB", "+447700900456"},
			{"+447700900456", "NG", "+447700900456"},
			{"011 44 7700 900456", "US", "+447700900456"},
			{"(202) 555-0143", "US", "+12025550143"},
			{"1-202-555-0143", "US", "+12025550143"},
			{"+1 202.555.0143", "GB", "+12025550143"},
			{"+44 7700 900 456", "ZZ", "+447700900456"},
			{"０７７００ ９００４５６", "GB", "+447700900456"},
		} {
			got, ok := phonenumbers.Parser{}.Parse(c.text, c.country)
			require.True(t, ok, "%q in %s", c.text, c.country)
			require.Equal(t, c.want, got)
		}
	})
	t.Run("text that is not surely one number is refused", func(t *testing.T) {
		t.Parallel()
		for _, text := range []string{
			"", " ", "+", "+44", "anonymous", "Anonymous", "unknown", "restricted", "private number", "withheld", "null",
			"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253",
			"sip:agent@example.com", "sip:+447700900456@example.com", "tel:+447700900456", "+447700900456;ext=1",
			"999", "112", "07700 900", "07700 900 45", "07700 900 4567", "0770090045600", "0000000000", "+10000000000", "+447700900",
			"07700 900456 ext 12", "07700 900456 #12", "07700 900456, 07700 900457", "07700 900456 07700 900457",
			"my number is 07700 900456", "oh double seven", "1-800-FLOWERS", "20/11/2026", "10:00",
		} {
			got, ok := phonenumbers.Parser{}.Parse(text, "GB")
			require.False(t, ok, "%q was read as %s", text, got)
		}
		_, ok := phonenumbers.Parser{}.Parse("07700 900456", "US")
		require.False(t, ok, "a British national number is invalid in America")
		_, ok = phonenumbers.Parser{}.Parse("07700 900456", "")
		require.False(t, ok, "a national number needs a country")
	})
}

func FuzzParser_Parse(f *testing.F) {
	f.Add("07700 900 456", "GB")
	f.Add("+1 (202) 555-0143", "US")
	f.Add("anonymous", "NG")
	f.Fuzz(func(t *testing.T, text, country string) {
		e164, ok := phonenumbers.Parser{}.Parse(text, country)
		if !ok {
			return
		}
		require.Regexp(t, `^\+[1-9][0-9]{7,14}$`, e164)
		again, ok := phonenumbers.Parser{}.Parse(e164, country)
		require.True(t, ok)
		require.Equal(t, e164, again)
	})
}

func ExampleParser_Parse() {
	for _, text := range []string{"07700 900 456", "+1 202-555-0143", "anonymous"} {
		e164, ok := phonenumbers.Parser{}.Parse(text, "GB")
		fmt.Printf("%q %v\n", e164, ok)
	}
	// Output:
	// "+447700900456" true
	// "+12025550143" true
	// "" false
}

func ExampleParser_Locate() {
	for _, e164 := range []string{"+61291920123", "+447700900456", "+80012345678"} {
		p := phonenumbers.Parser{}.Locate(e164)
		fmt.Printf("%q %v landline=%v\n", p.Country, len(p.Zones), p.Line == phone.Landline)
	}
	// Output:
	// "AU" 1 landline=true
	// "GB" 4 landline=false
	// "" 0 landline=false
}
