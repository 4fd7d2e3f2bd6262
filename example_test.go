package callwaiting_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/callwaiting-ai/callwaiting"
	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func ExampleNew() {
	ctx := context.Background()
	clinics, err := callwaiting.NewRegistry(ctx, callwaiting.RegistryConfig{
		Clinics:   callwaiting.ClinicFolder(os.DirFS("examples/internal/demo/clinics")),
		Documents: os.DirFS("examples/internal/demo/clinics"),
		Secrets:   callwaiting.SecretSource{LookupEnv: lookup}, // os.LookupEnv
	})
	if err != nil {
		log.Fatal(err)
	}
	store := memory.New()
	office, err := callwaiting.New(callwaiting.Config{
		Clinics: clinics, Bookings: store, FollowUps: store.FollowUps(), Sender: console{},
		PublicURL: "https://calls.clinic.example", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go office.Run(ctx)

	request := httptest.NewRequest(http.MethodPost, "/vapi/harley", strings.NewReader(`{"message":{"type":"tool-calls",
		"call":{"id":"call-1","customer":{"number":"+447700900111"}},
		"toolCallList":[{"id":"t1","function":{"name":"find_appointments","arguments":{}}}]}}`))
	request.Header.Set("X-Vapi-Secret", "the secret of harley")
	answer := httptest.NewRecorder()
	office.Handler().ServeHTTP(answer, request)
	fmt.Println(answer.Code, answer.Body)
	// Output:
	// 200 {"results":[{"toolCallId":"t1","name":"find_appointments","result":"{\"status\":\"ok\",\"code\":200,\"message\":\"You have no upcoming appointment.\",\"appointments\":[]}"}]}
}

func ExampleParseClinic() {
	_, err := callwaiting.ParseClinic([]byte(`{
		"key": "harley", "name": "Harley Street Clinic", "zone": "Europe/London", "country": "GB", "locale": "en-GB",
		"hours": {"week": {"monday": ["09:00-17:00"]}},
		"resources": [{"id": "dr-patel", "name": "Dr Patel"}],
		"services": [{"id": "consultation", "name": "Consultation", "duration": "30m", "needs": ["dr-patle"]}],
		"secrets": {"current": "env:VAPI_SECRET_HARLEY"}
	}`))
	fmt.Println(err)
	// Output:
	// callwaiting: invalid clinic document: services[0].needs[0]: no resource "dr-patle": use one of dr-patel
}

func ExampleClinicFolder() {
	clinics := callwaiting.ClinicFolder(os.DirFS("examples/internal/demo/clinics"))
	entries, err := clinics.Clinics(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Println(e.Name, e.Clinic.Zone, e.Err)
	}
	// Output:
	// harley Europe/London <nil>
	// ikeja Africa/Lagos <nil>
}

func ExampleStaticClinics() {
	document, err := callwaiting.ParseClinic([]byte(`{
		"key": "harley", "name": "Harley Street Clinic", "zone": "Europe/London", "country": "GB", "locale": "en-GB",
		"hours": {"week": {"monday": ["09:00-17:00"]}},
		"resources": [{"id": "dr-patel", "name": "Dr Patel"}],
		"services": [{"id": "consultation", "name": "Consultation", "duration": "30m", "needs": ["dr-patel"]}],
		"secrets": {"current": "env:VAPI_SECRET_HARLEY"}
	}`))
	if err != nil {
		log.Fatal(err)
	}
	clinics, err := callwaiting.NewRegistry(context.Background(), callwaiting.RegistryConfig{
		Clinics: callwaiting.StaticClinics{document},
		Secrets: callwaiting.SecretSource{LookupEnv: lookup},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(clinics.Orgs()[0].Name)
	// Output:
	// Harley Street Clinic
}

// console is a carrier that prints texts.
type console struct{}

// Send implements followup.Sender.
func (console) Send(_ context.Context, _ tenant.ID, m followup.Message) (followup.Receipt, error) {
	fmt.Println(m.Body)
	return followup.Receipt{Provider: string(m.Intent)}, nil
}
