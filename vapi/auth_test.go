package vapi_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

func sign(h func() hash.Hash, key, text string) []byte {
	mac := hmac.New(h, []byte(key))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func TestSignature(t *testing.T) {
	t.Parallel()
	t.Run("a known signature is accepted", func(t *testing.T) {
		// The vectors pin the format. They were made with
		// printf '1795356300.{"message":{"type":"hang"}}' | openssl dgst -sha256 -hmac Jefe
		t.Parallel()
		const body = `{"message":{"type":"hang"}}`
		d, err := memory.NewDirectory(tenant.Registration{Org: harley, Secrets: tenant.Secrets{Current: "Jefe"}})
		require.NoError(t, err)
		for _, c := range []struct {
			sig       vapi.Signature
			timestamp string
			signature string
		}{
			{vapi.Signature{}, "1795356300", "fdac328310560d06a12e765f509f9f068ebc6d697408262cfbd832ffdfa25248"},
			{vapi.Signature{Hash: "sha512", Encoding: "base64", Payload: vapi.BodyOnly}, "", "Dk39ae42OBd8JmDL7MCeq8/QChEJ4X9EMG49kO4PgB5sjjr65meDEcup5H2mvoJ1j+x7zTSlL+cQhWX7wNQ8Cg=="},
		} {
			f := newFixture(t, func(cfg *vapi.Config) { cfg.Directory, cfg.Signature = d, c.sig })
			w := f.PostTo("harley", body, http.Header{"X-Signature": {c.signature}, "X-Timestamp": {c.timestamp}})
			require.Equal(t, http.StatusOK, w.Code)
		}
	})
	t.Run("formats, windows and tampering", func(t *testing.T) {
		t.Parallel()
		const body = `{"message":{"type":"hang","call":{"id":"call-1"},"customer":{"name":"Zoë"}}}`
		seconds := strconv.FormatInt(now.Unix(), 10)
		milliseconds := strconv.FormatInt(now.UnixMilli(), 10)
		hexed := func(h func() hash.Hash, key, text string) string { return hex.EncodeToString(sign(h, key, text)) }
		header := func(signature, timestamp string) http.Header {
			return http.Header{"X-Signature": {signature}, "X-Timestamp": {timestamp}}
		}
		at := func(offset time.Duration) http.Header {
			timestamp := strconv.FormatInt(now.Add(offset).Unix(), 10)
			return header(hexed(sha256.New, secret, timestamp+"."+body), timestamp)
		}
		atMillis := func(offset time.Duration) http.Header {
			timestamp := strconv.FormatInt(now.Add(offset).UnixMilli(), 10)
			return header(hexed(sha256.New, secret, timestamp+"."+body), timestamp)
		}
		var remarshalled any
		require.NoError(t, json.Unmarshal([]byte(body), &remarshalled))
		again, err := json.Marshal(remarshalled)
		require.NoError(t, err)
		require.NotEqual(t, body, string(again))

		for _, c := range []struct {
			name   string
			sig    vapi.Signature
			header http.Header
			ok     bool
		}{
			{"Vapi's default, in seconds", vapi.Signature{}, header(hexed(sha256.New, secret, seconds+"."+body), seconds), true},
			{"Vapi's default, in milliseconds", vapi.Signature{}, header(hexed(sha256.New, secret, milliseconds+"."+body), milliseconds), true},
			{"upper case", vapi.Signature{}, header(upper(hexed(sha256.New, secret, seconds+"."+body)), seconds), true},
			{"the previous secret", vapi.Signature{}, header(hexed(sha256.New, "harley-secret-old", seconds+"."+body), seconds), true},
			{"another clinic's secret", vapi.Signature{}, header(hexed(sha256.New, "ikeja-secret-0123456789", seconds+"."+body), seconds), false},
			{"an empty key", vapi.Signature{}, header(hexed(sha256.New, "", seconds+"."+body), seconds), false},
			{"sha512", vapi.Signature{Hash: "sha512"}, header(hexed(sha512.New, secret, seconds+"."+body), seconds), true},
			{"sha256 where sha512 is due", vapi.Signature{Hash: "sha512"}, header(hexed(sha256.New, secret, seconds+"."+body), seconds), false},
			{"base64", vapi.Signature{Encoding: "base64"}, header(base64.StdEncoding.EncodeToString(sign(sha256.New, secret, seconds+"."+body)), seconds), true},
			{"hex where base64 is due", vapi.Signature{Encoding: "base64"}, header(hexed(sha256.New, secret, seconds+"."+body), seconds), false},
			{"a prefix", vapi.Signature{Prefix: "sha256="}, header("sha256="+hexed(sha256.New, secret, seconds+"."+body), seconds), true},
			{"no prefix where one is due", vapi.Signature{Prefix: "sha256="}, header(hexed(sha256.New, secret, seconds+"."+body), seconds), false},
			{"the body only", vapi.Signature{Payload: vapi.BodyOnly}, header(hexed(sha256.New, secret, body), ""), true},
			{"the body only where a timestamp is due", vapi.Signature{}, header(hexed(sha256.New, secret, body), seconds), false},
			{"other headers", vapi.Signature{Header: "X-Vapi-Signature", TimestampHeader: "X-Vapi-Timestamp"},
				http.Header{"X-Vapi-Signature": {hexed(sha256.New, secret, seconds+"."+body)}, "X-Vapi-Timestamp": {seconds}}, true},
			{"other headers than are due", vapi.Signature{}, http.Header{"X-Vapi-Signature": {hexed(sha256.New, secret, seconds+"."+body)}, "X-Vapi-Timestamp": {seconds}}, false},
			{"five minutes old", vapi.Signature{}, at(-5 * time.Minute), true},
			{"older", vapi.Signature{}, at(-5*time.Minute - time.Second), false},
			{"older, in milliseconds", vapi.Signature{}, atMillis(-5*time.Minute - time.Millisecond), false},
			{"five minutes ahead", vapi.Signature{}, at(5 * time.Minute), true},
			{"further ahead", vapi.Signature{}, at(5*time.Minute + time.Second), false},
			{"a year ahead", vapi.Signature{}, at(365 * 24 * time.Hour), false},
			{"a year ahead, in milliseconds", vapi.Signature{}, atMillis(365 * 24 * time.Hour), false},
			{"a window of its own", vapi.Signature{Window: time.Hour}, at(-50 * time.Minute), true},
			{"no timestamp", vapi.Signature{}, header(hexed(sha256.New, secret, "."+body), ""), false},
			{"a malformed timestamp", vapi.Signature{}, header(hexed(sha256.New, secret, "now."+body), "now"), false},
			{"a timestamp below zero", vapi.Signature{}, header(hexed(sha256.New, secret, "-1."+body), "-1"), false},
			{"a timestamp past all numbers", vapi.Signature{}, header(hexed(sha256.New, secret, "9223372036854775807."+body), "9223372036854775807"), false},
			{"another timestamp than was signed", vapi.Signature{}, header(hexed(sha256.New, secret, seconds+"."+body), milliseconds), false},
			{"a tampered body", vapi.Signature{}, header(hexed(sha256.New, secret, seconds+"."+body+" "), seconds), false},
			{"a body marshalled once more", vapi.Signature{}, header(hexed(sha256.New, secret, seconds+"."+string(again)), seconds), false},
			{"half a signature", vapi.Signature{}, header(hexed(sha256.New, secret, seconds+"."+body)[:32], seconds), false},
			{"an empty signature", vapi.Signature{}, header("", seconds), false},
			{"a malformed signature", vapi.Signature{}, header("zz", seconds), false},
		} {
			t.Run(c.name, func(t *testing.T) {
				d := newFixture(t, func(cfg *vapi.Config) { cfg.Signature = c.sig })
				want := http.StatusUnauthorized
				if c.ok {
					want = http.StatusOK
				}
				require.Equal(t, want, d.PostTo("harley", body, c.header).Code)
				if c.ok {
					require.Equal(t, vapi.HMAC, d.Observations.Last().Proof)
				}
			})
		}
	})
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'f' {
			b[i] = c - 32
		}
	}
	return string(b)
}

func TestAuthMethod(t *testing.T) {
	t.Parallel()
	t.Run("secrets and tokens in headers", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			name   string
			accept []vapi.AuthMethod
			header http.Header
			proof  vapi.AuthMethod
		}{
			{"the secret", nil, http.Header{"X-Vapi-Secret": {secret}}, vapi.Secret},
			{"the previous secret", nil, http.Header{"X-Vapi-Secret": {"harley-secret-old"}}, vapi.Secret},
			{"a bearer token", nil, http.Header{"Authorization": {"Bearer " + secret}}, vapi.Bearer},
			{"a bearer token in lower case", nil, http.Header{"Authorization": {"bearer  " + secret}}, vapi.Bearer},
			{"a token without its prefix", nil, http.Header{"Authorization": {secret}}, vapi.Bearer},
			{"a bearer credential in Vapi's own header", nil, http.Header{"X-Vapi-Secret": {"Bearer " + secret}}, vapi.Secret},
			{"an empty secret and a good token", nil, http.Header{"X-Vapi-Secret": {""}, "Authorization": {"Bearer " + secret}}, vapi.Bearer},
			{"a wrong secret and a good token", nil, http.Header{"X-Vapi-Secret": {"no"}, "Authorization": {"Bearer " + secret}}, vapi.Bearer},
			{"an empty secret", nil, http.Header{"X-Vapi-Secret": {""}}, ""},
			{"an empty token", nil, http.Header{"Authorization": {"Bearer "}}, ""},
			{"half the secret", nil, http.Header{"X-Vapi-Secret": {secret[:8]}}, ""},
			{"the secret and more", nil, http.Header{"X-Vapi-Secret": {secret + "x"}}, ""},
			{"another scheme", nil, http.Header{"Authorization": {"Basic " + secret}}, ""},
			{"the secret where only signatures count", []vapi.AuthMethod{vapi.HMAC}, http.Header{"X-Vapi-Secret": {secret}}, ""},
			{"the secret where only tokens count", []vapi.AuthMethod{vapi.Bearer}, http.Header{"X-Vapi-Secret": {secret}}, ""},
			{"a token where only secrets count", []vapi.AuthMethod{vapi.Secret}, http.Header{"Authorization": {"Bearer " + secret}}, ""},
			{"a good signature where only secrets count", []vapi.AuthMethod{vapi.Secret}, http.Header{
				"X-Signature": {hex.EncodeToString(sign(sha256.New, secret, "1795356300."+hang))}, "X-Timestamp": {"1795356300"}}, ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				d := newFixture(t, func(cfg *vapi.Config) { cfg.Accept = c.accept })
				w := d.PostTo("harley", hang, c.header)
				if c.proof == "" {
					require.Equal(t, http.StatusUnauthorized, w.Code)
					require.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
				} else {
					require.Equal(t, http.StatusOK, w.Code)
				}
				require.Equal(t, c.proof, d.Observations.Last().Proof)
				require.NotContains(t, d.Log.String(), secret)
			})
		}
	})
	t.Run("an empty secret never authenticates", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, func(c *vapi.Config) { c.Directory = secretlessDirectory{c.Directory} })
		timestamp := strconv.FormatInt(now.Unix(), 10)
		for _, header := range []http.Header{
			nil,
			{"X-Vapi-Secret": {""}},
			{"Authorization": {"Bearer "}},
			{"Authorization": {"Bearer"}},
			{"X-Signature": {hex.EncodeToString(sign(sha256.New, "", timestamp+"."+hang))}, "X-Timestamp": {timestamp}},
		} {
			require.Equal(t, http.StatusUnauthorized, d.PostTo("harley", hang, header).Code)
		}
	})
}

// secretlessDirectory has clinics without secrets.
type secretlessDirectory struct{ tenant.Directory }

func (d secretlessDirectory) ByKey(ctx context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	org, _, err := d.Directory.ByKey(ctx, key)
	return org, tenant.Secrets{}, err
}
