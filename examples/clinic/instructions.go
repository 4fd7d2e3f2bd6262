package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// maxInstructed is how many clinics the instructions cover: each has ten
// telephone numbers of the range that is reserved for examples.
const maxInstructed = 9

// instructions returns commands to paste into another terminal: at each clinic
// a booking, a collision and a list, a week from now or later, and a call that
// is dropped.
func instructions(ctx context.Context, s settings, kind string, office *callwaiting.Office, clinics *callwaiting.Registry, now time.Time) (string, error) {
	var out strings.Builder
	fmt.Fprintf(&out, "Listening on http://%s (state %s). Paste these into another terminal:\n", s.addr, kind)
	orgs := clinics.Orgs()
	for i, org := range orgs[:min(len(orgs), maxInstructed)] {
		c, err := clinics.Clinic(ctx, org.ID)
		if err != nil {
			return "", err
		}
		p := printer{out: &out, addr: s.addr, org: org, secret: shownSecret(s, c.Secrets.Current), numbers: fmt.Sprintf("+4477009000%d", i+1)}
		service := instructedService(c)
		free, err := office.Booking().Slots(ctx, org.ID, booking.Query{
			Service: service.ID, From: now.AddDate(0, 0, 7), To: now.AddDate(0, 0, 28), Limit: 1,
		})
		if err != nil {
			return "", err
		}
		if len(free) > 0 {
			p.collision(spokenName(service), free[0].Start)
		}
		if service.Document != "" {
			p.droppedCall(spokenName(service))
		}
	}
	out.WriteString("\n")
	return out.String(), nil
}

// instructedService returns the first service with a document, or the first.
func instructedService(c *callwaiting.Clinic) callwaiting.ServiceType {
	for _, s := range c.Services {
		if s.Document != "" {
			return s
		}
	}
	return c.Services[0]
}

// spokenName returns a caller's word for a service.
func spokenName(s callwaiting.ServiceType) string {
	if len(s.Aliases) > 0 {
		return s.Aliases[0]
	}
	return s.Name
}

// shownSecret returns the secret as a shell finds it; only the demo's own is
// printed.
func shownSecret(s settings, ref callwaiting.SecretRef) string {
	name, isEnv := strings.CutPrefix(string(ref), "env:")
	path, isFile := strings.CutPrefix(string(ref), "file:")
	_, set := os.LookupEnv(name)
	switch {
	case isFile:
		return "$(cat " + path + ")"
	case isEnv && set:
		return "$" + name
	case isEnv && s.secret == demo.Secret:
		return demo.Secret
	case isEnv:
		return "$VAPI_SECRET"
	}
	return "$SECRET" // it stands in the document
}

// printer prints commands for one clinic.
type printer struct {
	out          *strings.Builder
	addr, secret string
	org          tenant.Org
	numbers      string // all but the last digit
}

func (p printer) collision(service string, at time.Time) {
	at = at.In(p.org.Zone)
	fmt.Fprintf(p.out, "\n# %s: two callers want the same time, the first one asks for the bookings\n", p.org.Name)
	for i, name := range []string{"Ada Obi", "Ben Hill"} {
		p.tool(i+1, "book_appointment", fmt.Sprintf(`{"service":%q,"date":%q,"time":%q,"name":%q}`,
			service, schedule.DateOf(at), at.Format("15:04"), name))
	}
	p.tool(1, "find_appointments", "{}")
}

func (p printer) droppedCall(procedure string) {
	fmt.Fprintf(p.out, "# %s: a third one agrees to be texted, and hangs up\n", p.org.Name)
	p.tool(3, "send_information", fmt.Sprintf(`{"procedure":%q,"consent":true}`, procedure))
	p.post(3, `"type":"status-update","status":"ended"`)
}

func (p printer) tool(caller int, name, arguments string) {
	p.post(caller, fmt.Sprintf(`"type":"tool-calls","toolCallList":[{"id":"t1","function":{"name":%q,"arguments":%s}}]`, name, arguments))
}

func (p printer) post(caller int, message string) {
	body := fmt.Sprintf(`{"message":{%s,"call":{"id":"call-%d","customer":{"number":"%s%d"}}}}`, message, caller, p.numbers, caller)
	fmt.Fprintf(p.out, "curl -s http://%s/vapi/%s -H \"X-Vapi-Secret: %s\" -d '%s'; echo\n",
		p.addr, p.org.Key, p.secret, strings.ReplaceAll(body, "'", `'\''`))
}
