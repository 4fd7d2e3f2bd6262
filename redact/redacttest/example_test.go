package redacttest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
)

// A sizeRecognizer finds glove sizes, such as "size seven".
type sizeRecognizer struct{}

func (sizeRecognizer) Name() string { return "sizes" }

func (sizeRecognizer) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	for i := 1; i < len(t.Tokens); i++ {
		if t.Is(i-1, "size") && t.Tokens[i].Gap.Plain() {
			dst = append(dst, t.Span(i-1, i+1, "SIZE", "", 0.9, "sizes.word"))
		}
	}
	return dst, nil
}

func TestSizes(t *testing.T) { redacttest.Recognizer(t, sizeRecognizer{}) }

// A test of an own recognizer is one line:
//
//	func TestSizes(t *testing.T) { redacttest.Recognizer(t, sizeRecognizer{}) }
//
// The recognizer then works beside the built-in ones.
func ExampleRecognizer() {
	engine, err := redact.New(redact.Config{Recognizers: append(redact.Builtin(), sizeRecognizer{})})
	if err != nil {
		panic(err)
	}
	fmt.Println(engine.Redact("gloves in size seven, for my eczema"))
	// Output:
	// gloves in [REDACTED: SIZE], for my [REDACTED: MEDICAL]
}

// A test of an own configuration gives the suite a function that builds it:
//
//	redacttest.Engine(t, func(t *testing.T, extra redact.Recognizer) *redact.Engine {
//		return newEngine(t, append(redact.Builtin(), extra))
//	})
//
// The suite flags a marker through extra and requires that no output holds it.
func ExampleEngine() {
	engine, err := redact.New(redact.Config{Strict: true})
	if err != nil {
		panic(err)
	}
	fmt.Println(engine.Redact("hello, the zibblefrax please"))
	// Output:
	// hello, the [REDACTED: MEDICAL] please
}

func ExampleScore() {
	docs := []redacttest.Doc{{ID: "1", Source: "demo", Text: "Call Ann.", Labels: []redacttest.Label{{Start: 5, End: 8, Kind: redact.Person}}}}
	table, _, err := redacttest.Score(docs, func(string) ([]redact.Span, error) {
		return []redact.Span{{Start: 0, End: 4, Kind: redact.Person}, {Start: 6, End: 8, Kind: redact.Person}}, nil
	})
	person := table.Of(redact.Person)
	fmt.Println(person.Recall(), person.Precision(), err)
	// Output: 1 0.5 <nil>
}

func ExampleTable_WriteTo() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	text, labels, err := redacttest.Parse("I take {MEDICAL:warfarin} since {DATE:March}, says {PERSON:Zorp}.")
	if err != nil {
		panic(err)
	}
	doc := redacttest.Doc{ID: "1", Source: "demo", Text: text, Labels: labels}
	table, misses, err := redacttest.Score([]redacttest.Doc{doc}, func(text string) ([]redact.Span, error) {
		result, err := engine.Analyze(text)
		return result.Spans, err
	})
	if err != nil {
		panic(err)
	}
	_, _ = table.WriteTo(os.Stdout)
	for _, m := range misses {
		fmt.Println("missed:", m.Doc.Text[m.Label.Start:m.Label.End])
	}
	// Output:
	// source     kind  labels  recall  found  precision  char recall  false/100
	//     demo     DATE       1   1.000      1      1.000        1.000        0.0
	//     demo  MEDICAL       1   1.000      1      1.000        1.000        0.0
	//     demo   PERSON       1   0.000      0      1.000        0.000        0.0
	// missed: Zorp
}

func ExampleParse() {
	text, labels, err := redacttest.Parse("I take {MEDICAL:warfarin}, {?MEDICAL:tablets} {PHONE:07700 900123}")
	if err != nil {
		panic(err)
	}
	for _, l := range labels {
		fmt.Println(l.Kind, text[l.Start:l.End], l.Optional)
	}
	// Output:
	// MEDICAL warfarin false
	// MEDICAL tablets true
	// PHONE 07700 900123 false
}

func ExampleRead() {
	docs, err := redacttest.Read(strings.NewReader(
		`{"id":"1","source":"calls","text":"It is Ann.","spans":[{"start":6,"end":9,"label":"PERSON"}]}`))
	if err != nil {
		panic(err)
	}
	for _, d := range docs {
		fmt.Println(d.Source, d.Text[d.Labels[0].Start:d.Labels[0].End])
	}
	// Output:
	// calls Ann
}

func ExampleSpoken() {
	d := redacttest.Spoken(redacttest.Doc{ID: "1", Source: "calls", Text: "Hello, it's Dr. Ann Lee. I've a cold!"})
	fmt.Println(d.Source, d.Text)
	// Output:
	// calls-asr hello it's dr ann lee i've a cold
}

func ExampleCalls() {
	for _, d := range redacttest.Calls()[:2] {
		fmt.Println(d.ID, d.Text)
	}
	fmt.Println(len(redacttest.Calls())+len(redacttest.Clean()), "texts by the authors,",
		len(redacttest.Blind())+len(redacttest.BlindClean()), "by a second author")
	// Output:
	// own-calls-000 Hello, it's Marcus Oyelaran, I've cracked my front tooth and I'd like to come in tomorrow.
	// own-calls-001 I've had toothache on the left since Saturday and paracetamol isn't touching it.
	// 1410 texts by the authors, 1298 by a second author
}
