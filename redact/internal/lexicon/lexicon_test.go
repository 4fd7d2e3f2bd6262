package lexicon

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:embed *.txt gen/*.txt
var folder embed.FS

// faults returns the faults in the form of a list.
func faults(l List) (found []string) {
	folded := regexp.MustCompile(`^[a-z0-9]+('[a-z]*)?( '?[a-z0-9]+('[a-z]*)?)*$`)
	seen := map[string]bool{}
	last := map[string]string{}
	for entry, section := range l.All {
		if section == "" {
			found = append(found, entry+": before the first section")
		}
		if !folded.MatchString(entry) {
			found = append(found, entry+": not folded")
		}
		if entry < last[section] {
			found = append(found, entry+": not sorted")
		}
		if seen[section+"\x00"+entry] {
			found = append(found, entry+": twice")
		}
		seen[section+"\x00"+entry], last[section] = true, entry
	}
	return found
}

func TestList(t *testing.T) {
	t.Parallel()
	t.Run("every list is folded, sorted and without duplicates", func(t *testing.T) {
		t.Parallel()
		for _, dir := range []string{".", "gen"} {
			files, err := folder.ReadDir(dir)
			require.NoError(t, err)
			for _, file := range files {
				if file.IsDir() {
					continue
				}
				text, err := folder.ReadFile(strings.TrimPrefix(dir+"/"+file.Name(), "./"))
				require.NoError(t, err)
				require.Empty(t, faults(List(text)), file.Name())
			}
		}
	})
	t.Run("the check reports each fault", func(t *testing.T) {
		t.Parallel()
		require.Len(t, faults("# a\nx-ray\nUlcer\ncafé\n"), 4, "a hyphen, a capital (also out of order), an accent")
		require.Len(t, faults("# a\nb\na\n"), 1, "not sorted")
		require.Len(t, faults("# a\na\na\n"), 1, "twice")
		require.Len(t, faults("a\n"), 1, "no section")
	})
	t.Run("every section is known", func(t *testing.T) {
		t.Parallel()
		known := []string{"condition", "symptom", "injury", "drug", "procedure", "test", "treatment", "device", "dental",
			"aesthetic", "specialist"}
		Terms(func(phrase string, _ bool, category string) bool {
			require.Contains(t, known, category, phrase)
			return true
		})
		for _, c := range []struct {
			list     List
			sections []string
		}{
			{BodyParts, []string{"plain", "common"}},
			{Problems, []string{"after", "before", "compound", "attribute"}},
			{Heads, []string{"strong", "weak"}},
			{Triggers, []string{"any", "drug", "weak"}},
			{Cues, []string{"before", "after"}},
			{Figurative, []string{"thing", "term"}},
			{ProperNouns, []string{"after", "before"}},
		} {
			for entry, section := range c.list.All {
				require.Contains(t, c.sections, section, entry)
			}
		}
	})
}

// terms returns the terms of lists with their sections.
func terms(lists ...List) map[string]string {
	found := map[string]string{}
	for _, l := range lists {
		for entry, section := range l.All {
			found[entry] = section
		}
	}
	return found
}

// byHand returns the terms of the lists that are not generated.
func byHand() map[string]string {
	return terms(conditions, symptoms, drugs, procedures, aesthetic, abbreviations, misheard)
}

func TestTerms(t *testing.T) {
	t.Parallel()
	t.Run("a term is either strong or ambiguous", func(t *testing.T) {
		t.Parallel()
		ambiguity := map[string]bool{}
		for phrase, ambiguous := range ambiguities() {
			if before, seen := ambiguity[phrase]; seen {
				require.Equal(t, before, ambiguous, phrase)
			}
			ambiguity[phrase] = ambiguous
		}
		require.Greater(t, len(ambiguity), 10_000)
	})
	t.Run("every list has its minimum size", func(t *testing.T) {
		t.Parallel()
		of := func(words map[string]string, sections ...string) (n int) {
			for _, section := range words {
				if slices.Contains(sections, section) {
					n++
				}
			}
			return n
		}
		hand := byHand()
		for _, c := range []struct {
			list    string
			n, want int
		}{
			{"terms by hand", len(hand), 7000},
			{"conditions and injuries", of(hand, "condition", "injury"), 1800},
			{"symptoms", of(hand, "symptom"), 900},
			{"drugs", of(terms(drugs), "drug"), 1500},
			{"procedures and tests", of(hand, "procedure", "test"), 700},
			{"dental and aesthetic", of(hand, "dental", "aesthetic"), 500},
			{"terms of WordNet", len(terms(wordnet)), 2500},
			{"vetoes", len(terms(Vetoes)), 2500},
			{"safe words", len(terms(Safe)), 5000},
		} {
			require.GreaterOrEqual(t, c.n, c.want, c.list)
		}
	})
	t.Run("lay terms are included", func(t *testing.T) {
		t.Parallel()
		ambiguity := map[string]bool{}
		for phrase, ambiguous := range ambiguities() {
			ambiguity[phrase] = ambiguous
		}
		for _, phrase := range []string{
			"heart disease", "high blood pressure", "underactive thyroid", "slipped disc", "short of breath", "can't sleep",
			"pins and needles", "blood in my stool", "metformin", "ozempic", "wisdom tooth removal", "nose job",
			"diarrhoea", "diarrhea", "anaemia", "anemia", "caesarean", "cesarean", "hepatitis c", "hba1c", "mri",
		} {
			ambiguous, ok := ambiguity[phrase]
			require.True(t, ok, phrase)
			require.False(t, ambiguous, phrase)
		}
		for _, phrase := range []string{"stroke", "lump", "filling", "crown", "cast"} {
			ambiguous, ok := ambiguity[phrase]
			require.True(t, ok, phrase)
			require.True(t, ambiguous, phrase)
		}
		for _, phrase := range []string{"cold", "drive", "shot", "patient", "doctor", "zone", "me", "with"} {
			_, ok := ambiguity[phrase]
			require.False(t, ok, phrase)
		}
	})
}

// ambiguities yields the phrases of Terms without their category.
func ambiguities() func(yield func(string, bool) bool) {
	return func(yield func(string, bool) bool) {
		Terms(func(phrase string, ambiguous bool, _ string) bool { return yield(phrase, ambiguous) })
	}
}

func TestClinic(t *testing.T) {
	t.Parallel()
	t.Run("a clinic word is not a strong term", func(t *testing.T) {
		t.Parallel()
		strong := map[string]bool{}
		for phrase, ambiguous := range ambiguities() {
			strong[phrase] = strong[phrase] || !ambiguous
		}
		for entry := range Clinic.All {
			require.False(t, strong[entry], entry)
		}
	})
}

func TestSafe(t *testing.T) {
	t.Parallel()
	t.Run("a safe word is not a term", func(t *testing.T) {
		t.Parallel()
		safe := terms(Safe)
		for phrase := range ambiguities() {
			require.Empty(t, safe[phrase], phrase)
		}
		for _, word := range []string{"the", "tomorrow", "appointment", "website", "mother", "rebooked"} {
			require.NotEmpty(t, safe[word], word)
		}
		for _, word := range []string{"knee", "swollen", "grace", "asthma"} {
			require.Empty(t, safe[word], word)
		}
	})
}

func TestSuffixStops(t *testing.T) {
	t.Parallel()
	t.Run("a suffix stop is not a strong term", func(t *testing.T) {
		t.Parallel()
		stops := terms(SuffixStops)
		for phrase, ambiguous := range ambiguities() {
			if !ambiguous {
				require.Empty(t, stops[phrase], phrase)
			}
		}
	})
}

func TestIrregulars(t *testing.T) {
	t.Parallel()
	t.Run("every entry is a pair", func(t *testing.T) {
		t.Parallel()
		for entry := range Irregulars.All {
			require.Len(t, strings.Fields(entry), 2, entry)
		}
	})
}

func BenchmarkTerms(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		Terms(func(string, bool, string) bool { n++; return true })
		b.ReportMetric(float64(n), "phrases")
	}
}

func ExampleSpellings() {
	fmt.Printf("%q\n", Spellings("haemophilia"))
	fmt.Printf("%q\n", Spellings("asthma"))
	// Output:
	// ["haemophilia" "hemophilia"]
	// ["asthma"]
}

func ExampleList_All() {
	list := List("## a remark\n# plain\nknee\n# common\nback\n")
	for entry, section := range list.All {
		fmt.Println(section, entry)
	}
	// Output:
	// plain knee
	// common back
}
