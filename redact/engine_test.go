package redact_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// A wordRecognizer reports a fixed span for each of its words.
type wordRecognizer map[string]redact.Span

func (wordRecognizer) Name() string { return "words" }

func (f wordRecognizer) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	for word, s := range f {
		for from := 0; ; {
			i := strings.Index(t.S[from:], word)
			if i < 0 {
				break
			}
			s.Start, s.End = from+i, from+i+len(word)
			dst = append(dst, s)
			from += i + 1
		}
	}
	return dst, nil
}

// A failingRecognizer returns an error or panics, and quotes the text in both.
type failingRecognizer struct{ panics bool }

func (failingRecognizer) Name() string { return "failing" }

func (b failingRecognizer) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	if b.panics {
		panic("cannot read: " + t.S)
	}
	return dst, errors.New("cannot read: " + t.S)
}

// A spanRecognizer reports the same spans for every text.
type spanRecognizer []redact.Span

func (spanRecognizer) Name() string { return "spans" }

func (r spanRecognizer) Find(_ *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	return append(dst, r...), nil
}

func engine(t testing.TB, cfg redact.Config) *redact.Engine {
	t.Helper()
	e, err := redact.New(cfg)
	require.NoError(t, err)
	return e
}

func only(r ...redact.Recognizer) redact.Config { return redact.Config{Recognizers: r} }

func TestNew(t *testing.T) {
	t.Parallel()
	t.Run("an invalid Config is refused by field", func(t *testing.T) {
		t.Parallel()
		for field, cfg := range map[string]redact.Config{
			"Region":      {Region: "XX"},
			"Threshold":   {Threshold: 2},
			"Recognizers": {Recognizers: []redact.Recognizer{nil}},
		} {
			_, err := redact.New(cfg)
			require.ErrorContains(t, err, "Config."+field)
		}
	})
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	t.Run("the operator of a kind writes the replacement", func(t *testing.T) {
		t.Parallel()
		rec := wordRecognizer{"Sarah Connor": {Kind: redact.Person, Score: 1}, "07700 900123": {Kind: redact.Phone, Score: 1}}
		const text = "It's Sarah Connor on 07700 900123."
		key := []byte("tenant-a")
		for _, c := range []struct {
			policy redact.Policy
			want   string
		}{
			{nil, "It's [REDACTED: PERSON] on [REDACTED: PHONE]."},
			{redact.Policy{redact.Person: redact.Keep}, "It's Sarah Connor on [REDACTED: PHONE]."},
			{redact.Policy{redact.Person: redact.Drop, redact.Phone: redact.Mask(3)}, "It's  on ***** ***123."},
			{redact.Policy{redact.Person: redact.ReplaceWith("<name>")}, "It's <name> on [REDACTED: PHONE]."},
		} {
			cfg := only(rec)
			cfg.Policy = c.policy
			require.Equal(t, c.want, engine(t, cfg).Redact(text))
		}

		bad := only(spanRecognizer{{Start: 0, End: 6, Kind: redact.ID, Score: 1}})
		bad.Policy = redact.Policy{redact.ID: redact.Mask(0)}
		require.Equal(t, "*-***", engine(t, bad).Redact("1-\xff\xfeé"))

		cfg := only(wordRecognizer{"Sarah": {Kind: redact.Person, Score: 1}, "SARAH": {Kind: redact.Person, Score: 1}})
		cfg.Policy = redact.Policy{redact.Person: redact.Pseudonym(key)}
		e := engine(t, cfg)
		require.Regexp(t, `^\[REDACTED: PERSON [0-9a-f]{16}\]$`, e.Redact("Sarah"))
		require.Equal(t, e.Redact("Sarah"), e.Redact("SARAH"), "one person has one pseudonym")
		other := e.ForTenant(redact.Tenant{Policy: redact.Policy{redact.Person: redact.Pseudonym([]byte("tenant-b"))}})
		require.NotEqual(t, e.Redact("Sarah"), other.Redact("Sarah"), "pseudonyms of two tenants differ")
	})
}

func TestConfig_Threshold(t *testing.T) {
	t.Parallel()
	t.Run("a span below the threshold is dropped", func(t *testing.T) {
		t.Parallel()
		rec := wordRecognizer{"maybe": {Kind: redact.Person, Score: 0.4}}
		require.Equal(t, "maybe", engine(t, only(rec)).Redact("maybe"))
		cfg := only(rec)
		cfg.Threshold = 0.3
		require.Equal(t, "[REDACTED: PERSON]", engine(t, cfg).Redact("maybe"))
	})
}

func TestEngine_Redact_Overlaps(t *testing.T) {
	t.Parallel()
	span := func(start, end int, kind redact.Kind, score float32) redact.Span {
		return redact.Span{Start: start, End: end, Kind: kind, Score: score}
	}
	for name, c := range map[string]struct {
		spans []redact.Span
		want  string
	}{
		"the longer span wins":            {spanRecognizer{span(0, 5, redact.Person, 1), span(0, 9, redact.Date, .6)}, "[REDACTED: DATE] klmno"},
		"then the higher score":           {spanRecognizer{span(0, 9, redact.Person, .8), span(0, 9, redact.Date, .7)}, "[REDACTED: PERSON] klmno"},
		"then the kind":                   {spanRecognizer{span(0, 9, redact.Person, .8), span(0, 9, redact.ID, .8)}, "[REDACTED: ID] klmno"},
		"no medical inside an address":    {spanRecognizer{span(0, 4, redact.Medical, 1), span(0, 9, redact.Address, .6)}, "[REDACTED: ADDRESS] klmno"},
		"the rest of a loser is kept":     {spanRecognizer{span(0, 6, redact.Person, 1), span(4, 15, redact.Date, 1)}, "[REDACTED: PERSON][REDACTED: DATE]"},
		"a loser on both sides":           {spanRecognizer{span(0, 4, redact.Medical, 1), span(2, 9, redact.ID, 1), span(8, 12, redact.Date, 1)}, "[REDACTED: MEDICAL][REDACTED: ID] [REDACTED: DATE]mno"},
		"the same span twice counts once": {spanRecognizer{span(0, 4, redact.Medical, 1), span(0, 4, redact.Medical, 1)}, "[REDACTED: MEDICAL]efghi klmno"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, engine(t, only(spanRecognizer(c.spans))).Redact("abcdefghi klmno"))
		})
	}
}

func TestEngine_Analyze(t *testing.T) {
	t.Parallel()
	t.Run("a span holds place, kind and rule", func(t *testing.T) {
		t.Parallel()
		e := engine(t, only(wordRecognizer{"heart": {Kind: redact.Medical, Sub: "condition", Score: 1, Rule: "test"}}))
		res, err := e.Analyze("heart to heart")
		require.NoError(t, err)
		require.Equal(t, []redact.Span{
			{Start: 0, End: 5, Kind: redact.Medical, Sub: "condition", Score: 1, Rule: "test"},
			{Start: 9, End: 14, Kind: redact.Medical, Sub: "condition", Score: 1, Rule: "test"},
		}, res.Spans)
		require.Equal(t, map[redact.Kind]int{redact.Medical: 2}, res.Counts())
	})
	t.Run("work grows linearly with the text", func(t *testing.T) {
		t.Parallel()
		for _, unit := range []string{"a ", "1", "1 ", "@", "a@b.", "'", "é", "\xff", "\x80", "[REDACTED: ", "pain in my ", "My name is "} {
			text := strings.Repeat(unit, (1<<18)/len(unit))
			read := 0
			e := engine(t, redact.Config{Recognizers: append(redact.Builtin(), byteCounter{&read})})
			_, err := e.Analyze(text)
			require.NoError(t, err)
			require.Less(t, float64(read), 1.3*float64(len(text)), "%q: bytes given to a recognizer", unit)
		}
	})
}

func TestFaultError(t *testing.T) {
	t.Parallel()
	for name, rec := range map[string]redact.Recognizer{
		"error":          failingRecognizer{},
		"panic":          failingRecognizer{panics: true},
		"negative start": spanRecognizer{{Start: -1, End: 2, Score: 1}},
		"end too far":    spanRecognizer{{Start: 0, End: 99, Score: 1}},
		"empty span":     spanRecognizer{{Start: 2, End: 2, Score: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine(t, only(wordRecognizer{}, rec))
			const text = "Sarah has asthma"
			res, err := e.Analyze(text)
			var fault *redact.FaultError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, rec.Name(), fault.Recognizer)
			require.NotContains(t, err.Error(), "asthma")
			require.Empty(t, res.Spans)
			require.Equal(t, "[REDACTED: ERROR]", e.Redact(text))
			require.Equal(t, "> [REDACTED: ERROR]", string(e.AppendRedact([]byte("> "), text)))
			contacts, safe := e.Split(text)
			require.Zero(t, contacts)
			require.Equal(t, "[REDACTED: ERROR]", safe)
			require.EqualValues(t, 4, e.Faults())
		})
	}
}

func TestEngine_Redact(t *testing.T) {
	t.Parallel()
	t.Run("a span is widened to whole characters", func(t *testing.T) {
		t.Parallel()
		e := engine(t, only(spanRecognizer{{Start: 2, End: 3, Kind: redact.ID, Score: 1}}))
		require.Equal(t, "a[REDACTED: ID]b", e.Redact("a€b"))
	})
	t.Run("redacted text is returned unchanged", func(t *testing.T) {
		t.Parallel()
		e := engine(t, redact.Config{Policy: redact.Policy{redact.Person: redact.Pseudonym([]byte("k"))}})
		for _, text := range calls {
			once := e.Redact(text)
			require.Equal(t, once, e.Redact(once))
		}
	})
	t.Run("a fact at the edge of a window is found", func(t *testing.T) {
		t.Parallel()
		marker := "XYZZY the marker XYZZY"
		e := engine(t, only(wordRecognizer{marker: {Kind: redact.ID, Score: 1}}))
		for _, filler := range []string{"word ", "A sentence ends. ", "x", "..", "é", "[REDACTED: ID] "} {
			for _, at := range []int{0, 3000, 3690, 3712, 3713, 4070, 4090, 4096, 5000, 7500, 12000} {
				pad := strings.Repeat(filler, at/len(filler)+1)[:at/len(filler)*len(filler)]
				got := e.Redact(pad + marker + pad)
				require.Equal(t, pad+"[REDACTED: ID]"+pad, got, "filler %q, at %d", filler, at)
			}
		}
	})
}

func TestEngine_ForTenant(t *testing.T) {
	t.Parallel()
	t.Run("a tenant adds terms and allows phrases for itself alone", func(t *testing.T) {
		t.Parallel()
		e := engine(t, redact.Config{})
		require.Equal(t, "i had [REDACTED: MEDICAL] at glow", e.Redact("i had liposuction at glow"))

		clinic := e.ForTenant(redact.Tenant{Allow: []string{"Liposuction Glow Clinic"}, Terms: []string{"Glow-Lift 3000"}})
		require.Equal(t, "the liposuction glow clinic, please", clinic.Redact("the liposuction glow clinic, please"))
		require.Equal(t, "i had [REDACTED: MEDICAL] at glow", clinic.Redact("i had liposuction at glow"))
		require.Equal(t, "i had the [REDACTED: MEDICAL]", clinic.Redact("i had the glow lift 3000"))
		require.Equal(t, "i had the glow lift 3000", e.Redact("i had the glow lift 3000"), "terms of one tenant do not affect another engine")
	})
}

// A byteCounter counts the bytes of the texts that it is given.
type byteCounter struct{ read *int }

func (byteCounter) Name() string { return "counter" }

func (m byteCounter) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	*m.read += len(t.S)
	return dst, nil
}
