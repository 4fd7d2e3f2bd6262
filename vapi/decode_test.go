package vapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
)

func decode(t testing.TB, body string) *vapi.Message {
	t.Helper()
	m, err := vapi.Decode([]byte(body))
	require.NoError(t, err)
	return m
}

func TestDecode(t *testing.T) {
	t.Parallel()
	t.Run("every shape of a tool call is read", func(t *testing.T) {
		t.Parallel()
		const want = `{"city":"Leeds"}`
		for name, call := range map[string]string{
			"live":                           `"toolCallList":[{"id":"c1","type":"function","function":{"name":"look","arguments":{"city":"Leeds"}}}],"toolCalls":[{"id":"other"}]`,
			"call logs":                      `"toolCallList":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{\"city\":\"Leeds\"}"}}]`,
			"string with white space":        `"toolCallList":[{"id":"c1","function":{"name":"look","arguments":" \n{\"city\":\"Leeds\"} "}}]`,
			"docs, parameters":               `"toolCallList":[{"id":"c1","name":"look","parameters":{"city":"Leeds"}}]`,
			"docs, arguments":                `"toolCallList":[{"id":"c1","name":"look","arguments":{"city":"Leeds"}}]`,
			"function.parameters":            `"toolCallList":[{"id":"c1","function":{"name":"look","parameters":{"city":"Leeds"}}}]`,
			"arguments before parameters":    `"toolCallList":[{"id":"c1","name":"look","parameters":{"no":1},"arguments":{"city":"Leeds"},"function":{"parameters":null,"arguments":""}}]`,
			"function before top":            `"toolCallList":[{"arguments":{"no":1},"name":"no","id":"c1","function":{"name":"look","arguments":{"city":"Leeds"}}}]`,
			"toolCalls only":                 `"toolCalls":[{"id":"c1","function":{"name":"look","arguments":{"city":"Leeds"}}}]`,
			"an empty list first":            `"toolCallList":[],"toolCalls":[{"id":"c1","function":{"name":"look","arguments":{"city":"Leeds"}}}]`,
			"a list that is none":            `"toolCallList":"soon","toolCalls":[{"id":"c1","function":{"name":"look","arguments":{"city":"Leeds"}}}]`,
			"with tool, function":            `"toolWithToolCallList":[{"type":"function","function":{"name":"look","parameters":{"type":"object"}},"server":{"secret":"s"},"toolCall":{"id":"c1","function":{"name":"look","arguments":{"city":"Leeds"}}}}]`,
			"with tool, function params":     `"toolWithToolCallList":[{"name":"look","toolCall":{"id":"c1","function":{"name":"look","parameters":{"city":"Leeds"}}}}]`,
			"with tool, named outside":       `"toolWithToolCallList":[{"name":"look","toolCall":{"id":"c1","parameters":{"city":"Leeds"}}}]`,
			"with tool, function outside":    `"toolWithToolCallList":[{"toolCall":{"id":"c1","parameters":{"city":"Leeds"}},"function":{"name":"look"}}]`,
			"items that are none":            `"toolCallList":[null,"x",[],{"id":"c1","name":"look","arguments":{"city":"Leeds"}}]`,
			"a list that is there twice":     `"toolCallList":[{"id":"no"}],"toolCallList":[{"id":"c1","name":"look","arguments":{"city":"Leeds"}}]`,
			"a number for an id's neighbour": `"toolCallList":[{"id":"c1","index":0,"name":"look","arguments":{"city":"Leeds"}}]`,
		} {
			t.Run(name, func(t *testing.T) {
				for _, body := range []string{
					`{"message":{"type":"tool-calls",` + call + `}}`,
					`{"message":{` + call + `,"type":"tool-calls"}}`,
				} {
					m := decode(t, body)
					require.Len(t, m.ToolCalls, 1)
					require.Equal(t, "c1", m.ToolCalls[0].ID)
					require.Equal(t, "look", m.ToolCalls[0].Name)
					require.JSONEq(t, want, string(m.ToolCalls[0].Arguments))
				}
			})
		}
		m := decode(t, `{"message":{"type":"function-call","functionCall":{"name":"look","parameters":{"city":"Leeds"}}}}`)
		require.Len(t, m.ToolCalls, 1)
		require.JSONEq(t, want, string(m.ToolCalls[0].Arguments))

		m = decode(t, `{"message":{"type":"tool-calls","toolCallList":[{"id":"c1","name":"look"}]}}`)
		require.JSONEq(t, `{}`, string(m.ToolCalls[0].Arguments))
	})
	t.Run("a malformed field is zero", func(t *testing.T) {
		t.Parallel()
		m := decode(t, `{"message":{"type":"status-update","status":7,"timestamp":[],"call":"none","customer":{"number":447700900123},"phoneNumber":[{"id":"x"}],"assistant":true,"toolCallList":{"a":1}}}`)
		require.Equal(t, "7", m.Status)
		require.Zero(t, m.Time)
		require.Equal(t, "447700900123", m.Call.Caller)
		require.Empty(t, m.Call.ID)
		require.Empty(t, m.ToolCalls)
		require.Equal(t, "true", decode(t, `{"message":{"type":true}}`).Type)
	})
	t.Run("a call id has the form of an id", func(t *testing.T) {
		t.Parallel()
		for id, want := range map[string]string{
			"019aa9bb-0000-7aa2-9ab3-126b9b9dc856": "019aa9bb-0000-7aa2-9ab3-126b9b9dc856",
			"call_1.a:b":                           "call_1.a:b",
			`a\u0000b`:                             "",
			`a\nb`:                                 "",
			"Zoë":                                  "",
			strings.Repeat("x", 128):               strings.Repeat("x", 128),
			strings.Repeat("x", 129):               "",
		} {
			require.Equal(t, want, decode(t, `{"message":{"type":"hang","call":{"id":"`+id+`"}}}`).Call.ID)
		}
	})
	t.Run("the call may stand beside the message", func(t *testing.T) {
		t.Parallel()
		m := decode(t, `{"call":{"id":"outer"},"message":{"type":"hang"}}`)
		require.Equal(t, "outer", m.Call.ID)
		m = decode(t, `{"message":{"type":"hang","call":{"id":"inner"}},"call":{"id":"outer"}}`)
		require.Equal(t, "inner", m.Call.ID)
		m = decode(t, `{"messsage":{"type":"voice-request"}}`)
		require.Equal(t, "voice-request", m.Type)
	})
	t.Run("metadata is found in every place", func(t *testing.T) {
		t.Parallel()
		for body, want := range map[string]string{
			`"metadata":{"a":1},"assistantOverrides":{"metadata":{"b":1}}`:             `{"a":1}`,
			`"assistantOverrides":{"variableValues":{},"metadata":{"b":1}}`:            `{"b":1}`,
			`"metadata":null,"assistantOverrides":{},"assistant":{"metadata":{"c":1}}`: `{"c":1}`,
			`"metadata":"no"`: "",
		} {
			require.Equal(t, want, string(decode(t, `{"message":{"type":"hang","call":{`+body+`}}}`).Call.Metadata))
		}
	})
	t.Run("times are milliseconds, seconds or text", func(t *testing.T) {
		t.Parallel()
		want := time.Date(2026, 11, 22, 9, 30, 6, 0, time.UTC)
		for _, text := range []string{"1795339806000", "1795339806000.999", "1795339806", `"1795339806000"`, `"2026-11-22T09:30:06Z"`, `"2026-11-22T10:30:06.000+01:00"`} {
			m := decode(t, `{"message":{"type":"hang","timestamp":`+text+`}}`)
			require.True(t, want.Equal(m.Time.Truncate(time.Second)), "%s is %v", text, m.Time)
		}
		for _, text := range []string{"0", "-1", "1e300", `"yesterday"`, `""`, "null", `"NaN"`, "{}"} {
			require.Zero(t, decode(t, `{"message":{"type":"hang","timestamp":`+text+`}}`).Time)
		}
	})
	t.Run("nesting is bounded as in encoding/json", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			open, end string
			depth     int
		}{{"[", "]", 10_000}, {"[", "]", 10_001}, {`{"message":`, "}", 9_999}, {`{"message":`, "}", 10_001}, {`[{"":`, "}]", 5_000}, {`[{"":`, "}]", 5_001}} {
			body := []byte(strings.Repeat(c.open, c.depth) + "1" + strings.Repeat(c.end, c.depth))
			_, err := vapi.Decode(body)
			require.Equal(t, json.Valid(body), err != vapi.ErrBadJSON, "%s at %d", c.open, c.depth)
		}
		_, err := vapi.Decode(bytes.Repeat([]byte("["), 16<<20))
		require.Equal(t, vapi.ErrBadJSON, err)
	})
}

func TestMessage_Report(t *testing.T) {
	t.Parallel()
	t.Run("facts are found in every place", func(t *testing.T) {
		t.Parallel()
		got := decode(t, string(report())).Report()
		require.Equal(t, "customer-ended-call", got.EndedReason)
		require.Equal(t, 90500*time.Millisecond, got.EndedAt.Sub(got.StartedAt))
		require.JSONEq(t, `{"appointmentBooked":false}`, string(got.StructuredData))
		require.Equal(t, "false", got.SuccessEvaluation)

		got = decode(t, `{"message":{"type":"status-update","call":{"endedReason":"silence-timed-out","endedAt":"2026-11-22T09:30:06Z"},"structuredData":{"old":true}}}`).Report()
		require.Equal(t, "silence-timed-out", got.EndedReason)
		require.False(t, got.EndedAt.IsZero())
		require.JSONEq(t, `{"old":true}`, string(got.StructuredData))
		require.Zero(t, decode(t, `{"message":{"type":"hang"}}`).Report())
	})
}

func TestToolCall_String(t *testing.T) {
	t.Parallel()
	t.Run("no number and no argument is printed", func(t *testing.T) {
		t.Parallel()
		m := decode(t, `{"message":{"type":"tool-calls","call":{"id":"call-1","customer":{"number":"+447700900123"}},"toolCallList":[{"id":"c1","name":"look","arguments":{"complaint":"rash"}}]}}`)
		var log handlertest.LogBuffer
		fmt.Fprintf(&log, "%v %+v %#v %s", m.Call, m.Call, m.Call, m.Call)
		fmt.Fprintf(&log, "%v %+v %#v %s", m.ToolCalls, m.ToolCalls, m.ToolCalls, m.ToolCalls)
		require.NotContains(t, log.String(), "900123")
		require.NotContains(t, log.String(), "rash")
		require.Contains(t, log.String(), "call call-1")
		require.Contains(t, log.String(), "look c1")
	})
}

func TestDecode_Allocations(t *testing.T) {
	body := report()
	allocs := testing.AllocsPerRun(20, func() {
		if _, err := vapi.Decode(body); err != nil {
			t.Fatal(err)
		}
	})
	require.LessOrEqual(t, allocs, 20.0)
}

// FuzzDecode compares the decoder with encoding/json: the same texts are JSON,
// and the same values are read from them.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		hang, ``, `null`, `{}`, `[`, `{"message":{"type":"a\u00e9\ud83d\ude00\ud800"}}`, "{\"message\":{\"type\":\"\xff\"}}",
		`{"message":{"type":"a","type":"b"},"message":{"status":"x","type":"c"}}`, `{"message":{"ty\u0070e":"escaped"}}`,
		`{"message":{"type":"x","timestamp":-0.0e+1}} `, `{"message":{"type":"x","a":[1,2,{"b":[true,false,null]}]}}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`,
		`{"message":{"type":"x"},}`, `{"a" 1}`, `{"a":"\x"}`, `{"a":"\u12g4"}`, "{\"a\":\"\n\"}", `{"a":tru}`, `"\`, `"\u`, `{"":{}}`, `{"message":{"type":"x","call":{"id":"1"},"call":{}}}`,
	} {
		f.Add([]byte(body))
	}
	files, _ := filepath.Glob("../../shared/vapi-payloads/*.json")
	for _, file := range files {
		if body, err := os.ReadFile(file); err == nil {
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := vapi.Decode(body)
		if valid := json.Valid(body); valid == (err == vapi.ErrBadJSON) {
			t.Fatalf("valid is %v, the error %v", valid, err)
		}
		if err != nil {
			return
		}
		m.Report()
		for _, call := range m.ToolCalls {
			_ = call.String()
		}
		var whole map[string]any
		require.NoError(t, json.Unmarshal(body, &whole))
		if _, misspelled := whole["messsage"]; misspelled {
			return
		}
		message, _ := whole["message"].(map[string]any)
		if text, ok := message["type"].(string); ok {
			require.Equal(t, text, m.Type)
		}
		if text, ok := message["status"].(string); ok {
			require.Equal(t, text, m.Status)
		}
		if call, ok := message["call"].(map[string]any); ok {
			if text, ok := call["type"].(string); ok {
				require.Equal(t, text, m.Call.Type)
			}
			if metadata, ok := call["metadata"].(map[string]any); ok {
				var got map[string]any
				require.NoError(t, json.Unmarshal(m.Call.Metadata, &got))
				require.Equal(t, metadata, got)
			}
		}
		if list, ok := message["toolCallList"].([]any); ok && m.Type == "tool-calls" {
			objects := 0
			for _, item := range list {
				if _, ok := item.(map[string]any); ok {
					objects++
				}
			}
			if objects > 0 {
				require.Len(t, m.ToolCalls, objects)
			}
		}
	})
}

// report is an end-of-call report as long as a real one: 24 turns, each word
// with its confidence, all three times over.
func report() []byte {
	words := strings.Fields("so I was wondering whether you might have something free on Tuesday in the afternoon because I work mornings and it takes me an hour to get there by train if it is not too much trouble thank you")
	type word struct {
		Word, PunctuatedWord   string
		Start, End, Confidence float64
	}
	var messages, formatted []map[string]any
	var transcript strings.Builder
	at := 1722115418016.999
	for turn := range 24 {
		role, speaker := "bot", "AI: "
		if turn%2 == 1 {
			role, speaker = "user", "User: "
		}
		spoken := words[turn%5 : len(words)-turn%7-10]
		var heard []word
		for i, w := range spoken {
			heard = append(heard, word{w, w + ",", float64(i) * 0.312, float64(i)*0.312 + 0.2875, 0.99384766})
		}
		text := strings.Join(spoken, " ") + " – \"fine\"."
		transcript.WriteString(speaker + text + "\n")
		messages = append(messages, map[string]any{
			"role": role, "message": text, "time": at, "endTime": at + 3120.5, "secondsFromStart": float64(turn) * 4.31,
			"duration": 3120, "source": "", "metadata": map[string]any{"wordLevelConfidence": heard},
		})
		formatted = append(formatted, map[string]any{"role": "assistant", "content": text})
		at += 4310
	}
	artifact := map[string]any{
		"messages": messages, "messagesOpenAIFormatted": formatted, "transcript": transcript.String(),
		"recordingUrl": "https://storage.example/rec.wav", "variableValues": map[string]any{"today": "2026-11-22"},
		"performanceMetrics": map[string]any{"turnLatencies": []map[string]float64{{"modelLatency": 412.5, "turnLatency": 1250}}},
	}
	body, err := json.Marshal(map[string]any{"message": map[string]any{
		"type": "end-of-call-report", "timestamp": 1763784256708, "endedReason": "customer-ended-call",
		"startedAt": "2026-11-22T09:00:00.000Z", "endedAt": "2026-11-22T09:01:30.500Z",
		"call":        map[string]any{"id": "019aa9bb-1111-7aa2-9ab3-126b9b9dc856", "type": "inboundPhoneCall", "phoneNumberId": "pn-1", "customer": map[string]any{"number": "+447700900123"}},
		"phoneNumber": map[string]any{"id": "pn-1", "twilioAuthToken": "very-secret"},
		"customer":    map[string]any{"number": "+447700900123"},
		"assistant":   map[string]any{"id": "as-1", "model": map[string]any{"messages": []map[string]string{{"role": "system", "content": strings.Repeat("You are the receptionist of a clinic. ", 100)}}}},
		"analysis":    map[string]any{"summary": "A caller asked for an appointment.", "successEvaluation": false, "structuredData": map[string]any{"appointmentBooked": false}},
		"artifact":    artifact, "messages": messages, "transcript": transcript.String(),
		"costs": []map[string]any{{"type": "transcriber", "minutes": 1.5, "cost": 0.0155}},
	}})
	if err != nil {
		panic(fmt.Sprintf("report does not encode: %T", err))
	}
	return body
}

// unmarshalV2 is encoding/json/v2's Unmarshal where GOEXPERIMENT=jsonv2 builds
// it, and nil elsewhere.
var unmarshalV2 func(data []byte, into any) error

// reportFields are the fields that Decode reads of a report, as encoding/json
// takes them. Decode keeps the rest for Message.Report, which this does not read.
type reportFields struct {
	Message struct {
		Type, Status string
		Timestamp    json.Number
		Call         struct {
			ID, Type, PhoneNumberID, AssistantID string
			Customer                             struct{ Number string }
			Metadata                             json.RawMessage
		}
		Customer    struct{ Number string }
		PhoneNumber struct{ ID string }
		Assistant   struct{ ID string }
		ToolCalls   json.RawMessage
	}
}

// BenchmarkDecodeReport compares Decode of a report of 150 KB with the decoders
// of the standard library in the same run: into a map, into a struct of the same
// fields, and the latter with encoding/json/v2 where it is built. x-of-… is the
// ratio of the times.
func BenchmarkDecodeReport(b *testing.B) {
	body := report()
	baselines := map[string]func() error{
		"x-of-map":    func() error { var m map[string]any; return json.Unmarshal(body, &m) },
		"x-of-struct": func() error { var f reportFields; return json.Unmarshal(body, &f) },
	}
	if unmarshalV2 != nil {
		baselines["x-of-struct-v2"] = func() error { var f reportFields; return unmarshalV2(body, &f) }
	}
	took := make(map[string]time.Duration)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var ours time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := vapi.Decode(body); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)

		b.StopTimer()
		for unit, decode := range baselines {
			start := time.Now()
			if err := decode(); err != nil {
				b.Fatal(err)
			}
			took[unit] += time.Since(start)
		}
		b.StartTimer()
	}
	for unit, d := range took {
		b.ReportMetric(float64(ours)/float64(d), unit)
	}
	b.ReportMetric(float64(len(body)), "bytes")
}
