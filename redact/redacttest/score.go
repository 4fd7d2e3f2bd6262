package redacttest

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/callwaiting-ai/callwaiting/redact"
)

// A Tally compares found spans with labels. A found span hits a label of the same
// kind if the two overlap.
type Tally struct {
	Labelled, Hit  int // labels that are not optional, and how many of them are hit
	Found, Right   int // found spans, and how many of them hit any label
	Chars, Covered int // bytes of labels that are not optional, and how many are found
	Sentences      int // number of texts
}

// Recall returns the share of labels that are hit, 1 without labels.
func (t Tally) Recall() float64 { return ratio(t.Hit, t.Labelled) }

// Precision returns the share of found spans that hit a label, 1 without spans.
func (t Tally) Precision() float64 { return ratio(t.Right, t.Found) }

// CharRecall returns the share of labelled bytes that are found, 1 without labels.
func (t Tally) CharRecall() float64 { return ratio(t.Covered, t.Chars) }

// FalsePer100 returns the number of wrong spans per hundred texts.
func (t Tally) FalsePer100() float64 {
	return 100 * (1 - ratio(t.Sentences-(t.Found-t.Right), t.Sentences))
}

// ratio returns part/whole, 1 if whole is 0.
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

// A Row holds the tally of one kind in one source.
type Row struct {
	Source string
	Kind   redact.Kind
	Tally
}

// A Table holds one row per source and kind.
type Table []Row

// A Miss is a label that is not hit or, if False is set, a span without a label.
type Miss struct {
	Doc   Doc
	Label Label
	False bool
}

// Score calls find for each text and compares the spans with the labels. It stops
// at the first error.
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
			// An optional label makes a found span right, but not a missing one wrong.
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
		// Every row of a source has the number of all its texts: false/100 is per text.
		t.Sentences = sentences[key.Source]
		key.Tally = t
		table = append(table, key)
	}
	slices.SortFunc(table, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Kind, b.Kind)) })
	return table, misses, nil
}

// covered returns the number of bytes of l that spans of its kind cover.
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

// Of returns the sum of the rows of a kind in the given sources, or in all sources
// if no source is given.
func (t Table) Of(kind redact.Kind, sources ...string) Tally {
	var sum Tally
	for _, row := range t {
		if row.Kind == kind && (len(sources) == 0 || slices.Contains(sources, row.Source)) {
			sum = sum.plus(row.Tally)
		}
	}
	return sum
}

// WriteTo writes the table as aligned text. It implements [io.WriterTo].
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
