package vapi_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
)

// BenchmarkToolCall compares a tool call through the handler, over HTTP on the
// loopback, with the least that could answer it: net/http, a decode of the few
// fields that matter by encoding/json, and a constant reply. Both in turns;
// x-of-floor is the ratio of their medians.
func BenchmarkToolCall(b *testing.B) {
	tool := vapi.Tool{Name: "look", Call: func(context.Context, vapi.ToolCall) (vapi.ToolResult, error) {
		return vapi.ToolResult{Status: "ok", Code: 200, Message: "done"}, nil
	}}
	handler, err := vapi.New(vapi.Config{
		Directory: handlertest.Directory(), Tools: []vapi.Tool{tool}, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	})
	require.NoError(b, err)
	mux := http.NewServeMux()
	mux.Handle("POST /vapi/{key}", handler)
	mux.HandleFunc("POST /floor", floor)
	server := httptest.NewServer(mux)
	b.Cleanup(server.Close)

	for _, size := range []struct {
		name  string
		bytes int
	}{{"3KB", 3 << 10}, {"80KB", 80 << 10}} {
		b.Run(size.name, func(b *testing.B) {
			body := toolCallOf(size.bytes)
			b.ReportAllocs()
			var ours, least []time.Duration
			for b.Loop() {
				ours = append(ours, timed(b, server.URL+"/vapi/harley", body))
				b.StopTimer()
				least = append(least, timed(b, server.URL+"/floor", body))
				b.StartTimer()
			}
			b.ReportMetric(float64(median(ours))/float64(median(least)), "x-of-floor")
		})
	}
}

func floor(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var m struct {
		Message struct {
			Type         string
			Call         struct{ ID string }
			ToolCallList []struct {
				ID       string
				Function struct {
					Name      string
					Arguments json.RawMessage
				}
			}
		}
	}
	if json.Unmarshal(body, &m) != nil {
		return
	}
	io.WriteString(w, `{"results":[{"toolCallId":"`+m.Message.ToolCallList[0].ID+`","name":"look","result":"done"}]}`)
}

func timed(b *testing.B, url, body string) time.Duration {
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	require.NoError(b, err)
	r.Header.Set("X-Vapi-Secret", secret)
	start := time.Now()
	response, err := http.DefaultClient.Do(r)
	require.NoError(b, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(b, err)
	response.Body.Close()
	took := time.Since(start)
	require.Equal(b, http.StatusOK, response.StatusCode)
	return took
}

func median(times []time.Duration) time.Duration {
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	return times[len(times)/2]
}

// toolCallOf is a tool call as Vapi sends it some way into a conversation.
func toolCallOf(size int) string {
	const turn = `{"role":"user","message":"Could I come on Tuesday, \"early\" if you can?","time":1722032455940,"secondsFromStart":6.98,"duration":2.6},`
	history := strings.TrimSuffix(strings.Repeat(turn, size/len(turn)), ",")
	return `{"message":{"timestamp":1763784256708,"type":"tool-calls","toolCallList":[{"id":"call_1","type":"function","function":{"name":"look","arguments":{"city":"Leeds"}}}],` +
		`"call":{"id":"call-1","phoneNumberId":"pn-harley","customer":{"number":"+447700900123"}},"assistant":{"id":"as-harley"},` +
		`"artifact":{"messages":[` + history + `]}}}`
}
