// Package demo holds the two clinics that the examples serve, and the stores
// that they keep their state in.
package demo

import (
	"context"
	"embed"
	"io/fs"
	_ "time/tzdata" // a fresh machine may have no zone database

	"github.com/callwaiting-ai/callwaiting"
)

// Secret is the secret of the demo clinics where no other is given. It is
// no proof: it is published here.
const Secret = "demo-secret"

//go:embed clinics
var clinics embed.FS

// Clinics returns the folder of the demo clinics: a document for each, and
// beside it a folder with the files that it names.
func Clinics() fs.FS {
	folder, err := fs.Sub(clinics, "clinics")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return folder
}

// Registry returns the registry of the demo clinics, with the demo secret.
func Registry(ctx context.Context) (*callwaiting.Registry, error) {
	return callwaiting.NewRegistry(ctx, callwaiting.RegistryConfig{
		Clinics:   callwaiting.ClinicFolder(Clinics()),
		Documents: Clinics(),
		Secrets: callwaiting.SecretSource{
			LookupEnv: func(string) (string, bool) { return Secret, true },
			Loopback:  true,
		},
	})
}
