package memory

import (
	"context"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A link is the record of a [followup.Link].
type link struct {
	followup.Link
	org     tenant.ID
	phone   string // the number that it was sent to
	revoked bool
}

// Link implements [followup.LinkStore].
func (f *FollowUpStore) Link(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	l, err := f.usable(ctx, hash)
	if err != nil {
		return tenant.ID{}, followup.Link{}, err
	}
	return l.org, l.Link, nil
}

// UseLink implements [followup.LinkStore].
func (f *FollowUpStore) UseLink(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	l, err := f.usable(ctx, hash)
	if err != nil {
		return tenant.ID{}, followup.Link{}, err
	}
	l.Views++
	return l.org, l.Link, nil
}

// usable returns a link that is neither expired, revoked nor used up.
func (f *FollowUpStore) usable(ctx context.Context, hash [32]byte) (*link, error) {
	if ctx.Err() != nil {
		return nil, unavailable(ctx)
	}
	l, known := f.s.links[hash]
	if !known || l.revoked || l.Views >= l.MaxViews || !f.s.clock().Before(l.Expires) {
		return nil, followup.ErrNotFound
	}
	return l, nil
}

// RevokeLinks implements [followup.LinkStore].
func (f *FollowUpStore) RevokeLinks(ctx context.Context, org tenant.ID, phone string) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if _, err := f.open(ctx, org); err != nil {
		return err
	}
	for _, l := range f.s.links {
		if l.org == org && l.phone == phone {
			l.revoked = true
		}
	}
	return nil
}
