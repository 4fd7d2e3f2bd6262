package redact

import (
	"log/slog"
	"strings"
)

// Contacts are the facts by which a clinic reaches a caller, as values: they
// belong into the contact's record and nowhere else. Each list is in order of
// appearance, without repeats.
type Contacts struct {
	Names     []string
	Phones    []string // in E.164 where the number is whole, else as spoken
	Emails    []string // "j dot smith at gmail dot com" is j.smith@gmail.com
	Addresses []string
	Dates     []string // YYYY-MM-DD where day, month and year were said, else as spoken
}

// String keeps contacts out of logs and messages.
func (Contacts) String() string { return placeholderStart + "CONTACTS]" }

// GoString is String.
func (c Contacts) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Contacts) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Split sets apart what a clinic needs to reach a caller from what it must not
// spread: it returns the contact facts as values, and the text with medical
// facts and identity numbers replaced but names, numbers and addresses left
// in. For logs use [Engine.Redact], which replaces both. If a recognizer
// fails there are no contacts and the text is "[REDACTED: ERROR]".
func (e *Engine) Split(text string) (Contacts, string) {
	sc := e.scratch.Get().(*scratch)
	defer e.release(sc)
	if e.analyze(sc, text) != nil {
		return Contacts{}, faultText
	}
	var c Contacts
	n := 0
	for _, s := range sc.found {
		said := text[s.Start:s.End]
		switch s.Kind {
		case Person:
			c.Names = appendNew(c.Names, said)
		case Phone:
			if number, ok := e164(said, e.region); ok {
				said = number
			}
			c.Phones = appendNew(c.Phones, said)
		case Email:
			if address, ok := plainEmail(said); ok {
				said = address
			}
			c.Emails = appendNew(c.Emails, said)
		case Address:
			c.Addresses = appendNew(c.Addresses, said)
		case Date:
			if date, ok := isoDate(said, e.region); ok {
				said = date
			}
			c.Dates = appendNew(c.Dates, said)
		case Location, Org, URL:
		default:
			sc.found[n] = s
			n++
		}
	}
	return c, string(e.write(nil, text, 0, len(text), sc.found[:n]))
}

func appendNew(list []string, s string) []string {
	for _, known := range list {
		if strings.EqualFold(known, s) {
			return list
		}
	}
	return append(list, strings.Clone(s))
}
