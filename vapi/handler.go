package vapi

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/auth"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/safelog"
)

// Config configures a [Handler]. Directory is required.
type Config struct {
	Directory tenant.Directory

	// Tools are the tools that the model may call.
	//
	// Defaults to no tools: every call is answered with an error.
	Tools []Tool

	// Assistant returns the assistant that takes a call to a clinic. It must
	// return within six seconds of the request; Vapi gives up after 7.5.
	//
	// Defaults to no assistant: the caller hears Unanswered.
	Assistant func(ctx context.Context, org tenant.Org) (AssistantChoice, error)

	// FollowUp, such as a [followup.Service], records calls that begin, end
	// and are reported, and knows earlier callers. A message about a call is
	// acknowledged after its facts were persisted.
	//
	// Defaults to no records: such messages are acknowledged, and every caller
	// is new.
	FollowUp FollowUp

	// Unanswered is the sentence that the caller hears when no assistant can
	// take the call.
	//
	// Defaults to an English apology.
	Unanswered string

	// Accept lists the methods of proof. A request must carry one of them.
	//
	// Defaults to Secret, Bearer and HMAC: each shows knowledge of the
	// clinic's secret. Give HMAC alone to keep the secret off the wire.
	Accept []AuthMethod

	// Signature is the format of the HMAC proof.
	Signature Signature

	// RegisteredOnly refuses a message that names a phone number or an
	// assistant which the directory gives to no clinic. Set it if clinics
	// share a secret: a number that is not registered yet must not end up at
	// the wrong clinic.
	//
	// Defaults to false: key and secret decide, and only the numbers and
	// assistants of another clinic are refused. Observation.Unregistered
	// counts the others.
	RegisteredOnly bool

	// ToolDeadline bounds the tool calls of one message together. Keep it
	// below the tool server's timeout at Vapi, which defaults to 20 seconds.
	//
	// Defaults to 15 seconds.
	ToolDeadline time.Duration

	// MaxBody bounds the body of a request, in bytes. Every message carries
	// the conversation so far.
	//
	// Defaults to 16 MiB.
	MaxBody int64

	// Log gets a line per request, redacted.
	//
	// Defaults to slog.Default().
	Log *slog.Logger

	// Redactor redacts log lines: an error of a tool or of a store may repeat
	// a caller's words. It is unused if Log writes to a [redact.Handler].
	//
	// Defaults to redact.New with its defaults.
	Redactor *redact.Engine

	// Observer observes every request.
	//
	// Defaults to no observer.
	Observer Observer

	// Now returns the current time.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// Handler answers Vapi for every clinic of a directory. Mount it with the
// clinic's key as the last part of the path: POST /vapi/{key}. Safe for
// concurrent use.
type Handler struct {
	cfg   Config
	auth  *auth.Verifier
	tools map[string]*Tool // by name and alias
}

// New returns a Handler, or an error that names the unusable field of cfg and
// the fix.
func New(cfg Config) (*Handler, error) {
	if cfg.Directory == nil {
		return nil, errors.New("vapi: Config.Directory is nil: give the tenant.Directory that knows your clinics")
	}
	if cfg.ToolDeadline < 0 {
		return nil, errors.New("vapi: Config.ToolDeadline is negative: leave it 0 for 15 seconds")
	}
	if cfg.MaxBody < 0 {
		return nil, errors.New("vapi: Config.MaxBody is negative: leave it 0 for 16 MiB")
	}
	verifier, err := auth.New(cfg.Accept, auth.Signature(cfg.Signature))
	if err != nil {
		return nil, fmt.Errorf("vapi: %w", err)
	}
	tools, err := toolsByName(cfg.Tools)
	if err != nil {
		return nil, err
	}
	cfg.ToolDeadline = cmp.Or(cfg.ToolDeadline, 15*time.Second)
	cfg.MaxBody = cmp.Or(cfg.MaxBody, 16<<20)
	cfg.Unanswered = cmp.Or(cfg.Unanswered, "I am sorry, we cannot take your call right now. Please call again in a few minutes.")
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log, err = redact.NewLogger(cfg.Log, cfg.Redactor); err != nil {
		return nil, err
	}
	return &Handler{cfg: cfg, auth: verifier, tools: tools}, nil
}

// ServeHTTP implements [http.Handler]: it limits, authenticates, decodes and
// checks a request, each step with its refusal, and then answers the message.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	var o Observation
	var out reply
	var err error
	defer func() {
		// A panic must not reach net/http's log: its value may hold a caller's words.
		if p := recover(); p != nil {
			err = safelog.PanicError(p)
		}
		if err != nil {
			out = refuse(err)
		}
		o.Status, o.Outcome, o.Duration = out.status, out.outcome, time.Since(start)
		h.observe(r.Context(), o, out.err)
		out.write(w)
	}()

	if r.Method != http.MethodPost {
		err = errMethod
		return
	}
	if r.ContentLength > h.cfg.MaxBody {
		err = errTooLarge
		return
	}
	org, secrets, err := h.findClinic(r)
	if err != nil {
		return
	}
	body, proof, err := h.authenticate(r, secrets)
	if err != nil {
		return
	}
	o.Org, o.Proof = org.ID, proof
	m, err := Decode(body)
	if err != nil {
		return
	}
	o.Call, o.Type = m.Call.ID, m.Type
	if _, o.Known = types[m.Type]; !o.Known {
		o.Type = safelog.ID(m.Type)
	}
	if o.Unregistered, err = h.checkOwner(r.Context(), org.ID, m); err != nil {
		return
	}

	principal := tenant.Principal{Org: org.ID, Subject: "vapi:" + m.Call.ID, Method: string(proof)}
	ctx := tenant.WithPrincipal(r.Context(), principal)
	switch m.Type {
	case "tool-calls":
		out = ok(resultsReply{Results: h.callTools(ctx, org, m)})
	case "function-call":
		out = ok(newFunctionReply(h.callTools(ctx, org, m)))
	case "assistant-request":
		out = h.chooseAssistant(ctx, start, org, m)
	case "status-update", "end-of-call-report", "hang":
		out, err = h.recordCall(ctx, org, m)
	default:
		out = fixedReply(m)
	}
}

// lookupDeadline bounds each of the two directory lookups. Both must fit into
// the six seconds in which a call gets its assistant.
const lookupDeadline = 2 * time.Second

// findClinic returns the clinic with the key in the path.
func (h *Handler) findClinic(r *http.Request) (tenant.Org, tenant.Secrets, error) {
	ctx, cancel := context.WithTimeout(r.Context(), lookupDeadline)
	defer cancel()
	key := r.PathValue("key")
	if key == "" {
		key = path.Base(r.URL.Path) // mounted without a pattern
	}
	if !tenant.ValidKey(key) {
		return tenant.Org{}, tenant.Secrets{}, errUnknownKey
	}
	org, secrets, err := h.cfg.Directory.ByKey(ctx, key)
	switch {
	case errors.Is(err, tenant.ErrUnknownOrg):
		return tenant.Org{}, tenant.Secrets{}, errUnknownKey
	case err != nil:
		return tenant.Org{}, tenant.Secrets{}, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	return org, secrets, nil
}

// authenticate returns the body and the method that proved its sender. The
// body is not read unless a header holds the secret or a signature.
func (h *Handler) authenticate(r *http.Request, secrets tenant.Secrets) ([]byte, AuthMethod, error) {
	proof, proven := h.auth.ByHeader(r.Header, secrets)
	if !proven && !h.auth.Signed(r.Header) {
		return nil, "", errUnauthenticated
	}
	// The announced length is trusted up to a megabyte before the bytes arrive.
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), 1<<20)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(nil, r.Body, h.cfg.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, "", errTooLarge
	case err != nil:
		return nil, "", errUnread
	case proven:
		return body.Bytes(), proof, nil
	case h.auth.BySignature(r.Header, body.Bytes(), secrets, h.cfg.Now()):
		return body.Bytes(), HMAC, nil
	}
	return nil, "", errUnauthenticated
}

// checkOwner returns an error if the message names a phone number or an
// assistant of another clinic. An assistant that was set up with another
// clinic's URL would otherwise book its callers there.
func (h *Handler) checkOwner(ctx context.Context, org tenant.ID, m *Message) (unregistered bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookupDeadline)
	defer cancel()
	for _, named := range []struct {
		ids   [2]string
		owner func(context.Context, string) (tenant.ID, error)
	}{
		{m.phoneNumberIDs, h.cfg.Directory.ByPhoneNumberID},
		{m.assistantIDs, h.cfg.Directory.ByAssistantID},
	} {
		for i, id := range named.ids {
			if id == "" || i > 0 && id == named.ids[0] {
				continue
			}
			owner, err := named.owner(ctx, id)
			switch {
			case errors.Is(err, tenant.ErrUnknownOrg):
				unregistered = true
			case err != nil:
				return unregistered, fmt.Errorf("%w: %w", errUnavailable, err)
			case owner != org:
				return unregistered, errForeign
			}
		}
	}
	if unregistered && h.cfg.RegisteredOnly {
		return true, errUnregistered
	}
	return unregistered, nil
}

// observe logs a reply and calls the Observer. An id in it comes from a request that
// proved its sender, and has the form of an id.
func (h *Handler) observe(ctx context.Context, o Observation, err error) {
	level := slog.LevelInfo
	switch {
	case o.Status >= http.StatusInternalServerError:
		level = slog.LevelError
	case err != nil:
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("type", o.Type),
		slog.String("call", o.Call),
		slog.Int("status", o.Status),
		slog.String("outcome", o.Outcome),
		slog.Duration("duration", o.Duration),
	}
	if !o.Org.IsZero() {
		attrs = append(attrs, slog.Any("org", o.Org))
	}
	if o.Unregistered {
		attrs = append(attrs, slog.Bool("unregistered", true))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	if errors.Is(err, errForeign) || errors.Is(err, errUnregistered) {
		attrs = append(attrs, slog.Bool("audit", true))
	}
	h.cfg.Log.LogAttrs(ctx, level, "vapi: request", attrs...)
	if h.cfg.Observer != nil {
		h.cfg.Observer.Observe(ctx, o)
	}
}
