// Package redact takes medical facts out of what callers say and sets their
// contact facts apart: "I live at 123 Harley Street and I have heart disease"
// yields an address the clinic can use and a text that says
// "[REDACTED: MEDICAL]" where the disease was. It reads speech-to-text, so it
// does not need capitals or punctuation.
//
// An [Engine] owns the recognizers and a policy and is the way in:
//
//	engine, err := redact.New(redact.Config{})
//	safe := engine.Redact("i have heart disease")      // "i have [REDACTED: MEDICAL]"
//	contacts, note := engine.Split(transcript)         // who and where, apart from what
//	log := slog.New(redact.NewHandler(next, engine))   // nothing leaves unread
//	w := redact.NewWriter(conn, engine)                // streams, chunk by chunk
//
// Inside, a text is cut into words once ([Text]); each [Recognizer] reads
// those words and reports a [Span]: byte offsets, a kind, a score and the rule
// that fired, never the words themselves. Overlaps are settled by one rule
// (resolve.go) and a [Policy] says what is written in a span's place.
//
// Everything here fails closed: when a recognizer returns an error or panics,
// the text is replaced as a whole. Nothing is read from the environment and
// nothing is sent anywhere.
package redact

// A Kind says what a span is about. Recognizers may report kinds of their own.
type Kind string

// The kinds the built-in recognizers report.
const (
	Medical  Kind = "MEDICAL"  // conditions, symptoms, drugs, procedures
	Person   Kind = "PERSON"   // names of people
	Address  Kind = "ADDRESS"  // streets, houses, postcodes
	Location Kind = "LOCATION" // towns and countries
	Phone    Kind = "PHONE"
	Email    Kind = "EMAIL"
	URL      Kind = "URL"
	Date     Kind = "DATE" // dates, dates of birth
	ID       Kind = "ID"   // health, insurance, card, bank and record numbers
	Org      Kind = "ORG"
)

// A Span is a finding: the bytes [Start, End) of a text. It never carries the
// text itself, so it may be stored, counted and logged.
type Span struct {
	Start, End int
	Kind       Kind
	Sub        string  // narrower kind, such as "drug" or "nhs"; may be empty
	Score      float32 // 0 to 1; spans under Config.Threshold are dropped
	Rule       string  // which rule fired, a constant such as "medical.lexicon"
}

// A Recognizer finds spans of one or more kinds. It must be safe for
// concurrent use and keep nothing of the text.
type Recognizer interface {
	// Name is a constant identifier, used in errors and counts.
	Name() string

	// Find appends its spans to dst and returns it, in any order, overlapping
	// or not. A span lies within t.S; of a long text that is one window of
	// some kilobytes, and a span is sure to be seen as a whole up to 384
	// bytes. An error makes the engine drop the whole text and is not
	// passed on.
	Find(t *Text, dst []Span) ([]Span, error)
}
