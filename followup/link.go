package followup

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Link is what a link in a text opens. The token in the link is kept nowhere:
// the store knows its hash.
type Link struct {
	Hash     [32]byte // SHA-256 of the token
	Intent   IntentID
	Document string // a name in the clinic's Assets
	Expires  time.Time
	MaxViews int
	Views    int
}

// A Linker makes the links in texts. [Links] is the default. Safe for
// concurrent use.
type Linker interface {
	// NewLink returns the URL of a new link and the hash of its token. The URL
	// tells nothing: not the clinic, nor the document, nor whom it is for.
	NewLink(org tenant.ID) (url string, hash [32]byte)
}

// A LinkStore finds what links open. Package followuptest checks an
// implementation. Safe for concurrent use.
type LinkStore interface {
	// Link returns the link with this hash and the clinic it is of. The error
	// is ErrNotFound for one that is unknown, expired, revoked or used up, in
	// one and the same way.
	Link(ctx context.Context, hash [32]byte) (tenant.ID, Link, error)

	// UseLink counts a view of a link that Link would return, and returns it.
	// Of any number of uses at once, no more than MaxViews succeed.
	UseLink(ctx context.Context, hash [32]byte) (tenant.ID, Link, error)

	// RevokeLinks ends all links that were sent to a contact.
	RevokeLinks(ctx context.Context, org tenant.ID, phone string) error
}

// Links is the default [Linker]: an address with 96 random bits at its end.
// Safe for concurrent use.
type Links struct {
	base string
}

// NewLinks returns a Linker whose links begin with base, such as
// "https://go.clinic.example": a [LinkHandler] must answer at base + "/d/".
// Plain http is allowed on the machine itself only, to try things out. A domain
// of one's own is advised: carriers filter texts with public shorteners.
func NewLinks(base string) (*Links, error) {
	// The errors do not repeat base: it may hold a password by mistake.
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("followup: NewLinks: base is not a URL: give one like https://go.clinic.example")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return nil, errors.New("followup: NewLinks: base must begin with https://; http:// is for localhost only")
	case u.User != nil || strings.ContainsAny(base, "?#"):
		return nil, errors.New("followup: NewLinks: base holds a user, a query or a fragment: give the address alone")
	case strings.ContainsFunc(base, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("followup: NewLinks: base holds other characters than ASCII: write the domain as xn--…")
	}
	base = strings.TrimRight(base, "/") + "/d/"
	if n, alien := septets(base); alien != 0 || n+tokenChars > LongestLink {
		return nil, fmt.Errorf("followup: NewLinks: base makes links longer than %d characters, or has one that texts do not: use a shorter address", LongestLink)
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

// NewLink implements [Linker].
func (l *Links) NewLink(tenant.ID) (string, [32]byte) {
	for {
		var random [tokenBytes]byte
		rand.Read(random[:]) // never fails, by the package's contract
		token := base64.RawURLEncoding.EncodeToString(random[:])
		// Phones end a link before a hyphen at its end.
		if last := token[tokenChars-1]; last != '-' && last != '_' {
			return l.base + token, HashToken(token)
		}
	}
}

// HashToken returns what a [LinkStore] knows of a link's token, the last part
// of its URL: the SHA-256.
func HashToken(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// tokenLike reports whether a text could be a token.
func tokenLike(text string) bool {
	return len(text) == tokenChars && !strings.ContainsFunc(text, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	})
}
