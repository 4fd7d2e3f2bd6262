package followuptest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

var linkChecks = []check[*storeFixture]{
	{"Link returns the link with this hash and its clinic", returnsLink},

	{"the error is ErrNotFound, with the same text, for a link that is unknown, expired, revoked or used up", linkNotFound},
}

var useLinkChecks = []check[*storeFixture]{
	{"UseLink counts a view of a link that Link would return, and returns it", countsViews},

	{"of any number of concurrent calls of UseLink, at most MaxViews succeed", concurrentUses},
}

var revokeLinksChecks = []check[*storeFixture]{
	{"RevokeLinks ends all links that were sent to a contact", revokesLinks},
}

// sendLink makes an intent with a link Sending for person n, and returns the link.
func (f *storeFixture) sendLink(key string, n, views int, lasts time.Duration) followup.Link {
	f.Helper()
	id := f.planIntent(key, n)
	l := followup.Link{
		Hash: sha256.Sum256([]byte(f.org.String() + key)), Intent: id, Document: key + ".pdf",
		Expires: f.now().Add(lasts), MaxViews: views,
	}
	f.beginAndRelease(time.Hour, always(followup.IntentDecision{Action: followup.Send, Link: &l}), id)
	return l
}

// expectLink checks that Link returns l and its clinic or, if want is false,
// ErrNotFound and zero values.
func (f *storeFixture) expectLink(name string, l followup.Link, want bool) {
	f.Helper()
	org, got, err := f.Links.Link(f.ctx, l.Hash)
	if !want {
		if err != followup.ErrNotFound && !errors.Is(err, followup.ErrNotFound) || org != (tenant.ID{}) || got != (followup.Link{}) {
			f.Errorf("%s: Link returned %+v of %v, error %v; want zero values and %v", name, got, org, err, followup.ErrNotFound)
		}
		return
	}
	if err != nil || org != f.org || got.Hash != l.Hash || got.Intent != l.Intent || got.Document != l.Document || got.MaxViews != l.MaxViews {
		f.Errorf("%s: Link returned %+v of %v, error %v; want %+v of %v", name, got, org, err, l, f.org)
		return
	}
	f.equalTime("Expires", got.Expires, l.Expires)
}

func returnsLink(f *storeFixture) {
	a, b := f.sendLink("a", 1, 2, time.Hour), f.sendLink("b", 2, 2, time.Hour)
	for range 5 { // Link must not count a view
		f.expectLink("a link", a, true)
	}
	f.expectLink("another link", b, true)
}

func linkNotFound(f *storeFixture) {
	errs := map[string]error{}
	missing := func(name string, l followup.Link) {
		f.Helper()
		f.expectLink(name, l, false)
		_, _, errs[name] = f.Links.UseLink(f.ctx, l.Hash)
	}
	missing("an unknown link", followup.Link{Hash: sha256.Sum256([]byte("unknown"))})
	expired := f.sendLink("expired", 1, 2, f.interval())
	f.elapse(f.interval() + time.Millisecond)
	missing("an expired link", expired)
	revoked := f.sendLink("revoked", 2, 2, time.Hour)
	f.noError("RevokeLinks", f.Links.RevokeLinks(f.ctx, f.org, phone(2)))
	missing("a revoked link", revoked)
	used := f.sendLink("used", 3, 1, time.Hour)
	if _, _, err := f.Links.UseLink(f.ctx, used.Hash); err != nil {
		f.Fatalf("UseLink: error %v", err)
	}
	missing("a link that is used up", used)
	want := errs["an unknown link"]
	for name, err := range errs {
		if !errors.Is(err, followup.ErrNotFound) || fmt.Sprint(err) != fmt.Sprint(want) {
			f.Errorf("%s: UseLink returned error %v, want %v as of an unknown link", name, err, want)
		}
	}
}

func countsViews(f *storeFixture) {
	l := f.sendLink("a", 1, 3, time.Hour)
	for n := range 3 {
		_, seen, err := f.Links.Link(f.ctx, l.Hash)
		f.noError("Link", err)
		equal(f, "Views before a use", seen.Views, n)
		org, got, err := f.Links.UseLink(f.ctx, l.Hash)
		f.noError("UseLink", err)
		if org != f.org || got.Document != l.Document || got.Views != n+1 {
			f.Errorf("use %d returned %+v of %v, want %d views", n+1, got, org, n+1)
		}
	}
	f.expectLink("a link that is used up", l, false)
}

func concurrentUses(f *storeFixture) {
	for n := range 1 + f.Rounds/40 {
		l := f.sendLink(fmt.Sprint(n), n, 3, time.Hour)
		uses := suite.Race(10, func(int) error {
			_, _, err := f.Links.UseLink(f.ctx, l.Hash)
			return err
		})
		ok := 0
		for _, err := range uses {
			switch {
			case err == nil:
				ok++
			case !errors.Is(err, followup.ErrNotFound):
				f.Fatalf("one of ten concurrent uses: error %v, want none or %v", err, followup.ErrNotFound)
			}
		}
		equal(f, "successful uses of ten concurrent ones, with MaxViews 3", ok, 3)
	}
}

func revokesLinks(f *storeFixture) {
	a, b, other := f.sendLink("a", 1, 5, time.Hour), f.sendLink("b", 1, 5, time.Hour), f.sendLink("c", 2, 5, time.Hour)
	f.noError("RevokeLinks", f.Links.RevokeLinks(f.ctx, f.org, phone(1)))
	f.expectLink("the first revoked link", a, false)
	f.expectLink("the second revoked link", b, false)
	f.expectLink("another contact's link", other, true)
	f.noError("RevokeLinks", f.Links.RevokeLinks(f.ctx, f.org, phone(1)))
	f.noError("RevokeLinks of an unknown contact", f.Links.RevokeLinks(f.ctx, f.org, phone(9)))
	f.expectLink("another contact's link", other, true)
}
