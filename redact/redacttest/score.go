package redacttest

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// A Tally counts how found spans meet labels. A found span hits a label of the
// same kind when they overlap.
type Tally struct {
	Labelled, Hit  int // labels that are not optional, and those of them hit
	Found, Right   int // found spans, and those that hit any label, optional or not
	Chars, Covered int // bytes of labels that are not optional, and those found
	Sentences      int // texts
}

// Recall is the share of labels hit, 1 if there are none.
func (t Tally) Recall() float64 { return ratio(t.Hit, t.Labelled) }

// Precision is the share of found spans that hit a label, 1 if there are none.
func (t Tally) Precision() float64 { return ratio(t.Right, t.Found) }

// CharRecall is the share of labelled bytes found, 1 if there are none.
func (t Tally) CharRecall() float64 { return ratio(t.Covered, t.Chars) }

// FalsePer100 is the number of wrong spans per hundred texts.
func (t Tally) FalsePer100() float64 {
	return 100 * (1 - ratio(t.Sentences-(t.Found-t.Right), t.Sentences))
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

func (t Tally) plus(u Tally) Tally {
	return Tally{t.Labelled + u.Labelled, t.Hit + u.Hit, t.Found + u.Found, t.Right + u.Right,
		t.Chars + u.Chars, t.Covered + u.Covered, t.Sentences + u.Sentences}
}

// A Row is the tally of one kind in one source.
type Row struct {
	Source string
	Kind   redact.Kind
	Tally
}

// A Table is a score per source and kind.
type Table []Row

// A Miss is a label not hit or, with False set, a span found without a label.
type Miss struct {
	Doc   Doc
	Label Label
	False bool
}

// Score runs find over docs and compares what it finds with their labels.
func Score(docs []Doc, find func(text string) ([]redact.Span, error)) (Table, []Miss, error) {
	tallies := make(map[Row]Tally)
	sentences := make(map[string]int)
	var misses []Miss
	for _, d := range docs {
		spans, err := find(d.Text)
		if err != nil {
			return nil, nil, fmt.Errorf("redacttest: %s: %w", d.ID, err)
		}
		sentences[d.Source]++
		tally := func(kind redact.Kind, add Tally) {
			key := Row{Source: d.Source, Kind: kind}
			tallies[key] = tallies[key].plus(add)
		}
		for _, l := range d.Labels {
			if l.Optional {
				continue
			}
			add := Tally{Labelled: 1, Chars: l.End - l.Start, Covered: covered(l, spans)}
			if add.Covered > 0 {
				add.Hit = 1
			} else {
				misses = append(misses, Miss{Doc: d, Label: l})
			}
			tally(l.Kind, add)
		}
		for _, s := range spans {
			add := Tally{Found: 1}
			if slices.ContainsFunc(d.Labels, func(l Label) bool { return l.Kind == s.Kind && l.Start < s.End && s.Start < l.End }) {
				add.Right = 1
			} else {
				misses = append(misses, Miss{d, Label{s.Start, s.End, s.Kind, false}, true})
			}
			tally(s.Kind, add)
		}
	}
	var table Table
	for key, t := range tallies {
		t.Sentences = sentences[key.Source]
		key.Tally = t
		table = append(table, key)
	}
	slices.SortFunc(table, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Kind, b.Kind)) })
	return table, misses, nil
}

func covered(l Label, spans []redact.Span) int {
	marks := make([]bool, l.End-l.Start)
	for _, s := range spans {
		for i := max(s.Start, l.Start); s.Kind == l.Kind && i < min(s.End, l.End); i++ {
			marks[i-l.Start] = true
		}
	}
	n := 0
	for _, m := range marks {
		if m {
			n++
		}
	}
	return n
}

// Of sums the rows of a kind in these sources, in all of them if none is
// named.
func (t Table) Of(kind redact.Kind, sources ...string) Tally {
	var sum Tally
	for _, row := range t {
		if row.Kind == kind && (len(sources) == 0 || slices.Contains(sources, row.Source)) {
			sum = sum.plus(row.Tally)
		}
	}
	return sum
}

// WriteTo prints the table.
func (t Table) WriteTo(w io.Writer) (int64, error) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	n, err := fmt.Fprintln(tw, "source\tkind\tlabels\trecall\tfound\tprecision\tchar recall\tfalse/100\t")
	for _, r := range t {
		if err != nil {
			break
		}
		var m int
		m, err = fmt.Fprintf(tw, "%s\t%s\t%d\t%.3f\t%d\t%.3f\t%.3f\t%.1f\t\n",
			r.Source, r.Kind, r.Labelled, r.Recall(), r.Found, r.Precision(), r.CharRecall(), r.FalsePer100())
		n += m
	}
	if err == nil {
		err = tw.Flush()
	}
	return int64(n), err
}
