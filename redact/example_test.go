package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func Example() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	const call = "i live at 123 harley street and i have heart disease"

	fmt.Println(engine.Redact(call)) // for a log

	contacts, note := engine.Split(call) // for the record
	fmt.Println(contacts.Addresses)
	fmt.Println(note)

	// Output:
	// i live at [REDACTED: ADDRESS] and i have [REDACTED: MEDICAL]
	// [123 harley street]
	// i live at 123 harley street and i have [REDACTED: MEDICAL]
}

func ExampleNew() {
	engine, err := redact.New(redact.Config{
		Policy: redact.Policy{redact.Phone: redact.Mask(3)},
		Region: "US",
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(engine.Redact("It's Sarah Connor, 202-555-0143, about my asthma."))

	_, err = redact.New(redact.Config{Region: "XX"})
	fmt.Println(err)

	// Output:
	// It's [REDACTED: PERSON], ***-***-*143, about my [REDACTED: MEDICAL].
	// redact: invalid Config.Region "XX": use GB, US or NG
}

// In strict mode every word goes that is not on the list of harmless words.
func ExampleNew_strict() {
	engine, err := redact.New(redact.Config{Strict: true})
	if err != nil {
		panic(err)
	}
	fmt.Println(engine.Redact("please call me back about the zibblefrax"))
	// Output:
	// please call me [REDACTED: MEDICAL] about the [REDACTED: MEDICAL]
}

func ExampleEngine_Analyze() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	result, err := engine.Analyze("my nhs number is 943 476 5919 and i take warfarin")
	if err != nil {
		panic(err) // a *redact.FaultError
	}
	for _, s := range result.Spans {
		fmt.Println(s.Start, s.End, s.Kind, s.Sub, s.Rule)
	}
	fmt.Println(result.Counts())

	// Output:
	// 17 29 ID stated id.stated
	// 41 49 MEDICAL drug medical.term
	// map[ID:1 MEDICAL:1]
}

// A fault drops the whole text. Neither the result nor the error holds a word of
// it.
func ExampleEngine_Analyze_fault() {
	engine, err := redact.New(redact.Config{Recognizers: []redact.Recognizer{failingRecognizer{panics: true}}})
	if err != nil {
		panic(err)
	}
	_, err = engine.Analyze("i have asthma")
	var fault *redact.FaultError
	fmt.Println(errors.As(err, &fault), err)
	fmt.Println(engine.Redact("i have asthma"), engine.Faults())

	// Output:
	// true redact: recognizer failing panicked, text dropped
	// [REDACTED: ERROR] 2
}

func ExampleEngine_Split() {
	engine, err := redact.New(redact.Config{Region: "GB"})
	if err != nil {
		panic(err)
	}
	contacts, note := engine.Split("it's sarah connor my number is oh seven seven double oh nine hundred one two three " +
		"and my email is sarah dot connor at gmail dot com born the fourteenth of march nineteen eighty two i have eczema")

	fmt.Println(contacts.Names, contacts.Phones, contacts.Emails, contacts.Dates)
	fmt.Println(note[len(note)-len("i have [REDACTED: MEDICAL]"):])
	fmt.Println(contacts) // a Contacts does not print

	// Output:
	// [sarah connor] [+447700900123] [sarah.connor@gmail.com] [1982-03-14]
	// i have [REDACTED: MEDICAL]
	// [REDACTED: CONTACTS]
}

// One engine serves all clinics; each clinic has its own words.
func ExampleEngine_ForTenant() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	clinic := engine.ForTenant(redact.Tenant{
		Allow: []string{"Liposuction Lounge"},
		Terms: []string{"Glow-Lift 3000"},
	})
	const call = "is this the liposuction lounge? i'd like the glow lift 3000"
	fmt.Println(engine.Redact(call))
	fmt.Println(clinic.Redact(call))

	// Output:
	// is this the [REDACTED: MEDICAL] lounge? i'd like the glow lift 3000
	// is this the liposuction lounge? i'd like the [REDACTED: MEDICAL]
}

func ExampleNewHandler() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	log := slog.New(redact.NewHandler(plainText(os.Stdout), engine))
	log.Info("call ended", "call", "c-17", "took", 90, "reason", "caller asked about rhinoplasty", "transcript", "hello")
	// Output:
	// level=INFO msg="call ended" call=c-17 took=90 reason="caller asked about [REDACTED: MEDICAL]" transcript="[REDACTED: SPEECH]"
}

func ExampleNewLogger() {
	log, err := redact.NewLogger(slog.New(plainText(os.Stdout)), nil)
	if err != nil {
		panic(err)
	}
	log.Info("lookup failed", "error", "caller asked about rhinoplasty")
	// Output:
	// level=INFO msg="lookup failed" error="caller asked about [REDACTED: MEDICAL]"
}

func ExampleNewHandler_keys() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	log := slog.New(redact.NewHandler(plainText(os.Stdout), engine,
		redact.WithPrivateKeys("door code"), redact.WithSafeKeys("product")))
	log.Info("delivered", "doorCode", 4711, "product", "Botox", "other", "Botox", "route", redact.Safe("/botox"))
	// Output:
	// level=INFO msg=delivered doorCode="[REDACTED: PRIVATE]" product=Botox other="[REDACTED: MEDICAL]" route=/botox
}

// plainText returns a handler that leaves out the time.
func plainText(w io.Writer) slog.Handler {
	return slog.NewTextHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})
}

func ExampleNewWriter() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	w := redact.NewWriter(os.Stdout, engine)
	for _, chunk := range []string{"she takes war", "farin for her he", "art disease\n"} {
		if _, err := w.WriteString(chunk); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	// Output:
	// she takes [REDACTED: MEDICAL] for her [REDACTED: MEDICAL]
}

func ExampleNewSpeech() {
	var call struct {
		ID         string        `json:"id"`
		Transcript redact.Speech `json:"transcript"`
	}
	if err := json.Unmarshal([]byte(`{"id":"c-17","transcript":"i have asthma"}`), &call); err != nil {
		panic(err)
	}
	fmt.Printf("%v\n", call)
	fmt.Println(call.Transcript.Reveal() == redact.NewSpeech("i have asthma").Reveal())
	// Output:
	// {c-17 [REDACTED: SPEECH]}
	// true
}

func ExampleNewText() {
	t := redact.NewText("My mother-in-law's GP called. NAÏVE?")
	for i, tok := range t.Tokens {
		fmt.Printf("%q caps=%v sentence=%v\n", t.Word(i), tok.Shape.Caps(), tok.Gap.Sentence())
	}
	fmt.Println(t.Is(3, "laws"), redact.Hash("Ménière's") == redact.Hash("menieres"))
	// Output:
	// "My" caps=false sentence=true
	// "mother" caps=false sentence=false
	// "in" caps=false sentence=false
	// "law's" caps=false sentence=false
	// "GP" caps=true sentence=false
	// "called" caps=false sentence=false
	// "NAÏVE" caps=true sentence=true
	// true true
}

// A tagRecognizer finds asset tags, such as "tag K7": a word for a tag, then a word
// with a digit.
type tagRecognizer struct{ cues *redact.Words }

func newTagRecognizer() tagRecognizer {
	cues := new(redact.Words)
	cues.Add(1, "tag", "tags", "sticker")
	return tagRecognizer{cues}
}

func (tagRecognizer) Name() string { return "tags" }

func (r tagRecognizer) Find(t *redact.Text, dst []redact.Span) ([]redact.Span, error) {
	for i := 1; i < len(t.Tokens); i++ {
		if t.Tokens[i].Shape&redact.HasDigit != 0 && t.Tokens[i].Gap.Plain() && r.cues.Flags(t.Tokens[i-1].Hash) != 0 {
			dst = append(dst, t.Span(i, i+1, "TAG", "", 0.9, "tags.cue"))
		}
	}
	return dst, nil
}

// An own recognizer works beside the built-in ones. Package redacttest checks it.
func ExampleRecognizer() {
	engine, err := redact.New(redact.Config{Recognizers: append(redact.Builtin(), newTagRecognizer())})
	if err != nil {
		panic(err)
	}
	fmt.Println(engine.Redact("my inhaler has the sticker k7 on it"))
	// Output:
	// my [REDACTED: MEDICAL] has the sticker [REDACTED: TAG] on it
}

func ExamplePolicy() {
	for _, op := range []redact.Operator{
		redact.Replace, redact.ReplaceWith("…"), redact.Mask(3), redact.Pseudonym([]byte("key of one clinic")), redact.Drop, redact.Keep,
	} {
		engine, err := redact.New(redact.Config{Policy: redact.Policy{redact.Phone: op}})
		if err != nil {
			panic(err)
		}
		fmt.Println(engine.Redact("call 07700 900123 please"))
	}
	// Output:
	// call [REDACTED: PHONE] please
	// call … please
	// call ***** ***123 please
	// call [REDACTED: PHONE bc74f217a0f1ccd5] please
	// call  please
	// call 07700 900123 please
}
