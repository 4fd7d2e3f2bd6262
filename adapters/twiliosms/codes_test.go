package twiliosms

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
)

// response returns the error of a response.
func response(status int, body string, header ...string) *apiError {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return asAPIError(&http.Response{StatusCode: status, Header: h}, []byte(body))
}

func TestClassify(t *testing.T) {
	t.Parallel()
	const html = "<html>"
	for _, row := range []struct {
		name     string
		err      error
		outcome  followup.SendOutcome
		reason   followup.Reason
		code     string
		suspends bool
	}{
		{"too many requests", response(429, `{"code":20429}`), followup.NotSent, followup.RateLimited, "20429", false},
		{"too many requests for a proxy", response(429, html), followup.NotSent, followup.RateLimited, "", false},
		{"429 with an error of another kind", response(429, `{"error":"slow down"}`), followup.NotSent, followup.RateLimited, "", false},
		{"the queue is full", response(400, `{"code":21611}`), followup.NotSent, followup.RateLimited, "21611", true},
		{"opted out", response(400, `{"code":21610}`), followup.Refused, followup.OptedOut, "21610", false},
		{"not a number", response(400, `{"code":21211}`), followup.Refused, followup.BadNumber, "21211", false},
		{"a landline", response(400, `{"code":21614}`), followup.Refused, followup.Landline, "21614", false},
		{"a closed country", response(403, `{"code":21408}`), followup.Refused, followup.RegionClosed, "21408", false},
		{"wrong credentials", response(401, `{"code":20003}`), followup.NotSent, followup.BadConfig, "20003", true},
		{"no such account", response(404, `{"code":20404}`), followup.NotSent, followup.BadConfig, "20404", true},
		{"a trial account", response(400, `{"code":21608}`), followup.NotSent, followup.BadConfig, "21608", false},
		{"404 of a proxy", response(404, html), followup.NotSent, followup.BadConfig, "", true},
		{"401 with a code that is not known", response(401, `{"code":20099}`), followup.NotSent, followup.BadConfig, "20099", true},
		{"400 with a code that is not known", response(400, `{"code":29999}`), followup.Refused, followup.Declined, "29999", false},
		{"400 of a proxy", response(400, html), followup.Uncertain, followup.Transient, "", false},
		{"a timeout on the way", response(408, ""), followup.Uncertain, followup.Transient, "", false},
		{"500 with a code", response(500, `{"code":20500}`), followup.Uncertain, followup.Transient, "20500", false},
		{"500 with the code of a refusal", response(500, `{"code":21610}`), followup.Uncertain, followup.Transient, "21610", false},
		{"503 of a proxy", response(503, html), followup.Uncertain, followup.Transient, "", false},
		{"a redirect", response(302, ""), followup.Uncertain, followup.Transient, "", false},
		{"a lost connection", errors.New("connection reset"), followup.Uncertain, followup.Transient, "", false},
		{"no connection", unsentError{errors.New("connection refused")}, followup.NotSent, followup.Transient, "", false},
		{"an unreadable response", errUnreadable, followup.Uncertain, followup.Transient, "", false},
	} {
		e, suspends := classify(row.err)
		require.Equal(t, row.outcome, e.Outcome, row.name)
		require.Equal(t, row.reason, e.Reason, row.name)
		require.Equal(t, row.code, e.Code, row.name)
		require.Equal(t, row.suspends, suspends, row.name)
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for code, m := range codes {
		require.NotEqual(t, followup.Uncertain, m.outcome, "%d: the code proves that Twilio has not accepted the message", code)
		if m.suspends {
			require.Equal(t, followup.NotSent, m.outcome, "%d: a suspended message is kept", code)
		}
		if m.reason == followup.BadConfig || m.reason == followup.RateLimited {
			require.Equal(t, followup.NotSent, m.outcome, "%d: the message is not the cause", code)
		}
	}
}

func TestDeliveryReason(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]struct{ reason, unusable followup.Reason }{
		"":      {"", ""},
		"0":     {"", ""},
		"x":     {"", ""},
		"30003": {followup.Unreachable, ""},
		"30005": {followup.BadNumber, followup.UnusableNumber},
		"30006": {followup.Landline, followup.Landline},
		"30007": {followup.Blocked, ""},
		"21610": {followup.OptedOut, ""},
		"39999": {followup.Declined, ""},
	} {
		reason := deliveryReason(code)
		require.Equal(t, want.reason, reason, code)
		require.Equal(t, want.unusable, unusable(reason), code)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"7":                             7 * time.Second,
		"0.5":                           500 * time.Millisecond,
		"-3":                            0,
		"soon":                          0,
		"1e300":                         24 * time.Hour,
		"9999999":                       24 * time.Hour,
		"NaN":                           24 * time.Hour,
		"Mon, 02 Nov 2026 12:00:30 GMT": 30 * time.Second,
		"Mon, 02 Nov 2026 11:00:00 GMT": 0,
	} {
		require.Equal(t, want, retryAfter(header, now), header)
	}
	e, _ := classify(response(429, `{"code":20429}`, "Retry-After", "7"))
	require.Equal(t, 7*time.Second, e.RetryAfter)
	e, _ = classify(response(400, `{"code":63038}`))
	require.Equal(t, time.Hour, e.RetryAfter)
}

// FuzzClassify checks that no piece of an error response reaches the error, and that
// only a 4xx makes a message refused or not sent.
func FuzzClassify(f *testing.F) {
	for _, body := range []string{"", "{", `{"code":21610,"message":"+12025550143"}`, `{"code":"21610"}`, `{"code":-1}`, `[1]`, `{"code":1e3}`, "\xff"} {
		f.Add(400, body, "7")
		f.Add(503, body, "Mon, 02 Nov 2026 12:00:30 GMT")
	}
	f.Fuzz(func(t *testing.T, status int, body, after string) {
		e, suspends := classify(response(status, body, "Retry-After", after))
		if e.Outcome != followup.Uncertain && status/100 != 4 {
			t.Fatalf("status %d: %v", status, e)
		}
		if suspends && e.Outcome != followup.NotSent {
			t.Fatalf("suspended with outcome %v", e)
		}
		if e.RetryAfter < 0 || e.RetryAfter > maxRetryAfter {
			t.Fatalf("Retry-After of %v", e.RetryAfter)
		}
		var twilio struct{ Message string }
		if json.Unmarshal([]byte(body), &twilio) == nil && len(twilio.Message) > 8 && strings.Contains(e.Error(), twilio.Message) {
			t.Fatalf("%q is in the error", twilio.Message)
		}
	})
}
