package vapi

import (
	"context"
	"encoding/json"
	"fmt"
)

// A Tool is something the model can do during a call.
type Tool struct {
	// Name is the name that the model calls: 1 to 64 of letters, digits, '_'
	// and '-'. Aliases are further names that are answered but not offered.
	Name    string
	Aliases []string

	// Description is the model's instruction when to call the tool.
	Description string

	// Opening is spoken to the caller when the tool is called. The tool does
	// not wait for it.
	//
	// Defaults to "One moment."
	Opening string

	// Parameters is the JSON Schema of the arguments.
	//
	// Defaults to an object without members.
	Parameters json.RawMessage

	// Call runs the tool. An answer to the caller, such as a slot that is
	// taken, is a result; an error is a failure of this side, and the caller
	// hears an apology. The error's text goes to the log: it must carry ids and
	// never a caller's words. Call must end when ctx does, or its result is
	// lost. It must be safe for concurrent use.
	Call func(ctx context.Context, call ToolCall) (ToolResult, error)
}

// ToolResult is the model's result of a call: it is sent as one line of JSON
// with the members status, code and message, and those of Data.
type ToolResult struct {
	Status  string // one word, such as "booked" or "conflict"
	Code    int    // as in HTTP, such as 200 or 409
	Message string // a sentence the model can say

	// Data holds further members, such as "alternatives".
	Data map[string]any

	// Say is spoken to the caller as it is. The model does not phrase it,
	// which saves the caller a second of silence.
	//
	// Defaults to no sentence: the model speaks.
	Say string
}

// ValidateTools returns the error that [New] would return for tools: each needs
// a name of its own, a Call, and Parameters that are a JSON Schema.
func ValidateTools(tools []Tool) error {
	_, err := toolsByName(tools)
	return err
}

// toolsByName returns the tools by name and alias.
func toolsByName(tools []Tool) (map[string]*Tool, error) {
	byName := make(map[string]*Tool)
	for _, t := range tools {
		if err := t.validate(); err != nil {
			return nil, err
		}
		for _, name := range append([]string{t.Name}, t.Aliases...) {
			if !validToolName(name) {
				return nil, fmt.Errorf("vapi: Tool.Aliases of %q: use 1 to 64 of letters, digits, '_' and '-'", t.Name)
			}
			if _, ok := byName[name]; ok {
				return nil, fmt.Errorf("vapi: Config.Tools has %q twice: give each name and alias to one tool", name)
			}
			byName[name] = &t
		}
	}
	return byName, nil
}

func (t *Tool) validate() error {
	if !validToolName(t.Name) {
		return fmt.Errorf("vapi: Tool.Name is %q: use 1 to 64 of letters, digits, '_' and '-'", t.Name)
	}
	if t.Call == nil {
		return fmt.Errorf("vapi: Tool.Call of %q is nil: give the function that does it", t.Name)
	}
	var schema map[string]any
	if t.Parameters != nil && (json.Unmarshal(t.Parameters, &schema) != nil || schema["type"] != "object") {
		return fmt.Errorf("vapi: Tool.Parameters of %q: give a JSON Schema of type \"object\"", t.Name)
	}
	return nil
}

// validToolName reports whether Vapi and the providers of models take a name.
func validToolName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
