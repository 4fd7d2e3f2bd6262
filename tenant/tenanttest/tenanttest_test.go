package tenanttest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest"
)

const (
	unknownAlike = "another clinic's appointment is not found, in the words used for an unknown one"
	attempts     = "random attempts on other clinics, at once and among calls on the own, all fail"
)

func TestAStoreWithAllItsWallsFailsNothing(t *testing.T) {
	require.Empty(t, tenanttest.Failing(tenanttest.Harness{Store: memory.New()}))
}

func TestAStoreWithAWallDownFailsTheSentence(t *testing.T) {
	for _, tt := range []struct {
		store booking.Store
		want  []string
	}{
		{oneForAll{memory.New()}, []string{
			unknownAlike,
			"lists and ranges hold and count the clinic's own only",
			"a limit counts the clinic's own only",
			"resources of one name in two clinics do not collide",
			"what is taken is told of the clinic's own only",
			"one phone is a contact of its own in each clinic",
			"an id that another clinic uses is free to claim, and is no replay",
			"of simultaneous claims in many clinics one wins in each",
			attempts,
		}},
		{&forgetsTheClinic{Store: memory.New()}, []string{
			unknownAlike,
			"what fails on another clinic's appointment changes nothing of it",
			attempts,
		}},
		{&saysForbidden{forgetsTheClinic{Store: memory.New()}}, []string{unknownAlike, attempts}},
		{&limitsBeforeItFilters{forgetsTheClinic{Store: memory.New()}}, []string{"a limit counts the clinic's own only"}},
		{&keepsTheLastScope{Store: memory.New()}, []string{attempts}},
		{takesAnyScope{memory.New()}, []string{"no method answers without a clinic"}},
		{answersNothing{memory.New()}, []string{attempts}},
	} {
		name := fmt.Sprintf("%T", tt.store)
		t.Run(name[strings.IndexByte(name, '.')+1:], func(t *testing.T) {
			require.Subset(t, tenanttest.Failing(tenanttest.Harness{Store: tt.store}), tt.want)
		})
	}
}

var everybody = tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a0ff")

// oneForAll has no clinics.
type oneForAll struct{ booking.Store }

func shared(org tenant.ID) tenant.ID {
	if org.IsZero() {
		return org
	}
	return everybody
}

func (s oneForAll) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	return s.Store.Claim(ctx, shared(org), c)
}

func (s oneForAll) Move(ctx context.Context, org tenant.ID, m booking.Move) (booking.Outcome, error) {
	return s.Store.Move(ctx, shared(org), m)
}

func (s oneForAll) Confirm(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return s.Store.Confirm(ctx, shared(org), id, actor)
}

func (s oneForAll) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	return s.Store.Cancel(ctx, shared(org), id, actor)
}

func (s oneForAll) ListBusy(ctx context.Context, org tenant.ID, q booking.BusyQuery) (booking.BusyView, error) {
	return s.Store.ListBusy(ctx, shared(org), q)
}

func (s oneForAll) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	return s.Store.ListAppointments(ctx, shared(org), f)
}

func (s oneForAll) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	return s.Store.ListEvents(ctx, shared(org), id)
}

// forgetsTheClinic cancels by id alone.
type forgetsTheClinic struct {
	booking.Store
	owners sync.Map // of ids
}

func (s *forgetsTheClinic) Claim(ctx context.Context, org tenant.ID, c booking.Claim) (booking.Outcome, error) {
	s.owners.LoadOrStore(c.ID, org)
	return s.Store.Claim(ctx, org, c)
}

func (s *forgetsTheClinic) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	if owner, known := s.owners.Load(id); known && !org.IsZero() {
		org = owner.(tenant.ID)
	}
	return s.Store.Cancel(ctx, org, id, actor)
}

// saysForbidden refuses what belongs to another clinic, and so tells of it.
type saysForbidden struct{ forgetsTheClinic }

func (s *saysForbidden) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
	if owner, known := s.owners.Load(id); known && !org.IsZero() && owner != org {
		return booking.Appointment{}, errors.New("forbidden")
	}
	return s.Store.Cancel(ctx, org, id, actor)
}

// limitsBeforeItFilters counts other clinics' appointments towards a limit.
type limitsBeforeItFilters struct{ forgetsTheClinic }

func (s *limitsBeforeItFilters) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	others := 0
	s.owners.Range(func(_, owner any) bool {
		if owner != org {
			others++
		}
		return true
	})
	if f.Limit > 0 && others >= f.Limit && f.Limit < 1000 {
		return nil, nil
	}
	return s.Store.ListAppointments(ctx, org, f)
}

// keepsTheLastScope answers a few calls as the clinic that called before, as a
// connection does that was given back with its session's clinic.
type keepsTheLastScope struct {
	booking.Store
	mu    sync.Mutex
	calls int
	last  tenant.ID
}

func (s *keepsTheLastScope) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	s.mu.Lock()
	scope := org
	if s.calls++; s.calls%20 == 0 && !org.IsZero() {
		scope = s.last
	}
	s.last = org
	s.mu.Unlock()
	return s.Store.ListAppointments(ctx, scope, f)
}

// takesAnyScope answers a call without a clinic with nothing instead of an error.
type takesAnyScope struct{ booking.Store }

func (s takesAnyScope) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	if org.IsZero() {
		return nil, nil
	}
	return s.Store.ListEvents(ctx, org, id)
}

// answersNothing keeps clinics apart by hiding everything from everybody.
type answersNothing struct{ booking.Store }

func (s answersNothing) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	if _, err := s.Store.ListAppointments(ctx, org, f); err != nil {
		return nil, err
	}
	return nil, nil
}

func clinics() []tenant.Registration {
	var clinics []tenant.Registration
	for _, key := range []string{"harley", "ikeja"} {
		clinics = append(clinics, tenant.Registration{
			Org:            tenant.Org{ID: tenant.NewID(), Key: key, Name: key, Zone: time.UTC, Country: "GB", Locale: "en-GB"},
			Secrets:        tenant.Secrets{Current: key + "-secret"},
			PhoneNumberIDs: []string{"phone-" + key},
			AssistantIDs:   []string{"assistant-" + key},
		})
	}
	return clinics
}

func TestABrokenDirectoryFailsTheSentence(t *testing.T) {
	known := clinics()
	good, err := memory.NewDirectory(known...)
	require.NoError(t, err)
	h := tenanttest.DirectoryHarness{}
	for _, c := range known {
		h.Clinics = append(h.Clinics, tenanttest.Clinic(c))
	}
	for _, tt := range []struct {
		what      string
		directory tenant.Directory
		want      []string
	}{
		{"nothing broken", good, nil},
		{"it forgives case and space", forgiving{good}, []string{"the error wraps ErrUnknown for all but an exact match"}},
		{"it guesses a clinic", guesses{good, known[0].Org.ID}, []string{
			"ByPhoneNumberID returns the clinic that owns the number",
			"the error wraps ErrUnknown for all but an exact match",
			"simultaneous questions get their own answers",
		}},
		{"one secret for all", oneSecret{good}, []string{
			"ByKey returns the clinic whose webhook URL ends in key, and its secrets",
			"simultaneous questions get their own answers",
		}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			h := h
			h.Directory = tt.directory
			require.Equal(t, tt.want, tenanttest.FailingDirectory(h))
		})
	}
}

type forgiving struct{ tenant.Directory }

func (d forgiving) ByKey(ctx context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	return d.Directory.ByKey(ctx, strings.ToLower(strings.TrimSpace(key)))
}

// guesses takes the only clinic it can think of.
type guesses struct {
	tenant.Directory
	org tenant.ID
}

func (d guesses) ByPhoneNumberID(context.Context, string) (tenant.ID, error) { return d.org, nil }

type oneSecret struct{ tenant.Directory }

func (d oneSecret) ByKey(ctx context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	org, secrets, err := d.Directory.ByKey(ctx, key)
	if err == nil {
		secrets.Current = "the platform's secret"
	}
	return org, secrets, err
}

// A store that cancels by id alone is found out.
func ExampleFailing() {
	store := &forgetsTheClinic{Store: memory.New()}
	failing := tenanttest.Failing(tenanttest.Harness{Store: store})
	fmt.Println(failing[0])
	// Output:
	// another clinic's appointment is not found, in the words used for an unknown one
}
