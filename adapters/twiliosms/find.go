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
	// clocks is how far ours and Twilio's may differ.
	clocks = time.Minute

	pageSize  = 50
	mostPages = 20

	// trial stands before every text of an account that has not been paid for.
	trial = "Sent from your Twilio trial account - "
)

var (
	errRedacted = errors.New("twiliosms: Twilio keeps no texts of this account, so a message cannot be found by its text")
	errTooMany  = errors.New("twiliosms: there are too many messages to the number to find one among them")
)

// Find implements followup.Reconciler. It reads what Twilio lists for the
// number: not by the date it was sent on, which a message in its queue does not
// have yet. Where the account keeps no texts, nobody knows.
func (s *Sender) FindSent(ctx context.Context, org tenant.ID, m followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	account, err := s.account(ctx, org)
	if err != nil {
		return followup.Receipt{}, false, fmt.Errorf("twiliosms: message %s cannot be looked for: %w", m.Intent, err)
	}
	c := &call{ctx: ctx, http: s.cfg.HTTP, base: s.base, account: account}
	search := search{UnconfirmedMessage: m, since: m.Tried.Add(-clocks)}
	token, number := "", ""
	for range mostPages {
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

// A search goes through pages of messages, the latest first.
type search struct {
	followup.UnconfirmedMessage
	since    time.Time
	redacted bool // a message that it may be has no text
}

// page looks for the message, and reports whether it may be on a further page:
// it is not if all that this one has is older.
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
		case s.Is(*m.Body), s.Is(strings.TrimPrefix(*m.Body, trial)):
			r, err = receipt(m)
			return r, err == nil, false, err
		}
	}
	return r, false, more, nil
}

// err says why a message that was not found may be there.
func (s *search) err() error {
	if s.redacted {
		return errRedacted
	}
	return nil
}

// next is the page after p, as it is named in the query of its address: where
// it is, is for us to say.
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
