package redacttest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// A Doc is one labelled utterance.
type Doc struct {
	ID     string  `json:"id"`
	Source string  `json:"source"` // name of its set, a row of the score table
	Text   string  `json:"text"`
	Labels []Label `json:"spans"`
}

// A Label marks a fact in a text: bytes [Start, End).
type Label struct {
	Start    int         `json:"start"`
	End      int         `json:"end"`
	Kind     redact.Kind `json:"label"`
	Optional bool        `json:"optional,omitempty"` // finding it or not counts as right
}

// Parse reads markup: "I take {MEDICAL:warfarin} since {DATE:March}". A label with
// "?" is optional: "{?MEDICAL:pain}". The text itself must not contain braces.
func Parse(markup string) (text string, labels []Label, err error) {
	var b strings.Builder
	for rest := markup; ; {
		plain, marked, found := strings.Cut(rest, "{")
		if strings.Contains(plain, "}") {
			return "", nil, fmt.Errorf("redacttest: invalid markup %q: unbalanced brace", markup)
		}
		b.WriteString(plain)
		if !found {
			return b.String(), labels, nil
		}
		marked, rest, found = strings.Cut(marked, "}")
		kind, fact, ok := strings.Cut(marked, ":")
		if !found || !ok || fact == "" || strings.Contains(marked, "{") {
			return "", nil, fmt.Errorf("redacttest: invalid markup %q: use {KIND:text}", markup)
		}
		l := Label{Start: b.Len(), Optional: strings.HasPrefix(kind, "?")}
		l.Kind = redact.Kind(strings.TrimPrefix(kind, "?"))
		b.WriteString(fact)
		l.End = b.Len()
		labels = append(labels, l)
	}
}

// parseLines reads one utterance of markup per line; '#' begins a comment.
func parseLines(source, lines string) ([]Doc, error) {
	var docs []Doc
	for line := range strings.Lines(lines) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		text, labels, err := Parse(line)
		if err != nil {
			return nil, err
		}
		docs = append(docs, Doc{fmt.Sprintf("%s-%03d", source, len(docs)), source, text, labels})
	}
	return docs, nil
}

// Read reads labelled utterances, one JSON object per line:
//
//	{"id":"1","source":"calls","text":"It is Ann.","spans":[{"start":6,"end":9,"label":"PERSON"}]}
//
// Offsets are UTF-8 bytes. If a span also has bstart and bend, these are the bytes
// and start and end are ignored; sets with offsets in code points have both.
func Read(r io.Reader) ([]Doc, error) {
	var docs []Doc
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for n := 1; lines.Scan(); n++ {
		if len(strings.TrimSpace(lines.Text())) == 0 {
			continue
		}
		var d struct {
			Doc
			Spans []struct {
				Label
				BStart *int `json:"bstart"`
				BEnd   *int `json:"bend"`
			} `json:"spans"`
		}
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			return nil, fmt.Errorf("redacttest: line %d: %w", n, err)
		}
		for _, s := range d.Spans {
			if s.BStart != nil && s.BEnd != nil {
				s.Start, s.End = *s.BStart, *s.BEnd
			}
			if s.Start < 0 || s.Start >= s.End || s.End > len(d.Text) || !utf8.RuneStart(d.Text[s.Start]) {
				return nil, fmt.Errorf("redacttest: line %d: invalid span: outside of its text", n)
			}
			d.Labels = append(d.Labels, s.Label)
		}
		docs = append(docs, d.Doc)
	}
	return docs, lines.Err()
}

// Spoken returns d as speech-to-text without formatting writes it, in lower case
// and without punctuation, with its labels moved along. It adds "-asr" to the id
// and the source.
func Spoken(d Doc) Doc {
	var b strings.Builder
	at := make([]int, len(d.Text)+1) // new offset of each byte
	for i, r := range d.Text {
		at[i] = b.Len()
		next, _ := utf8.DecodeRuneInString(d.Text[i+utf8.RuneLen(r):])
		switch {
		case strings.ContainsRune(`,;:!?()"“”`, r):
		// A full stop inside a word stays: "example.com".
		case r == '.' && (next == utf8.RuneError || unicode.IsSpace(next)):
		case r == ' ' && (b.Len() == 0 || strings.HasSuffix(b.String(), " ")):
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	at[len(d.Text)] = b.Len()
	out := Doc{ID: d.ID + "-asr", Source: d.Source + "-asr", Text: strings.TrimRight(b.String(), " ")}
	for _, l := range d.Labels {
		l.Start, l.End = at[l.Start], min(at[l.End], len(out.Text))
		// A label may have begun with a character that is gone: "(202) 555-0137".
		for l.Start < l.End && out.Text[l.Start] == ' ' {
			l.Start++
		}
		if l.Start < l.End {
			out.Labels = append(out.Labels, l)
		}
	}
	return out
}
