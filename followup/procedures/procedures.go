// Package procedures finds the procedure that a caller's words are about.
//
// Its [Catalog] is the default [followup.Catalog]: the clinics' procedures with
// their names, aliases and documents.
package procedures

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Procedure is a treatment of a clinic. ID and Name are required.
type Procedure struct {
	ID followup.ProcedureID

	// Name and Aliases are the names of the procedure. Give the callers' words as
	// aliases, such as "nose job": only a whole name or alias is recognised.
	Name    string
	Aliases []string

	// Document is the name of its document in the clinic's Assets.
	//
	// Defaults to no document: such a procedure, as a plain "consultation",
	// matches only if no procedure with a document is named.
	Document string
}

// Catalog is the default [followup.Catalog]: a fixed list of procedures for each
// clinic. Safe for concurrent use.
type Catalog struct {
	clinics map[tenant.ID]*clinic
}

// clinic has the procedures of one clinic.
type clinic struct {
	list  []Procedure
	byID  map[followup.ProcedureID]int
	names phrases
}

// New returns the catalog of these clinics. The error names the invalid
// procedure and the fix. Any other clinic has no procedures.
func New(clinics map[tenant.ID][]Procedure) (*Catalog, error) {
	p := &Catalog{clinics: make(map[tenant.ID]*clinic, len(clinics))}
	for org, list := range clinics {
		if org.IsZero() {
			return nil, fmt.Errorf("procedures: New: %w", tenant.ErrNoOrg)
		}
		c, err := newClinic(list)
		if err != nil {
			return nil, fmt.Errorf("procedures: New: clinic %s: %w", org, err)
		}
		p.clinics[org] = c
	}
	return p, nil
}

func newClinic(list []Procedure) (*clinic, error) {
	c := &clinic{byID: make(map[followup.ProcedureID]int, len(list))}
	for i, p := range list {
		if !p.ID.Valid() {
			return nil, fmt.Errorf("procedure %d has the ID %q: use 1 to 64 of a-z, 0-9, '-' and '_'", i, p.ID)
		}
		if _, twice := c.byID[p.ID]; twice {
			return nil, fmt.Errorf("two procedures have the ID %q: each needs its own", p.ID)
		}
		if p.Document != "" && !followup.ValidDocumentName(p.Document) {
			return nil, fmt.Errorf("the Document of %q is not a plain file name: give one without a folder", p.ID)
		}
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			before, ok := c.names.add(name, meaning(i))
			if !ok {
				return nil, fmt.Errorf("a name or an alias of %q has no letter or digit: give a word", p.ID)
			}
			if before != meaning(i) {
				return nil, fmt.Errorf("%q and %q have the same name or alias: rename one of them", list[before].ID, p.ID)
			}
		}
		p.Aliases = slices.Clone(p.Aliases)
		c.list, c.byID[p.ID] = append(c.list, p), i
	}
	for _, particle := range particles {
		c.names.add(particle.phrase, particle.means) // a name that is the same stands
	}
	return c, nil
}

// Document implements [followup.Catalog].
func (p *Catalog) Document(_ context.Context, org tenant.ID, id followup.ProcedureID) (string, bool, error) {
	if org.IsZero() {
		return "", false, tenant.ErrNoOrg
	}
	c := p.clinics[org]
	if c == nil {
		return "", false, nil
	}
	i, ok := c.byID[id]
	if !ok || c.list[i].Document == "" {
		return "", false, nil
	}
	return c.list[i].Document, true, nil
}

// Words returns the names and aliases of a clinic's procedures with a document,
// for [followup.Settings.CheckWords]. It leaves out procedures without one: every
// text may hold "appointment".
func (p *Catalog) Words(org tenant.ID) (words []string) {
	if c := p.clinics[org]; c != nil {
		for _, one := range c.list {
			if one.Document != "" {
				words = append(append(words, one.Name), one.Aliases...)
			}
		}
	}
	return words
}

// Match implements [followup.Catalog]. It compares words by letters and digits,
// without case and a final "s". Of names that overlap the longest counts, so that
// a "liquid nose job" is no "nose job". A name that is ruled out, as in "not
// Botox", does not count unless it comes again later. A procedure with a document
// takes precedence over one without.
//
// Words without speakers must name exactly one procedure. In a transcript, in
// which "User:", "AI:" or the like stands before the words of each speaker, the
// last procedure that the caller names counts. Without one, the only
// procedure that the assistant names counts.
func (p *Catalog) Match(_ context.Context, org tenant.ID, words redact.Speech) (followup.ProcedureID, bool, error) {
	if org.IsZero() {
		return "", false, tenant.ErrNoOrg
	}
	c := p.clinics[org]
	if c == nil {
		return "", false, nil
	}
	text := words.Reveal()
	if i, ok := c.byID[followup.ProcedureID(strings.TrimSpace(text))]; ok {
		return c.list[i].ID, true, nil
	}
	s := scanner{phrases: &c.names, mentions: make([]mention, len(c.list))}
	transcript := s.scan(text)
	i, ok := c.choose(s.mentions, transcript)
	if !ok {
		return "", false, nil
	}
	return c.list[i].ID, true, nil
}

// choose returns the procedure that the words are about.
func (c *clinic) choose(mentions []mention, transcript bool) (int, bool) {
	for _, withDocument := range []bool{true, false} {
		last, named := 0, 0 // by the caller, or without a speaker
		suggested, only := 0, 0
		for i, m := range mentions {
			if (c.list[i].Document != "") != withDocument {
				continue
			}
			if m.caller > 0 {
				named++
				if named == 1 || m.caller > mentions[last].caller {
					last = i
				}
			}
			if m.assistant > 0 && m.caller == 0 {
				suggested, only = suggested+1, i
			}
		}
		switch {
		case named == 1 || named > 1 && transcript:
			return last, true
		case named > 1:
			return 0, false
		case suggested == 1:
			return only, true
		}
	}
	return 0, false
}
