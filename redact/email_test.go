package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func TestEngine_Analyze_Email(t *testing.T) {
	t.Parallel()
	t.Run("e-mail addresses are found, written and spoken", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Email,
			"Write to {amelia.jones+clinic@mail.co.uk} or {info@brightsmile.dental}.",
			"It's {o'hara_9@sub.example-1.org}, thanks.",
			"My email is {sarah dot connor at gmail dot com}.",
			"It's {francesca underscore moretti at outlook dot com}.",
			"Write to {k hyphen lowe at yahoo dot co dot uk} please.",
			"Send it to {info at lekki smiles dot com dot ng} today.",
			"My email is {john smith at hotmail dot com}.",
			"Use {tunde nine one at the rate of yahoo dot com} please.",
			"My email's {priya.k at gmail.com}, all one word.",
			"I'm {a at b dot io}.",
		)
	})
	t.Run("other uses of at and dot are not e-mail addresses", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Email,
			"Meet me at noon.", "I'm at Harley Street dot.", "Look at the dot on the map.", "It's necessary at this point in time.",
			"Cost is 3 @ 5 pounds.", "@ @ @.", "Follow @harleyclinic please.", "At five on the dot come in.",
		)
	})
}

func TestEngine_Split_Emails(t *testing.T) {
	t.Parallel()
	t.Run("a dictated address is returned as typed", func(t *testing.T) {
		t.Parallel()
		e := engine(t, redact.Config{})
		for text, want := range map[string]string{
			"Sarah.Connor@Example.com":                                "sarah.connor@example.com",
			"my email is sarah dot connor at gmail dot com":           "sarah.connor@gmail.com",
			"it's k hyphen lowe at yahoo dot co dot uk":               "k-lowe@yahoo.co.uk",
			"it's tunde underscore nine one at gmail.com":             "tunde_91@gmail.com",
			"my email is mary plus clinic at bright smile dot dental": "mary+clinic@brightsmile.dental",
			"it's tunde at the rate of gmail dot com":                 "tunde@gmail.com",
		} {
			contacts, _ := e.Split(text)
			require.Equal(t, []string{want}, contacts.Emails, "%q", text)
		}
	})
}

func TestEngine_Analyze_URL(t *testing.T) {
	t.Parallel()
	t.Run("web addresses are found", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.URL,
			"See {cosmetic-surgery.com} for more.", "It's on {www.harley.example/rhinoplasty?x=1}.", "Go to {https//clinic.example.org/a} please.",
			"Write to me@example.com now.", "It's dot com.", "The net. Com is a word.",
		)
	})
}
