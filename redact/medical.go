package redact

import (
	"cmp"
	"slices"
	"sync"
)

// medical finds conditions, symptoms, drugs and procedures. It looks every
// word up once, in one trie of all the phrases it knows (vocabulary.go), and
// then reasons on what it found:
//
//	terms     phrases of the lexicon, words with a medical ending
//	grammar   body parts and their complaints (medical_body.go)
//	triggers  "diagnosed with …", whatever follows (medical_trigger.go)
//	context   idioms, names and things that only sound medical; ambiguous
//	          terms without a cue (medical_context.go)
type medical struct {
	v     *vocabulary
	names *Words // of contact.go
	pool  *sync.Pool
}

func newMedical() *medical {
	return &medical{sharedVocabulary(), sharedContacts().words, &sync.Pool{New: func() any { return new(medicalScan) }}}
}

func (*medical) Name() string { return "medical" }

func (m *medical) Find(t *Text, dst []Span) ([]Span, error) {
	r := m.pool.Get().(*medicalScan)
	defer m.pool.Put(r)
	r.v, r.names, r.t = m.v, m.names, t
	found := r.lookup()
	r.terms(found)
	if found&isAfter != 0 {
		r.ambiguousComplaints()
	}
	if found&(isBody|isCommon) != 0 {
		r.bodyComplaints()
	}
	if found&(isHead|isWeakHead) != 0 {
		r.heads()
	}
	if found&(isTrigger|isDrugTrigger|isWeakTrigger) != 0 {
		r.triggers()
	}
	if len(r.candidates) > 0 {
		r.lists()
		r.context()
		dst = r.spans(dst)
	}
	r.t = nil
	return dst, nil
}

// A reading is the state of one Find.
type medicalScan struct {
	v          *vocabulary
	names      *Words
	t          *Text
	words      []uint32 // flags of each word as a phrase of one word
	begins     []uint32 // flags of all phrases that begin there
	first      []int32  // for each word, the first of phrases that begins there
	phrases    []phrase // of two words and more, in order
	candidates []candidate
	strong     []bool // words of candidates that are not weak
}

type phrase struct {
	at, n int32
	flags uint32
}

// Rules named more than once.
const (
	ruleTerm      = "medical.term"
	ruleAmbiguous = "medical.ambiguous"
	ruleTrigger   = "medical.trigger"
	ruleList      = "medical.list"
)

// A find is a candidate, words [from, to).
type candidate struct {
	from, to int
	category uint32
	score    float32
	rule     string
	weak     bool // ambiguous: needs a cue
}

// lookup reads the text against the trie and returns all flags that occur.
func (r *medicalScan) lookup() (all uint32) {
	toks := r.t.Tokens
	r.words, r.begins, r.first = r.words[:0], r.begins[:0], r.first[:0]
	r.phrases, r.candidates = r.phrases[:0], r.candidates[:0]
	for i := range toks {
		e := r.v.phrases.step(0, toks[i].Hash)
		if toks[i].Shape&HasApostrophe != 0 && contractions.Flags(toks[i].Hash) != 0 {
			e = edge{} // "I'll" is not "ill"
		}
		flags, longer := e.flags&^deeper, uint32(0)
		r.first = append(r.first, int32(len(r.phrases)))
		for j := i + 1; e.flags&deeper != 0 && j < len(toks) && runsOn(toks[j].Gap); j++ {
			if e = r.v.phrases.step(e.node, toks[j].Hash); e.node == 0 {
				break
			}
			if f := e.flags &^ deeper; f != 0 {
				r.phrases = append(r.phrases, phrase{int32(i), int32(j + 1 - i), f})
				longer |= f
			}
		}
		if flags == 0 {
			if category, ok := r.v.suffix(r.t, i); ok && !r.named(i) {
				flags = isTerm | category
			}
		}
		r.words = append(r.words, flags)
		r.begins = append(r.begins, flags|longer)
		all |= flags | longer
	}
	r.first = append(r.first, int32(len(r.phrases)))
	return all
}

// runsOn reports whether a phrase may run across a gap: blanks, hyphens,
// slashes, the dots of "h.i.v" and the plus of a form ("heart+disease").
func runsOn(g Gap) bool { return g.Plain() || g == GapDot || g == GapSlash || g == GapPlus }

// at returns the length in words of the longest phrase with one of the flags
// that begins at word i, and its flags.
func (r *medicalScan) at(i int, flags uint32) (n int, has uint32) {
	if i < 0 || i >= len(r.words) || r.begins[i]&flags == 0 {
		return 0, 0
	}
	if r.words[i]&flags != 0 {
		n, has = 1, r.words[i]
	}
	for _, p := range r.phrases[r.first[i]:r.first[i+1]] {
		if p.flags&flags != 0 {
			n, has = int(p.n), p.flags
		}
	}
	return n, has
}

// is reports whether word i, alone, has one of the flags.
func (r *medicalScan) is(i int, flags uint32) bool {
	return i >= 0 && i < len(r.words) && r.words[i]&flags != 0
}

// named reports whether word i is a given or family name.
func (r *medicalScan) named(i int) bool {
	return r.names.Flags(r.t.Tokens[i].Hash)&(cGiven|cGivenWord|cSurname) != 0
}

// grammar returns what part word i plays in a sentence, 0 if there is no such
// word or a sentence ends before it.
func (r *medicalScan) grammar(i int) uint32 {
	if i < 0 || i >= len(r.t.Tokens) {
		return 0
	}
	return grammarWords.Flags(r.t.Tokens[i].Hash)
}

// joined reports whether words i-1 and i stand in one sentence.
func (r *medicalScan) joined(i int) bool {
	return i > 0 && i < len(r.t.Tokens) && !r.t.Tokens[i].Gap.Sentence()
}

// adjacent reports whether nothing but blanks or a hyphen is between words i-1
// and i.
func (r *medicalScan) adjacent(i int) bool {
	return i > 0 && i < len(r.t.Tokens) && runsOn(r.t.Tokens[i].Gap)
}

func (r *medicalScan) add(from, to int, category uint32, score float32, rule string) {
	r.candidates = append(r.candidates, candidate{from, to, category & categoryBits, score, rule, false})
}

// terms finds the phrases of the lexicon, the longest from left to right.
func (r *medicalScan) terms(found uint32) {
	if found&(isTerm|isAmbiguous) == 0 {
		return
	}
	for i := 0; i < len(r.words); {
		n, has := r.at(i, isTerm|isAmbiguous)
		if n == 0 {
			i++
			continue
		}
		f := candidate{i, i + n, has & categoryBits, 0.95, ruleTerm, has&isTerm == 0}
		if f.weak {
			f.score, f.rule = 0.7, ruleAmbiguous
		}
		r.candidates = append(r.candidates, f)
		i += n
	}
}

// spans appends the candidates that are left, those that touch as one.
func (r *medicalScan) spans(dst []Span) []Span {
	slices.SortFunc(r.candidates, func(a, b candidate) int { return cmp.Or(a.from-b.from, b.to-a.to) })
	for i := 0; i < len(r.candidates); {
		f := r.candidates[i]
		for i++; i < len(r.candidates); i++ {
			g := r.candidates[i]
			if g.from > f.to || g.from == f.to && !r.t.Tokens[f.to].Gap.Plain() {
				break
			}
			f.to = max(f.to, g.to)
			if g.score > f.score {
				f.category, f.score, f.rule = g.category, g.score, g.rule
			}
		}
		dst = append(dst, r.t.Span(f.from, f.to, Medical, categories[f.category], f.score, f.rule))
	}
	return dst
}
