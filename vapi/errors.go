package vapi

import (
	"errors"
	"net/http"
)

// The errors that refuse a request. [Decode] returns the first two.
var (
	// ErrBadJSON reports a body that is not one JSON text.
	ErrBadJSON = errors.New("vapi: the body is not JSON")

	// ErrNoType reports a body without message.type.
	ErrNoType = errors.New("vapi: the body has no message.type")

	errMethod          = errors.New("vapi: method not allowed: only POST is answered")
	errTooLarge        = errors.New("vapi: body too large: see Config.MaxBody")
	errUnread          = errors.New("vapi: unreadable: the body ended early")
	errUnknownKey      = errors.New("vapi: unknown key: no clinic has it")
	errUnauthenticated = errors.New("vapi: unauthenticated: no valid secret, bearer token or signature")
	errForeign         = errors.New("vapi: forbidden: a phone number or an assistant of another clinic")
	errUnregistered    = errors.New("vapi: unregistered: a phone number or an assistant of no clinic")
	errUnavailable     = errors.New("vapi: unavailable: the directory failed")
	errNotPersisted    = errors.New("vapi: not persisted: the follow-up store failed")
)

// errorReplies turns errors into HTTP; any other error is 500 "internal".
// Vapi's recommended retry plan takes 4xx as final and repeats 503.
var errorReplies = []struct {
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

// refuse returns the answer to a request that err ends.
func refuse(err error) reply {
	for _, a := range errorReplies {
		if errors.Is(err, a.err) {
			return reply{status: a.status, outcome: a.code, err: err, value: map[string]string{"error": a.code}}
		}
	}
	return reply{status: http.StatusInternalServerError, outcome: "internal", err: err,
		value: map[string]string{"error": "internal"}}
}
