package followup

import (
	"context"
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
