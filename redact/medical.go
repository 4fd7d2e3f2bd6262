package redact

import (
	"cmp"
	"slices"
	"sync"
)

// medical is the recognizer of conditions, symptoms, drugs and procedures. It
// looks every word up once, in one trie of all known phrases (vocabulary.go).
// The following steps collect candidates; the last step drops false ones:
//
//	terms     phrases of the lexicon, words with a medical ending
//	grammar   body parts and their complaints (medical_body.go)
//	triggers  "diagnosed with …" and any words after it (medical_trigger.go)
//	context   drops idioms, names and figures of speech, and ambiguous terms
//	          without a cue (medical_context.go)
//
// A step runs only if lookup has met the words that it needs.
type medical struct {
	v     *vocabulary
	names *Words // flags of names, from contact_words.go
	pool  *sync.Pool
}

func newMedical() *medical {
	return &medical{sharedVocabulary(), sharedContacts().words, &sync.Pool{New: func() any { return new(medicalScan) }}}
}

func (*medical) Name() string { return "medical" }

// Find implements [Recognizer].
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

// A medicalScan is the state of one Find. Its methods take and return indexes of
// words.
type medicalScan struct {
	v          *vocabulary
	names      *Words
	t          *Text
	words      []uint32 // flags of each word alone
	begins     []uint32 // flags of all phrases that begin at each word
	first      []int32  // index of the first element of phrases for each word
	phrases    []phrase // phrases of two words and more, in text order
	candidates []candidate
	strong     []bool // whether each word is part of a candidate that is not weak
}

// A phrase is n words of the vocabulary from word at.
type phrase struct {
	at, n int32
	flags uint32
}

// Rules that are used in more than one place.
const (
	ruleTerm      = "medical.term"
	ruleAmbiguous = "medical.ambiguous"
	ruleTrigger   = "medical.trigger"
	ruleList      = "medical.list"
)

// A candidate is a possible finding, words [from, to). A score of 0 drops it.
type candidate struct {
	from, to int
	category uint32
	score    float32
	rule     string
	weak     bool // ambiguous: needs confirmation by a cue
}

// lookup finds the phrases of the vocabulary in the text and returns all flags
// that occur.
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

// runsOn reports whether a phrase may continue across a gap: blanks, hyphens,
// slashes, the dots of "h.i.v" and the plus of a URL query ("heart+disease").
func runsOn(g Gap) bool { return g.Plain() || g == GapDot || g == GapSlash || g == GapPlus }

// at returns the length in words of the longest phrase at word i that has one of
// the flags, and all flags of that phrase.
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

// is reports whether word i alone has one of the flags.
func (r *medicalScan) is(i int, flags uint32) bool {
	return i >= 0 && i < len(r.words) && r.words[i]&flags != 0
}

// named reports whether word i is a given or family name.
func (r *medicalScan) named(i int) bool {
	return r.names.Flags(r.t.Tokens[i].Hash)&(cGiven|cGivenWord|cSurname) != 0
}

// grammar returns the roles of word i in its sentence (grammar.go), 0 outside the
// text.
func (r *medicalScan) grammar(i int) uint32 {
	if i < 0 || i >= len(r.t.Tokens) {
		return 0
	}
	return grammarWords.Flags(r.t.Tokens[i].Hash)
}

// joined reports whether words i-1 and i are in one sentence.
func (r *medicalScan) joined(i int) bool {
	return i > 0 && i < len(r.t.Tokens) && !r.t.Tokens[i].Gap.Sentence()
}

// adjacent reports whether one phrase may contain words i-1 and i.
func (r *medicalScan) adjacent(i int) bool {
	return i > 0 && i < len(r.t.Tokens) && runsOn(r.t.Tokens[i].Gap)
}

// add adds a candidate that is not weak.
func (r *medicalScan) add(from, to int, category uint32, score float32, rule string) {
	r.candidates = append(r.candidates, candidate{from, to, category & categoryBits, score, rule, false})
}

// terms adds the phrases of the lexicon from left to right, the longest at each
// word.
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

// spans appends the remaining candidates. Candidates that touch or overlap make
// one span, with the category of the best.
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
