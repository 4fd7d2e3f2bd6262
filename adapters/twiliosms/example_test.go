package twiliosms_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func Example() {
	twilio, err := twiliotest.Start(twiliotest.Config{})
	if err != nil {
		panic(err)
	}
	defer twilio.Close()

	clinic := tenant.NewID()
	sender, err := twiliosms.New(twiliosms.Config{
		Accounts: twiliosms.StaticAccounts{clinic: {
			Key: "harley", SID: "AC00000000000000000000000000000001",
			AuthToken: tenant.Secrets{Current: "the account's auth token"}, From: "+12025550100",
		}},
		PublicURL: "https://texts.example.com",
		BaseURL:   twilio.URL(), // leave it out for Twilio itself
	})
	if err != nil {
		panic(err)
	}
	m := followup.Message{
		Intent: followup.NewIntentID(clinic, "call/1"), To: "+447700900123", ValidFor: time.Hour,
		Body: "Harley Street Clinic: thanks for calling.",
	}
	receipt, err := sender.Send(context.Background(), clinic, m)
	fmt.Println(receipt.State, err)

	twilio.Refuse("+447700900123", 21610) // they have texted STOP
	_, err = sender.Send(context.Background(), clinic, m)
	var refused *followup.SendError
	fmt.Println(errors.As(err, &refused), refused)
	// Output:
	// accepted <nil>
	// true followup: message refused: opted_out 21610: twiliosms: HTTP status 400, error 21610
}
