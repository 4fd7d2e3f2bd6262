package redact

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"unicode/utf8"
)

// A SafeValue is a value that the caller declares free of private words. See
// [Safe].
type SafeValue struct{ value any }

// Safe returns a value that a [Handler] passes unchanged, unless its key is
// private:
//
//	log.Info("call ended", "route", redact.Safe(route))
func Safe(value any) SafeValue { return SafeValue{value} }

// LogValue returns the value, so that other handlers log it as usual.
func (s SafeValue) LogValue() slog.Value { return slog.AnyValue(s.value) }

const (
	unknownText = placeholderStart + "UNKNOWN]"
	bytesText   = placeholderStart + "BYTES]"
)

// value redacts v, or replaces it as a whole if kind is not empty. It also reports
// whether v is unchanged.
func (h *Handler) value(v slog.Value, kind Kind) (clean slog.Value, same bool) {
	// The two common cases, without the cost of the deferred recover.
	if kind == "" {
		switch v.Kind() {
		case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindTime, slog.KindUint64:
			return v, true
		case slog.KindString:
			s := v.String()
			clean := h.text(s, "")
			return slog.StringValue(clean), clean == s
		}
	}
	defer func() {
		if recover() != nil { // a method of the value panicked
			h.e.faults.Add(1)
			clean, same = slog.StringValue(faultText), false
		}
	}()
	if v.Kind() == slog.KindLogValuer {
		// A private key wins over Safe.
		if s, ok := v.Any().(SafeValue); ok && kind == "" {
			return slog.AnyValue(s.value), false
		}
		v = v.Resolve()
	}
	switch v.Kind() {
	case slog.KindGroup:
		attrs := v.Group()
		group := make([]slog.Attr, len(attrs))
		for i, a := range attrs {
			group[i], _ = h.attr(a, kind)
		}
		return slog.GroupValue(group...), false
	case slog.KindAny:
		return h.any(v.Any(), kind), false
	}
	if kind != "" {
		return slog.StringValue(h.replace(kind, v.String())), false
	}
	clean, _ = h.value(v, "")
	return clean, false
}

// any redacts a value of any type. An error or a Stringer is redacted by its text,
// a value without a text by its JSON form.
func (h *Handler) any(x any, kind Kind) slog.Value {
	var text string
	switch x := x.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		text = x.Error()
	case []byte:
		return h.bytes(x, kind)
	case json.RawMessage:
		return h.bytes(x, kind)
	case fmt.Stringer:
		text = x.String()
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		if err != nil {
			return slog.StringValue(unknownText)
		}
		return h.bytes(b, kind)
	default:
		v := reflect.ValueOf(x)
		switch {
		// Named numbers have no words either.
		case kind == "" && (v.CanInt() || v.CanUint() || v.CanFloat() || v.Kind() == reflect.Bool):
			return slog.AnyValue(x)
		case v.Kind() == reflect.String:
			text = v.String()
		default:
			b, err := json.Marshal(x)
			// A function or a channel has no JSON form.
			if err != nil {
				return slog.StringValue(unknownText)
			}
			return h.bytes(b, kind)
		}
	}
	return slog.StringValue(h.text(text, kind))
}

// bytes redacts b as JSON if it is JSON, else as text. Bytes that are neither
// are replaced.
func (h *Handler) bytes(b []byte, kind Kind) slog.Value {
	if kind == "" {
		if clean, ok := h.json(b); ok {
			return slog.AnyValue(clean)
		}
	}
	if !utf8.Valid(b) {
		return slog.StringValue(bytesText)
	}
	return slog.StringValue(h.text(string(b), kind))
}

// text redacts s, or replaces it as a whole if kind is not empty. JSON is decoded
// first, because its escapes ("caf\u00e9") could hide a fact.
func (h *Handler) text(s string, kind Kind) string {
	if kind != "" {
		return h.replace(kind, s)
	}
	if isUUID(s) {
		return s
	}
	if len(s) > 1 && (s[0] == '{' || s[0] == '[') {
		if clean, ok := h.json([]byte(s)); ok {
			return string(clean)
		}
	}
	return h.redact(s)
}

// isUUID reports whether s is a UUID. Most records hold one, and it has no
// words to redact.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if unhex(s[i]) > 15 {
				return false
			}
		}
	}
	return true
}

// replace returns the replacement of s by the policy for kind.
func (h *Handler) replace(kind Kind, s string) string {
	if op := h.e.policy[kind]; op != nil {
		return string(op(nil, kind, s))
	}
	return string(Replace(nil, kind, s))
}

// json redacts the strings of a JSON text and returns JSON. ok is false if b is
// not one JSON value.
func (h *Handler) json(b []byte) (clean json.RawMessage, ok bool) {
	var x any
	d := json.NewDecoder(bytes.NewReader(b))
	// Keeps long numbers exact.
	d.UseNumber()
	if d.Decode(&x) != nil || d.More() {
		return nil, false
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(h.jsonValue(x, "")) != nil {
		return nil, false
	}
	return json.RawMessage(strings.TrimSuffix(out.String(), "\n")), true
}

// jsonValue redacts a decoded JSON value. Inside a value with a private key
// everything is replaced, numbers and booleans too.
func (h *Handler) jsonValue(x any, kind Kind) any {
	switch x := x.(type) {
	case string:
		return h.text(x, kind)
	case []any:
		for i := range x {
			x[i] = h.jsonValue(x[i], kind)
		}
		return x
	case map[string]any:
		clean := make(map[string]any, len(x))
		for key, v := range x {
			own, safe := h.classifyKey(key)
			switch {
			case kind != "":
				v = h.jsonValue(v, kind)
			case !safe:
				v = h.jsonValue(v, own)
			}
			clean[h.key(key)] = v
		}
		return clean
	case nil:
		return nil
	}
	if kind != "" {
		return h.replace(kind, fmt.Sprint(x))
	}
	return x
}
