package lexicon

import "strings"

// britishForms turns British spelling into American. It may produce a form
// nobody writes ("bruize"), which never matches and does no harm.
var britishForms = strings.NewReplacer(
	"aem", "em", "aes", "es", "aed", "ed", "aec", "ec",
	"oed", "ed", "oes", "es", "oet", "et", "oea", "ea", "oel", "el",
	"mour", "mor", "dour", "dor", "bour", "bor", "lour", "lor", "viour", "vior",
	"isation", "ization", "ising", "izing", "ise", "ize",
	"ysing", "yzing", "yse", "yze",
	"sulph", "sulf", "fibre", "fiber", "grey", "gray", "mould", "mold", "counsell", "counsel",
)

// american returns term in American spelling. Most terms have none of the pairs
// that begin or hold a British form, and skip the replacer, which allocates.
func american(term string) string {
	for i := 1; i < len(term); i++ {
		switch term[i-1 : i+1] {
		case "ae", "oe", "ou", "is", "ys", "lp", "br", "ey", "ll":
			return britishForms.Replace(term)
		}
	}
	return term
}

// Spellings returns term and, if it has one, its American form.
func Spellings(term string) []string {
	if us := american(term); us != term {
		return []string{term, us}
	}
	return []string{term}
}
