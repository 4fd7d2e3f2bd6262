package followup

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/callwaiting-ai/callwaiting/followup/sms"
	"github.com/callwaiting-ai/callwaiting/redact"
)

// ReadReply returns the request in a contact's text. An opt-out takes precedence
// over every other request, and START over HELP and BOOK.
//
// An opt-out is one of the words of 47 CFR 64.1200(a)(10), alone or with
// courtesies: CANCEL too, though some contacts mean their appointment. Or it is a
// sentence that a reasonable person would understand as one: about texts or being
// contacted, not about a treatment or a visit. Only a word that carriers know,
// alone, lifts an opt-out.
func ReadReply(body redact.Speech) ReplyKind {
	said := body.Reveal()
	if isReaction(said) {
		return ReplyOther
	}
	whole := wordsOf(said)
	alone := strings.Join(withoutCourtesies(whole), " ")
	switch text := strings.Join(whole, " "); {
	case stopWords[alone], revokes(said):
		return ReplyStop
	case startWords[alone]:
		return ReplyStart
	case helpWords[alone]:
		return ReplyHelp
	case bookWords[alone], wantsToBook.MatchString(text) && !refusesToBook.MatchString(text):
		return ReplyBook
	}
	return ReplyOther
}

func setOf(words ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words {
		set[w] = true
	}
	return set
}

var (
	// stopWords are the words of the rule and of the carriers.
	stopWords = setOf("stop", "quit", "end", "revoke", "opt out", "optout", "cancel", "unsubscribe",
		"stopall", "stop all", "arret", "arrêt", "remove")

	// stopClauses are opt-outs in any text.
	stopClauses = setOf("stop", "stopall", "stop all", "stop it", "stop this", "stop that", "stop these", "stop now", "just stop",
		"stop already", "reply stop", "text stop", "i said stop", "unsub", "opt out", "i opt out", "i revoke",
		"no more", "remove me", "delete me", "take me off", "block me", "leave me alone", "leave us alone",
		"go away", "get lost", "fuck off", "piss off", "wrong number", "wrong person", "you have the wrong number",
		"you have wrong number", "you have the wrong person", "you got the wrong number", "youve got the wrong number",
		"this is the wrong number", "do not contact", "dont contact", "do not text", "dont text", "do not disturb")

	startWords = setOf("start", "unstop", "yes")
	helpWords  = setOf("help", "info", "help me")
	bookWords  = setOf("book", "book now", "book it", "book me", "book me in", "book appointment",
		"book an appointment", "book a consultation", "book a time", "book again", "make a booking", "make an appointment")

	// courtesies have no meaning at the ends of a text.
	courtesies = setOf("please", "pls", "plz", "plse", "thanks", "thx", "ty", "cheers",
		"ok", "okay", "hi", "hello", "hey", "sorry", "now", "sir", "madam", "maam")
)

// Parts of the patterns.
const (
	texts   = `(?:texts?|texting|txts?|txting|messages?|messaging|msgs?|sms|texted|messaged)`
	many    = `(?:text )?(?:texts|messages|msgs|sms|alerts|notifications|subscription)`
	contact = `(?:contact|contacting|bother|bothering|spam|spamming|harass|harassing|pester|pestering|disturbing)`
	us      = `(?:me|us|this number|my number|this phone|my phone|my cell|my mobile)`
	never   = `(?:dont|do not|never|not to|dont you|dont ever|do not ever|dont you ever|never ever|dont keep|stop trying to)`

	// filler may stand between a verb and its object.
	filler = `(?:any|anymore|more|further|future|additional|other|all|of|the|these|those|this|that|your|such|me|us|my|with|` +
		`automated|annoying|marketing|promotional|spam|unwanted|damn|bloody|out|receiving|getting|sending|to)`
)

// revocations are the clauses that are opt-outs.
var revocations = patterns(
	// "stop texting me", "please stop sending these messages"
	`(?:stop|quit|cease|discontinue|end|halt) (?:`+filler+` ){0,4}`+texts,
	`(?:stop|quit|cease) (?:`+filler+` ){0,2}`+contact,
	`(?:stop|quit|cease) (?:sending|contacting|messaging) `+us,
	`(?:cancel|end|turn off|switch off|disable|remove) (?:`+filler+` ){0,3}`+many,
	// "don't text me", "do not ever contact us again", "don't call or text me"
	never+` (?:(?:call|phone|ring|email|write) (?:or|and|nor) )?(?:`+texts+`|contact|spam|bother) (?:or (?:call|phone|ring|email) )?`+us,
	never+` (?:text|message|contact|bother)(?: anymore| any more| again)`,
	never+` send (?:`+filler+` ){0,4}(?:`+texts+`|anything|anymore|stuff|these|this)`,
	// "no more texts"
	`no (?:more|further) (?:`+filler+` ){0,3}`+texts,
	`(?:^|please |want |wish )no (?:`+filler+` )?(?:`+many+`|texting)(?: please| thanks|$)`,
	// "I don't want your texts", "I no longer wish to receive messages"
	`(?:dont|do not|didnt|did not|no longer|not|never) (?:want|wish|like|need|care|agree|agreed|consent|consented|ask|asked|sign|signed)`+
		`(?: up)?(?: for| to get| to receive| getting| receiving| to be| to)? (?:`+filler+` ){0,4}(?:`+texts+`|contacted|spammed)`+
		`(?: me| by you| from you| from this number| anymore| any more| again| please|$)`,
	`no longer (?:want|wish)(?: for| to get| to receive| to be)? (?:`+filler+` ){0,4}(?:`+texts+`|contacted)`,
	// "unsubscribe me", "I would like to opt out of this", "I withdraw my consent"
	`unsubscribe`,
	`(?:i|please|pls|want to|like to|wish to|need to|can i|how do i|how can i|id) opt out`,
	`opt (?:me|us|this number|my number) out`,
	`(?:revoke|revoking|withdraw|withdrawing) (?:my |our |all |any )?(?:consent|permission)`,
	// "take me off your list", "lose my number"
	`(?:remove|take|delete|get) (?:me|us|my number|this number|my name|my details|my phone number) (?:off|from|out)(?: of)?(?: `+filler+`){0,2} `+
		`(?:list|lists|text list|texting list|mailing list|call list|contact list|contacts|database|system|records|mailings?|`+texts+`)`,
	`(?:remove|delete|lose|forget|block|erase) (?:my|this) (?:number|phone number|contact details)`,
	`leave (?:me|us) alone(?: please| now|$)`,
	`let (?:me|us) be(?: please| now|$)`,
	`(?:take|remove) (?:me|us) off(?: please| now| this| your)?$`,
)

// impatience matches notRevocations and means the opposite: "why won't you
// stop", "I told you not to".
var impatience = patterns(
	`(?:why|if|you|u) (?:you |u )?(?:dont|do not|wont|will not|cant|cannot) (?:you |u )?(?:just |please )?(?:stop|quit) (?:`+filler+` ){0,4}(?:`+texts+`|`+contact+`)`,
	`(?:told|asked|begged|want|wanted) (?:you|u|you people|you guys) (?:not to|to not|dont|do not|never to|never) (?:ever )?(?:`+texts+`|contact|bother|send)`,
)

// notRevocations match revocations and are not opt-outs: a negated stop, a stop by
// another person, and a stop that is a place.
var notRevocations = patterns(
	`(?:dont|do not|didnt|did not|never|not|cant|cannot|wont|will not|wouldnt|without) (?:want to |need to |please |ever |just |you )?`+
		`(?:stop|quit|end|cancel|unsubscribe|opt out|opting out|opt me out|remove|take me off|leave me alone|block|delete)`,
	`(?:you|u|they|she|he|nobody|if i|if we|why) (?:dont|do not|didnt|did not|never|not) (?:you |u |ever |even )?(?:text|texts|message|messages|contact|send)`,
	`(?:did you|have you|why have you|has it|has he|has she|they) (?:stop|stopped|unsubscribed?)`,
	`what (?:does|is|happens|do).* (?:stop|unsubscribe|opt out)`,
	`(?:if|in case|when|until|before|after) (?:i|we|you|it|they) (?:stop|quit|end|cancel|unsubscribe|opt out)`,
	`(?:wait|waiting|cancellation|surgery|guest) ?list`,
	`(?:bus|train|tram|next|last|full|first|pit) stop`,
)

func patterns(expressions ...string) *regexp.Regexp {
	return regexp.MustCompile(`(?:^| )(?:` + strings.Join(expressions, "|") + `)(?: |$)`)
}

// revokes reports whether a clause of a text is an opt-out. A word with other
// meanings, such as CANCEL, is one only alone: see stopWords.
func revokes(said string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(said, endsClause), func(clause string) bool {
		words := wordsOf(clause)
		if stopClauses[strings.Join(withoutCourtesies(words), " ")] {
			return true
		}
		text := strings.Join(words, " ")
		return impatience.MatchString(text) || revocations.MatchString(text) && !notRevocations.MatchString(text)
	})
}

func endsClause(r rune) bool { return strings.ContainsRune(".!?;:,\n", r) }

var (
	wantsToBook = patterns(
		`(?:i|we|id|wed|ill|would|please|pls|can|could|may|to|lets|how do|how can)(?: (?:i|we|you|please|like|love|want|wanna|need|just|would|do|to|go|ahead|and|me|us|be|able)){0,6} (?:book|schedule)(?: (?:me|us|it|in|an?|the|my|please|for|another|that|this|one|now|appointment|consultation|slot|time|visit)|$)`,
		`(?:id|i would|we would|wed) (?:like|love) (?:to (?:make|arrange|get|have) )?(?:an?|the) (?:appointment|consultation|booking)`,
		`(?:i|we|id like to|can i|could i|can we|to) (?:want|wanna|need|make|get|arrange)(?: to make| to get)? (?:an?|the) (?:appointment|consultation|booking)`,
		`(?:yes|ok|okay|sure|yeah|yep) (?:please )?book(?: it| me| me in| please|$)`,
	)
	refusesToBook = patterns(
		`(?:dont|do not|not|never|didnt|did not|cant|cannot|wont|no longer|no need to|why)(?: \w+){0,3} (?:book|booking|schedule|appointment|consultation)`,
		`(?:cancel|cancelled|already|reschedule|change|move)(?: \w+){0,4} (?:book|booked|booking|appointment|consultation)`,
		`already booked`,
	)
)

// isReaction reports whether a text is a phone's description of a thumb or a
// heart on a message. It quotes the message, and ours holds the word STOP.
func isReaction(said string) bool {
	verb, quoted, ok := strings.Cut(sms.Typewriter(strings.TrimSpace(said)), ` "`)
	return ok && strings.HasSuffix(quoted, `"`) && reactions[strings.Join(wordsOf(verb), " ")]
}

var reactions = setOf("liked", "loved", "disliked", "laughed at", "emphasized", "emphasised", "questioned", "to", "reacted to",
	"removed a like from", "removed a heart from", "removed a dislike from")

// wordsOf returns the words of a text in lower case, without punctuation, and
// with "don't" as "dont".
func wordsOf(text string) []string {
	text = contractions.Replace(sms.Typewriter(strings.ToLower(text)))
	return strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && (!unicode.IsMark(r) || r == '\uFE0F') // of emoji
	})
}

var contractions = strings.NewReplacer("'", "", "thank you", "thanks")

// withoutCourtesies returns words without the courtesies at the ends and without
// repetitions.
func withoutCourtesies(words []string) []string {
	words = slices.Compact(slices.Clone(words))
	for len(words) > 1 && courtesies[words[0]] {
		words = words[1:]
	}
	for len(words) > 1 && courtesies[words[len(words)-1]] {
		words = words[:len(words)-1]
	}
	return words
}
