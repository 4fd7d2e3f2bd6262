package twiliosms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// maxResponse bounds how much of a response is read. A page of 50 messages has
// 100 KB.
const maxResponse = 4 << 20

var errUnreadable = errors.New("twiliosms: unreadable response from Twilio")

// apiClient is the SDK's BaseClient for one call of one API method, which must
// have its own context and base URL. It never makes a POST twice, reads and
// closes every body, and returns a response without success as an *apiError.
type apiClient struct {
	ctx     context.Context // of the one API call: the SDK has no parameter for it
	http    *http.Client
	base    *url.URL
	account Account
	written func() // called when the request is written
	err     error  // of the request
}

// failure returns the error of an API method: that of its request or, because
// the SDK does no more than decode, errUnreadable. The error of encoding/json
// is left out, because it may hold a piece of the response.
func (c *apiClient) failure() error {
	if c.err != nil {
		return c.err
	}
	return errUnreadable
}

// api returns the SDK's methods. It bypasses the SDK's constructor, which reads
// the environment.
func (c *apiClient) api() *openapi.ApiService {
	return openapi.NewApiService(&client.RequestHandler{Client: c})
}

// AccountSid implements client.BaseClient.
func (c *apiClient) AccountSid() string { return c.account.SID }

// SetTimeout implements client.BaseClient. The context has the deadline.
func (c *apiClient) SetTimeout(time.Duration) {}

// SetOauth implements client.BaseClient. Requests carry the auth token.
func (c *apiClient) SetOauth(client.OAuth) {}

// OAuth implements client.BaseClient.
func (c *apiClient) OAuth() client.OAuth { return nil }

// SendRequest implements client.BaseClient.
func (c *apiClient) SendRequest(method, rawURL string, data url.Values, headers map[string]interface{}, _ ...byte) (resp *http.Response, err error) {
	resp, c.err = c.send(method, rawURL, data, headers)
	return resp, c.err
}

func (c *apiClient) send(method, rawURL string, data url.Values, headers map[string]interface{}) (*http.Response, error) {
	target, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("twiliosms: the SDK made an invalid URL")
	}
	u := *c.base
	u.Path += target.Path
	var body *requestBody
	if method == http.MethodPost {
		body = newRequestBody(data.Encode())
	} else {
		u.RawQuery = data.Encode()
	}
	req, err := c.request(method, u.String(), body)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		req.Header.Set(name, fmt.Sprint(value))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, transportError(err, body)
	}
	return c.read(resp)
}

// request returns a request that net/http cannot repeat: it repeats a POST only
// if it can get the body a second time.
func (c *apiClient) request(method, target string, body *requestBody) (*http.Request, error) {
	ctx := c.ctx
	if body == nil {
		body = newRequestBody("")
	} else {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest: func(i httptrace.WroteRequestInfo) {
				if i.Err == nil {
					c.written()
				}
			},
		})
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, errors.New("twiliosms: the request has an invalid URL or method")
	}
	if req.ContentLength = int64(body.text.Len()); req.ContentLength == 0 {
		req.Body = http.NoBody
	}
	req.SetBasicAuth(c.account.SID, c.account.AuthToken.Current)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "callwaiting twilio-go/"+client.LibraryVersion)
	return req, nil
}

// read reads the body to its end, without which the connection could not be used
// again, and returns a response with success.
func (c *apiClient) read(resp *http.Response) (*http.Response, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if resp.StatusCode/100 != 2 {
		return nil, asAPIError(resp, body)
	}
	if err != nil || len(body) > maxResponse {
		return nil, errUnreadable
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
