package twiliosms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/twilio/twilio-go/client"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// signed reports whether Twilio signed a form that it posts to target, with the
// current or the previous token. An empty token must never verify.
func signed(target string, form url.Values, signature string, tokens tenant.Secrets) bool {
	params := make(map[string]string, len(form))
	for name, values := range form {
		params[name] = signedValue(name, values)
	}
	for _, token := range []string{tokens.Current, tokens.Previous} {
		v := client.NewRequestValidator(token)
		if token != "" && v.Validate(target, params, signature) {
			return true
		}
	}
	return false
}

// signedValue returns the text after a field's name in the signed text. A
// repeated field contributes each distinct value, sorted, as in Twilio's other
// libraries; this SDK would sign the first value only.
func signedValue(name string, values []string) string {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	return strings.Join(values, name)
}

// statusURL returns the URL at which Twilio reports the statuses of an intent's
// message.
func statusURL(base string, a Account, org tenant.ID, intent followup.IntentID) string {
	query := url.Values{"i": {string(intent)}, "h": {tag(a.AuthToken.Current, org, intent)}}
	return statusPath(base, a.Key) + "?" + query.Encode()
}

func statusPath(base, key string) string { return base + "/sms/status/" + key }

func inboundPath(base, key string) string { return base + "/sms/inbound/" + key }

// tag returns a MAC that proves that this package made a callback URL, for this
// intent of this clinic. The signature alone does not: Twilio signs any URL that
// a person with access to the account enters.
func tag(token string, org tenant.ID, intent followup.IntentID) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("callwaiting status callback\x00" + org.String() + "\x00" + string(intent)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// tagged reports whether h is the tag of the intent.
func tagged(h string, org tenant.ID, intent followup.IntentID, tokens tenant.Secrets) bool {
	for _, token := range []string{tokens.Current, tokens.Previous} {
		if token != "" && hmac.Equal([]byte(h), []byte(tag(token, org, intent))) {
			return true
		}
	}
	return false
}
