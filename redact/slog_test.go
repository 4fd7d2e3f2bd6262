package redact_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func TestHandler(t *testing.T) {
	t.Parallel()
	t.Run("a Handler passes testing/slogtest", func(t *testing.T) {
		t.Parallel()
		var buf bytes.Buffer
		h := redact.NewHandler(slog.NewJSONHandler(&buf, nil), engine(t, redact.Config{}))
		require.NoError(t, slogtest.TestHandler(h, func() (records []map[string]any) {
			for line := range strings.Lines(buf.String()) {
				var m map[string]any
				require.NoError(t, json.Unmarshal([]byte(line), &m))
				records = append(records, m)
			}
			return records
		}))
	})
	t.Run("a fact is redacted in every form of value", func(t *testing.T) {
		t.Parallel()
		const fact = "i have chlamydia"
		type visit struct {
			Said  string
			inner string
		}
		visit0 := visit{fact, fact}
		for name, args := range map[string][]any{
			"string":             {"v", fact},
			"named string":       {"v", named(fact)},
			"key that is text":   {fact, 1},
			"missing value":      {fact},
			"error":              {"v", errors.New(fact)},
			"wrapped error":      {"v", fmt.Errorf("call: %w", errors.New(fact))},
			"joined error":       {"v", errors.Join(errors.New(fact), io.EOF)},
			"Stringer":           {"v", stringer{fact}},
			"URL":                {"v", &url.URL{Scheme: "https", Host: "a.example", Path: "/" + fact}},
			"TextMarshaler":      {"v", marshaler{fact}},
			"bytes":              {"v", []byte(fact)},
			"raw JSON":           {"v", json.RawMessage(`{"said":["i have chlamydi\u0061"],"n":1}`)},
			"JSON in a string":   {"v", `{"said":"i have\nchlamydi\u0061"}`},
			"JSON in JSON":       {"v", `{"body":"{\"said\":\"i have chlamydi\\u0061\"}"}`},
			"struct":             {"v", visit0},
			"pointer":            {"v", &visit0},
			"slice":              {"v", []string{"a", fact}},
			"map":                {"v", map[string]any{"a": map[string]any{"b": fact}}},
			"map key":            {"v", map[string]int{fact: 1}},
			"group":              {slog.Group("g", "a", 1, slog.Group("h", "b", fact))},
			"LogValuer":          {"v", valuer{slog.StringValue(fact)}},
			"LogValuer of group": {"v", valuer{slog.GroupValue(slog.String("a", fact))}},
			"LogValuer twice":    {"v", valuer{slog.AnyValue(valuer{slog.AnyValue(errors.New(fact))})}},
			"inlined group":      {slog.Group("", "a", fact)},
			"Speech":             {"v", redact.NewSpeech(fact)},
			"function":           {"v", func() string { return fact }},
			"channel":            {"v", make(chan string)},
			"panicking error":    {"v", panickingError{}},
			"key of transcripts": {"transcript", "hm yes the usual chlamydia", "Clinical-Notes", 7, "callSummary", []byte("x")},
		} {
			t.Run(name, func(t *testing.T) {
				for _, format := range []func(io.Writer) slog.Handler{
					func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
					func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
				} {
					var buf bytes.Buffer
					log := slog.New(redact.NewHandler(format(&buf), engine(t, redact.Config{})))
					log.Info("plain", args...)
					log.With(args...).Info("with")
					log.WithGroup("deep").With(args...).Info("grouped")
					require.NotContains(t, buf.String(), "chlamyd")
					require.NotContains(t, buf.String(), "asthma")
					require.Contains(t, buf.String(), "plain")
				}
			})
		}
		var buf bytes.Buffer
		log := slog.New(redact.NewHandler(slog.NewTextHandler(&buf, nil), engine(t, redact.Config{})))
		log.Info("caller says " + fact)
		log.WithGroup(fact).Info("x", "a", 1)
		log.WithGroup("transcript").Info("x", "first", "nothing special", "second", 5)
		require.NotContains(t, buf.String(), "chlamydia")
		require.NotContains(t, buf.String(), "nothing special")
		require.NotContains(t, buf.String(), "=5")
	})
	t.Run("a record without findings is passed unchanged", func(t *testing.T) {
		t.Parallel()
		now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
		args := []any{"n", 7, "u", uint64(8), "f", 1.5, "ok", true, "took", 3 * time.Second, "at", now, "org",
			"0193f7c2-6f0e-7c1a-b6b8-2f7f0d1c9a55", "nothing", nil, slog.Group("g", "a", "b"), "level", slog.LevelWarn}
		var bare, read bytes.Buffer
		drop := &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		}}
		slog.New(slog.NewJSONHandler(&bare, drop)).Info("call ended", args...)
		slog.New(redact.NewHandler(slog.NewJSONHandler(&read, drop), engine(t, redact.Config{}))).Info("call ended", args...)
		require.Equal(t, bare.String(), read.String())
	})
	t.Run("the value of a private key is replaced by the kind of the key", func(t *testing.T) {
		t.Parallel()
		var buf bytes.Buffer
		cfg := redact.Config{Policy: redact.Policy{redact.Phone: redact.Mask(2)}}
		h := redact.NewHandler(slog.NewJSONHandler(&buf, nil), engine(t, cfg), redact.WithPrivateKeys("door code"), redact.WithSafeKeys("product"))
		slog.New(h).Info("m", "diagnosis", "?", "patientName", "x", "phone", "ab12", "doorCode", 42,
			"product", "Botox", "route", redact.Safe("Botox"), "other", "Botox", "body", []byte(`{"dob":"?","product":"Botox"}`))
		var got map[string]any
		require.NoError(t, json.Unmarshal(buf.Bytes(), &got))
		delete(got, "time")
		delete(got, "level")
		require.Equal(t, map[string]any{
			"msg": "m", "diagnosis": "[REDACTED: MEDICAL]", "patientName": "[REDACTED: PERSON]", "phone": "**12",
			"doorCode": "[REDACTED: PRIVATE]", "product": "Botox", "route": "Botox", "other": "[REDACTED: MEDICAL]",
			"body": map[string]any{"dob": "[REDACTED: DATE]", "product": "Botox"},
		}, got)
	})
	t.Run("a fault is logged as [REDACTED: ERROR]", func(t *testing.T) {
		t.Parallel()
		for _, rec := range []redact.Recognizer{failingRecognizer{}, failingRecognizer{panics: true}} {
			var buf bytes.Buffer
			e := engine(t, only(rec))
			slog.New(redact.NewHandler(slog.NewTextHandler(&buf, nil), e)).Info("a word", "v", "another", "n", 1)
			require.Contains(t, buf.String(), `msg="[REDACTED: ERROR]" v="[REDACTED: ERROR]" n=1`)
			require.EqualValues(t, 2, e.Faults())
		}
		e := engine(t, redact.Config{})
		slog.New(redact.NewHandler(slog.DiscardHandler, e)).Info("m")
		require.Zero(t, e.Faults())
		require.NoError(t, redact.NewHandler(slog.NewTextHandler(io.Discard, nil), e).
			Handle(context.Background(), slog.NewRecord(time.Now(), 0, "m", 0)))
	})
}

type stringer struct{ text string }

func (s stringer) String() string { return s.text }

type valuer struct{ v slog.Value }

func (v valuer) LogValue() slog.Value { return v.v }

type marshaler struct{ text string }

func (m marshaler) MarshalText() ([]byte, error) { return []byte(m.text), nil }

type panickingError struct{}

func (panickingError) Error() string { panic("i have asthma") }

type named string
