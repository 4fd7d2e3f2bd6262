package twiliosms_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// inbox records its calls.
type inbox struct {
	mu       sync.Mutex
	statuses []followup.StatusUpdate
	texts    []followup.InboundText
	orgs     []tenant.ID
	reply    string
	err      error
}

func (b *inbox) RecordStatus(_ context.Context, org tenant.ID, u followup.StatusUpdate) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.statuses, b.orgs = append(b.statuses, u), append(b.orgs, org)
	return b.err
}

func (b *inbox) RecordInbound(_ context.Context, org tenant.ID, t followup.InboundText) (followup.ReplyKind, string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.texts, b.orgs = append(b.texts, t), append(b.orgs, org)
	return t.Kind, b.reply, b.err
}

// received returns the statuses so far.
func (b *inbox) received() []followup.StatusUpdate {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.statuses)
}

type keys map[string]tenant.ID

func (k keys) ByKey(_ context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	switch org, ok := k[key]; {
	case ok:
		return tenant.Org{ID: org, Key: key}, tenant.Secrets{}, nil
	case key == "down":
		return tenant.Org{}, tenant.Secrets{}, errors.New("database down")
	}
	return tenant.Org{}, tenant.Secrets{}, tenant.ErrUnknownOrg
}

var clinics = keys{"harley": harley, "ikeja": ikeja, "silent": tenant.NewID()}

// hooks returns the handlers at public, and their log.
func hooks(t testing.TB, b *inbox, known twiliosms.Accounts) (http.Handler, *strings.Builder) {
	t.Helper()
	var log strings.Builder
	c, err := twiliosms.NewCallbacks(twiliosms.CallbackConfig{
		Accounts: known, Keys: clinics, Inbox: b, PublicURL: public, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/sms/status/{key}", c.StatusHandler())
	mux.Handle("/sms/inbound/{key}", c.InboundHandler())
	return mux, &log
}

// post posts a form as Twilio does, to a path below public.
func post(h http.Handler, path, token string, form url.Values) *httptest.ResponseRecorder {
	return deliver(h, path, twiliotest.Sign(public+path, token, form), form.Encode())
}

func deliver(h http.Handler, path, signature, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	r.Header.Set("X-Twilio-Signature", signature)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const messageID = "SM00000000000000000000000000000001"

// callbackPath returns the path of the status callbacks of message 1.
func callbackPath(t testing.TB, known twiliosms.Accounts) string {
	t.Helper()
	c := carrier(t, twiliotest.Config{})
	_, err := newSender(t, twiliosms.Config{BaseURL: c.URL(), Accounts: known}).Send(t.Context(), harley, message(1))
	require.NoError(t, err)
	return strings.TrimPrefix(c.Messages()[0].StatusCallback, public)
}

func status(word, code string) url.Values {
	form := url.Values{"MessageSid": {messageID}, "MessageStatus": {word}, "To": {to}, "AccountSid": {sid}}
	if code != "" {
		form.Set("ErrorCode", code)
	}
	return form
}

func TestCallbacks_StatusHandler(t *testing.T) {
	t.Parallel()
	path := callbackPath(t, accounts())
	for _, row := range []struct {
		word, code string
		want       followup.StatusUpdate
	}{
		{"queued", "", followup.StatusUpdate{State: followup.Accepted}},
		{"sending", "", followup.StatusUpdate{State: followup.Accepted}},
		{"sent", "", followup.StatusUpdate{State: followup.Sent}},
		{"delivered", "", followup.StatusUpdate{State: followup.Delivered}},
		{"read", "", followup.StatusUpdate{State: followup.Delivered}},
		{"canceled", "", followup.StatusUpdate{State: followup.Failed}},
		{"undelivered", "30003", followup.StatusUpdate{State: followup.Undelivered, Reason: followup.Unreachable, Code: "30003"}},
		{"undelivered", "30005", followup.StatusUpdate{State: followup.Undelivered, Reason: followup.BadNumber, Code: "30005", Unusable: followup.UnusableNumber}},
		{"undelivered", "30006", followup.StatusUpdate{State: followup.Undelivered, Reason: followup.Landline, Code: "30006", Unusable: followup.Landline}},
		{"failed", "21610", followup.StatusUpdate{State: followup.Failed, Reason: followup.OptedOut, Code: "21610"}},
		{"failed", "39999", followup.StatusUpdate{State: followup.Failed, Reason: followup.Declined, Code: "39999"}},
	} {
		b := &inbox{}
		h, _ := hooks(t, b, accounts())
		w := post(h, path, token, status(row.word, row.code))
		require.Equal(t, http.StatusNoContent, w.Code, row.word)
		require.Empty(t, w.Body.String())
		row.want.Intent, row.want.Provider = message(1).Intent, messageID
		require.Equal(t, []followup.StatusUpdate{row.want}, b.statuses)
		require.Equal(t, []tenant.ID{harley}, b.orgs)
	}
}

func TestCallbacks_StatusHandler_UnknownStatus(t *testing.T) {
	t.Parallel()
	path := callbackPath(t, accounts())
	b := &inbox{}
	h, _ := hooks(t, b, accounts())
	for _, form := range []url.Values{status("partially_delivered", ""), status("", ""), {"MessageStatus": {"sent"}}, {"MessageStatus": {"sent"}, "MessageSid": {"x"}}} {
		require.Equal(t, http.StatusNoContent, post(h, path, token, form).Code)
	}
	require.Empty(t, b.statuses)

	b.err = followup.ErrNotFound
	require.Equal(t, http.StatusNoContent, post(h, path, token, status("sent", "")).Code, "the message was deleted")
}

func TestCallbacks_VerifiesTheSignature(t *testing.T) {
	t.Parallel()
	path := callbackPath(t, accounts())
	form := status("delivered", "")
	sign := func(target, token string) string { return twiliotest.Sign(target, token, form) }
	for _, row := range []struct {
		name, path, signature, body string
		want                        int
	}{
		{"genuine", path, sign(public+path, token), form.Encode(), 204},
		{"signed for the port", path, sign("https://texts.example.com:443"+path, token), form.Encode(), 204},
		{"signed for another port", path, sign("https://texts.example.com:8443"+path, token), form.Encode(), 403},
		{"signed for http", path, sign("http://texts.example.com"+path, token), form.Encode(), 403},
		{"signed with another clinic's token", path, sign(public+path, "token-of-ikeja-0001"), form.Encode(), 403},
		{"signed with no token", path, sign(public+path, ""), form.Encode(), 403},
		{"not signed", path, "", form.Encode(), 403},
		{"another status", path, sign(public+path, token), strings.Replace(form.Encode(), "delivered", "failed", 1), 403},
		{"a field more", path, sign(public+path, token), form.Encode() + "&ErrorCode=21610", 403},
		{"a field twice", path, sign(public+path, token), form.Encode() + "&MessageStatus=failed", 403},
		{"a field twice, the forged first", path, sign(public+path, token), "MessageStatus=failed&" + form.Encode(), 403},
		{"a field less", path, sign(public+path, token), strings.Replace(form.Encode(), "MessageStatus=delivered&", "", 1), 403},
		{"a query more", path + "&x=1", sign(public+path, token), form.Encode(), 403},
		{"at another clinic", strings.Replace(path, "harley", "ikeja", 1), sign(public+path, token), form.Encode(), 403},
		{"to an unknown clinic", "/sms/status/nobody", "", form.Encode(), 404},
		{"to an invalid key", "/sms/status/No%20Key", "", form.Encode(), 404},
		{"to a clinic without an account", "/sms/status/silent", "", form.Encode(), 404},
		{"not a form", path, sign(public+path, token), "%zz", 400},
		{"too large", path, sign(public+path, token), strings.Repeat("x", 65<<10), 413},
		{"a directory that is down", "/sms/status/down", "", form.Encode(), 503},
	} {
		b := &inbox{}
		h, log := hooks(t, b, accounts())
		w := deliver(h, row.path, row.signature, row.body)
		require.Equal(t, row.want, w.Code, row.name)
		require.Len(t, b.statuses, map[bool]int{true: 1}[row.want == 204], row.name)
		require.NotContains(t, log.String(), to[1:])
	}
}

func TestCallbacks_VerifiesRepeatedFields(t *testing.T) {
	t.Parallel()
	path := callbackPath(t, accounts())
	b := &inbox{}
	h, _ := hooks(t, b, accounts())
	form := status("delivered", "")
	form["Tag"] = []string{"b", "a", "b"}
	require.Equal(t, http.StatusNoContent, post(h, path, token, form).Code)
	require.Len(t, b.statuses, 1)
}

// openssl dgst -sha1 -hmac computed the vector, from the URL and the fields as
// Twilio describes them.
func TestCallbacks_VerifiesAnIndependentSignature(t *testing.T) {
	t.Parallel()
	b := &inbox{}
	h, _ := hooks(t, b, accounts())
	form := url.Values{"Body": {"Book me in & call back?"}, "From": {to}, "MessageSid": {messageID}}
	w := deliver(h, "/sms/inbound/harley", "vldMK/HhDIUannr8jJwS0wYiNcs=", form.Encode())
	require.Equal(t, http.StatusOK, w.Code)
}

func TestCallbacks_AcceptsThePreviousToken(t *testing.T) {
	t.Parallel()
	before := accounts()
	path := callbackPath(t, before)
	after := accounts()
	a := after[harley]
	a.AuthToken = tenant.Secrets{Current: "token-of-harley-0002", Previous: token}
	after[harley] = a
	b := &inbox{}
	h, _ := hooks(t, b, after)
	require.Equal(t, http.StatusNoContent, post(h, path, token, status("sent", "")).Code, "signed with the previous token")
	require.Equal(t, http.StatusNoContent, post(h, path, "token-of-harley-0002", status("sent", "")).Code, "tag of the previous token, signature of the current")
	require.Equal(t, http.StatusNoContent, post(h, callbackPath(t, after), "token-of-harley-0002", status("sent", "")).Code)

	a.AuthToken.Previous = ""
	after[harley] = a
	require.Equal(t, http.StatusForbidden, post(h, path, token, status("sent", "")).Code, "the previous token is removed")
	require.Equal(t, http.StatusForbidden, post(h, path, "token-of-harley-0002", status("sent", "")).Code)
}

// A person with the right to make Twilio call any URL cannot forge a status.
func TestCallbacks_StatusHandler_RequiresTheTag(t *testing.T) {
	t.Parallel()
	path := callbackPath(t, accounts())
	b := &inbox{}
	h, _ := hooks(t, b, accounts())
	at, _ := url.Parse(path)
	for name, change := range map[string]func(url.Values){
		"no tag":         func(q url.Values) { q.Del("h") },
		"a short tag":    func(q url.Values) { q.Set("h", q.Get("h")[:21]) },
		"another intent": func(q url.Values) { q.Set("i", string(message(2).Intent)) },
		"no intent":      func(q url.Values) { q.Del("i") },
		"not an intent":  func(q url.Values) { q.Set("i", "1") },
	} {
		q := at.Query()
		change(q)
		require.Equal(t, http.StatusForbidden, post(h, at.Path+"?"+q.Encode(), token, status("sent", "")).Code, name)
	}
	require.Equal(t, http.StatusForbidden, post(h, at.Path, token, status("sent", "")).Code)
	require.Empty(t, b.statuses)
}

func TestCallbacks_StoreUnavailable(t *testing.T) {
	t.Parallel()
	path := callbackPath(t, accounts())
	b := &inbox{err: errors.New("database down")}
	h, log := hooks(t, b, accounts())
	w := post(h, path, token, status("sent", ""))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	w = post(h, "/sms/inbound/harley", token, inboundForm("STOP"))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), "database")
	require.Contains(t, log.String(), harley.String())
	require.NotContains(t, log.String(), to[1:])
}

func TestCallbacks_AcceptsPostedFormsOnly(t *testing.T) {
	t.Parallel()
	h, _ := hooks(t, &inbox{}, accounts())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sms/inbound/harley", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/sms/inbound/harley", strings.NewReader("{}")))
	require.Equal(t, http.StatusBadRequest, w.Code)
}

func inboundForm(body string) url.Values {
	return url.Values{"Body": {body}, "From": {to}, "To": {"+12025550100"}, "MessageSid": {messageID}}
}

func TestCallbacks_InboundHandler(t *testing.T) {
	t.Parallel()
	const head = `<?xml version="1.0" encoding="UTF-8"?>`
	for _, row := range []struct {
		name, optOut, reply, want string
		kind                      followup.ReplyKind
	}{
		{"a text without a reply", "", "", head + "<Response/>", ""},
		{"a text with a reply", "", "Harley & Co: <noted>", head + "<Response><Message>Harley &amp; Co: &lt;noted&gt;</Message></Response>", ""},
		{"STOP that Twilio has replied to", "STOP", "you are out", head + "<Response/>", followup.ReplyStop},
		{"START that Twilio has replied to", "START", "you are in", head + "<Response/>", followup.ReplyStart},
		{"HELP that Twilio has replied to", "HELP", "call us", head + "<Response/>", followup.ReplyHelp},
		{"an unknown OptOutType", "MAYBE", "noted", head + "<Response><Message>noted</Message></Response>", ""},
	} {
		b := &inbox{reply: row.reply}
		h, log := hooks(t, b, accounts())
		form := inboundForm("please text me no more")
		if row.optOut != "" {
			form.Set("OptOutType", row.optOut)
		}
		w := post(h, "/sms/inbound/harley", token, form)
		require.Equal(t, http.StatusOK, w.Code, row.name)
		require.Equal(t, "text/xml; charset=utf-8", w.Header().Get("Content-Type"))
		require.Equal(t, row.want, w.Body.String(), row.name)
		require.Len(t, b.texts, 1)
		require.Equal(t, to, b.texts[0].From)
		require.Equal(t, messageID, b.texts[0].Message)
		require.Equal(t, row.kind, b.texts[0].Kind, row.name)
		require.Equal(t, "please text me no more", b.texts[0].Body.Reveal())
		require.Equal(t, []tenant.ID{harley}, b.orgs)
		require.Empty(t, log.String())
	}
}

func TestCallbacks_InboundHandler_SenderIsNotANumber(t *testing.T) {
	t.Parallel()
	b := &inbox{reply: "hello"}
	h, _ := hooks(t, b, accounts())
	for _, from := range []string{"", "whatsapp:" + to, "70123", "PIZZA"} {
		form := inboundForm("hello")
		form.Set("From", from)
		w := post(h, "/sms/inbound/harley", token, form)
		require.Equal(t, http.StatusOK, w.Code)
		require.NotContains(t, w.Body.String(), "hello")
	}
	require.Empty(t, b.texts)
}

// Statuses that come shuffled, twice and late leave the intent in the state that
// is furthest on.
func TestCallbacks_AnyOrder(t *testing.T) {
	t.Parallel()
	b := &inbox{}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c, err := twiliosms.NewCallbacks(twiliosms.CallbackConfig{Accounts: accounts(), Keys: clinics, Inbox: b, PublicURL: server.URL})
	require.NoError(t, err)
	mux.Handle("POST /sms/status/{key}", c.StatusHandler())
	fake := carrier(t, twiliotest.Config{Callbacks: &twiliotest.Callbacks{Shuffled: true, Twice: true, Delay: [2]time.Duration{0, 5 * time.Millisecond}}})
	s := newSender(t, twiliosms.Config{BaseURL: fake.URL(), PublicURL: server.URL})
	const n = 10
	for i := range n {
		_, err := s.Send(t.Context(), harley, message(i))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return len(b.received()) == 6*n }, 10*time.Second, time.Millisecond)
	at := map[followup.IntentID]followup.State{}
	for _, u := range b.received() {
		if state, ok := at[u.Intent]; !ok || u.State.Outranks(state) {
			at[u.Intent] = u.State
		}
	}
	require.Len(t, at, n)
	for _, state := range at {
		require.Equal(t, followup.Delivered, state)
	}
}

func TestNewCallbacks_NamesTheField(t *testing.T) {
	t.Parallel()
	full := twiliosms.CallbackConfig{Accounts: accounts(), Keys: clinics, Inbox: &inbox{}, PublicURL: public}
	for field, drop := range map[string]func(*twiliosms.CallbackConfig){
		"Accounts":  func(c *twiliosms.CallbackConfig) { c.Accounts = nil },
		"Keys":      func(c *twiliosms.CallbackConfig) { c.Keys = nil },
		"Inbox":     func(c *twiliosms.CallbackConfig) { c.Inbox = nil },
		"PublicURL": func(c *twiliosms.CallbackConfig) { c.PublicURL = "" },
	} {
		cfg := full
		drop(&cfg)
		_, err := twiliosms.NewCallbacks(cfg)
		require.ErrorContains(t, err, "CallbackConfig."+field)
	}
}

// FuzzCallbacks checks that every request gets one of the documented statuses, is
// persisted only if it is signed, and is logged without its text.
func FuzzCallbacks(f *testing.F) {
	path := callbackPath(f, accounts())
	_, query, _ := strings.Cut(path, "?")
	f.Add(query, status("delivered", "").Encode(), true)
	f.Add(query, status("failed", "30006").Encode(), true)
	f.Add("", inboundForm("STOP").Encode(), true)
	f.Add(query, "a=1&a=2&%41=3;&b", true)
	f.Add("%zz", "\x00\xff", false)
	f.Fuzz(func(t *testing.T, query, body string, sign bool) {
		form, err := url.ParseQuery(body)
		for _, path := range []string{"/sms/status/harley", "/sms/inbound/harley"} {
			b := &inbox{reply: "<&>"}
			h, log := hooks(t, b, accounts())
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			r.URL.RawQuery = query
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			called := public + path
			if query != "" {
				called += "?" + query
			}
			if sign && err == nil {
				r.Header.Set("X-Twilio-Signature", twiliotest.Sign(called, token, form))
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if !slices.Contains([]int{200, 204, 400, 403, 413}, w.Code) {
				t.Fatalf("%s: %d", path, w.Code)
			}
			if !sign && len(b.statuses)+len(b.texts) > 0 {
				t.Fatalf("%s: kept without a signature", path)
			}
			if words := form.Get("Body"); len(words) > 8 && strings.Contains(log.String(), words) {
				t.Fatalf("%s: %q is logged", path, words)
			}
		}
	})
}
