package vapi

import (
	"strings"
	"unicode"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// findings reads what a model made of the call, whatever the schema it was
// given: what the call was about, and whether it claims a booking.
func (r Report) findings() (about redact.Speech, booked bool) {
	var f findings
	f.read(&scanner{text: r.StructuredData}, subject{})
	f.read(&scanner{text: r.StructuredDataMulti}, subject{})
	f.readOutputs(&scanner{text: r.StructuredOutputs})
	if len(f.about) > 0 {
		about = redact.NewSpeech(strings.Join(f.about, "\n"))
	}
	return about, f.booked
}

type findings struct {
	about  []string
	booked bool
}

// subject is what a value is told to be by its name.
type subject struct{ treatment, booking bool }

// read reads a value and all that is in it.
func (f *findings) read(s *scanner, of subject) {
	switch s.peek() {
	case 0: // there is none
	case '{':
		s.object(func(key []byte) { f.read(s, of.named(string(key))) })
	case '[':
		s.array(func() { f.read(s, of) })
	case '"':
		text := oneLine(s.scalar())
		if strings.HasPrefix(text, "{") && s.depth == 0 {
			f.read(&scanner{text: []byte(text), depth: 1}, of) // JSON in a string, once
			return
		}
		if of.treatment && text != "" {
			f.about = append(f.about, text)
		}
		f.booked = f.booked || of.booking && affirmative(text)
	default:
		text := s.scalar()
		f.booked = f.booked || of.booking && text == "true"
	}
}

// readOutputs reads structured outputs: {"id":{"name":…,"result":…}}.
func (f *findings) readOutputs(s *scanner) {
	if s.peek() != '{' {
		return
	}
	s.object(func([]byte) {
		var name string
		var result []byte
		s.object(func(key []byte) {
			switch string(key) {
			case "name":
				name = s.scalar()
			case "result":
				result = s.raw()
			default:
				s.skip()
			}
		})
		f.read(&scanner{text: result}, subject{}.named(name))
	})
}

// named is the subject of what is in a value under a name.
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

// trimmed is name without what it says beside the thing: "procedureDiscussed".
func trimmed(name string) string {
	for _, more := range []string{"discussed", "requested", "desired", "ofinterest", "interestedin", "interest", "name", "type"} {
		if rest := strings.TrimSuffix(strings.TrimPrefix(name, more), more); rest != "" {
			name = rest
		}
	}
	return name
}

// What models and those who write their schemas call these, in lower case and
// without what stands between the words.
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

// affirmative reports whether text says yes, and nothing besides.
func affirmative(text string) bool {
	switch strings.ToLower(strings.Trim(text, " .!")) {
	case "true", "yes", "yes please", "yes, please", "y", "1", "ok", "okay", "sure", "agreed", "given", "granted", "confirmed":
		return true
	}
	return false
}
