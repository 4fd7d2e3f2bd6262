package followup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/redact"
)

var replies = map[followup.ReplyKind][]string{
	followup.ReplyStop: {
		// 47 CFR 64.1200(a)(10), and the words that carriers take for it
		"STOP", "stop", "Stop.", " stop!! ", "quit", "END", "revoke", "opt out", "opt-out", "Optout", "cancel", "CANCEL.",
		"unsubscribe", "STOPALL", "stop all", "\"STOP\"", "“Stop”", "ARRET",
		// with courtesies
		"stop please", "Please stop", "pls stop", "Stop, thanks", "ok stop", "Sorry, stop", "cancel please", "stop thank you",
		"stop it", "just stop", "Reply STOP",
		// sentences
		"please don't text me any more", "Please don’t text me anymore.", "remove me", "no more messages", "No more texts please",
		"leave me alone", "take me off your list", "stop texting", "stop texting me", "STOP TEXTING ME!!!", "Stop sending me these messages",
		"please stop all texts", "stop messaging this number", "stop contacting me", "Stop spamming me", "do not text me", "DO NOT CONTACT ME AGAIN",
		"don't message me", "dont txt me", "never text me again", "don't send me any more texts", "do not send me anything", "don't call or text me",
		"I don't want your texts", "I don't want to receive these messages", "I do not want to be contacted", "I no longer wish to receive texts",
		"i didn't ask for these texts", "I did not sign up for these messages", "I would like to stop receiving messages", "can you stop these texts",
		"please unsubscribe me", "how do I unsubscribe?", "I want to opt out", "opt me out", "How do I opt out of this?", "I revoke my consent",
		"I withdraw consent to be texted", "take my number off your list", "please remove my number", "delete my number", "lose my number",
		"remove me from your mailing list", "remove this number from your database", "take me off this list please", "cancel these texts",
		"Not interested. STOP", "Who is this? Stop texting me.", "hi, please stop", "wrong number", "Sorry wrong number", "You have the wrong number",
		"no texts please", "Please leave me alone", "go away", "turn off notifications", "STOP. I already booked elsewhere",
		"I'd like to book but stop texting me", "Book? No. Stop texting me", "end these messages", "quit texting me",
		"STOP STOP STOP", "stop stop", "If you don't stop texting me I'll report you", "why won't you stop texting me", "I told you not to text me",
		"I asked you to stop texting me", "don't text me, call me", "Stop texting me. I'll call you", "when will you stop texting me", "unless you stop texting me I will complain",
		"I do not want this stop texting me", "get me off this list", "cancel my text alerts", "pls dont contact me anymore", "stop it. wrong number",
	},
	followup.ReplyStart: {"START", "start", "Unstop", "YES", "yes.", "Yes please", "start please", "yes, thanks"},
	followup.ReplyHelp:  {"HELP", "help", "Info", "help please", "INFO?", "help me"},
	followup.ReplyBook: {
		"BOOK", "book", "Book!", "book please", "Please book", "I'd like to book", "I would like to book an appointment", "can I book?",
		"Could I please book in for Tuesday", "book me in", "Yes please book me in", "i want to book a consultation", "How do I book?",
		"I'd like an appointment", "can i make an appointment", "I need to schedule an appointment", "yes book it", "we would like to book the 3pm",
		"Can you book me for Friday at 10?", "please book me",
	},
	followup.ReplyOther: {
		"", " ", "?", "...", "👍", "ok", "Thanks", "thank you!", "no", "No thanks", "not interested", "maybe later",
		// stops that are visits or come after a negation
		"stop by tomorrow at 3?", "Can I stop by at 3?", "I'll stop by the clinic", "can I stop by, text me the address", "Don't stop",
		"please don't stop texting me", "Don't stop sending me these", "the bus stop is closed", "which stop do I get off at?", "I can't stop smiling",
		"when does it stop hurting?", "will the bleeding stop", "should I stop taking aspirin before?", "please stop my medication?",
		"I don't want to unsubscribe", "why did you stop texting me", "you never text me back", "you didn't text me the link", "why don't you text me",
		"If you don't text me by 5 I'll call", "please don't forget to text me", "don't hesitate to contact me", "What does STOP mean?",
		"I don't text much, call me", "text me when you can", "can you text me the address?", "please text me",
		"I need to cancel, text me back", "I'm at the bus stop text me", "did you stop texting reminders?", "if you stop texting me how will I know",
		"get me the list of prices", "let me be clear", "nobody texted me", "Don't forget me", "do not worry",
		// cancel and end that are about something else
		"cancel my appointment", "Please cancel my appointment on Friday", "cancel the 3pm", "I need to cancel", "can I cancel?", "at the end of the day",
		"end of the month works", "I quit smoking", "weekend is better", "My remote is broken, remove the battery?",
		"please remove me from tomorrow's schedule", "take me off the waiting list", "remove the stitches when?", "I gave you the wrong number, mine is another",
		// yes, start, help and info with more to them
		"yes I have a question", "when do you start?", "can you help my mum?", "what time do you start", "more information about parking",
		// no bookings
		"I already booked", "don't book me", "I don't want to book", "facebook", "I'd like to cancel my booking", "I read a good book", "I booked last week",
		"How much is it?", "Is there parking?", "I want to change my appointment", "restart", "it helps",
		// a phone's word for a thumb, with our text in it
		"Liked “Harbor Clinic: the information you asked for: https://go.example/d/x Reply BOOK to book, STOP to opt out.”",
		"👍 to “Harbor Clinic: Reply STOP to opt out.”", "Reacted ❤️ to “Please stop texting”",
		"Loved “Harbor Clinic: Tue 24 Nov at 10:00 has become free. Reply BOOK. Reply STOP to get no more texts.”",
	},
}

func TestReadReply(t *testing.T) {
	t.Parallel()
	n, wrong := 0, []string{}
	for kind, texts := range replies {
		for _, text := range texts {
			n++
			if got := followup.ReadReply(redact.NewSpeech(text)); got != kind {
				wrong = append(wrong, fmt.Sprintf("%q is %s, want %s", text, got, kind))
			}
		}
	}
	require.Empty(t, wrong)
	require.Greater(t, n, 150)
}

func FuzzReadReply(f *testing.F) {
	for _, texts := range replies {
		for _, text := range texts {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		kind := followup.ReadReply(redact.NewSpeech(text))
		require.Contains(t, replies, kind)
		require.Equal(t, kind, followup.ReadReply(redact.NewSpeech(" "+text+" \n")), "space around a text says nothing")
		require.Equal(t, followup.ReplyStop, followup.ReadReply(redact.NewSpeech(strings.ToValidUTF8(text, "")+"\nSTOP")),
			"a plain STOP on its own line")
	})
}
