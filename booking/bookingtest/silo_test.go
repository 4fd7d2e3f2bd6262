package bookingtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/bookingtest"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Each store breaks one rule that keeps clinics apart, and must fail the suite.
func TestFailing_Silo(t *testing.T) {
	const (
		zeroOrg      = "no method that takes an id answers without a clinic"
		unknownAlike = "another clinic's record is not found, in the words used for an unknown one"
		attempts     = "random attempts on other clinics, at once and among calls on the own, all fail"
	)
	for _, tt := range []struct {
		store booking.Store
		want  []string
	}{
		{oneForAll{memory.New()}, []string{
			unknownAlike,
			"lists and ranges hold and count the clinic's own only",
			"a limit counts the clinic's own only",
			"resources of one name in two clinics do not collide",
			"Busy and Known hold the clinic's own only",
			"one phone is a contact of its own in each clinic",
			"an id that another clinic uses is free to claim, and is no replay",
			"of simultaneous claims in many clinics one wins in each",
			attempts,
		}},
		{&forgetsTheClinic{Store: memory.New()}, []string{
			unknownAlike,
			"a call on another clinic's record leaves it unchanged",
			attempts,
		}},
		{&differentError{forgetsTheClinic{Store: memory.New()}}, []string{unknownAlike, attempts}},
		{&limitsBeforeItFilters{forgetsTheClinic{Store: memory.New()}}, []string{"a limit counts the clinic's own only"}},
		{&keepsTheLastScope{Store: memory.New()}, []string{attempts}},
		{takesAnyScope{memory.New()}, []string{zeroOrg}},
		{listsWithoutScope{memory.New()}, []string{"no list and no claim answers without a clinic"}},
		{hidesAll{memory.New()}, []string{attempts}},
	} {
		name := fmt.Sprintf("%T", tt.store)
		t.Run(name[strings.IndexByte(name, '.')+1:], func(t *testing.T) {
			require.ElementsMatch(t, tt.want, bookingtest.Failing(bookingtest.Harness{Store: tt.store}, tt.want...))
		})
	}
}

var everybody = tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a0ff")

// oneForAll keeps the appointments of all clinics in one place.
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

// differentError returns different errors for a foreign and an unknown appointment.
type differentError struct{ forgetsTheClinic }

func (s *differentError) Cancel(ctx context.Context, org tenant.ID, id booking.ID, actor string) (booking.Appointment, error) {
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

// keepsTheLastScope serves some calls as the clinic that called before, as a
// connection does that went back to its pool with the clinic of its session.
type keepsTheLastScope struct {
	booking.Store
	mu    sync.Mutex
	calls int
	last  tenant.ID
}

func (s *keepsTheLastScope) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	s.mu.Lock()
	scope := org
	if s.calls++; s.calls%5 == 0 && !org.IsZero() {
		scope = s.last
	}
	s.last = org
	s.mu.Unlock()
	return s.Store.ListAppointments(ctx, scope, f)
}

// takesAnyScope returns an empty list, not an error, without a clinic.
type takesAnyScope struct{ booking.Store }

func (s takesAnyScope) ListEvents(ctx context.Context, org tenant.ID, id booking.ID) ([]booking.Event, error) {
	if org.IsZero() {
		return nil, nil
	}
	return s.Store.ListEvents(ctx, org, id)
}

// hidesAll keeps clinics apart by hiding every appointment from every clinic.
type hidesAll struct{ booking.Store }

func (s hidesAll) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	if _, err := s.Store.ListAppointments(ctx, org, f); err != nil {
		return nil, err
	}
	return nil, nil
}

// listsWithoutScope returns an empty list, not an error, without a clinic.
type listsWithoutScope struct{ booking.Store }

func (s listsWithoutScope) ListAppointments(ctx context.Context, org tenant.ID, f booking.AppointmentFilter) ([]booking.Appointment, error) {
	if org.IsZero() && f.ID == "" {
		return nil, nil
	}
	return s.Store.ListAppointments(ctx, org, f)
}
