package vapi

import (
	"cmp"
	"encoding/json"
	"time"
)

// Report is what is known of a call after its end, without a word that was
// said in it.
type Report struct {
	// EndedReason is one of several hundred words of Vapi's, and new ones
	// come weekly: judge it by its prefix.
	EndedReason        string
	StartedAt, EndedAt time.Time

	// StructuredData and SuccessEvaluation are what a model thinks of the
	// call: evidence, never proof of a booking.
	StructuredData    json.RawMessage
	SuccessEvaluation string // such as "true", by the assistant's rubric
}

// Report reads m, an "end-of-call-report" or a "status-update" of a call that
// ended, once more for what is known only then. What m lacks is zero.
func (m *Message) Report() Report {
	var top, call, analysis Report
	s := &scanner{text: m.body}
	s.object(func(key []byte) {
		switch string(key) {
		case "call":
			call = readReport(s)
		case "analysis":
			analysis = readReport(s)
		default:
			top.readMember(s, key)
		}
	})
	// Where a thing is said twice the specific place wins; older senders only
	// know the others.
	return Report{
		EndedReason:       cmp.Or(top.EndedReason, call.EndedReason),
		StartedAt:         cmp.Or(top.StartedAt, call.StartedAt),
		EndedAt:           cmp.Or(top.EndedAt, call.EndedAt),
		StructuredData:    firstGiven(analysis.StructuredData, top.StructuredData, call.StructuredData),
		SuccessEvaluation: cmp.Or(analysis.SuccessEvaluation, top.SuccessEvaluation, call.SuccessEvaluation),
	}
}

func readReport(s *scanner) (r Report) {
	s.object(func(key []byte) { r.readMember(s, key) })
	return r
}

func (r *Report) readMember(s *scanner, key []byte) {
	switch string(key) {
	case "endedReason":
		r.EndedReason = s.scalar()
	case "startedAt":
		r.StartedAt = instant(s.scalar())
	case "endedAt":
		r.EndedAt = instant(s.scalar())
	case "structuredData":
		r.StructuredData = s.raw()
	case "successEvaluation":
		r.SuccessEvaluation = s.scalar()
	default:
		s.skip()
	}
}
