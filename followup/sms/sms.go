// Package sms measures text messages in the GSM 7-bit alphabet.
package sms

import "strings"

// MaxSeptets is the length of the longest text that is one segment. A carrier
// sends, and charges, a longer text in segments of 153 septets, and a text with
// a character outside the alphabet in segments of 70 characters.
const MaxSeptets = 160

// The GSM 7-bit default alphabet and its extension, 3GPP TS 23.038 section
// 6.2.1, without ESC, CR and FF. A character of the extension takes two septets.
const (
	basic = "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extension = "^{}\\[~]|€"
)

// Septets returns the length of text in the GSM 7-bit alphabet, and the first
// character outside it; 0 if every character is in it.
func Septets(text string) (n int, outside rune) {
	for _, r := range text {
		switch {
		case strings.ContainsRune(basic, r):
			n++
		case strings.ContainsRune(extension, r):
			n += 2
		case outside == 0:
			outside = r
			if r == 0 {
				outside = '\uFFFD' // 0 means that every character is in the alphabet
			}
		}
	}
	return n, outside
}

// Typewriter returns text with the quotes, dashes and spaces of a typewriter in
// place of a word processor's: one curly apostrophe would make three segments of
// a text of one.
func Typewriter(text string) string { return typewriter.Replace(text) }

var typewriter = strings.NewReplacer(
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "´", "'", "`", "'",
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "«", `"`, "»", `"`, "″", `"`,
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-",
	"…", "...", "•", "-", "\u00a0", " ", "\u2009", " ", "\u202f", " ",
	"\u200b", "", "\ufeff", "", "\r\n", "\n", "\t", " ",
)
