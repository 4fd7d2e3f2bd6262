package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
)

// instructions are commands to paste into another terminal: at each clinic a
// booking, a collision and a list, on a working day of next week, and a call
// that is dropped.
func instructions(s settings, kind string, clinics []demo.Clinic, now time.Time) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Listening on http://%s (state %s). Paste these into another terminal:\n", s.addr, kind)
	for i, c := range clinics {
		day := now.In(c.Org.Zone).AddDate(0, 0, 7)
		for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			day = day.AddDate(0, 0, 1)
		}
		number := [...]string{"+44770090001%d", "+44770090002%d"}[i]
		fmt.Fprintf(&out, "\n# %s: two callers want the same half hour, the first one asks what is booked\n", c.Org.Name)
		book := fmt.Sprintf(`{"service":"botox","date":%q,"time":"10:00","name":%%q}`, day.Format(time.DateOnly))
		out.WriteString(toolCall(s, c, "call-1", fmt.Sprintf(number, 1), "book_appointment", fmt.Sprintf(book, "Ada Obi")))
		out.WriteString(toolCall(s, c, "call-2", fmt.Sprintf(number, 2), "book_appointment", fmt.Sprintf(book, "Ben Hill")))
		out.WriteString(toolCall(s, c, "call-1", fmt.Sprintf(number, 1), "find_appointments", "{}"))
		fmt.Fprintf(&out, "# a third one agrees to be texted, and hangs up\n")
		out.WriteString(toolCall(s, c, "call-3", fmt.Sprintf(number, 3), "send_information", `{"procedure":"nose job","consent":true}`))
		out.WriteString(ended(s, c, "call-3", fmt.Sprintf(number, 3)))
	}
	out.WriteString("\n")
	return out.String()
}

func toolCall(s settings, c demo.Clinic, call, number, tool, arguments string) string {
	return post(s, c, fmt.Sprintf(`{"message":{"type":"tool-calls","call":{"id":%q,"customer":{"number":%q}},"toolCallList":[{"id":"t1","function":{"name":%q,"arguments":%s}}]}}`,
		call, number, tool, arguments))
}

func ended(s settings, c demo.Clinic, call, number string) string {
	return post(s, c, fmt.Sprintf(`{"message":{"type":"status-update","status":"ended","call":{"id":%q,"customer":{"number":%q}}}}`, call, number))
}

func post(s settings, c demo.Clinic, body string) string {
	secret := s.secret
	if secret != demo.Secret {
		secret = "$VAPI_SECRET"
	}
	return fmt.Sprintf("curl -s http://%s/vapi/%s -H \"X-Vapi-Secret: %s\" -d '%s'; echo\n", s.addr, c.Org.Key, secret, body)
}
