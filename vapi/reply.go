package vapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// reply is an answer before it is written.
type reply struct {
	status  int
	outcome string
	err     error  // why, for the log
	value   any    // encoded as JSON …
	audio   []byte // … unless there is sound
}

func ok(value any) reply { return reply{status: http.StatusOK, outcome: "ok", value: value} }

// silence is twenty milliseconds of it: 16-bit mono PCM.
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

// encode writes JSON on one line and without HTML's escapes: a model reads it.
func encode(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(value) != nil {
		return []byte(`{"error":"internal"}`)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
