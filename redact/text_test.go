package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func words(s string) []string {
	t := redact.NewText(s)
	var list []string
	for i := range t.Tokens {
		list = append(list, t.Word(i))
	}
	return list
}

func TestNewText(t *testing.T) {
	t.Parallel()
	t.Run("a text is cut into words", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			text string
			want []string
		}{
			{"I've a hernia.", []string{"I've", "a", "hernia"}},
			{"o’connor's 'quoted' dogs'", []string{"o’connor's", "quoted", "dogs"}},
			{"sarah@example.com, x-ray", []string{"sarah", "example", "com", "x", "ray"}},
			{"Zoë Ménière cafe\u0301 NAÏVE", []string{"Zoë", "Ménière", "cafe\u0301", "NAÏVE"}},
			{"BS8 1QU 500mg", []string{"BS8", "1QU", "500mg"}},
			{"bad \xff\xfe bytes \xe2\x82", []string{"bad", "bytes"}},
			{"was [REDACTED: MEDICAL] and [REDACTED: PERSON 0123456789abcdef]", []string{"was", "and"}},
			{"[REDACTED: cancer]", []string{"REDACTED", "cancer"}},
			{"", nil},
		} {
			require.Equal(t, c.want, words(c.text), "%q", c.text)
		}
	})
	t.Run("a token has the flags of its shape and its gap", func(t *testing.T) {
		t.Parallel()
		text := redact.NewText("Sarah has ADHD. Call 07700 a@b.c!")
		require.True(t, text.Tokens[0].Shape.Title())
		require.False(t, text.Tokens[1].Shape.Title())
		require.True(t, text.Tokens[2].Shape.Caps())
		require.True(t, text.Tokens[3].Gap.Sentence())
		require.False(t, text.Tokens[2].Gap.Sentence())
		require.True(t, text.Tokens[4].Shape.Numeric())
		require.NotZero(t, text.Tokens[6].Gap&redact.GapAt)
		require.True(t, text.Is(2, "adhd"))
		require.False(t, text.Is(99, "adhd"))
		require.Equal(t, ". ", text.Gap(3))
		require.Equal(t, "!", text.Gap(len(text.Tokens)))
		require.True(t, text.Digits && text.At && text.Upper)

		plain := redact.NewText("nothing special")
		require.False(t, plain.Digits || plain.At || plain.Upper)
	})
}

func TestHash(t *testing.T) {
	t.Parallel()
	t.Run("spellings of one word have one hash", func(t *testing.T) {
		t.Parallel()
		for _, same := range [][]string{
			{"parkinsons", "Parkinson's", "PARKINSON’S", "parkinson's"},
			{"menieres", "Ménière's", "MÉNIÈRE’S"},
			{"oesophagus", "œsophagus", "Œsophagus"},
			{"antidisestablishmentarianism", "ANTIDISESTABLISHMENTARIANISM", "anti\u00addisestablish\u200bmentarianism"},
			{"covid", "ｃｏｖｉｄ"},
			{"a1", "A1"},
		} {
			for _, word := range same {
				require.Equal(t, redact.Hash(same[0]), redact.Hash(word), word)
				require.Equal(t, redact.Hash(same[0]), redact.NewText("so " + word + " it is then").Tokens[1].Hash, word)
				require.Equal(t, redact.Hash(same[0]), redact.NewText(word).Tokens[0].Hash, word)
			}
		}
		require.NotEqual(t, redact.Hash("mole"), redact.Hash("moles"))
		require.NotEqual(t, redact.Hash("abcdefgh"), redact.Hash("abcdefgha"))
	})
}

func TestWords(t *testing.T) {
	t.Parallel()
	t.Run("Add keeps earlier flags", func(t *testing.T) {
		t.Parallel()
		var w redact.Words
		require.Zero(t, w.Flags(redact.Hash("anything")))
		w.Add(1, "mole", "cyst")
		w.Add(4, "Mole")
		require.EqualValues(t, 5, w.Flags(redact.Hash("MOLE")))
		require.EqualValues(t, 1, w.Flags(redact.Hash("cyst")))
		require.Zero(t, w.Flags(redact.Hash("moles")))
	})
}
