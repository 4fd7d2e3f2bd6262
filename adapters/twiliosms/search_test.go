package twiliosms_test

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup"
)

func unconfirmed(m followup.Message) followup.UnconfirmedMessage {
	return followup.UnconfirmedMessage{Intent: m.Intent, To: m.To, Tried: time.Now(), Digest: sha256.Sum256([]byte(m.Body))}
}

func TestSender_FindSent_ReadsPagesUntilOlderMessages(t *testing.T) {
	t.Parallel()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL()})
	for n := range 120 {
		_, err := s.Send(t.Context(), harley, message(n))
		require.NoError(t, err)
	}
	first := c.Messages()[0].SID
	r, found, err := s.FindSent(t.Context(), harley, unconfirmed(message(0)))
	require.NoError(t, err)
	require.True(t, found, "on the third page")
	require.Equal(t, first, r.Provider)

	requests := c.Requests()
	_, found, err = s.FindSent(t.Context(), harley, unconfirmed(message(120)))
	require.NoError(t, err)
	require.False(t, found)
	require.Equal(t, requests+3, c.Requests())

	later := unconfirmed(message(0))
	later.Tried = time.Now().Add(time.Hour)
	requests = c.Requests()
	_, found, err = s.FindSent(t.Context(), harley, later)
	require.NoError(t, err)
	require.False(t, found, "the message is of an earlier attempt")
	require.Equal(t, requests+1, c.Requests(), "later pages are older still")
}

func TestSender_FindSent_State(t *testing.T) {
	t.Parallel()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL()})
	_, err := s.Send(t.Context(), harley, message(1))
	require.NoError(t, err)
	for status, want := range map[string]followup.State{
		"queued": followup.Accepted, "sending": followup.Accepted, "sent": followup.Sent, "delivered": followup.Delivered,
		"undelivered": followup.Undelivered, "failed": followup.Failed, "partially_delivered": followup.Accepted,
	} {
		c.Report(t.Context(), c.Messages()[0].SID, status, 0) // without a webhook
		r, found, err := s.FindSent(t.Context(), harley, unconfirmed(message(1)))
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, want, r.State, status)
	}
}

func TestSender_FindSent_RedactedTexts(t *testing.T) {
	t.Parallel()
	c := carrier(t, twiliotest.Config{})
	s := newSender(t, twiliosms.Config{BaseURL: c.URL()})
	_, err := s.Send(t.Context(), harley, message(1))
	require.NoError(t, err)
	c.Redact()
	_, found, err := s.FindSent(t.Context(), harley, unconfirmed(message(1)))
	require.ErrorContains(t, err, "keeps no texts")
	require.False(t, found)

	_, err = s.Send(t.Context(), harley, message(2))
	require.NoError(t, err)
	_, found, err = s.FindSent(t.Context(), harley, unconfirmed(message(2)))
	require.NoError(t, err)
	require.True(t, found, "a message with its text is found")
}

// listing returns a sender whose Twilio lists these messages.
func listing(t *testing.T, messages ...map[string]any) *twiliosms.Sender {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"messages": messages})
	}))
	t.Cleanup(server.Close)
	return newSender(t, twiliosms.Config{BaseURL: server.URL})
}

func TestSender_FindSent_MatchesTheListing(t *testing.T) {
	t.Parallel()
	const id = "SM00000000000000000000000000000001"
	now := time.Now().UTC().Format(time.RFC1123Z)
	m := unconfirmed(message(1))
	for _, row := range []struct {
		name       string
		message    map[string]any
		found, bad bool
	}{
		{"the message", map[string]any{"sid": id, "body": message(1).Body, "direction": "outbound-api", "date_created": now}, true, false},
		{"the message of a trial account", map[string]any{"sid": id, "body": "Sent from your Twilio trial account - " + message(1).Body, "direction": "outbound-api", "date_created": now}, true, false},
		{"an echo from the contact", map[string]any{"sid": id, "body": message(1).Body, "direction": "inbound", "date_created": now}, false, false},
		{"an inbound message without a text", map[string]any{"sid": id, "direction": "inbound", "date_created": now}, false, false},
		{"a message without a direction", map[string]any{"sid": id, "body": message(1).Body, "date_created": now}, false, false},
		{"an old message", map[string]any{"sid": id, "body": message(1).Body, "direction": "outbound-api", "date_created": "Mon, 02 Nov 2020 12:00:00 +0000"}, false, false},
		{"a message without a date", map[string]any{"sid": id, "body": message(1).Body, "direction": "outbound-api"}, false, true},
		{"a date that cannot be read", map[string]any{"sid": id, "body": message(1).Body, "direction": "outbound-api", "date_created": "today"}, false, true},
		{"an id that cannot be read", map[string]any{"sid": "1", "body": message(1).Body, "direction": "outbound-api", "date_created": now}, false, true},
	} {
		_, found, err := listing(t, row.message).FindSent(t.Context(), harley, m)
		require.Equal(t, row.bad, err != nil, row.name)
		require.Equal(t, row.found, found, row.name)
	}
	_, found, err := listing(t).FindSent(t.Context(), harley, m)
	require.Error(t, err, "a list that is null is not a list")
	require.False(t, found)
}

func TestSender_FindSent_BoundsThePages(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{
			"messages":      []map[string]any{{"body": "x", "direction": "inbound", "date_created": time.Now().UTC().Format(time.RFC1123Z)}},
			"next_page_uri": "http://elsewhere.example.com/?Page=1&PageToken=PA1",
		})
	}))
	t.Cleanup(server.Close)
	s := newSender(t, twiliosms.Config{BaseURL: server.URL})
	_, found, err := s.FindSent(t.Context(), harley, unconfirmed(message(1)))
	require.ErrorContains(t, err, "too many")
	require.False(t, found)
}
