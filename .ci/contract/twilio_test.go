// Package contract checks that every request of adapters/twiliosms is one that
// Twilio's own OpenAPI description of its API allows. .ci/openapi fetches the
// description and runs it.
package contract

import (
	"bytes"
	"context"
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

// A judge knows the description, and what it says of the requests that pass.
type judge struct {
	router routers.Router

	mu     sync.Mutex
	passed []string
	wrong  []error
}

func newJudge(t *testing.T) *judge {
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
	return &judge{router: router}
}

// RoundTrip implements http.RoundTripper: it judges a request and lets it pass.
func (j *judge) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	err := j.judge(r.Context(), r.Method, r.URL, r.Header, body)
	j.mu.Lock()
	j.passed = append(j.passed, r.Method+" "+r.URL.RawQuery+" "+string(body))
	if err != nil {
		j.wrong = append(j.wrong, err)
	}
	j.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// judge says what of a request the description does not allow.
func (j *judge) judge(ctx context.Context, method string, target *url.URL, header http.Header, body []byte) error {
	atTwilio := *target
	atTwilio.Scheme, atTwilio.Host = "https", "api.twilio.com"
	r, err := http.NewRequestWithContext(ctx, method, atTwilio.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header.Clone()
	route, params, err := j.router.FindRoute(r)
	if err != nil {
		return err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: basic, MultiError: true},
	}
	return errors.Join(openapi3filter.ValidateRequest(ctx, input), unknown(route.Operation, r.URL.Query(), body))
}

// basic is the description's one way to authenticate.
func basic(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if user, password, ok := in.RequestValidationInput.Request.BasicAuth(); !ok || user == "" || password == "" {
		return errors.New("no credentials")
	}
	return nil
}

// unknown names the fields that the description does not have, which a
// validator of OpenAPI lets pass.
func unknown(op *openapi3.Operation, query url.Values, body []byte) error {
	var wrong []error
	for name := range query {
		if name == "Page" || name == "PageToken" {
			continue // in the description, only of its answers: next_page_uri has them
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
			wrong = append(wrong, fmt.Errorf("field %s is there %d times", name, len(values)))
		}
	}
	return errors.Join(append(wrong, err)...)
}

const (
	number  = "AC00000000000000000000000000000001"
	service = "AC00000000000000000000000000000002"
)

func TestEveryRequestIsOneThatTwilioDescribes(t *testing.T) {
	j := newJudge(t)
	carrier, err := twiliotest.Start(twiliotest.Config{})
	require.NoError(t, err)
	t.Cleanup(carrier.Close)
	withNumber, withService := tenant.NewID(), tenant.NewID()
	sender, err := twiliosms.New(twiliosms.Config{
		Accounts: twiliosms.StaticAccounts{
			withNumber:  {Key: "harley", SID: number, AuthToken: tenant.Secrets{Current: "1"}, From: "+12025550100"},
			withService: {Key: "ikeja", SID: service, AuthToken: tenant.Secrets{Current: "2"}, MessagingServiceSID: "MG00000000000000000000000000000002"},
		},
		PublicURL: "https://texts.example.com/clinics", BaseURL: carrier.URL(), HTTP: &http.Client{Transport: j},
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
		_, found, err := sender.Find(t.Context(), org, followup.Lost{Intent: first.Intent, To: first.To, Tried: tried, Digest: followup.Digest(first.Body)})
		require.NoError(t, err)
		require.True(t, found, "on the second page")
	}

	require.Empty(t, j.wrong)
	require.Len(t, j.passed, 2*(60+2))
	all := strings.Join(j.passed, "\n")
	for _, field := range []string{"To=", "From=", "MessagingServiceSid=", "Body=", "StatusCallback=", "ValidityPeriod=1\n", "ValidityPeriod=36000\n", "PageSize=", "PageToken="} {
		require.Contains(t, all, field, "what can be in a request was in one")
	}
	require.Empty(t, carrier.Problems(), "the pretended Twilio allows no less")
}

// The test above is worth what it notices.
func TestTheDescriptionRefusesWhatIsWrong(t *testing.T) {
	j := newJudge(t)
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
		return j.judge(t.Context(), http.MethodPost, u, header, []byte(fields.Encode()))
	}
	require.NoError(t, send(path, header(number), func(url.Values) {}))
	for what, change := range map[string]func(url.Values){
		"no To":                     func(v url.Values) { v.Del("To") },
		"a service with another id": func(v url.Values) { v.Set("MessagingServiceSid", "MG1") },
		"a field that is not known": func(v url.Values) { v.Set("IdempotencyKey", "1") },
		"a field twice":             func(v url.Values) { v["Body"] = []string{"a", "b"} },
		"a period that is a word":   func(v url.Values) { v.Set("ValidityPeriod", "soon") },
		"a schedule of no kind":     func(v url.Values) { v.Set("ScheduleType", "later") },
	} {
		require.Error(t, send(path, header(number), change), what)
	}
	require.Error(t, send(path, header(""), func(url.Values) {}), "no credentials")
	require.Error(t, send("/2010-04-01/Accounts/AC1/Messages.json", header(number), func(url.Values) {}), "an account with another id")
	require.Error(t, send("/2010-04-01/Accounts/"+number+"/Message.json", header(number), func(url.Values) {}), "another resource")

	list := func(query string) error {
		u, err := url.Parse(path + "?" + query)
		require.NoError(t, err)
		return j.judge(t.Context(), http.MethodGet, u, header(number), nil)
	}
	require.NoError(t, list("To=%2B447700900123&PageSize=50"))
	require.Error(t, list("PageSize=5000"))
	require.Error(t, list("Recipient=%2B447700900123"))
}
