// Package contract checks every request of adapters/twiliosms against Twilio's
// OpenAPI description of its API. .ci/openapi fetches the description and runs the
// tests.
package contract

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

const form = "application/x-www-form-urlencoded"

// A validator is a transport that checks each request against the description.
type validator struct {
	router routers.Router

	mu       sync.Mutex
	requests []string
	invalid  []error
}

func newValidator(t *testing.T) *validator {
	t.Helper()
	path := os.Getenv("TWILIO_OPENAPI")
	if path == "" {
		t.Fatal("TWILIO_OPENAPI does not name Twilio's description of its API: run .ci/openapi, which fetches it")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	require.NoError(t, err)
	const messages = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
	require.NotNil(t, doc.Paths.Value(messages), "the description knows the resource")
	doc.Paths = openapi3.NewPaths(openapi3.WithPath(messages, doc.Paths.Value(messages)))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	return &validator{router: router}
}

// RoundTrip implements http.RoundTripper: it validates a request and sends it.
func (v *validator) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	err := v.validate(r.Context(), r.Method, r.URL, r.Header, body)
	v.mu.Lock()
	v.requests = append(v.requests, r.Method+" "+r.URL.RawQuery+" "+string(body))
	if err != nil {
		v.invalid = append(v.invalid, err)
	}
	v.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// validate returns an error for each part of a request that the description forbids.
func (v *validator) validate(ctx context.Context, method string, target *url.URL, header http.Header, body []byte) error {
	atTwilio := *target
	atTwilio.Scheme, atTwilio.Host = "https", "api.twilio.com"
	r, err := http.NewRequestWithContext(ctx, method, atTwilio.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header.Clone()
	route, params, err := v.router.FindRoute(r)
	if err != nil {
		return err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: basic, MultiError: true},
	}
	return errors.Join(openapi3filter.ValidateRequest(ctx, input), unknown(route.Operation, r.URL.Query(), body))
}

// basic checks HTTP basic authentication, the only scheme of the description.
func basic(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if user, password, ok := in.RequestValidationInput.Request.BasicAuth(); !ok || user == "" || password == "" {
		return errors.New("no credentials")
	}
	return nil
}

// unknown returns an error for each field that the description lacks; openapi3filter
// accepts additional fields.
func unknown(op *openapi3.Operation, query url.Values, body []byte) error {
	var wrong []error
	for name := range query {
		if name == "Page" || name == "PageToken" {
			continue // they come from next_page_uri of an answer
		}
		if op.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			wrong = append(wrong, fmt.Errorf("no parameter %s", name))
		}
	}
	if op.RequestBody == nil {
		if len(body) > 0 {
			wrong = append(wrong, errors.New("no body"))
		}
		return errors.Join(wrong...)
	}
	fields, err := url.ParseQuery(string(body))
	properties := op.RequestBody.Value.Content.Get(form).Schema.Value.Properties
	for name, values := range fields {
		schema := properties[name]
		switch {
		case schema == nil:
			wrong = append(wrong, fmt.Errorf("no field %s", name))
		case len(values) > 1 && !schema.Value.Type.Is("array"):
			wrong = append(wrong, fmt.Errorf("field %s occurs %d times", name, len(values)))
		}
	}
	return errors.Join(append(wrong, err)...)
}

const (
	number  = "AC00000000000000000000000000000001"
	service = "AC00000000000000000000000000000002"
)

func TestSender_Requests(t *testing.T) {
	v := newValidator(t)
	carrier, err := twiliotest.Start(twiliotest.Config{})
	require.NoError(t, err)
	t.Cleanup(carrier.Close)
	withNumber, withService := tenant.NewID(), tenant.NewID()
	sender, err := twiliosms.New(twiliosms.Config{
		Accounts: twiliosms.StaticAccounts{
			withNumber:  {Key: "harley", SID: number, AuthToken: tenant.Secrets{Current: "1"}, From: "+12025550100"},
			withService: {Key: "ikeja", SID: service, AuthToken: tenant.Secrets{Current: "2"}, MessagingServiceSID: "MG00000000000000000000000000000002"},
		},
		PublicURL: "https://texts.example.com/clinics", BaseURL: carrier.URL(), HTTP: &http.Client{Transport: v},
	})
	require.NoError(t, err)

	message := func(org tenant.ID, n int) followup.Message {
		return followup.Message{
			Intent: followup.NewIntentID(org, fmt.Sprint(n)), To: "+447700900123", ValidFor: time.Duration(n) * time.Hour,
			Body: fmt.Sprintf("Clinic %d: thanks & see https://go.example.com/d/%d. Größe? +1 =%%", n, n),
		}
	}
	for _, org := range []tenant.ID{withNumber, withService} {
		tried := time.Now()
		for n := range 60 {
			_, err := sender.Send(t.Context(), org, message(org, n))
			require.NoError(t, err)
		}
		first := message(org, 0)
		_, found, err := sender.FindSent(t.Context(), org, followup.UnconfirmedMessage{
			Intent: first.Intent, To: first.To, Tried: tried, Digest: sha256.Sum256([]byte(first.Body)),
		})
		require.NoError(t, err)
		require.True(t, found, "on the second page")
	}

	require.Empty(t, v.invalid)
	require.Len(t, v.requests, 2*(60+2))
	all := strings.Join(v.requests, "\n")
	for _, field := range []string{"To=", "From=", "MessagingServiceSid=", "Body=", "StatusCallback=", "ValidityPeriod=1\n", "ValidityPeriod=36000\n", "PageSize=", "PageToken="} {
		require.Contains(t, all, field, "every optional field occurs")
	}
	require.Empty(t, carrier.Problems(), "twiliotest refuses the same requests")
}

// TestValidator is the red control: the description must refuse these requests.
func TestValidator(t *testing.T) {
	validator := newValidator(t)
	right := url.Values{
		"To": {"+447700900123"}, "Body": {"hello"}, "MessagingServiceSid": {"MG00000000000000000000000000000002"},
		"StatusCallback": {"https://texts.example.com/sms/status/harley?i=1&h=2"}, "ValidityPeriod": {"60"},
	}
	const path = "/2010-04-01/Accounts/" + number + "/Messages.json"
	header := func(user string) http.Header {
		r := &http.Request{Header: http.Header{}}
		r.Header.Set("Content-Type", form)
		if user != "" {
			r.SetBasicAuth(user, "1")
		}
		return r.Header
	}
	send := func(target string, header http.Header, change func(url.Values)) error {
		fields := url.Values{}
		for name, values := range right {
			fields[name] = values
		}
		change(fields)
		u, err := url.Parse(target)
		require.NoError(t, err)
		return validator.validate(t.Context(), http.MethodPost, u, header, []byte(fields.Encode()))
	}
	require.NoError(t, send(path, header(number), func(url.Values) {}))
	for what, change := range map[string]func(url.Values){
		"without To":                func(v url.Values) { v.Del("To") },
		"a service with another id": func(v url.Values) { v.Set("MessagingServiceSid", "MG1") },
		"an unknown field":          func(v url.Values) { v.Set("IdempotencyKey", "1") },
		"a field twice":             func(v url.Values) { v["Body"] = []string{"a", "b"} },
		"a period that is a word":   func(v url.Values) { v.Set("ValidityPeriod", "soon") },
		"an unknown schedule":       func(v url.Values) { v.Set("ScheduleType", "later") },
	} {
		require.Error(t, send(path, header(number), change), what)
	}
	require.Error(t, send(path, header(""), func(url.Values) {}), "no credentials")
	require.Error(t, send("/2010-04-01/Accounts/AC1/Messages.json", header(number), func(url.Values) {}), "an account with another id")
	require.Error(t, send("/2010-04-01/Accounts/"+number+"/Message.json", header(number), func(url.Values) {}), "another resource")

	list := func(query string) error {
		u, err := url.Parse(path + "?" + query)
		require.NoError(t, err)
		return validator.validate(t.Context(), http.MethodGet, u, header(number), nil)
	}
	require.NoError(t, list("To=%2B447700900123&PageSize=50"))
	require.Error(t, list("PageSize=5000"))
	require.Error(t, list("Recipient=%2B447700900123"))
}
