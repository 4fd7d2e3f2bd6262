package pgxstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// FollowUps is a [followup.Store], a [followup.Queue] and a
// [followup.LinkStore] on the database of a [Store], whose contacts and
// appointments it knows. Every call is one round trip, but for Begin, which is
// two. Safe for concurrent use. Get it from [Store.FollowUps].
type FollowUpStore struct {
	s      *Store
	bell   bell
	begins chan struct{} // a place for every Begin that has a connection
}

var (
	_ followup.Store     = (*FollowUpStore)(nil)
	_ followup.Queue     = (*FollowUpStore)(nil)
	_ followup.LinkStore = (*FollowUpStore)(nil)
)

// FollowUps returns the store as package followup knows it. One is enough for a
// process: each that is waited on listens on a connection of its own.
func (s *Store) FollowUps() *FollowUpStore {
	places := max(1, s.pool.Config().MaxConns/2)
	return &FollowUpStore{s: s, bell: newBell(), begins: make(chan struct{}, places)}
}

// inquire asks within the scope of a clinic, in one round trip.
func inquire[T any](ctx context.Context, f *FollowUpStore, org tenant.ID, q followupsql.Question[T]) (T, error) {
	var text *string
	// Every one may be asked again, so a lost answer is no unknown outcome.
	err := f.s.inOrg(ctx, org, q.Changes, ask{q.SQL, q.Args, readText(&text)})
	if err != nil {
		var none T
		return none, asFollowUp(err)
	}
	return q.Answer(text)
}

// readText reads the text that answers a question; nil if there is none.
func readText(text **string) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		*text = nil
		if !rows.Next() {
			return rows.Err()
		}
		if rows.FieldDescriptions()[0].DataTypeOID != textOID {
			return nil // a command's
		}
		return rows.Scan(text)
	}
}

const textOID = 25

// asFollowUp turns an error of package booking into one of package followup.
func asFollowUp(err error) error {
	if errors.Is(err, booking.ErrUnavailable) || errors.Is(err, booking.ErrOutcomeUnknown) {
		return fmt.Errorf("%w: %w", followup.ErrUnavailable, err)
	}
	return err
}

// Record implements [followup.Store].
func (f *FollowUpStore) UpdateCall(ctx context.Context, org tenant.ID, facts followup.CallUpdate) (followup.Call, error) {
	return inquire(ctx, f, org, followupsql.Record(org, facts))
}

// Call implements [followup.Store].
func (f *FollowUpStore) Call(ctx context.Context, org tenant.ID, id string) (followup.Call, error) {
	return inquire(ctx, f, org, followupsql.Call(org, id))
}

// Plan implements [followup.Store].
func (f *FollowUpStore) PlanIntents(ctx context.Context, org tenant.ID, t followup.Task, plans []followup.Plan) ([]followup.Intent, error) {
	return inquire(ctx, f, org, followupsql.Plan(org, t, plans))
}

// Appointment implements [followup.Store].
func (f *FollowUpStore) Appointment(ctx context.Context, org tenant.ID, id string) (followup.Appointment, error) {
	return inquire(ctx, f, org, followupsql.Appointment(org, id))
}

// Finish implements [followup.Store].
func (f *FollowUpStore) RecordResults(ctx context.Context, org tenant.ID, results []followup.Result) error {
	_, err := inquire(ctx, f, org, followupsql.Finish(org, results))
	return err
}

// Status implements [followup.Store].
func (f *FollowUpStore) RecordStatus(ctx context.Context, org tenant.ID, u followup.StatusUpdate) (followup.Intent, error) {
	return inquire(ctx, f, org, followupsql.Status(org, u))
}

// Consent implements [followup.Store].
func (f *FollowUpStore) RecordConsent(ctx context.Context, org tenant.ID, c followup.Consent) error {
	_, err := inquire(ctx, f, org, followupsql.Consent(org, c))
	return err
}

// OptOut implements [followup.Store].
func (f *FollowUpStore) RecordOptOut(ctx context.Context, org tenant.ID, o followup.OptOut) error {
	_, err := inquire(ctx, f, org, followupsql.OptOut(org, o))
	return err
}

// Reply implements [followup.Store].
func (f *FollowUpStore) RecordReply(ctx context.Context, org tenant.ID, r followup.Reply) (first bool, err error) {
	return inquire(ctx, f, org, followupsql.Reply(org, r))
}

// Replies implements [followup.Store].
func (f *FollowUpStore) ListReplies(ctx context.Context, org tenant.ID, limit int) ([]followup.Reply, error) {
	return inquire(ctx, f, org, followupsql.Replies(org, limit))
}

// Quarantine implements [followup.Store].
func (f *FollowUpStore) CountUnmatched(ctx context.Context, org tenant.ID, kind string) error {
	_, err := inquire(ctx, f, org, followupsql.Quarantine(org, kind))
	return err
}

// Quarantined returns how many messages that belong to no call came, by kind.
func (f *FollowUpStore) Quarantined(ctx context.Context, org tenant.ID) (map[string]int, error) {
	return inquire(ctx, f, org, followupsql.Quarantined(org))
}

// Lookup implements [followup.Store].
func (f *FollowUpStore) Summary(ctx context.Context, org tenant.ID, phone string) (followup.ContactSummary, error) {
	return inquire(ctx, f, org, followupsql.Lookup(org, phone))
}

// Intents implements [followup.Store].
func (f *FollowUpStore) ListIntents(ctx context.Context, org tenant.ID, q followup.IntentFilter) ([]followup.Intent, error) {
	return inquire(ctx, f, org, followupsql.Intents(org, q))
}

// Link implements [followup.LinkStore].
func (f *FollowUpStore) Link(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	return f.link(ctx, hash, false)
}

// UseLink implements [followup.LinkStore].
func (f *FollowUpStore) UseLink(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	return f.link(ctx, hash, true)
}

// link finds out whose link it is, enters the scope of that clinic and reads
// the link, in one round trip.
func (f *FollowUpStore) link(ctx context.Context, hash [32]byte, use bool) (tenant.ID, followup.Link, error) {
	q := followupsql.Link(hash, use)
	var text *string
	err := f.s.run(ctx, use, tries, []ask{
		{followupsql.LinkScope, []any{followupsql.LinkHash(hash), f.s.statementTimeout}, skip},
		{q.SQL, q.Args, readText(&text)},
	})
	if err != nil {
		return tenant.ID{}, followup.Link{}, asFollowUp(err)
	}
	found, err := q.Answer(text)
	return found.Org, found.Link, err
}

// RevokeLinks implements [followup.LinkStore].
func (f *FollowUpStore) RevokeLinks(ctx context.Context, org tenant.ID, phone string) error {
	_, err := inquire(ctx, f, org, followupsql.RevokeLinks(org, phone))
	return err
}
