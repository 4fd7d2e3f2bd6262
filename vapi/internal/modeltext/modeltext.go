// Package modeltext reads and writes the texts that a language model exchanges
// with the packages of vapi.
package modeltext

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// ConsentQuestion asks a caller for consent to a text: the prompt of the
// assistant and the tool use the same words. The consent is stored with Wording
// of followup.SettingsConfig.
const ConsentQuestion = "May I text you the information at this number?"

// OneLine folds line breaks and other control characters into single spaces:
// Vapi does not take a text that has them.
func OneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r)
	}), " ")
}

// Affirmative reports whether text is a plain yes in one of the ways that
// models write it.
func Affirmative(text string) bool {
	switch strings.ToLower(strings.Trim(text, " .!")) {
	case "true", "yes", "yes please", "yes, please", "y", "1", "ok", "okay", "sure", "agreed", "given", "granted", "confirmed":
		return true
	}
	return false
}

// Encode returns value as JSON on one line and without HTML's escapes: a model
// reads it.
func Encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
