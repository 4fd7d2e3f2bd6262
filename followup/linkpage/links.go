package linkpage

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/sms"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Links is the default [followup.Linker]: an address with 96 random bits at its
// end. Safe for concurrent use.
type Links struct {
	base string
}

// NewLinks returns a Linker of links that begin with base, such as
// "https://go.clinic.example": a [Handler] must answer at base + "/d/". Plain
// http is allowed for localhost only. Use a domain of your own: carriers filter
// texts with public shorteners.
func NewLinks(base string) (*Links, error) {
	// The errors must not repeat base: it may hold a password by mistake.
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("linkpage: NewLinks: base is not a URL: give one like https://go.clinic.example")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return nil, errors.New("linkpage: NewLinks: base must begin with https://; http:// is for localhost only")
	case u.User != nil || strings.ContainsAny(base, "?#"):
		return nil, errors.New("linkpage: NewLinks: base holds a user, a query or a fragment: give the address alone")
	case strings.ContainsFunc(base, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("linkpage: NewLinks: base holds other characters than ASCII: write the domain as xn--…")
	}
	base = strings.TrimRight(base, "/") + "/d/"
	if n, outside := sms.Septets(base); outside != 0 || n+tokenChars > followup.MaxLinkLength {
		return nil, fmt.Errorf("linkpage: NewLinks: base makes links longer than %d characters, or has one that texts do not: use a shorter address", followup.MaxLinkLength)
	}
	return &Links{base: base}, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

const (
	tokenBytes = 12
	tokenChars = tokenBytes / 3 * 4
)

// NewLink implements [followup.Linker].
func (l *Links) NewLink(tenant.ID) (string, [32]byte) {
	for {
		var random [tokenBytes]byte
		rand.Read(random[:]) // never fails, by the package's contract
		token := base64.RawURLEncoding.EncodeToString(random[:])
		// Phones leave a hyphen at the end out of the link.
		if last := token[tokenChars-1]; last != '-' && last != '_' {
			return l.base + token, hashToken(token)
		}
	}
}

// hashToken returns the SHA-256 of a token, the last part of a link's URL. The
// [followup.LinkStore] has the hash only.
func hashToken(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// tokenLike reports whether a text could be a token.
func tokenLike(text string) bool {
	return len(text) == tokenChars && !strings.ContainsFunc(text, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	})
}
