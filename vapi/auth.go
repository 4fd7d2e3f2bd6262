package vapi

import (
	"time"

	"github.com/callwaiting-ai/callwaiting/vapi/internal/auth"
)

// AuthMethod is a way to prove that a request comes from a clinic's Vapi
// account: by one of the clinic's [tenant.Secrets]. An empty secret never
// proves it.
type AuthMethod = auth.Method

const (
	Secret AuthMethod = auth.Secret // the secret in the header X-Vapi-Secret
	Bearer AuthMethod = auth.Bearer // the secret in the header Authorization
	HMAC   AuthMethod = auth.HMAC   // a signature over the body with the secret as its key
)

// The payloads of a [Signature].
const (
	// TimestampBody signs the timestamp's text, a full stop and the body, and
	// is refused outside [Signature].Window.
	TimestampBody = "{timestamp}.{body}"

	// BodyOnly signs the body. A request that was recorded once can be
	// replayed at any time.
	BodyOnly = "{body}"
)

// Signature is the format of Vapi's HMAC credential. The zero Signature is
// Vapi's own default: hexadecimal HMAC-SHA256 of "{timestamp}.{body}".
type Signature struct {
	// Hash is "sha256" or "sha512".
	//
	// Defaults to "sha256".
	Hash string

	// Encoding is "hex" or "base64".
	//
	// Defaults to "hex".
	Encoding string

	// Prefix stands before the signature in its header, such as "sha256=".
	//
	// Defaults to no prefix.
	Prefix string

	// Header and TimestampHeader name the headers that carry the signature
	// and its time, in seconds or milliseconds since 1970.
	//
	// Default to "X-Signature" and "X-Timestamp".
	Header, TimestampHeader string

	// Payload is the signed text: TimestampBody or BodyOnly.
	//
	// Defaults to TimestampBody.
	Payload string

	// Window is how far the timestamp may be from now, either way.
	//
	// Defaults to 5 minutes.
	Window time.Duration
}
