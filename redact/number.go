package redact

// A Number is what a number word stands for.
type Number struct {
	Value int
	Kind  NumberKind
}

// A NumberKind tells how a number word counts.
type NumberKind uint8

// The kinds of number words.
const (
	NotNumber NumberKind = iota
	Units                // zero, oh, one … nine
	Teens                // ten … nineteen
	Tens                 // twenty … ninety
	Scale                // hundred, thousand: multiplies what went before
	Repeat               // double, triple: repeats what comes next
	Ordinal              // first … thirty-first (and twentieth, thirtieth)
	Figures              // a word of digits only; Value is unset
)

// Number returns what word i stands for when it is a number word or digits.
func (t *Text) Number(i int) Number {
	if i < 0 || i >= len(t.Tokens) {
		return Number{}
	}
	if t.Tokens[i].Shape.Numeric() {
		return Number{Kind: Figures}
	}
	v := numberWords.Flags(t.Tokens[i].Hash)
	return Number{Value: int(v >> 8), Kind: NumberKind(v & 0xff)}
}

var numberWords = func() *Words {
	w := new(Words)
	add := func(kind NumberKind, value int, words ...string) {
		w.Add(uint32(value)<<8|uint32(kind), words...)
	}
	add(Units, 0, "zero", "oh", "o", "nought", "naught", "nil")
	for i, s := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"} {
		add(Units, i+1, s)
	}
	for i, s := range []string{"ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"} {
		add(Teens, i+10, s)
	}
	for i, s := range []string{"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"} {
		add(Tens, 10*i+20, s)
	}
	add(Tens, 40, "fourty")
	add(Scale, 100, "hundred")
	add(Scale, 1000, "thousand")
	add(Repeat, 2, "double")
	add(Repeat, 3, "triple", "treble")
	for i, s := range []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
		"eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth"} {
		add(Ordinal, i+1, s)
	}
	add(Ordinal, 30, "thirtieth")
	return w
}()
