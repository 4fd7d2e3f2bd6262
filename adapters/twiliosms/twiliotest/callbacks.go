package twiliotest

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Callbacks configures the status callbacks of a message. A callback that fails is
// not repeated.
type Callbacks struct {
	// Statuses are reported one after another.
	//
	// Defaults to sending, sent, delivered.
	Statuses []string

	// Delay is the shortest and the longest time between two callbacks.
	Delay [2]time.Duration

	Shuffled bool // in random order
	Twice    bool // each status twice
}

// startCallbacks starts the configured status callbacks of a message.
func (s *Server) startCallbacks(m Message) {
	if s.cfg.Callbacks == nil || m.StatusCallback == "" {
		return
	}
	statuses := s.cfg.Callbacks.Statuses
	if statuses == nil {
		statuses = []string{"sending", "sent", "delivered"}
	}
	statuses = slices.Clone(statuses)
	if s.cfg.Callbacks.Twice {
		statuses = append(statuses, statuses...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.Callbacks.Shuffled {
		s.rng.Shuffle(len(statuses), func(i, j int) { statuses[i], statuses[j] = statuses[j], statuses[i] })
	}
	if s.ctx.Err() != nil {
		return // closed: Close waits for the callbacks that have begun
	}
	s.jobs.Go(func() {
		for _, status := range statuses {
			if s.wait(s.between(s.cfg.Callbacks.Delay)) != nil {
				return
			}
			s.Report(s.ctx, m.SID, status, 0)
		}
	})
}

// Report posts a status of a message, with an error code unless it is 0, and
// returns the status of the response.
func (s *Server) Report(ctx context.Context, sid, status string, code int) (int, error) {
	s.mu.Lock()
	i := slices.IndexFunc(s.messages, func(m *Message) bool { return m.SID == sid })
	if i < 0 {
		s.mu.Unlock()
		return 0, fmt.Errorf("twiliotest: no message %s", sid)
	}
	s.messages[i].Status, s.messages[i].ErrorCode = status, code
	m := *s.messages[i]
	s.mu.Unlock()
	form := url.Values{
		"MessageSid": {sid}, "SmsSid": {sid}, "MessageStatus": {status}, "SmsStatus": {status},
		"AccountSid": {m.AccountSID}, "ApiVersion": {"2010-04-01"}, "To": {m.To}, "From": {m.From},
	}
	if m.MessagingServiceSID != "" {
		form.Set("MessagingServiceSid", m.MessagingServiceSID)
	}
	if code != 0 {
		form.Set("ErrorCode", strconv.Itoa(code))
	}
	answered, _, err := Post(ctx, m.StatusCallback, m.token, form)
	return answered, err
}

// Post posts a form to a webhook as Twilio does, signed with an account's token.
func Post(ctx context.Context, target, token string, form url.Values) (status int, body string, err error) {
	target, _, _ = strings.Cut(target, "#")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", errors.New("twiliotest: the webhook has an invalid URL")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	req.Header.Set("X-Twilio-Signature", Sign(target, token, form))
	req.Header.Set("User-Agent", "TwilioProxy/1.1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// Sign signs a form that is posted to target: the HMAC-SHA1 of the URL and the
// fields with their values, sorted, as
// https://www.twilio.com/docs/usage/security#validating-requests describes it.
func Sign(target, token string, form url.Values) string {
	var fields []string
	for name, values := range form {
		for _, value := range values {
			fields = append(fields, name+"\x00"+value)
		}
	}
	slices.Sort(fields)
	mac := hmac.New(sha1.New, []byte(token))
	io.WriteString(mac, target)
	for _, field := range slices.Compact(fields) {
		io.WriteString(mac, strings.Replace(field, "\x00", "", 1))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
