package vapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
)

func fine(text string) (vapi.ToolResult, error) {
	return vapi.ToolResult{Status: "ok", Code: 200, Message: text}, nil
}

// toolFixture has a tool for each way to succeed and to fail.
func toolFixture(t testing.TB, deadline time.Duration) (d *fixture, runs *atomic.Int64, released chan struct{}) {
	runs, released = new(atomic.Int64), make(chan struct{})
	t.Cleanup(func() { close(released) })
	tool := func(name string, f func(context.Context, vapi.ToolCall) (vapi.ToolResult, error)) vapi.Tool {
		return vapi.Tool{Name: name, Call: f}
	}
	return newFixture(t, func(c *vapi.Config) {
		c.ToolDeadline = deadline
		c.Tools = []vapi.Tool{
			{Name: "echo", Aliases: []string{"Echo_v2"}, Call: func(_ context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
				runs.Add(1)
				return fine(string(call.Arguments))
			}},
			tool("broken", func(context.Context, vapi.ToolCall) (vapi.ToolResult, error) {
				return vapi.ToolResult{Status: "ok"}, errors.New("row 7 is locked")
			}),
			tool("panics", func(_ context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
				panic("arguments: " + string(call.Arguments))
			}),
			tool("obeys", func(ctx context.Context, _ vapi.ToolCall) (vapi.ToolResult, error) {
				<-ctx.Done()
				return vapi.ToolResult{}, ctx.Err()
			}),
			tool("hangs", func(context.Context, vapi.ToolCall) (vapi.ToolResult, error) {
				<-released
				return fine("too late")
			}),
			tool("lines", func(context.Context, vapi.ToolCall) (vapi.ToolResult, error) {
				return vapi.ToolResult{Status: "ok", Code: 200, Message: "one\r\ntwo\u2028three\x00 <b>", Say: "\tone\ntwo ",
					Data: map[string]any{"list": []string{"a\nb"}}}, nil
			}),
			tool("unencodable", func(context.Context, vapi.ToolCall) (vapi.ToolResult, error) {
				return vapi.ToolResult{Status: "ok", Data: map[string]any{"f": func() {}}}, nil
			}),
			tool("collides", func(context.Context, vapi.ToolCall) (vapi.ToolResult, error) {
				return vapi.ToolResult{Status: "ok", Data: map[string]any{"status": "no"}}, nil
			}),
		}
	}), runs, released
}

func calls(list ...string) string {
	return `{"message":{"type":"tool-calls","call":{"id":"call-1"},"toolCallList":[` + strings.Join(list, ",") + `]}}`
}

func one(id, name, arguments string) string {
	return fmt.Sprintf(`{"id":%q,"function":{"name":%q,"arguments":%s}}`, id, name, arguments)
}

func TestTool_Call(t *testing.T) {
	t.Parallel()
	t.Run("an error or a panic stays in its result", func(t *testing.T) {
		t.Parallel()
		d, _, _ := toolFixture(t, 0)
		w := d.Post(calls(
			one("1", "echo", `{"a":1}`), one("2", "no_such_tool", `{}`), one("3", "broken", `{}`), one("4", "panics", `{"rash":true}`),
			one("5", "echo", `"{not json"`), one("6", "echo", `[1]`), one("7", "unencodable", `{}`), one("8", "collides", `{}`),
			one("9", "Echo_v2", `"{\"b\":\"<2>\"}"`)))
		r := handlertest.Results(t, w)
		require.Len(t, r, 9)
		for i := range r {
			require.Equal(t, fmt.Sprint(i+1), r[i].ToolCallID)
			require.NotEqual(t, r[i].Result == "", r[i].Error == "", "one of result and error")
		}
		require.Equal(t, `{"status":"ok","code":200,"message":"{\"a\":1}"}`, r[0].Result)
		require.Equal(t, "no_such_tool", r[1].Name)
		require.Contains(t, r[1].Error, "no tool of this name")
		require.Contains(t, r[2].Error, "failed on our side")
		require.NotContains(t, r[2].Error, "row 7")
		require.Contains(t, r[3].Error, "failed on our side")
		require.Contains(t, r[4].Error, "not a JSON object")
		require.Contains(t, r[5].Error, "not a JSON object")
		require.Contains(t, r[6].Error, "failed on our side")
		require.Contains(t, r[7].Error, "failed on our side")
		require.Equal(t, "Echo_v2", r[8].Name)
		require.Contains(t, r[8].Result, `<2>`)

		log := d.Log.String()
		require.Contains(t, log, "row 7 is locked")
		require.Contains(t, log, "panic with a string")
		require.NotContains(t, log, "rash")
		require.NotContains(t, log, "no_such_tool", "an unknown name is the model's word")
	})
	t.Run("a late tool is left behind", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d, _, _ := toolFixture(t, 0)
			start := time.Now()
			r := handlertest.Results(t, d.Post(calls(one("1", "hangs", `{}`), one("2", "echo", `{}`), one("3", "obeys", `{}`))))
			require.Equal(t, 15*time.Second, time.Since(start))
			require.Contains(t, r[0].Error, "takes too long")
			require.Empty(t, r[1].Error)
			require.Contains(t, r[2].Error, "takes too long")
		})
	})
	t.Run("tools that all hang do not hang the call", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var d *fixture
			var runs *atomic.Int64
			t.Cleanup(func() { // after the tools were let go
				synctest.Wait()
				require.Zero(t, runs.Load(), "a call that did not start in time must not start")
			})
			d, runs, _ = toolFixture(t, time.Second)
			var list []string
			for i := range 40 {
				list = append(list, one(fmt.Sprint(i), "hangs", `{}`))
			}
			list = append(list, one("last", "echo", `{}`))
			r := handlertest.Results(t, d.Post(calls(list...)))
			require.Len(t, r, 41)
			for _, one := range r {
				require.Contains(t, one.Error, "takes too long")
			}
		})
	})
	t.Run("a hundred calls are answered in order", func(t *testing.T) {
		t.Parallel()
		d, runs, _ := toolFixture(t, 0)
		var list []string
		for i := range 100 {
			list = append(list, one(fmt.Sprint("id", i), "echo", fmt.Sprintf(`{"n":%d}`, i)))
		}
		r := handlertest.Results(t, d.Post(calls(list...)))
		require.Len(t, r, 100)
		for i := range r {
			require.Equal(t, fmt.Sprint("id", i), r[i].ToolCallID)
			require.Contains(t, r[i].Result, fmt.Sprintf(`\"n\":%d}`, i))
		}
		require.EqualValues(t, 100, runs.Load())
	})
	t.Run("a repeated call runs once", func(t *testing.T) {
		t.Parallel()
		d, runs, _ := toolFixture(t, 0)
		r := handlertest.Results(t, d.Post(calls(one("1", "echo", `{"a":1}`), one("1", "echo", `{"a":1}`))))
		require.Len(t, r, 2)
		require.Equal(t, r[0], r[1])
		require.EqualValues(t, 1, runs.Load())

		r = handlertest.Results(t, d.Post(calls(one("1", "echo", `{"a":1}`), one("1", "echo", `{"a":2}`), one("", "echo", `{}`), one("", "echo", `{}`))))
		require.Contains(t, r[0].Result, `\"a\":1`)
		require.Contains(t, r[1].Result, `\"a\":2`)
		require.EqualValues(t, 5, runs.Load(), "calls with other arguments or without an id are distinct")
		require.Empty(t, r[3].ToolCallID)
	})
	t.Run("a function-call is answered in its own form", func(t *testing.T) {
		t.Parallel()
		d, _, _ := toolFixture(t, 0)
		w := d.Post(`{"message":{"type":"function-call","functionCall":{"name":"echo","parameters":{"a":1}}}}`)
		require.Equal(t, `{"result":"{\"status\":\"ok\",\"code\":200,\"message\":\"{\\\"a\\\":1}\"}"}`, w.Body.String())
		w = d.Post(`{"message":{"type":"function-call","functionCall":{"name":"no_such_tool"}}}`)
		require.Contains(t, w.Body.String(), `{"result":"There is no tool of this name.`)
		w = d.Post(`{"message":{"type":"function-call"}}`)
		require.Contains(t, w.Body.String(), `{"result":"There is no tool of this name.`)
	})
}

func TestToolResult(t *testing.T) {
	t.Parallel()
	t.Run("a result is one line", func(t *testing.T) {
		t.Parallel()
		d, _, _ := toolFixture(t, 0)
		w := d.Post(calls(one("1", "lines", `{}`)))
		require.Equal(t, `{"results":[{"toolCallId":"1","name":"lines","result":"{\"status\":\"ok\",\"code\":200,\"message\":\"one two three <b>\",\"list\":[\"a\\nb\"]}","message":{"type":"request-complete","content":"one two"}}]}`, w.Body.String())
	})
	t.Run("no calls have no results", func(t *testing.T) {
		t.Parallel()
		d, _, _ := toolFixture(t, 0)
		w := d.Post(calls())
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, `{"results":[]}`, w.Body.String())
	})
}
