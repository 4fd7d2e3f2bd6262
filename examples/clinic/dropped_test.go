package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
)

const token = "0123456789abcdef0123456789abcdef"

// phoneLine is the telephone line of the clinic harley, whose texts go to a
// fake Twilio.
type phoneLine struct {
	t       *testing.T
	url     string
	carrier *twiliotest.Server
	clock   *clock
	log     *lockedBuffer
}

// A clock is a time that tests let pass.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newPhoneLine serves the clinic from an hour of its day on.
func newPhoneLine(t *testing.T, hour int) *phoneLine {
	t.Helper()
	carrier, err := twiliotest.Start(twiliotest.Config{})
	require.NoError(t, err)
	t.Cleanup(carrier.Close)
	s, err := readSettings([]string{
		"-vapi-secret", demo.Secret, "-clinics", folder(t), "-twilio-account-sid", "AC" + strings.Repeat("0", 32),
		"-twilio-auth-token", token, "-twilio-from", "+12025550100", "-twilio-base-url", carrier.URL(),
	})
	require.NoError(t, err)
	clinics, err := s.registry(t.Context(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)

	now := time.Now().In(clinics.Orgs()[0].Zone)
	l := &phoneLine{t: t, carrier: carrier, log: &lockedBuffer{},
		clock: &clock{now: time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, now.Location())}}
	store := memory.New(memory.Clock(l.clock.Now))
	l.url = serveOffice(t, s, clinics, &demo.Stores{
		Bookings: store, FollowUps: store.FollowUps(), Kind: "in memory", Close: func() {},
	}, l.log).URL
	return l
}

// folder returns a folder with the demo clinic harley, which waits for the
// morning and sends documents only.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, demo.Clinics()))
	require.NoError(t, os.Remove(filepath.Join(dir, "ikeja.json")))
	document, err := os.ReadFile(filepath.Join(dir, "harley.json"))
	require.NoError(t, err)
	changed := strings.Replace(string(document), `"at_once": true`, `"kinds": ["information"]`, 1)
	require.NotEqual(t, string(document), changed)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "harley.json"), []byte(changed), 0o600))
	return dir
}

const caller = "+447700900123"

func (l *phoneLine) post(body string) string {
	l.t.Helper()
	body = strings.ReplaceAll(body, "CALL", `"call":{"id":"call-1","customer":{"number":"`+caller+`"}}`)
	req, err := http.NewRequest(http.MethodPost, l.url+"/vapi/harley", strings.NewReader(body))
	require.NoError(l.t, err)
	req.Header.Set("X-Vapi-Secret", demo.Secret)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(l.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(l.t, err)
	require.Equal(l.t, http.StatusOK, resp.StatusCode, string(text))
	return string(text)
}

func (l *phoneLine) tool(name, arguments string) string {
	l.t.Helper()
	return l.post(fmt.Sprintf(`{"message":{"type":"tool-calls",CALL,"toolCallList":[{"id":"t1","function":{"name":%q,"arguments":%s}}]}}`, name, arguments))
}

func (l *phoneLine) promise() {
	l.t.Helper()
	require.Contains(l.t, l.tool("send_information", `{"procedure":"a nose job","consent":"yes"}`), "noted")
}

func (l *phoneLine) hangUp() {
	l.t.Helper()
	require.Equal(l.t, "{}", l.post(`{"message":{"type":"status-update","status":"ended",CALL}}`))
}

func (l *phoneLine) report() {
	l.t.Helper()
	require.Equal(l.t, "{}", l.post(`{"message":{"type":"end-of-call-report",CALL,"endedReason":"customer-ended-call","artifact":{"transcript":"AI: Hello.\nUser: I would like a nose job."}}}`))
}

// text waits for the one text there may be.
func (l *phoneLine) text() twiliotest.Message {
	l.t.Helper()
	require.Eventually(l.t, func() bool { return len(l.carrier.Messages()) > 0 }, 5*time.Second, time.Millisecond)
	return l.only()
}

func (l *phoneLine) only() twiliotest.Message {
	l.t.Helper()
	texts := l.carrier.Messages()
	require.Len(l.t, texts, 1)
	require.Empty(l.t, l.carrier.Problems())
	return texts[0]
}

// page returns the page of the clinics as soon as it contains until.
func (l *phoneLine) page(until string) string {
	l.t.Helper()
	var text []byte
	require.Eventually(l.t, func() bool {
		resp, err := http.Get(l.url + "/")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, err = io.ReadAll(resp.Body)
		return err == nil && strings.Contains(string(text), until)
	}, 5*time.Second, 5*time.Millisecond, until)
	return string(text)
}

func TestOffice_DroppedCall(t *testing.T) {
	l := newPhoneLine(t, 12)
	l.promise()
	require.Empty(t, l.carrier.Messages(), "the call goes on")
	l.hangUp()
	m := l.text()
	require.Equal(t, caller, m.To)
	require.Equal(t, "+12025550100", m.From)
	link := regexp.MustCompile(regexp.QuoteMeta(l.url) + `/d/[\w-]{16}`).FindString(m.Body)
	require.NotEmpty(t, link)
	require.NotContains(t, strings.ToLower(m.Body), "nose")
	require.NotContains(t, strings.ToLower(m.Body), "rhinoplasty")
	require.LessOrEqual(t, m.ValidityPeriod, 3600)

	l.page("<td>information<td>accepted")
	for range 2 { // Vapi may repeat every message
		l.hangUp()
		l.report()
		l.promise()
		l.clock.Advance(time.Hour)
	}
	l.only()
	t.Run("the link opens the document", func(t *testing.T) {
		resp, err := http.Get(link)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
		resp, err = http.PostForm(link, url.Values{})
		require.NoError(t, err)
		document, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, "application/pdf", resp.Header.Get("Content-Type"))
		require.True(t, bytes.HasPrefix(document, []byte("%PDF-")))
	})
	t.Run("the page shows the status from Twilio", func(t *testing.T) {
		status, err := l.carrier.Report(t.Context(), m.SID, "delivered", 0)
		require.NoError(t, err)
		require.Less(t, status, 300)
		l.page("<td>information<td>delivered")
	})
	t.Run("no log line holds the number, the procedure or a secret", func(t *testing.T) {
		for _, secret := range []string{caller, "7700900123", "nose", "rhinoplasty", token, link[len(link)-16:]} {
			require.NotContains(t, strings.ToLower(l.log.String()), secret)
		}
	})
}

func TestOffice_BookingSuppressesText(t *testing.T) {
	l := newPhoneLine(t, 12)
	l.promise()
	day := l.clock.Now().AddDate(0, 0, 7)
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	require.Contains(t, l.tool("book_appointment", `{"service":"rhinoplasty","date":"`+day.Format(time.DateOnly)+`","time":"10:00","name":"Ada Obi"}`), "booked")
	l.hangUp()
	l.report()
	l.page("<td>information<td>suppressed<td>booked")
	require.Empty(t, l.carrier.Messages())
}

func TestOffice_StopSuppressesText(t *testing.T) {
	l := newPhoneLine(t, 12)
	l.promise()
	form := url.Values{"MessageSid": {"SM" + strings.Repeat("a", 32)}, "From": {caller}, "To": {"+12025550100"}, "Body": {"Stop"}, "AccountSid": {"AC" + strings.Repeat("0", 32)}}
	status, _, err := twiliotest.Post(t.Context(), l.url+"/sms/inbound/harley", token, form)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	l.hangUp()
	l.page("<td>information<td>suppressed<td>opted out")
	require.Empty(t, l.carrier.Messages())
	l.page("<td>stop")
	status, _, err = twiliotest.Post(t.Context(), l.url+"/sms/inbound/harley", "somebody else's token", form)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, status)
}

func TestOffice_QuietHours(t *testing.T) {
	l := newPhoneLine(t, 22)
	l.promise()
	l.hangUp()
	l.page("<td>information<td>planned<td>quiet hours")
	for range 21 {
		l.clock.Advance(30 * time.Minute) // until half past eight
	}
	l.hangUp()
	require.Empty(t, l.carrier.Messages())
	l.clock.Advance(31 * time.Minute)
	l.text()
}

func TestReadSettings_Twilio(t *testing.T) {
	for want, args := range map[string][]string{
		"TWILIO_ACCOUNT_SID": {"-twilio-auth-token", token},
		"TWILIO_AUTH_TOKEN":  {"-twilio-account-sid", "AC1"},
		"TWILIO_FROM":        {"-twilio-account-sid", "AC1", "-twilio-auth-token", token},
	} {
		_, err := readSettings(args)
		require.ErrorContains(t, err, want)
	}
	_, err := readSettings([]string{"-twilio-account-sid", "AC1", "-twilio-auth-token", token, "-twilio-from", "+12025550100"})
	require.NoError(t, err)
}
