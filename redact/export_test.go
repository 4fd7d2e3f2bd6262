package redact

// Exports for benchmarks, which are in package redact_test because the corpus in
// redacttest imports this package.

// Compile builds the vocabulary, as the first New in a program does.
func Compile() any { return compile() }

// Phrases finds phrases of many words in a Text, like the vocabulary.
type Phrases struct{ trie }

func (p *Phrases) Add(phrase string) { p.addText(phrase, 1) }

func (p *Phrases) Longest(t *Text, i int) int { return p.longest(t.Tokens, i, 1) }
