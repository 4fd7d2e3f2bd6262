// Package twiliosms sends texts through Twilio and handles its callbacks.
//
//	sender, err := twiliosms.New(twiliosms.Config{
//		Accounts:  twiliosms.StaticAccounts{clinic: {Key: "harley", SID: "AC…", AuthToken: tenant.Secrets{Current: "…"}, From: "+1…"}},
//		PublicURL: "https://texts.example.com",
//	})
//
// A [Sender] is a followup.Sender that can also find a message at Twilio and
// limit each clinic's rate. It never repeats a request that Twilio may have
// accepted, because Twilio has no idempotency key. Each clinic has its own
// account, rate limiter and circuit breaker, so that a failure of one clinic does
// not stop another.
//
// [Callbacks] handle the other direction: delivery statuses and inbound texts.
// They accept a request only if Twilio has signed it.
//
// The package uses the SDK's request parameters, wire types, API methods and
// signature check. Requests go through a client of this package: the SDK's own
// has no context, leaks connections and drops the details of errors.
//
// Errors and log lines must hold no text, number or secret.
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

	// PublicURL is the base of the URL at which Twilio reaches [Callbacks]:
	// the part before /sms/status/{key}.
	PublicURL string

	// BaseURL is the base of Twilio's API.
	//
	// Defaults to https://api.twilio.com.
	BaseURL string

	// Timeout bounds one request. It must be shorter than the lease of the
	// worker that sends.
	//
	// Defaults to 3 seconds.
	Timeout time.Duration

	// HTTP makes the requests. The sender follows no redirect.
	//
	// Defaults to a client with the transport of net/http that keeps more idle
	// connections.
	HTTP *http.Client

	// Now returns the time.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// Sender is a followup.Sender, Reconciler and Pacer on Twilio. Safe for
// concurrent use.
type Sender struct {
	cfg  Config
	base *url.URL

	mu      sync.Mutex
	clinics map[tenant.ID]*clinic
}

// A clinic is the sending state of one clinic. Safe for concurrent use.
type clinic struct {
	account Account

	mu      sync.Mutex
	limiter limiter
	breaker breaker
}

// New returns a sender. The error names the field that is missing or cannot be
// used, and the fix.
func New(cfg Config) (*Sender, error) {
	if cfg.Accounts == nil {
		return nil, errors.New("twiliosms: Config.Accounts is nil: pass the clinics' accounts, such as StaticAccounts")
	}
	if static, ok := cfg.Accounts.(StaticAccounts); ok {
		if err := static.validate(); err != nil {
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
	return &Sender{cfg: cfg, base: base, clinics: map[tenant.ID]*clinic{}}, nil
}

// publicURL returns the base of the URLs that Twilio calls, without a trailing
// slash. Twilio refuses a host with an underscore.
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
	// A clinic without a usable account has a breaker too: it opens, and the
	// messages wait for the fix.
	c := s.clinic(org, account)
	probe, suspended := c.allow(s.cfg.Now())
	if suspended != nil {
		return followup.Receipt{}, suspended
	}
	if err != nil {
		c.open(s.cfg.Now(), probe, BreakerState{Reason: followup.BadConfig}, 0)
		return followup.Receipt{}, &followup.SendError{Outcome: followup.NotSent, Reason: followup.BadConfig, Err: err}
	}
	receipt, err := s.create(ctx, org, account, m)
	if err == nil {
		c.success()
		return receipt, nil
	}
	sendErr, suspends := classify(err)
	switch {
	case sendErr.Reason == followup.Transient:
		c.failure(s.cfg.Now(), probe)
	case suspends:
		c.open(s.cfg.Now(), probe, BreakerState{Reason: sendErr.Reason, Code: sendErr.Code}, sendErr.RetryAfter)
	default: // Twilio answers, and refuses this message alone
		c.success()
	}
	return followup.Receipt{}, sendErr
}

// account returns the account of a clinic. If the account cannot be used, the
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

// misconfigured is the error of an account that cannot be used.
type misconfigured struct{ error }

// configuration reports whether only the clinic can fix err.
func configuration(err error) bool {
	var m misconfigured
	return errors.Is(err, ErrNoAccount) || errors.As(err, &m)
}

// create makes the only request of a message.
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
	c := &apiClient{ctx: ctx, http: s.cfg.HTTP, base: s.base, account: account, written: m.RequestWritten}
	message, err := c.api().CreateMessage(params)
	if err != nil {
		return followup.Receipt{}, c.failure()
	}
	return receipt(message)
}

// validity returns how many seconds Twilio may try, within the range that it
// accepts.
func validity(d time.Duration) int {
	return int(min(max(d/time.Second, 1), 36000))
}

// receipt returns the receipt of a message that Twilio has accepted.
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

// states maps Twilio's statuses of an outbound message to states of an intent.
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

// paceTimeout bounds the call of Accounts in Pace, during which contacts are
// locked and cannot book.
const paceTimeout = 200 * time.Millisecond

// Pace implements followup.Pacer.
func (s *Sender) Pace(org tenant.ID, want int) (may int, again time.Duration, why followup.Reason) {
	ctx, cancel := context.WithTimeout(context.Background(), paceTimeout)
	defer cancel()
	account, err := s.account(ctx, org)
	if err != nil && !configuration(err) {
		return 0, time.Second, followup.Transient
	}
	return s.clinic(org, account).pace(s.cfg.Now(), want)
}

// Breaker returns the state of a clinic's circuit breaker.
func (s *Sender) Breaker(org tenant.ID) BreakerState {
	s.mu.Lock()
	c := s.clinics[org]
	s.mu.Unlock()
	if c == nil {
		return BreakerState{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.breaker.state
}

// clinic returns the state of a clinic. A changed account begins with a new one,
// because the failures were those of the old account.
func (s *Sender) clinic(org tenant.ID, account Account) *clinic {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clinics[org]
	if c == nil || c.account != account {
		c = &clinic{account: account, limiter: newLimiter(account.rate(), s.cfg.Now())}
		s.clinics[org] = c
	}
	return c
}

// pace returns how many of want messages may go out now: one, the probe, if the
// breaker is open.
func (c *clinic) pace(now time.Time, want int) (may int, again time.Duration, why followup.Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.breaker.state.Open {
		return c.breaker.reserve(now, want)
	}
	may, again = c.limiter.take(now, want)
	return may, again, followup.RateLimited
}

func (c *clinic) allow(now time.Time) (probe bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.breaker.allow(now)
}

func (c *clinic) success() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaker.success()
}

func (c *clinic) failure(now time.Time, probe bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaker.failure(now, probe)
}

func (c *clinic) open(now time.Time, probe bool, s BreakerState, atLeast time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaker.open(now, probe, s, atLeast)
}
