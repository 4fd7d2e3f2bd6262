package redact

import (
	"strconv"
	"strings"
)

// e164 returns the phone number in text, written or dictated, in E.164 form.
// region is the country of a number without a country code. ok is false if the
// number is incomplete.
func e164(text, region string) (number string, ok bool) {
	t := NewText(text)
	s := contactScan{contacts: newContacts(), t: t, toks: t.Tokens}
	for i := range t.Tokens {
		var r digitRun
		// The span may begin with a word such as "plus"; the number is the first long
		// run.
		if s.readRun(i, &r); r.n < 7 {
			continue
		}
		if r.plus && r.w > 1 && r.group(1) == 1 && r.words[1].gap&GapBracket != 0 && r.part(1, 2)[0] == '0' {
			// +44 (0)20 …: the zero is dialled only inside the country.
			at := r.words[1].from
			r.n = at + copy(r.digits[at:], r.digits[at+1:r.n])
		}
		return international(r.digits[:r.n], r.plus, region)
	}
	return "", false
}

// international returns the digits d in E.164 form. plus reports whether d
// begins with a country code.
func international(d []byte, plus bool, region string) (string, bool) {
	if !plus && len(d) > 2 && d[0] == '0' && d[1] == '0' {
		d, plus = d[2:], true
	}
	// A number keeps its own country code. Without one it must have the form of the
	// region: the region alone would turn any ten digits into a valid number.
	country := map[string]string{"GB": "44", "US": "1", "NG": "234"}[region]
	switch {
	case plus:
	case region == "US" && len(d) == 11 && d[0] == '1' && nanp(d[1:]):
	case region == "US" && nanp(d):
		d = append([]byte(country), d...)
	// The leading 0 of a national number is not part of E.164.
	case region != "US" && d[0] == '0' && (len(d) == 11 || len(d) == 10):
		d = append([]byte(country), d[1:]...)
	// A British mobile number without its leading 0.
	case region == "GB" && len(d) == 10 && d[0] == '7':
		d = append([]byte(country), d...)
	case strongPhone(d) && d[0] != '0':
	default:
		return "", false
	}
	if len(d) < 8 || len(d) > 15 || d[0] == '0' {
		return "", false
	}
	return "+" + string(d), true
}

// plainEmail returns the e-mail address in text, written or dictated, as it is
// typed, in lower case. ok is false if the result is not an address.
func plainEmail(text string) (address string, ok bool) {
	t := NewText(text)
	s := contactScan{contacts: newContacts(), t: t, toks: t.Tokens}
	var b strings.Builder
	for i := 0; i < len(t.Tokens); {
		// Characters between words belong to the address, except blanks: "j.smith",
		// "john @ example.com".
		if g := t.Tokens[i].Gap; i > 0 {
			for _, c := range []byte(t.Gap(i)) {
				if c == '@' || g&GapSpace == 0 {
					b.WriteByte(c)
				}
			}
		}
		// A spoken separator becomes its character, except at the beginning, where it
		// is a name: "dot at gmail dot com".
		switch j := separators.Flags(t.Tokens[i].Hash); {
		case j != 0 && i > 0:
			b.WriteByte(".._-+"[j])
			i++
			continue
		case t.Is(i, "at") && i > 0 && !t.At:
			b.WriteByte('@')
			if i++; t.Is(i, "the") && t.Is(i+1, "rate") {
				if i += 2; t.Is(i, "of") {
					i++
				}
			} else if t.Is(i, "sign") {
				i++
			}
			continue
		}
		// Spoken digits become figures: "tunde nine one". The letter o stays.
		var r digitRun
		if next := s.readDigits(i, &r); next > i && !t.Tokens[i].Shape.Numeric() && !t.Is(i, "o") {
			b.Write(r.digits[:r.n])
			i = next
			continue
		}
		b.WriteString(strings.ToLower(t.Word(i)))
		i++
	}
	address = b.String()
	local, domain, found := strings.Cut(address, "@")
	dot := strings.LastIndexByte(domain, '.')
	// The text is an address only if one @ and a dot in the domain remain and no
	// other word slipped in.
	ok = found && local != "" && dot > 0 && dot < len(domain)-2 && !strings.ContainsAny(address, " \t\n,;:()<>\"") && strings.Count(address, "@") == 1
	return address, ok
}

// isoDate returns the date in text as YYYY-MM-DD. ok is false unless text has a
// day, a month and a year. Where the figures allow both orders, the month comes
// first in region US, the day elsewhere.
func isoDate(text, region string) (date string, ok bool) {
	t := NewText(text)
	s := contactScan{contacts: newContacts(), t: t, toks: t.Tokens, birthCue: noCue}
	var day, month, year int
	// Three groups of figures: 03/07/2015, 2024-01-15.
	if len(t.Tokens) >= 3 && s.figureValue(0) >= 0 && s.figureValue(1) >= 0 && s.figureValue(2) >= 0 {
		a, b, c := s.figureValue(0), s.figureValue(1), s.figureValue(2)
		switch {
		case s.size(0) == 4:
			year, month, day = a, b, c
		case a > 12 || region != "US" && b <= 12:
			day, month, year = a, b, c
		default:
			month, day, year = a, b, c
		}
		if s.size(0) != 4 && s.size(2) == 2 {
			year += century(year)
		}
		return iso(year, month, day)
	}
	// Words, in any order: a month by name, a year, a day. Two digits are a year
	// only after both others.
	for i := 0; i < len(t.Tokens); {
		if m, found := monthNumber(t.Word(i)); found && month == 0 {
			month = m
			i++
			continue
		}
		if month != 0 || day == 0 {
			if next, v := s.yearValue(i, month != 0 && day != 0); next > i && year == 0 {
				year = v
				i = next
				continue
			}
		}
		if next, _ := s.day(i); next > i && day == 0 {
			day = s.dayValue(i, next)
			i = next
			continue
		}
		i++
	}
	return iso(year, month, day)
}

// iso formats a date. ok is false if a part is out of range; it does not check
// the length of the month.
func iso(year, month, day int) (date string, ok bool) {
	if year < 1000 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 {
		return "", false
	}
	two := func(v int) string { return strconv.Itoa(v/10) + strconv.Itoa(v%10) }
	return strconv.Itoa(year) + "-" + two(month) + "-" + two(day), true
}

// century returns the century of a two-digit year. Callers speak of births and
// of the recent past, so 40 to 99 are 19xx and 00 to 39 are 20xx.
func century(year int) int {
	if year < 40 {
		return 2000
	}
	return 1900
}

// monthNumber returns the number of a month, by its name or its short form.
func monthNumber(word string) (int, bool) {
	if len(word) >= 3 {
		for i, name := range [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"} {
			w := strings.ToLower(word)
			if w == name || w == name[:3] || w == "sept" && i == 8 {
				return i + 1, true
			}
		}
	}
	return 0, false
}

// dayValue returns the number that words i to next-1 stand for: "14th", "twenty
// third".
func (s *contactScan) dayValue(i, next int) int {
	if s.toks[i].Shape&HasDigit != 0 {
		v, _ := strconv.Atoi(strings.TrimRight(strings.ToLower(s.t.Word(i)), "stndrh"))
		return v
	}
	v := 0
	for ; i < next; i++ {
		v += s.t.numberWord(i).value
	}
	return v
}

// yearValue reads a year at word i and returns the word after it and its value.
// short allows two digits: "eighty five".
func (s *contactScan) yearValue(i int, short bool) (next, year int) {
	if next = s.year(i); next > i {
		if s.toks[i].Shape.Numeric() {
			return next, s.figureValue(i)
		}
		first := s.t.numberWord(i)
		year = first.value * 100
		if first.value == 2 {
			year = 2000
		}
		for j := i + 1; j < next; j++ {
			if num := s.t.numberWord(j); num.kind != numScale {
				year += num.value
			}
		}
		return next, year
	}
	if short {
		if v := s.figureValue(i); v >= 0 && s.size(i) == 2 {
			return i + 1, v + century(v)
		}
		if next = s.twoDigits(i); next > i && s.t.numberWord(i).kind == numTens {
			v := s.dayValue(i, next)
			return next, v + century(v)
		}
	}
	return i, 0
}
