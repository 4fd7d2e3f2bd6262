package twiliosms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// maxAnswer bounds what is read of an answer. A page of 50 messages has 100 KB.
const maxAnswer = 4 << 20

// call is the SDK's BaseClient for one call: it has the call's context and goes
// to our base URL. It never makes a POST twice, reads and closes every body, and
// turns an answer that is no success into an *apiError.
type call struct {
	ctx      context.Context // of the one call it is made for; the SDK has no other place
	http     *http.Client
	base     *url.URL
	account  Account
	departed func()
	err      error // of its request
}

// failure is why an API method failed: of its request or, as the SDK does
// nothing else, of an answer that cannot be decoded. What JSON says about that
// may hold a piece of the answer.
func (c *call) failure() error {
	if c.err != nil {
		return c.err
	}
	return errUnreadable
}

// api is the SDK's, without its constructor, which reads the environment.
func (c *call) api() *openapi.ApiService {
	return openapi.NewApiService(&client.RequestHandler{Client: c})
}

// AccountSid implements client.BaseClient.
func (c *call) AccountSid() string { return c.account.SID }

// SetTimeout implements client.BaseClient. The context has the deadline.
func (c *call) SetTimeout(time.Duration) {}

// SetOauth implements client.BaseClient. Requests carry the auth token.
func (c *call) SetOauth(client.OAuth) {}

// OAuth implements client.BaseClient.
func (c *call) OAuth() client.OAuth { return nil }

// SendRequest implements client.BaseClient.
func (c *call) SendRequest(method, rawURL string, data url.Values, headers map[string]interface{}, _ ...byte) (resp *http.Response, err error) {
	resp, c.err = c.send(method, rawURL, data, headers)
	return resp, c.err
}

func (c *call) send(method, rawURL string, data url.Values, headers map[string]interface{}) (*http.Response, error) {
	target, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("twiliosms: the SDK made no URL")
	}
	u := *c.base
	u.Path += target.Path
	var body *letter
	if method == http.MethodPost {
		body = newLetter(data.Encode())
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

// request makes a request that cannot be made again: net/http repeats a POST
// only if it can get the body a second time.
func (c *call) request(method, target string, body *letter) (*http.Request, error) {
	ctx := c.ctx
	if body == nil {
		body = newLetter("")
	} else {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest: func(i httptrace.WroteRequestInfo) {
				if i.Err == nil {
					c.departed()
				}
			},
		})
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, errors.New("twiliosms: the request cannot be made")
	}
	if req.ContentLength = int64(body.text.Len()); req.ContentLength == 0 {
		req.Body = http.NoBody
	}
	req.SetBasicAuth(c.account.SID, c.account.AuthToken.Current)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "callwaiting twilio-go/"+client.LibraryVersion)
	return req, nil
}

// read returns a success with its body read. Reading to the end is what lets a
// connection be used again.
func (c *call) read(resp *http.Response) (*http.Response, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if resp.StatusCode/100 != 2 {
		return nil, asAPIError(resp, body)
	}
	if err != nil || len(body) > maxAnswer {
		return nil, errUnreadable
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// A letter is a request's body that can be called back as long as nobody has
// begun to read it: then not a byte of it goes out, whatever net/http is still
// about to do. It is read once.
type letter struct {
	text *strings.Reader
	is   atomic.Int32
}

const (
	unopened int32 = iota
	opened
	calledBack
)

func newLetter(text string) *letter { return &letter{text: strings.NewReader(text)} }

// Read implements io.Reader.
func (l *letter) Read(p []byte) (int, error) {
	if !l.is.CompareAndSwap(unopened, opened) && l.is.Load() == calledBack {
		return 0, errCalledBack
	}
	return l.text.Read(p)
}

// callBack reports whether the letter has not been read, and never will be.
func (l *letter) callBack() bool { return l.is.CompareAndSwap(unopened, calledBack) }

var (
	errCalledBack = errors.New("twiliosms: the request was called back")
	errUnreadable = errors.New("twiliosms: Twilio's answer cannot be read")
)

// notDeparted is why a request was not made.
type notDeparted struct{ error }

// Unwrap returns what happened.
func (e notDeparted) Unwrap() error { return e.error }

// transportError is err without the URL, in which a number may be.
func transportError(err error, body *letter) error {
	var in *url.Error
	if errors.As(err, &in) {
		err = in.Err
	}
	if body != nil && body.callBack() {
		return notDeparted{err}
	}
	return err
}

// apiError is an answer of Twilio's, or of what stands before it, that is no
// success. Twilio's own message may hold the number, and is left out.
type apiError struct {
	Status     int
	Code       int // 0 if there is none
	RetryAfter time.Duration
}

// Error names the status and the code.
func (e *apiError) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("twiliosms: HTTP status %d", e.Status)
	}
	return fmt.Sprintf("twiliosms: HTTP status %d, error %d", e.Status, e.Code)
}

func asAPIError(resp *http.Response, body []byte) *apiError {
	e := &apiError{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	var twilio client.TwilioRestError
	if json.Unmarshal(body, &twilio) == nil && twilio.Code > 0 {
		e.Code = twilio.Code
	}
	return e
}

// mostPatience bounds what Retry-After may ask for.
const mostPatience = 24 * time.Hour

// retryAfter reads the header: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	var d time.Duration
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds < mostPatience.Seconds() {
		d = time.Duration(seconds * float64(time.Second))
	} else if err == nil {
		d = mostPatience
	} else if at, err := http.ParseTime(header); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), mostPatience)
}
