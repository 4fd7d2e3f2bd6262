package redact

// A trie maps phrases to flags, word by word. All edges are in one
// open-addressing hash table. The key of an edge combines its node and the hash
// of the next word, so that a step costs one memory access, and the whole
// lexicon is one allocation.
type trie struct {
	edges     []edge
	used      int
	nodes     uint32
	firstWins uint32 // mask of flags that keep the first value they are set to
}

type edge struct {
	key   uint64
	node  uint32 // child node; never 0 in a used slot
	flags uint32 // of the phrase that ends here
}

// deeper marks an edge from which a longer phrase continues. The owner of the
// trie defines the other flags.
const deeper uint32 = 1 << 31

// edgeKey returns the table key of the edge from node for a word.
func edgeKey(node uint32, hash uint64) uint64 { return hash ^ uint64(node)*hashMul }

// add sets flags on a phrase, given as the hashes of its words, and keeps the
// flags it has.
func (t *trie) add(phrase []uint64, flags uint32) {
	node := uint32(0)
	for i, h := range phrase {
		if 2*(t.used+1) > len(t.edges) {
			t.grow()
		}
		e := t.slot(edgeKey(node, h))
		if e.node == 0 {
			t.used++
			t.nodes++
			*e = edge{edgeKey(node, h), t.nodes, 0}
		}
		if i < len(phrase)-1 {
			e.flags |= deeper
		} else {
			if e.flags&t.firstWins != 0 {
				flags &^= t.firstWins
			}
			e.flags |= flags
		}
		node = e.node
	}
}

// slot returns the used slot of key, or the free slot where it belongs.
func (t *trie) slot(key uint64) *edge {
	mask := uint64(len(t.edges) - 1)
	for i := key >> 20 & mask; ; i = (i + 1) & mask {
		if e := &t.edges[i]; e.node == 0 || e.key == key {
			return e
		}
	}
}

// grow doubles the table, which is kept at most half full.
func (t *trie) grow() {
	old := t.edges
	t.edges = make([]edge, max(256, 2*len(old)))
	for _, e := range old {
		if e.node != 0 {
			*t.slot(e.key) = e
		}
	}
}

// step returns the edge from node (0 is the root) for a word, or the zero edge
// if no phrase continues with the word.
func (t *trie) step(node uint32, hash uint64) edge {
	if t.used == 0 {
		return edge{}
	}
	return *t.slot(edgeKey(node, hash))
}

// longest returns the length in words of the longest phrase that starts at word
// i and has one of the flags, else 0.
func (t *trie) longest(toks []Token, i int, flags uint32) int {
	n := 0
	for e, j := t.step(0, toks[i].Hash), i+1; e.node != 0; j++ {
		if e.flags&flags != 0 {
			n = j - i
		}
		if e.flags&deeper == 0 || j == len(toks) || !toks[j].Gap.Plain() {
			break
		}
		e = t.step(e.node, toks[j].Hash)
	}
	return n
}

// addText adds a phrase in ordinary spelling: "Glow-Lift 3000".
func (t *trie) addText(phrase string, flags uint32) {
	var hashes []uint64
	for _, tok := range NewText(phrase).Tokens {
		hashes = append(hashes, tok.Hash)
	}
	t.add(hashes, flags)
}
