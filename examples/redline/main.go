// Command redline redacts text with package redact. It is a filter:
//
//	$ echo "My name is Sarah Connor, I live at 123 Harley Street and I have heart disease" | redline
//	My name is [CONTACT/PERSON: Sarah Connor], I live at [CONTACT/ADDRESS: 123 Harley Street] and I have [REDACTED: MEDICAL]
//
// Medical facts and identity numbers are replaced. Contact facts, which a clinic
// needs, are marked; with -all they are replaced too, as in a log. On a terminal
// the marks are coloured.
//
//	redline [-all] [-strict] [-region GB|US|NG] [file]
//	redline -json [file]     prints the spans of the whole text
//	redline -jsonl [file]    reads {"id","text"} per line, prints {"id","spans":[{"start","end","label"}]}
//	redline -eval file       scores a file of labelled lines and measures the speed;
//	                         "own" stands for the calls in package redacttest
//
// Offsets are UTF-8 bytes.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
)

func main() {
	// Colours are only for a terminal: a file or a pipe must get plain text.
	stat, err := os.Stdout.Stat()
	terminal := err == nil && stat.Mode()&os.ModeCharDevice != 0
	if err := run(os.Args[1:], os.Stdin, os.Stdout, terminal); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "redline:", err)
		}
		os.Exit(1)
	}
}

// run parses the flags and runs one of the four modes.
func run(args []string, in io.Reader, out io.Writer, colour bool) error {
	flags := flag.NewFlagSet("redline", flag.ContinueOnError)
	all := flags.Bool("all", false, "replace contact facts as well")
	strict := flags.Bool("strict", false, "replace every word that is not on the list of harmless words")
	region := flags.String("region", "GB", "the `country` (GB, US, NG) of phone numbers given without one")
	asJSON := flags.Bool("json", false, "print the spans instead of the text")
	lines := flags.Bool("jsonl", false, "read and write one JSON object per line")
	eval := flags.String("eval", "", "score this `file` of labelled lines, or \"own\"")
	if err := flags.Parse(args); err != nil {
		return err
	}
	engine, err := redact.New(redact.Config{Policy: policy(*all, colour), Region: *region, Strict: *strict})
	if err != nil {
		return err
	}
	name := flags.Arg(0)
	if *eval != "" {
		name = *eval
	}
	// The own calls are embedded: they need no file.
	if *eval == "own" {
		return score(engine, append(redacttest.Calls(), redacttest.Clean()...), out)
	}
	if name != "" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	switch {
	case *eval != "":
		docs, err := redacttest.Read(in)
		if err != nil {
			return err
		}
		return score(engine, docs, out)
	case *lines:
		return analyzeLines(engine, in, out)
	case *asJSON:
		return analyze(engine, in, out)
	}
	return filter(engine, in, out)
}

// policy returns a policy that replaces medical facts and identity numbers. It
// marks contact facts, or replaces them too if all is set.
func policy(all, colour bool) redact.Policy {
	// Red for a fact that is gone, cyan for one that stays.
	paint := func(code, text string) string {
		if colour {
			return "\x1b[" + code + "m" + text + "\x1b[0m"
		}
		return text
	}
	replace := func(dst []byte, kind redact.Kind, _ string) []byte {
		return append(dst, paint("1;31", string(redact.Replace(nil, kind, "")))...)
	}
	mark := func(dst []byte, kind redact.Kind, found string) []byte {
		return append(dst, paint("36", "[CONTACT/"+string(kind)+": "+found+"]")...)
	}
	p := redact.Policy{redact.Medical: replace, redact.ID: replace}
	for _, kind := range []redact.Kind{redact.Person, redact.Address, redact.Location, redact.Phone, redact.Email, redact.URL, redact.Date, redact.Org} {
		if p[kind] = mark; all {
			p[kind] = replace
		}
	}
	return p
}

// filter copies in to out, redacted. It must not wait for the end of the input: if
// the input pauses after a whole line, filter writes that line.
func filter(engine *redact.Engine, in io.Reader, out io.Writer) error {
	w := redact.NewWriter(out, engine)
	buf := make([]byte, 1<<16)
	for {
		n, err := in.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			// A short read that ends in a line end means that the input pauses.
			if n < len(buf) && buf[n-1] == '\n' {
				if err := w.Flush(); err != nil {
					return err
				}
			}
		}
		if err == io.EOF {
			return w.Close()
		}
		if err != nil {
			return err
		}
	}
}

// A span is the JSON form of a finding. It never holds the text.
type span struct {
	Start int         `json:"start"`
	End   int         `json:"end"`
	Label redact.Kind `json:"label"`
	Sub   string      `json:"sub,omitempty"`
	Score float32     `json:"score,omitempty"`
	Rule  string      `json:"rule,omitempty"`
}

// analyze prints the spans of the whole input as one JSON array.
func analyze(engine *redact.Engine, in io.Reader, out io.Writer) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	result, err := engine.Analyze(string(text))
	if err != nil {
		return err
	}
	// Not nil, so that a text without findings prints [] and not null.
	spans := make([]span, 0, len(result.Spans))
	for _, s := range result.Spans {
		spans = append(spans, span{s.Start, s.End, s.Kind, s.Sub, s.Score, s.Rule})
	}
	return json.NewEncoder(out).Encode(spans)
}

// analyzeLines prints the spans of each JSON line of the input.
func analyzeLines(engine *redact.Engine, in io.Reader, out io.Writer) error {
	w := bufio.NewWriter(out)
	defer w.Flush()
	// A decoder reads objects of any length, unlike a scanner of lines.
	lines, enc := json.NewDecoder(in), json.NewEncoder(w)
	for n := 1; ; n++ {
		var doc struct {
			ID   json.RawMessage `json:"id"`
			Text string          `json:"text"`
		}
		if err := lines.Decode(&doc); err == io.EOF {
			return w.Flush()
		} else if err != nil {
			return fmt.Errorf("invalid object %d: want {\"id\",\"text\"}", n) // the decoder's error quotes the line
		}
		result, err := engine.Analyze(doc.Text)
		if err != nil {
			return fmt.Errorf("object %d: %w", n, err)
		}
		spans := make([]span, 0, len(result.Spans))
		for _, s := range result.Spans {
			spans = append(spans, span{Start: s.Start, End: s.End, Label: s.Kind})
		}
		if err := enc.Encode(struct {
			ID    json.RawMessage `json:"id"`
			Spans []span          `json:"spans"`
		}{doc.ID, spans}); err != nil {
			return err
		}
	}
}
