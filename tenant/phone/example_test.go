package phone_test

import (
	"fmt"

	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

func ExampleParse() {
	for _, text := range []string{"(202) 555-0143", "+44 7700 900456", "07700 900456", "anonymous", "+266696687"} {
		e164, ok := phone.Parse(phone.NorthAmerica{}, text, "US")
		fmt.Printf("%q %v\n", e164, ok)
	}
	// Output:
	// "+12025550143" true
	// "+447700900456" true
	// "" false
	// "" false
	// "" false
}

// extensions is a Parser for a clinic with a private exchange of three digits.
type extensions struct{ phone.Parser }

func (e extensions) Parse(text, country string) (string, bool) {
	if len(text) == 3 {
		text = "+44 20 7946 0" + text
	}
	return e.Parser.Parse(text, country)
}

func ExampleParser() {
	var parser phone.Parser = extensions{phone.E164{}}
	for _, text := range []string{"123", "+44 7700 900456", "1234"} {
		e164, ok := phone.Parse(parser, text, "GB")
		fmt.Printf("%q %v\n", e164, ok)
	}
	// Output:
	// "+442079460123" true
	// "+447700900456" true
	// "" false
}

func ExampleLocator() {
	var locator phone.Locator = phone.NorthAmerica{}
	for _, e164 := range []string{"+18505550143", "+447700900456", "+61491570156"} {
		p := locator.Locate(e164)
		fmt.Printf("%q %q %v mobile=%v\n", p.Country, p.Region, p.Zones, p.Line == phone.Mobile)
	}
	// Output:
	// "US" "FL" [America/Chicago America/New_York] mobile=false
	// "GB" "" [Europe/London] mobile=true
	// "" "" [] mobile=false
}

func ExampleValid() {
	fmt.Println(phone.Valid("+447700900456"), phone.Valid("07700 900456"))
	// Output: true false
}

// A NumberingPlan reads numbers and knows where they are from.
func ExampleNumberingPlan() {
	var plan phone.NumberingPlan = phone.NorthAmerica{}
	e164, ok := plan.Parse("(202) 555-0123", "US")
	fmt.Println(e164, ok, plan.Locate(e164).Zones)
	// Output:
	// +12025550123 true [America/New_York]
}
