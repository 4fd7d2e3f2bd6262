package redact

import (
	"log/slog"
	"strings"
)

// Contacts holds the facts by which a clinic reaches a caller. They belong in
// the contact's record only; printing and logging a Contacts writes a
// placeholder. Each list is in order of appearance, without duplicates.
type Contacts struct {
	Names     []string
	Phones    []string // E.164 if the number is complete, else as spoken
	Emails    []string // "j dot smith at gmail dot com" is j.smith@gmail.com
	Addresses []string
	Dates     []string // YYYY-MM-DD if day, month and year are known, else as spoken
}

// String returns a placeholder, which keeps contacts out of logs and messages.
func (Contacts) String() string { return placeholderStart + "CONTACTS]" }

// GoString returns the same placeholder for %#v.
func (c Contacts) GoString() string { return c.String() }

// LogValue returns the same placeholder for log/slog.
func (c Contacts) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Split returns the contact facts in text as values, and the text with medical
// facts and identity numbers replaced. Names, phone numbers and addresses stay
// in the text, so it must not be logged: for logs use [Engine.Redact], which
// replaces both. If a recognizer fails, Split returns no contacts and the text
// "[REDACTED: ERROR]".
func (e *Engine) Split(text string) (Contacts, string) {
	sc := e.scratch.Get().(*scratch)
	defer e.release(sc)
	if e.analyze(sc, text) != nil {
		return Contacts{}, faultText
	}
	var c Contacts
	n := 0
	for _, s := range sc.found {
		value := text[s.Start:s.End]
		switch s.Kind {
		case Person:
			c.Names = appendNew(c.Names, value)
		case Phone:
			if number, ok := e164(value, e.region); ok {
				value = number
			}
			c.Phones = appendNew(c.Phones, value)
		case Email:
			if address, ok := plainEmail(value); ok {
				value = address
			}
			c.Emails = appendNew(c.Emails, value)
		case Address:
			c.Addresses = appendNew(c.Addresses, value)
		case Date:
			if date, ok := isoDate(value, e.region); ok {
				value = date
			}
			c.Dates = appendNew(c.Dates, value)
		case Location, Org, URL: // neither contact facts nor medical ones
		default: // medical facts, ids, kinds of other recognizers: replaced below
			sc.found[n] = s
			n++
		}
	}
	return c, string(e.write(nil, text, 0, len(text), sc.found[:n]))
}

// appendNew appends a copy of s unless list has it, without regard to case.
// The copy lets the transcript be freed.
func appendNew(list []string, s string) []string {
	for _, known := range list {
		if strings.EqualFold(known, s) {
			return list
		}
	}
	return append(list, strings.Clone(s))
}
