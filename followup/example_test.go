package followup_test

import (
	"context"
	"fmt"
	"log"
	"regexp"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
	"github.com/callwaiting-ai/callwaiting/followup/procedures"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// printer is a carrier that prints the texts. The token of a link is a secret
// and random.
type printer struct{ sent chan struct{} }

var token = regexp.MustCompile(`/d/[\w-]{16}`)

func (p printer) Send(_ context.Context, _ tenant.ID, m followup.Message) (followup.Receipt, error) {
	m.RequestWritten()
	fmt.Println(token.ReplaceAllString(m.Body, "/d/…"))
	p.sent <- struct{}{}
	return followup.Receipt{Provider: "1"}, nil
}

func Example() {
	noon := func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	store := memory.New(memory.Clock(noon)).FollowUps()
	clinic, err := followup.NewSettings(followup.SettingsConfig{Org: harley})
	if err != nil {
		log.Fatal(err)
	}
	procedures, err := procedures.New(map[tenant.ID][]procedures.Procedure{
		harley.ID: {{ID: "rhinoplasty", Name: "Rhinoplasty", Aliases: []string{"nose job"}, Document: "rhinoplasty.pdf"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	texts, err := followup.New(followup.Config{Store: store, Settings: followup.StaticSettings{harley.ID: clinic}, Catalog: procedures, Now: noon})
	if err != nil {
		log.Fatal(err)
	}
	links, err := linkpage.NewLinks("https://go.example.com")
	if err != nil {
		log.Fatal(err)
	}
	carrier := printer{make(chan struct{})}
	worker, err := followup.NewWorker(followup.WorkerConfig{Service: texts, Queue: store, Sender: carrier, Links: links})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go worker.Run(ctx)

	promised, err := texts.Promise(ctx, harley, followup.Promise{Call: "call-1", Caller: "+44 7700 900123", Procedure: redact.NewSpeech("a nose job")})
	fmt.Println(promised, err)
	for range 2 { // Vapi may deliver an event twice
		if err := texts.RecordCall(ctx, harley, followup.CallEvent{Call: "call-1", Signal: followup.Ended, Caller: "+44 7700 900123"}); err != nil {
			log.Fatal(err)
		}
	}
	<-carrier.sent
	// Output:
	// noted <nil>
	// Harley Street Clinic: the information you asked for: https://go.example.com/d/… Reply BOOK to book, STOP to opt out.
}
