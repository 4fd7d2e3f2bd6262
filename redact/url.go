package redact

import "strings"

// url reads the web address around word i, which is its beginning ("www",
// "https") or the end of its domain ("com"). It returns the word after it, or i.
func (s *contactScan) url(i int) int {
	start := i
	if s.is(i, "at") {
		return i
	}
	if s.is(i, "com") || s.is(i, "org") || s.is(i, "net") {
		for start > 0 && s.toks[start].Gap&^(GapDot|GapHyphen) == 0 && s.toks[start].Gap != 0 {
			start--
		}
		if start == i || s.toks[i].Gap != GapDot || s.toks[start].Gap&GapAt != 0 {
			return i
		}
	} else if i+1 >= len(s.toks) || s.toks[i+1].Gap&(GapSpace|GapLine) != 0 {
		return i
	}
	from := s.toks[i].End
	end := from
	if k := strings.IndexAny(s.t.S[from:], " \t\r\n,;\"<>()[]"); k < 0 {
		end = len(s.t.S)
	} else {
		end += k
	}
	for end > from && strings.IndexByte(".:!?'", s.t.S[end-1]) >= 0 {
		end--
	}
	s.out = append(s.out, Span{s.toks[start].Start, end, URL, "", .9, "url"})
	for i < len(s.toks) && s.toks[i].Start < end {
		i++
	}
	return i
}
