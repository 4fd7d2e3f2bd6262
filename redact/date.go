package redact

import "strings"

// dateSub returns "dob" if a birth cue precedes the date at word i by at most
// eight words.
func (s *contactScan) dateSub(i int) string {
	if within(s.birthCue, i, 8) {
		return "dob"
	}
	return ""
}

// numericDate returns the number of words in the date in figures at word i:
// 03/07/2015, 2024-01-15, 12.8.20.
func (s *contactScan) numericDate(i int) int {
	if i+1 >= len(s.toks) || !s.toks[i].Shape.Numeric() {
		return 0
	}
	// The separators must be alike. Only a slash may have blanks around it.
	sep := s.toks[i+1].Gap &^ GapSpace
	if sep != GapSlash && sep != GapDot && sep != GapHyphen || sep != GapSlash && s.toks[i+1].Gap != sep {
		return 0
	}
	a, b, c := s.figureValue(i), s.figureValue(i+1), s.figureValue(i+2)
	if c < 0 || s.toks[i+2].Gap&^GapSpace != sep {
		// "on 12/25": a day and a month need a preposition.
		if sep == GapSlash && b > 0 && s.toks[i+1].Gap == sep && dayAndMonth(a, b) && s.flags(i-1)&cDatePrep != 0 {
			return 2
		}
		return 0
	}
	// Four figures in front are a year: 2024-01-15.
	if s.size(i) == 4 {
		if a >= 1900 && a < 2100 && s.size(i+1) <= 2 && s.size(i+2) <= 2 && dayAndMonth(b, c) {
			return 3
		}
		return 0
	}
	if s.size(i) > 2 || s.size(i+1) > 2 || !dayAndMonth(a, b) {
		return 0
	}
	switch s.size(i + 2) {
	case 4:
		if c >= 1800 && c < 2200 {
			return 3
		}
	case 2:
		if sep == GapSlash || s.flags(i-1)&(cDatePrep|cLink) != 0 {
			return 3
		}
	}
	return 0
}

// dayAndMonth reports whether a and b can be day and month in either order.
func dayAndMonth(a, b int) bool {
	return a >= 1 && a <= 31 && b >= 1 && b <= 31 && (a <= 12 || b <= 12)
}

// figureValue returns the value of word i if it has one to four digits, else -1.
func (s *contactScan) figureValue(i int) int {
	if i >= len(s.toks) || !s.toks[i].Shape.Numeric() || s.size(i) > 4 {
		return -1
	}
	v := 0
	for _, c := range []byte(s.t.Word(i)) {
		v = v*10 + int(c-'0')
	}
	return v
}

// size returns the length of word i in bytes.
func (s *contactScan) size(i int) int { return s.toks[i].End - s.toks[i].Start }

// date returns the number of words in the spoken date at word i, or 0: "14th of
// March 1985", "may fifth", the weekday of "next Tuesday", the year of "in
// 2016".
func (s *contactScan) date(i int) int {
	f := s.flags(i)
	switch {
	case f&(cMonth|cMonthWord) != 0:
		if n := s.monthFirst(i, f); n > 0 {
			return n
		}
	case f&cWeekday != 0:
		return s.weekday(i)
	case f&cRelative != 0:
		return 1
	// "last week" dates an event; "this week" and "next week" do not.
	case f&cPeriod != 0 && s.is(i-1, "last"):
		return 1
	case f&cPeriod != 0 && s.year(i+1) > i+1 && s.gap(i+1).Plain(): // spring 2020
		return s.year(i+1) - i
	}
	if f&cNumber == 0 && s.toks[i].Shape&HasDigit == 0 {
		return 0
	}
	// "the 14th of March", "third may". A bare "may" needs an ordinal or a digit:
	// "two may come" is not a date.
	if day, ordinal := s.day(i); day > i {
		j := day
		if s.is(j, "of") {
			j++
		}
		if m := s.flags(j); m&(cMonth|cMonthWord) != 0 && s.gap(j)&^(GapSpace|GapHyphen|GapDot|GapComma|GapLine|GapSlash) == 0 &&
			(ordinal || m&cMonthWord == 0 || s.toks[i].Shape&HasDigit != 0) {
			return s.skipYear(j+1) - i
		}
		if ordinal && s.bareDay(i, day) {
			return day - i
		}
	}
	// A year without a month needs a preposition, and must not be the number of a
	// house or an amount: "in 2000 people".
	if s.flags(i-1)&cDatePrep != 0 || s.is(i-1, "year") {
		if j := s.year(i); j > i && (s.flags(j)&cStreet == 0) && !units.has(s.hash(j)) {
			return j - i
		}
		if s.dateSub(i) != "" && s.t.numberWord(i).kind == numTens && s.t.numberWord(i).value >= 30 {
			return s.twoDigits(i) - i // born in sixty eight
		}
	}
	return 0
}

// hash returns the hash of word i, 0 outside the text.
func (s *contactScan) hash(i int) uint64 {
	if i >= 0 && i < len(s.toks) {
		return s.toks[i].Hash
	}
	return 0
}

// monthFirst returns the number of words in the date that begins with the month
// at word i, with flags f: "March 14th, 1985", "march nineteen eighty five", "in
// may". A month that is also a word ("may", "march") needs a preposition.
func (s *contactScan) monthFirst(i int, f uint32) int {
	j := i + 1
	if s.is(j, "the") {
		j++
	}
	if s.gap(j)&^(GapSpace|GapDot|GapHyphen|GapLine) == 0 {
		day, ordinal := s.day(j)
		year := s.year(j)
		switch {
		case day > j && year <= day && (ordinal || s.toks[j].Shape&HasDigit != 0 || f&cMonthWord == 0):
			return s.skipYear(day) - i
		case year > j:
			return year - i
		}
	}
	// Without day and year only a preposition makes the month a date: "in may".
	prep := s.flags(i-1)&cDatePrep != 0 && !s.gap(i).Sentence() || s.is(i-1, "and") && s.flags(i-2)&cMonth != 0
	if s.size(i) == 3 && !s.is(i, "may") { // an abbreviation
		if prep && f&cMonth != 0 && s.toks[i].Shape.Title() {
			return 1
		}
		return 0
	}
	if f&cMonthWord != 0 && (!prep || s.is(i-1, "this") || s.is(i-1, "due")) {
		return 0
	}
	return 1
}

// day reads a day of the month at word i: 14, 14th, fourteenth, twenty third. It
// returns the word after it and whether the day is an ordinal.
func (s *contactScan) day(i int) (next int, ordinal bool) {
	if i >= len(s.toks) {
		return i, false
	}
	// In figures the ordinal ending is part of the word: "14th".
	if s.toks[i].Shape&HasDigit != 0 {
		w := s.t.Word(i)
		n, v := 0, 0
		for ; n < len(w) && n < 3 && w[n] >= '0' && w[n] <= '9'; n++ {
			v = v*10 + int(w[n]-'0')
		}
		if n == 0 || n > 2 || v < 1 || v > 31 {
			return i, false
		}
		switch strings.ToLower(w[n:]) {
		case "":
			return i + 1, false
		case "st", "nd", "rd", "th":
			return i + 1, true
		}
		return i, false
	}
	switch num := s.t.numberWord(i); num.kind {
	case numOrdinal:
		return i + 1, true
	case numTens:
		// "twenty third", "thirty first"
		if next := s.t.numberWord(i + 1); s.gap(i+1).Plain() && num.value <= 30 {
			if next.kind == numOrdinal && next.value < 10 {
				return i + 2, true
			}
			if next.kind == numUnits && next.value > 0 {
				return i + 2, false
			}
		}
		if num.value <= 30 {
			return i + 1, false
		}
	case numUnits, numTeens:
		if num.value > 0 {
			return i + 1, false
		}
	}
	return i, false
}

// bareDay reports whether the ordinal at words i to j-1 is a day without a month:
// "on the 9th", but not "the 9th floor".
func (s *contactScan) bareDay(i, j int) bool {
	if !s.is(i-1, "the") {
		return false
	}
	if s.toks[i].Shape&HasDigit == 0 {
		// "the first", "the second" and "the third" rarely are days.
		if s.t.numberWord(i).kind == numOrdinal && s.t.numberWord(i).value < 4 || s.flags(i-2)&cDatePrep == 0 {
			return false
		}
	}
	return !s.gap(j).Plain() || s.flags(j)&(cLink|cDatePrep|cLeadIn) != 0
}

// year reads a year at word i and returns the word after it, or i: "1985",
// "nineteen eighty five", "two thousand and nine", "twenty oh four".
func (s *contactScan) year(i int) int {
	if i >= len(s.toks) {
		return i
	}
	if s.toks[i].Shape.Numeric() {
		if isYear(s.t.Word(i)) {
			return i + 1
		}
		return i
	}
	century := s.t.numberWord(i)
	second := s.t.numberWord(i + 1)
	if century.kind == notNumber || i+1 >= len(s.toks) || !s.gap(i+1).Plain() {
		return i
	}
	switch {
	// two thousand and nine
	case century.kind == numUnits && century.value == 2 && second.kind == numScale && second.value == 1000:
		j := i + 2
		if s.is(j, "and") && s.t.numberWord(j+1).kind != notNumber {
			j++
		}
		return s.twoDigits(j)
	// nineteen hundred and four
	case century.kind == numTeens && century.value == 19 && second.kind == numScale && second.value == 100:
		return s.twoDigits(i + 2)
	// nineteen eighty five, twenty twelve
	case century.kind == numTeens && century.value == 19, century.kind == numTens && century.value == 20 && second.kind != numUnits:
		if second.kind == numUnits {
			if second.value == 0 && s.t.numberWord(i+2).kind == numUnits { // nineteen oh four
				return i + 3
			}
			return i
		}
		return max(i, s.afterCentury(i+1))
	// twenty oh four
	case century.kind == numTens && century.value == 20 && second.kind == numUnits && second.value == 0 && s.t.numberWord(i+2).kind == numUnits:
		return i + 3
	}
	return i
}

// afterCentury reads the rest of a year after "nineteen" or "twenty" and returns
// the word after it, or 0.
func (s *contactScan) afterCentury(i int) int {
	if j := s.twoDigits(i); j > i {
		return j
	}
	return 0
}

// twoDigits reads a spoken number from 1 to 99 at word i and returns the word
// after it, or i.
func (s *contactScan) twoDigits(i int) int {
	switch num := s.t.numberWord(i); num.kind {
	case numTens:
		if next := s.t.numberWord(i + 1); next.kind == numUnits && next.value > 0 && s.gap(i+1).Plain() {
			return i + 2
		}
		return i + 1
	case numTeens:
		return i + 1
	case numUnits:
		if num.value > 0 {
			return i + 1
		}
	}
	return i
}

// skipYear skips a year at word i, after day and month: ", 1985", "eighty five".
func (s *contactScan) skipYear(i int) int {
	j := i
	if s.is(j, "in") || s.is(j, "of") {
		j++
	}
	if s.gap(j)&^(GapSpace|GapComma|GapHyphen|GapDot|GapLine|GapSlash) != 0 {
		return i
	}
	if k := s.year(j); k > j {
		return k
	}
	// After a comma two figures are more likely another fact than a year.
	if s.gap(j)&GapComma != 0 {
		return i
	}
	if s.t.numberWord(j).kind == numTens && s.t.numberWord(j).value >= 30 {
		return s.twoDigits(j)
	}
	if s.figureValue(j) >= 0 && s.size(j) == 2 && !units.has(s.hash(j+1)) && s.gap(j) == GapSpace {
		return j + 1
	}
	return i
}

// weekday returns the number of words in the date that begins with the weekday at
// word i. Opening hours ("Monday to Friday") and habits ("every Friday") are not
// dates.
func (s *contactScan) weekday(i int) int {
	between := func(j int) bool {
		return s.is(j, "to") || s.is(j, "through") || s.is(j, "till") || s.is(j, "until")
	}
	switch {
	case between(i+1) && s.flags(i+2)&cWeekday != 0 && !s.is(i+3, "the"), between(i-1) && s.flags(i-2)&cWeekday != 0 && !s.is(i+1, "the"),
		s.is(i-1, "every"), s.is(i-1, "each"):
		return 0
	}
	// The day of the month may follow: "Tuesday the 14th of March".
	j := i + 1
	if s.is(j, "the") {
		j++
	}
	if day, ordinal := s.day(j); day > j && !s.gap(j).Sentence() {
		k := day
		if s.is(k, "of") {
			k++
		}
		if s.flags(k)&(cMonth|cMonthWord) != 0 {
			return s.skipYear(k+1) - i
		}
		if ordinal && j > i+1 && (!s.gap(day).Plain() || s.flags(day)&(cLink|cDatePrep|cLeadIn) != 0) {
			return day - i
		}
	}
	// "Tuesday March 14th"
	if f := s.flags(j); j == i+1 && f&cMonth != 0 && s.gap(j)&^(GapSpace|GapComma) == 0 {
		if n := s.monthFirst(j, f); n > 1 {
			return j + n - i
		}
	}
	return 1
}

// isYear reports whether w is a year from 1900 to 2099 in figures.
func isYear(w string) bool {
	return len(w) == 4 && (w[:2] == "19" || w[:2] == "20") && w[2] >= '0' && w[2] <= '9' && w[3] >= '0' && w[3] <= '9'
}
