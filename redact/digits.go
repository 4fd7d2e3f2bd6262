package redact

// A digitRun is a stretch of words that dictate one number digit by digit: "oh
// seven seven double oh nine hundred one two three".
type digitRun struct {
	digits [maxDigits]byte
	words  [maxDigits]runWord
	n      int  // number of digits
	w      int  // number of words
	end    int  // the word after the run
	plus   bool // a "+" or "plus" precedes the run
	spoken bool // contains number words
	over   bool // has more than maxDigits digits
}

// A runWord is one group of digits: one word, or several that belong together
// ("double oh", "nine hundred").
type runWord struct {
	at, next int // words [at, next) of the text
	from     int // index of its first digit in the run
	gap      Gap // gap before it
}

// maxDigits bounds a run. The longest number of interest, an IBAN, has 34.
const maxDigits = 40

// runGap holds the gaps that may separate the groups of one number.
const runGap = GapSpace | GapHyphen | GapDot | GapBracket | GapComma | GapLine

// readRun reads the run that begins at word i. Hesitations inside it are skipped.
func (s *contactScan) readRun(i int, r *digitRun) {
	r.n, r.w, r.spoken, r.over = 0, 0, false, false
	r.plus = s.gap(i)&GapPlus != 0 || s.is(i-1, "plus")
	j := i
	for j < len(s.toks) {
		k := j
		if j > i {
			if g := s.toks[j].Gap; g&^runGap != 0 || g.Sentence() {
				break
			}
			// "oh seven seven, um, double oh nine"
			if k = s.skipFillers(j); k >= len(s.toks) {
				break
			}
		}
		from := r.n
		next := s.readDigits(k, r)
		if next == k || r.over || r.w == maxDigits {
			break
		}
		r.words[r.w] = runWord{k, next, from, s.toks[k].Gap}
		r.w++
		j = next
	}
	r.end = j
}

// readDigits appends the digits that word k stands for to r. It returns the word
// after them, or k if word k is no digit: "seven" adds 7, "nine hundred" 900,
// "twenty three" 23, "double oh" 00.
func (s *contactScan) readDigits(k int, r *digitRun) int {
	num := s.t.numberWord(k)
	switch num.kind {
	case numFigures:
		// "9 hundred"
		if s.is(k+1, "hundred") && s.toks[k].End-s.toks[k].Start == 1 {
			r.put(s.t.S[s.toks[k].Start])
			r.put('0', '0')
			return k + 2
		}
		r.put([]byte(s.t.Word(k))...)
		return k + 1
	case numUnits:
		r.spoken = true
		r.put(byte('0' + num.value))
		if next := s.t.numberWord(k + 1); next.kind == numScale && num.value > 0 && s.gap(k+1).Plain() {
			for v := next.value; v > 1; v /= 10 {
				r.put('0')
			}
			return k + 2
		}
		return k + 1
	// "nineteen" is dictated for the digits 1 and 9.
	case numTeens:
		r.spoken = true
		r.put(byte('0'+num.value/10), byte('0'+num.value%10))
		return k + 1
	case numTens:
		r.spoken = true
		if next := s.t.numberWord(k + 1); next.kind == numUnits && next.value > 0 && s.gap(k+1).Plain() {
			r.put(byte('0'+num.value/10), byte('0'+next.value))
			return k + 2
		}
		r.put(byte('0'+num.value/10), '0')
		return k + 1
	case numRepeat:
		// "double oh", "triple 3": the next word must be one digit.
		var d byte
		switch next := s.t.numberWord(k + 1); {
		case next.kind == numUnits:
			d = byte('0' + next.value)
		case next.kind == numFigures && s.toks[k+1].End-s.toks[k+1].Start == 1:
			d = s.t.S[s.toks[k+1].Start]
		default:
			return k
		}
		r.spoken = true
		for range num.value {
			r.put(d)
		}
		return k + 2
	}
	return k
}

// put appends digits, or sets over if they do not fit.
func (r *digitRun) put(digits ...byte) {
	if r.n+len(digits) > maxDigits {
		r.over = true
		return
	}
	r.n += copy(r.digits[r.n:], digits)
}

// part returns the digits of words a to b-1 of the run.
func (r *digitRun) part(a, b int) []byte {
	to := r.n
	if b < r.w {
		to = r.words[b].from
	}
	return r.digits[r.words[a].from:to]
}

// group returns the number of digits in word a of the run.
func (r *digitRun) group(a int) int { return len(r.part(a, a+1)) }

// cardinal reads a spoken house number at word i: "twelve", "one twenty two",
// "two hundred and four", "14". It returns the word after it, or i.
func (s *contactScan) cardinal(i int) int {
	if s.t.numberWord(i).kind == numFigures {
		return i + 1
	}
	// Five number words at most: "one thousand two hundred and four".
	j := i
	for j < len(s.toks) && j < i+5 {
		if j > i && !s.gap(j).Plain() {
			break
		}
		switch s.t.numberWord(j).kind {
		case numUnits, numTeens, numTens:
			j++
			continue
		case numScale:
			if j > i {
				j++
				continue
			}
		case notNumber:
			if j > i && s.is(j, "and") && s.t.numberWord(j-1).kind == numScale && s.t.numberWord(j+1).kind != notNumber {
				j++
				continue
			}
		}
		break
	}
	return j
}
