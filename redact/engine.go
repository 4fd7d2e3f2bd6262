package redact

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Config configures an [Engine]. The zero Config is a working one.
type Config struct {
	// Recognizers find what is to be redacted. To add one:
	//
	//	Recognizers: append(redact.Builtin(), mine),
	//
	// Defaults to Builtin().
	Recognizers []Recognizer

	// Policy says what is written in the place of each kind.
	//
	// Defaults to Replace for every kind.
	Policy Policy

	// Threshold drops spans of a lower score.
	//
	// Defaults to 0.5.
	Threshold float32

	// Region is the country, as in ISO 3166, in which [Engine.Split] places a
	// phone number that names none and could be of several: GB, US or NG.
	//
	// Defaults to GB.
	Region string

	// Strict takes every word that is not known to be harmless for a medical
	// fact. It misses next to nothing and is meant for logs, not for reading.
	//
	// Defaults to false.
	Strict bool
}

// A Tenant is what one clinic adds to an engine.
type Tenant struct {
	// Allow are phrases never redacted: the clinic's name, its products, its
	// staff. A longer span that a phrase is only part of is redacted still.
	Allow []string
	// Terms are further phrases that are medical.
	Terms []string
	// Policy replaces the engine's for the kinds it names.
	Policy Policy
}

// An Engine finds and redacts. It is safe for concurrent use.
type Engine struct {
	recognizers []Recognizer
	policy      Policy
	threshold   float32
	region      string
	strict      bool
	allow       *trie // nil if there is nothing to allow
	scratch     *sync.Pool
	faults      *atomic.Uint64
}

// New returns an engine. Building the built-in recognizers' tables takes some
// milliseconds, once per program.
func New(cfg Config) (*Engine, error) {
	e := &Engine{
		recognizers: cfg.Recognizers,
		policy:      cfg.Policy,
		threshold:   cfg.Threshold,
		region:      cfg.Region,
		strict:      cfg.Strict,
		scratch:     &sync.Pool{New: func() any { return new(scratch) }},
		faults:      new(atomic.Uint64),
	}
	if e.region == "" {
		e.region = "GB"
	}
	if !knownRegion(e.region) {
		return nil, fmt.Errorf("redact: Config.Region %q is not GB, US or NG", e.region)
	}
	if e.threshold < 0 || e.threshold > 1 {
		return nil, errors.New("redact: Config.Threshold is not between 0 and 1")
	}
	if e.threshold == 0 {
		e.threshold = 0.5
	}
	if e.recognizers == nil {
		e.recognizers = Builtin()
	}
	for i, r := range e.recognizers {
		if r == nil {
			return nil, fmt.Errorf("redact: Config.Recognizers[%d] is nil", i)
		}
	}
	if cfg.Strict {
		e.recognizers = append(e.recognizers[:len(e.recognizers):len(e.recognizers)], unknownWords{})
	}
	return e, nil
}

func knownRegion(region string) bool { return region == "GB" || region == "US" || region == "NG" }

// ForTenant returns an engine that shares e's recognizers and counters and
// adds a tenant's words and policy. It is cheap: make one per call if need be.
func (e *Engine) ForTenant(t Tenant) *Engine {
	f := *e
	if len(t.Allow) > 0 {
		f.allow = new(trie)
		for _, phrase := range t.Allow {
			f.allow.addText(phrase, 1)
		}
	}
	if len(t.Terms) > 0 {
		own := termList{new(trie)}
		for _, phrase := range t.Terms {
			own.phrases.addText(phrase, 1)
		}
		f.recognizers = append(e.recognizers[:len(e.recognizers):len(e.recognizers)], own)
	}
	if len(t.Policy) > 0 {
		f.policy = Policy{}
		for kind, op := range e.policy {
			f.policy[kind] = op
		}
		for kind, op := range t.Policy {
			f.policy[kind] = op
		}
	}
	return &f
}

// A Result is what was found in a text: where and of what kind, never what.
type Result struct {
	Spans []Span // in text order, without overlaps
}

// Counts tells how many spans of each kind there are.
func (r Result) Counts() map[Kind]int {
	counts := make(map[Kind]int)
	for _, s := range r.Spans {
		counts[s.Kind]++
	}
	return counts
}

// A FaultError says that a recognizer failed. It carries its name and no more:
// what a recognizer or a panic says may quote the text.
type FaultError struct {
	Recognizer string
	Panicked   bool
}

func (e *FaultError) Error() string {
	if e.Panicked {
		return "redact: recognizer " + e.Recognizer + " panicked"
	}
	return "redact: recognizer " + e.Recognizer + " failed"
}

// Faults counts the times a recognizer failed and a text was dropped for it,
// in e and all engines made from it.
func (e *Engine) Faults() uint64 { return e.faults.Load() }

// Analyze returns the spans of text. An error is a [*FaultError]; there is no
// partial result.
func (e *Engine) Analyze(text string) (Result, error) {
	sc := e.scratch.Get().(*scratch)
	defer e.release(sc)
	if err := e.analyze(sc, text); err != nil || len(sc.found) == 0 {
		return Result{}, err
	}
	return Result{Spans: append([]Span(nil), sc.found...)}, nil
}

// Redact returns text with the policy applied. If a recognizer fails, that is
// "[REDACTED: ERROR]".
func (e *Engine) Redact(text string) string {
	sc := e.scratch.Get().(*scratch)
	defer e.release(sc)
	if err := e.analyze(sc, text); err == nil && len(sc.found) == 0 {
		return text
	} else if err != nil {
		return faultText
	}
	sc.text = e.write(sc.text[:0], text, 0, len(text), sc.found)
	return string(sc.text)
}

// AppendRedact appends the redacted text to dst.
func (e *Engine) AppendRedact(dst []byte, text string) []byte {
	sc := e.scratch.Get().(*scratch)
	defer e.release(sc)
	if err := e.analyze(sc, text); err != nil {
		return append(dst, faultText...)
	}
	return e.write(dst, text, 0, len(text), sc.found)
}

const faultText = placeholderStart + "ERROR]"

// write appends text[from:to] with spans, which lie within, replaced.
func (e *Engine) write(dst []byte, text string, from, to int, spans []Span) []byte {
	for _, s := range spans {
		dst = append(dst, text[from:s.Start]...)
		if op := e.policy[s.Kind]; op != nil {
			dst = op(dst, s.Kind, text[s.Start:s.End])
		} else {
			dst = Replace(dst, s.Kind, "")
		}
		from = s.End
	}
	return append(dst, text[from:to]...)
}
