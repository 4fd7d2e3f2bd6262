package handlertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// logs are those of every handler that any test of a package made.
var logs struct {
	mu  sync.Mutex
	all []*LogBuffer
}

// LogBuffer is a log in memory. Safe for concurrent use.
type LogBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// NewLogBuffer returns a buffer that [Main] checks.
func NewLogBuffer() *LogBuffer {
	l := new(LogBuffer)
	logs.mu.Lock()
	defer logs.mu.Unlock()
	logs.all = append(logs.all, l)
	return l
}

// Write implements [io.Writer].
func (l *LogBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns the log so far.
func (l *LogBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Main runs the tests of a package and then reads their logs, whatever each
// test was about: no transcript, name, number, secret or medical word may be in
// them. It returns the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	if leaks := leaked(); code == 0 && len(leaks) > 0 {
		fmt.Printf("the logs of all tests hold %d private values:\n%s\n", len(leaks), strings.Join(leaks, "\n"))
		code = 1
	}
	return code
}

// private are words that the tests send and that no log may repeat.
var private = []string{
	Secret, PreviousSecret, "ikeja-secret", "PRIVATE_TEXT", "heart disease", "rash",
	"7700900", "7700 900", "2025550", "Ada", "Obi", "Connor", "@example",
}

func leaked() (found []string) {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		return []string{err.Error()}
	}
	for _, l := range logs.all {
		for line := range strings.Lines(l.String()) {
			for _, word := range private {
				if strings.Contains(line, word) {
					found = append(found, line)
				}
			}
			var record map[string]any
			if json.Unmarshal([]byte(line), &record) != nil {
				continue // some tests log as text
			}
			for key, value := range record {
				text, ok := value.(string)
				if !ok || key == "time" || key == "org" {
					continue
				}
				result, err := engine.Analyze(text)
				if err != nil || len(result.Spans) > 0 {
					found = append(found, line)
				}
			}
		}
	}
	return found
}
