package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func TestEngine_Analyze_Date(t *testing.T) {
	t.Parallel()
	t.Run("dates are found, written and spoken", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Date,
			"Born {03/07/2015}.", "It was {2024-01-15}.", "On {12.11.1987} I moved.", "Since the {14th of March 1985} then.",
			"My date of birth is the {fourteenth of march nineteen eighty two}.", "It's {9 September 1990}.", "On {May 5th}.",
			"Born on {June twenty third nineteen ninety one}.", "I had it in {2016}.", "Since {two thousand and nine} I think.",
			"In {nineteen ninety six}.", "Next {Tuesday} please.", "She goes on {Mondays}.", "I can't come {tomorrow}.",
			"I had it last {week}.", "It was last {March}.", "In {May} then.", "Come on the {9th}.", "In {spring 2020}.",
			"On {August tenth two thousand and four}.", "{Tuesday the 14th of July}.", "Date of birth is {14 03 85}.",
		)
	})
	t.Run("times, amounts and opening hours are not dates", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Date,
			"It may be late.", "They march on.", "Monday to Friday we are open.", "Every Friday we swim.", "On the second floor.",
			"Take the 5th one.", "It's 3/4 done.", "I'm 45.", "In 20 minutes.", "At half past two.", "I need a second.",
			"Call in 2000 people.", "This week.", "How are you today?",
		)
	})
}

func TestEngine_Split_Dates(t *testing.T) {
	t.Parallel()
	t.Run("a complete date is returned as YYYY-MM-DD", func(t *testing.T) {
		t.Parallel()
		for region, dates := range map[string]map[string]string{
			"GB": {
				"born 03/07/2015": "2015-07-03",
				"born the fourteenth of march nineteen eighty two":      "1982-03-14",
				"born december the third nineteen seventy":              "1970-12-03",
				"born 8th August, 1954":                                 "1954-08-08",
				"born the twenty first of january two thousand and two": "2002-01-21",
				"born 2 june 69":     "1969-06-02",
				"born 1988-02-29":    "1988-02-29",
				"see you on the 9th": "9th",
				"see you on friday":  "friday",
			},
			"US": {"born 04/05/1978": "1978-04-05", "born 25/12/1978": "1978-12-25"},
		} {
			e := engine(t, redact.Config{Region: region})
			for text, want := range dates {
				contacts, _ := e.Split(text)
				require.Equal(t, []string{want}, contacts.Dates, "%s: %q", region, text)
			}
		}
	})
}
