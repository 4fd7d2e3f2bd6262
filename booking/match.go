package booking

import (
	"slices"
	"strings"
	"unicode"
)

// MatchService returns the service types that a caller's words may mean. It
// compares letters and digits and ignores case.
//
// If the words are the id, name or alias of a service, that service is the
// only result. Otherwise at least one name must contain the words, or be
// contained in them, in the singular or the plural; the result is then every
// service that shares a word with them, except a service that shares fewer of
// the words than another. So "a consultation for Botox" is a Botox
// consultation, and "Botox or rhinoplasty" is either.
func (c *Catalog) MatchService(words string) []ServiceType {
	near := match(words, c.services, singular, func(s *service) []string {
		return append([]string{string(s.ID), s.Name}, s.Aliases...)
	})
	var found []ServiceType
	for _, s := range near {
		found = append(found, s.ServiceType)
	}
	return found
}

// MatchResource returns the resources of a service that a caller's words may
// mean, compared as in [Catalog.MatchService], with or without a title.
func (c *Catalog) MatchResource(id ServiceID, words string) []Resource {
	s := c.byID[id]
	if s == nil {
		return nil
	}
	all := make([]*resource, len(s.all))
	for i, rid := range s.all {
		all[i] = c.resources[rid]
	}
	near := match(words, all, untitled, func(r *resource) []string { return []string{string(r.ID), r.Name} })
	var found []Resource
	for _, r := range near {
		found = append(found, r.Resource)
	}
	return found
}

// match returns the things that words may mean, by their names. strip removes
// endings and titles that make no difference, except in an exact name.
func match[T any](words string, things []T, strip func([]string) []string, names func(T) []string) []T {
	want := fold(words)
	if len(want) == 0 {
		return nil
	}
	spoken := strip(want)
	type candidate struct {
		thing T
		has   []string // the words that its names have
	}
	var candidates []candidate
	anyNear := false
	for _, thing := range things {
		c, near := candidate{thing: thing}, false
		for _, text := range names(thing) {
			name := fold(text)
			if slices.Equal(name, want) {
				return []T{thing}
			}
			name = strip(name)
			near = near || contains(name, spoken) || contains(spoken, name)
			for _, w := range name {
				if slices.Contains(spoken, w) && (near || len(w) > len("and")) {
					c.has = append(c.has, w)
				}
			}
		}
		anyNear = anyNear || near
		if len(c.has) > 0 {
			candidates = append(candidates, c)
		}
	}
	if !anyNear {
		return nil
	}
	var found []T
	for _, c := range candidates {
		if !slices.ContainsFunc(candidates, func(o candidate) bool { return within(c.has, o.has) && !within(o.has, c.has) }) {
			found = append(found, c.thing)
		}
	}
	return found
}

// fold returns the words of a text in lower case and without punctuation, titles
// as they are abbreviated.
func fold(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	for i, w := range words {
		switch w {
		case "doctor":
			words[i] = "dr"
		case "professor":
			words[i] = "prof"
		}
	}
	return words
}

// singular returns words without an "s" at their end, or behind an apostrophe:
// one injection is as good as two.
func singular(words []string) []string {
	var ones []string
	for _, w := range words {
		if w = strings.TrimSuffix(w, "s"); w != "" {
			ones = append(ones, w)
		}
	}
	return ones
}

// titles may precede a name or not: "Dr Patel" and "Patel" are one person.
var titles = []string{"dr", "prof", "mr", "mrs", "ms", "miss"}

func untitled(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(titles, w) })
}

// contains reports whether part stands in words, in one piece.
func contains(words, part []string) bool {
	for i := range len(words) - len(part) + 1 {
		if len(part) > 0 && slices.Equal(words[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// within reports whether all words are among others.
func within(words, others []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(others, w) })
}
