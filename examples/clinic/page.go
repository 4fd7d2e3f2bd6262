package main

import (
	"bytes"
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// page shows the bookings and the texts of each clinic: times, treatments and
// reasons, no people.
type page struct {
	service *booking.Service
	texts   followup.Store
	clinics *callwaiting.Registry
	kind    string
	log     *slog.Logger
}

// withPage returns the handler of an office with the page at its root.
func withPage(office *callwaiting.Office, stores *demo.Stores, clinics *callwaiting.Registry, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", office.Handler())
	mux.Handle("GET /{$}", &page{service: office.Booking(), texts: stores.FollowUps, clinics: clinics, kind: stores.Kind, log: log})
	return mux
}

type clinicView struct {
	Name, Key, Zone string
	Appointments    []appointmentView
	Texts           []textView
	Replies         []replyView
}

type appointmentView struct{ When, Service, Status string }

type textView struct{ When, Kind, State, Why string }

type replyView struct{ When, Kind string }

const minute = "Mon 2 Jan 2006 15:04 MST"

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var views []clinicView
	for _, org := range p.clinics.Orgs() {
		view, err := p.view(r.Context(), org)
		if err != nil {
			p.log.ErrorContext(r.Context(), "page unavailable: clinic not read", "org", org.ID, "error", err)
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
			return
		}
		views = append(views, view)
	}
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, map[string]any{"Kind": p.kind, "Clinics": views}); err != nil {
		p.log.ErrorContext(r.Context(), "page unavailable: template failed", "error", err)
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body.Bytes())
}

func (p *page) view(ctx context.Context, org tenant.Org) (clinicView, error) {
	view := clinicView{Name: org.Name, Key: org.Key, Zone: org.Zone.String()}
	now := time.Now().In(org.Zone)
	found, err := p.service.List(ctx, org.ID, booking.AppointmentFilter{From: now, To: now.AddDate(1, 0, 1)})
	if err != nil {
		return view, err
	}
	catalog, err := p.clinics.Catalog(ctx, org.ID)
	if err != nil {
		return view, err
	}
	for _, a := range found {
		s, _ := catalog.Service(a.Service)
		view.Appointments = append(view.Appointments, appointmentView{a.Start.Format(minute), s.Name, string(a.Status)})
	}
	intents, err := p.texts.ListIntents(ctx, org.ID, followup.IntentFilter{Limit: 50})
	if err != nil {
		return view, err
	}
	for _, i := range intents {
		view.Texts = append(view.Texts, textOf(org, i))
	}
	replies, err := p.texts.ListReplies(ctx, org.ID, 20)
	if err != nil {
		return view, err
	}
	for _, r := range replies {
		view.Replies = append(view.Replies, replyView{r.At.In(org.Zone).Format(minute), string(r.Kind)})
	}
	return view, nil
}

// textOf returns the public part of a message; a planned one shows its time.
func textOf(org tenant.Org, i followup.Intent) textView {
	v := textView{i.Planned.In(org.Zone).Format(minute), string(i.Kind), string(i.State), strings.ReplaceAll(string(i.Reason), "_", " ")}
	if i.State == followup.Planned && i.Due.After(i.Planned) {
		v.Why = strings.TrimSpace(v.Why + " for " + i.Due.In(org.Zone).Format(minute))
	}
	return v
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>callwaiting: clinics</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:48em;margin:2em auto;padding:0 1em}td{padding:.1em 1.5em .1em 0;white-space:nowrap}h3{font-size:1em;margin-bottom:.2em}</style>
<h1>Clinics</h1>
<p>The back office of a voice receptionist. Vapi posts to <code>/vapi/{key}</code>; state is kept {{.Kind}}.</p>
{{range .Clinics}}<h2>{{.Name}}</h2>
<p>key <code>{{.Key}}</code>, {{.Zone}}</p>
<h3>Appointments</h3>
{{if .Appointments}}<table>{{range .Appointments}}
<tr><td>{{.When}}<td>{{.Service}}<td>{{.Status}}{{end}}
</table>
{{else}}<p>Nothing is booked.</p>
{{end}}<h3>Texts</h3>
{{if .Texts}}<table>{{range .Texts}}
<tr><td>{{.When}}<td>{{.Kind}}<td>{{.State}}<td>{{.Why}}{{end}}
</table>
{{else}}<p>Nothing is planned or sent.</p>
{{end}}{{if .Replies}}<h3>Replies</h3>
<table>{{range .Replies}}
<tr><td>{{.When}}<td>{{.Kind}}{{end}}
</table>
{{end}}{{end}}</html>
`))
