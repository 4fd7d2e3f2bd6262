package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func TestEngine_Analyze_Address(t *testing.T) {
	t.Parallel()
	t.Run("addresses are found, written and spoken", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Address,
			"I live at {123 Harley Street} and I have heart disease.",
			"Send it to {221B Baker Street, London NW1 6XE}, please.",
			"My flat is {Flat 4, 63 Eccleston Square, London SW1V 1PH}.",
			"It's now {48 Linden Avenue, Apartment 5B, Brooklyn, New York 11215}.",
			"We're at {340 West 57th Street, Apt 12C, New York, NY 10019}.",
			"My address is {1600 Pennsylvania Avenue NW, Washington, DC 20500}.",
			"I live at {77-12 Roosevelt Avenue, Jackson Heights, NY 11372}.",
			"We live at {14B Admiralty Way, Lekki Phase 1, Lagos}.",
			"I stay at No {22 Allen Avenue, Ikeja, Lagos}, near the roundabout.",
			"We moved to {Plot 19, Block C, Lekki Gardens, Lekki, Lagos} last year.",
			"I live at {fourteen lavender hill london}.",
			"We live at {one twenty two coldharbour lane brixton}.",
			"I live at {18 The Crescent, Leatherhead, Surrey KT22 8DY}.",
			"I'm in {56 Cathedral Road, Cardiff CF11 9LL}, is there parking?",
			"Post it to {PO Box 4471, Leeds LS1 9XX}.",
			"My postcode is {BS8 1QU}.", "It's {n w one four r y}.", "My zip code is {10016}.",
			"I live on {Marchmont Street}.",
			"It's {5 Rue de Rivoli}, call me.", "I'm at {Hauptstraße 5, 10115 Berlin} now.", "Post it to {Calle Mayor 12, 28013 Madrid} today.",
		)
	})
	t.Run("other numbers and street words are not addresses", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Address,
			"Bath Road is closed.", "It's a one way street.", "They live two streets away.", "It's a ten minute drive.",
			"I'm second in the queue.", "Two of them went the wrong way.", "Take vitamin B12 3pm.", "It's on the fifth floor.",
			"I have 2 kids and 1 dog at my place.", "In room 4 please.", "I need 3 tablets.", "I am 5 feet tall.",
		)
	})
	// A medical term inside an address is part of the address (Bath Road).
	// Therefore a medical fact must not be taken for a town.
	t.Run("a medical fact is not taken for a town", func(t *testing.T) {
		t.Parallel()
		e := engine(t, redact.Config{})
		for _, text := range []string{
			"I live at 12 High Street, Diabetes, Hypertension.", "I have Psoriasis, BS8 1QU.", "It's 12 High Street, Eczema, BS8 1QU.",
			"i live at 12 high street eczema bs8 1qu",
		} {
			_, safe := e.Split(text)
			require.Contains(t, safe, "[REDACTED: MEDICAL]", "%q", text)
			require.NotRegexp(t, "(?i)diabetes|hypertension|psoriasis|eczema", safe)
		}
	})
}
