// Package redact replaces medical facts in spoken text and separates contact
// facts from it. "I live at 123 Harley Street and I have heart disease" yields
// an address the clinic can use, and a text with "[REDACTED: MEDICAL]" in place
// of the disease. It reads speech-to-text: it needs neither capitals nor
// punctuation.
//
// An [Engine] holds the recognizers and a policy. It is where to start:
//
//	engine, err := redact.New(redact.Config{})
//	safe := engine.Redact("i have heart disease")      // "i have [REDACTED: MEDICAL]"
//	contacts, note := engine.Split(transcript)         // contact facts, and the text without medical facts
//	log := slog.New(redact.NewHandler(next, engine))   // redacts every record
//	w := redact.NewWriter(conn, engine)                // redacts a stream, chunk by chunk
//
// A text passes through five steps:
//
//   - [Text] cuts it into words, once, window by window if it is long;
//   - each [Recognizer] reads the words and appends a [Span] per finding: byte
//     offsets, a kind, a score and the rule that matched, never the words;
//   - spans below the threshold or on the tenant's allow list are dropped;
//   - overlapping spans are resolved by one rule (resolve.go);
//   - the [Policy] writes a replacement for each span.
//
// Everything fails closed: when a recognizer returns an error or panics, the
// whole text is replaced. The package reads no environment and sends no data.
package redact

// A Kind is the kind of fact in a span. Recognizers may report their own kinds.
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

// A Span is a finding: the bytes [Start, End) of a text. It never holds the
// text itself, so it may be stored, counted and logged.
type Span struct {
	Start, End int
	Kind       Kind
	Sub        string  // narrower kind, such as "drug" or "nhs"; may be empty
	Score      float32 // 0 to 1; spans under Config.Threshold are dropped
	Rule       string  // rule that matched, a constant such as "medical.term"
}

// A Recognizer finds spans of one or more kinds. It must be safe for
// concurrent use and must not keep any part of the text. Package redacttest
// checks implementations.
type Recognizer interface {
	// Name returns a constant identifier for errors and counts. It must not be
	// empty.
	Name() string

	// Find appends its spans to dst and returns dst. A span must lie within
	// t.S, on character boundaries, and have a kind, a rule and a score above
	// 0 and up to 1. Spans may come in any order and may overlap.
	//
	// For a long text t is one window of about 4 KB; a fact of up to 384
	// bytes is always inside one window. On an error the engine drops the
	// whole text. The error must not quote the text; the engine does not
	// pass it on.
	Find(t *Text, dst []Span) ([]Span, error)
}
