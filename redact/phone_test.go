package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func TestEngine_Analyze_Phone(t *testing.T) {
	t.Parallel()
	t.Run("phone numbers are found, written and dictated", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Phone,
			"Call {07700 900123} or {+44 7700 900 456}.",
			"It's {07700900123}.",
			"My cell is {202-555-0143}, work {202.555.0122}.",
			"It's {0803 000 0121} or {+234 803 000 0177}.",
			"My number is {oh seven seven double oh nine hundred one two three}.",
			"It's {zero eight zero three triple zero zero one five two}.",
			"Try {oh seven seven, um, double oh nine hundred three double two} after four.",
			"My number is {two oh two five five five oh one nine one}.",
			"The patient's number is {07700 900123}.",
			"It's {0 7 7 0 0 9 0 0 4 4 4} now.",
		)
	})
	t.Run("other numbers are not phone numbers", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Phone,
			"It cost 1200 pounds for 2 visits in 2024.", "Take 500 mg 3 times a day for 10 days.", "There were 1500000 of them.",
			"We have two rooms, one nurse and twenty five people.", "From 9 30 to 10 15.", "One two three testing.",
			"My NHS number is 943 476 5919.", "The card is 4242 4242 4242 4242.", "Born 03/07/2015.", "It's at 192.168.10.20.",
		)
	})
}

func TestEngine_Split_Phones(t *testing.T) {
	t.Parallel()
	t.Run("a complete number is returned in E.164", func(t *testing.T) {
		t.Parallel()
		for region, numbers := range map[string]map[string]string{
			"GB": {
				"call 07700 900123": "+447700900123",
				"my number is oh seven seven double oh nine hundred one two three": "+447700900123",
				"call +44 (0)7700 900123": "+447700900123",
				"call 0044 7700 900123":   "+447700900123",
				"call +1 202 555 0143":    "+12025550143",
				"call 202-555-0143":       "202-555-0143", // whose? as spoken
			},
			"US": {"call (202) 555-0143": "+12025550143", "call 1 202 555 0143": "+12025550143"},
			"NG": {"call 0803 000 0121": "+2348030000121", "call 234 803 000 0121": "+2348030000121"},
		} {
			e := engine(t, redact.Config{Region: region})
			for text, want := range numbers {
				contacts, _ := e.Split(text)
				require.Equal(t, []string{want}, contacts.Phones, "%s: %q", region, text)
			}
		}
	})
}
