package main

import (
	"bytes"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/examples/internal/demo"
)

// page says what this is, and shows what is booked: times and treatments, not
// people.
type page struct {
	service *booking.Service
	clinics []demo.Clinic
	kind    string
	log     *slog.Logger
}

type clinicView struct {
	Name, Key, Zone string
	Appointments    []appointmentView
}

type appointmentView struct{ When, Service, Status string }

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var views []clinicView
	for _, c := range p.clinics {
		now := time.Now().In(c.Org.Zone)
		found, err := p.service.List(r.Context(), c.Org.ID, booking.Find{From: now, To: now.AddDate(1, 0, 1)})
		if err != nil {
			p.log.ErrorContext(r.Context(), "page", "org", c.Org.ID, "err", err)
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
			return
		}
		view := clinicView{Name: c.Org.Name, Key: c.Org.Key, Zone: c.Org.Zone.String()}
		for _, a := range found {
			s, _ := c.Catalog.Service(a.Service)
			view.Appointments = append(view.Appointments, appointmentView{a.Start.Format("Mon 2 Jan 2006 15:04 MST"), s.Name, string(a.Status)})
		}
		views = append(views, view)
	}
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, map[string]any{"Kind": p.kind, "Clinics": views}); err != nil {
		p.log.ErrorContext(r.Context(), "page", "err", err)
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body.Bytes())
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>callwaiting: demo clinics</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em}td{padding:.1em 1.5em .1em 0}</style>
<h1>Demo clinics</h1>
<p>The back office of a voice receptionist. Vapi posts to <code>/vapi/{key}</code>; state is kept {{.Kind}}.</p>
{{range .Clinics}}<h2>{{.Name}}</h2>
<p>key <code>{{.Key}}</code>, {{.Zone}}</p>
{{if .Appointments}}<table>{{range .Appointments}}<tr><td>{{.When}}<td>{{.Service}}<td>{{.Status}}{{end}}</table>
{{else}}<p>Nothing is booked.</p>
{{end}}{{end}}</html>
`))
