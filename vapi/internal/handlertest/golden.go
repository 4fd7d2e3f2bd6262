package handlertest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Golden compares value, as indented JSON, with a file in testdata.
func Golden(t *testing.T, name string, value any) {
	t.Helper()
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	must(t, e.Encode(value))
	if *update {
		must(t, os.WriteFile("testdata/"+name, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile("testdata/" + name)
	must(t, err)
	if got.String() != string(want) {
		t.Fatalf("testdata/%s differs; got\n%s", name, got.String())
	}
}
