// Package demo describes the two clinics that the examples serve.
package demo

import (
	"fmt"
	"time"
	_ "time/tzdata" // a fresh machine may have no zone database

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Clinic is a clinic and what can be booked there.
type Clinic struct {
	Org     tenant.Org
	Catalog *booking.Catalog
}

// Harley and Ikeja are the ids of the demo clinics.
var (
	Harley = tenant.MustParseID("5b0c9a52-6f0e-4c7e-9d39-6a8c4a6f2d01")
	Ikeja  = tenant.MustParseID("c1e3f6b8-2d64-4f0b-8a57-0e9b7d3c5a02")
)

// Clinics returns the demo clinics: two
// practitioners and two rooms each, Monday to Friday from nine to five.
func Clinics() ([]Clinic, error) {
	harley, err := clinic(
		tenant.Org{ID: Harley, Key: "harley", Name: "Harley Street Clinic", Country: "GB", Locale: "en-GB"}, "Europe/London",
		booking.Resource{ID: "dr-patel", Name: "Dr Patel"}, booking.Resource{ID: "dr-jones", Name: "Dr Jones"})
	if err != nil {
		return nil, err
	}
	ikeja, err := clinic(
		tenant.Org{ID: Ikeja, Key: "ikeja", Name: "Ikeja Skin Centre", Country: "NG", Locale: "en-NG"}, "Africa/Lagos",
		booking.Resource{ID: "dr-okafor", Name: "Dr Okafor"}, booking.Resource{ID: "dr-bello", Name: "Dr Bello"})
	if err != nil {
		return nil, err
	}
	return []Clinic{harley, ikeja}, nil
}

func clinic(org tenant.Org, zone string, first, second booking.Resource) (Clinic, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return Clinic{}, fmt.Errorf("demo: zone of %s: %w", org.Key, err)
	}
	org.Zone = loc
	var week schedule.Week
	for day := time.Monday; day <= time.Friday; day++ {
		week[day] = []schedule.Window{{From: 9 * 60, To: 17 * 60}}
	}
	practitioners := booking.Need{first.ID, second.ID}
	catalog, err := booking.NewCatalog(booking.CatalogConfig{
		Zone:  loc,
		Hours: schedule.Hours{Week: week},
		Resources: []booking.Resource{
			first, second,
			{ID: "room-1", Name: "Room 1"}, {ID: "room-2", Name: "Room 2"},
		},
		Services: []booking.ServiceType{{
			ID: "consultation", Name: "Consultation", Aliases: []string{"check-up", "appointment"},
			Duration: 30 * time.Minute, Needs: []booking.Need{practitioners},
		}, {
			ID: "botox-consultation", Name: "Botox consultation", Aliases: []string{"botox", "anti-wrinkle injections"},
			Duration: 30 * time.Minute, After: 10 * time.Minute, Needs: []booking.Need{{first.ID}},
			Document: "botox.pdf",
		}, {
			ID: "rhinoplasty-consultation", Name: "Rhinoplasty consultation", Aliases: []string{"rhinoplasty", "nose job"},
			Duration: time.Hour, Needs: []booking.Need{practitioners, {"room-1", "room-2"}},
			Document: "rhinoplasty.pdf",
		}},
		Window: 366 * 24 * time.Hour,
	})
	if err != nil {
		return Clinic{}, fmt.Errorf("demo: catalog of %s: %w", org.Key, err)
	}
	return Clinic{org, catalog}, nil
}

// Catalogs returns the clinics' catalogs by id.
func Catalogs(clinics []Clinic) booking.StaticCatalogs {
	catalogs := make(booking.StaticCatalogs)
	for _, c := range clinics {
		catalogs[c.Org.ID] = c.Catalog
	}
	return catalogs
}
