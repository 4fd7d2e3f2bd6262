package twiliosms_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func ExampleNew() {
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

	twilio.Refuse("+447700900123", 21610) // opted out by STOP
	_, err = sender.Send(context.Background(), clinic, m)
	var refused *followup.SendError
	fmt.Println(errors.As(err, &refused), refused)
	// Output:
	// accepted <nil>
	// true followup: message refused: opted_out 21610: twiliosms: HTTP status 400, error 21610
}

// printed is an Inbox that prints; a followup.Service persists.
type printed struct{}

func (printed) RecordStatus(_ context.Context, _ tenant.ID, u followup.StatusUpdate) error {
	fmt.Println("status", u.State)
	return nil
}

func (printed) RecordInbound(_ context.Context, _ tenant.ID, t followup.InboundText) (followup.ReplyKind, string, error) {
	fmt.Println("text from", t.From)
	return "", "Thanks, we will call you.", nil
}

// oneKey is a Keys with one clinic; a tenant.Directory has all.
type oneKey tenant.ID

func (k oneKey) ByKey(_ context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	if key != "harley" {
		return tenant.Org{}, tenant.Secrets{}, tenant.ErrUnknownOrg
	}
	return tenant.Org{ID: tenant.ID(k), Key: key}, tenant.Secrets{}, nil
}

func ExampleNewCallbacks() {
	const token = "the account's auth token"
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	clinic := tenant.NewID()
	callbacks, err := twiliosms.NewCallbacks(twiliosms.CallbackConfig{
		Accounts: twiliosms.StaticAccounts{clinic: {
			Key: "harley", SID: "AC00000000000000000000000000000001",
			AuthToken: tenant.Secrets{Current: token}, From: "+12025550100",
		}},
		Keys: oneKey(clinic), Inbox: printed{}, PublicURL: server.URL,
	})
	if err != nil {
		panic(err)
	}
	mux.Handle("POST /sms/status/{key}", callbacks.StatusHandler())
	mux.Handle("POST /sms/inbound/{key}", callbacks.InboundHandler())

	text := url.Values{"From": {"+447700900123"}, "Body": {"Please call me"}, "MessageSid": {"SM00000000000000000000000000000001"}}
	status, body, _ := twiliotest.Post(context.Background(), server.URL+"/sms/inbound/harley", token, text)
	fmt.Println(status, body)
	status, _, _ = twiliotest.Post(context.Background(), server.URL+"/sms/inbound/harley", "another token", text)
	fmt.Println(status)
	// Output:
	// text from +447700900123
	// 200 <?xml version="1.0" encoding="UTF-8"?><Response><Message>Thanks, we will call you.</Message></Response>
	// 403
}

// accountsTable is an Accounts that can change while the program runs.
type accountsTable struct {
	mu   sync.RWMutex
	rows map[tenant.ID]twiliosms.Account
}

func (t *accountsTable) Account(_ context.Context, org tenant.ID) (twiliosms.Account, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	a, ok := t.rows[org]
	if !ok {
		return twiliosms.Account{}, twiliosms.ErrNoAccount
	}
	return a, nil
}

func ExampleAccounts() {
	clinic := tenant.NewID()
	var accounts twiliosms.Accounts = &accountsTable{rows: map[tenant.ID]twiliosms.Account{clinic: {
		Key: "harley", SID: "AC00000000000000000000000000000001",
		AuthToken: tenant.Secrets{Current: "the account's auth token"}, From: "+12025550100",
	}}}
	a, err := accounts.Account(context.Background(), clinic)
	fmt.Println(a.Key, a.AuthToken, err)
	_, err = accounts.Account(context.Background(), tenant.NewID())
	fmt.Println(err)
	// Output:
	// harley [SECRETS] <nil>
	// twiliosms: the clinic has no account
}
