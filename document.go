package callwaiting

import (
	"bytes"
	_ "embed"
	"errors"
	"regexp"
	"strings"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
)

//go:embed clinic.schema.json
var clinicSchema []byte

// ClinicSchema returns the JSON Schema (draft 2020-12) of a clinic's document.
func ClinicSchema() []byte { return bytes.Clone(clinicSchema) }

// ParseClinic reads and checks the JSON document of one clinic. It is strict:
// an unknown member, a member given twice or a value of the wrong type is an
// error. The error is a [*DocumentError] that lists every problem found, each
// with its path and the fix. Secrets are not resolved and files are not opened:
// [NewRegistry] does that.
func ParseClinic(data []byte) (*Clinic, error) {
	c := new(Clinic)
	if err := decodeDocument(data, c); err != nil {
		return nil, err
	}
	if _, err := c.profile(); err != nil {
		return nil, err
	}
	return c, nil
}

// DocumentError lists the problems of one clinic's document. It never repeats a
// secret.
type DocumentError struct {
	Name     string // the file or the clinic's key; may be empty
	Problems []Problem
}

// Problem is one invalid value of a document.
type Problem struct {
	Path string // such as "services[2].needs[0]"; empty: the whole document
	Text string // the reason and the fix
}

// Error lists the problems, a line for each.
func (e *DocumentError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = "callwaiting: invalid clinic document"
		for _, part := range []string{e.Name, p.Path, p.Text} {
			if part != "" {
				lines[i] += ": " + part
			}
		}
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds the report about a file that is no clinic's document at
// all.
const maxProblems = 100

// full reports whether the report has reached its bound.
func (e *DocumentError) full() bool { return len(e.Problems) > maxProblems }

func (e *DocumentError) add(path, text string) {
	switch n := len(e.Problems); {
	case n < maxProblems:
		e.Problems = append(e.Problems, Problem{path, text})
	case n == maxProblems:
		e.Problems = append(e.Problems, Problem{"", "has more problems: fix these first"})
	}
}

// addField adds an error of the services' own checks, which name a field of
// their configuration.
func (e *DocumentError) addField(err error) {
	var catalog *booking.InvalidError
	var settings *followup.SettingsError
	switch {
	case errors.As(err, &catalog):
		e.add(jsonPath("", strings.TrimPrefix(catalog.Field, "CatalogConfig.")), catalog.Problem)
	case errors.As(err, &settings):
		e.add(jsonPath("texts", settings.Field), settings.Err.Error())
	default:
		e.add("", err.Error())
	}
}

var (
	wordStart = regexp.MustCompile(`([a-z])([A-Z])`)
	mapKey    = regexp.MustCompile(`\[([a-z]\w*)\]`)
)

// jsonPath turns the path of a Go field into that of a JSON member:
// "Services[2].Needs[0]" is services[2].needs[0].
func jsonPath(parent, field string) string {
	field = strings.Replace(field, "MinNotice", "Notice", 1)
	field = strings.ToLower(wordStart.ReplaceAllString(field, "${1}_${2}"))
	field = mapKey.ReplaceAllString(field, ".$1")
	if parent == "" {
		return field
	}
	return parent + "." + field
}
