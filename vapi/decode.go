package vapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/callwaiting-ai/callwaiting/vapi/internal/jsonscan"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/safelog"
)

// Decode reads the body of a request in one pass: every shape of message that
// Vapi's documents, call logs and live traffic show. The error is [ErrBadJSON]
// or [ErrNoType]. The Message keeps body, which must not change afterwards.
func Decode(body []byte) (*Message, error) {
	m := new(Message)
	var beside Message // call logs have the call beside the message
	s := jsonscan.New(body)
	s.Object(func(key []byte) {
		switch string(key) {
		case "message", "messsage": // so spelled in the schema of voice-request
			*m = Message{}
			s.Peek()
			from := s.Offset()
			m.read(s)
			m.body = body[from:s.Offset()]
		case "call":
			beside = Message{}
			beside.readCall(s)
		default:
			s.Skip()
		}
	})
	s.End()
	if s.Failed() {
		return nil, ErrBadJSON
	}
	if m.Type == "" {
		return nil, ErrNoType
	}
	if m.Call.ID == "" {
		m.Call.ID = beside.Call.ID
	}
	for i := range m.ToolCalls {
		m.ToolCalls[i].Call = m.Call
	}
	return m, nil
}

// The places of a message's ids: a member that occurs twice replaces its id, as
// in encoding/json.
const (
	inCall = iota
	inMessage
)

// read reads the message itself. Tool calls are kept as raw text until the type
// is known, since members come in any order.
func (m *Message) read(s *jsonscan.Scanner) {
	var list, calls, withTools, function []byte
	var caller string
	s.Object(func(key []byte) {
		switch string(key) {
		case "type":
			m.Type = s.Scalar()
		case "status":
			m.Status = s.Scalar()
		case "timestamp":
			m.Time = instant(s.Scalar())
		case "call":
			m.Call = Call{}
			m.readCall(s)
		case "customer":
			caller = readCaller(s)
		case "phoneNumber":
			m.phoneNumberIDs[inMessage] = readID(s)
		case "assistant":
			m.assistantIDs[inMessage] = readID(s)
		case "toolCallList":
			list = s.Raw()
		case "toolCalls":
			calls = s.Raw()
		case "toolWithToolCallList":
			withTools = s.Raw()
		case "functionCall":
			function = s.Raw()
		case "sampleRate":
			m.sampleRate = s.Scalar()
		default:
			s.Skip()
		}
	})
	if caller != "" {
		m.Call.Caller = caller
	}
	switch m.Type {
	case "tool-calls":
		m.ToolCalls = firstCalls(list, calls, withTools)
	case "function-call":
		if call := readToolCall(jsonscan.New(function)); call.Name != "" {
			m.ToolCalls = []ToolCall{call}
		}
	}
}

// readCall reads the call. The metadata of the call wins over the metadata of
// its overrides and of its assistant.
func (m *Message) readCall(s *jsonscan.Scanner) {
	var ofCall, ofOverrides, ofAssistant json.RawMessage
	s.Object(func(key []byte) {
		switch string(key) {
		case "id":
			m.Call.ID = safelog.ID(s.Scalar())
		case "type":
			m.Call.Type = s.Scalar()
		case "phoneNumberId":
			m.phoneNumberIDs[inCall] = s.Scalar()
		case "assistantId":
			m.assistantIDs[inCall] = s.Scalar()
		case "customer":
			m.Call.Caller = readCaller(s)
		case "metadata":
			ofCall = s.Raw()
		case "assistantOverrides":
			ofOverrides = readMetadata(s)
		case "assistant":
			ofAssistant = readMetadata(s)
		default:
			s.Skip()
		}
	})
	for _, metadata := range []json.RawMessage{ofCall, ofOverrides, ofAssistant} {
		if len(metadata) > 0 && metadata[0] == '{' {
			m.Call.Metadata = metadata
			return
		}
	}
}

func readCaller(s *jsonscan.Scanner) (number string) {
	s.Object(func(key []byte) {
		if string(key) == "number" {
			number = s.Scalar()
			return
		}
		s.Skip()
	})
	return number
}

func readID(s *jsonscan.Scanner) (id string) {
	s.Object(func(key []byte) {
		if string(key) == "id" {
			id = s.Scalar()
			return
		}
		s.Skip()
	})
	return id
}

func readMetadata(s *jsonscan.Scanner) (metadata json.RawMessage) {
	s.Object(func(key []byte) {
		if string(key) == "metadata" {
			metadata = s.Raw()
			return
		}
		s.Skip()
	})
	return metadata
}

// firstCalls returns the calls of the first list with a call in it. The lists
// repeat each other; their presence depends on the age of the sender.
func firstCalls(list, calls, withTools []byte) []ToolCall {
	for _, text := range [][]byte{list, calls} {
		if found := readCalls(text, readToolCall); len(found) > 0 {
			return found
		}
	}
	return readCalls(withTools, readToolWithCall)
}

// readCalls reads a list of calls; an item that is no object is skipped.
func readCalls(text []byte, read func(*jsonscan.Scanner) ToolCall) (found []ToolCall) {
	if text == nil {
		return nil
	}
	s := jsonscan.New(text)
	s.Array(func() {
		if s.Peek() != '{' {
			s.Skip()
			return
		}
		found = append(found, read(s))
	})
	return found
}

// readToolWithCall reads an item of "toolWithToolCallList": a tool with its
// call; the call's name may stand with the tool only.
func readToolWithCall(s *jsonscan.Scanner) ToolCall {
	var call ToolCall
	var name, functionName string
	s.Object(func(key []byte) {
		switch string(key) {
		case "name":
			name = s.Scalar()
		case "function":
			functionName = readFunction(s).Name
		case "toolCall":
			call = readToolCall(s)
		default:
			s.Skip()
		}
	})
	call.Name = cmp.Or(call.Name, functionName, name)
	if call.Arguments == nil {
		call.setArguments(nil)
	}
	return call
}

// readToolCall reads a call in any of its shapes: real bodies have the name and
// the arguments in the call or in its function, as "arguments" or "parameters".
func readToolCall(s *jsonscan.Scanner) ToolCall {
	var call, function ToolCall
	var arguments, parameters []byte
	s.Object(func(key []byte) {
		switch string(key) {
		case "id":
			call.ID = s.Scalar()
		case "name":
			call.Name = s.Scalar()
		case "function":
			function = readFunction(s)
		case "arguments":
			arguments = s.Raw()
		case "parameters":
			parameters = s.Raw()
		default:
			s.Skip()
		}
	})
	call.Name = cmp.Or(function.Name, call.Name)
	call.setArguments(firstPresent(function.Arguments, arguments, parameters))
	return call
}

func readFunction(s *jsonscan.Scanner) (function ToolCall) {
	var arguments, parameters []byte
	s.Object(func(key []byte) {
		switch string(key) {
		case "name":
			function.Name = s.Scalar()
		case "arguments":
			arguments = s.Raw()
		case "parameters":
			parameters = s.Raw()
		default:
			s.Skip()
		}
	})
	function.Arguments = firstPresent(arguments, parameters)
	return function
}

// setArguments keeps value as an object, unwrapped once if it is a string of
// JSON. A missing value is the empty object.
func (c *ToolCall) setArguments(value []byte) {
	if len(value) > 0 && value[0] == '"' {
		value = bytes.TrimSpace([]byte(jsonscan.Unquote(value)))
	}
	if len(value) == 0 {
		value = []byte("{}")
	}
	c.Arguments = value
	c.unreadable = value[0] != '{' || !json.Valid(value)
}

// firstPresent returns the first value that is not null, empty or missing.
func firstPresent(values ...[]byte) []byte {
	for _, v := range values {
		if len(v) > 0 && string(v) != "null" && string(v) != `""` {
			return v
		}
	}
	return nil
}

// milliseconds is where a number of seconds since 1970 ends and a number of
// milliseconds begins: in seconds it is the year 33658, in milliseconds 2001.
const milliseconds = 1e12

// instant reads a time as Vapi writes it: milliseconds with or without a
// fraction, seconds, or RFC 3339. Any other text, or a year before 1970 or after
// 2261, is the zero time: databases and JSON do not take every year.
func instant(text string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		if year := t.UTC().Year(); year < 1970 || year > 2261 {
			return time.Time{}
		}
		return t
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0) || n > math.MaxInt64/1e6 {
		return time.Time{}
	}
	if n <= milliseconds {
		n *= 1000
	}
	return time.UnixMilli(int64(n)).UTC()
}
