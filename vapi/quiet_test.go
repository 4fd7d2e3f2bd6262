package vapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// logs are those of every handler that any test of this package made.
var logs struct {
	mu  sync.Mutex
	all []*lockedBuffer
}

func keepLog(l *lockedBuffer) *lockedBuffer {
	logs.mu.Lock()
	defer logs.mu.Unlock()
	logs.all = append(logs.all, l)
	return l
}

// TestMain reads what all the tests have logged, whatever each of them was
// about: no transcript, name, number, secret or medical word may be in it.
func TestMain(m *testing.M) {
	code := m.Run()
	if leaks := leaked(); code == 0 && len(leaks) > 0 {
		fmt.Printf("the logs of all tests hold %d private values:\n%s\n", len(leaks), strings.Join(leaks, "\n"))
		code = 1
	}
	os.Exit(code)
}

// private are words that the tests send and that no log may repeat.
var private = []string{
	secret, "harley-secret-old", "ikeja-secret", "PRIVATE_TEXT", "heart disease", "rash",
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
