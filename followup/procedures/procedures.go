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

	// Name and Aliases are what it is called. Give as an alias what callers
	// say, such as "nose job": only a whole one is recognised.
	Name    string
	Aliases []string

	// Document is the name of its document in the clinic's Assets.
	//
	// Defaults to none: the words of such a procedure, say of a plain
	// "consultation", count only where nothing with a document is named.
	Document string
}

// Catalog is the default [followup.Catalog]: what clinics offer, as it was given.
// Safe for concurrent use.
type Catalog struct {
	clinics map[tenant.ID]*clinic
}

// procedures are those of one clinic.
type clinic struct {
	list  []Procedure
	byID  map[followup.ProcedureID]int
	names phrasebook
}

// New returns the Catalog of these clinics, or an error that says
// what cannot be used. A clinic that is not among them has no procedures.
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
			return nil, fmt.Errorf("two procedures have the ID %q", p.ID)
		}
		if p.Document != "" && !followup.ValidDocumentName(p.Document) {
			return nil, fmt.Errorf("the Document of %q is not the plain name of a file", p.ID)
		}
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			before, ok := c.names.add(name, meaning(i))
			if !ok {
				return nil, fmt.Errorf("a name or an alias of %q has no word in it", p.ID)
			}
			if before != meaning(i) {
				return nil, fmt.Errorf("%q and %q are called the same: nobody could tell them apart", list[before].ID, p.ID)
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

// Words returns what a clinic's procedures with a document are called, for
// [followup.Settings.CheckWords]. Those without one are left out: every text may say
// "appointment".
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

// Match implements [followup.Catalog]. Words are compared by letters and digits, case
// and a final "s" ignored; of names that overlap the longest counts, so that a
// "liquid nose job" is no "nose job"; and what is named to be ruled out, as in
// "not Botox", is not named, unless it is named again later. A procedure with a
// document goes before one without.
//
// In words without speakers there must be one procedure, or they are about
// several alike. In a transcript, which has "User:" and "AI:" or the like before
// what each says, the last one that the caller names counts, and if the caller
// names none, the only one that the assistant names.
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
	l := listener{book: &c.names, said: make([]mentions, len(c.list))}
	i, ok := c.about(l.said, l.listen(text))
	if !ok {
		return "", false, nil
	}
	return c.list[i].ID, true, nil
}

// about returns the procedure that has been spoken about, by what was said of
// each.
func (c *clinic) about(said []mentions, transcript bool) (int, bool) {
	for _, withDocument := range []bool{true, false} {
		last, named := 0, 0 // by the caller, or by nobody in particular
		suggested, only := 0, 0
		for i, m := range said {
			if (c.list[i].Document != "") != withDocument {
				continue
			}
			if m.caller > 0 {
				named++
				if named == 1 || m.caller > said[last].caller {
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
