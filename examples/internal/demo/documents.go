package demo

import (
	"embed"
	"io/fs"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

//go:embed documents
var documents embed.FS

// Documents returns the clinics' documents: a folder for each, by its key.
func Documents(clinics []Clinic) (*followup.Folder, error) {
	root, err := fs.Sub(documents, "documents")
	if err != nil {
		return nil, err
	}
	keys := make(map[tenant.ID]string)
	for _, c := range clinics {
		keys[c.Org.ID] = c.Org.Key
	}
	return followup.NewFolder(root, func(org tenant.ID) string { return keys[org] })
}

// Messages returns how the clinics want their messages: by default, but that a
// caller who asks at night is answered at once, so that a demonstration can be
// given at any hour.
func Messages(clinics []Clinic) (followup.StaticSettings, error) {
	wishes := make(followup.StaticSettings)
	for _, c := range clinics {
		clinic, err := followup.NewSettings(followup.SettingsConfig{Org: c.Org, AtOnce: true})
		if err != nil {
			return nil, err
		}
		for _, s := range c.Catalog.Services() { // no text may say what it is about
			if s.Document == "" {
				continue
			}
			if err := clinic.CheckWords(append([]string{s.Name}, s.Aliases...)); err != nil {
				return nil, err
			}
		}
		wishes[c.Org.ID] = clinic
	}
	return wishes, nil
}
