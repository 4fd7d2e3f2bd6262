package twiliosms

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/twilio/twilio-go/client"
)

// apiError is a response with another status than success, from Twilio or from a
// proxy before it. It leaves Twilio's message out, which may hold the number.
type apiError struct {
	Status     int
	Code       int // 0 if the body has no error code
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

// maxRetryAfter bounds the wait that a Retry-After header may ask for.
const maxRetryAfter = 24 * time.Hour

// retryAfter parses the header: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	var d time.Duration
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds < maxRetryAfter.Seconds() {
		d = time.Duration(seconds * float64(time.Second))
	} else if err == nil {
		d = maxRetryAfter
	} else if at, err := http.ParseTime(header); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

// unsentError is the reason why no byte of a request was written.
type unsentError struct{ error }

// Unwrap returns the reason.
func (e unsentError) Unwrap() error { return e.error }

// transportError returns err without the URL, which may hold a number.
func transportError(err error, body *requestBody) error {
	var in *url.Error
	if errors.As(err, &in) {
		err = in.Err
	}
	if body != nil && body.cancel() {
		return unsentError{err}
	}
	return err
}
