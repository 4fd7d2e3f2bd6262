package vapi

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/modeltext"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/safelog"
)

// resultsReply answers "tool-calls". Vapi matches results by id and expects
// them in the order of the calls, each text on one line.
type resultsReply struct {
	Results []toolResult `json:"results"`
}

// functionReply answers "function-call", which has no place for an error.
type functionReply struct {
	Result string `json:"result"`
}

type toolResult struct {
	ToolCallID string       `json:"toolCallId"`
	Name       string       `json:"name"`
	Result     string       `json:"result,omitempty"`
	Error      string       `json:"error,omitempty"`
	Message    *toolMessage `json:"message,omitempty"`
}

type toolMessage struct {
	Type    string `json:"type"`
	Content string `json:"content"`
}

// What the model reads when a call has no result.
const (
	saidUnknownTool = "There is no tool of this name. Use one of the tools you were given."
	saidArguments   = "The arguments are not a JSON object. Call the tool again with its parameters by name."
	saidLate        = "This takes too long. Apologise to the caller and offer to try again."
	saidFailed      = "This failed on our side. Apologise to the caller and offer to try again."
)

// toolWorkers is how many tool calls of one message run at once. A model asks
// for one or two; the bound is for a message that asks for thousands.
const toolWorkers = 8

// callTools runs the tool calls of m and returns a result for each, in order,
// when all are done or the deadline has passed: a tool that does not heed its
// context is left behind. A call that is there twice, letter by letter, runs
// once.
func (h *Handler) callTools(ctx context.Context, org tenant.Org, m *Message) []toolResult {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ToolDeadline)
	defer cancel()

	same, distinct := sameCalls(m.ToolCalls)
	work := make(chan int, len(distinct))
	for _, i := range distinct {
		work <- i
	}
	close(work)

	type outcome struct {
		of     int
		result toolResult
	}
	outcomes := make(chan outcome, len(distinct)) // has room for those left behind
	for range min(toolWorkers, len(distinct)) {
		go func() {
			for i := range work {
				if ctx.Err() != nil {
					return
				}
				call := m.ToolCalls[i]
				call.Org = org
				outcomes <- outcome{i, h.callTool(ctx, call)}
			}
		}()
	}

	results := make([]toolResult, len(m.ToolCalls))
	for i, call := range m.ToolCalls {
		results[i] = toolResult{ToolCallID: call.ID, Name: call.Name, Error: saidLate}
	}
	for range distinct {
		select {
		case o := <-outcomes:
			results[o.of] = o.result
		case <-ctx.Done():
			select { // what is there already counts
			case o := <-outcomes:
				results[o.of] = o.result
			default:
			}
		}
	}
	for i, of := range same {
		results[i] = results[of]
	}
	return results
}

// sameCalls returns for each call the first one that equals it, and which
// calls are the first of their kind. Calls without an id are all distinct.
func sameCalls(calls []ToolCall) (same, distinct []int) {
	same = make([]int, len(calls))
	seen := make(map[string]int, len(calls))
	for i, c := range calls {
		key := c.ID + "\x00" + c.Name + "\x00" + string(c.Arguments)
		of, repeated := seen[key]
		if !repeated || c.ID == "" {
			of = i
			seen[key] = i
			distinct = append(distinct, i)
		}
		same[i] = of
	}
	return same, distinct
}

// callFunction runs the one call of a "function-call" message.
func (h *Handler) callFunction(ctx context.Context, org tenant.Org, m *Message) string {
	results := h.callTools(ctx, org, m)
	if len(results) == 0 {
		return saidUnknownTool
	}
	return cmp.Or(results[0].Result, results[0].Error)
}

// callTool runs one call; whatever happens in it stays in its result.
func (h *Handler) callTool(ctx context.Context, call ToolCall) (out toolResult) {
	out = toolResult{ToolCallID: call.ID, Name: call.Name}
	tool, known := h.tools[call.Name]
	if !known {
		out.Error = saidUnknownTool
		h.reportTool(ctx, call, "unknown", "unknown_tool", time.Now(), nil)
		return out
	}
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			out = toolResult{ToolCallID: call.ID, Name: call.Name, Error: saidFailed}
			h.reportTool(ctx, call, tool.Name, "panic", start, safelog.PanicError(p))
		}
	}()
	if call.unreadable {
		out.Error = saidArguments
		h.reportTool(ctx, call, tool.Name, "bad_arguments", start, nil)
		return out
	}
	result, err := tool.Call(ctx, call)
	if err == nil {
		out.Result, err = result.encode()
	}
	switch {
	case err != nil && ctx.Err() != nil:
		out.Error = saidLate
		h.reportTool(ctx, call, tool.Name, "late", start, err)
	case err != nil:
		out.Error = saidFailed
		h.reportTool(ctx, call, tool.Name, "failed", start, err)
	default:
		if say := modeltext.OneLine(result.Say); say != "" {
			out.Message = &toolMessage{Type: "request-complete", Content: say}
		}
		h.reportTool(ctx, call, tool.Name, safelog.ID(result.Status), start, nil)
	}
	return out
}

func (h *Handler) reportTool(ctx context.Context, call ToolCall, tool, outcome string, start time.Time, err error) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("tool", tool),
		slog.Any("org", call.Org.ID),
		slog.String("call", call.Call.ID),
		slog.String("outcome", outcome),
		slog.Duration("duration", time.Since(start)),
	}
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	h.cfg.Log.LogAttrs(ctx, level, "vapi: tool", attrs...)
}

// encode returns the result as one line of JSON, its status first.
func (r ToolResult) encode() (string, error) {
	head := encode(struct {
		Status  string `json:"status"`
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{modeltext.OneLine(r.Status), r.Code, modeltext.OneLine(r.Message)})
	if len(r.Data) == 0 {
		return string(head), nil
	}
	for _, taken := range []string{"status", "code", "message"} {
		if _, ok := r.Data[taken]; ok {
			return "", fmt.Errorf("vapi: ToolResult.Data has a member %q: use the field", taken)
		}
	}
	data, err := modeltext.Encode(r.Data)
	if err != nil {
		return "", fmt.Errorf("vapi: ToolResult.Data is not JSON: %T", err)
	}
	return string(head[:len(head)-1]) + "," + string(data[1:]), nil
}
