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

// maxForm bounds the form of a callback. A text has at most 1,600 characters.
const maxForm = 64 << 10

// Inbox persists delivery statuses and inbound texts. A *followup.Service is an
// Inbox. Safe for concurrent use.
type Inbox interface {
	RecordStatus(ctx context.Context, org tenant.ID, u followup.StatusUpdate) error
	RecordInbound(ctx context.Context, org tenant.ID, t followup.InboundText) (kind followup.ReplyKind, reply string, err error)
}

// Keys finds a clinic by the last segment of its webhook URLs. A
// tenant.Directory is a Keys. Safe for concurrent use.
type Keys interface {
	ByKey(ctx context.Context, key string) (tenant.Org, tenant.Secrets, error)
}

// CallbackConfig configures [Callbacks]. All but Log is required.
type CallbackConfig struct {
	Accounts  Accounts
	Keys      Keys
	Inbox     Inbox
	PublicURL string // same as Config.PublicURL

	// Log gets a line for every callback that is refused or not persisted, with
	// ids only.
	//
	// Defaults to slog.Default().
	Log *slog.Logger
}

// Callbacks handles the requests of Twilio. Safe for concurrent use.
type Callbacks struct {
	cfg CallbackConfig
}

// NewCallbacks returns the handlers. The error names the field that is missing
// or cannot be used, and the fix.
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

// StatusHandler handles the delivery statuses of messages. Mount it at
//
//	POST /sms/status/{key}
//
// A status that comes late, twice or out of order does not move a message back.
// The handler answers 204 if the status is persisted or unknown, 404 if no clinic
// with an account has the key, 403 if Twilio has not signed the request or the
// Sender has not made the URL, and 503 if Twilio should repeat the request.
func (c *Callbacks) StatusHandler() http.Handler {
	return c.handler(statusPath, c.status)
}

// InboundHandler handles inbound texts. Mount it at
//
//	POST /sms/inbound/{key}
//
// and enter that URL, below PublicURL, at Twilio as the webhook of the clinic's
// number or messaging service. Enter a fallback URL too, or append #rc=3&rp=all:
// otherwise Twilio does not repeat a text that was not persisted, and an opt-out
// among them is known to Twilio alone. The handler answers as StatusHandler does,
// but 200 with TwiML if the text is persisted. It sends no reply to STOP, START
// and HELP if Twilio has replied itself, as it does with Advanced Opt-Out.
func (c *Callbacks) InboundHandler() http.Handler {
	return c.handler(inboundPath, c.inbound)
}

// A callback is a verified request: a form that Twilio signed for a clinic.
type callback struct {
	org    tenant.ID
	tokens tenant.Secrets
	query  url.Values
	form   url.Values
}

// A refusal is the HTTP status of a request that is not accepted.
type refusal int

// Error names the status.
func (r refusal) Error() string { return http.StatusText(int(r)) }

// handler returns a handler of the callbacks at target. handle gets those that
// are verified.
func (c *Callbacks) handler(target func(base, key string) string, handle func(http.ResponseWriter, *http.Request, callback) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := c.read(w, r, target)
		if err == nil {
			err = handle(w, r, got)
		}
		if err != nil {
			c.refuse(w, r, got.org, err)
		}
	})
}

// read resolves the clinic, reads and decodes the form, and verifies it.
func (c *Callbacks) read(w http.ResponseWriter, r *http.Request, target func(base, key string) string) (callback, error) {
	if r.Method != http.MethodPost {
		return callback{}, refusal(http.StatusMethodNotAllowed)
	}
	key := r.PathValue("key")
	if key == "" {
		key = path.Base(r.URL.Path) // mounted without a pattern
	}
	// The clinic comes first: its auth token verifies the signature.
	org, account, err := c.resolve(r.Context(), key)
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
	// Twilio signs the URL that it calls, which a proxy may have rewritten.
	called := target(c.cfg.PublicURL, key)
	if r.URL.RawQuery != "" {
		called += "?" + r.URL.RawQuery
	}
	if !signed(called, form, r.Header.Get("X-Twilio-Signature"), account.AuthToken) {
		return callback{org: org}, refusal(http.StatusForbidden)
	}
	return callback{org: org, tokens: account.AuthToken, query: query, form: form}, nil
}

// resolve returns the clinic with the key, and its account.
func (c *Callbacks) resolve(ctx context.Context, key string) (tenant.ID, Account, error) {
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

// parse decodes a form and the query of the URL.
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
	u, ok := statusUpdate(intent, got.form)
	if ok {
		err := c.cfg.Inbox.RecordStatus(r.Context(), got.org, u)
		if err != nil && !errors.Is(err, followup.ErrNotFound) { // not found: deleted since
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// statusUpdate returns the status in a form. ok is false for a status that this
// package does not know.
func statusUpdate(intent followup.IntentID, form url.Values) (u followup.StatusUpdate, ok bool) {
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
	reply := ""
	if t, ok := inboundText(got.form); ok {
		_, text, err := c.cfg.Inbox.RecordInbound(r.Context(), got.org, t)
		if err != nil {
			return err
		}
		if t.Kind == "" {
			reply = text
		}
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	io.WriteString(w, twiml(reply))
	return nil
}

// optOutTypes are the values of OptOutType, which marks a text that Twilio has
// acted upon itself.
var optOutTypes = map[string]followup.ReplyKind{
	"STOP":  followup.ReplyStop,
	"START": followup.ReplyStart,
	"HELP":  followup.ReplyHelp,
}

// inboundText returns the text in a form. ok is false if its sender is not a
// number.
func inboundText(form url.Values) (t followup.InboundText, ok bool) {
	t = followup.InboundText{
		From:    form.Get("From"),
		Message: form.Get("MessageSid"),
		Body:    redact.NewSpeech(form.Get("Body")),
		Kind:    optOutTypes[strings.ToUpper(form.Get("OptOutType"))],
	}
	return t, e164.MatchString(t.From) && messageSID.MatchString(t.Message)
}

// twiml returns TwiML that replies with a text, or with no text if it is empty.
func twiml(reply string) string {
	const head = `<?xml version="1.0" encoding="UTF-8"?>`
	if reply == "" {
		return head + "<Response/>"
	}
	var escaped strings.Builder
	xml.EscapeText(&escaped, []byte(reply))
	return head + "<Response><Message>" + escaped.String() + "</Message></Response>"
}

// refuse answers with a constant body and logs the reason.
func (c *Callbacks) refuse(w http.ResponseWriter, r *http.Request, org tenant.ID, err error) {
	var known refusal
	if !errors.As(err, &known) {
		known = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
		c.cfg.Log.ErrorContext(r.Context(), "twiliosms: callback not persisted", "org", org, "error", err)
	} else if !org.IsZero() {
		c.cfg.Log.WarnContext(r.Context(), "twiliosms: callback refused", "org", org, "status", int(known))
	}
	http.Error(w, known.Error(), int(known))
}
