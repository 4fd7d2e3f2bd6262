package redact_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/internal/lexicon"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
)

// calls are utterances for tests that need realistic text.
var calls = []string{
	"I live at 123 Harley Street and I have heart disease",
	"My name is Sarah Connor, I'm on warfarin since my stroke in 2016.",
	"um so it's chidi okafor i missed a call on oh seven seven double oh nine hundred one two three",
	"I've been diagnosed with type 2 diabetes and my left knee is really swollen.",
	"Please send it to j dot smith at gmail dot com, not to info@brightsmile.dental.",
	"she was prescribed amoxicillin for a chest infection last week",
	"Our operating hours are nine to five, is this a cold call?",
	"Mrs Burns lives on Bath Road, postcode BS8 1QU; born 03/07/2015.",
	"i get pain in my lower back and it's a pain in the neck to park here",
	"My NHS number is 943 476 5919. No allergies. I'm allergic to penicillin.",
	"I'd like a botox consultation next Tuesday at ten, if Dr. Singh is in.",
	"Zoë’s café has A D H D posters — “really”, and a naïve ménière’s leaflet …",
}

// marked returns text with the medical findings of e in braces.
func marked(t testing.TB, e *redact.Engine, text string) string {
	t.Helper()
	res, err := e.Analyze(text)
	require.NoError(t, err)
	var b strings.Builder
	from := 0
	for _, s := range res.Spans {
		if s.Kind == redact.Medical {
			b.WriteString(text[from:s.Start] + "{" + text[s.Start:s.End] + "}")
			from = s.End
		}
	}
	return b.String() + text[from:]
}

// checkMedical requires that the engine finds exactly the medical facts that are
// in braces in each sentence, as written and as speech-to-text writes it.
func checkMedical(t *testing.T, sentences ...string) {
	e := engine(t, redact.Config{})
	for _, want := range sentences {
		text := strings.NewReplacer("{", "", "}", "").Replace(want)
		require.Equal(t, want, marked(t, e, text))
		spoken := strings.NewReplacer(",", "", ".", "", "?", "", "!", "")
		require.Equal(t, strings.ToLower(spoken.Replace(want)), marked(t, e, strings.ToLower(spoken.Replace(text))))
	}
}

func TestEngine_Analyze_Medical(t *testing.T) {
	t.Parallel()
	t.Run("terms are found in every spelling", func(t *testing.T) {
		t.Parallel()
		checkMedical(t,
			"I have {heart disease}, is that a problem?",
			"She takes {Warfarin} and {lisinopril}.",
			"He had a {hip replacement} and {chemotherapy}.",
			"Her {anaemia} came back.", "Her {anemia} came back.",
			"I've had {diarrhoea}.", "I've had {diarrhea}.",
			"My {Parkinson's} is worse.", "My {parkinsons} is worse.",
			"I have {Ménière's disease}.",
			"I want {dermal fillers} and a {face-lift}.", "I want a {facelift}.",
			"They found {polyps}.", "They found a {polyp}.",
			"He has {A D H D}.", "He has {ADHD}.", "She has {H I V}.",
			"They did {X-rays}.", "They did {xrays}.",
		)
	})
	t.Run("words with a medical ending are found", func(t *testing.T) {
		t.Parallel()
		checkMedical(t,
			"He has {kerunitis}.", "She needs a {splanectomy}.", "I'm taking {zorvastatin}.",
			"the {brendelioscopies} went well",
		)
		e := engine(t, redact.Config{})
		for _, word := range []string{"analysis", "whose", "basis", "emphasis", "Dorothea", "Toblerone", "zone", "phone"} {
			require.Equal(t, "it is "+word+" again", marked(t, e, "it is "+word+" again"))
		}
	})
	t.Run("complaints about body parts are found", func(t *testing.T) {
		t.Parallel()
		checkMedical(t,
			"My {tooth is aching}.",
			"My {ankle really has been very swollen}.",
			"I've {sprained my left ankle}.",
			"There's {pain in my hips}.",
			"I get {knee pain}.",
			"the {back and knee pain} is old",
			"I have a {numb toe}.",
			"My {throat's raw}.",
			"My {legs feel heavy}.",
			"My {ankle is the size of a melon}.",
		)
		checkMedical(t, // everyday sentences with the same words
			"My hands are full.",
			"Turn left at the lights.",
			"He works in the back office.",
			"Let me know on the other hand.",
		)
	})
	t.Run("a trigger announces unknown words", func(t *testing.T) {
		t.Parallel()
		checkMedical(t,
			"I was diagnosed with {blorbing fever} last year.",
			"She's {anaphylactic to zibbleberries}.",
			"He takes 20 milligrams of {xarvolin} daily.",
			"She was prescribed {flurble} for it.",
		)
		checkMedical(t,
			"Are you allergic to anything?",
			"I have a question.",
			"I take the bus.",
		)
	})
	t.Run("a list continues with unknown words", func(t *testing.T) {
		t.Parallel()
		checkMedical(t, "I take {metformin} and {xiglovan}.")
		e := engine(t, redact.Config{})
		require.Equal(t, "I see {Morphine}, {Darvoluxin}, {Flomax}.", marked(t, e, "I see Morphine, Darvoluxin, Flomax."))
		for _, want := range []string{
			"I'm allergic to {cats}, {wool} and {cow's milk}.",
			"I'm allergic to {sulfa drugs}, {plasters} and {eggs}.",
			"I'm allergic to {wool}, call me back.",
		} {
			require.Equal(t, want, marked(t, e, strings.NewReplacer("{", "", "}", "").Replace(want)))
		}
		require.Equal(t, "I have {asthma} and we spoke.", marked(t, e, "I have asthma and we spoke."))
	})
	t.Run("idioms, names and figures of speech are not medical", func(t *testing.T) {
		t.Parallel()
		checkMedical(t,
			"Is this a cold call?",
			"It was a stroke of luck.",
			"Our operating hours are nine to five.",
			"The deadline is a pain in the neck.",
			"Our server had a heart attack on Monday.",
			"We need an injection of cash.",
			"Use a colon between the hour and the minutes.",
			"Please scan the code at reception.",
			"I'll be there, we're on our way.",
			"Cancer Research is next door.",
			"We are on Harley Street.",
			"The doctor has an appointment for a consultation.",
		)
		e := engine(t, redact.Config{})
		require.Equal(t, "Dr. Heart and Mrs Burns are in", marked(t, e, "Dr. Heart and Mrs Burns are in"))
		require.Equal(t, "Bath Road is closed", marked(t, e, "Bath Road is closed"))
	})
	t.Run("an impersonal sentence of a clinic is medical", func(t *testing.T) {
		t.Parallel()
		checkMedical(t,
			"It could be {arthritis}.",
			"We found a {tumour} on the scan.",
			"The scan showed a {fracture}.",
			"The market has a fever for houses.",
		)
	})
	t.Run("an ambiguous term needs a cue", func(t *testing.T) {
		t.Parallel()
		checkMedical(t,
			"She fell and has a {lump on her head}.",
			"He paid a lump sum.",
		)
	})
	// Terms of several lists may share a plural.
	t.Run("every term of the lexicon is read without a fault", func(t *testing.T) {
		t.Parallel()
		e, err := redact.New(redact.Config{})
		require.NoError(t, err)
		for term := range terms {
			_, err := e.Analyze("I have " + term + " and " + term + "s")
			require.NoError(t, err, term)
		}
	})
}

func TestConfig_Strict(t *testing.T) {
	t.Parallel()
	// The log shows the share of the text that strict mode keeps, and the
	// labels that it misses.
	t.Run("recall on the labelled calls is at least 99.5 %", func(t *testing.T) {
		t.Parallel()
		e := engine(t, redact.Config{Strict: true})
		var kept, all int
		table, misses, err := redacttest.Score(redacttest.Calls(), func(text string) ([]redact.Span, error) {
			res, err := e.Analyze(text)
			all += len(text)
			kept += len(text)
			for i := range res.Spans {
				kept -= res.Spans[i].End - res.Spans[i].Start
				res.Spans[i].Kind = redact.Medical // any kind hides it
			}
			return res.Spans, err
		})
		require.NoError(t, err)
		score := table.Of(redact.Medical)
		t.Logf("strict: recall %.4f of %d medical labels; %d %% of the text kept", score.Recall(), score.Labelled, 100*kept/all)
		for _, m := range misses {
			if !m.False && m.Label.Kind == redact.Medical {
				t.Logf("missed: %q", m.Doc.Text[m.Label.Start:m.Label.End])
			}
		}
		require.GreaterOrEqual(t, score.Recall(), 0.995)
	})
}

func terms(yield func(string) bool) {
	lexicon.Terms(func(phrase string, _ bool, _ string) bool { return yield(phrase) })
}
