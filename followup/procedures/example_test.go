package procedures_test

import (
	"context"
	"fmt"
	"log"

	"github.com/callwaiting-ai/callwaiting/followup/procedures"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func ExampleNew() {
	catalog, err := procedures.New(map[tenant.ID][]procedures.Procedure{
		surgery: {
			{ID: "botox", Name: "Botox", Document: "botox.pdf"},
			{ID: "rhinoplasty", Name: "Rhinoplasty", Aliases: []string{"nose job"}, Document: "rhinoplasty.pdf"},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, words := range []string{
		"How much is a nose job?",
		"Not Botox, rhinoplasty please.",
		"Botox or rhinoplasty?",
		"AI: We offer Botox.\nUser: I would like a nose job.",
	} {
		id, ok, err := catalog.Match(context.Background(), surgery, redact.NewSpeech(words))
		fmt.Printf("%q %v %v\n", id, ok, err)
	}
	// Output:
	// "rhinoplasty" true <nil>
	// "rhinoplasty" true <nil>
	// "" false <nil>
	// "rhinoplasty" true <nil>
}
