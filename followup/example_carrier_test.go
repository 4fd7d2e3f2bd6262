package followup_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// outbox is a carrier that lists the messages it has accepted and sends one
// message a second.
type outbox struct {
	printer
	accepted map[followup.IntentID]string // bodies
	next     time.Time
}

func (o *outbox) FindSent(_ context.Context, _ tenant.ID, m followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	body, ok := o.accepted[m.Intent]
	if !ok || !m.Is(body) {
		return followup.Receipt{}, false, nil
	}
	return followup.Receipt{Provider: "SM1", State: followup.Delivered}, true, nil
}

func (o *outbox) Pace(_ tenant.ID, want int) (allowed int, retryAfter time.Duration, why followup.Reason) {
	if now := time.Now(); now.Before(o.next) {
		return 0, time.Second, followup.RateLimited
	}
	o.next = time.Now().Add(time.Second)
	return min(want, 1), 0, ""
}

// A Reconciler finds a message whose response was lost, so that it is not sent
// a second time.
func ExampleReconciler() {
	const body = "Your appointment is booked."
	var carrier followup.Reconciler = &outbox{accepted: map[followup.IntentID]string{"i-1": body}}
	for _, id := range []followup.IntentID{"i-1", "i-2"} {
		receipt, found, err := carrier.FindSent(context.Background(), harley.ID, followup.UnconfirmedMessage{
			Intent: id, To: caller, Digest: sha256.Sum256([]byte(body)),
		})
		fmt.Println(found, receipt.State, err)
	}
	// Output:
	// true delivered <nil>
	// false  <nil>
}

// A Pacer keeps messages above the carrier's rate in the queue, where a booking
// can still suppress them.
func ExamplePacer() {
	var carrier followup.Pacer = &outbox{}
	allowed, _, _ := carrier.Pace(harley.ID, 1)
	fmt.Println(allowed)
	allowed, retryAfter, why := carrier.Pace(harley.ID, 1)
	fmt.Println(allowed, retryAfter, why)
	// Output:
	// 1
	// 0 1s rate_limited
}

// counter counts messages by state.
type counter map[followup.State]int

func (c counter) ObserveMessage(_ context.Context, o followup.Observation) { c[o.State]++ }

func ExampleObserver() {
	count := counter{}
	var observer followup.Observer = count
	for _, state := range []followup.State{followup.Accepted, followup.Accepted, followup.Suppressed} {
		observer.ObserveMessage(context.Background(), followup.Observation{Org: harley.ID, State: state})
	}
	fmt.Println(count[followup.Accepted], count[followup.Suppressed])
	// Output:
	// 2 1
}

// shortLinks is a Linker on a domain of the clinic's own.
type shortLinks struct{ token string }

func (s shortLinks) NewLink(tenant.ID) (string, [32]byte) {
	return "https://go.clinic.example/" + s.token, sha256.Sum256([]byte(s.token))
}

// The text holds the token; a LinkStore knows its hash alone.
func ExampleLinker() {
	var linker followup.Linker = shortLinks{"x7Kf0q"}
	url, hash := linker.NewLink(harley.ID)
	var links followup.LinkStore = memory.New().FollowUps()
	_, _, err := links.Link(context.Background(), hash)
	fmt.Println(url, err)
	// Output:
	// https://go.clinic.example/x7Kf0q followup: not found
}

// A ContactStore keeps opt-outs: an opt-out of any channel stands.
func ExampleContactStore() {
	ctx := context.Background()
	var contacts followup.ContactStore = memory.New().FollowUps()
	if err := contacts.RecordOptOut(ctx, harley.ID, followup.OptOut{Phone: caller, Source: "call", Call: "call-1"}); err != nil {
		panic(err)
	}
	summary, err := contacts.Summary(ctx, harley.ID, caller)
	fmt.Println(summary.OptedOut, err)
	// Output:
	// true <nil>
}

// An IntentStore plans a message once, however often the plan is repeated.
func ExampleIntentStore() {
	ctx := context.Background()
	var intents followup.IntentStore = memory.New().FollowUps()
	plan := followup.Plan{
		ID: followup.NewIntentID(harley.ID, "call/call-1/information"), Kind: followup.Information,
		Phone: caller, Call: "call-1", Procedure: "botox", Deadline: time.Now().Add(time.Hour),
	}
	for range 2 {
		if _, err := intents.PlanIntents(ctx, harley.ID, followup.Task{}, []followup.Plan{plan}); err != nil {
			panic(err)
		}
	}
	planned, err := intents.ListIntents(ctx, harley.ID, followup.IntentFilter{Call: "call-1"})
	fmt.Println(len(planned), planned[0].State, err)
	// Output:
	// 1 planned <nil>
}

// SettingsSource yields the rules of a clinic; an unknown clinic is an error.
func ExampleSettingsSource() {
	var source followup.SettingsSource = settingsOfHarley()
	settings, err := source.Settings(context.Background(), harley.ID)
	open, end := settings.Hours()
	fmt.Println(open/60, end/60, err)
	// Output:
	// 9 20 <nil>
}
