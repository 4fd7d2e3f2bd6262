package vapi

import (
	"strings"
	"unicode"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/jsonscan"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/modeltext"
)

// findings reads the analysis of the call, which a model wrote to any schema:
// the subject of the call, and whether the model claims a booking.
func (r Report) findings() (about redact.Speech, booked bool) {
	var f findings
	f.readValue(r.StructuredData, subject{})
	f.readValue(r.StructuredDataMulti, subject{})
	f.readOutputs(jsonscan.New(r.StructuredOutputs))
	if len(f.about) > 0 {
		about = redact.NewSpeech(strings.Join(f.about, "\n"))
	}
	return about, f.booked
}

type findings struct {
	about  []string
	booked bool
}

// subject is the meaning of a value by its name.
type subject struct{ treatment, booking bool }

// readValue reads a JSON text, unwrapped once if it is JSON in a string.
func (f *findings) readValue(value []byte, of subject) {
	if s := jsonscan.New(value); s.Peek() == '"' {
		if text := modeltext.OneLine(s.Scalar()); strings.HasPrefix(text, "{") {
			value = []byte(text)
		}
	}
	f.read(jsonscan.New(value), of)
}

// read reads a value and its members and items.
func (f *findings) read(s *jsonscan.Scanner, of subject) {
	switch s.Peek() {
	case 0: // the text is empty
	case '{':
		s.Object(func(key []byte) { f.read(s, of.named(string(key))) })
	case '[':
		s.Array(func() { f.read(s, of) })
	case '"':
		text := modeltext.OneLine(s.Scalar())
		if of.treatment && text != "" {
			f.about = append(f.about, text)
		}
		f.booked = f.booked || of.booking && modeltext.Affirmative(text)
	default:
		text := s.Scalar()
		f.booked = f.booked || of.booking && text == "true"
	}
}

// readOutputs reads structured outputs: {"id":{"name":…,"result":…}}.
func (f *findings) readOutputs(s *jsonscan.Scanner) {
	if s.Peek() != '{' {
		return
	}
	s.Object(func([]byte) {
		var name string
		var result []byte
		s.Object(func(key []byte) {
			switch string(key) {
			case "name":
				name = s.Scalar()
			case "result":
				result = s.Raw()
			default:
				s.Skip()
			}
		})
		f.readValue(result, subject{}.named(name))
	})
}

// named returns the subject of a member of a value.
func (of subject) named(name string) subject {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	return subject{
		treatment: of.treatment || treatmentNames[name] || treatmentNames[trimmed(name)],
		booking:   bookingNames[name],
	}
}

// trimmed returns name without the words around the subject, such as
// "Discussed" in "procedureDiscussed".
func trimmed(name string) string {
	for _, more := range []string{"discussed", "requested", "desired", "ofinterest", "interestedin", "interest", "name", "type"} {
		if rest := strings.TrimSuffix(strings.TrimPrefix(name, more), more); rest != "" {
			name = rest
		}
	}
	return name
}

// The names of these subjects in real schemas, in lower case and without the
// characters between words.
var (
	treatmentNames = map[string]bool{
		"procedure": true, "procedures": true, "treatment": true, "treatments": true,
		"service": true, "services": true, "appointment": true, "interest": true, "interestedin": true,
	}
	bookingNames = map[string]bool{
		"appointmentbooked": true, "appointmentscheduled": true, "appointmentmade": true, "appointmentconfirmed": true,
		"booked": true, "isbooked": true, "wasbooked": true, "bookingmade": true, "bookingconfirmed": true, "bookingcompleted": true,
	}
)
