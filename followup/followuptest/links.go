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

	{"the error is ErrNotFound, and the same, for a link that is unknown, expired, revoked or used up", linkNotFound},
}

var useLinkChecks = []check[*storeFixture]{
	{"UseLink counts a view of a link that Link would return, and returns it", countsViews},

	{"of any number of concurrent calls of UseLink, at most MaxViews succeed", concurrentUses},
}

var revokeLinksChecks = []check[*storeFixture]{
	{"RevokeLinks ends all links that were sent to a contact", revokesLinks},
}

// link sends person n a message with a link.
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

// opens expects a link to be there or not.
func (f *storeFixture) expectLink(what string, l followup.Link, want bool) {
	f.Helper()
	org, got, err := f.Links.Link(f.ctx, l.Hash)
	if !want {
		if err != followup.ErrNotFound && !errors.Is(err, followup.ErrNotFound) || org != (tenant.ID{}) || got != (followup.Link{}) {
			f.Errorf("%s: Link returns %+v of %v, error %v; want nothing and %v", what, got, org, err, followup.ErrNotFound)
		}
		return
	}
	if err != nil || org != f.org || got.Hash != l.Hash || got.Intent != l.Intent || got.Document != l.Document || got.MaxViews != l.MaxViews {
		f.Errorf("%s: Link returns %+v of %v, error %v; want %+v of %v", what, got, org, err, l, f.org)
		return
	}
	f.equalTime("Expires", got.Expires, l.Expires)
}

func returnsLink(f *storeFixture) {
	a, b := f.sendLink("a", 1, 2, time.Hour), f.sendLink("b", 2, 2, time.Hour)
	for range 5 { // which counts no view
		f.expectLink("a link", a, true)
	}
	f.expectLink("another link", b, true)
}

func linkNotFound(f *storeFixture) {
	errs := map[string]error{}
	missing := func(what string, l followup.Link) {
		f.Helper()
		f.expectLink(what, l, false)
		_, _, errs[what] = f.Links.UseLink(f.ctx, l.Hash)
	}
	missing("an unknown link", followup.Link{Hash: sha256.Sum256([]byte("nobody's"))})
	expired := f.sendLink("expired", 1, 2, f.interval())
	f.elapse(f.interval() + time.Millisecond)
	missing("an expired link", expired)
	revoked := f.sendLink("revoked", 2, 2, time.Hour)
	f.noError("RevokeLinks", f.Links.RevokeLinks(f.ctx, f.org, phone(2)))
	missing("a revoked link", revoked)
	used := f.sendLink("used", 3, 1, time.Hour)
	if _, _, err := f.Links.UseLink(f.ctx, used.Hash); err != nil {
		f.Fatalf("UseLink: %v", err)
	}
	missing("a link that is used up", used)
	want := errs["an unknown link"]
	for what, err := range errs {
		if !errors.Is(err, followup.ErrNotFound) || fmt.Sprint(err) != fmt.Sprint(want) {
			f.Errorf("%s: UseLink's error is %v, of an unknown one %v", what, err, want)
		}
	}
}

func countsViews(f *storeFixture) {
	l := f.sendLink("a", 1, 3, time.Hour)
	for n := range 3 {
		_, seen, err := f.Links.Link(f.ctx, l.Hash)
		f.noError("Link", err)
		equal(f, "the views before", seen.Views, n)
		org, got, err := f.Links.UseLink(f.ctx, l.Hash)
		f.noError("UseLink", err)
		if org != f.org || got.Document != l.Document || got.Views != n+1 {
			f.Errorf("use %d returns %+v of %v", n+1, got, org)
		}
	}
	f.expectLink("a link that was used as often as it may be", l, false)
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
				f.Fatalf("one of ten uses at once: %v", err)
			}
		}
		equal(f, "how many of ten uses at once of a link with three succeed", ok, 3)
	}
}

func revokesLinks(f *storeFixture) {
	a, b, other := f.sendLink("a", 1, 5, time.Hour), f.sendLink("b", 1, 5, time.Hour), f.sendLink("c", 2, 5, time.Hour)
	f.noError("RevokeLinks", f.Links.RevokeLinks(f.ctx, f.org, phone(1)))
	f.expectLink("one revoked link", a, false)
	f.expectLink("the other revoked link", b, false)
	f.expectLink("another contact's link", other, true)
	f.noError("RevokeLinks", f.Links.RevokeLinks(f.ctx, f.org, phone(1)))
	f.noError("RevokeLinks of nobody", f.Links.RevokeLinks(f.ctx, f.org, phone(9)))
	f.expectLink("another contact's link", other, true)
}
