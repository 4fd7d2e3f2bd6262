package redact

// A numberWord is the meaning of a word such as "seven", "double" or "42".
type numberWord struct {
	value int
	kind  numberKind
}

// A numberKind is the role of a number word in a dictated number.
type numberKind uint8

// The kinds of number words.
const (
	notNumber  numberKind = iota
	numUnits              // zero, oh, one … nine
	numTeens              // ten … nineteen
	numTens               // twenty … ninety
	numScale              // hundred, thousand: multiplies the number before it
	numRepeat             // double, triple: repeats the digit after it
	numOrdinal            // first … thirty-first (and twentieth, thirtieth)
	numFigures            // a word of digits only; value is 0
)

// numberWord returns the meaning of word i as part of a number. The zero result
// is a word that is no part of one.
func (t *Text) numberWord(i int) numberWord {
	if i < 0 || i >= len(t.Tokens) {
		return numberWord{}
	}
	if t.Tokens[i].Shape.Numeric() {
		return numberWord{kind: numFigures}
	}
	v := numberWords.Flags(t.Tokens[i].Hash)
	return numberWord{value: int(v >> 8), kind: numberKind(v & 0xff)}
}

// numberWords maps each number word to its value and kind, packed in one flag
// set: value<<8 | kind.
var numberWords = func() *Words {
	w := new(Words)
	add := func(kind numberKind, value int, words ...string) {
		w.Add(uint32(value)<<8|uint32(kind), words...)
	}
	add(numUnits, 0, "zero", "oh", "o", "nought", "naught", "nil")
	for i, s := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"} {
		add(numUnits, i+1, s)
	}
	for i, s := range []string{"ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"} {
		add(numTeens, i+10, s)
	}
	for i, s := range []string{"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"} {
		add(numTens, 10*i+20, s)
	}
	add(numTens, 40, "fourty")
	add(numScale, 100, "hundred")
	add(numScale, 1000, "thousand")
	add(numRepeat, 2, "double")
	add(numRepeat, 3, "triple", "treble")
	for i, s := range []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
		"eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth"} {
		add(numOrdinal, i+1, s)
	}
	add(numOrdinal, 30, "thirtieth")
	return w
}()

// ok reports whether the word is a number word or digits.
func (n numberWord) ok() bool { return n.kind != notNumber }
