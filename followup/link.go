package followup

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Link is a link in a text. Its token is not stored: the store has its hash.
type Link struct {
	Hash     [32]byte // SHA-256 of the token
	Intent   IntentID
	Document string // a name in the clinic's Assets
	Expires  time.Time
	MaxViews int
	Views    int
}

// A Linker makes the links in texts. The Links of package linkpage are the
// default. Safe for concurrent use.
type Linker interface {
	// NewLink returns the URL of a new link and the SHA-256 of its token. The URL
	// must not reveal the clinic, the document or the contact.
	NewLink(org tenant.ID) (url string, hash [32]byte)
}

// A LinkStore keeps the links in texts. Package followuptest checks an
// implementation. Safe for concurrent use.
type LinkStore interface {
	// Link returns the link with this hash and its clinic. The error is
	// ErrNotFound, with the same text, for a link that is unknown, expired,
	// revoked or used up: an error must not reveal whether a link ever existed.
	Link(ctx context.Context, hash [32]byte) (tenant.ID, Link, error)

	// UseLink counts a view of a link that Link would return, and returns it.
	// Of any number of concurrent calls of UseLink, at most MaxViews succeed.
	UseLink(ctx context.Context, hash [32]byte) (tenant.ID, Link, error)

	// RevokeLinks ends all links that were sent to a contact.
	RevokeLinks(ctx context.Context, org tenant.ID, phone string) error
}
