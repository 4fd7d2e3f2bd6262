// Package auth proves that a request comes from a clinic's Vapi account.
package auth

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Method is a way to prove that a request comes from a clinic's Vapi account:
// by one of the clinic's [tenant.Secrets]. An empty secret never proves it.
type Method string

const (
	Secret Method = "secret" // the secret in the header X-Vapi-Secret
	Bearer Method = "bearer" // the secret in the header Authorization
	HMAC   Method = "hmac"   // a signature over the body with the secret as its key
)

const (
	timestampBody = "{timestamp}.{body}"
	bodyOnly      = "{body}"
)

// Signature is the format of a signature; vapi.Signature documents it.
type Signature struct {
	Hash, Encoding, Prefix  string
	Header, TimestampHeader string
	Payload                 string
	Window                  time.Duration
}

// Verifier checks proofs. Safe for concurrent use.
type Verifier struct {
	accept []Method
	sig    Signature
	hash   func() hash.Hash
}

// New returns a Verifier that accepts the methods given, by default all; its
// error names the field of the Config that cannot be used.
func New(accept []Method, sig Signature) (*Verifier, error) {
	if len(accept) == 0 {
		accept = []Method{Secret, Bearer, HMAC}
	}
	for _, p := range accept {
		if p != Secret && p != Bearer && p != HMAC {
			return nil, fmt.Errorf("Config.Accept holds %q: use vapi.Secret, vapi.Bearer and vapi.HMAC", p)
		}
	}
	a := &Verifier{accept: accept, sig: sig}
	switch cmp.Or(sig.Hash, "sha256") {
	case "sha256":
		a.hash = sha256.New
	case "sha512":
		a.hash = sha512.New
	default:
		return nil, fmt.Errorf("Config.Signature.Hash is %q: use \"sha256\" or \"sha512\"", sig.Hash)
	}
	a.sig.Encoding = cmp.Or(sig.Encoding, "hex")
	if a.sig.Encoding != "hex" && a.sig.Encoding != "base64" {
		return nil, fmt.Errorf("Config.Signature.Encoding is %q: use \"hex\" or \"base64\"", sig.Encoding)
	}
	a.sig.Payload = cmp.Or(sig.Payload, timestampBody)
	if a.sig.Payload != timestampBody && a.sig.Payload != bodyOnly {
		return nil, fmt.Errorf("Config.Signature.Payload is %q: use vapi.TimestampBody or vapi.BodyOnly", sig.Payload)
	}
	a.sig.Window = cmp.Or(sig.Window, 5*time.Minute)
	if a.sig.Window < 0 {
		return nil, errors.New("Config.Signature.Window is negative: leave it 0 for 5 minutes")
	}
	a.sig.Header = cmp.Or(sig.Header, "X-Signature")
	a.sig.TimestampHeader = cmp.Or(sig.TimestampHeader, "X-Timestamp")
	return a, nil
}

// ByHeader looks for the secret itself; the body need not be read for it.
func (a *Verifier) ByHeader(h http.Header, secrets tenant.Secrets) (Method, bool) {
	if a.accepts(Secret) && isSecret(h.Get("X-Vapi-Secret"), secrets) {
		return Secret, true
	}
	if a.accepts(Bearer) && isSecret(h.Get("Authorization"), secrets) {
		return Bearer, true
	}
	return "", false
}

// Signed reports whether it is worth reading the body to check its signature.
func (a *Verifier) Signed(h http.Header) bool {
	return a.accepts(HMAC) && h.Get(a.sig.Header) != ""
}

// BySignature checks the signature over the body, byte for byte as it came.
func (a *Verifier) BySignature(h http.Header, body []byte, secrets tenant.Secrets, now time.Time) bool {
	if !a.Signed(h) {
		return false
	}
	text, ok := strings.CutPrefix(h.Get(a.sig.Header), a.sig.Prefix)
	if !ok {
		return false
	}
	given, err := hex.DecodeString(text)
	if a.sig.Encoding == "base64" {
		given, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil {
		return false
	}
	var before string
	if a.sig.Payload == timestampBody {
		timestamp := h.Get(a.sig.TimestampHeader)
		if !a.isNow(timestamp, now) {
			return false
		}
		before = timestamp + "."
	}
	holds := false
	for _, secret := range []string{secrets.Current, secrets.Previous} {
		mac := hmac.New(a.hash, []byte(secret))
		mac.Write([]byte(before))
		mac.Write(body)
		same := hmac.Equal(given, mac.Sum(nil))
		holds = holds || same && secret != ""
	}
	return holds
}

// isNow reports whether a timestamp is within the window. A timestamp in the
// future is as suspect as an old one: taken in the wrong unit it would be one
// that never grows old.
func (a *Verifier) isNow(timestamp string, now time.Time) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || n <= 0 {
		return false
	}
	at := time.Unix(n, 0)
	if n > 1e12 { // milliseconds: in seconds it is the year 33658
		at = time.UnixMilli(n)
	}
	age := now.Sub(at)
	return -a.sig.Window <= age && age <= a.sig.Window
}

func (a *Verifier) accepts(p Method) bool { return slices.Contains(a.accept, p) }

// isSecret compares in constant time, hiding the lengths as well. Vapi's
// credentials put "Bearer " before the secret in any header, or leave it out
// of Authorization, by their settings.
func isSecret(given string, secrets tenant.Secrets) bool {
	if scheme, token, ok := strings.Cut(given, " "); ok && strings.EqualFold(scheme, "Bearer") {
		given = strings.TrimSpace(token)
	}
	g := sha256.Sum256([]byte(given))
	current := sha256.Sum256([]byte(secrets.Current))
	previous := sha256.Sum256([]byte(secrets.Previous))
	isCurrent := hmac.Equal(g[:], current[:])
	isPrevious := hmac.Equal(g[:], previous[:])
	return given != "" && (isCurrent || isPrevious)
}
