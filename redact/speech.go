package redact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Speech holds the words of a caller. It cannot be printed, logged or
// marshalled: every verb and every encoder writes "[REDACTED: SPEECH]". Only
// [Speech.Reveal] returns the words, so a search for Reveal finds every use.
//
// A Speech is unmarshalled from a JSON string. The zero Speech is empty.
type Speech struct {
	// A pointer, because fmt does not call the methods of unexported fields:
	// for a Speech in such a field it prints an address instead of the words.
	text *string
}

const speechText = placeholderStart + "SPEECH]"

// NewSpeech returns text as a Speech.
func NewSpeech(text string) Speech { return Speech{&text} }

// Reveal returns the words.
func (s Speech) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Len is the length in bytes.
func (s Speech) Len() int { return len(s.Reveal()) }

// String returns a placeholder.
func (s Speech) String() string { return speechText }

// GoString returns a placeholder.
func (s Speech) GoString() string { return speechText }

// Format writes a placeholder for every verb.
func (s Speech) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, speechText) }

// LogValue returns a placeholder.
func (s Speech) LogValue() slog.Value { return slog.StringValue(speechText) }

// MarshalText returns a placeholder.
func (s Speech) MarshalText() ([]byte, error) { return []byte(speechText), nil }

// MarshalJSON returns a placeholder.
func (s Speech) MarshalJSON() ([]byte, error) { return []byte(`"` + speechText + `"`), nil }

// UnmarshalJSON reads a JSON string; null leaves s as it is. Its error does
// not quote the input.
func (s *Speech) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(data, &text) != nil {
		return errors.New("redact: invalid speech: not a JSON string")
	}
	s.text = &text
	return nil
}
