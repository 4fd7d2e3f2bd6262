package redact

// number reads the number at word i, written or dictated, as a phone, card or
// other number. It returns the next word to read, or i if no number is long
// enough to identify a person. The first and the last groups of a run are left
// out in turn until the rest is a whole number: "twelve, 07700 900123".
func (s *contactScan) number(i int) int {
	if s.mixedID(i) {
		return i + 1
	}
	if s.isIPAddress(i) {
		return s.add(i, i+4, ID, "ip", .9, "id.ip")
	}
	var r digitRun
	s.readRun(i, &r)
	if r.w == 0 {
		return i
	}
	// After "born" a number is a date: "date of birth 14 03 85".
	if within(s.birthCue, i, 6) && r.n >= 4 && r.n <= 8 {
		return s.add(r.words[0].at, r.end, Date, "dob", .9, "date.dob")
	}
	if r.n < 7 {
		return i
	}
	for a := 0; a < r.w && a < 4; a++ {
		for b := r.w; b > a; b-- {
			d := r.part(a, b)
			if len(d) < 7 {
				break
			}
			kind, rule, score := s.classify(&r, a, b, d)
			if kind == "" {
				continue
			}
			end := r.words[b-1].next
			span := s.t.Span(r.words[a].at, end, kind, rule[len("number."):], score, rule)
			if a == 0 {
				span.Start = s.withPlus(i)
			}
			s.out = append(s.out, span)
			if kind == Phone {
				end = s.extension(end)
			}
			return end
		}
	}
	// A long dictated number identifies a person even if its kind is unknown.
	if r.over || r.spoken && r.n >= 9 {
		return s.add(i, r.end, ID, "digits", .6, "number.digits")
	}
	return max(i+1, r.words[r.w-1].at) // its last group may begin an address
}

// withPlus returns the first byte of the number at word i, including its "+",
// "plus" or "(".
func (s *contactScan) withPlus(i int) int {
	if s.is(i-1, "plus") {
		return s.toks[i-1].Start
	}
	start := s.toks[i].Start
	for start > 0 && (s.t.S[start-1] == '+' || s.t.S[start-1] == '(') {
		start--
	}
	return start
}

// classify returns the kind of the number with digits d, words a to b-1 of r. The
// kind is empty if d is no whole number. Numbers with a checksum or a fixed form
// come first; a nearby cue ("my card number") decides the rest.
func (s *contactScan) classify(r *digitRun, a, b int, d []byte) (kind Kind, rule string, score float32) {
	at := r.words[a].at
	plus := a == 0 && r.plus
	byPhone := within(s.phoneCue, at, 8)
	byID := within(s.idCue, at, 10) && s.idCue > s.phoneCue
	switch {
	// +44 7700 900123
	case plus && len(d) >= 8 && len(d) <= 16:
		return Phone, "number.e164", .95
	// 4242 4242 4242 4242
	case len(d) >= 13 && len(d) <= 19 && d[0] >= '2' && d[0] <= '6' && luhn(d):
		return ID, "number.card", .95
	// 219-09-9999, a US social security number
	case len(d) == 9 && b-a == 3 && r.group(a) == 3 && r.group(a+1) == 2 && !r.spoken && r.words[a+1].gap&r.words[a+2].gap&(GapHyphen|GapSpace) != 0:
		return ID, "number.ssn", .9
	// 943 476 5919, an NHS number. A North American phone number may pass the
	// checksum, so a cue decides between the two.
	case len(d) == 10 && (byID || !byPhone && b-a == 3 && !nanp(d)) && d[0] != '0' && validNHS(d):
		return ID, "number.nhs", .9
	case strongPhone(d):
		return Phone, "number.national", .9
	// 202-555-0143
	case (len(d) == 10 && nanp(d) || len(d) == 11 && d[0] == '1' && nanp(d[1:])) && (!byID || b-a >= 3):
		return Phone, "number.nanp", .85
	case byID:
		return ID, "number.stated", .8
	case (byPhone || r.spoken && d[0] == '0') && len(d) >= 7 && len(d) <= 15:
		return Phone, "number.stated", .7
	// 555-0143
	case len(d) == 7 && b-a == 2 && r.group(a) == 3 && r.words[a+1].gap == GapHyphen:
		return Phone, "number.local", .6
	case len(d) >= 8 && len(d) <= 13 && b-a >= 2 && !r.spoken && r.grouped(a, b):
		return Phone, "number.grouped", .6
	// Nine figures in one word are neither an amount nor a year.
	case len(d) >= 9 && b-a == 1:
		return ID, "number.digits", .6
	}
	return "", "", 0
}

// grouped reports whether words a to b-1 are written groups of two or more
// digits, as in "202 555 0143", and not a list of short numbers.
func (r *digitRun) grouped(a, b int) bool {
	for k := a; k < b; k++ {
		if r.group(k) < 2 || k > a && r.words[k].gap&GapComma != 0 {
			return false
		}
	}
	return b-a > 2 && b-a < 6
}

// strongPhone reports whether d is a whole phone number in the form of a region
// that Config.Region names: British and Nigerian numbers begin with 0,
// international ones with 00, 44 or 234. No cue is needed then.
func strongPhone(d []byte) bool {
	switch {
	case len(d) >= 11 && len(d) <= 16 && d[0] == '0' && d[1] == '0' && d[2] != '0':
		return true
	case (len(d) == 10 || len(d) == 11) && d[0] == '0':
		return d[1] != '0' && d[1] != '4' && d[1] != '6'
	case len(d) == 12 && d[0] == '4' && d[1] == '4':
		return d[2] != '0'
	case len(d) == 13 && d[0] == '2' && d[1] == '3' && d[2] == '4':
		return d[3] >= '7'
	}
	return false
}

// nanp reports whether d is ten digits that the North American Numbering Plan
// allows.
func nanp(d []byte) bool {
	return len(d) == 10 && d[0] >= '2' && d[3] >= '2' && !(d[1] == '1' && d[2] == '1') && !(d[4] == '1' && d[5] == '1')
}

// extension reads "extension 22" at word i, after a phone number.
func (s *contactScan) extension(i int) int {
	if !s.is(i, "extension") && !s.is(i, "ext") && !s.is(i, "x") {
		return i
	}
	if j := s.cardinal(i + 1); j > i+1 && s.toks[j-1].End-s.toks[i+1].Start <= 32 {
		return s.add(i+1, j, Phone, "extension", .8, "number.extension")
	}
	return i
}
