package redact

import "math/bits"

// Hash returns the hash by which words are compared. It is computed from the
// word in lower case without diacritics and apostrophes. Two words with equal
// hashes are treated as the same word; with 64 bits, a collision within the
// lexicon is too rare to matter.
func Hash(word string) uint64 {
	for i := 0; i < len(word); i++ {
		if class[word[i]]&(apostrophe|wide) != 0 {
			_, h, _ := slowWord(word, 0)
			return h
		}
	}
	return hashRange(word, 0, len(word))
}

const (
	hashSeed = 0x9e3779b97f4a7c15
	hashMul  = 0xd6e8feb86659fd93
	foldCase = 0x2020202020202020 // ASCII letters to lower case, digits kept
)

// hashRange hashes s[i:j], which must be ASCII letters and digits.
func hashRange(s string, i, j int) uint64 {
	_, h, _ := plainWord(s[:j], i)
	return h
}

// hashBytes returns the same hash as hashRange, for a folded word.
func hashBytes(b []byte) uint64 {
	h := uint64(hashSeed)
	for len(b) > 0 {
		var w uint64
		for k, c := range b[:min(8, len(b))] {
			w |= uint64(c|0x20) << (8 * k)
		}
		h = mix(h, w)
		b = b[min(8, len(b)):]
	}
	return h | 1
}

// mix adds eight bytes to a hash: the 128-bit product, folded.
func mix(h, w uint64) uint64 {
	hi, lo := bits.Mul64(h^w, hashMul)
	return hi ^ lo
}

// load8 reads s[i:i+8] as a little-endian word; it compiles to one load.
func load8(s string, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// Words maps words to sets of 32 flags. The owner defines the flags: a
// recognizer keeps all its words in one Words and looks each token up once. The
// zero Words is empty. Flags is safe for concurrent use; Add is not.
type Words struct {
	keys []uint64
	vals []uint32
	n    int
}

// Add sets flags on words and keeps the flags they have.
func (w *Words) Add(flags uint32, words ...string) {
	for _, word := range words {
		w.add(Hash(word), flags)
	}
}

// add sets flags on the word with hash h.
func (w *Words) add(h uint64, flags uint32) {
	if 4*(w.n+1) > len(w.keys) { // at most a quarter full, so that most misses cost one access
		old := *w
		size := max(64, 2*len(w.keys))
		w.keys, w.vals, w.n = make([]uint64, size), make([]uint32, size), 0
		for i, k := range old.keys {
			if k != 0 {
				w.add(k, old.vals[i])
			}
		}
	}
	mask := uint64(len(w.keys) - 1)
	i := h >> 8 & mask
	for w.keys[i] != 0 && w.keys[i] != h {
		i = (i + 1) & mask
	}
	if w.keys[i] == 0 {
		w.keys[i] = h
		w.n++
	}
	w.vals[i] |= flags
}

// Flags returns the flags of the word with that hash, 0 for an unknown word:
//
//	if cues.Flags(t.Tokens[i].Hash)&isTitle != 0 …
func (w *Words) Flags(hash uint64) uint32 {
	if len(w.keys) == 0 {
		return 0
	}
	mask := uint64(len(w.keys) - 1)
	for i := hash >> 8 & mask; ; i = (i + 1) & mask {
		switch w.keys[i] {
		case hash:
			return w.vals[i]
		case 0:
			return 0
		}
	}
}

// has reports whether a set made by setOf holds the word with that hash.
func (w *Words) has(hash uint64) bool { return w.Flags(hash) != 0 }

// setOf returns a set of words.
func setOf(words ...string) *Words {
	w := new(Words)
	w.Add(1, words...)
	return w
}
