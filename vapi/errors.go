package vapi

import (
	"errors"
	"net/http"
)

// What a request is refused with. [Decode] returns the first two; the others
// are answers only.
var (
	// ErrBadJSON says that a body is not one JSON text.
	ErrBadJSON = errors.New("vapi: the body is not JSON")

	// ErrNoType says that a body has no message.type.
	ErrNoType = errors.New("vapi: the body has no message.type")

	errMethod          = errors.New("vapi: only POST is answered")
	errTooLarge        = errors.New("vapi: the body is too large")
	errUnread          = errors.New("vapi: the body ended early")
	errUnknownKey      = errors.New("vapi: no clinic has this key")
	errUnauthenticated = errors.New("vapi: nothing proves who sent this")
	errForeign         = errors.New("vapi: a phone number or an assistant of another clinic")
	errUnregistered    = errors.New("vapi: a phone number or an assistant of no clinic")
	errUnavailable     = errors.New("vapi: the directory did not answer")
	errNotPersisted    = errors.New("vapi: what the message tells was not kept")
)

// answers turns an error into HTTP; what is not in the table is 500
// "internal". Vapi's recommended retry plan takes 4xx as final and repeats 503.
var answers = []struct {
	err    error
	status int
	code   string
}{
	{errMethod, http.StatusMethodNotAllowed, "method_not_allowed"},
	{errTooLarge, http.StatusRequestEntityTooLarge, "too_large"},
	{errUnknownKey, http.StatusNotFound, "not_found"},
	{errUnauthenticated, http.StatusUnauthorized, "unauthorized"},
	{errUnread, http.StatusBadRequest, "unreadable"},
	{ErrBadJSON, http.StatusBadRequest, "bad_json"},
	{ErrNoType, http.StatusBadRequest, "no_type"},
	{errForeign, http.StatusForbidden, "forbidden"},
	{errUnregistered, http.StatusForbidden, "forbidden"},
	{errUnavailable, http.StatusServiceUnavailable, "unavailable"},
	{errNotPersisted, http.StatusServiceUnavailable, "unavailable"},
}

// refuse is the answer to a request that err ends.
func refuse(err error) reply {
	for _, a := range answers {
		if errors.Is(err, a.err) {
			return reply{status: a.status, outcome: a.code, err: err, value: map[string]string{"error": a.code}}
		}
	}
	return reply{status: http.StatusInternalServerError, outcome: "internal", err: err,
		value: map[string]string{"error": "internal"}}
}
