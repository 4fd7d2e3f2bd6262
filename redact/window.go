package redact

import (
	"slices"
	"unicode/utf8"
)

// A long text is read in windows, so that the memory and the work of each
// recognizer stay bounded. Each window includes margin bytes of context before
// and after the stretch it decides on, so a fact of up to margin bytes is
// always inside one window. The text alone decides where windows begin and
// end, so a [Writer] cuts the same text in the same places however it is
// divided into writes.
const (
	windowSize = 4096
	margin     = 384
)

// analyze fills sc.found with the spans of text.
func (e *Engine) analyze(sc *scratch, text string) error {
	sc.found = sc.found[:0]
	base, start := 0, 0 // the window begins at base, its own stretch at start
	for start < len(text) {
		end := min(start+windowSize, len(text))
		w, err := e.window(sc, text[base:end], start-base, end == len(text))
		if err != nil {
			return err
		}
		for _, s := range w.spans {
			s.Start += base
			s.End += base
			sc.found = append(sc.found, s)
		}
		base, start = base+w.next, base+w.cut
	}
	return nil
}

// A window is the result for one stretch of text. Its first cut bytes are
// final; the next window begins at byte next, with context.
type window struct {
	spans     []Span // from start to cut
	cut, next int
}

// window analyzes text from byte start up to a cut that it chooses; the bytes
// before start are context. last reports that the stream ends with text.
func (e *Engine) window(sc *scratch, text string, start int, last bool) (window, error) {
	sc.tokens.Reset(text)
	sc.spans = sc.spans[:0]
	for _, r := range e.recognizers {
		if err := e.recognize(r, sc); err != nil {
			return window{}, err
		}
	}
	e.filter(sc)
	w := window{cut: len(text), next: len(text)}
	if !last {
		w.cut, w.next = chooseCut(&sc.tokens, sc.spans, start, len(text)-margin)
	}
	n := 0
	for _, s := range sc.spans {
		if s.End > start && s.Start < w.cut {
			s.Start, s.End = max(s.Start, start), min(s.End, w.cut)
			sc.spans[n] = s
			n++
		}
	}
	w.spans = sc.resolver.resolve(text, sc.spans[:n])
	return w, nil
}

// recognize runs one recognizer, checks its spans and widens them to whole
// characters. A span out of bounds is a fault like an error or a panic.
func (e *Engine) recognize(r Recognizer, sc *scratch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &FaultError{r.Name(), true}
		}
		if err != nil {
			e.faults.Add(1)
		}
	}()
	// A recognizer that shortens dst would drop the spans of others.
	n := len(sc.spans)
	spans, err := r.Find(&sc.tokens, sc.spans)
	if err != nil || len(spans) < n {
		return &FaultError{r.Name(), false}
	}
	text := sc.tokens.S
	for i := n; i < len(spans); i++ {
		s := &spans[i]
		if s.Start < 0 || s.End > len(text) || s.Start >= s.End {
			return &FaultError{r.Name(), false}
		}
		for !runeBoundary(text, s.Start) {
			s.Start--
		}
		for !runeBoundary(text, s.End) {
			s.End++
		}
	}
	sc.spans = spans
	return nil
}

// runeBoundary reports whether byte i begins a character, so that text may be
// cut there. In invalid UTF-8 every byte may begin one.
func runeBoundary(text string, i int) bool {
	if i <= 0 || i >= len(text) || utf8.RuneStart(text[i]) {
		return true
	}
	for back := 1; back < utf8.UTFMax && back <= i; back++ {
		if utf8.RuneStart(text[i-back]) {
			_, n := utf8.DecodeRuneInString(text[i-back:])
			return n <= back
		}
	}
	return true // not UTF-8
}

// filter drops the spans below the threshold and those that lie within an
// allowed phrase of the tenant.
func (e *Engine) filter(sc *scratch) {
	n := 0
	for _, s := range sc.spans {
		if s.Score >= e.threshold {
			sc.spans[n] = s
			n++
		}
	}
	sc.spans = sc.spans[:n]
	if e.allow == nil || n == 0 {
		return
	}
	sc.allowed = sc.allowed[:0]
	t := &sc.tokens
	for i := range t.Tokens {
		if k := e.allow.longest(t.Tokens, i, 1); k > 0 {
			sc.allowed = append(sc.allowed, t.Span(i, i+k, "", "", 0, ""))
		}
	}
	n = 0
spans:
	for _, s := range sc.spans {
		for _, a := range sc.allowed {
			if a.Start <= s.Start && s.End <= a.End {
				continue spans
			}
		}
		sc.spans[n] = s
		n++
	}
	sc.spans = sc.spans[:n]
}

// chooseCut returns where a window ends: before a word, preferably the first of
// a sentence, not after limit and not inside a span. next is where the context
// of the next window begins.
func chooseCut(t *Text, spans []Span, start, limit int) (cut, next int) {
	cut = limit
	for !runeBoundary(t.S, cut) {
		cut--
	}
	// From the limit backwards: the last word that begins a sentence, else the last
	// word. Beyond margin bytes a sentence is too far.
	for i := len(t.Tokens) - 1; i > 0 && t.Tokens[i].Start > start; i-- {
		tok := t.Tokens[i]
		if tok.Start > limit || tok.Gap == 0 {
			continue
		}
		if cut == limit || tok.Gap.Sentence() {
			cut = tok.Start
		}
		if tok.Gap.Sentence() || tok.Start < limit-margin {
			break
		}
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	for i := 0; i < len(spans); {
		from, to := spans[i].Start, spans[i].End // of spans that overlap in a chain
		for i++; i < len(spans) && spans[i].Start < to; i++ {
			to = max(to, spans[i].End)
		}
		// Never inside a chain of spans: cut before it, or after it if it fills the
		// window.
		if from < cut && cut < to {
			if cut = from; from <= start {
				cut = to
			}
			break
		}
	}
	next = cut
	for i := range t.Tokens {
		if t.Tokens[i].Start >= cut-margin {
			next = min(cut, t.Tokens[i].Start)
			break
		}
	}
	return cut, next
}

// scratch is the reusable memory of one analysis.
type scratch struct {
	text     []byte
	tokens   Text
	spans    []Span // of one window, as the recognizers returned them
	found    []Span // of the whole text, resolved
	allowed  []Span
	resolver resolver
}

// release returns sc to the pool. The pool must not keep the text alive.
func (e *Engine) release(sc *scratch) {
	const keep = 1 << 16 // larger buffers are freed: one long text must not pin memory
	if cap(sc.text) > keep {
		sc.text = nil
	}
	if cap(sc.found) > keep/16 {
		sc.found = nil
	}
	sc.tokens.S = ""
	e.scratch.Put(sc)
}
