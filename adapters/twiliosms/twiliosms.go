// Package twiliosms sends texts through Twilio and takes its callbacks.
//
//	sender, err := twiliosms.New(twiliosms.Config{
//		Accounts:  twiliosms.StaticAccounts{clinic: {Key: "harley", SID: "AC…", AuthToken: tenant.Secrets{Current: "…"}, From: "+1…"}},
//		PublicURL: "https://texts.example.com",
//	})
//
// A [Sender] is a followup.Sender that can be asked what Twilio has and keeps to
// each clinic's pace. A request that may have been taken is never made again
// here: Twilio has no idempotency key. Each clinic has its own account, pace and
// circuit breaker, so that one clinic's trouble is not another's.
//
// [Callbacks] are the other direction: delivery statuses and texts from people,
// believed only if Twilio has signed them.
//
// Of the SDK, the request parameters, the wire types, the API methods and the
// signature check are used; requests go through a client of this package, as the
// SDK's own has no context, leaks connections and loses what errors say.
//
// No text, number or secret is in an error or a log line.
package twiliosms

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Config configures a [Sender]. Accounts and PublicURL are required.
type Config struct {
	Accounts Accounts

	// PublicURL is what stands before /sms/status/{key} in the URL at which
	// Twilio reaches [Callbacks].
	PublicURL string

	// BaseURL is where Twilio's API is.
	//
	// Defaults to https://api.twilio.com.
	BaseURL string

	// Timeout bounds one request. It must be shorter than the lease of the
	// worker that sends.
	//
	// Defaults to 3 seconds.
	Timeout time.Duration

	// HTTP makes the requests. Its redirects are not followed.
	//
	// Defaults to a client whose transport is that of net/http with more
	// connections kept.
	HTTP *http.Client

	// Now tells the time.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// Sender is a followup.Sender, Reconciler and Pacer on Twilio. Safe for
// concurrent use.
type Sender struct {
	cfg  Config
	base *url.URL

	mu    sync.Mutex
	lines map[tenant.ID]*line
}

// New returns a sender. The error names the field that is missing or cannot be
// used, and the cure.
func New(cfg Config) (*Sender, error) {
	if cfg.Accounts == nil {
		return nil, errors.New("twiliosms: Config.Accounts is nil: pass the clinics' accounts, such as StaticAccounts")
	}
	if static, ok := cfg.Accounts.(StaticAccounts); ok {
		if err := static.valid(); err != nil {
			return nil, err
		}
	}
	if cfg.Timeout < 0 {
		return nil, errors.New("twiliosms: Config.Timeout is negative: leave it 0 for 3 seconds")
	}
	var err error
	if cfg.PublicURL, err = publicURL(cfg.PublicURL); err != nil {
		return nil, fmt.Errorf("twiliosms: Config.PublicURL %w", err)
	}
	base, err := url.Parse(cmp.Or(cfg.BaseURL, "https://api.twilio.com"))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, errors.New("twiliosms: Config.BaseURL is not an http or https URL: leave it empty for https://api.twilio.com")
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	cfg.Timeout = cmp.Or(cfg.Timeout, 3*time.Second)
	cfg.HTTP = withoutRedirects(cfg.HTTP)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Sender{cfg: cfg, base: base, lines: map[tenant.ID]*line{}}, nil
}

// publicURL returns the base of the URLs that Twilio calls, without a slash at
// its end. Twilio takes no host with an underscore.
func publicURL(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "", errors.New("is empty: give the base of the URLs at which Twilio reaches this service")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("is not an http or https URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Contains(u.Host, "_"):
		return "", errors.New("cannot have a user, a query, a fragment or an underscore in its host")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func withoutRedirects(given *http.Client) *http.Client {
	c := http.Client{}
	if given != nil {
		c = *given
	} else if stock, ok := http.DefaultTransport.(*http.Transport); ok {
		t := stock.Clone()
		t.MaxIdleConnsPerHost = t.MaxIdleConns
		c.Transport = t
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// Send implements followup.Sender.
func (s *Sender) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	account, err := s.account(ctx, org)
	if err != nil && !configuration(err) {
		return followup.Receipt{}, &followup.SendError{Outcome: followup.NotSent, Reason: followup.Transient, Err: err}
	}
	line := s.line(org, account)
	probe, suspended := line.admit(s.cfg.Now())
	if suspended != nil {
		return followup.Receipt{}, suspended
	}
	if err != nil {
		line.note(s.cfg.Now(), probe, followup.BadConfig, "", 0)
		return followup.Receipt{}, &followup.SendError{Outcome: followup.NotSent, Reason: followup.BadConfig, Err: err}
	}
	receipt, err := s.create(ctx, org, account, m)
	if err == nil {
		line.worked()
		return receipt, nil
	}
	verdict, stops := asSendError(err)
	switch {
	case verdict.Reason == followup.Transient:
		line.failed(s.cfg.Now(), probe)
	case stops:
		line.note(s.cfg.Now(), probe, verdict.Reason, verdict.Code, verdict.RetryAfter)
	default: // Twilio is there, and says what is wrong with this message
		line.worked()
	}
	return followup.Receipt{}, verdict
}

// account returns the account of a clinic if it can be used. If it cannot, the
// error is a configuration error.
func (s *Sender) account(ctx context.Context, org tenant.ID) (Account, error) {
	a, err := s.cfg.Accounts.Account(ctx, org)
	if err != nil {
		return Account{}, err
	}
	if err := a.Validate(); err != nil {
		return a, misconfigured{err}
	}
	return a, nil
}

// misconfigured is an account that cannot be used.
type misconfigured struct{ error }

// configuration reports whether the clinic has to act upon err.
func configuration(err error) bool {
	var m misconfigured
	return errors.Is(err, ErrNoAccount) || errors.As(err, &m)
}

// create makes the one request of a message.
func (s *Sender) create(ctx context.Context, org tenant.ID, account Account, m followup.Message) (followup.Receipt, error) {
	params := (&openapi.CreateMessageParams{}).
		SetPathAccountSid(account.SID).
		SetTo(m.To).
		SetBody(m.Body).
		SetStatusCallback(statusURL(s.cfg.PublicURL, account, org, m.Intent)).
		SetValidityPeriod(validity(m.ValidFor))
	if account.From != "" {
		params.SetFrom(account.From)
	} else {
		params.SetMessagingServiceSid(account.MessagingServiceSID)
	}
	c := &call{ctx: ctx, http: s.cfg.HTTP, base: s.base, account: account, departed: m.RequestWritten}
	message, err := c.api().CreateMessage(params)
	if err != nil {
		return followup.Receipt{}, c.failure()
	}
	return receipt(message)
}

// validity is how long Twilio may try, in seconds as it takes them.
func validity(d time.Duration) int {
	return int(min(max(d/time.Second, 1), 36000))
}

// receipt reads what Twilio says of a message that it has.
func receipt(m *openapi.ApiV2010Message) (followup.Receipt, error) {
	if m.Sid == nil || !messageSID.MatchString(*m.Sid) {
		return followup.Receipt{}, errUnreadable
	}
	r := followup.Receipt{Provider: *m.Sid, State: followup.Accepted}
	if m.Status != nil {
		r.State = cmp.Or(states[*m.Status], followup.Accepted)
	}
	return r, nil
}

// states are Twilio's statuses of an outbound message as the life of an intent.
// https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
var states = map[string]followup.State{
	"accepted":    followup.Accepted,
	"scheduled":   followup.Accepted,
	"queued":      followup.Accepted,
	"sending":     followup.Accepted,
	"sent":        followup.Sent,
	"delivered":   followup.Delivered,
	"read":        followup.Delivered,
	"undelivered": followup.Undelivered,
	"failed":      followup.Failed,
	"canceled":    followup.Failed,
}

// paceWithin bounds what Accounts may take while contacts are kept from booking.
const paceWithin = 200 * time.Millisecond

// Pace implements followup.Pacer.
func (s *Sender) Pace(org tenant.ID, want int) (may int, again time.Duration, why followup.Reason) {
	ctx, cancel := context.WithTimeout(context.Background(), paceWithin)
	defer cancel()
	account, err := s.account(ctx, org)
	if err != nil && !configuration(err) {
		return 0, time.Second, followup.Transient
	}
	return s.line(org, account).pace(s.cfg.Now(), want)
}

// State tells whether a clinic's sending is suspended, and why.
func (s *Sender) State(org tenant.ID) State {
	s.mu.Lock()
	l := s.lines[org]
	s.mu.Unlock()
	if l == nil {
		return State{}
	}
	return l.current()
}

// line is the clinic's. A new account has done nothing wrong yet.
func (s *Sender) line(org tenant.ID, account Account) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[org]
	if l == nil || l.account != account {
		l = newLine(account, s.cfg.Now())
		s.lines[org] = l
	}
	return l
}
