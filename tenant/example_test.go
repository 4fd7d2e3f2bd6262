package tenant_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

func ExampleParseID() {
	for _, text := range []string{
		"3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001",
		"3B0C7C1E-52A0-4F4E-9D55-4B8C31A7A001",
		"00000000-0000-0000-0000-000000000000",
	} {
		id, err := tenant.ParseID(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(id)
	}
	// Output:
	// 3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001
	// tenant: not a canonical UUID
	// tenant: not a canonical UUID
}

func ExampleNewID() {
	org := tenant.NewID() // once per clinic: keep it
	fmt.Println(org.IsZero(), len(org.String()))
	// Output: false 36
}

func ExampleDeriveUUID() {
	harley := tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001")
	ikeja := tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a002")
	first := tenant.DeriveUUID(harley, "call-1/book")
	fmt.Println(first == tenant.DeriveUUID(harley, "call-1/book"))
	fmt.Println(first == tenant.DeriveUUID(ikeja, "call-1/book"))
	// Output:
	// true
	// false
}

func ExampleSecrets() {
	fmt.Println(tenant.Secrets{Current: "open-sesame"})
	// Output: [SECRETS]
}

func ExampleOrg_Validate() {
	org := tenant.Org{ID: tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001"), Key: "Harley Street"}
	fmt.Println(org.Validate())
	// Output: tenant: Org.Key of 3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a001: use 1 to 64 of a-z, 0-9, '-' and '_'
}

func ExampleWithPrincipal() {
	ctx := tenant.WithPrincipal(context.Background(), tenant.Principal{Subject: "vapi:call_51kj", Method: "secret"})
	p, ok := tenant.PrincipalFrom(ctx)
	fmt.Println(p.Subject, p.Method, ok)
	// Output: vapi:call_51kj secret true
}

// oneClinic is a Directory for a service that has a single clinic.
type oneClinic tenant.Registration

func (c oneClinic) ByKey(_ context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	if key != c.Org.Key {
		return tenant.Org{}, tenant.Secrets{}, tenant.ErrUnknownOrg
	}
	return c.Org, c.Secrets, nil
}

func (c oneClinic) ByPhoneNumberID(_ context.Context, id string) (tenant.ID, error) {
	return c.owns(c.PhoneNumberIDs, id)
}

func (c oneClinic) ByAssistantID(_ context.Context, id string) (tenant.ID, error) {
	return c.owns(c.AssistantIDs, id)
}

func (c oneClinic) owns(ids []string, id string) (tenant.ID, error) {
	for _, own := range ids {
		if own == id {
			return c.Org.ID, nil
		}
	}
	return tenant.ID{}, tenant.ErrUnknownOrg
}

func ExampleDirectory() {
	var directory tenant.Directory = oneClinic{
		Org: tenant.Org{
			ID: tenant.NewID(), Key: "harley", Name: "Harley Street Clinic",
			Zone: time.UTC, Country: "GB", Locale: "en-GB",
		},
		Secrets:        tenant.Secrets{Current: "open-sesame"},
		PhoneNumberIDs: []string{"phone-1"},
	}
	org, secrets, err := directory.ByKey(context.Background(), "harley")
	fmt.Println(org.Name, secrets, err)
	_, err = directory.ByPhoneNumberID(context.Background(), "phone-2")
	fmt.Println(errors.Is(err, tenant.ErrUnknownOrg))
	// Output:
	// Harley Street Clinic [SECRETS] <nil>
	// true
}
