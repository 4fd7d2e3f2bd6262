package redact_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func TestEngine_Split(t *testing.T) {
	t.Parallel()
	t.Run("contact facts are returned as values, medical facts are replaced", func(t *testing.T) {
		t.Parallel()
		e := engine(t, only(wordRecognizer{
			"Sarah Connor":        {Kind: redact.Person, Score: 1},
			"sarah connor":        {Kind: redact.Person, Score: 1},
			"07700 900123":        {Kind: redact.Phone, Score: 1},
			"+44 7700 900123":     {Kind: redact.Phone, Score: 1},
			"s dot c at ex.org":   {Kind: redact.Email, Score: 1},
			"12 Harley Street":    {Kind: redact.Address, Score: 1},
			"next Tuesday":        {Kind: redact.Date, Score: 1},
			"943 476 5919":        {Kind: redact.ID, Score: 1},
			"asthma":              {Kind: redact.Medical, Score: 1},
			"something of my own": {Kind: "OWN", Score: 1},
		}))
		contacts, safe := e.Split("Sarah Connor (sarah connor), 12 Harley Street: 07700 900123 or +44 7700 900123, " +
			"s dot c at ex.org, next Tuesday, NHS 943 476 5919, asthma, something of my own")
		require.Equal(t, redact.Contacts{
			Names:     []string{"Sarah Connor"},
			Phones:    []string{"+447700900123"},
			Emails:    []string{"s.c@ex.org"},
			Addresses: []string{"12 Harley Street"},
			Dates:     []string{"next Tuesday"},
		}, contacts)
		require.Equal(t, "Sarah Connor (sarah connor), 12 Harley Street: 07700 900123 or +44 7700 900123, "+
			"s dot c at ex.org, next Tuesday, NHS [REDACTED: ID], [REDACTED: MEDICAL], [REDACTED: OWN]", safe)

		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			require.NotContains(t, fmt.Sprintf(verb, contacts), "Sarah")
		}
	})
}
