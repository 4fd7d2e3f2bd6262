package followup

import "strings"

// oneSegment is how many septets a text may have and still be one message. A
// longer one is sent, and paid for, in segments of 153; one with a character
// that the alphabet lacks, in segments of 70 characters.
const oneSegment = 160

// The GSM 7-bit default alphabet and its extension, 3GPP TS 23.038 section
// 6.2.1, without ESC, CR and FF. A character of the extension takes two septets.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "^{}\\[~]|€"
)

// septets returns the length of a text in the GSM 7-bit alphabet, and the first
// character that is not in it; 0 if all are.
func septets(text string) (n int, alien rune) {
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			n++
		case strings.ContainsRune(gsmExtension, r):
			n += 2
		case alien == 0:
			alien = r
			if r == 0 {
				alien = '\uFFFD' // 0 says that there is none
			}
		}
	}
	return n, alien
}

// typewriter replaces what word processors make of quotes, dashes and spaces:
// one curly apostrophe would turn a text of one segment into three.
var typewriter = strings.NewReplacer(
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "´", "'", "`", "'",
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "«", `"`, "»", `"`, "″", `"`,
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-",
	"…", "...", "•", "-", "\u00a0", " ", "\u2009", " ", "\u202f", " ",
	"\u200b", "", "\ufeff", "", "\r\n", "\n", "\t", " ",
)
