package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func TestEngine_Analyze_ID(t *testing.T) {
	t.Parallel()
	t.Run("identity numbers are found by form or by cue", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.ID,
			"My NHS number is {943 476 5919}.", "My NHS number's {401 023 2137}.",
			"nhs number {nine four three four seven six five nine one nine}.",
			"My Social is {219-09-9999}.", "The card is {4242 4242 4242 4242}.", "Card ending {4242}.",
			"The last four of my social are {6789}.", "The IBAN is {GB82 WEST 1234 5698 7654 32}.", "It's {QQ123456C}, that's all.",
			"My passport number is {533380006}.", "My reference is {BK-20931}.", "The reference is {b k two zero nine three one} I think.",
			"My member ID is {XHG 4419 20771}.", "The booking code is {Q7R2ZT}.", "Hospital card number is {LUTH/22817}.",
			"My patient I D is {p t four four one nine}.", "My BVN is {22212345678}.",
		)
	})
	t.Run("amounts, times and phone numbers are not identity numbers", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.ID,
			"I'd like 3 of them.", "The account is 20 pounds short.", "My booking is at ten thirty.", "The last four times I came.",
			"I booked in 2024.", "My card expires soon.", "Please send the invoice to 221B Baker Street.", "Invoice four is wrong.",
			"My order took 45 minutes.", "The patient's number is 07700 900123.", "My insurance since 2019 is fine.",
		)
	})
	t.Run("a checksum decides the kind of a number", func(t *testing.T) {
		t.Parallel()
		e := engine(t, redact.Config{})
		kinds := func(text string) (out []string) {
			res, err := e.Analyze(text)
			require.NoError(t, err)
			for _, s := range res.Spans {
				out = append(out, string(s.Kind)+" "+s.Sub)
			}
			return out
		}
		require.Equal(t, []string{"ID card"}, kinds("it is 4242 4242 4242 4242"))
		require.NotEqual(t, []string{"ID card"}, kinds("it is 4242 4242 4242 4243"))
		require.Equal(t, []string{"ID iban"}, kinds("it is GB82WEST12345698765432"))
		require.NotEqual(t, []string{"ID iban"}, kinds("it is GB83WEST12345698765432"))
	})
}
