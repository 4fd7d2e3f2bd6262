package twiliosms

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// maxForm is the size of the largest form that is read. A text has at most
// 1,600 characters.
const maxForm = 64 << 10

// Inbox keeps what Twilio says; it is a *followup.Service. Safe for concurrent
// use.
type Inbox interface {
	Status(ctx context.Context, org tenant.ID, u followup.StatusUpdate) error
	Inbound(ctx context.Context, org tenant.ID, t followup.Text) (kind followup.ReplyKind, answer string, err error)
}

// Keys finds a clinic by what its webhook URLs end in; it is a
// tenant.Directory. Safe for concurrent use.
type Keys interface {
	ByKey(ctx context.Context, key string) (tenant.Org, tenant.Secrets, error)
}

// CallbackConfig configures [Callbacks]. All but Log is required.
type CallbackConfig struct {
	Accounts  Accounts
	Keys      Keys
	Inbox     Inbox
	PublicURL string // as in Config

	// Log gets a line where something went wrong, ids only.
	//
	// Defaults to slog.Default().
	Log *slog.Logger
}

// Callbacks takes what Twilio posts. Safe for concurrent use.
type Callbacks struct {
	cfg CallbackConfig
}

// NewCallbacks returns the handlers. The error names the field that is missing
// or cannot be used, and the cure.
func NewCallbacks(cfg CallbackConfig) (*Callbacks, error) {
	switch {
	case cfg.Accounts == nil:
		return nil, errors.New("twiliosms: CallbackConfig.Accounts is nil: pass the accounts that the Sender has")
	case cfg.Keys == nil:
		return nil, errors.New("twiliosms: CallbackConfig.Keys is nil: pass the tenant.Directory that knows your clinics")
	case cfg.Inbox == nil:
		return nil, errors.New("twiliosms: CallbackConfig.Inbox is nil: pass the followup.Service")
	}
	var err error
	if cfg.PublicURL, err = publicURL(cfg.PublicURL); err != nil {
		return nil, fmt.Errorf("twiliosms: CallbackConfig.PublicURL %w", err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Callbacks{cfg}, nil
}

// StatusHandler takes what becomes of messages: mount it at
//
//	POST /sms/status/{key}
//
// Words that come late, twice or out of order change nothing. 204 says that a
// word is kept, or that there is nothing to keep; 404 that no clinic that texts
// has the key; 403 that Twilio has not signed it, or that the URL is not one
// that the Sender made; 503 that it should come again.
func (c *Callbacks) StatusHandler() http.Handler {
	return c.handler(statusPath, c.status)
}

// InboundHandler takes texts from people: mount it at
//
//	POST /sms/inbound/{key}
//
// and give Twilio that URL, below PublicURL, as the webhook of the clinic's
// number or messaging service, together with a fallback or with #rc=3&rp=all at
// its end: otherwise Twilio does not repeat a text that could not be kept, and
// a STOP among them is known to Twilio alone. It answers as StatusHandler does,
// but 200 with TwiML if the text is kept. Where Twilio answers STOP, START and
// HELP itself, as it does with Advanced Opt-Out, nothing is answered here.
func (c *Callbacks) InboundHandler() http.Handler {
	return c.handler(inboundPath, c.inbound)
}

// A callback is a form that Twilio signed for a clinic.
type callback struct {
	org    tenant.ID
	tokens tenant.Secrets
	query  url.Values
	form   url.Values
}

// refusal is a status to answer with.
type refusal int

// Error names the status.
func (r refusal) Error() string { return http.StatusText(int(r)) }

// handler takes a callback that Twilio called at the clinic's target.
func (c *Callbacks) handler(target func(base, key string) string, take func(http.ResponseWriter, *http.Request, callback) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := c.read(w, r, target)
		if err == nil {
			err = take(w, r, got)
		}
		if err != nil {
			c.refuse(w, r, got.org, err)
		}
	})
}

// read limits, resolves, decodes and verifies.
func (c *Callbacks) read(w http.ResponseWriter, r *http.Request, target func(base, key string) string) (callback, error) {
	if r.Method != http.MethodPost {
		return callback{}, refusal(http.StatusMethodNotAllowed)
	}
	key := r.PathValue("key")
	if key == "" {
		key = path.Base(r.URL.Path) // mounted without a pattern
	}
	org, account, err := c.clinic(r.Context(), key)
	if err != nil {
		return callback{}, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return callback{org: org}, refusal(http.StatusRequestEntityTooLarge)
	}
	if err != nil {
		return callback{org: org}, refusal(http.StatusBadRequest)
	}
	form, query, ok := parse(r, body)
	if !ok {
		return callback{org: org}, refusal(http.StatusBadRequest)
	}
	called := target(c.cfg.PublicURL, key)
	if r.URL.RawQuery != "" {
		called += "?" + r.URL.RawQuery
	}
	if !signed(called, form, r.Header.Get("X-Twilio-Signature"), account.AuthToken) {
		return callback{org: org}, refusal(http.StatusForbidden)
	}
	return callback{org: org, tokens: account.AuthToken, query: query, form: form}, nil
}

// clinic finds whose callback it is, and how it is proved.
func (c *Callbacks) clinic(ctx context.Context, key string) (tenant.ID, Account, error) {
	if !tenant.ValidKey(key) {
		return tenant.ID{}, Account{}, refusal(http.StatusNotFound)
	}
	org, _, err := c.cfg.Keys.ByKey(ctx, key)
	if errors.Is(err, tenant.ErrUnknownOrg) {
		return tenant.ID{}, Account{}, refusal(http.StatusNotFound)
	}
	if err != nil {
		return tenant.ID{}, Account{}, err
	}
	account, err := c.cfg.Accounts.Account(ctx, org.ID)
	if errors.Is(err, ErrNoAccount) {
		return org.ID, Account{}, refusal(http.StatusNotFound)
	}
	return org.ID, account, err
}

// parse reads a form as Twilio posts it.
func parse(r *http.Request, body []byte) (form, query url.Values, ok bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, nil, false
	}
	if form, err = url.ParseQuery(string(body)); err != nil {
		return nil, nil, false
	}
	query, err = url.ParseQuery(r.URL.RawQuery)
	return form, query, err == nil
}

func (c *Callbacks) status(w http.ResponseWriter, r *http.Request, got callback) error {
	intent := followup.IntentID(got.query.Get("i"))
	if !intent.Valid() || !tagged(got.query.Get("h"), got.org, intent, got.tokens) {
		return refusal(http.StatusForbidden)
	}
	u, ok := update(intent, got.form)
	if ok {
		err := c.cfg.Inbox.Status(r.Context(), got.org, u)
		if err != nil && !errors.Is(err, followup.ErrNotFound) { // which has been deleted since
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// update is what a form says of an intent; ok is false if it says nothing that
// is known here.
func update(intent followup.IntentID, form url.Values) (u followup.StatusUpdate, ok bool) {
	state, ok := states[form.Get("MessageStatus")]
	sid := form.Get("MessageSid")
	if !ok || !messageSID.MatchString(sid) {
		return u, false
	}
	u = followup.StatusUpdate{Intent: intent, Provider: sid, State: state}
	if reason := deliveryReason(form.Get("ErrorCode")); reason != "" {
		u.Reason, u.Code, u.Unusable = reason, form.Get("ErrorCode"), unusable(reason)
	}
	return u, true
}

func (c *Callbacks) inbound(w http.ResponseWriter, r *http.Request, got callback) error {
	answer := ""
	if t, ok := text(got.form); ok {
		_, said, err := c.cfg.Inbox.Inbound(r.Context(), got.org, t)
		if err != nil {
			return err
		}
		if t.Kind == "" {
			answer = said
		}
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	io.WriteString(w, twiml(answer))
	return nil
}

// kinds are Twilio's words for the replies that it has acted upon itself.
var kinds = map[string]followup.ReplyKind{
	"STOP":  followup.ReplyStop,
	"START": followup.ReplyStart,
	"HELP":  followup.ReplyHelp,
}

// text is what a form says that somebody texted; ok is false if it is not from
// a number.
func text(form url.Values) (t followup.Text, ok bool) {
	t = followup.Text{
		From:    form.Get("From"),
		Message: form.Get("MessageSid"),
		Body:    redact.NewSpeech(form.Get("Body")),
		Kind:    kinds[strings.ToUpper(form.Get("OptOutType"))],
	}
	return t, e164.MatchString(t.From) && messageSID.MatchString(t.Message)
}

// twiml answers with a text; an empty one is none.
func twiml(answer string) string {
	const head = `<?xml version="1.0" encoding="UTF-8"?>`
	if answer == "" {
		return head + "<Response/>"
	}
	var escaped strings.Builder
	xml.EscapeText(&escaped, []byte(answer))
	return head + "<Response><Message>" + escaped.String() + "</Message></Response>"
}

// refuse answers with a constant.
func (c *Callbacks) refuse(w http.ResponseWriter, r *http.Request, org tenant.ID, err error) {
	var known refusal
	if !errors.As(err, &known) {
		known = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
		c.cfg.Log.ErrorContext(r.Context(), "twiliosms: a callback was not kept", "org", org, "error", err)
	} else if !org.IsZero() {
		c.cfg.Log.WarnContext(r.Context(), "twiliosms: a callback was refused", "org", org, "status", int(known))
	}
	http.Error(w, known.Error(), int(known))
}
