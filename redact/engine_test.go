package redact_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// find is a recognizer of fixed words, for tests.
type find map[string]redact.Span

func (find) Name() string { return "find" }

func (f find) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
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

type broken struct{ panics bool }

func (broken) Name() string { return "broken" }

func (b broken) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	if b.panics {
		panic("cannot read: " + t.S)
	}
	return dst, errors.New("cannot read: " + t.S)
}

type reports []redact.Span

func (reports) Name() string { return "reports" }

func (r reports) Find(_ *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	return append(dst, r...), nil
}

func engine(t testing.TB, cfg redact.Config) *redact.Engine {
	t.Helper()
	e, err := redact.New(cfg)
	require.NoError(t, err)
	return e
}

func only(r ...redact.Recognizer) redact.Config { return redact.Config{Recognizers: r} }

func TestNewRefusesBadConfig(t *testing.T) {
	for field, cfg := range map[string]redact.Config{
		"Region":      {Region: "XX"},
		"Threshold":   {Threshold: 2},
		"Recognizers": {Recognizers: []redact.Recognizer{nil}},
	} {
		_, err := redact.New(cfg)
		require.ErrorContains(t, err, "Config."+field)
	}
}

func TestPolicySaysWhatIsWritten(t *testing.T) {
	rec := find{"Sarah Connor": {Kind: redact.Person, Score: 1}, "07700 900123": {Kind: redact.Phone, Score: 1}}
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

	bad := only(reports{{Start: 0, End: 6, Kind: redact.ID, Score: 1}})
	bad.Policy = redact.Policy{redact.ID: redact.Mask(0)}
	require.Equal(t, "*-***", engine(t, bad).Redact("1-\xff\xfeé"))

	cfg := only(find{"Sarah": {Kind: redact.Person, Score: 1}, "SARAH": {Kind: redact.Person, Score: 1}})
	cfg.Policy = redact.Policy{redact.Person: redact.Pseudonym(key)}
	e := engine(t, cfg)
	require.Regexp(t, `^\[REDACTED: PERSON [0-9a-f]{16}\]$`, e.Redact("Sarah"))
	require.Equal(t, e.Redact("Sarah"), e.Redact("SARAH"), "one person, one pseudonym")
	other := e.ForTenant(redact.Tenant{Policy: redact.Policy{redact.Person: redact.Pseudonym([]byte("tenant-b"))}})
	require.NotEqual(t, e.Redact("Sarah"), other.Redact("Sarah"), "not linkable across tenants")
}

func TestThresholdDropsWeakSpans(t *testing.T) {
	rec := find{"maybe": {Kind: redact.Person, Score: 0.4}}
	require.Equal(t, "maybe", engine(t, only(rec)).Redact("maybe"))
	cfg := only(rec)
	cfg.Threshold = 0.3
	require.Equal(t, "[REDACTED: PERSON]", engine(t, cfg).Redact("maybe"))
}

func TestOverlapsAreSettled(t *testing.T) {
	span := func(start, end int, kind redact.Kind, score float32) redact.Span {
		return redact.Span{Start: start, End: end, Kind: kind, Score: score}
	}
	for name, c := range map[string]struct {
		spans []redact.Span
		want  string
	}{
		"the longer span wins":            {reports{span(0, 5, redact.Person, 1), span(0, 9, redact.Date, .6)}, "[REDACTED: DATE] klmno"},
		"then the higher score":           {reports{span(0, 9, redact.Person, .8), span(0, 9, redact.Date, .7)}, "[REDACTED: PERSON] klmno"},
		"then the kind":                   {reports{span(0, 9, redact.Person, .8), span(0, 9, redact.ID, .8)}, "[REDACTED: ID] klmno"},
		"no medical inside an address":    {reports{span(0, 4, redact.Medical, 1), span(0, 9, redact.Address, .6)}, "[REDACTED: ADDRESS] klmno"},
		"the rest of a loser is kept":     {reports{span(0, 6, redact.Person, 1), span(4, 15, redact.Date, 1)}, "[REDACTED: PERSON][REDACTED: DATE]"},
		"a loser on both sides":           {reports{span(0, 4, redact.Medical, 1), span(2, 9, redact.ID, 1), span(8, 12, redact.Date, 1)}, "[REDACTED: MEDICAL][REDACTED: ID] [REDACTED: DATE]mno"},
		"the same span twice counts once": {reports{span(0, 4, redact.Medical, 1), span(0, 4, redact.Medical, 1)}, "[REDACTED: MEDICAL]efghi klmno"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, engine(t, only(reports(c.spans))).Redact("abcdefghi klmno"))
		})
	}
}

func TestAnalyzeTellsWhereAndWhatNeverThat(t *testing.T) {
	e := engine(t, only(find{"heart": {Kind: redact.Medical, Sub: "condition", Score: 1, Rule: "test"}}))
	res, err := e.Analyze("heart to heart")
	require.NoError(t, err)
	require.Equal(t, []redact.Span{
		{Start: 0, End: 5, Kind: redact.Medical, Sub: "condition", Score: 1, Rule: "test"},
		{Start: 9, End: 14, Kind: redact.Medical, Sub: "condition", Score: 1, Rule: "test"},
	}, res.Spans)
	require.Equal(t, map[redact.Kind]int{redact.Medical: 2}, res.Counts())
}

func TestFailsClosed(t *testing.T) {
	for name, rec := range map[string]redact.Recognizer{
		"error":          broken{},
		"panic":          broken{panics: true},
		"negative start": reports{{Start: -1, End: 2, Score: 1}},
		"end too far":    reports{{Start: 0, End: 99, Score: 1}},
		"empty span":     reports{{Start: 2, End: 2, Score: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine(t, only(find{}, rec))
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

func TestSpansAreWidenedToCharacters(t *testing.T) {
	e := engine(t, only(reports{{Start: 2, End: 3, Kind: redact.ID, Score: 1}}))
	require.Equal(t, "a[REDACTED: ID]b", e.Redact("a€b"))
}

func TestTenantAddsAndAllows(t *testing.T) {
	e := engine(t, redact.Config{})
	require.Equal(t, "i had [REDACTED: MEDICAL] at glow", e.Redact("i had liposuction at glow"))

	clinic := e.ForTenant(redact.Tenant{Allow: []string{"Liposuction Glow Clinic"}, Terms: []string{"Glow-Lift 3000"}})
	require.Equal(t, "the liposuction glow clinic, please", clinic.Redact("the liposuction glow clinic, please"))
	require.Equal(t, "i had [REDACTED: MEDICAL] at glow", clinic.Redact("i had liposuction at glow"))
	require.Equal(t, "i had the [REDACTED: MEDICAL]", clinic.Redact("i had the glow lift 3000"))
	require.Equal(t, "i had the glow lift 3000", e.Redact("i had the glow lift 3000"), "tenants are apart")
}

func TestRedactedTextStaysAsItIs(t *testing.T) {
	e := engine(t, redact.Config{Policy: redact.Policy{redact.Person: redact.Pseudonym([]byte("k"))}})
	for _, text := range calls {
		once := e.Redact(text)
		require.Equal(t, once, e.Redact(once))
	}
}

func TestLongTextsAreReadInWindows(t *testing.T) {
	marker := "XYZZY the marker XYZZY"
	e := engine(t, only(find{marker: {Kind: redact.ID, Score: 1}}))
	for _, filler := range []string{"word ", "A sentence ends. ", "x", "..", "é", "[REDACTED: ID] "} {
		for _, at := range []int{0, 3000, 3690, 3712, 3713, 4070, 4090, 4096, 5000, 7500, 12000} {
			pad := strings.Repeat(filler, at/len(filler)+1)[:at/len(filler)*len(filler)]
			got := e.Redact(pad + marker + pad)
			require.Equal(t, pad+"[REDACTED: ID]"+pad, got, "filler %q, at %d", filler, at)
		}
	}
}

// meter counts the bytes a recognizer is shown.
type meter struct{ read *int }

func (meter) Name() string { return "meter" }

func (m meter) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	*m.read += len(t.S)
	return dst, nil
}

func TestWorkGrowsWithTheTextAlone(t *testing.T) {
	for _, unit := range []string{"a ", "1", "1 ", "@", "a@b.", "'", "é", "\xff", "\x80", "[REDACTED: ", "pain in my ", "My name is "} {
		text := strings.Repeat(unit, (1<<18)/len(unit))
		read := 0
		e := engine(t, redact.Config{Recognizers: append(redact.Builtin(), meter{&read})})
		_, err := e.Analyze(text)
		require.NoError(t, err)
		require.Less(t, float64(read), 1.3*float64(len(text)), "%q: bytes shown to a recognizer", unit)
	}
}
