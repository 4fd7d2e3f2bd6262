package followup

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callwaiting-ai/callwaiting/followup/sms"
)

// MaxLinkLength is the number of characters that a link may have. Templates are
// checked with a link of this length, so that no link makes a text longer than
// one segment; [Settings.Render] refuses a longer link.
const MaxLinkLength = 64

// DefaultTemplates are the texts of a clinic without templates. They hold no
// treatment and no name, and with a Label of up to 20 characters each is one
// segment long.
var DefaultTemplates = map[Kind]string{
	Information:  "{clinic}: the information you asked for: {link} Reply BOOK to book, STOP to opt out.",
	Confirmation: "{clinic}: your appointment is booked for {day} at {time}. To change it, please call us. Reply STOP to opt out.",
	Reminder:     "{clinic}: a reminder of your appointment on {day} at {time}. To change it, please call us. Reply STOP to opt out.",
	Cancellation: "{clinic}: your appointment on {day} at {time} is cancelled. To book another, please call us. Reply STOP to opt out.",
	Offer:        "{clinic}: {day} at {time} has become free. To take it, call us or reply BOOK. Reply STOP to opt out.",
}

// The longest values of {day} and {time}.
const (
	longestDay  = "Wed 30 Sep"
	longestTime = "10:00 AM"
)

var (
	placeholder = regexp.MustCompile(`\{[^{}]*\}`)
	stopWord    = regexp.MustCompile(`\bSTOP\b`)
)

// placeholders returns the placeholders that a template of a kind may hold
// besides {clinic}.
func placeholders(kind Kind) []string {
	if kind == Information {
		return []string{"{link}"}
	}
	return []string{"{day}", "{time}"}
}

// lintTemplate returns a template as it is sent, or an error with the fix.
func lintTemplate(kind Kind, text, label string) (string, error) {
	text = strings.TrimSpace(sms.Typewriter(text))
	known := append(placeholders(kind), "{clinic}")
	for _, name := range placeholder.FindAllString(text, -1) {
		if !slices.Contains(known, name) {
			return "", fmt.Errorf("has an unknown placeholder: use %s", strings.Join(known, ", "))
		}
	}
	if strings.ContainsAny(placeholder.ReplaceAllString(text, ""), "{}") {
		return "", errors.New("has a brace that belongs to no placeholder: remove it")
	}
	if kind == Information && strings.Count(text, "{link}") != 1 {
		return "", errors.New("needs {link}, once: the document is behind it")
	}
	if (kind == Information || kind == Offer) && !stopWord.MatchString(text) {
		return "", errors.New("does not say how to opt out: add a sentence such as \"Reply STOP to opt out.\"")
	}
	longest := fill(text, label, strings.Repeat("x", MaxLinkLength), longestDay, longestTime)
	n, outside := sms.Septets(longest)
	switch {
	case outside != 0:
		return "", fmt.Errorf("has the character %U, which is not in the GSM 7-bit alphabet and makes a text two or three times as long: replace it", outside)
	case n > sms.MaxSeptets:
		return "", fmt.Errorf("is up to %d characters long with its longest values (a link of %d, and this Label), and one text holds %d: shorten it or the Label", n, MaxLinkLength, sms.MaxSeptets)
	}
	return text, nil
}

// fill replaces the placeholders. A placeholder in a value is not replaced.
func fill(text, label, link, day, clock string) string {
	return strings.NewReplacer("{clinic}", label, "{link}", link, "{day}", day, "{time}", clock).Replace(text)
}

// lintLabel returns a label as it is sent, or an error with the fix.
func lintLabel(label string) (string, error) {
	label = strings.TrimSpace(sms.Typewriter(label))
	_, outside := sms.Septets(label)
	switch {
	case label == "":
		return "", errors.New("is empty: give the name by which the clinic signs")
	case strings.Contains(label, "\n"):
		return "", errors.New("has a line break: remove it")
	case outside != 0:
		return "", fmt.Errorf("has the character %U, which is not in the GSM 7-bit alphabet: replace it", outside)
	}
	return label, nil
}

// Values are the values of a template's placeholders.
type Values struct {
	Link  string    // for Information
	Start time.Time // for the other kinds
}

// Render returns a text: one segment, in the clinic's zone and style. The error
// names the value that is missing or cannot be sent, without the value itself.
func (c *Settings) Render(kind Kind, v Values) (string, error) {
	text, ok := c.texts[kind]
	if !ok {
		return "", fmt.Errorf("followup: clinic %s has no text of kind %q", c.cfg.Org.ID, kind)
	}
	if kind != Information {
		if v.Start.IsZero() {
			return "", fmt.Errorf("followup: a text of kind %q needs Values.Start", kind)
		}
		start := v.Start.In(c.cfg.Org.Zone)
		return fill(text, c.cfg.Label, "", start.Format("Mon 2 Jan"), start.Format(c.clock())), nil
	}
	switch n, outside := sms.Septets(v.Link); {
	case n == 0 || outside != 0 || strings.ContainsFunc(v.Link, unicode.IsSpace):
		return "", fmt.Errorf("followup: a text of kind %q needs a link in Values.Link", kind)
	case n > MaxLinkLength:
		return "", fmt.Errorf("followup: the link in Values.Link has %d characters, more than the %d of MaxLinkLength: use a shorter address", n, MaxLinkLength)
	}
	return fill(text, c.cfg.Label, v.Link, "", ""), nil
}

// clock returns the layout of a time of day in the clinic's locale.
func (c *Settings) clock() string {
	if strings.EqualFold(c.cfg.Org.Locale, "en-US") {
		return "3:04 PM"
	}
	return "15:04"
}

// CheckWords returns an error if a text or the label holds one of words, the
// names and aliases in the clinic's catalog: a glance at the phone's screen would
// reveal a treatment. Call it when the clinic and its catalog are loaded. The
// error holds the index of the word, and not the word.
func (c *Settings) CheckWords(words []string) error {
	for i, word := range words {
		if holdsWord(c.cfg.Label, word) {
			return &SettingsError{"Label", c.cfg.Org.ID, fmt.Errorf("holds words[%d] of its catalog, a medical fact: sign with a neutral name", i)}
		}
		for kind, text := range c.texts {
			if holdsWord(placeholder.ReplaceAllString(text, "|"), word) {
				return &SettingsError{fmt.Sprintf("Templates[%s]", kind), c.cfg.Org.ID, fmt.Errorf("holds words[%d] of its catalog, a medical fact: take it out", i)}
			}
		}
	}
	return nil
}

// holdsWord reports whether text holds word as a whole word, in any case.
func holdsWord(text, word string) bool {
	text, word = spaced(text), spaced(word)
	if word == "" {
		return false
	}
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if !inWord(before) && !inWord(after) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		at = start + size
	}
}

// spaced returns text in lower case, with typewriter quotes and single spaces.
func spaced(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(sms.Typewriter(text))), " ")
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
