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

// newFunctionReply returns the first result, or its error.
func newFunctionReply(results []toolResult) functionReply {
	if len(results) == 0 {
		return functionReply{toolErrorUnknown}
	}
	return functionReply{cmp.Or(results[0].Result, results[0].Error)}
}

// The errors that the model reads in place of a result.
const (
	toolErrorUnknown   = "There is no tool of this name. Use one of the tools you were given."
	toolErrorArguments = "The arguments are not a JSON object. Call the tool again with its parameters by name."
	toolErrorLate      = "This takes too long. Apologise to the caller and offer to try again."
	toolErrorFailed    = "This failed on our side. Apologise to the caller and offer to try again."
)

// maxConcurrentCalls bounds the tool calls of one message that run at once. A
// model asks for one or two; the bound is for a message with thousands.
const maxConcurrentCalls = 8

// indexedResult is the result of the tool call at index.
type indexedResult struct {
	index  int
	result toolResult
}

// callTools runs the tool calls of m and returns a result for each, in order,
// when all are done or the deadline has passed: a tool that ignores its
// context is left behind. Calls that are equal, letter by letter, run once.
func (h *Handler) callTools(ctx context.Context, org tenant.Org, m *Message) []toolResult {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ToolDeadline)
	defer cancel()

	results := make([]toolResult, len(m.ToolCalls))
	for i, call := range m.ToolCalls {
		results[i] = toolResult{ToolCallID: call.ID, Name: call.Name, Error: toolErrorLate}
	}
	same, distinct := sameCalls(m.ToolCalls)
	slots := make(chan struct{}, maxConcurrentCalls)
	done := make(chan indexedResult, len(distinct)) // calls left behind must not block
	for _, i := range distinct {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break // a call that did not start in time must not start
		}
		call := m.ToolCalls[i]
		call.Org = org
		go h.runTool(ctx, call, i, slots, done)
	}
	for range distinct {
		select {
		case d := <-done:
			results[d.index] = d.result
		case <-ctx.Done():
			select { // a result that arrived with the deadline counts
			case d := <-done:
				results[d.index] = d.result
			default:
			}
		}
	}
	for i, first := range same {
		results[i] = results[first]
	}
	return results
}

// sameCalls returns for each call the index of the first call that equals it,
// and the indexes of those first calls. Calls without an id are all distinct.
func sameCalls(calls []ToolCall) (same, distinct []int) {
	same = make([]int, len(calls))
	seen := make(map[string]int, len(calls))
	for i, c := range calls {
		key := c.ID + "\x00" + c.Name + "\x00" + string(c.Arguments)
		first, repeated := seen[key]
		if !repeated || c.ID == "" {
			first = i
			seen[key] = i
			distinct = append(distinct, i)
		}
		same[i] = first
	}
	return same, distinct
}

// runTool runs one call, sends its result and frees its slot. An error or a
// panic becomes the error of this result; other calls are unaffected.
func (h *Handler) runTool(ctx context.Context, call ToolCall, index int, slots <-chan struct{}, done chan<- indexedResult) {
	start := time.Now()
	out := toolResult{ToolCallID: call.ID, Name: call.Name}
	name, outcome := "unknown", "unknown_tool" // the model's own words must not be logged
	var err error
	defer func() {
		if p := recover(); p != nil {
			err, outcome = safelog.PanicError(p), "panic"
			out = toolResult{ToolCallID: call.ID, Name: call.Name, Error: toolErrorFailed}
		}
		h.logToolCall(ctx, call, name, outcome, time.Since(start), err)
		done <- indexedResult{index, out}
		<-slots
	}()

	tool, known := h.tools[call.Name]
	if !known {
		out.Error = toolErrorUnknown
		return
	}
	name = tool.Name
	if call.unreadable {
		out.Error, outcome = toolErrorArguments, "bad_arguments"
		return
	}
	result, err := tool.Call(ctx, call)
	if err == nil {
		out.Result, err = result.encode()
	}
	switch {
	case err != nil && ctx.Err() != nil:
		out.Error, outcome = toolErrorLate, "late"
	case err != nil:
		out.Error, outcome = toolErrorFailed, "failed"
	default:
		outcome = safelog.ID(result.Status)
		if say := modeltext.OneLine(result.Say); say != "" {
			out.Message = &toolMessage{Type: "request-complete", Content: say}
		}
	}
}

// logToolCall logs the outcome of one call, without its arguments.
func (h *Handler) logToolCall(ctx context.Context, call ToolCall, tool, outcome string, took time.Duration, err error) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("tool", tool),
		slog.Any("org", call.Org.ID),
		slog.String("call", call.Call.ID),
		slog.String("outcome", outcome),
		slog.Duration("duration", took),
	}
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	h.cfg.Log.LogAttrs(ctx, level, "vapi: tool call", attrs...)
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
