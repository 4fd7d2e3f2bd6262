package twiliotest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
)

const account = "AC00000000000000000000000000000001"

// post sends a text as a client of the API does.
func post(server *twiliotest.Server, callback string) (status int) {
	form := url.Values{"To": {"+447700900456"}, "From": {"+12025550100"}, "Body": {"hello"}, "StatusCallback": {callback}}
	r, err := http.NewRequest(http.MethodPost, server.URL()+"/2010-04-01/Accounts/"+account+"/Messages.json", strings.NewReader(form.Encode()))
	if err != nil {
		panic(err)
	}
	r.SetBasicAuth(account, "token")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		panic(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func ExampleStart() {
	server, err := twiliotest.Start(twiliotest.Config{})
	if err != nil {
		panic(err)
	}
	defer server.Close()

	fmt.Println(post(server, ""), len(server.Messages()))
	server.Refuse("+447700900456", 21610) // opted out
	fmt.Println(post(server, ""), len(server.Messages()))
	server.Fault(followuptest.ServerErrorBefore)
	fmt.Println(post(server, ""), len(server.Messages()))
	// Output:
	// 201 1
	// 400 1
	// 503 1
}

func ExampleCallbacks() {
	statuses := make(chan string)
	webhook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		statuses <- r.FormValue("MessageStatus")
	}))
	defer webhook.Close()
	server, err := twiliotest.Start(twiliotest.Config{
		Callbacks: &twiliotest.Callbacks{Delay: [2]time.Duration{0, time.Millisecond}},
	})
	if err != nil {
		panic(err)
	}
	defer server.Close()

	post(server, webhook.URL)
	for range 3 {
		fmt.Println(<-statuses)
	}
	// Output:
	// sending
	// sent
	// delivered
}

func ExamplePost() {
	const token = "token"
	webhook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			panic(err)
		}
		want := twiliotest.Sign("http://"+r.Host+r.URL.String(), token, r.PostForm)
		fmt.Fprint(w, r.Header.Get("X-Twilio-Signature") == want)
	}))
	defer webhook.Close()

	status, body, err := twiliotest.Post(context.Background(), webhook.URL+"/sms/inbound/harley", token, url.Values{"Body": {"STOP"}})
	fmt.Println(status, body, err)
	// Output: 200 true <nil>
}
