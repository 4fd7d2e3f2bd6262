package twiliosms

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

const (
	// clockSkew is how far this clock and Twilio's may differ.
	clockSkew = time.Minute

	pageSize = 50
	maxPages = 20

	// trialPrefix precedes every text of a trial account.
	trialPrefix = "Sent from your Twilio trial account - "
)

var (
	errRedacted = errors.New("twiliosms: unconfirmed: this account keeps no texts at Twilio, so a message cannot be found by its text")
	errTooMany  = errors.New("twiliosms: unconfirmed: too many messages to the number to find one among them")
)

// FindSent implements followup.Reconciler. It reads the messages that Twilio lists
// for the number. It does not filter by the date of sending, which a message in
// Twilio's queue does not have yet. If the account keeps no texts at Twilio, the
// error reports an unconfirmed message.
func (s *Sender) FindSent(ctx context.Context, org tenant.ID, m followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	account, err := s.account(ctx, org)
	if err != nil {
		return followup.Receipt{}, false, fmt.Errorf("twiliosms: unconfirmed: no account to look for message %s: %w", m.Intent, err)
	}
	c := &apiClient{ctx: ctx, http: s.cfg.HTTP, base: s.base, account: account}
	search := search{UnconfirmedMessage: m, since: m.Tried.Add(-clockSkew)}
	token, number := "", ""
	for range maxPages {
		params := (&openapi.ListMessageParams{}).SetPathAccountSid(account.SID).SetTo(m.To).SetPageSize(pageSize)
		page, err := c.api().PageMessage(params, token, number)
		if err != nil {
			return followup.Receipt{}, false, c.failure()
		}
		r, found, more, err := search.page(page)
		if found || err != nil {
			return r, found, err
		}
		if token, number = next(page); !more || token == "" && number == "" {
			return followup.Receipt{}, false, search.err()
		}
	}
	return followup.Receipt{}, false, errTooMany
}

// A search reads pages of messages, the latest first.
type search struct {
	followup.UnconfirmedMessage
	since    time.Time
	redacted bool // a message that could be the one has no text
}

// page looks for the message on a page. more reports whether it may be on a later
// one: it is not if all messages of this page are older.
func (s *search) page(p *openapi.ListMessageResponse) (r followup.Receipt, found, more bool, err error) {
	if p.Messages == nil {
		return r, false, false, errUnreadable
	}
	for i := range p.Messages {
		m := &p.Messages[i]
		if m.DateCreated == nil {
			return r, false, false, errUnreadable
		}
		created, err := time.Parse(time.RFC1123Z, *m.DateCreated)
		if err != nil {
			return r, false, false, errUnreadable
		}
		if created.Before(s.since) {
			continue
		}
		more = true
		if m.Direction == nil || !strings.HasPrefix(*m.Direction, "outbound") {
			continue
		}
		switch {
		case m.Body == nil || *m.Body == "":
			s.redacted = true
		case s.Is(*m.Body), s.Is(strings.TrimPrefix(*m.Body, trialPrefix)):
			r, err = receipt(m)
			return r, err == nil, false, err
		}
	}
	return r, false, more, nil
}

// err returns the reason why a message that was not found may exist all the same.
func (s *search) err() error {
	if s.redacted {
		return errRedacted
	}
	return nil
}

// next returns the page after p from the query of its URI. The rest of the URI is
// ignored: requests go to the configured base URL alone.
func next(p *openapi.ListMessageResponse) (token, number string) {
	if p.NextPageUri == nil {
		return "", ""
	}
	u, err := url.Parse(*p.NextPageUri)
	if err != nil {
		return "", ""
	}
	return u.Query().Get("PageToken"), u.Query().Get("Page")
}
