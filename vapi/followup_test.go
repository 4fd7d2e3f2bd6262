package vapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/assistant"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
)

var _ vapi.FollowUp = (*followup.Service)(nil)

// followUpFixture is a handler over the follow-up service r.
func followUpFixture(t testing.TB, r *handlertest.FollowUp) *fixture {
	return newFixture(t, func(c *vapi.Config) {
		c.FollowUp, c.Assistant = r, assistant.Saved("as-harley")
	})
}

// about is a message about call-1.
func about(kind, more string) string {
	return `{"message":{"type":"` + kind + `","timestamp":"2026-11-22T14:04:30Z",` + more +
		`"call":{"id":"call-1","type":"inboundPhoneCall","customer":{"number":"` + caller + `"}}}}`
}

func TestFollowUp_RecordCall(t *testing.T) {
	t.Parallel()
	t.Run("the facts in a message are recorded", func(t *testing.T) {
		t.Parallel()
		sent := time.Date(2026, 11, 22, 14, 4, 30, 0, time.UTC)
		for name, c := range map[string]struct {
			body string
			want followup.CallSignal // "": not recorded
		}{
			"ringing":          {about("status-update", `"status":"ringing",`), followup.Seen},
			"in progress":      {about("status-update", `"status":"in-progress",`), followup.Seen},
			"forwarded":        {about("status-update", `"status":"forwarding",`), followup.Seen},
			"ended":            {about("status-update", `"status":"ended",`), followup.Ended},
			"reported":         {about("end-of-call-report", ""), followup.Reported},
			"hanging":          {about("hang", ""), followup.Hang},
			"scheduled":        {about("status-update", `"status":"scheduled",`), ""},
			"queued":           {about("status-update", `"status":"queued",`), ""},
			"not found":        {about("status-update", `"status":"not-found",`), ""},
			"deletion failed":  {about("status-update", `"status":"deletion-failed",`), ""},
			"a status to come": {about("status-update", `"status":"levitating",`), ""},
			"none":             {about("status-update", ""), ""},
			"a transcript":     {about("transcript", `"status":"ended",`), ""},
		} {
			t.Run(name, func(t *testing.T) {
				r := new(handlertest.FollowUp)
				d := followUpFixture(t, r)
				w := d.Post(c.body)
				require.Equal(t, http.StatusOK, w.Code)
				require.Equal(t, `{}`, w.Body.String())
				require.Equal(t, "ok", d.Observations.Last().Outcome)
				if c.want == "" {
					require.Empty(t, r.Events)
					return
				}
				require.Equal(t, []followup.CallEvent{{Call: "call-1", Signal: c.want, Caller: caller, At: sent}}, r.Events)
				require.Equal(t, []tenant.ID{harley.ID}, r.Orgs)
			})
		}
	})
	t.Run("a year that no call can have is zero", func(t *testing.T) {
		// A time that no store takes would make Vapi repeat the message for ever.
		t.Parallel()
		for _, no := range []string{`"0000-01-01T00:00:00Z"`, `"1969-12-31T23:59:59Z"`, `"9999-12-31T23:59:59-01:00"`, `"2262-01-01T00:00:00Z"`, `-1`, `1e300`, `"soon"`} {
			r := new(handlertest.FollowUp)
			d := followUpFixture(t, r)
			d.Post(about("end-of-call-report", `"startedAt":`+no+`,"endedAt":`+no+`,`))
			require.Len(t, r.Events, 1, no)
			require.Zero(t, r.Events[0].Began, no)
			require.Zero(t, r.Events[0].Ended, no)
		}
	})
	t.Run("a report holds the subject of the call", func(t *testing.T) {
		t.Parallel()
		r := new(handlertest.FollowUp)
		d := followUpFixture(t, r)
		d.Post(about("end-of-call-report", `"startedAt":"2026-11-22T14:00:00Z","endedAt":1795356240000,
		"analysis":{"structuredData":{"procedure":"nose job","appointment_booked":true,"mood":"fine"}},
		"artifact":{"transcript":"User: what does it cost?"},`))
		e := r.Events[0]
		require.Equal(t, "nose job", e.Analysis.Reveal())
		require.Equal(t, "User: what does it cost?", e.Transcript.Reveal())
		require.True(t, e.ClaimsBooked)
		require.True(t, time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC).Equal(e.Began))
		require.True(t, time.Date(2026, 11, 22, 14, 4, 0, 0, time.UTC).Equal(e.Ended))
		require.NotContains(t, d.Log.String(), "nose")

		d.Post(about("status-update", `"status":"ended","endedReason":"customer-ended-call","endedAt":1795356240000,
		"artifact":{"transcript":"User: bye."},`))
		require.Equal(t, followup.Ended, r.Events[1].Signal)
		require.Equal(t, "User: bye.", r.Events[1].Transcript.Reveal())
		require.Equal(t, e.Ended, r.Events[1].Ended)
	})
	t.Run("an analysis of any schema is read", func(t *testing.T) {
		// Models and schemas spell a name in every way.
		t.Parallel()
		for analysis, want := range map[string]struct {
			about  string
			booked bool
		}{
			`"structuredData":{"procedure":"Botox"}`:                                               {"Botox", false},
			`"structuredData":{"serviceDiscussed":"Botox","appointmentBooked":false}`:              {"Botox", false},
			`"structuredData":{"service_discussed":"Botox","appointmentBooked":"false"}`:           {"Botox", false},
			`"structuredData":{"Treatment of Interest":"Botox","Appointment Booked":"Yes"}`:        {"Botox", true},
			`"structuredData":{"interestedIn":"Botox","booked":true}`:                              {"Botox", true},
			`"structuredData":{"requestedProcedure":"Botox","is_booked":"true"}`:                   {"Botox", true},
			`"structuredData":{"procedures":["Botox","nose\njob",null,7,true]}`:                    {"Botox\nnose job", false},
			`"structuredData":{"lead":{"treatment":{"name":"Botox","price":120}}}`:                 {"Botox", false},
			`"structuredData":"{\"procedure\":\"Botox\",\"appointmentBooked\":true}"`:              {"Botox", true},
			`"structuredData":"\"{}\""`:                                                            {"", false},
			`"structuredData":"{\"procedure\":"`:                                                   {"", false},
			`"structuredData":"{\"procedure\":\"{\\\"procedure\\\":1}\"}"`:                         {`{"procedure":1}`, false},
			`"structuredData":{"appointmentBooked":{"value":true}}`:                                {"", false},
			`"structuredData":{"appointmentBooked":[true]}`:                                        {"", true},
			`"structuredData":{"appointmentBooked":1,"procedure":""}`:                              {"", false},
			`"structuredData":{"name":"Botox","previousTreatments":"fillers","customerService":5}`: {"", false},
			`"structuredData":null`:           {"", false},
			`"structuredData":["Botox",true]`: {"", false},
			`"structuredDataMulti":[{"a":{"procedure":"Botox"}},{"b":{"booked":true}}]`: {"Botox", true},
		} {
			require.NotPanics(t, func() {
				got := recorded(t, about("end-of-call-report", `"analysis":{`+analysis+`},`))
				require.Equal(t, want.about, got.Analysis.Reveal(), analysis)
				require.Equal(t, want.booked, got.ClaimsBooked, analysis)
			})
		}
		got := recorded(t, about("end-of-call-report", `"artifact":{"structuredOutputs":{
		"0b8f":{"name":"Appointment Booked","result":true},
		"1c9a":{"result":{"procedure":"Botox"},"name":"Lead"},
		"2d0b":{"name":"Service","result":"nose job"},
		"3e1c":{"name":"Summary","result":"fillers"},"4f2d":null}},`))
		require.Equal(t, "Botox\nnose job", got.Analysis.Reveal())
		require.True(t, got.ClaimsBooked)
	})
	t.Run("messages arrive in any order and twice", func(t *testing.T) {
		t.Parallel()
		ended, report := about("status-update", `"status":"ended",`), about("end-of-call-report", "")
		for name, c := range map[string]struct {
			bodies []string
			want   []followup.CallSignal
		}{
			"ended, then report":  {[]string{ended, report}, []followup.CallSignal{followup.Ended, followup.Reported}},
			"report before ended": {[]string{report, ended}, []followup.CallSignal{followup.Reported, followup.Ended}},
			"report only":         {[]string{report}, []followup.CallSignal{followup.Reported}},
			"ended only":          {[]string{ended}, []followup.CallSignal{followup.Ended}},
			"both twice": {[]string{ended, report, ended, report},
				[]followup.CallSignal{followup.Ended, followup.Reported, followup.Ended, followup.Reported}},
		} {
			t.Run(name, func(t *testing.T) {
				r := new(handlertest.FollowUp)
				d := followUpFixture(t, r)
				for _, body := range c.bodies {
					require.Equal(t, http.StatusOK, d.Post(body).Code)
				}
				var got []followup.CallSignal
				for _, e := range r.Events {
					require.Equal(t, "call-1", e.Call)
					got = append(got, e.Signal)
				}
				require.Equal(t, c.want, got)
			})
		}
	})
	t.Run("the caller is the number that the network gives", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct{ kind, number, want string }{
			"a caller":          {"inboundPhoneCall", caller, caller},
			"the called number": {"outboundPhoneCall", caller, caller},
			"a call of no type": {"", caller, caller},
			"a web call":        {"webCall", caller, ""},
			"a socket":          {"vapi.websocketCall", caller, ""},
			"a word":            {"inboundPhoneCall", "anonymous", "anonymous"}, // followup knows that it is no number
			"no number":         {"inboundPhoneCall", "", ""},
		} {
			t.Run(name, func(t *testing.T) {
				body := fmt.Sprintf(`{"message":{"type":"status-update","status":"ended","call":{"id":"call-1","type":%q},"customer":{"number":%q}}}`, c.kind, c.number)
				require.Equal(t, c.want, recorded(t, body).Caller)
			})
		}
	})
	t.Run("a failed write may be retried", func(t *testing.T) {
		t.Parallel()
		for name, body := range map[string]string{
			"a record": about("status-update", `"status":"ended",`),
			"a count":  `{"message":{"type":"end-of-call-report"}}`,
		} {
			t.Run(name, func(t *testing.T) {
				d := followUpFixture(t, &handlertest.FollowUp{Err: fmt.Errorf("call 7 of Sarah Connor: %w", followup.ErrUnavailable)})
				w := d.Post(body)
				require.Equal(t, http.StatusServiceUnavailable, w.Code)
				require.Equal(t, `{"error":"unavailable"}`, w.Body.String())
				require.Equal(t, "unavailable", d.Observations.Last().Outcome)
				require.Contains(t, d.Log.String(), "not persisted")
				require.NotContains(t, d.Log.String(), "Connor")
			})
		}
	})
	t.Run("a write outlives its sender but not its deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, hangUp := context.WithCancel(t.Context())
			principal := tenant.Principal{}
			r := &handlertest.FollowUp{Before: func(ctx context.Context) error {
				hangUp()
				principal, _ = tenant.PrincipalFrom(ctx)
				return ctx.Err()
			}}
			d := followUpFixture(t, r)
			body := about("status-update", `"status":"ended",`)
			request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/vapi/harley", strings.NewReader(body))
			request.Header.Set("X-Vapi-Secret", secret)
			w := httptest.NewRecorder()
			d.Handler.ServeHTTP(w, request)
			require.Equal(t, http.StatusOK, w.Code)
			require.Len(t, r.Events, 1)
			require.Equal(t, harley.ID, principal.Org)

			r.Before = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
			start := time.Now()
			require.Equal(t, http.StatusServiceUnavailable, d.Post(body).Code)
			require.Equal(t, 5*time.Second, time.Since(start))
		})
	})
}

func recorded(t *testing.T, body string) followup.CallEvent {
	t.Helper()
	r := new(handlertest.FollowUp)
	require.Equal(t, http.StatusOK, followUpFixture(t, r).Post(body).Code)
	require.Len(t, r.Events, 1)
	return r.Events[0]
}

func TestFollowUp_CountUnmatched(t *testing.T) {
	t.Parallel()
	t.Run("a message without a call id is acknowledged and counted", func(t *testing.T) {
		t.Parallel()
		r := new(handlertest.FollowUp)
		d := followUpFixture(t, r)
		for _, body := range []string{
			`{"message":{"type":"end-of-call-report"}}`,
			`{"message":{"type":"status-update","status":"ended","call":{"id":"PRIVATE_TEXT said"}}}`,
		} {
			w := d.Post(body)
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, `{}`, w.Body.String())
			require.Equal(t, "unmatched", d.Observations.Last().Outcome)
		}
		require.Equal(t, []string{"end-of-call-report", "status-update"}, r.Unmatched)
		require.Empty(t, r.Events)
	})
}

func TestConfig_FollowUp(t *testing.T) {
	t.Parallel()
	t.Run("without FollowUp every message is acknowledged", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, nil)
		for _, body := range []string{hang, about("status-update", `"status":"ended",`), about("end-of-call-report", ""), `{"message":{"type":"end-of-call-report"}}`} {
			require.Equal(t, `{}`, d.Post(body).Body.String())
			require.Equal(t, "ok", d.Observations.Last().Outcome)
		}
	})
}

// assistantRequest is the message of Vapi when a call arrives.
var assistantRequest = about("assistant-request", "")

func variables(t testing.TB, w *httptest.ResponseRecorder) map[string]string {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code)
	var answer struct {
		AssistantID        string
		AssistantOverrides struct{ VariableValues map[string]string }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	require.Equal(t, "as-harley", answer.AssistantID)
	values := answer.AssistantOverrides.VariableValues
	require.Equal(t, "2026-11-22", values["today"])
	for name := range values {
		if !strings.HasPrefix(name, "caller") {
			delete(values, name)
		}
	}
	return values
}

var unknownCaller = map[string]string{
	"callerKnown": "no", "callerLastContact": "", "callerInformed": "", "callerWanted": "", "callerUpcoming": "no", "callerInterest": "no",
}

func TestFollowUp_Lookup(t *testing.T) {
	t.Parallel()
	t.Run("an assistant gets the variables of the caller", func(t *testing.T) {
		t.Parallel()
		summer := time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC) // the second of July in London
		for name, c := range map[string]struct {
			summary followup.ContactSummary
			want    map[string]string
		}{
			"a new caller": {followup.ContactSummary{}, unknownCaller},
			"a caller that asked and was informed": {
				followup.ContactSummary{Known: true, FirstSeen: summer, LastContact: summer, Informed: summer.Add(24 * time.Hour), Procedure: "rhinoplasty",
					Wanted: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)},
				map[string]string{"callerKnown": "yes", "callerLastContact": "2026-07-02", "callerInformed": "2026-07-03",
					"callerWanted": "2026-11-24 10:00", "callerUpcoming": "no", "callerInterest": "yes"},
			},
			"a requested time that is over": {
				followup.ContactSummary{Known: true, LastContact: summer, Wanted: summer, Upcoming: true},
				map[string]string{"callerKnown": "yes", "callerLastContact": "2026-07-02", "callerInformed": "",
					"callerWanted": "", "callerUpcoming": "yes", "callerInterest": "no"},
			},
		} {
			t.Run(name, func(t *testing.T) {
				r := &handlertest.FollowUp{Summary: c.summary}
				w := followUpFixture(t, r).Post(assistantRequest)
				require.NotContains(t, w.Body.String(), "rhinoplasty")
				require.Equal(t, c.want, variables(t, w))
				require.Equal(t, []string{caller}, r.Lookups)
				require.Len(t, r.Events, 1, "and the call is noted, after the caller was looked up")
				require.Equal(t, followup.Seen, r.Events[0].Signal)
				require.Equal(t, caller, r.Events[0].Caller)
			})
		}
	})
	t.Run("a call without an id is not recorded", func(t *testing.T) {
		t.Parallel()
		r := new(handlertest.FollowUp)
		require.Equal(t, unknownCaller, variables(t, followUpFixture(t, r).Post(`{"message":{"type":"assistant-request","call":{}}}`)))
		require.Empty(t, r.Events)
	})
	t.Run("a lookup that is late or fails does not delay the call", func(t *testing.T) {
		t.Parallel()
		t.Run("a late lookup", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := followUpFixture(t, &handlertest.FollowUp{Before: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
				start := time.Now()
				require.Equal(t, unknownCaller, variables(t, d.Post(assistantRequest)))
				require.Equal(t, 1500*time.Millisecond, time.Since(start))
				synctest.Wait()
				require.Contains(t, d.Log.String(), "caller lookup failed")
			})
		})
		t.Run("a lookup that ignores its context", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := followUpFixture(t, &handlertest.FollowUp{Before: func(context.Context) error { time.Sleep(time.Minute); return nil }})
				start := time.Now()
				require.Equal(t, unknownCaller, variables(t, d.Post(assistantRequest)))
				require.Equal(t, 1500*time.Millisecond, time.Since(start))
				time.Sleep(3 * time.Minute) // of the test's own clock
			})
		})
		t.Run("a late record", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := true
				d := followUpFixture(t, &handlertest.FollowUp{Summary: followup.ContactSummary{Known: true}, Before: func(ctx context.Context) error {
					if first {
						first = false
						return nil
					}
					<-ctx.Done()
					return ctx.Err()
				}})
				require.Equal(t, "yes", variables(t, d.Post(assistantRequest))["callerKnown"])
				synctest.Wait()
				require.Contains(t, d.Log.String(), "call not persisted")
			})
		})
		t.Run("a lookup that fails", func(t *testing.T) {
			d := followUpFixture(t, &handlertest.FollowUp{Err: errors.New("Sarah Connor is not in row 7")})
			require.Equal(t, unknownCaller, variables(t, d.Post(assistantRequest)))
			require.Contains(t, d.Log.String(), "caller lookup failed")
			require.Contains(t, d.Log.String(), "call not persisted")
			require.NotContains(t, d.Log.String(), "Connor")
		})
		t.Run("a lookup that panics", func(t *testing.T) {
			d := followUpFixture(t, &handlertest.FollowUp{Before: func(context.Context) error { panic("a rash") }})
			require.Equal(t, unknownCaller, variables(t, d.Post(assistantRequest)))
			require.Contains(t, d.Log.String(), "panic with a string")
		})
	})
	t.Run("Config.Assistant runs during the lookup", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := &handlertest.FollowUp{Summary: followup.ContactSummary{Known: true}, Before: func(context.Context) error { time.Sleep(400 * time.Millisecond); return nil }}
			d := newFixture(t, func(c *vapi.Config) {
				c.FollowUp = r
				c.Assistant = func(context.Context, tenant.Org) (vapi.AssistantChoice, error) {
					time.Sleep(time.Second)
					return vapi.AssistantChoice{AssistantID: "as-harley", Values: map[string]string{"callerUpcoming": "soon"}}, nil
				}
			})
			start := time.Now()
			values := variables(t, d.Post(assistantRequest))
			require.Equal(t, time.Second, time.Since(start))
			require.Equal(t, "yes", values["callerKnown"])
			require.Equal(t, "soon", values["callerUpcoming"], "a value of the choice replaces the variable")
		})
	})
}

// TestFollowUp_RecordCall_PublishedPayloads sends every body that Vapi has published to a
// handler that follows up.
func TestFollowUp_RecordCall_PublishedPayloads(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../shared/vapi-payloads/*.json")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("no published payloads beside this repository")
	}
	want := map[string][]followup.CallEvent{
		"02": {{Call: "b1223960-1b4d-4585-91b8-a69b0f57ec2f", Signal: followup.Seen, Caller: "+12025550199"}},
		"30": {{Call: "call-sensitive-vapi-123", Signal: followup.Reported}},
		"33": {{Call: "call_1", Signal: followup.Seen, Caller: "+919876543210"}},
	}
	unmatched := map[string][]string{"45": {"status-update"}, "46": {"end-of-call-report"}, "47": {"hang"}}
	for _, file := range files {
		number := filepath.Base(file)[:2]
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			r := new(handlertest.FollowUp)
			d := followUpFixture(t, r)
			d.Post(string(body))
			var got []followup.CallEvent
			for _, e := range r.Recorded() {
				if e.Signal == followup.Reported {
					require.Equal(t, "PRIVATE_TEXT", e.Transcript.Reveal())
					require.Equal(t, "2026-07-18T09:30:06Z", e.Ended.Format(time.RFC3339))
				}
				got = append(got, followup.CallEvent{Call: e.Call, Signal: e.Signal, Caller: e.Caller})
			}
			require.Equal(t, want[number], got)
			require.Equal(t, unmatched[number], r.Unmatched)
		})
	}
}

// FuzzCallEvent checks that a report with any analysis is answered, and that its
// findings are words of the analysis.
func FuzzCallEvent(f *testing.F) {
	for _, analysis := range []string{
		`{"procedure":"Botox"}`, `"{\"procedure\":\"Botox\"}"`, `[{"services":["a",["b"]]}]`, `{"booked":"yes"}`, `"{\"a\":"`, `"{"`, `{"procedure":{"procedure":"\ud800"}}`,
	} {
		f.Add([]byte(analysis))
	}
	r := new(handlertest.FollowUp)
	d := followUpFixture(f, r)
	f.Fuzz(func(t *testing.T, analysis []byte) {
		if !json.Valid(analysis) {
			return
		}
		r.Events = nil
		w := d.Post(`{"message":{"type":"end-of-call-report","call":{"id":"call-1"},"analysis":{"structuredData":` + string(analysis) +
			`},"artifact":{"structuredOutputs":{"a":{"name":"procedure","result":` + string(analysis) + `},"b":` + string(analysis) + `}}}}`)
		require.Equal(t, http.StatusOK, w.Code)
		require.Len(t, r.Events, 1)
		if r.Events[0].ClaimsBooked {
			require.Contains(t, strings.ToLower(string(analysis)), "b")
		}
		var whole any
		require.NoError(t, json.Unmarshal(analysis, &whole))
		if text, ok := whole.(string); ok {
			bare := strings.Map(func(r rune) rune {
				if unicode.IsControl(r) || unicode.IsSpace(r) {
					return -1
				}
				return r
			}, text)
			if !strings.HasPrefix(bare, "{") {
				require.Equal(t, bare, strings.ReplaceAll(r.Events[0].Analysis.Reveal(), " ", ""))
			}
		}
	})
}
