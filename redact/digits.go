package redact

// A digitRun is a stretch of words read digit by digit, as people dictate
// numbers: "oh seven seven double oh nine hundred one two three".
type digitRun struct {
	digits [maxDigits]byte
	words  [maxDigits]runWord
	n      int // of digits
	w      int // of words
	end    int // the word after the run
	plus   bool
	spoken bool // contains number words
	over   bool // goes on beyond maxDigits
}

// A runWord is one word of a run, with what follows it ("double oh") folded
// in.
type runWord struct {
	at, next int // words [at, next) of the text
	from     int // the first of its digits
	gap      Gap // before it
}

const maxDigits = 40

// runGap is what may stand between the groups of one number.
const runGap = GapSpace | GapHyphen | GapDot | GapBracket | GapComma | GapLine

// readRun reads the run that begins at word i.
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

// readDigits appends the digits that word k stands for and returns the word
// after those it used, k if it is none.
func (s *contactScan) readDigits(k int, r *digitRun) int {
	num := s.t.numberWord(k)
	switch num.kind {
	case numFigures:
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

// group returns how many digits word a of the run has.
func (r *digitRun) group(a int) int { return len(r.part(a, a+1)) }

// cardinal reads a number below ten thousand said as a house number: "twelve",
// "one twenty two", "two hundred and four", "14". It returns the word after
// it, i if there is none.
func (s *contactScan) cardinal(i int) int {
	if s.t.numberWord(i).kind == numFigures {
		return i + 1
	}
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
