package followup_test

import (
	"context"
	"errors"
	"fmt"
	"testing/fstest"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
	"github.com/callwaiting-ai/callwaiting/followup/procedures"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

// settingsOfHarley are the settings of one clinic.
func settingsOfHarley() followup.StaticSettings {
	settings, err := followup.NewSettings(followup.SettingsConfig{Org: harley})
	if err != nil {
		panic(err)
	}
	return followup.StaticSettings{harley.ID: settings}
}

// procedureList has one procedure of one clinic.
func procedureList() *procedures.Catalog {
	catalog, err := procedures.New(map[tenant.ID][]procedures.Procedure{
		harley.ID: {{ID: "rhinoplasty", Name: "Rhinoplasty", Aliases: []string{"nose job"}, Document: "rhinoplasty.pdf"}},
	})
	if err != nil {
		panic(err)
	}
	return catalog
}

func ExampleNew() {
	_, err := followup.New(followup.Config{Store: memory.New().FollowUps(), Settings: settingsOfHarley()})
	fmt.Println(err)
	_, err = followup.New(followup.Config{Store: memory.New().FollowUps(), Settings: settingsOfHarley(), Catalog: procedureList()})
	fmt.Println(err)
	// Output:
	// followup: Config.Catalog is nil: pass the clinics' procedures and documents, such as tools.Procedures
	// <nil>
}

func ExampleNewWorker() {
	store := memory.New().FollowUps()
	service, err := followup.New(followup.Config{Store: store, Settings: settingsOfHarley(), Catalog: procedureList()})
	if err != nil {
		panic(err)
	}
	links, err := linkpage.NewLinks("https://go.clinic.example")
	if err != nil {
		panic(err)
	}
	worker, err := followup.NewWorker(followup.WorkerConfig{Service: service, Queue: store, Sender: printer{}, Links: links})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop() // a program calls Run in a goroutine and stops it at its end
	fmt.Println(worker.Run(ctx))
	// Output:
	// context canceled
}

func ExampleNewSettings() {
	settings, err := followup.NewSettings(followup.SettingsConfig{
		Org: harley, Label: "Harley St", Reminders: []time.Duration{24 * time.Hour},
	})
	fmt.Println(settings.Label(), settings.Reminders(), err)

	_, err = followup.NewSettings(followup.SettingsConfig{Org: harley, Open: 22 * 60, Close: 6 * 60})
	var invalid *followup.SettingsError
	fmt.Println(errors.As(err, &invalid), invalid.Field)
	// Output:
	// Harley St [24h0m0s] <nil>
	// true Open
}

func ExampleNewFolder() {
	folder, err := followup.NewFolder(fstest.MapFS{
		"harley/aftercare.txt": {Data: []byte("Rest for a day.")},
	}, func(tenant.ID) string { return "harley" })
	if err != nil {
		panic(err)
	}
	document, err := folder.Open(context.Background(), harley.ID, "aftercare.txt")
	if err != nil {
		panic(err)
	}
	defer document.Close()
	fmt.Println(document.Type)
	_, err = folder.Open(context.Background(), harley.ID, "../other/secret.pdf")
	fmt.Println(err)
	// Output:
	// text/plain; charset=utf-8
	// followup: not found
}

// office sends on weekdays only, and leaves the rest to the standard policy.
type office struct{ followup.StandardPolicy }

func (p office) Decide(in followup.DecisionInput, settings *followup.Settings, place phone.Place) followup.Decision {
	zone := settings.Org().Zone
	if day := in.Now.In(zone).Weekday(); day == time.Saturday || day == time.Sunday {
		return followup.Decision{Action: followup.Wait, Reason: "weekend", At: in.Now.Add(time.Hour)}
	}
	return p.StandardPolicy.Decide(in, settings, place)
}

// A Policy that adds a rule to the standard one.
func ExamplePolicy() {
	var policy followup.Policy = office{}
	settings := settingsOfHarley()[harley.ID]
	for _, now := range []time.Time{
		time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), // a Saturday
		time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
	} {
		d := policy.Decide(followup.DecisionInput{
			Intent:  followup.Intent{Kind: followup.Information, Phone: caller, Call: "call-1", Deadline: now.Add(time.Hour)},
			Consent: followup.Consent{Purpose: followup.Information, Call: "call-1", At: now.Add(-time.Minute)},
			Now:     now,
		}, settings, phone.Place{Country: "GB"})
		fmt.Println(now.Weekday(), d.Action == followup.Send, d.Reason)
	}
	// Output:
	// Saturday false weekend
	// Monday true
}

// A Sender reports each attempt: accepted, or a *SendError with its outcome.
func ExampleSender() {
	var sender followup.Sender = printer{make(chan struct{}, 1)}
	receipt, err := sender.Send(context.Background(), harley.ID, followup.Message{Intent: "i-1", To: caller, Body: "Your appointment is booked."})
	fmt.Println(receipt.Provider, err)

	refused := &followup.SendError{Outcome: followup.NotSent, Reason: followup.RateLimited, Code: "429", RetryAfter: 7 * time.Second}
	fmt.Println(refused)
	// Output:
	// Your appointment is booked.
	// 1 <nil>
	// followup: message not sent: rate_limited 429
}

// A Queue hands out a due task once, until its lease ends or it is acknowledged.
func ExampleQueue() {
	ctx := context.Background()
	store := memory.New().FollowUps()
	var queue followup.Queue = store
	if _, err := store.UpdateCall(ctx, harley.ID, followup.CallUpdate{Call: "call-1", Signal: followup.Ended}); err != nil {
		panic(err)
	}
	tasks, err := queue.Dequeue(ctx, 10, 10, time.Minute, nil)
	fmt.Println(tasks[0].Kind, tasks[0].ID, err)
	again, err := queue.Dequeue(ctx, 10, 10, time.Minute, nil)
	fmt.Println(len(again), err)
	fmt.Println(queue.Ack(ctx, tasks[0]))
	// Output:
	// call call-1 <nil>
	// 0 <nil>
	// <nil>
}

// A Store keeps a call however its updates arrive.
func ExampleStore() {
	ctx := context.Background()
	var store followup.Store = memory.New().FollowUps()
	for _, u := range []followup.CallUpdate{
		{Call: "call-1", Signal: followup.Reported, Procedure: "botox", Evidence: followup.FromTranscript},
		{Call: "call-1", Signal: followup.Seen, Procedure: "rhinoplasty", Evidence: followup.FromTool},
	} {
		if _, err := store.UpdateCall(ctx, harley.ID, u); err != nil {
			panic(err)
		}
	}
	call, err := store.Call(ctx, harley.ID, "call-1")
	fmt.Println(call.Reported, call.Procedure, err)
	// Output:
	// true rhinoplasty <nil>
}
