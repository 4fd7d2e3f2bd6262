package tools

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/procedures"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Procedures returns the catalog of bookable service types as the catalog of
// procedures that callers are texted about: each service type is a procedure of
// the same id, called by its name and aliases, with its document. Of two
// services that share a name or an alias the first has it, as in
// [booking.Catalog.MatchService]. A clinic without a catalog has no procedures.
//
// Words are matched as [procedures.Catalog] does. The procedures of a catalog
// are kept until catalogs returns another one.
func Procedures(catalogs booking.Catalogs) followup.Catalog {
	return &catalogMatcher{catalogs: catalogs, clinics: make(map[tenant.ID]clinicProcedures)}
}

type catalogMatcher struct {
	catalogs booking.Catalogs

	mu      sync.RWMutex
	clinics map[tenant.ID]clinicProcedures
}

// clinicProcedures are the procedures of one clinic, with their source.
type clinicProcedures struct {
	of *booking.Catalog
	followup.Catalog
}

// Match implements [followup.Catalog].
func (p *catalogMatcher) Match(ctx context.Context, org tenant.ID, words redact.Speech) (followup.ProcedureID, bool, error) {
	c, err := p.clinic(ctx, org)
	if c == nil || err != nil {
		return "", false, err
	}
	return c.Match(ctx, org, words)
}

// Document implements [followup.Catalog].
func (p *catalogMatcher) Document(ctx context.Context, org tenant.ID, id followup.ProcedureID) (string, bool, error) {
	c, err := p.clinic(ctx, org)
	if c == nil || err != nil {
		return "", false, err
	}
	return c.Document(ctx, org, id)
}

// clinic returns the procedures of a clinic; nil if it has no catalog.
func (p *catalogMatcher) clinic(ctx context.Context, org tenant.ID) (followup.Catalog, error) {
	if org.IsZero() {
		return nil, fmt.Errorf("tools: Procedures: %w", tenant.ErrNoOrg)
	}
	catalog, err := p.catalogs.Catalog(ctx, org)
	if errors.Is(err, tenant.ErrUnknownOrg) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	known, ok := p.clinics[org]
	p.mu.RUnlock()
	if ok && known.of == catalog {
		return known.Catalog, nil
	}
	made, err := procedures.New(map[tenant.ID][]procedures.Procedure{org: proceduresOf(catalog)})
	if err != nil {
		return nil, fmt.Errorf("tools: Procedures: %w", err)
	}
	p.mu.Lock()
	p.clinics[org] = clinicProcedures{catalog, made}
	p.mu.Unlock()
	return made, nil
}

// proceduresOf returns a procedure for each service, with the names that no
// earlier service has.
func proceduresOf(catalog *booking.Catalog) []procedures.Procedure {
	taken := make(map[string]bool)
	var all []procedures.Procedure
	for _, s := range catalog.Services() {
		var names []string
		for _, name := range append([]string{s.Name}, s.Aliases...) {
			if key := matchKey(name); key != "" && !taken[key] {
				taken[key] = true
				names = append(names, name)
			}
		}
		for name := "service " + string(s.ID); len(names) == 0; name = "service " + name {
			if key := matchKey(name); !taken[key] { // a substitute: every name of s belongs to an earlier service
				taken[key] = true
				names = []string{name}
			}
		}
		all = append(all, procedures.Procedure{
			ID: followup.ProcedureID(s.ID), Name: names[0], Aliases: names[1:], Document: s.Document,
		})
	}
	return all
}

// matchKey returns a name in the form in which [procedures.Catalog] compares
// names: equal names have equal keys.
func matchKey(name string) string {
	name = strings.NewReplacer("'", "", "’", "", "ʼ", "").Replace(strings.ToLower(name))
	words := strings.FieldsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	var ones []string
	for _, w := range words {
		if w = strings.TrimSuffix(w, "s"); w != "" {
			ones = append(ones, w)
		}
	}
	return strings.Join(ones, " ")
}
