package sms_test

import (
	"fmt"

	"github.com/callwaiting-ai/callwaiting/followup/sms"
)

func ExampleSeptets() {
	for _, text := range []string{"Reply STOP.", "5 €", "We’re open."} {
		n, outside := sms.Septets(text)
		fmt.Printf("%d %q\n", n, outside)
	}
	// Output:
	// 11 '\x00'
	// 4 '\x00'
	// 10 '’'
}

func ExampleTypewriter() {
	fmt.Println(sms.Typewriter("We’re open – “now”…"))
	// Output:
	// We're open - "now"...
}
