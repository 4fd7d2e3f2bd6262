package vapi

import (
	"net/http"
	"strconv"

	"github.com/callwaiting-ai/callwaiting/vapi/internal/modeltext"
)

// reply is the answer to a request before it is written.
type reply struct {
	status  int
	outcome string
	err     error  // the reason, for the log
	value   any    // encoded as JSON …
	audio   []byte // replaces value if it is not nil
}

func ok(value any) reply { return reply{status: http.StatusOK, outcome: "ok", value: value} }

// fixedReply answers a message that needs no work. A request that this package
// does not serve gets the reply that leaves the call undisturbed.
func fixedReply(m *Message) reply {
	switch m.Type {
	case "transfer-destination-request", "handoff-destination-request":
		return ok(map[string]string{"error": "There is nobody to transfer the call to."})
	case "knowledge-base-request":
		return ok(map[string][]string{"documents": {}})
	case "call.endpointing.request":
		return ok(map[string]float64{"timeoutSeconds": 0.5}) // the value of Vapi's own example
	case "campaign.predial":
		return ok(map[string]bool{"eligible": false}) // an unchecked contact must not be dialled
	case "voice-request":
		return reply{status: http.StatusOK, outcome: "ok", audio: silence(m.sampleRate)}
	default:
		return ok(struct{}{})
	}
}

// silence returns twenty milliseconds of silence: 16-bit mono PCM.
func silence(sampleRate string) []byte {
	rate, err := strconv.Atoi(sampleRate)
	if err != nil || rate < 8000 || rate > 48000 {
		rate = 24000
	}
	return make([]byte, rate/50*2)
}

func (a reply) write(w http.ResponseWriter) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	switch a.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	body, kind := a.audio, "application/octet-stream"
	if body == nil {
		body, kind = encode(a.value), "application/json"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	w.Write(body)
}

// encode returns value as JSON; a value that cannot be encoded is "internal".
func encode(value any) []byte {
	text, err := modeltext.Encode(value)
	if err != nil {
		return []byte(`{"error":"internal"}`)
	}
	return text
}
