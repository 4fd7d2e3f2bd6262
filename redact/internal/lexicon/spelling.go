package lexicon

import "strings"

// britishForms turns British spelling into American. It may produce a form that
// does not exist ("bruize"), which is harmless: it never matches.
var britishForms = strings.NewReplacer(
	"aem", "em", "aes", "es", "aed", "ed", "aec", "ec",
	"oed", "ed", "oes", "es", "oet", "et", "oea", "ea", "oel", "el",
	"mour", "mor", "dour", "dor", "bour", "bor", "lour", "lor", "viour", "vior",
	"isation", "ization", "ising", "izing", "ise", "ize",
	"ysing", "yzing", "yse", "yze",
	"sulph", "sulf", "fibre", "fiber", "grey", "gray", "mould", "mold", "counsell", "counsel",
)

// american returns term in American spelling. The replacer allocates, so it runs
// only on terms with a pair of letters that a British form begins with or holds.
func american(term string) string {
	for i := 1; i < len(term); i++ {
		switch term[i-1 : i+1] {
		case "ae", "oe", "ou", "is", "ys", "lp", "br", "ey", "ll":
			return britishForms.Replace(term)
		}
	}
	return term
}

// Spellings returns term and its American form, if that differs.
func Spellings(term string) []string {
	if us := american(term); us != term {
		return []string{term, us}
	}
	return []string{term}
}
