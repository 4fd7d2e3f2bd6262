package redact

// A trie maps phrases, word by word, to flags. All edges of the tree lie in
// one open-addressing table whose key is made of the node and the next word's
// hash, so that a step is one look into memory.
type trie struct {
	edges     []edge
	used      int
	nodes     uint32
	firstWins uint32 // a field of the flags that keeps the first value it is given
}

type edge struct {
	key   uint64
	node  uint32 // the child; never 0 in a used slot
	flags uint32 // of the phrase that ends here
}

// deeper is set on an edge from which a longer phrase goes on. The other
// flags are the owner's.
const deeper uint32 = 1 << 31

func edgeKey(node uint32, hash uint64) uint64 { return hash ^ uint64(node)*hashMul }

// add gives a phrase, as the hashes of its words, the flags beside those it
// has.
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

func (t *trie) slot(key uint64) *edge {
	mask := uint64(len(t.edges) - 1)
	for i := key >> 20 & mask; ; i = (i + 1) & mask {
		if e := &t.edges[i]; e.node == 0 || e.key == key {
			return e
		}
	}
}

func (t *trie) grow() {
	old := t.edges
	t.edges = make([]edge, max(256, 2*len(old)))
	for _, e := range old {
		if e.node != 0 {
			*t.slot(e.key) = e
		}
	}
}

// step returns the edge for a word at a node (0 is the root); its node is 0
// if there is none.
func (t *trie) step(node uint32, hash uint64) edge {
	if t.used == 0 {
		return edge{}
	}
	return *t.slot(edgeKey(node, hash))
}

// longest returns how many words the longest phrase with one of the flags
// that starts at word i has, 0 if none does.
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

// addText adds a phrase as a person writes it.
func (t *trie) addText(phrase string, flags uint32) {
	var hashes []uint64
	for _, tok := range NewText(phrase).Tokens {
		hashes = append(hashes, tok.Hash)
	}
	t.add(hashes, flags)
}
