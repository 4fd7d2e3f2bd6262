package vapi

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/jsonscan"
)

// Report holds the facts about a call after its end. Speech is of a type that
// cannot be printed, logged or encoded; Split of a [redact.Engine] separates
// the parts that may be stored: contacts, and a text without medical facts.
type Report struct {
	// EndedReason is one of several hundred words of Vapi's, and new ones
	// appear weekly: match it by its prefix.
	EndedReason        string
	StartedAt, EndedAt time.Time

	// The analysis of the call by a model: evidence, never proof of a booking.
	// StructuredOutputs are {"id":{"name":…,"result":…}}.
	StructuredData      json.RawMessage
	StructuredDataMulti json.RawMessage
	StructuredOutputs   json.RawMessage
	SuccessEvaluation   string // such as "true", by the assistant's rubric

	Transcript redact.Speech
	Summary    redact.Speech // a model's
}

// Report reads m, an "end-of-call-report" or a "status-update" of a call that
// ended, once more for the facts of the whole call. A missing fact is zero.
func (m *Message) Report() Report {
	var top, call, analysis, artifact Report
	s := jsonscan.New(m.body)
	s.Object(func(key []byte) {
		switch string(key) {
		case "call":
			call = readReport(s)
		case "analysis":
			analysis = readReport(s)
		case "artifact":
			artifact = readReport(s)
		default:
			top.readMember(s, key)
		}
	})
	// The specific place wins over a copy in another one; older senders fill
	// the others only.
	return Report{
		EndedReason:         cmp.Or(top.EndedReason, call.EndedReason),
		StartedAt:           cmp.Or(top.StartedAt, call.StartedAt),
		EndedAt:             cmp.Or(top.EndedAt, call.EndedAt),
		StructuredData:      firstPresent(analysis.StructuredData, top.StructuredData, call.StructuredData),
		StructuredDataMulti: firstPresent(analysis.StructuredDataMulti, top.StructuredDataMulti, call.StructuredDataMulti),
		StructuredOutputs:   firstPresent(artifact.StructuredOutputs, top.StructuredOutputs, call.StructuredOutputs),
		SuccessEvaluation:   cmp.Or(analysis.SuccessEvaluation, top.SuccessEvaluation, call.SuccessEvaluation),
		Transcript:          firstSpeech(artifact.Transcript, top.Transcript, call.Transcript),
		Summary:             firstSpeech(analysis.Summary, top.Summary, call.Summary),
	}
}

func readReport(s *jsonscan.Scanner) (r Report) {
	s.Object(func(key []byte) { r.readMember(s, key) })
	return r
}

func (r *Report) readMember(s *jsonscan.Scanner, key []byte) {
	switch string(key) {
	case "endedReason":
		r.EndedReason = s.Scalar()
	case "startedAt":
		r.StartedAt = instant(s.Scalar())
	case "endedAt":
		r.EndedAt = instant(s.Scalar())
	case "structuredData":
		r.StructuredData = s.Raw()
	case "structuredDataMulti":
		r.StructuredDataMulti = s.Raw()
	case "structuredOutputs":
		r.StructuredOutputs = s.Raw()
	case "successEvaluation":
		r.SuccessEvaluation = s.Scalar()
	case "transcript":
		r.Transcript = redact.NewSpeech(s.Scalar())
	case "summary":
		r.Summary = redact.NewSpeech(s.Scalar())
	default:
		s.Skip()
	}
}

// firstSpeech returns the first speech that is not empty.
func firstSpeech(all ...redact.Speech) redact.Speech {
	for _, s := range all {
		if s.Len() > 0 {
			return s
		}
	}
	return redact.Speech{}
}
