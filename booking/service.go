package booking

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

// Config configures a [Service]. Store and Catalogs are required.
type Config struct {
	Store    Store
	Catalogs Catalogs

	// HoldFor is the length of a hold: a voice caller decides in seconds.
	//
	// Defaults to 2 minutes; at most 24 hours.
	HoldFor time.Duration

	// Alternatives is the number of free slots that a refusal carries.
	//
	// Defaults to 3; at most 10.
	Alternatives int

	// Now returns the present time. The store has a clock of its own for
	// holds, because it must expire them whichever process asks.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// Service books, moves and cancels appointments. It is safe for concurrent
// use, and any number of services, in any number of processes, may share a
// store.
type Service struct {
	cfg    Config
	claims *coalescer // nil inside a caller's transaction
}

// New returns a service. The error names the field that is missing or cannot
// be used, and the fix.
func New(cfg Config) (*Service, error) {
	cfg.HoldFor = cmp.Or(cfg.HoldFor, 2*time.Minute)
	cfg.Alternatives = cmp.Or(cfg.Alternatives, 3)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case cfg.Store == nil:
		return nil, errors.New("booking: Config.Store is nil: pass a store, such as memory.New or pgxstore.New make")
	case cfg.Catalogs == nil:
		return nil, errors.New("booking: Config.Catalogs is nil: pass the catalogs of the clinics, such as booking.StaticCatalogs")
	case cfg.HoldFor < time.Second || cfg.HoldFor > 24*time.Hour:
		return nil, fmt.Errorf("booking: Config.HoldFor is %v: use 1 second to 24 hours", cfg.HoldFor)
	case cfg.Alternatives < 0 || cfg.Alternatives > 10:
		return nil, fmt.Errorf("booking: Config.Alternatives is %d: use 1 to 10", cfg.Alternatives)
	}
	return &Service{cfg: cfg, claims: new(coalescer)}, nil
}

// Using returns a service with the same rules over another store: one that
// works inside the caller's own transaction. It never waits for other callers
// in memory, because they could be waiting for that transaction.
func (s *Service) Using(store Store) *Service {
	cfg := s.cfg
	cfg.Store = store
	return &Service{cfg: cfg}
}

// Catalog returns the clinic's catalog.
func (s *Service) Catalog(ctx context.Context, org tenant.ID) (*Catalog, error) {
	return s.cfg.Catalogs.Catalog(ctx, org)
}

// Selection selects an offered slot, or a service at a time.
type Selection struct {
	// Slot is the id of an offered slot. If it is given, the other fields are
	// ignored.
	Slot SlotID

	Service  ServiceID
	Start    time.Time
	Resource ResourceID // a certain practitioner, room or device; empty: any
}

// Request asks for an appointment.
type Request struct {
	// Key makes a retry safe: one key, one outcome. It is required, at most
	// 500 bytes long, and unique within the clinic only.
	Key string

	Selection

	// Contact is the person to reach about the appointment. Phone is
	// required, in E.164.
	Contact Contact

	Call string // the phone call of the request; empty for other channels
}

// Book gives the selected time to the contact.
//
// The error is a [*ConflictError] if another appointment owns the time, a
// [*NotBookableError] if the clinic's rules forbid it (both with the nearest
// alternatives), ErrUnknownService, ErrUnknownResource or ErrUnknownSlot, an
// [*InvalidError] for an invalid field, ErrKeyReused, ErrUnavailable, or
// ErrOutcomeUnknown. A repeated request with the same key and content returns
// the appointment of the first, as it is now.
func (s *Service) Book(ctx context.Context, org tenant.ID, r Request) (Appointment, error) {
	return s.claim(ctx, org, r, 0)
}

// Hold keeps the selected time for the contact until it is confirmed or
// Config.HoldFor has passed. Until then it excludes others exactly as a
// booking does. Errors are those of [Service.Book].
func (s *Service) Hold(ctx context.Context, org tenant.ID, r Request) (Appointment, error) {
	return s.claim(ctx, org, r, s.cfg.HoldFor)
}

// claim is Book and Hold: it applies the clinic's rules, waits for its turn
// among simultaneous claims of the same time (see [coalescer]), and claims from
// the store.
func (s *Service) claim(ctx context.Context, org tenant.ID, r Request, hold time.Duration) (Appointment, error) {
	if err := r.validate(); err != nil {
		return Appointment{}, err
	}
	cat, err := s.Catalog(ctx, org)
	if err != nil {
		return Appointment{}, err
	}
	t, err := cat.resolve(org, r.Selection)
	if err != nil {
		return Appointment{}, err
	}
	now := s.cfg.Now()
	f := s.newSearch(org, cat, t, now)
	q := f.busyQuery()
	c := Claim{
		ID:       NewID(org, r.Key),
		Digest:   digest(t, r.Contact.Phone, hold > 0),
		Service:  t.service.ID,
		Start:    cat.time(t.start),
		End:      cat.time(t.end()),
		Zone:     cat.zone.String(),
		Occupied: t.occupied(),
		HoldFor:  hold,
		Contact:  r.Contact,
		Call:     r.Call,
		Actor:    actor(ctx),
		BusyFrom: q.From,
		BusyTo:   q.To,
	}
	var reasons []Reason
	if c.Needs, reasons = cat.candidates(t, now); len(reasons) > 0 {
		// A retry may come after the notice has run out: its key still counts.
		known, err := s.refuse(ctx, f, reasons, c.ID)
		if !known {
			return Appointment{}, err
		}
		c.Needs = t.allCandidates()
	} else if s.claims != nil {
		key := claimKey{org, t.service.ID, t.resource, t.start}
		leads, err := s.lead(ctx, key, f, c)
		if !leads {
			return Appointment{}, err
		}
		defer s.claims.next(key)
	}
	var out Outcome
	var try retry
	for try.next(ctx) {
		out, err = s.cfg.Store.Claim(ctx, org, c)
		try.record(err)
	}
	if try.err != nil {
		return Appointment{}, try.err
	}
	if out.Taken {
		return Appointment{}, &ConflictError{f.nearest(out.Busy)}
	}
	return cat.local(out.Appointment), nil
}

// Confirm makes a hold a booking. Confirming twice succeeds. The error is
// ErrNotFound, ErrExpired for an expired hold, ErrNotOpen, ErrUnavailable or
// ErrOutcomeUnknown.
func (s *Service) Confirm(ctx context.Context, org tenant.ID, id ID) (Appointment, error) {
	return s.change(ctx, org, id, s.cfg.Store.Confirm)
}

// Cancel frees an appointment's time. Cancelling twice succeeds. The error
// is ErrNotFound, ErrNotOpen, ErrUnavailable or ErrOutcomeUnknown.
func (s *Service) Cancel(ctx context.Context, org tenant.ID, id ID) (Appointment, error) {
	return s.change(ctx, org, id, s.cfg.Store.Cancel)
}

// change applies Store.Confirm or Store.Cancel to an appointment.
func (s *Service) change(ctx context.Context, org tenant.ID, id ID, do func(context.Context, tenant.ID, ID, string) (Appointment, error)) (Appointment, error) {
	if !id.Valid() {
		return Appointment{}, ErrNotFound
	}
	cat, err := s.Catalog(ctx, org)
	if err != nil {
		return Appointment{}, err
	}
	var a Appointment
	var try retry
	for try.next(ctx) {
		a, err = do(ctx, org, id, actor(ctx))
		try.record(err)
	}
	if try.err != nil {
		return Appointment{}, try.err
	}
	return cat.local(a), nil
}

// Reschedule gives an appointment another time. It frees the old time only if
// the appointment owns the new one. sel.Service is ignored; the service stays. If
// sel.Resource is empty, the appointment keeps its resources where they are free.
// Errors are those of [Service.Book], ErrNotFound, ErrExpired and ErrNotOpen.
func (s *Service) Reschedule(ctx context.Context, org tenant.ID, id ID, sel Selection) (Appointment, error) {
	cat, err := s.Catalog(ctx, org)
	if err != nil {
		return Appointment{}, err
	}
	old, err := s.Get(ctx, org, id)
	if err != nil {
		return Appointment{}, err
	}
	if sel.Slot == "" {
		sel.Service = old.Service
	}
	t, err := cat.resolve(org, sel)
	if err != nil {
		return Appointment{}, err
	}
	if t.service.ID != old.Service {
		return Appointment{}, &InvalidError{"Selection.Slot", "is a slot of another service: cancel and book instead"}
	}
	now := s.cfg.Now()
	f := s.newSearch(org, cat, t, now)
	needs, reasons := cat.candidates(t, now)
	moved := old.Start.Unix() != t.start || t.resource != "" && !slices.Contains(old.Resources, t.resource)
	if len(reasons) > 0 && moved {
		_, err := s.refuse(ctx, f, reasons)
		return Appointment{}, err
	}
	if !moved {
		needs = t.allCandidates() // the rules do not apply to a time that is kept
	}
	putFirst(needs, old.Resources)
	q := f.busyQuery()
	m := Move{
		ID: id, Start: cat.time(t.start), End: cat.time(t.end()), Occupied: t.occupied(),
		Needs: needs, Actor: actor(ctx), BusyFrom: q.From, BusyTo: q.To,
	}
	var out Outcome
	var try retry
	for try.next(ctx) {
		out, err = s.cfg.Store.Move(ctx, org, m)
		try.record(err)
	}
	if try.err != nil {
		return Appointment{}, try.err
	}
	if out.Taken {
		return Appointment{}, &ConflictError{f.nearest(out.Busy)}
	}
	return cat.local(out.Appointment), nil
}

// Get returns one appointment; the error is ErrNotFound or ErrUnavailable.
func (s *Service) Get(ctx context.Context, org tenant.ID, id ID) (Appointment, error) {
	if !id.Valid() {
		return Appointment{}, ErrNotFound
	}
	found, err := s.List(ctx, org, AppointmentFilter{ID: id})
	if err != nil {
		return Appointment{}, err
	}
	if len(found) == 0 {
		return Appointment{}, ErrNotFound
	}
	return found[0], nil
}

// List returns the appointments that match every given field of f, by start.
// At least one of ID, Phone and a bound of the range must be given: a filter
// without any would return the whole clinic by mistake.
func (s *Service) List(ctx context.Context, org tenant.ID, f AppointmentFilter) ([]Appointment, error) {
	if f.ID == "" && f.Phone == "" && f.From.IsZero() && f.To.IsZero() {
		return nil, &InvalidError{"AppointmentFilter", "is empty: give an ID, a Phone, or a range"}
	}
	if f.Limit < 0 || f.Limit > 1000 {
		return nil, &InvalidError{"AppointmentFilter.Limit", "is out of range: use 0 to 1000"}
	}
	cat, err := s.Catalog(ctx, org)
	if err != nil {
		return nil, err
	}
	found, err := s.cfg.Store.ListAppointments(ctx, org, f)
	for i := range found {
		found[i] = cat.local(found[i])
	}
	return found, err
}

// Events returns the changes of an appointment, oldest first.
func (s *Service) Events(ctx context.Context, org tenant.ID, id ID) ([]Event, error) {
	return s.cfg.Store.ListEvents(ctx, org, id)
}

func (r Request) validate() error {
	switch {
	case r.Key == "":
		return &InvalidError{"Request.Key", "is empty: give the retry of a request the key of the request"}
	case len(r.Key) > 500:
		return &InvalidError{"Request.Key", "is too long: use up to 500 bytes"}
	case !phone.Valid(r.Contact.Phone):
		return &InvalidError{"Contact.Phone", "is not E.164: a plus sign and 8 to 15 digits"}
	case !printable(r.Contact.Name, 200):
		return &InvalidError{"Contact.Name", "is invalid: use plain text of up to 200 bytes"}
	case !printable(r.Contact.Email, 254):
		return &InvalidError{"Contact.Email", "is invalid: use plain text of up to 254 bytes"}
	case !printable(r.Call, 200):
		return &InvalidError{"Request.Call", "is invalid: use plain text of up to 200 bytes"}
	}
	return nil
}

// digest returns a hash of the content that a repeated key must repeat: target,
// phone and kind. A name may be spelled better the second time.
func digest(t target, phone string, hold bool) string {
	text := append(make([]byte, 0, 256), t.service.ID...)
	text = strconv.AppendInt(append(text, '\n'), t.start, 10)
	text = append(append(text, '\n'), t.resource...)
	text = append(append(text, '\n'), phone...)
	text = strconv.AppendBool(append(text, '\n'), hold)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func actor(ctx context.Context) string {
	if p, ok := tenant.PrincipalFrom(ctx); ok {
		return p.Subject
	}
	return "service"
}
